// SPDX-License-Identifier: Apache-2.0
//
// What the ROM of revision 3 does with ABS_DONE_1: the second-stage bootloader
// is copied to a staging area, hashed up to its signature sector, checked
// against the public key whose SHA-256 the controller shows in BLOCK2, and only
// then loaded. Which block of the sector is good does not matter.
//
// Not modelled: the ROM's own defences (it checks everything several times).

#ifndef CHIP_ROM_SECURE_BOOT_V2_H
#define CHIP_ROM_SECURE_BOOT_V2_H

#include <stdbool.h>
#include <stdint.h>

struct chip;

// Check the image at flash_off and copy its segments to where they belong.
// False: the ROM has said why and hangs.
bool rom_secure_boot_v2(struct chip *chip, uint32_t flash_off);

#endif
