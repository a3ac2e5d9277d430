// SPDX-License-Identifier: Apache-2.0
//
// Integers in byte buffers, and wiping secrets. No alignment is needed.

#ifndef FB_BYTES_H
#define FB_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline uint16_t load16_le(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t load32_le(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
           (uint32_t)p[3] << 24;
}

static inline uint32_t load32_be(const uint8_t *p)
{
    return p[3] | (uint32_t)p[2] << 8 | (uint32_t)p[1] << 16 |
           (uint32_t)p[0] << 24;
}

static inline void store16_le(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static inline void store32_le(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
    p[2] = (uint8_t)(v >> 16);
    p[3] = (uint8_t)(v >> 24);
}

static inline void store32_be(uint8_t *p, uint32_t v)
{
    p[3] = (uint8_t)v;
    p[2] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)(v >> 16);
    p[0] = (uint8_t)(v >> 24);
}

// Round n up to a multiple of the power of two `to`.
static inline uint32_t align_up32(uint32_t n, uint32_t to)
{
    return (n + to - 1) & ~(to - 1);
}

// How many bits of x are 1.
static inline unsigned ones32(uint32_t x)
{
    unsigned n = 0;

    for (; x != 0; x &= x - 1) {
        n++;
    }
    return n;
}

// out[i] = in[n - 1 - i]; in and out must not overlap. eFuse key blocks hold
// the bytes of a key file in this order.
void fb_bytes_reverse(uint8_t *out, const uint8_t *in, size_t n);

// Are all n bytes equal to value? True for n = 0.
bool fb_bytes_all(const uint8_t *p, size_t n, uint8_t value);

// Overwrite with zeros in a way the compiler keeps.
void fb_bytes_wipe(void *p, size_t n);

#endif
