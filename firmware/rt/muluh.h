// SPDX-License-Identifier: Apache-2.0
//
// The high half of a 32 x 32 bit product. The LX6 has an instruction for it
// that the assembler for the lx106 does not know (MULUH: Xtensa ISA Reference
// Manual, 32-bit Integer Multiply Option), so it is put together here from the
// numbers of the registers that gcc chose.

#ifndef FIRMWARE_RT_MULUH_H
#define FIRMWARE_RT_MULUH_H

#include <stdint.h>

#ifdef __XTENSA__
__asm__(".set fb_reg_a0, 0\n.set fb_reg_a2, 2\n.set fb_reg_a3, 3\n"
        ".set fb_reg_a4, 4\n.set fb_reg_a5, 5\n.set fb_reg_a6, 6\n"
        ".set fb_reg_a7, 7\n.set fb_reg_a8, 8\n.set fb_reg_a9, 9\n"
        ".set fb_reg_a10, 10\n.set fb_reg_a11, 11\n.set fb_reg_a12, 12\n"
        ".set fb_reg_a13, 13\n.set fb_reg_a14, 14\n.set fb_reg_a15, 15\n");

// RRR format, little-endian: op2 1010, op1 0010, then r, s, t, 0000.
static inline uint32_t muluh(uint32_t a, uint32_t b)
{
    uint32_t high;

    __asm__(".byte fb_reg_%2 << 4, fb_reg_%0 << 4 | fb_reg_%1, 0xA2"
            : "=r"(high)
            : "r"(a), "r"(b));
    return high;
}
#else
static inline uint32_t muluh(uint32_t a, uint32_t b)
{
    return (uint32_t)((uint64_t)a * b >> 32);
}
#endif

#endif
