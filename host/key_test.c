// SPDX-License-Identifier: Apache-2.0

#include "host/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "host/aes_xts.h"
#include "host/random.h"
#include "lib/fb/crypto.h"

// Bytes as hex, to compare with what a standard prints.
static const char *hex(const uint8_t *p, size_t n)
{
    static char text[1024];

    for (size_t i = 0; i < n; i++) {
        snprintf(text + 2 * i, 3, "%02x", p[i]);
    }
    return text;
}

static void sha256(const char *text, uint8_t out[32])
{
    struct fb_sha256 sha;

    fb_sha256_init(&sha);
    fb_sha256_update(&sha, text, strlen(text));
    fb_sha256_final(&sha, out);
}

// The key of RFC 6979, A.2.5, as SEC1, and its public half as SPKI.
static const char rfc_pem[] =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "MHcCAQEEIMmvqdhFunUWa1whV2ex1pNOUMPbNuibEnuKYisSD2choAoGCCqGSM49\n"
    "AwEHoUQDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7Yfps5mliLmDyn7Z5A/4QCLi8\n"
    "maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ==\n"
    "-----END EC PRIVATE KEY-----\n";

static const char rfc_point[] =
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";

static struct host_key *parse(const char *pem, size_t n)
{
    struct host_key *key = NULL;

    assert_null(host_key_parse((const uint8_t *)pem, n, &key));
    return key;
}

static void signatures_are_those_of_rfc_6979(void **state)
{
    struct host_key *key = parse(rfc_pem, strlen(rfc_pem));
    uint8_t number[HOST_KEY_POINT_MAX];
    uint8_t digest[32];
    uint8_t rs[HOST_KEY_SIG_MAX];

    (void)state;
    assert_int_equal(host_key_kind(key), HOST_KEY_P256);
    assert_true(host_key_is_private(key));
    assert_true(host_key_scalar(key, number));
    assert_string_equal(
        hex(number, 32),
        "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721");
    assert_true(host_key_point(key, number));
    assert_string_equal(hex(number, 64), rfc_point);
    sha256("sample", digest);
    assert_true(host_key_sign_v1(key, digest, rs));
    assert_string_equal(
        hex(rs, 64),
        "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
        "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8");
    assert_true(host_key_verify(key, digest, rs));
    sha256("test", digest);
    assert_false(host_key_verify(key, digest, rs));
    assert_true(host_key_sign_v1(key, digest, rs));
    assert_string_equal(
        hex(rs, 64),
        "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367"
        "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083");
    host_key_free(key);
}

static void expect_refused(const void *text, size_t n, const char *why)
{
    struct host_key *key = NULL;

    assert_string_equal(host_key_parse(text, n, &key), why);
    assert_null(key);
}

static void what_is_no_key_is_refused(void **state)
{
    char text[sizeof(rfc_pem)];
    uint8_t raw[64];

    (void)state;
    expect_refused("", 0, "is not a key in PEM form");
    expect_refused("hello", 5, "is not a key in PEM form");
    memset(raw, 1, sizeof(raw));
    expect_refused(raw, 64, "has 64 bytes, but they are no P-256 public key");
    expect_refused(raw, 63, "is not a key in PEM form");
    // Cut anywhere, the key is not taken for one.
    for (size_t n = 0; n + 2 < strlen(rfc_pem); n++) {
        struct host_key *key = NULL;
        if (n != HOST_KEY_RAW_SIZE) {
            assert_non_null(host_key_parse((const uint8_t *)rfc_pem, n, &key));
        }
        assert_null(key);
    }
    // A public half that is another key's: base64 of its last bytes changed.
    memcpy(text, rfc_pem, sizeof(text));
    *strstr(text, "EYimQ") = 'F';
    expect_refused(text, strlen(text),
                   "is damaged: no key can be read from "
                   "it");
}

