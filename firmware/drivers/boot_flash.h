// SPDX-License-Identifier: Apache-2.0
//
// The flash as lib/fb/boot_store wants it.

#ifndef FIRMWARE_DRIVERS_BOOT_FLASH_H
#define FIRMWARE_DRIVERS_BOOT_FLASH_H

#include "lib/fb/boot_store.h"

// Its read() ends the mapping of mmu_map(); all the rest is as flash.h says.
extern const struct fb_boot_flash boot_flash;

#endif
