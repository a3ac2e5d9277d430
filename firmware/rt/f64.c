// SPDX-License-Identifier: Apache-2.0
//
// double in integers. Inside, a finite non-zero number is sign, exponent and
// a significand whose leading one stands at bit 62, so that ten bits below the
// 52 stored ones decide the rounding; the lowest of them is sticky (it stays
// one once anything below it was one).

#include "firmware/rt/rt.h"

#include <stdbool.h>

#define SIGN  (1ULL << 63)
#define INF   (0x7FFULL << 52)
#define QUIET (1ULL << 51)
#define QNAN  (INF | QUIET)
#define ONE52 (1ULL << 52)
#define GUARD 10

static bool is_nan(uint64_t a)
{
    return (a & ~SIGN) > INF;
}

static uint64_t nan_of(uint64_t a, uint64_t b)
{
    return (is_nan(a) ? a : b) | QUIET;
}

static int exponent(uint64_t a)
{
    return (int)(a >> 52 & 0x7FF);
}

static uint64_t shift_sticky(uint64_t sig, int n)
{
    if (n > 63) {
        return sig != 0;
    }
    uint64_t out = sig >> n;
    return out << n == sig ? out : out | 1;
}

// Round sig * 2^(exp - 1023 - 62). The leading one is at bit 62, or below it
// when exp is 1 (a subnormal).
static uint64_t pack(uint64_t sign, int exp, uint64_t sig)
{
    if (exp >= 0x7FF) {
        return sign | INF;
    }
    if (exp < 1) {
        sig = shift_sticky(sig, 1 - exp);
        exp = 1;
    }
    uint64_t even = sig >> GUARD & 1;
    sig = (sig + (1U << (GUARD - 1)) - 1 + even) >> GUARD;
    // The stored significand has no leading one: adding it counts the
    // exponent up, also when the rounding carried.
    return sign | (((uint64_t)(exp - 1) << 52) + sig);
}

// The leading one anywhere: move it to bit 62. sig is not 0.
static uint64_t normalise_pack(uint64_t sign, int exp, uint64_t sig)
{
    int n = RT(clzdi2)(sig) - 1;
    if (n < 0) {
        return pack(sign, exp + 1, shift_sticky(sig, 1));
    }
    return pack(sign, exp - n, sig << n);
}

// Significand of a finite number for addition: not normalised.
static uint64_t unpack(uint64_t a, int *exp)
{
    uint64_t sig = a & (ONE52 - 1);
    *exp = exponent(a);
    if (*exp == 0) {
        *exp = 1;
    } else {
        sig |= ONE52;
    }
    return sig;
}

// The same with the leading one at bit 52; a is not 0.
static uint64_t normal(uint64_t a, int *exp)
{
    uint64_t sig = unpack(a, exp);
    int n = RT(clzdi2)(sig) - 11;
    *exp -= n;
    return sig << n;
}

static uint64_t add(uint64_t a, uint64_t b)
{
    if ((a & ~SIGN) < (b & ~SIGN)) {
        uint64_t t = a;
        a = b;
        b = t;
    }
    uint64_t sign = a & SIGN;
    bool differ = ((a ^ b) & SIGN) != 0;
    if (exponent(a) == 0x7FF) {
        bool both = exponent(b) == 0x7FF;
        return both && differ ? QNAN : a;
    }
    int ea, eb;
    uint64_t sa = unpack(a, &ea) << GUARD;
    uint64_t sb = unpack(b, &eb) << GUARD;
    sb = shift_sticky(sb, ea - eb);
    uint64_t sum = differ ? sa - sb : sa + sb;
    if (sum == 0) {
        return differ ? 0 : sign; // x - x is +0, -0 + -0 is -0
    }
    return normalise_pack(sign, ea, sum);
}

uint64_t RT(adddf3)(uint64_t a, uint64_t b)
{
    if (is_nan(a) || is_nan(b)) {
        return nan_of(a, b);
    }
    return add(a, b);
}

uint64_t RT(subdf3)(uint64_t a, uint64_t b)
{
    if (is_nan(a) || is_nan(b)) {
        return nan_of(a, b);
    }
    return add(a, b ^ SIGN);
}

// The high 64 bits of a * b, sticky for the low ones.
static uint64_t mul_high_sticky(uint64_t a, uint64_t b)
{
    uint32_t al = (uint32_t)a, ah = (uint32_t)(a >> 32);
    uint32_t bl = (uint32_t)b, bh = (uint32_t)(b >> 32);
    uint64_t low = RT(umulsidi3)(al, bl);
    uint64_t mid = RT(umulsidi3)(ah, bl) + (low >> 32);
    uint64_t mid2 = RT(umulsidi3)(al, bh) + (uint32_t)mid;
    uint64_t high = RT(umulsidi3)(ah, bh) + (mid >> 32) + (mid2 >> 32);
    return high | (((uint32_t)low | (uint32_t)mid2) != 0);
}

