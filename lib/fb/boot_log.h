// SPDX-License-Identifier: Apache-2.0
//
// What the ROM says on the console about a start from flash (ESP-IDF docs,
// "Fatal Errors"; logs of boards). No I/O.

#ifndef FB_BOOT_LOG_H
#define FB_BOOT_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/fb/image.h"

struct fb_boot_log {
    unsigned loads; // segments that the ROM copied
    struct {
        uint32_t vaddr;
        uint32_t len;
    } load[FB_IMAGE_SEGMENTS_MAX];
    bool started; // it handed over to them; with Secure Boot it found their
                  // digest or signature right before
};

// The last start in a console's text, which may hold anything else; a line may
// end in \r\n. A log without the ROM's lines leaves all at 0.
void fb_boot_log_parse(const char *text, struct fb_boot_log *log);

// Are these the segments of an image, all of them?
bool fb_boot_log_is(const struct fb_boot_log *log,
                    const struct fb_image *image);

#endif
