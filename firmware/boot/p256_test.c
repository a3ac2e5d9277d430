// SPDX-License-Identifier: Apache-2.0
//
// p256.c against numbers of others: RFC 6979's examples, espsecure's
// signatures, and BearSSL's ec_p256_m31 as Debian builds it; and the sums at
// which formulas for different points fail.

#define _DEFAULT_SOURCE // for testing.h

#include "lib/fb/testing.h"

#include <bearssl.h>

#include "firmware/boot/p256.c"

static uint64_t seed = 1;

// The order of the curve less k (FIPS 186-4, D.1.2.3); k below 0x51.
static void order_less(uint8_t out[32], uint8_t k)
{
    testing_hex(
        out, 32,
        "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551");
    out[31] = (uint8_t)(out[31] - k);
}

static void small_number(uint8_t out[32], uint32_t k)
{
    memset(out, 0, 32);
    store32_be(out + 28, k);
}

static void random_number(uint8_t out[32])
{
    for (unsigned i = 0; i < 32; i += 4) {
        store32_be(out + i, testing_random32(&seed));
    }
    out[0] &= 0x7F; // below the order
}

static void point_of(uint8_t out[65], const uint8_t k[32])
{
    assert_int_equal(br_ec_p256_m31.mulgen(out, k, 32, BR_EC_secp256r1), 65);
}

// sum = x * point + y * G by p256.c; is it the point `want` (NULL: infinity)?
static bool comes_to(const uint8_t point[65], const uint8_t x[32],
                     const uint8_t y[32], const uint8_t *want)
{
    number c[COORDINATES], xs, ys, expected;
    struct point a, g, sum;

    multiply(c[B], b_plain, prime.rr, &prime);
    assert_true(decode(c, &a, point + 1));
    assert_true(decode(c, &g, generator));
    from_bytes(xs, x);
    from_bytes(ys, y);
    multiply_points(c, &sum, &a, xs, &g, ys);
    if (want == NULL) {
        return is_zero(sum.z);
    }
    for (unsigned i = 0; i < 2; i++) {
        from_bytes(expected, want + 1 + 32 * i);
        multiply(expected, expected, prime.rr, &prime);
        multiply(expected, expected, sum.z, &prime);
        if (memcmp(expected, i == 0 ? sum.x : sum.y, sizeof(expected)) != 0) {
            return false;
        }
    }
    return !is_zero(sum.z);
}

static void test_adds_small_multiples(void **state)
{
    (void)state;
    // Every entry of the table, and sums of equal and known points.
    for (uint32_t a = 1; a <= 5; a++) {
        for (uint32_t x = 0; x < 20; x += x < 5 ? 1 : 7) {
            for (uint32_t y = 0; y < 20; y += y < 5 ? 1 : 7) {
                uint8_t k[32], point[65], want[65], xs[32], ys[32];

                small_number(k, a);
                point_of(point, k);
                small_number(xs, x);
                small_number(ys, y);
                small_number(k, a * x + y);
                if (a * x + y != 0) {
                    point_of(want, k);
                }
                assert_true(
                    comes_to(point, xs, ys, a * x + y != 0 ? want : NULL));
            }
        }
    }
}

static void test_sums_agree_with_another(void **state)
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
        assert_true(comes_to(a, x, y, b));
        b[64] ^= 1;
        assert_false(comes_to(a, x, y, b));
    }
}

static void test_knows_infinity(void **state)
{
    uint8_t x[32], y[32], k[32], a[65], g[65];

    (void)state;
    small_number(k, 1);
    point_of(g, k);
    for (uint8_t i = 1; i < 6; i++) {
        // i * G + (n - i) * G
        small_number(x, i);
        order_less(y, i);
        assert_true(comes_to(g, x, y, NULL));
        // (n - i) * G + (i + 1) * G = G
        small_number(y, i + 1u);
        order_less(x, i);
        assert_true(comes_to(g, x, y, g));
        // With A = -i * G the table itself holds infinity: i * G + A.
        order_less(k, i);
        point_of(a, k);
        small_number(x, 1);
        small_number(y, i + 1u);
        assert_true(comes_to(a, x, y, g));
        small_number(y, i);
        assert_true(comes_to(a, x, y, NULL));
    }
}

struct signature {
    uint8_t pub[64];
    uint8_t hash[32];
    uint8_t rs[64];
};

static bool verifies(const struct signature *s)
{
    return p256_verify(s->pub, s->hash, s->rs);
}

// The same question to BearSSL.
static bool verifies_elsewhere(const struct signature *s)
{
    uint8_t point[65] = {0x04};
    br_ec_public_key key = {BR_EC_secp256r1, point, sizeof(point)};

    memcpy(point + 1, s->pub, 64);
    return br_ecdsa_i31_vrfy_raw(&br_ec_p256_m31, s->hash, 32, &key, s->rs,
                                 64) == 1;
}

// RFC 6979, A.2.5: P-256, SHA-256, messages "sample" and "test".
static struct signature rfc6979(unsigned i)
{
    static const char *const rs[] = {
        "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
        "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
        "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367"
        "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083"};
    static const char *const message[] = {"sample", "test"};
    br_sha256_context c;
    struct signature s;

    testing_hex(
        s.pub, 64,
        "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
        "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299");
    testing_hex(s.rs, 64, rs[i]);
    br_sha256_init(&c);
    br_sha256_update(&c, message[i], strlen(message[i]));
    br_sha256_out(&c, s.hash);
    return s;
}

static void test_accepts_rfc6979(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct signature s = rfc6979(i);

        assert_true(verifies(&s));
    }
}

