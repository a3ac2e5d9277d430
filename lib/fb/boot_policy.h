// SPDX-License-Identifier: Apache-2.0
//
// Which slot to start and what to remember: pure decisions. The bootloader and
// the application execute them; nothing here touches flash.

#ifndef FB_BOOT_POLICY_H
#define FB_BOOT_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/fb/boot_info.h"
#include "lib/fb/partition_table.h"

// Index for fb_partition_app_slot() of what boot_info names: UPDATE1 is slot
// 1, everything else slot 0.
unsigned fb_boot_policy_slot(uint32_t boot_image);

// What the bootloader found out about a slot.
enum fb_boot_verdict {
    FB_BOOT_GOOD = 0x3A5A5AA5,
    FB_BOOT_BAD = 0x4533885A,
};

struct fb_boot_decision {
    bool start;       // false: nothing may be started, stay in the safe state
    unsigned slot;    // to start
    bool rolled_back; // the update was refused, `slot` is the previous image
    bool write;       // `info` must be stored before starting
    struct fb_boot_info info;
};

// Decide in two steps so that the image is verified only once.
// 1. Which slot comes first? stored: NULL when boot_info is blank or broken
//    (then the fresh record applies and must be written).
// safeboot_pin: the user asks for the previous image (0 no, 1 previous,
// 2 factory).
void fb_boot_policy_first(const struct fb_boot_info *stored,
                          unsigned safeboot_pin, struct fb_boot_decision *d);
// 2. The verdict on d->slot is known. Returns true when d is final; false when
//    d->slot is now another slot that has to be verified too. Call again with
//    that verdict. A pending (CHECK) update that is bad rolls back; an image
//    that is READY but bad also gives way to the other one if that is good.
bool fb_boot_policy_verdict(struct fb_boot_decision *d,
                            enum fb_boot_verdict verdict);

// The application: slot that the next update goes to, and boot_info after it.
unsigned fb_boot_policy_next_slot(const struct fb_boot_info *info);
void fb_boot_policy_update(const struct fb_boot_info *info, uint32_t size,
                           struct fb_boot_info *updated);

#endif
