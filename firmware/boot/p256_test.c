// SPDX-License-Identifier: Apache-2.0
//
// x * A + y * G of p256.c against another implementation, BearSSL's
// ec_p256_m31 as Debian builds it; and the sums at which formulas for different
// points fail. Needs BearSSL's sources (make third-party); skipped without.

#define _DEFAULT_SOURCE // for testing.h

#include "lib/fb/testing.h"

#if __has_include(<inner.h>)

#include "firmware/boot/p256.c"

static uint64_t seed = 1;

// The order of the curve less k (FIPS 186-4, D.1.2.3); k below 0x51.
static void order_less(uint8_t out[32], uint8_t k)
{
    memcpy(out, P256_N, 32);
    out[31] = (uint8_t)(out[31] - k);
}

static void number(uint8_t out[32], uint32_t k)
{
    memset(out, 0, 32);
    br_enc32be(out + 28, k);
}

static void random_number(uint8_t out[32])
{
    for (unsigned i = 0; i < 32; i += 4) {
        br_enc32be(out + i, testing_random32(&seed));
    }
    out[0] &= 0x7F; // below the order
}

static void point_of(uint8_t out[65], const uint8_t k[32])
{
    assert_int_equal(br_ec_p256_m31.mulgen(out, k, 32, BR_EC_secp256r1), 65);
}

static uint32_t ours(uint8_t a[65], const uint8_t x[32], const uint8_t y[32])
{
    return br_ec_p256_m15.muladd(a, NULL, 65, x, 32, y, 32, BR_EC_secp256r1);
}

// k as the one number that x * a + y * G comes to, all small.
static void comes_to(uint32_t a, uint32_t x, uint32_t y)
{
    uint8_t point[65], want[65], k[32], xs[32], ys[32];

    number(k, a);
    point_of(point, k);
    number(xs, x);
    number(ys, y);
    number(k, a * x + y);
    if (a * x + y == 0) {
        assert_int_equal(ours(point, xs, ys), 0);
        return;
    }
    point_of(want, k);
    assert_int_equal(ours(point, xs, ys), 1);
    assert_memory_equal(point, want, 65);
}

static void adds_small_multiples(void **state)
{
    (void)state;
    // Every entry of the table, and sums of equal and known points.
    for (uint32_t a = 1; a <= 5; a++) {
        for (uint32_t x = 0; x < 20; x += x < 5 ? 1 : 7) {
            for (uint32_t y = 0; y < 20; y += y < 5 ? 1 : 7) {
                comes_to(a, x, y);
            }
        }
    }
}

static void agrees_with_another(void **state)
{
    (void)state;
    for (int i = 0; i < 60; i++) {
        uint8_t k[32], x[32], y[32], a[65], b[65];

        random_number(k);
        random_number(x);
        random_number(y);
        point_of(a, k);
        memcpy(b, a, 65);
        assert_int_equal(
            br_ec_p256_m31.muladd(b, NULL, 65, x, 32, y, 32, BR_EC_secp256r1),
            1);
        assert_int_equal(ours(a, x, y), 1);
        assert_memory_equal(a, b, 65);
    }
}

static void knows_infinity(void **state)
{
    uint8_t x[32], y[32], k[32], a[65], g[65];

    (void)state;
    number(k, 1);
    point_of(g, k);
    for (uint8_t i = 1; i < 6; i++) {
        // i * G + (n - i) * G
        number(x, i);
        order_less(y, i);
        memcpy(a, g, 65);
        assert_int_equal(ours(a, x, y), 0);
        // (n - i) * G + (i + 1) * G = G
        number(y, i + 1u);
        order_less(x, i);
        memcpy(a, g, 65);
        assert_int_equal(ours(a, x, y), 1);
        assert_memory_equal(a, g, 65);
        // With A = -i * G the table itself holds infinity: i * G + A.
        order_less(k, i);
        point_of(a, k);
        number(x, 1);
        number(y, i + 1u);
        assert_int_equal(ours(a, x, y), 1);
        assert_memory_equal(a, g, 65);
        point_of(a, k);
        number(y, i);
        assert_int_equal(ours(a, x, y), 0);
    }
}

static void takes_numbers_of_any_length(void **state)
{
    static const uint8_t three[1] = {3}, long_five[34] = {[33] = 5};
    uint8_t k[32], a[65], want[65];

    (void)state;
    number(k, 2);
    point_of(a, k);
    number(k, 2 * 3 + 5);
    point_of(want, k);
    assert_int_equal(br_ec_p256_m15.muladd(a, NULL, 65, three, 1, long_five, 34,
                                           BR_EC_secp256r1),
                     1);
    assert_memory_equal(a, want, 65);
    assert_int_equal(
        br_ec_p256_m15.muladd(a, NULL, 65, three, 0, three, 0, BR_EC_secp256r1),
        0);
}

static void refuses_what_is_no_point(void **state)
{
    uint8_t k[32], a[65], bad[65];

    (void)state;
    number(k, 7);
    point_of(a, k);
    for (unsigned i = 0; i < 65; i++) {
        memcpy(bad, a, 65);
        bad[i] ^= 1;
        assert_int_equal(ours(bad, k, k), 0);
    }
    memcpy(bad, a, 65);
    bad[64] ^= 1;
    assert_int_equal(
        br_ec_p256_m15.muladd(a, bad, 65, k, 32, k, 32, BR_EC_secp256r1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adds_small_multiples),
        cmocka_unit_test(agrees_with_another),
        cmocka_unit_test(knows_infinity),
        cmocka_unit_test(takes_numbers_of_any_length),
        cmocka_unit_test(refuses_what_is_no_point),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
    puts("1..0 # SKIP no BearSSL sources (make third-party)");
    return 0;
}

#endif