uint64_t RT(muldf3)(uint64_t a, uint64_t b)
{
    uint64_t sign = (a ^ b) & SIGN;
    if (is_nan(a) || is_nan(b)) {
        return nan_of(a, b);
    }
    bool inf = exponent(a) == 0x7FF || exponent(b) == 0x7FF;
    bool zero = (a & ~SIGN) == 0 || (b & ~SIGN) == 0;
    if (inf || zero) {
        return inf && zero ? QNAN : inf ? sign | INF : sign;
    }
    int ea, eb;
    uint64_t sa = normal(a, &ea) << GUARD;
    uint64_t sb = normal(b, &eb) << (GUARD + 1);
    // Leading ones at 62 and 63: that of the product's high half is at 61 or
    // 62, and 2^62 * 2^63 / 2^64 = 2^61 stands for 1.0 * 1.0.
    return normalise_pack(sign, ea + eb - 1022, mul_high_sticky(sa, sb));
}

uint64_t RT(divdf3)(uint64_t a, uint64_t b)
{
    uint64_t sign = (a ^ b) & SIGN;
    if (is_nan(a) || is_nan(b)) {
        return nan_of(a, b);
    }
    bool ainf = exponent(a) == 0x7FF, binf = exponent(b) == 0x7FF;
    bool azero = (a & ~SIGN) == 0, bzero = (b & ~SIGN) == 0;
    if ((ainf && binf) || (azero && bzero)) {
        return QNAN;
    }
    if (ainf || bzero) {
        return sign | INF;
    }
    if (azero || binf) {
        return sign;
    }
    int ea, eb;
    uint64_t rest = normal(a, &ea), sb = normal(b, &eb);
    int exp = ea - eb + 1023;
    if (rest < sb) {
        rest <<= 1;
        exp--;
    }
    // 1 <= rest / sb < 2: 55 quotient bits and a sticky one.
    uint64_t q = 0;
    for (int i = 0; i < 55; i++) {
        q <<= 1;
        if (rest >= sb) {
            rest -= sb;
            q |= 1;
        }
        rest <<= 1;
    }
    return pack(sign, exp, q << 8 | (rest != 0));
}

uint64_t RT(negdf2)(uint64_t a)
{
    return a ^ SIGN;
}

// -1, 0, 1; neither operand is a NaN.
static int compare(uint64_t a, uint64_t b)
{
    if (((a | b) & ~SIGN) == 0 || a == b) {
        return 0;
    }
    bool less =
        (a & SIGN) != 0 ? (b & SIGN) == 0 || a > b : (b & SIGN) == 0 && a < b;
    return less ? -1 : 1;
}

int RT(unorddf2)(uint64_t a, uint64_t b)
{
    return is_nan(a) || is_nan(b);
}

// gcc tests the answers of these against 0 as their names say; with a NaN
// that test must fail.
int RT(ledf2)(uint64_t a, uint64_t b)
{
    return RT(unorddf2)(a, b) ? 1 : compare(a, b);
}

int RT(gedf2)(uint64_t a, uint64_t b)
{
    return RT(unorddf2)(a, b) ? -1 : compare(a, b);
}

int RT(eqdf2)(uint64_t a, uint64_t b)
{
    return RT(ledf2)(a, b);
}

int RT(nedf2)(uint64_t a, uint64_t b)
{
    return RT(ledf2)(a, b);
}

int RT(ltdf2)(uint64_t a, uint64_t b)
{
    return RT(ledf2)(a, b);
}

int RT(gtdf2)(uint64_t a, uint64_t b)
{
    return RT(gedf2)(a, b);
}

// |a| truncated, saturated to at most 64 bits; 0 for a NaN.
static uint64_t truncated(uint64_t a)
{
    int exp;
    uint64_t sig = unpack(a, &exp);
    exp -= 1023;
    if (is_nan(a) || exp < 0) {
        return 0;
    }
    if (exp > 63) {
        return UINT64_MAX;
    }
    return exp <= 52 ? sig >> (52 - exp) : sig << (exp - 52);
}

static int64_t to_signed(uint64_t a, uint64_t max)
{
    uint64_t t = truncated(a);
    bool negative = (a & SIGN) != 0;
    if (t > max + negative) {
        t = max + negative;
    }
    return (int64_t)(negative ? -t : t);
}

static uint64_t to_unsigned(uint64_t a, uint64_t max)
{
    uint64_t t = truncated(a);
    if ((a & SIGN) != 0) {
        return 0;
    }
    return t > max ? max : t;
}

int32_t RT(fixdfsi)(uint64_t a)
{
    return (int32_t)to_signed(a, INT32_MAX);
}

uint32_t RT(fixunsdfsi)(uint64_t a)
{
    return (uint32_t)to_unsigned(a, UINT32_MAX);
}

int64_t RT(fixdfdi)(uint64_t a)
{
    return to_signed(a, INT64_MAX);
}

uint64_t RT(fixunsdfdi)(uint64_t a)
{
    return to_unsigned(a, UINT64_MAX);
}

static uint64_t from(uint64_t sign, uint64_t a)
{
    return a == 0 ? 0 : normalise_pack(sign, 1023 + 62, a);
}

uint64_t RT(floatsidf)(int32_t a)
{
    return RT(floatdidf)(a);
}

uint64_t RT(floatunsidf)(uint32_t a)
{
    return from(0, a);
}

uint64_t RT(floatdidf)(int64_t a)
{
    return a < 0 ? from(SIGN, -(uint64_t)a) : from(0, (uint64_t)a);
}

uint64_t RT(floatundidf)(uint64_t a)
{
    return from(0, a);
}
