// SPDX-License-Identifier: Apache-2.0

#include "chip/cpu/fpu.h"

#define SIGN     0x80000000u
#define INFINITE 0x7F800000u
#define QUIET    0x00400000u
#define DEFAULT  0x7FC00000u
#define FRACTION 0x007FFFFFu
#define TOP      62 // place of a normalised significand's leading one
#define KEPT     39 // place of the last bit of a float below it

// (-1)^sign * sig * 2^(exp - TOP); sig has its leading one at TOP, or is 0.
struct real {
    bool sign;
    int exp;
    uint64_t sig;
};

static bool is_nan(uint32_t x)
{
    return (x & ~SIGN) > INFINITE;
}

static bool is_infinite(uint32_t x)
{
    return (x & ~SIGN) == INFINITE;
}

static bool is_zero(uint32_t x)
{
    return (x & ~SIGN) == 0;
}

static bool is_signalling(uint32_t x)
{
    return is_nan(x) && !(x & QUIET);
}

static uint32_t invalid(struct cpu_fpu *fpu)
{
    fpu->fsr |= FPU_INVALID;
    return DEFAULT;
}

static uint32_t quiet(struct cpu_fpu *fpu, uint32_t x)
{
    if (is_signalling(x)) {
        fpu->fsr |= FPU_INVALID;
    }
    return x | QUIET;
}

// Of two operands at least one is a NaN.
static uint32_t pass_nan(struct cpu_fpu *fpu, uint32_t x, uint32_t y)
{
    if (is_signalling(x) || is_signalling(y)) {
        fpu->fsr |= FPU_INVALID;
    }
    return (is_nan(y) ? y : x) | QUIET;
}

static struct real normalise(struct real x)
{
    if (x.sig == 0) {
        return x;
    }
    while (!(x.sig >> TOP & 1)) {
        x.sig <<= 1;
        x.exp--;
    }
    return x;
}

static struct real unpack(uint32_t x)
{
    unsigned biased = x >> 23 & 0xFF;
    struct real r = {(x & SIGN) != 0, (int)biased - 127, x & FRACTION};

    if (biased == 0) {
        r.exp++;
    } else {
        r.sig |= 1u << 23;
    }
    r.sig <<= TOP - 23;
    return normalise(r);
}

// Shift right and keep in the last bit whether anything fell out.
static uint64_t shift_jam(uint64_t sig, int n)
{
    if (n <= 0) {
        return sig;
    }
    if (n > 63) {
        return sig != 0;
    }
    return sig >> n | ((sig & (((uint64_t)1 << n) - 1)) != 0);
}

// What has to be added at `place` for the bits below it.
static uint64_t rounding_step(bool sign, uint64_t sig, int place,
                              enum fpu_rounding rounding)
{
    uint64_t unit = (uint64_t)1 << place;
    uint64_t rest = sig & (unit - 1);
    bool up;

    switch (rounding) {
    case FPU_NEAREST:
        up = rest > unit / 2 || (rest == unit / 2 && (sig & unit));
        break;
    case FPU_UP:
        up = rest != 0 && !sign;
        break;
    case FPU_DOWN:
        up = rest != 0 && sign;
        break;
    default:
        up = false;
    }
    return up ? unit : 0;
}

static enum fpu_rounding mode(const struct cpu_fpu *fpu)
{
    return (enum fpu_rounding)(fpu->fcr & 3);
}

static uint32_t overflow(struct cpu_fpu *fpu, bool sign,
                         enum fpu_rounding rounding)
{
    bool away =
        rounding == FPU_NEAREST || rounding == (sign ? FPU_DOWN : FPU_UP);
    fpu->fsr |= FPU_OVERFLOW | FPU_INEXACT;
    return (sign ? SIGN : 0) | (away ? INFINITE : INFINITE - 1);
}

// Too small for a normal float even after rounding to 24 bits.
static bool is_tiny(const struct real *x, enum fpu_rounding rounding)
{
    uint64_t sum = x->sig + rounding_step(x->sign, x->sig, KEPT, rounding);
    return x->exp < -126 && !(x->exp == -127 && sum >> (TOP + 1));
}

static uint32_t pack(struct cpu_fpu *fpu, struct real x,
                     enum fpu_rounding rounding)
{
    uint32_t sign = x.sign ? SIGN : 0;
    int biased = x.exp + 127;
    bool tiny;

