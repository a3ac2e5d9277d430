// SPDX-License-Identifier: Apache-2.0
//
// Small before fast. Three things make it so: one Montgomery multiplication
// serves the field and the order; points are added by formulas that hold for
// any two points of the curve, equal, opposite or infinite (Renes, Costello,
// Batina, "Complete addition formulas for prime order elliptic curves",
// eprint.iacr.org/2015/1060, algorithm 4), so no case has to be told apart; and
// these formulas are rows of a table, not code.
//
// Numbers are 8 words, the least significant first. Coordinates are in
// Montgomery form (times 2^256 modulo the prime), points are projective:
// x = X / Z, y = Y / Z.

#include "firmware/boot/p256.h"

#include <stddef.h>
#include <string.h>

#include "firmware/rt/muluh.h"
#include "lib/fb/bytes.h"

#define WORDS 8u

typedef uint32_t number[WORDS];

struct modulus {
    number m;
    uint32_t inverse; // -1 / m modulo 2^32
    number rr;        // 2^512 modulo m
};

// The curve: FIPS 186-4, D.1.2.3.
static const struct modulus prime = {
    {0xffffffff, 0xffffffff, 0xffffffff, 0x00000000, 0x00000000, 0x00000000,
     0x00000001, 0xffffffff},
    0x00000001,
    {0x00000003, 0x00000000, 0xffffffff, 0xfffffffb, 0xfffffffe, 0xffffffff,
     0xfffffffd, 0x00000004},
};
static const struct modulus order = {
    {0xfc632551, 0xf3b9cac2, 0xa7179e84, 0xbce6faad, 0xffffffff, 0xffffffff,
     0x00000000, 0xffffffff},
    0xee00bc4f,
    {0xbe79eea2, 0x83244c95, 0x49bd6fa6, 0x4699799c, 0x2b6bec59, 0x2845b239,
     0xf3d95620, 0x66e12d94},
};
static const number b_plain = {0x27d2604b, 0x3bce3c3e, 0xcc53b0f6, 0x651d06b0,
                               0x769886bc, 0xb3ebbd55, 0xaa3a93e7, 0x5ac635d8};
// X || Y, as a public key is given.
static const uint8_t generator[64] = {
    0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6,
    0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb,
    0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96, 0x4f,
    0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a,
    0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e,
    0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5};

static void from_bytes(number r, const uint8_t bytes[32])
{
    for (unsigned i = 0; i < WORDS; i++) {
        r[i] = load32_be(bytes + 28 - 4 * i);
    }
}

static bool is_zero(const number a)
{
    uint32_t any = 0;

    for (unsigned i = 0; i < WORDS; i++) {
        any |= a[i];
    }
    return any == 0;
}

// r = a - b, or a + b when `plus`; returns the borrow or carry.
static uint32_t add_words(number r, const number a, const number b, bool plus)
{
    // a - b = a + ~b + 1
    uint32_t invert = plus ? 0 : ~0u;
    uint32_t carry = invert & 1;

    for (unsigned i = 0; i < WORDS; i++) {
        uint32_t x = b[i] ^ invert;
        uint32_t sum = a[i] + x;

        r[i] = sum + carry;
        if (sum + carry < carry) {
            carry = 1;
        } else {
            carry = sum < x;
        }
    }
    return carry ^ (invert & 1);
}

static bool below(const number a, const number b)
{
    unsigned i = WORDS - 1;

    while (i > 0 && a[i] == b[i]) {
        i--;
    }
    return a[i] < b[i];
}

// r < 2 * m, as 8 words and a ninth, becomes r modulo m.
static void reduce_once(number r, uint32_t ninth, const struct modulus *m)
{
    if (ninth != 0 || !below(r, m->m)) {
        add_words(r, r, m->m, false);
    }
}

// r = a + b, or a - b; operands below m.
static void add_modulo(number r, const number a, const number b, bool plus,
                       const struct modulus *m)
{
    uint32_t out = add_words(r, a, b, plus);

    if (plus) {
        reduce_once(r, out, m);
    } else if (out != 0) {
        add_words(r, r, m->m, true);
    }
}

// t += x * y; what does not fit goes on to word 8, and returns what that cannot
// hold.
static uint32_t add_product(uint32_t t[WORDS + 1], uint32_t x, const number y)
{
    uint32_t carry = 0;

    // Three quarters of all instructions of a verification are in this loop.
#pragma GCC unroll 8
    for (unsigned i = 0; i < WORDS; i++) {
        uint32_t low = x * y[i];
        uint32_t high = muluh(x, y[i]);

        // Two carries at most fit into the high half.
        low += carry;
        if (low < carry) {
            high++;
        }
        carry = t[i];
        low += carry;
        if (low < carry) {
            high++;
        }
        t[i] = low;
        carry = high;
    }
    t[WORDS] += carry;
    return t[WORDS] < carry;
}

