// SPDX-License-Identifier: Apache-2.0

#include "firmware/rt/rt.h"

#include <stdbool.h>

// The LX6 divides and has the high half of a product in hardware; the
// assembler for the lx106 does not know the instructions (QUOU, REMU, QUOS,
// REMS, MULUH: Xtensa ISA Reference Manual, 32-bit Integer Divide and
// Multiply Options). RRR format, at = a3, as = a2, ar = a2.
// Build with -DRT_NO_DIV32 for a core without them (lx106).
#if defined(__XTENSA__) && !defined(RT_NO_DIV32)
#define LX6_RRR(op2, ar, as)                                                   \
    ({                                                                         \
        register uint32_t r_a2 __asm__("a2") = (uint32_t)(ar);                 \
        register uint32_t r_a3 __asm__("a3") = (uint32_t)(as);                 \
        __asm__(".byte 0x30, 0x22, %1" : "+r"(r_a2) : "i"(op2), "r"(r_a3));    \
        r_a2;                                                                  \
    })

uint32_t RT(udivsi3)(uint32_t a, uint32_t b)
{
    return LX6_RRR(0xC2, a, b);
}

uint32_t RT(umodsi3)(uint32_t a, uint32_t b)
{
    return LX6_RRR(0xE2, a, b);
}

int32_t RT(divsi3)(int32_t a, int32_t b)
{
    return (int32_t)LX6_RRR(0xD2, a, b);
}

int32_t RT(modsi3)(int32_t a, int32_t b)
{
    return (int32_t)LX6_RRR(0xF2, a, b);
}

static uint32_t mul_high(uint32_t a, uint32_t b)
{
    return LX6_RRR(0xA2, a, b);
}
#else
// Shift and subtract, one quotient bit a step, starting where the leading
// ones of a and b meet.
static uint32_t divide(uint32_t a, uint32_t b, uint32_t *rest)
{
    if (b == 0 || a < b) {
        *rest = a;
        return b == 0 ? UINT32_MAX : 0;
    }
    uint32_t q = 0;
    for (int n = RT(clzsi2)(b) - RT(clzsi2)(a); n >= 0; n--) {
        q <<= 1;
        if (a >= b << n) {
            a -= b << n;
            q |= 1;
        }
    }
    *rest = a;
    return q;
}

uint32_t RT(udivsi3)(uint32_t a, uint32_t b)
{
    uint32_t rest;
    return divide(a, b, &rest);
}

uint32_t RT(umodsi3)(uint32_t a, uint32_t b)
{
    uint32_t rest;
    divide(a, b, &rest);
    return rest;
}

static uint32_t magnitude(int32_t a)
{
    return a < 0 ? -(uint32_t)a : (uint32_t)a;
}

int32_t RT(divsi3)(int32_t a, int32_t b)
{
    uint32_t q = RT(udivsi3)(magnitude(a), magnitude(b));
    return (int32_t)((a ^ b) < 0 ? -q : q);
}

int32_t RT(modsi3)(int32_t a, int32_t b)
{
    uint32_t r = RT(umodsi3)(magnitude(a), magnitude(b));
    return (int32_t)(a < 0 ? -r : r);
}

static uint32_t mul_high(uint32_t a, uint32_t b)
{
    uint32_t al = a & 0xFFFF, ah = a >> 16, bl = b & 0xFFFF, bh = b >> 16;
    uint32_t low = al * bl, mid = ah * bl + (low >> 16);
    uint32_t mid2 = al * bh + (mid & 0xFFFF);
    return ah * bh + (mid >> 16) + (mid2 >> 16);
}
#endif

static uint64_t pair(uint32_t high, uint32_t low)
{
    return (uint64_t)high << 32 | low;
}

static uint32_t high32(uint64_t a)
{
    return (uint32_t)(a >> 32);
}

uint64_t RT(umulsidi3)(uint32_t a, uint32_t b)
{
    return pair(mul_high(a, b), a * b);
}

uint64_t RT(muldi3)(uint64_t a, uint64_t b)
{
    uint32_t al = (uint32_t)a, bl = (uint32_t)b;
    return pair(mul_high(al, bl) + al * high32(b) + high32(a) * bl, al * bl);
}

// 64 / 64 bits. One quotient bit a step; the short cut for two 32-bit
// operands is what printing and time keeping need most.
static uint64_t divide64(uint64_t a, uint64_t b, uint64_t *rest)
{
    if (b == 0 || a < b) {
        *rest = a;
        return b == 0 ? UINT64_MAX : 0;
    }
    if (high32(a) == 0) {
        *rest = RT(umodsi3)((uint32_t)a, (uint32_t)b);
        return RT(udivsi3)((uint32_t)a, (uint32_t)b);
    }
    uint64_t q = 0;
    int n = RT(clzdi2)(b) - RT(clzdi2)(a);
    for (b <<= n; n >= 0; n--) {
        q <<= 1;
        if (a >= b) {
            a -= b;
            q |= 1;
        }
        b >>= 1;
    }
    *rest = a;
    return q;
}

