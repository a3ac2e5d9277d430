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

// What the bootloader found out about a slot. The values are far apart, and
// anything but FB_BOOT_GOOD counts as bad. A slot that the partition table
// does not have is bad.
enum fb_boot_verdict {
    FB_BOOT_GOOD = 0x3A5A5AA5,
    FB_BOOT_BAD = 0x4533885A,
};

struct fb_boot_decision {
    bool start;       // false: nothing may be started, stay in the safe state
    unsigned slot;    // to verify next, or to start: 0 or 1
    bool rolled_back; // the active image was refused, `slot` is the other one
    bool trial;       // `slot` is started on trial
    bool write;       // `info` must be stored before starting
    struct fb_boot_info info; // of use only with `write`
    unsigned tried;           // private: a bit per slot with a verdict
};

// Decide in two steps so that the image is verified only once.
// 1. Which slot comes first? stored: NULL when boot_info is blank or broken
//    (then the fresh record applies and must be written).
// safeboot_pin: the user asks for the previous image (0 no, 1 previous,
// 2 factory). That holds for this boot; a pending update stays pending.
// info.safeboot follows the pin; a request by software (FB_SAFEBOOT_SW)
// becomes FB_SAFEBOOT_HW for one boot.
// An active image that was started on trial (FB_TRIAL_RUNNING) has not
// confirmed itself: the previous one is the active one from now on, and what
// "previous" asks for too.
void fb_boot_policy_first(const struct fb_boot_info *stored,
                          unsigned safeboot_pin, struct fb_boot_decision *d);
// 2. The verdict on d->slot is known. Returns true when d is final; false when
//    d->slot is now the other slot, which has to be verified too. Call again
//    with that verdict. An image that is bad gives way to the other one if that
//    is good; if it was the active one, info says so from then on: the other
//    one is active and READY, the bad one is the previous one. When both are
//    bad nothing starts and nothing is written. A good active image in state
//    CHECK becomes READY, and with a trial wanted the trial is running.
bool fb_boot_policy_verdict(struct fb_boot_decision *d,
                            enum fb_boot_verdict verdict);

// The application: the slot that the next update goes to, and boot_info after
// it. An update that is pending is replaced; else the active image is taken to
// be the running one and becomes the previous one. No trial is wanted:
// fb_boot_info_set_trial() of the result, to FB_TRIAL_WANTED, asks for one.
unsigned fb_boot_policy_next_slot(const struct fb_boot_info *info);
void fb_boot_policy_update(const struct fb_boot_info *info, uint32_t size,
                           struct fb_boot_info *updated);

// The same for an application that knows the slot it runs from: after a safe
// boot that need not be the active one, and it is never written.
unsigned fb_boot_policy_next_slot_beside(unsigned running);
void fb_boot_policy_update_beside(const struct fb_boot_info *info,
                                  unsigned running, uint32_t size,
                                  struct fb_boot_info *updated);

#endif