// r = a * b / 2^256 modulo m; a * b below 2^256 * m. r may be a or b.
static void multiply(number r, const number a, const number b,
                     const struct modulus *m)
{
    uint32_t t[2 * WORDS + 2];

    memset(t, 0, sizeof(t));
    for (unsigned i = 0; i < WORDS; i++) {
        t[i + WORDS + 1] += add_product(t + i, a[i], b);
        // Make word i 0, which divides by 2^32.
        t[i + WORDS + 1] += add_product(t + i, t[i] * m->inverse, m->m);
    }
    memcpy(r, t + WORDS, sizeof(number));
    reduce_once(r, t[2 * WORDS], m);
}

static bool bit(const number a, unsigned i)
{
    return (a[i / 32] >> i % 32 & 1) != 0;
}

// r = 1 / a in Montgomery form, by Fermat: a^(m - 2). r is not a.
static void invert(number r, const number a, const struct modulus *m)
{
    static const number one = {1}, two = {2};
    number exponent;

    add_words(exponent, m->m, two, false);
    multiply(r, one, m->rr, m);
    for (unsigned i = 32 * WORDS; i-- > 0;) {
        multiply(r, r, r, m);
        if (bit(exponent, i)) {
            multiply(r, r, a, m);
        }
    }
}

// --- formulas: each row an operation on sixteen coordinates ---

enum { MUL, ADD, SUB };
enum { X1, Y1, Z1, X2, Y2, Z2, X3, Y3, Z3, T0, T1, T2, T3, T4, B, COORDINATES };

#define ROW(op, to, x, y) (uint16_t)((op) << 12 | (to) << 8 | (x) << 4 | (y))
#define ROWS(table)       table, sizeof(table) / sizeof(table[0])

// (X3, Y3, Z3) = (X1, Y1, Z1) + (X2, Y2, Z2)
static const uint16_t sum_formula[] = {
    ROW(MUL, T0, X1, X2), ROW(MUL, T1, Y1, Y2), ROW(MUL, T2, Z1, Z2),
    ROW(ADD, T3, X1, Y1), ROW(ADD, T4, X2, Y2), ROW(MUL, T3, T3, T4),
    ROW(ADD, T4, T0, T1), ROW(SUB, T3, T3, T4), ROW(ADD, T4, Y1, Z1),
    ROW(ADD, X3, Y2, Z2), ROW(MUL, T4, T4, X3), ROW(ADD, X3, T1, T2),
    ROW(SUB, T4, T4, X3), ROW(ADD, X3, X1, Z1), ROW(ADD, Y3, X2, Z2),
    ROW(MUL, X3, X3, Y3), ROW(ADD, Y3, T0, T2), ROW(SUB, Y3, X3, Y3),
    ROW(MUL, Z3, B, T2),  ROW(SUB, X3, Y3, Z3), ROW(ADD, Z3, X3, X3),
    ROW(ADD, X3, X3, Z3), ROW(SUB, Z3, T1, X3), ROW(ADD, X3, T1, X3),
    ROW(MUL, Y3, B, Y3),  ROW(ADD, T1, T2, T2), ROW(ADD, T2, T1, T2),
    ROW(SUB, Y3, Y3, T2), ROW(SUB, Y3, Y3, T0), ROW(ADD, T1, Y3, Y3),
    ROW(ADD, Y3, T1, Y3), ROW(ADD, T1, T0, T0), ROW(ADD, T0, T1, T0),
    ROW(SUB, T0, T0, T2), ROW(MUL, T1, T4, Y3), ROW(MUL, T2, T0, Y3),
    ROW(MUL, Y3, X3, Z3), ROW(ADD, Y3, Y3, T2), ROW(MUL, X3, T3, X3),
    ROW(SUB, X3, X3, T1), ROW(MUL, Z3, T4, Z3), ROW(MUL, T1, T3, T0),
    ROW(ADD, Z3, Z3, T1),
};

