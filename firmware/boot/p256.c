// SPDX-License-Identifier: Apache-2.0
//
// BearSSL's P-256 (ec_p256_m15) for verifying only: nothing here is secret. So
// both products of a verification are made in one pass, with half the
// doublings, and without the table of multiples of the generator: a point like
// any other, which saves 2 KiB. Compiled with -fwhole-program, so that what
// nobody calls any more goes away.

#include <inner.h>

#define br_ec_p256_m15 p256_with_table
#include "src/ec/ec_p256_m15.c"
#undef br_ec_p256_m15

struct point {
    int infinite; // then p has no meaning
    p256_jacobian p;
};

static void add(struct point *a, const struct point *b)
{
    uint32_t opposite, z = 0;

    if (a->infinite || b->infinite) {
        if (a->infinite) {
            *a = *b;
        }
        return;
    }
    // z = 0 says that both have the same x; the result is then of no use.
    opposite = p256_add(&a->p, &b->p);
    reduce_final_f256(a->p.z);
    for (int i = 0; i < 20; i++) {
        z |= a->p.z[i];
    }
    if (z == 0 && opposite) {
        a->infinite = 1;
    } else if (z == 0) {
        *a = *b;
        p256_double(&a->p);
    }
}

static void twice(struct point *a)
{
    if (!a->infinite) {
        p256_double(&a->p);
    }
}

// Two bits of a number of n bytes, counted from the end of its bytes.
static unsigned two_bits(const unsigned char *x, size_t n, size_t from_end)
{
    return from_end / 4 < n ? x[n - 1 - from_end / 4] >> from_end % 4 * 2 & 3u
                            : 0;
}

// a = x * a + y * b; 0 if a or b is no point of the curve, or the sum is the
// point at infinity. b == NULL: the generator.
static uint32_t muladd(unsigned char *a, const unsigned char *b, size_t len,
                       const unsigned char *x, size_t xlen,
                       const unsigned char *y, size_t ylen, int curve)
{
    struct point sum = {.infinite = 1};
    struct point table[16]; // i * a + j * b at [i + 4 * j]

    (void)curve;
    memset(table, 0, sizeof table);
    table[0].infinite = 1;
    if (!p256_decode(&table[1].p, a, len) ||
        !p256_decode(&table[4].p, b != NULL ? b : P256_G, len)) {
        return 0;
    }
    for (unsigned i = 2; i < 16; i++) {
        // From the entry one step before, or twice the one half as far.
        if (i == 2 || i == 8) {
            table[i] = table[i / 2];
            twice(&table[i]);
        } else if (i != 4) {
            unsigned step = i % 4 != 0 ? 1 : 4;

            table[i] = table[i - step];
            add(&table[i], &table[step]);
        }
    }
    for (size_t i = 4 * (xlen > ylen ? xlen : ylen); i-- > 0;) {
        twice(&sum);
        twice(&sum);
        add(&sum, &table[two_bits(x, xlen, i) + 4 * two_bits(y, ylen, i)]);
    }
    if (sum.infinite) {
        return 0;
    }
    p256_to_affine(&sum.p);
    p256_encode(a, &sum.p);
    return 1;
}

__attribute__((externally_visible)) const br_ec_impl br_ec_p256_m15 = {
    .supported_curves = 1u << BR_EC_secp256r1,
    .generator = api_generator,
    .order = api_order,
    .xoff = api_xoff,
    .muladd = muladd,
};