    if (x.sig == 0) {
        return sign;
    }
    tiny = is_tiny(&x, rounding);
    if (biased <= 0) {
        x.sig = shift_jam(x.sig, 1 - biased);
        biased = 0;
    }
    if (x.sig & (((uint64_t)1 << KEPT) - 1)) {
        fpu->fsr |= tiny ? FPU_INEXACT | FPU_UNDERFLOW : FPU_INEXACT;
    }
    x.sig += rounding_step(x.sign, x.sig, KEPT, rounding);
    x.sig >>= KEPT;
    if (biased == 0) { // a carry makes it the smallest normal number
        return sign | (uint32_t)x.sig;
    }
    if (x.sig >> 24) {
        x.sig >>= 1;
        biased++;
    }
    if (biased >= 255) {
        return overflow(fpu, x.sign, rounding);
    }
    return sign | (uint32_t)biased << 23 | ((uint32_t)x.sig & FRACTION);
}

// Exact but for a jammed last bit. Neither exceeds 2^(TOP + 1).
static struct real add_real(struct real x, struct real y,
                            enum fpu_rounding rounding)
{
    struct real sum;

    if (x.sig == 0 || (y.sig != 0 && y.exp > x.exp)) {
        struct real swap = x;
        x = y;
        y = swap;
    }
    if (y.sig == 0) {
        if (x.sig == 0 && x.sign != y.sign) {
            x.sign = rounding == FPU_DOWN;
        }
        return x;
    }
    y.sig = shift_jam(y.sig, x.exp - y.exp);
    sum = x;
    if (x.sign == y.sign) {
        sum.sig += y.sig;
        if (sum.sig >> (TOP + 1)) {
            sum.sig = shift_jam(sum.sig, 1);
            sum.exp++;
        }
    } else if (x.sig >= y.sig) {
        sum.sig -= y.sig;
    } else {
        sum.sig = y.sig - x.sig;
        sum.sign = y.sign;
    }
    if (sum.sig == 0) {
        sum.sign = rounding == FPU_DOWN;
    }
    return normalise(sum);
}

static struct real mul_real(struct real x, struct real y)
{
    struct real p = {x.sign != y.sign, 0, 0};

    if (x.sig == 0 || y.sig == 0) {
        return p;
    }
    p.sig = (x.sig >> KEPT) * (y.sig >> KEPT) << (TOP - 46);
    p.exp = x.exp + y.exp;
    if (p.sig >> (TOP + 1)) {
        p.sig >>= 1; // 48 bits: nothing falls out
        p.exp++;
    }
    return p;
}

uint32_t fpu_add(struct cpu_fpu *fpu, uint32_t x, uint32_t y)
{
    if (is_nan(x) || is_nan(y)) {
        return pass_nan(fpu, x, y);
    }
    if (is_infinite(x) || is_infinite(y)) {
        if (is_infinite(x) && is_infinite(y) && x != y) {
            return invalid(fpu);
        }
        return is_infinite(x) ? x : y;
    }
    return pack(fpu, add_real(unpack(x), unpack(y), mode(fpu)), mode(fpu));
}

uint32_t fpu_sub(struct cpu_fpu *fpu, uint32_t x, uint32_t y)
{
    if (is_nan(x) || is_nan(y)) {
        return pass_nan(fpu, x, y);
    }
    return fpu_add(fpu, x, y ^ SIGN);
}

uint32_t fpu_mul(struct cpu_fpu *fpu, uint32_t x, uint32_t y)
{
    if (is_nan(x) || is_nan(y)) {
        return pass_nan(fpu, x, y);
    }
    if (is_infinite(x) || is_infinite(y)) {
        if (is_zero(x) || is_zero(y)) {
            return invalid(fpu);
        }
        return ((x ^ y) & SIGN) | INFINITE;
    }
    return pack(fpu, mul_real(unpack(x), unpack(y)), mode(fpu));
}

// sum + x * y with the sign of the product changed by `negate`
static uint32_t fused(struct cpu_fpu *fpu, uint32_t sum, uint32_t x, uint32_t y,
                      uint32_t negate, enum fpu_rounding rounding)
{
    bool undefined =
        (is_infinite(x) && is_zero(y)) || (is_zero(x) && is_infinite(y));

    if (is_nan(sum) || is_nan(x) || is_nan(y)) {
        if (undefined || is_signalling(sum) || is_signalling(x) ||
            is_signalling(y)) {
            fpu->fsr |= FPU_INVALID;
        }
        return (is_nan(sum) ? sum : is_nan(y) ? y : x) | QUIET;
    }
    if (undefined) {
        return invalid(fpu);
    }
    if (is_infinite(x) || is_infinite(y)) {
        uint32_t product = ((x ^ y ^ negate) & SIGN) | INFINITE;
        if (is_infinite(sum) && sum != product) {
            return invalid(fpu);
        }
        return product;
    }
    if (is_infinite(sum)) {
        return sum;
    }
    struct real product = mul_real(unpack(x), unpack(y));
    product.sign ^= negate != 0;
    return pack(fpu, add_real(product, unpack(sum), rounding), rounding);
}

