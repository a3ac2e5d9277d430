// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/flash_encryption_kernel.h"

static const struct fb_flash_encryption_kernel *const kernels[] = {
    &fb_flash_encryption_portable,
};

const struct fb_flash_encryption_kernel *
fb_flash_encryption_kernel_at(unsigned i)
{
    return i < sizeof(kernels) / sizeof(kernels[0]) ? kernels[i] : NULL;
}

const struct fb_flash_encryption_kernel *fb_flash_encryption_kernel(void)
{
    unsigned i = 0;

    while (!kernels[i]->usable()) {
        i++;
    }
    return kernels[i];
}
