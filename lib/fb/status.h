// SPDX-License-Identifier: Apache-2.0
//
// What a call says about its outcome. 0 is fine, errors are negative. The rows
// stand in status.def.

#ifndef FB_STATUS_H
#define FB_STATUS_H

#include <stdint.h>

enum fb_status {
#define X(name, number, sentence) FB_##name = (number),
#include "lib/fb/status.def"
#undef X
};

// The sentence of a status, without a final dot; never NULL. Host builds
// only: the firmware prints numbers.
const char *fb_status_text(enum fb_status status);

// Where and why a checker stopped. Filled only on failure.
struct fb_fault {
    enum fb_status status;
    uint32_t offset; // img_off, flash_off or line number, as the call says
    uint32_t got;
    uint32_t want;
};

// Fill *fault (if not NULL) and return status.
enum fb_status fb_fault_set(struct fb_fault *fault, enum fb_status status,
                            uint32_t offset, uint32_t got, uint32_t want);

#endif