// T0 = X1^3 - 3 * X1 + B - Y1^2, which is 0 on the curve
static const uint16_t curve_formula[] = {
    ROW(MUL, T0, X1, X1), ROW(MUL, T0, T0, X1), ROW(SUB, T0, T0, X1),
    ROW(SUB, T0, T0, X1), ROW(SUB, T0, T0, X1), ROW(ADD, T0, T0, B),
    ROW(MUL, T1, Y1, Y1), ROW(SUB, T0, T0, T1),
};

struct point {
    number x, y, z;
};

static void run(number c[COORDINATES], const uint16_t *row, size_t rows)
{
    for (; rows > 0; rows--, row++) {
        uint32_t *to = c[*row >> 8 & 15];
        const uint32_t *x = c[*row >> 4 & 15], *y = c[*row & 15];

        if (*row >> 12 == MUL) {
            multiply(to, x, y, &prime);
        } else {
            add_modulo(to, x, y, *row >> 12 == ADD, &prime);
        }
    }
}

// a += b
static void add(number c[COORDINATES], struct point *a, const struct point *b)
{
    memcpy(c[X1], a, sizeof(*a));
    memcpy(c[X2], b, sizeof(*b));
    run(c, ROWS(sum_formula));
    memcpy(a, c[X3], sizeof(*a));
}

// From X || Y. False when that is no point of the curve.
static bool decode(number c[COORDINATES], struct point *p,
                   const uint8_t bytes[64])
{
    static const number one = {1};

    from_bytes(p->x, bytes);
    from_bytes(p->y, bytes + 32);
    if (!below(p->x, prime.m) || !below(p->y, prime.m)) {
        return false;
    }
    multiply(p->x, p->x, prime.rr, &prime);
    multiply(p->y, p->y, prime.rr, &prime);
    multiply(p->z, one, prime.rr, &prime);
    memcpy(c[X1], p, sizeof(*p));
    run(c, ROWS(curve_formula));
    return is_zero(c[T0]);
}

// Two bits of a number, from bit i on.
static unsigned two_bits(const number a, unsigned i)
{
    return a[i / 32] >> i % 32 & 3;
}

// *sum = x * a + y * g, all in one pass: two bits of each number at a time,
// with the sums of up to three of both points at hand.
static void multiply_points(number c[COORDINATES], struct point *sum,
                            const struct point *a, const number x,
                            const struct point *g, const number y)
{
    struct point table[16]; // i * a + k * g at [i + 4 * k]

    memset(&table[0], 0, sizeof(table[0])); // infinity: x 0, y 1, z 0
    memcpy(table[0].y, a->z, sizeof(number));
    for (unsigned i = 1; i < 16; i++) {
        unsigned step = i % 4 != 0 ? 1 : 4;

        table[i] = table[i - step];
        add(c, &table[i], step == 1 ? a : g);
    }
    *sum = table[0];
    for (unsigned i = 32 * WORDS; i > 0;) {
        i -= 2;
        add(c, sum, sum);
        add(c, sum, sum);
        add(c, sum, &table[two_bits(x, i) + 4 * two_bits(y, i)]);
    }
}

// Is x = X / Z of the point congruent to r modulo the order? x is below the
// prime, which is less than twice the order: it is r or r + order.
static bool x_is(const struct point *p, const number r)
{
    number x = {0}, want;

    memcpy(x, r, sizeof(x));
    do {
        multiply(want, x, prime.rr, &prime);
        multiply(want, want, p->z, &prime);
        if (memcmp(want, p->x, sizeof(want)) == 0) {
            return true;
        }
    } while (add_words(x, x, order.m, true) == 0 && below(x, prime.m));
    return false;
}

bool p256_verify(const uint8_t pub[64], const uint8_t hash[32],
                 const uint8_t sig[64])
{
    number c[COORDINATES];
    struct point key, g, sum;
    number e, r, s, w;

    multiply(c[B], b_plain, prime.rr, &prime);
    from_bytes(e, hash);
    from_bytes(r, sig);
    from_bytes(s, sig + 32);
    if (is_zero(r) || is_zero(s) || !below(r, order.m) || !below(s, order.m) ||
        !decode(c, &key, pub) || !decode(c, &g, generator)) {
        return false;
    }
    // SEC 1, 4.1.4: x(e / s * G + r / s * key) = r. A factor in Montgomery
    // form times a plain one gives a plain product.
    multiply(s, s, order.rr, &order);
    invert(w, s, &order);
    reduce_once(e, 0, &order);
    multiply(e, e, w, &order);
    multiply(s, r, w, &order);
    multiply_points(c, &sum, &key, s, &g, e);
    return !is_zero(sum.z) && x_is(&sum, r);
}