// Another bit anywhere: another key (mostly none on the curve), message,
// signature.
static void test_refuses_other_bits(void **state)
{
    const struct signature good = rfc6979(0);

    (void)state;
    for (unsigned i = 0; i < 8 * sizeof(good); i += 5) {
        struct signature s = good;
        uint8_t *p = (uint8_t *)&s;

        p[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_false(verifies(&s));
    }
}

static void test_refuses_edge_values(void **state)
{
    struct signature s = rfc6979(0);

    (void)state;
    memset(s.rs, 0, 32); // r = 0
    assert_false(verifies(&s));
    s = rfc6979(0);
    memset(s.rs + 32, 0, 32); // s = 0
    assert_false(verifies(&s));
    memset(s.rs, 0, 64);
    assert_false(verifies(&s));
    s = rfc6979(0);
    order_less(s.rs, 0); // r = n
    assert_false(verifies(&s));
    s = rfc6979(0);
    order_less(s.rs + 32, 0);
    assert_false(verifies(&s));
    memset(s.rs, 0xFF, 64);
    assert_false(verifies(&s));
    s = rfc6979(0);
    memset(s.pub, 0, 64); // not a point
    assert_false(verifies(&s));
    memset(s.pub, 0xFF, 64);
    assert_false(verifies(&s));
}

// Random keys and messages, signed by BearSSL; r and s as they are, and s
// exchanged for n - s, which is as good.
static void test_accepts_what_another_signs(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 40; i++) {
        uint8_t k[32], point[65];
        br_ec_private_key key = {BR_EC_secp256r1, k, 32};
        struct signature s;
        number n, high;

        random_number(k);
        random_number(s.hash);
        s.hash[0] ^= (uint8_t)(i << 7); // also at and above the order
        if (i == 0) {
            memset(s.hash, 0xFF, 32);
        }
        point_of(point, k);
        memcpy(s.pub, point + 1, 64);
        assert_int_equal(br_ecdsa_i31_sign_raw(&br_ec_p256_m31,
                                               &br_sha256_vtable, s.hash, &key,
                                               s.rs),
                         64);
        assert_true(verifies(&s));
        from_bytes(n, s.rs + 32);
        add_words(high, order.m, n, false);
        for (unsigned w = 0; w < WORDS; w++) {
            store32_be(s.rs + 60 - 4 * w, high[w]);
        }
        assert_true(verifies(&s));
        assert_true(verifies_elsewhere(&s));
        s.hash[31] ^= 1;
        assert_false(verifies(&s));
        assert_false(verifies_elsewhere(&s));
    }
}

// Made for the curve's special places: a point whose x lies between the order
// and the prime (r is x less the order), and keys for which the two products
// are equal points, opposite points, or one of them is infinite.
static void test_special_places(void **state)
{
    static const char *const keys[] = {
        // ((n + 3, y) - G) / 3: with r = 3, s = 1, hash 1 the sum is (n + 3, y)
        "ab835d9808d0b3e93199f38d0c1c9a5ab8c9bf62516ffbf37b037ea17f2fbd41"
        "e99c2933ec5b6de96409c9c5ebe6a33842583f16805b96074e9a977b125d29cd",
        // G
        "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
        // -G
        "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
        "b01cbd1c01e58065711814b583f061e9d431cca994cea1313449bf97c840ae0a",
    };
    struct signature s = {.hash = {[31] = 1}, .rs = {[31] = 3, [63] = 1}};
    uint32_t accepted = 0;

    (void)state;
    assert_int_equal(testing_hex(s.pub, 64, keys[0]), 64);
    assert_true(verifies(&s));
    assert_true(verifies_elsewhere(&s));
    s.rs[31]++;
    assert_false(verifies(&s));

    for (unsigned key = 1; key < 3; key++) {
        testing_hex(s.pub, 64, keys[key]);
        for (uint32_t e = 0; e < 6; e++) {
            // hash = +-r * k: the sum is (e + r) / s * G and the like.
            for (uint32_t r = 1; r < 6; r++) {
                small_number(s.hash, e);
                small_number(s.rs, r);
                small_number(s.rs + 32, 1);
                assert_int_equal(verifies(&s), verifies_elsewhere(&s));
                accepted += verifies(&s);
                order_less(s.hash, (uint8_t)r);
                assert_int_equal(verifies(&s), verifies_elsewhere(&s));
            }
        }
    }
    assert_int_equal(accepted, 0);
}

// espsecure's signature of 64 KiB.
static void test_espsecure(void **state)
{
    static uint8_t data[65536];
    uint8_t block[68];
    br_sha256_context c;
    struct signature s;

    (void)state;
    testing_file(data, sizeof(data), "tests/vectors/in", "data64k.bin");
    testing_file(block, sizeof(block), "tests/vectors/sign", "data64k.v1.sig");
    testing_file(s.pub, sizeof(s.pub), "tests/vectors/sign", "p256.pub.bin");
    memcpy(s.rs, block + 4, 64);
    br_sha256_init(&c);
    br_sha256_update(&c, data, sizeof(data));
    br_sha256_out(&c, s.hash);
    assert_true(verifies(&s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_adds_small_multiples),
        cmocka_unit_test(test_sums_agree_with_another),
        cmocka_unit_test(test_knows_infinity),
        cmocka_unit_test(test_accepts_rfc6979),
        cmocka_unit_test(test_refuses_other_bits),
        cmocka_unit_test(test_refuses_edge_values),
        cmocka_unit_test(test_accepts_what_another_signs),
        cmocka_unit_test(test_special_places),
        cmocka_unit_test(test_espsecure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