uint32_t fpu_madd(struct cpu_fpu *fpu, uint32_t sum, uint32_t x, uint32_t y)
{
    return fused(fpu, sum, x, y, 0, mode(fpu));
}

uint32_t fpu_msub(struct cpu_fpu *fpu, uint32_t sum, uint32_t x, uint32_t y)
{
    return fused(fpu, sum, x, y, SIGN, mode(fpu));
}

uint32_t fpu_maddn(struct cpu_fpu *fpu, uint32_t sum, uint32_t x, uint32_t y)
{
    uint32_t flags = fpu->fsr;
    uint32_t result = fused(fpu, sum, x, y, 0, FPU_NEAREST);
    fpu->fsr = flags;
    return result;
}

uint32_t fpu_div(struct cpu_fpu *fpu, uint32_t x, uint32_t y)
{
    uint32_t sign = (x ^ y) & SIGN;

    if (is_nan(x) || is_nan(y)) {
        return pass_nan(fpu, x, y);
    }
    if ((is_infinite(x) && is_infinite(y)) || (is_zero(x) && is_zero(y))) {
        return invalid(fpu);
    }
    if (is_infinite(x)) {
        return sign | INFINITE;
    }
    if (is_zero(y)) {
        fpu->fsr |= FPU_DIVIDE;
        return sign | INFINITE;
    }
    if (is_infinite(y) || is_zero(x)) {
        return sign;
    }
    struct real n = unpack(x), d = unpack(y);
    uint64_t by = d.sig >> KEPT;
    struct real q = {n.sign != d.sign, n.exp - d.exp, n.sig / by};
    // of [1, 2) by [1, 2): the leading one comes to TOP or just below
    q.sig = q.sig << 23 | (n.sig % by != 0);
    return pack(fpu, normalise(q), mode(fpu));
}

uint32_t fpu_sqrt(struct cpu_fpu *fpu, uint32_t x)
{
    if (is_nan(x)) {
        return quiet(fpu, x);
    }
    if (is_zero(x) || x == INFINITE) {
        return x;
    }
    if (x & SIGN) {
        return invalid(fpu);
    }
    struct real r = unpack(x);
    uint64_t square = r.sig; // 2^62 .. 2^63, an even power in front
    if (r.exp & 1) {
        square <<= 1;
        r.exp--;
    }
    uint64_t root = 0;
    for (uint64_t bit = (uint64_t)1 << 31; bit != 0; bit >>= 1) {
        if ((root | bit) * (root | bit) <= square) {
            root |= bit;
        }
    }
    r.exp /= 2;
    r.sig = root << 31 | (root * root != square);
    return pack(fpu, normalise(r), mode(fpu));
}

// |x| * 2^scale rounded to an integer, at most 2^33; *inexact if it had more.
static uint64_t magnitude(uint32_t x, unsigned scale,
                          enum fpu_rounding rounding, bool *inexact)
{
    struct real r = unpack(x);
    int exp = r.exp + (int)scale;

    *inexact = false;
    if (r.sig == 0) {
        return 0;
    }
    if (exp >= 33) {
        return (uint64_t)1 << 33;
    }
    // the units at place 20
    r.sig = shift_jam(r.sig, TOP - 20 - exp);
    *inexact = (r.sig & 0xFFFFF) != 0;
    return (r.sig + rounding_step(r.sign, r.sig, 20, rounding)) >> 20;
}

uint32_t fpu_to_int(struct cpu_fpu *fpu, uint32_t x, enum fpu_rounding rounding,
                    unsigned scale)
{
    bool negative = (x & SIGN) != 0 && !is_nan(x);
    bool inexact;
    uint64_t limit = negative ? 0x80000000u : 0x7FFFFFFFu;
    uint64_t value;

    if (is_nan(x) || is_infinite(x)) {
        fpu->fsr |= FPU_INVALID;
        return (uint32_t)limit;
    }
    value = magnitude(x, scale, rounding, &inexact);
    if (value > limit) {
        fpu->fsr |= FPU_INVALID;
        return (uint32_t)limit;
    }
    if (inexact) {
        fpu->fsr |= FPU_INEXACT;
    }
    return negative ? 0u - (uint32_t)value : (uint32_t)value;
}

