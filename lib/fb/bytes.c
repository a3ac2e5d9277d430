// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/bytes.h"

void fb_bytes_reverse(uint8_t *out, const uint8_t *in, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = in[n - 1 - i];
    }
}

bool fb_bytes_all(const uint8_t *p, size_t n, uint8_t value)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] != value) {
            return false;
        }
    }
    return true;
}

void fb_bytes_wipe(void *p, size_t n)
{
    __builtin_memset(p, 0, n);
    __asm__ volatile("" : : "r"(p) : "memory"); // as if somebody read it
}
