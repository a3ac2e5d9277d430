// SPDX-License-Identifier: Apache-2.0
//
// float by way of double. One operation in double, rounded again to float,
// gives the correctly rounded float: 53 bits are more than twice 24 plus 2, so
// the first rounding never lands on a tie of the second that was not there
// (S. A. Figueroa, "When is double rounding innocuous?", 1995).

#include "firmware/rt/rt.h"

#include <stdbool.h>

#define SIGN32  (1U << 31)
#define INF32   (0xFFU << 23)
#define QUIET32 (1U << 22)

uint64_t RT(extendsfdf2)(uint32_t a)
{
    uint64_t sign = (uint64_t)(a & SIGN32) << 32;
    uint32_t exp = a >> 23 & 0xFF;
    uint64_t frac = a & 0x7FFFFF;
    if (exp == 0xFF) {
        uint64_t quiet = frac != 0 ? 1ULL << 51 : 0;
        return sign | 0x7FFULL << 52 | quiet | frac << 29;
    }
    if (exp != 0) {
        return sign | (uint64_t)(exp + 1023 - 127) << 52 | frac << 29;
    }
    if (frac == 0) {
        return sign;
    }
    // Subnormal: frac * 2^-149, the leading one becomes implicit.
    int n = RT(clzdi2)(frac) - 11;
    return sign | (((uint64_t)(1023 - 149 + 52 - n - 1) << 52) + (frac << n));
}

uint32_t RT(truncdfsf2)(uint64_t a)
{
    uint32_t sign = (uint32_t)(a >> 32) & SIGN32;
    int exp = (int)(a >> 52 & 0x7FF);
    uint64_t frac = a & ((1ULL << 52) - 1);
    if (exp == 0x7FF) {
        uint32_t payload = (uint32_t)(frac >> 29);
        return sign | INF32 | (frac != 0 ? QUIET32 | payload : 0);
    }
    exp -= 1023 - 127;
    if (exp >= 0xFF) {
        return sign | INF32;
    }
    if (exp < -24) {
        return sign; // below half the smallest subnormal
    }
    // 24 bits and the rest for rounding: sig has its leading one at bit 30,
    // seven bits below the stored ones.
    uint64_t full = frac | 1ULL << 52;
    int shift = 22 + (exp < 1 ? 1 - exp : 0);
    uint32_t sig = (uint32_t)(full >> shift);
    sig |= (uint64_t)sig << shift != full;
    sig = (sig + 63 + (sig >> 7 & 1)) >> 7;
    return sign | (((uint32_t)(exp < 1 ? 0 : exp - 1) << 23) + sig);
}

uint32_t RT(addsf3)(uint32_t a, uint32_t b)
{
    return RT(truncdfsf2)(RT(adddf3)(RT(extendsfdf2)(a), RT(extendsfdf2)(b)));
}

uint32_t RT(subsf3)(uint32_t a, uint32_t b)
{
    return RT(truncdfsf2)(RT(subdf3)(RT(extendsfdf2)(a), RT(extendsfdf2)(b)));
}

uint32_t RT(mulsf3)(uint32_t a, uint32_t b)
{
    return RT(truncdfsf2)(RT(muldf3)(RT(extendsfdf2)(a), RT(extendsfdf2)(b)));
}

uint32_t RT(divsf3)(uint32_t a, uint32_t b)
{
    return RT(truncdfsf2)(RT(divdf3)(RT(extendsfdf2)(a), RT(extendsfdf2)(b)));
}

uint32_t RT(negsf2)(uint32_t a)
{
    return a ^ SIGN32;
}

int RT(eqsf2)(uint32_t a, uint32_t b)
{
    return RT(eqdf2)(RT(extendsfdf2)(a), RT(extendsfdf2)(b));
}

int RT(nesf2)(uint32_t a, uint32_t b)
{
    return RT(nedf2)(RT(extendsfdf2)(a), RT(extendsfdf2)(b));
}

int RT(ltsf2)(uint32_t a, uint32_t b)
{
    return RT(ltdf2)(RT(extendsfdf2)(a), RT(extendsfdf2)(b));
}

int RT(lesf2)(uint32_t a, uint32_t b)
{
    return RT(ledf2)(RT(extendsfdf2)(a), RT(extendsfdf2)(b));
}

int RT(gtsf2)(uint32_t a, uint32_t b)
{
    return RT(gtdf2)(RT(extendsfdf2)(a), RT(extendsfdf2)(b));
}

int RT(gesf2)(uint32_t a, uint32_t b)
{
    return RT(gedf2)(RT(extendsfdf2)(a), RT(extendsfdf2)(b));
}

int RT(unordsf2)(uint32_t a, uint32_t b)
{
    return RT(unorddf2)(RT(extendsfdf2)(a), RT(extendsfdf2)(b));
}

int32_t RT(fixsfsi)(uint32_t a)
{
    return RT(fixdfsi)(RT(extendsfdf2)(a));
}

uint32_t RT(fixunssfsi)(uint32_t a)
{
    return RT(fixunsdfsi)(RT(extendsfdf2)(a));
}

int64_t RT(fixsfdi)(uint32_t a)
{
    return RT(fixdfdi)(RT(extendsfdf2)(a));
}

uint64_t RT(fixunssfdi)(uint32_t a)
{
    return RT(fixunsdfdi)(RT(extendsfdf2)(a));
}

uint32_t RT(floatsisf)(int32_t a)
{
    return RT(truncdfsf2)(RT(floatsidf)(a)); // exact, then rounded once
}

uint32_t RT(floatunsisf)(uint32_t a)
{
    return RT(truncdfsf2)(RT(floatunsidf)(a));
}

// 64 bits do not fit in a double: fold the low ones into a sticky bit first,
// far below the 24 that stay.
static uint64_t fold(uint64_t a)
{
    uint64_t sticky = (a & 0x7FF) != 0 ? 1U << 11 : 0;
    return a >> 53 == 0 ? a : (a & ~0x7FFULL) | sticky;
}

uint32_t RT(floatundisf)(uint64_t a)
{
    return RT(truncdfsf2)(RT(floatundidf)(fold(a)));
}

uint32_t RT(floatdisf)(int64_t a)
{
    uint32_t sign = a < 0 ? SIGN32 : 0;
    return sign | RT(floatundisf)(a < 0 ? -(uint64_t)a : (uint64_t)a);
}
