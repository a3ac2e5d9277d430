// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/status.h"

#include <stddef.h>

const char *fb_status_text(enum fb_status status)
{
    switch (status) {
#define X(name, number, sentence)                                              \
    case FB_##name:                                                            \
        return sentence;
#include "lib/fb/status.def"
#undef X
    }
    return "unknown status";
}

enum fb_status fb_fault_set(struct fb_fault *fault, enum fb_status status,
                            uint32_t offset, uint32_t got, uint32_t want)
{
    if (fault != NULL) {
        *fault = (struct fb_fault){status, offset, got, want};
    }
    return status;
}
