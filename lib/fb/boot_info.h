// SPDX-License-Identifier: Apache-2.0
//
// boot_info: which app slot a Pycom board starts, 40 bytes at the start of the
// otadata partition (pycom-micropython-sigfox esp32/bootloader/bootloader.h;
// docs/FORMATS.md).

#ifndef FB_BOOT_INFO_H
#define FB_BOOT_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/fb/status.h"

#define FB_BOOT_INFO_SIZE 40u

enum fb_boot_image {
    FB_BOOT_FACTORY = 0,
    FB_BOOT_UPDATE1 = 1, // ota_0
    FB_BOOT_UPDATE2 = 2, // factory again: there is only one OTA slot
};

enum fb_boot_state {
    FB_BOOT_CHECK = 0, // verify on next boot
    FB_BOOT_READY = 1,
    FB_BOOT_PATCH = 2, // delta update pending, the application's business
};

enum fb_boot_safeboot {
    FB_SAFEBOOT_NO = 0,
    FB_SAFEBOOT_HW = 1,
    FB_SAFEBOOT_SW = 2,
};

struct fb_boot_info {
    uint32_t active; // enum fb_boot_image
    uint32_t state;  // enum fb_boot_state, "Status" in the format
    uint32_t previous;
    uint32_t size; // bytes written by the last update; 0xFFFFFFFF: none yet
    uint32_t safeboot;
    uint8_t signature[16]; // 0xFF; ours in the first four: the trial
};

// Has a new image to be confirmed by itself before it counts? Pycom's code has
// no such thing; it leaves these bytes alone and sees only active and state.
enum fb_boot_trial {
    FB_TRIAL_NONE = 0xFFFFFFFF,   // no: verified is good, Pycom's rule
    FB_TRIAL_WANTED = 0x31544246, // "FBT1", with CHECK: start it on trial
    FB_TRIAL_RUNNING = 0x32544246 // "FBT2": was started, is not confirmed
};
uint32_t fb_boot_info_trial(const struct fb_boot_info *info);
void fb_boot_info_set_trial(struct fb_boot_info *info,
                            enum fb_boot_trial trial);

// What a board has before the first update.
void fb_boot_info_fresh(struct fb_boot_info *info);

// FB_E_BLANK: Status is 0xFFFFFFFF. FB_E_BAD_CRC. Values that the enums do not
// name pass: fb_boot_policy_slot() says what they mean.
enum fb_status fb_boot_info_parse(const uint8_t bytes[FB_BOOT_INFO_SIZE],
                                  struct fb_boot_info *info);
void fb_boot_info_encode(const struct fb_boot_info *info,
                         uint8_t bytes[FB_BOOT_INFO_SIZE]);

#endif
