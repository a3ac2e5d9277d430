// SPDX-License-Identifier: Apache-2.0
//
// Is what lies in an app slot fit to be started?

#ifndef FIRMWARE_BOOT_SLOT_H
#define FIRMWARE_BOOT_SLOT_H

#include <stdbool.h>

#include "lib/fb/boot_policy.h"
#include "lib/fb/image.h"
#include "lib/fb/partition_table.h"

struct slot_rules {
    bool encrypted;   // flash encryption is on: reads are decrypted
    bool sign;        // the image must be signed by boot_signing_key; else its
                      // appended SHA-256 must match
    uint32_t version; // with `sign`: least security version of an image
};

// Map partition `part` and check the image in it completely. GOOD: *image and
// *p (where it is mapped, until the next mapping) are filled. BAD: one line on
// the console says why.
enum fb_boot_verdict slot_verify(const struct slot_rules *rules, unsigned slot,
                                 const struct fb_partition *part,
                                 struct fb_image *image, const uint8_t **p);

#endif
