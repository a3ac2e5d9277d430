// SPDX-License-Identifier: Apache-2.0
//
// Where an application may be loaded.

#ifndef FIRMWARE_BOOT_LOAD_H
#define FIRMWARE_BOOT_LOAD_H

#include "lib/fb/image.h"

// All segments that are copied go to whole words of IRAM below BOOT_IRAM_BASE,
// DRAM below BOOT_DRAM_BASE or RTC memory: nothing of the running bootloader
// is overwritten. FB_E_ALIGN, FB_E_RANGE; fault->offset is the img_off of the
// segment's data, fault->got its load address.
enum fb_status load_check(const struct fb_image *image, struct fb_fault *fault);

#endif
