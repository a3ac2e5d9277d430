// SPDX-License-Identifier: Apache-2.0
//
// The point of no return.

#ifndef FIRMWARE_BOOT_LAUNCH_H
#define FIRMWARE_BOOT_LAUNCH_H

#include "lib/fb/image.h"

// Start the verified image that lies at flash_off and is mapped at p: copy its
// RAM segments, map its DROM and IROM segments, jump to its entry.
_Noreturn void launch(const struct fb_image *image, const uint8_t *p,
                      uint32_t flash_off);

// The safe state: nothing runs, the CPU waits for ever. Watchdogs are off.
_Noreturn void launch_nothing(void);

#endif
