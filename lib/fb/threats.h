// SPDX-License-Identifier: Apache-2.0
//
// What a configuration of a board stops and what it does not, in words
// (docs/THREATS.md, with the sources). Which sentences apply follows from
// scheme, chip revision and mode; there is no single word for it.

#ifndef FB_THREATS_H
#define FB_THREATS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/fb/efuse.h"

struct fb_threat_config {
    bool flash_encryption;
    bool secure_v1;
    bool secure_v2;     // ABS_DONE_1 on a chip that obeys it
    unsigned revision;  // of the chip, 0 .. 3
    bool release;       // encryption is permanent and every lock is burned
    bool download_open; // the UART download mode still starts
    bool fleet_key;     // the V1 key follows from the signing key: all boards
                        // of this signing key share it
    bool host_keys;     // the flash key is kept on the host
};

// From fuses as they are; fleet_key and host_keys are the caller's to add.
void fb_threat_config(const struct fb_efuse_words *fuses, unsigned revision,
                      struct fb_threat_config *c);

struct fb_threat {
    bool stops; // else: does not stop
    const char *text;
};

#define FB_THREATS_MAX 16u

// The sentences that apply, at most FB_THREATS_MAX pointers; their number.
size_t fb_threats(const struct fb_threat_config *c,
                  const struct fb_threat *out[FB_THREATS_MAX]);

#define FB_THREAT_TITLE 120u

// "Secure Boot V1 and flash encryption, chip revision 1, development mode"
void fb_threat_title(const struct fb_threat_config *c,
                     char text[FB_THREAT_TITLE]);

#endif