uint32_t fpu_to_unsigned(struct cpu_fpu *fpu, uint32_t x, unsigned scale)
{
    bool inexact;
    uint64_t value;

    if (is_nan(x) || x == INFINITE) {
        fpu->fsr |= FPU_INVALID;
        return UINT32_MAX;
    }
    if (x & SIGN) { // converted as a signed number; invalid unless it is 0
        uint32_t flags = fpu->fsr;
        uint32_t result = fpu_to_int(fpu, x, FPU_TO_ZERO, scale);
        if (result != 0) {
            fpu->fsr = flags | FPU_INVALID;
        }
        return result;
    }
    value = magnitude(x, scale, FPU_TO_ZERO, &inexact);
    if (value > UINT32_MAX) {
        fpu->fsr |= FPU_INVALID;
        return UINT32_MAX;
    }
    if (inexact) {
        fpu->fsr |= FPU_INEXACT;
    }
    return (uint32_t)value;
}

static uint32_t from_magnitude(struct cpu_fpu *fpu, bool sign, uint32_t value,
                               unsigned scale)
{
    struct real r = {sign, TOP - (int)scale, value};
    return pack(fpu, normalise(r), mode(fpu));
}

uint32_t fpu_from_int(struct cpu_fpu *fpu, uint32_t value, unsigned scale)
{
    bool sign = (value & SIGN) != 0;
    return from_magnitude(fpu, sign, sign ? 0u - value : value, scale);
}

uint32_t fpu_from_unsigned(struct cpu_fpu *fpu, uint32_t value, unsigned scale)
{
    return from_magnitude(fpu, false, value, scale);
}

// Floats without their sign order as their bits do.
static int64_t order(uint32_t x)
{
    int64_t size = x & ~SIGN;
    return x & SIGN ? -size : size;
}

enum fpu_relation fpu_compare(struct cpu_fpu *fpu, uint32_t x, uint32_t y,
                              bool signalling)
{
    if (is_nan(x) || is_nan(y)) {
        if (signalling || is_signalling(x) || is_signalling(y)) {
            fpu->fsr |= FPU_INVALID;
        }
        return FPU_UNORDERED;
    }
    return order(x) < order(y)    ? FPU_LESS
           : order(x) == order(y) ? FPU_EQUAL
                                  : FPU_GREATER;
}

uint32_t fpu_const(unsigned n)
{
    static const uint32_t values[4] = {0, 0x3F800000, 0x40000000, 0x3F000000};
    return values[n % 4]; // beyond 3: reserved
}

// The negated significand with the lowest bit of the exponent, in [1, 4).
uint32_t fpu_nexp01(uint32_t x)
{
    struct real r;

    if (is_nan(x) || is_infinite(x) || is_zero(x)) {
        return x ^ SIGN;
    }
    r = unpack(x);
    return (~x & SIGN) | (uint32_t)(127 + (r.exp & 1)) << 23 |
           ((uint32_t)(r.sig >> KEPT) & FRACTION);
}

// A float with its significand cut to eight bits after the point.
static uint32_t coarse(uint32_t x)
{
    return x & ~0x7FFFu;
}

static uint32_t seed_div(struct cpu_fpu *flags, uint32_t x)
{
    return coarse(fpu_div(flags, 0x3F800000, x));
}

uint32_t fpu_div0(uint32_t x)
{
    struct cpu_fpu flags = {0, 0};
    return seed_div(&flags, fpu_nexp01(x) ^ SIGN);
}

uint32_t fpu_sqrt0(uint32_t x)
{
    struct cpu_fpu flags = {0, 0};
    return seed_div(&flags, fpu_sqrt(&flags, fpu_nexp01(x) ^ SIGN));
}

// The seeds of the reciprocals keep the whole exponent and raise the flags that
// do not depend on precision.
static uint32_t keep_flags(struct cpu_fpu *fpu, const struct cpu_fpu *flags)
{
    fpu->fsr |= flags->fsr & (FPU_INVALID | FPU_DIVIDE);
    return 0;
}

uint32_t fpu_recip0(struct cpu_fpu *fpu, uint32_t x)
{
    struct cpu_fpu flags = {0, 0};
    uint32_t seed = seed_div(&flags, x);
    keep_flags(fpu, &flags);
    return seed;
}

uint32_t fpu_rsqrt0(struct cpu_fpu *fpu, uint32_t x)
{
    struct cpu_fpu flags = {0, 0};
    uint32_t seed = seed_div(&flags, fpu_sqrt(&flags, x));
    keep_flags(fpu, &flags);
    return seed;
}
