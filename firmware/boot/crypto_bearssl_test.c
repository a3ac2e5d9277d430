// SPDX-License-Identifier: Apache-2.0
//
// The application's side of lib/fb/crypto.h against numbers of others. The file
// under test is compiled into this one; the host's libbearssl stands in for the
// BearSSL of the firmware.

#define _DEFAULT_SOURCE // for testing.h

#include "lib/fb/testing.h"

#include "firmware/boot/crypto_bearssl.c"

static void hex_equal(const uint8_t *p, size_t n, const char *text)
{
    uint8_t want[64];

    assert_int_equal(testing_hex(want, sizeof(want), text), n);
    assert_memory_equal(p, want, n);
}

// FIPS 180-4 examples; a context is copied in the middle.
static void test_sha256(void **state)
{
    static const char text[] =
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    struct fb_sha256 c, fork;
    uint8_t out[32];

    (void)state;
    fb_sha256_init(&c);
    fb_sha256_update(&c, text, 3);
    fork = c;
    fb_sha256_final(&c, out);
    hex_equal(out, 32,
              "ba7816bf8f01cfea414140de5dae2223"
              "b00361a396177a9cb410ff61f20015ad");
    fb_sha256_update(&fork, text + 3, sizeof(text) - 1 - 3);
    fb_sha256_final(&fork, out);
    hex_equal(out, 32,
              "248d6a61d20638b8e5c026930c3e6039"
              "a33ce45964ff2167f6ecedd419db06c1");
}

// RFC 1321, A.5.
static void test_md5(void **state)
{
    uint8_t out[16];

    (void)state;
    fb_md5("", 0, out);
    hex_equal(out, 16, "d41d8cd98f00b204e9800998ecf8427e");
    fb_md5("message digest", 14, out);
    hex_equal(out, 16, "f96b697d7cb7938d525a2f31aaf161d0");
}

struct signature {
    uint8_t pub[64];
    uint8_t hash[32];
    uint8_t rs[64];
};

// RFC 6979, A.2.5: P-256, SHA-256, message "sample".
static struct signature rfc6979(void)
{
    struct signature s;

    testing_hex(
        s.pub, 64,
        "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
        "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299");
    testing_hex(
        s.hash, 32,
        "AF2BDBE1AA9B6EC1E2ADE1D694F41FC71A831D0268E9891562113D8A62ADD1BF");
    testing_hex(
        s.rs, 64,
        "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
        "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8");
    return s;
}

static bool verifies(const struct signature *s)
{
    return fb_ecdsa_p256_verify(s->pub, s->hash, s->rs);
}

static void test_ecdsa_accepts(void **state)
{
    struct signature s = rfc6979();

    (void)state;
    assert_true(verifies(&s));
}

// Another bit anywhere: another key (mostly none on the curve), message,
// signature.
static void test_ecdsa_refuses_other_bits(void **state)
{
    const struct signature good = rfc6979();

    (void)state;
    for (unsigned i = 0; i < 8 * sizeof(good); i += 5) {
        struct signature s = good;
        uint8_t *p = (uint8_t *)&s;

        p[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_false(verifies(&s));
    }
}

static void test_ecdsa_refuses_edge_values(void **state)
{
    static const char order[] =
        "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551";
    struct signature s = rfc6979();

    (void)state;
    memset(s.rs, 0, 32); // r = 0
    assert_false(verifies(&s));
    s = rfc6979();
    memset(s.rs + 32, 0, 32); // s = 0
    assert_false(verifies(&s));
    memset(s.rs, 0, 64);
    assert_false(verifies(&s));
    s = rfc6979();
    testing_hex(s.rs, 32, order); // r = n
    assert_false(verifies(&s));
    s = rfc6979();
    testing_hex(s.rs + 32, 32, order);
    assert_false(verifies(&s));
    s = rfc6979();
    memset(s.pub, 0, 64); // not a point
    assert_false(verifies(&s));
    memset(s.pub, 0xFF, 64);
    assert_false(verifies(&s));
}

// espsecure's signature of 64 KiB.
static void test_espsecure(void **state)
{
    static uint8_t data[65536];
    uint8_t block[68];
    struct signature s;
    struct fb_sha256 c;

    (void)state;
    testing_file(data, sizeof(data), "tests/vectors/in", "data64k.bin");
    testing_file(block, sizeof(block), "tests/vectors/sign", "data64k.v1.sig");
    testing_file(s.pub, sizeof(s.pub), "tests/vectors/sign", "p256.pub.bin");
    memcpy(s.rs, block + 4, 64);
    fb_sha256_init(&c);
    fb_sha256_update(&c, data, sizeof(data));
    fb_sha256_final(&c, s.hash);
    assert_true(verifies(&s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha256),
        cmocka_unit_test(test_md5),
        cmocka_unit_test(test_ecdsa_accepts),
        cmocka_unit_test(test_ecdsa_refuses_other_bits),
        cmocka_unit_test(test_ecdsa_refuses_edge_values),
        cmocka_unit_test(test_espsecure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
