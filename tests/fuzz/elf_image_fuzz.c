// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/elf_image.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

// The last byte chooses the options.
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static uint8_t out[0x80000];
    struct fb_elf_image_options options;
    struct fb_image image;
    struct fb_fault fault;
    size_t len;
    if (n == 0) {
        return 0;
    }
    uint8_t choice = p[--n];
    fb_elf_image_defaults(&options);
    options.secure_pad = (enum fb_secure_pad)(choice % 3);
    options.use_segments = choice & 4;
    options.ram_only_header = choice & 8;
    options.no_merge = choice & 16;
    options.no_hash = choice & 32;
    options.elf_sha256_off = choice & 64 ? 0x40 : 0;
    if (fb_elf_image_build(p, n, &options, out, sizeof(out), &len, &fault) !=
        FB_OK) {
        return 0;
    }
    // An image it is, with sums that are right.
    if (len > sizeof(out) ||
        fb_image_parse(out, len, &image, &fault) != FB_OK ||
        fb_image_check_sums(out, &image, &fault) != FB_OK) {
        abort();
    }
    return 0;
}
