// SPDX-License-Identifier: Apache-2.0
//
// The mask ROM of a board: `fusebox board start --rom`.

#ifndef TOOLS_FUSEBOX_BOARD_ROM_H
#define TOOLS_FUSEBOX_BOARD_ROM_H

#include <stdint.h>

#include "chip/rom/mask_rom.h"

// Load the ELF file at path, or with "auto" the newest that ESP-IDF's tools
// have installed for a chip of that revision. Refuses another chip's ROM,
// another revision's, and a damaged file. Prints its own one-line error and
// returns an exit status; *rom is to be freed when that is 0.
int board_rom_load(const char *path, uint32_t revision, struct mask_rom **rom);

#endif
