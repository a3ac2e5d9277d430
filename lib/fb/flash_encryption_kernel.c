// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/flash_encryption_kernel.h"

static const struct fb_flash_encryption_kernel *const kernels[] = {
    &fb_flash_encryption_portable,
#if defined(__x86_64__)
    &fb_flash_encryption_aesni,
    &fb_flash_encryption_vaes,
#endif
};

enum { KERNELS = sizeof(kernels) / sizeof(kernels[0]) };

const struct fb_flash_encryption_kernel *fb_flash_encryption_kernel(unsigned i)
{
    return i < KERNELS ? kernels[i] : NULL;
}

unsigned fb_flash_encryption_kernel_best(void)
{
    unsigned i = KERNELS - 1;

    while (i != 0 && !kernels[i]->usable()) {
        i--;
    }
    return i;
}
