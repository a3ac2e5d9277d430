// SPDX-License-Identifier: Apache-2.0
//
// The flash cache: the MMU of both CPUs and the decryption between cache and
// flash. Pages are installed in the buses when they are touched first, and
// dropped when a mapping, the flash or the cache control changes: reads are
// always coherent with the flash.
//
// Not modelled: the cache's size and its lines (a stale line is never seen),
// PSRAM, the MMU's other page sizes.

#ifndef CHIP_MEM_CACHE_H
#define CHIP_MEM_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/fb/flash_encryption.h"

struct chip;

#define CACHE_GRANULE  4096u
#define CACHE_GRANULES (FB_FLASH_ENCRYPTION_END / CACHE_GRANULE)
#define CACHE_SLOTS    512u

// Decrypted granules and what the buses have installed.
struct cache {
    bool installed[2]; // anything of flash in that CPU's bus
    bool key_valid;
    struct fb_flash_encryption_key key;
    uint16_t slot_of[CACHE_GRANULES]; // slot + 1, 0: not decrypted
    uint16_t granule_of[CACHE_SLOTS]; // granule + 1, 0: free
    uint16_t next;                    // slot to use next
    uint8_t slot[CACHE_SLOTS][CACHE_GRANULE];
};

// Forget everything: reset, key or encryption state changed.
void cache_reset(struct chip *chip);

// Make the page at vaddr, in the DROM or IROM window, readable for that CPU.
// False: cache off, bus masked, entry invalid.
bool cache_install(struct chip *chip, unsigned cpu, uint32_t vaddr);

// Drop what the buses have installed: of one CPU, and of both.
void cache_uninstall(struct chip *chip, unsigned cpu);

// The flash changed at [flash_off, flash_off + n).
void cache_flash_changed(struct chip *chip, uint32_t flash_off, uint32_t n);

// Read through the decrypting path, as the ROM does.
void cache_read(struct chip *chip, uint32_t flash_off, void *out, size_t n);

// The flash encryption key of the fuses, made when it is needed first.
const struct fb_flash_encryption_key *cache_key(struct chip *chip);

static inline bool cache_in_window(uint32_t vaddr)
{
    return vaddr - 0x3F400000u < 0x400000u || vaddr - 0x400D0000u < 0x330000u;
}

#endif