static void public_forms_agree(void **state)
{
    struct host_key *key = parse(rfc_pem, strlen(rfc_pem));
    struct host_file pem = {0};
    uint8_t point[HOST_KEY_POINT_MAX];
    uint8_t again[HOST_KEY_POINT_MAX];

    (void)state;
    assert_null(host_key_private_pem(key, &pem));
    assert_true(pem.secret);
    assert_int_equal(pem.size, strlen(rfc_pem));
    assert_memory_equal(pem.data, rfc_pem, pem.size);
    host_file_free(&pem);
    assert_null(host_key_public_pem(key, &pem));
    assert_true(host_key_point(key, point));
    host_key_free(key);

    key = parse((const char *)pem.data, pem.size);
    host_file_free(&pem);
    assert_false(host_key_is_private(key));
    assert_false(host_key_scalar(key, again));
    assert_false(host_key_sign_v1(key, point, again));
    assert_true(host_key_point(key, again));
    assert_memory_equal(point, again, 64);
    host_key_free(key);

    key = parse((const char *)point, 64);
    assert_true(host_key_point(key, again));
    assert_memory_equal(point, again, 64);
    host_key_free(key);
}

static void every_kind_signs_and_verifies(void **state)
{
    static const enum host_key_kind kinds[] = {HOST_KEY_P192, HOST_KEY_P256,
                                               HOST_KEY_P384, HOST_KEY_RSA3072};
    uint8_t digest[48];
    uint8_t sig[HOST_KEY_SIG_MAX];

    (void)state;
    for (unsigned i = 0; i < sizeof(digest); i++) {
        digest[i] = (uint8_t)(i * 5 + 1);
    }
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct host_key *key = NULL;
        struct host_key *other = NULL;
        struct host_file pem = {0};
        assert_null(host_key_generate(kinds[i], &key));
        assert_null(host_key_private_pem(key, &pem));
        host_key_free(key);
        key = parse((const char *)pem.data, pem.size);
        host_file_free(&pem);
        assert_int_equal(host_key_kind(key), kinds[i]);
        assert_true(host_key_sign(key, digest, sig));
        assert_true(host_key_verify(key, digest, sig));
        sig[3] ^= 0x10;
        assert_false(host_key_verify(key, digest, sig));
        sig[3] ^= 0x10;
        digest[0] ^= 1;
        assert_false(host_key_verify(key, digest, sig));
        digest[0] ^= 1;
        assert_null(host_key_generate(kinds[i], &other));
        assert_false(host_key_verify(other, digest, sig));
        host_key_free(other);
        host_key_free(key);
    }
}

static void signatures_in_der_are_read(void **state)
{
    // SEQUENCE { INTEGER 1, INTEGER 0x80 }
    static const uint8_t der[] = {0x30, 7, 2, 1, 1, 2, 2, 0, 0x80};
    uint8_t sig[HOST_KEY_SIG_MAX];

    (void)state;
    assert_true(host_key_sig_from_der(HOST_KEY_P256, der, sizeof(der), sig));
    assert_int_equal(sig[31], 1);
    assert_int_equal(sig[63], 0x80);
    assert_int_equal(sig[30] | sig[62], 0);
    assert_false(
        host_key_sig_from_der(HOST_KEY_P256, der, sizeof(der) - 1, sig));
    assert_false(
        host_key_sig_from_der(HOST_KEY_RSA3072, der, sizeof(der), sig));
    assert_false(host_key_sig_from_der(HOST_KEY_P256, sig, 0, sig));
}

static void random_bytes_fill_everything(void **state)
{
    uint8_t seen[300] = {0};
    uint8_t p[300];

    (void)state;
    for (unsigned round = 0; round < 16; round++) {
        assert_int_equal(host_random(p, sizeof(p)), 0);
        for (unsigned i = 0; i < sizeof(p); i++) {
            seen[i] |= p[i];
        }
    }
    for (unsigned i = 0; i < sizeof(seen); i++) {
        assert_int_not_equal(seen[i], 0); // by chance once in 2^120
    }
}

static void xts_needs_two_different_halves(void **state)
{
    uint8_t key[32] = {0};
    uint8_t data[16] = {0};

    (void)state;
    assert_false(host_aes_xts(key, sizeof(key), 0, data, sizeof(data), true));
    key[0] = 1;
    assert_true(host_aes_xts(key, sizeof(key), 0, data, sizeof(data), true));
    assert_true(host_aes_xts(key, sizeof(key), 0, data, sizeof(data), false));
    assert_memory_equal(data, (uint8_t[16]){0}, sizeof(data));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_are_those_of_rfc_6979),
        cmocka_unit_test(what_is_no_key_is_refused),
        cmocka_unit_test(public_forms_agree),
        cmocka_unit_test(every_kind_signs_and_verifies),
        cmocka_unit_test(signatures_in_der_are_read),
        cmocka_unit_test(random_bytes_fill_everything),
        cmocka_unit_test(xts_needs_two_different_halves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
