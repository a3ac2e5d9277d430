// SPDX-License-Identifier: Apache-2.0
//
// The real mask ROM, from the ELF file that ESP-IDF installs (esp-rom-elfs).
// With it the chip starts at the reset vector and the built-in model is out of
// work. The ELF has code and constants as segments; the initial values of the
// ROM's own variables are in sections that no segment carries, and go to where
// the ROM's copy table (symbol _rom_store_table) looks for them.

#ifndef CHIP_ROM_MASK_ROM_H
#define CHIP_ROM_MASK_ROM_H

#include <stddef.h>
#include <stdint.h>

#include "chip/mem/bus.h"
#include "lib/fb/status.h"

#define MASK_ROM_SIZE 0x70000u

struct mask_rom {
    uint8_t bytes[MASK_ROM_SIZE]; // 0x40000000 up
};

// FB_E_NOT_ELF, FB_E_TRUNCATED, FB_E_RANGE; FB_E_BLANK: no reset vector.
enum fb_status mask_rom_load(struct mask_rom *rom, const uint8_t *elf,
                             size_t n);

// Which chip's ROM it is: *revision receives 0 (also of revision 1 and 2) or 3.
// FB_E_BAD_MAGIC: another chip's. FB_E_BAD_HASH: an ESP32's, but not one that
// was ever made: the file is damaged.
enum fb_status mask_rom_identify(const struct mask_rom *rom,
                                 unsigned *revision);

// Show a struct mask_rom to a CPU.
void mask_rom_map(const void *rom, struct bus *bus);

#endif
