// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/boot_info.h"
#include "lib/fb/boot_policy.h"
#include "lib/fb/otadata.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

// boot_info and otadata records, and what is decided from them.
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct fb_boot_info info;
    struct fb_otadata record;
    uint8_t bytes[FB_BOOT_INFO_SIZE];
    if (n < FB_BOOT_INFO_SIZE + 1) {
        return 0;
    }
    bool stored = fb_boot_info_parse(p, &info) == FB_OK;
    if (stored) {
        fb_boot_info_encode(&info, bytes);
        if (memcmp(bytes, p, sizeof(bytes)) != 0) {
            abort();
        }
    }
    struct fb_boot_decision d;
    unsigned rounds = 1;
    uint8_t good = p[FB_BOOT_INFO_SIZE];
    fb_boot_policy_first(stored ? &info : NULL, good >> 2 & 3, &d);
    while (!fb_boot_policy_verdict(&d, good >> d.slot & 1 ? FB_BOOT_GOOD
                                                          : FB_BOOT_BAD)) {
        rounds++;
    }
    if (rounds > 2 || d.start != ((good & 3) != 0) ||
        (d.start && !(good >> d.slot & 1))) {
        abort();
    }
    if (fb_otadata_parse(p, &record) == FB_OK) {
        fb_otadata_encode(&record, bytes);
        if (memcmp(bytes, p, FB_OTADATA_SIZE) != 0) {
            abort();
        }
    }
    return 0;
}
