// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/image.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static const uint8_t pub[64];
    struct fb_image image;
    struct fb_fault fault;
    if (fb_image_parse(p, n, &image, &fault) == FB_OK) {
        if (image.len > n || image.checksum_off % 16 != 15) {
            abort();
        }
        (void)fb_image_check_sums(p, &image, &fault);
        (void)fb_image_touches(&image, 0x3FFE0000, 0x1000);
    }
    (void)fb_image_verify_app(p, n, 0x10000, pub, &image, &fault);
    return 0;
}