uint64_t RT(udivdi3)(uint64_t a, uint64_t b)
{
    uint64_t rest;
    return divide64(a, b, &rest);
}

uint64_t RT(umoddi3)(uint64_t a, uint64_t b)
{
    uint64_t rest;
    divide64(a, b, &rest);
    return rest;
}

static uint64_t magnitude64(int64_t a)
{
    return a < 0 ? -(uint64_t)a : (uint64_t)a;
}

int64_t RT(divdi3)(int64_t a, int64_t b)
{
    uint64_t q = RT(udivdi3)(magnitude64(a), magnitude64(b));
    return (int64_t)((a ^ b) < 0 ? -q : q);
}

int64_t RT(moddi3)(int64_t a, int64_t b)
{
    uint64_t r = RT(umoddi3)(magnitude64(a), magnitude64(b));
    return (int64_t)(a < 0 ? -r : r);
}

uint64_t RT(ashldi3)(uint64_t a, int n)
{
    uint32_t low = (uint32_t)a;
    if (n == 0) {
        return a;
    }
    if (n >= 32) {
        return pair(low << (n - 32), 0);
    }
    return pair(high32(a) << n | low >> (32 - n), low << n);
}

uint64_t RT(lshrdi3)(uint64_t a, int n)
{
    uint32_t high = high32(a);
    if (n == 0) {
        return a;
    }
    if (n >= 32) {
        return high >> (n - 32);
    }
    return pair(high >> n, (uint32_t)a >> n | high << (32 - n));
}

int64_t RT(ashrdi3)(int64_t a, int n)
{
    uint32_t high = high32((uint64_t)a);
    uint32_t sign = a < 0 ? UINT32_MAX : 0;
    if (n == 0) {
        return a;
    }
    if (n >= 32) {
        return (int64_t)pair(sign, (uint32_t)((int32_t)high >> (n - 32)));
    }
    return (int64_t)pair((uint32_t)((int32_t)high >> n),
                         (uint32_t)a >> n | high << (32 - n));
}

int RT(cmpdi2)(int64_t a, int64_t b)
{
    return a < b ? 0 : a == b ? 1 : 2;
}

int RT(ucmpdi2)(uint64_t a, uint64_t b)
{
    return a < b ? 0 : a == b ? 1 : 2;
}

#ifdef __XTENSA__
int RT(clzsi2)(uint32_t a)
{
    int n;
    __asm__("nsau %0, %1" : "=r"(n) : "r"(a)); // 32 for 0
    return n;
}
#else
int RT(clzsi2)(uint32_t a)
{
    int n = 32;
    for (; a != 0; a >>= 1) {
        n--;
    }
    return n;
}
#endif

int RT(clzdi2)(uint64_t a)
{
    uint32_t high = high32(a);
    return high != 0 ? RT(clzsi2)(high) : 32 + RT(clzsi2)((uint32_t)a);
}

int RT(ctzsi2)(uint32_t a)
{
    return a == 0 ? 32 : 31 - RT(clzsi2)(a & -a);
}

int RT(ctzdi2)(uint64_t a)
{
    uint32_t low = (uint32_t)a;
    return low != 0 ? RT(ctzsi2)(low) : 32 + RT(ctzsi2)(high32(a));
}

int RT(ffssi2)(uint32_t a)
{
    return a == 0 ? 0 : 1 + RT(ctzsi2)(a);
}

int RT(ffsdi2)(uint64_t a)
{
    return a == 0 ? 0 : 1 + RT(ctzdi2)(a);
}

int RT(popcountsi2)(uint32_t a)
{
    // Not the loop over a &= a - 1: gcc knows it and would call this function.
    a -= a >> 1 & 0x55555555;
    a = (a & 0x33333333) + (a >> 2 & 0x33333333);
    a = (a + (a >> 4)) & 0x0F0F0F0F;
    return (int)(a * 0x01010101 >> 24);
}

int RT(popcountdi2)(uint64_t a)
{
    return RT(popcountsi2)((uint32_t)a) + RT(popcountsi2)(high32(a));
}

int RT(paritysi2)(uint32_t a)
{
    return RT(popcountsi2)(a) & 1;
}

uint32_t RT(bswapsi2)(uint32_t a)
{
    return a << 24 | (a & 0xFF00) << 8 | (a >> 8 & 0xFF00) | a >> 24;
}

uint64_t RT(bswapdi2)(uint64_t a)
{
    return pair(RT(bswapsi2)((uint32_t)a), RT(bswapsi2)(high32(a)));
}
