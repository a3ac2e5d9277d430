// SPDX-License-Identifier: Apache-2.0
//
// Inside of flash_encryption: the ways to run the cipher over many rows. A
// kernel is called with checked arguments: n > 0 bytes at flash_off, both
// multiples of 16, all below 16 MiB; in == out or no overlap.

#ifndef FB_FLASH_ENCRYPTION_KERNEL_H
#define FB_FLASH_ENCRYPTION_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/fb/flash_encryption.h"

typedef void fb_flash_encryption_run(const struct fb_flash_encryption_key *k,
                                     uint32_t flash_off, const uint8_t *in,
                                     uint8_t *out, size_t n);

struct fb_flash_encryption_kernel {
    const char *name;
    bool (*usable)(void); // on this CPU
    fb_flash_encryption_run *encrypt;
    fb_flash_encryption_run *decrypt;
};

// Block by block through the crypto seam; usable everywhere.
extern const struct fb_flash_encryption_kernel fb_flash_encryption_portable;

// The i-th kernel of this build, fastest first, whether usable or not; NULL
// past the last, which is the portable one.
const struct fb_flash_encryption_kernel *
fb_flash_encryption_kernel_at(unsigned i);

// The fastest one that this CPU can run.
const struct fb_flash_encryption_kernel *fb_flash_encryption_kernel(void);

#endif
