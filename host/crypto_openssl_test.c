// SPDX-License-Identifier: Apache-2.0
//
// The crypto seam against published vectors: FIPS 180-2 (SHA-2), RFC 1321
// (MD5), FIPS 197 and SP 800-38A (AES-256), RFC 6979 A.2.5 (ECDSA P-256).

#include "lib/fb/testing.h"

#include "lib/fb/crypto.h"

static const char two_blocks[] =
    "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
    "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu";

static void check_sha256(const void *p, size_t n, const char *want_hex)
{
    const uint8_t *in = testing_guarded(p, n);
    uint8_t want[32], got[32];
    struct fb_sha256 c, copy;

    assert_int_equal(testing_hex(want, sizeof(want), want_hex), 32);
    for (size_t cut = 0; cut <= n && cut <= 300; cut++) {
        fb_sha256_init(&c);
        fb_sha256_update(&c, in, cut);
        copy = c;
        fb_sha256_update(&c, in + cut, n - cut);
        fb_sha256_final(&c, got);
        assert_memory_equal(got, want, 32);
        fb_sha256_update(&copy, in + cut, n - cut);
        fb_sha256_final(&copy, got);
        assert_memory_equal(got, want, 32);
    }
}

static void test_sha256(void **state)
{
    static uint8_t million[1000000];

    (void)state;
    check_sha256("", 0,
                 "e3b0c44298fc1c149afbf4c8996fb924"
                 "27ae41e4649b934ca495991b7852b855");
    check_sha256("abc", 3,
                 "ba7816bf8f01cfea414140de5dae2223"
                 "b00361a396177a9cb410ff61f20015ad");
    check_sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
                 "248d6a61d20638b8e5c026930c3e6039"
                 "a33ce45964ff2167f6ecedd419db06c1");
    memset(million, 'a', sizeof(million));
    check_sha256(million, sizeof(million),
                 "cdc76e5c9914fb9281a1c7e284d73e67"
                 "f1809a48a497200e046d39ccc7112cd0");
}

static void check_sha512(const void *p, size_t n, const char *want_hex)
{
    const uint8_t *in = testing_guarded(p, n);
    uint8_t want[64], got[64];
    struct fb_sha512 c, copy;

    assert_int_equal(testing_hex(want, sizeof(want), want_hex), 64);
    for (size_t cut = 0; cut <= n; cut++) {
        fb_sha512_init(&c);
        fb_sha512_update(&c, in, cut);
        copy = c;
        fb_sha512_update(&c, in + cut, n - cut);
        fb_sha512_final(&c, got);
        assert_memory_equal(got, want, 64);
        fb_sha512_update(&copy, in + cut, n - cut);
        fb_sha512_final(&copy, got);
        assert_memory_equal(got, want, 64);
    }
}

static void test_sha512(void **state)
{
    (void)state;
    check_sha512("", 0,
                 "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36c"
                 "e9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327a"
                 "f927da3e");
    check_sha512("abc", 3,
                 "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55"
                 "d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94f"
                 "a54ca49f");
    check_sha512(two_blocks, 112,
                 "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb688"
                 "9018501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b"
                 "874be909");
}

static void test_sha384(void **state)
{
    struct fb_sha512 c;
    uint8_t want[48], got[48];

    (void)state;
    testing_hex(want, 48,
                "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff"
                "5bed8086072ba1e7cc2358baeca134c825a7");
    fb_sha384_init(&c);
    fb_sha512_update(&c, "a", 1);
    fb_sha512_update(&c, "bc", 2);
    fb_sha384_final(&c, got);
    assert_memory_equal(got, want, 48);
}

static void test_md5(void **state)
{
    uint8_t want[16], got[16];

    (void)state;
    testing_hex(want, 16, "d41d8cd98f00b204e9800998ecf8427e");
    fb_md5("", 0, got);
    assert_memory_equal(got, want, 16);
    testing_hex(want, 16, "f96b697d7cb7938d525a2f31aaf161d0");
    fb_md5("message digest", 14, got);
    assert_memory_equal(got, want, 16);
}

static void check_aes(const char *key_hex, const char *plain_hex,
                      const char *cipher_hex)
{
    uint8_t key[32], plain[16], cipher[16], got[16];
    struct fb_aes256 c;

    assert_int_equal(testing_hex(key, 32, key_hex), 32);
    assert_int_equal(testing_hex(plain, 16, plain_hex), 16);
    assert_int_equal(testing_hex(cipher, 16, cipher_hex), 16);
    fb_aes256_encrypt_init(&c, testing_guarded(key, 32));
    fb_aes256_encrypt(&c, testing_guarded(plain, 16), got);
    assert_memory_equal(got, cipher, 16);
    memcpy(got, plain, 16);
    fb_aes256_encrypt(&c, got, got);
    assert_memory_equal(got, cipher, 16);
    fb_aes256_decrypt_init(&c, key);
    fb_aes256_decrypt(&c, testing_guarded(cipher, 16), got);
    assert_memory_equal(got, plain, 16);
    memcpy(got, cipher, 16);
    fb_aes256_decrypt(&c, got, got);
    assert_memory_equal(got, plain, 16);
}

static void test_aes256(void **state)
{
    static const char key[] =
        "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4";

    (void)state;
    // FIPS 197, C.3
    check_aes(
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        "00112233445566778899aabbccddeeff", "8ea2b7ca516745bfeafc49904b496089");
    // SP 800-38A, F.1.5
    check_aes(key, "6bc1bee22e409f96e93d7e117393172a",
              "f3eed1bdb5d2a03c064b5a7e3db181f8");
    check_aes(key, "ae2d8a571e03ac9c9eb76fac45af8e51",
              "591ccb10d410ed26dc5ba74a31362870");
    check_aes(key, "30c81c46a35ce411e5fbc1191a0a52ef",
              "b6ed21b99ca6f4f9f153e7b1beafed1d");
    check_aes(key, "f69f2445df4f9b17ad2b417be66c3710",
              "23304b7a39f9f3ff067d8d8f9e24ecc7");
}

// RFC 6979, A.2.5, with SHA-256.
static const char rfc_pub[] =
    "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
    "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299";
static const char rfc_sample[] =
    "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
    "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8";
static const char rfc_test[] =
    "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367"
    "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083";

static void sha256_of(const char *text, uint8_t out[32])
{
    struct fb_sha256 c;

    fb_sha256_init(&c);
    fb_sha256_update(&c, text, strlen(text));
    fb_sha256_final(&c, out);
}

static void test_ecdsa_accepts(void **state)
{
    uint8_t pub[64], sig[64], hash[32];

    (void)state;
    testing_hex(pub, 64, rfc_pub);
    testing_hex(sig, 64, rfc_sample);
    sha256_of("sample", hash);
    assert_true(fb_ecdsa_p256_verify(testing_guarded(pub, 64),
                                     testing_guarded(hash, 32),
                                     testing_guarded(sig, 64)));
    sha256_of("test", hash);
    assert_false(fb_ecdsa_p256_verify(pub, hash, sig));
    testing_hex(sig, 64, rfc_test);
    assert_true(fb_ecdsa_p256_verify(pub, hash, sig));
}

static void test_ecdsa_refuses_any_change(void **state)
{
    uint8_t pub[64], sig[64], hash[32];

    (void)state;
    testing_hex(pub, 64, rfc_pub);
    testing_hex(sig, 64, rfc_sample);
    sha256_of("sample", hash);
    for (unsigned i = 0; i < 64; i++) {
        uint8_t flip = (uint8_t)(1u << i % 8);

        sig[i] ^= flip;
        assert_false(fb_ecdsa_p256_verify(pub, hash, sig));
        sig[i] ^= flip;
        pub[i] ^= flip;
        assert_false(fb_ecdsa_p256_verify(pub, hash, sig));
        pub[i] ^= flip;
        hash[i / 2] ^= flip;
        assert_false(fb_ecdsa_p256_verify(pub, hash, sig));
        hash[i / 2] ^= flip;
    }
    assert_true(fb_ecdsa_p256_verify(pub, hash, sig));
}

// r and s outside 1 .. n - 1; keys that are no point of the curve.
static void test_ecdsa_refuses_values_out_of_range(void **state)
{
    static const char order[] =
        "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551";
    static const char prime[] =
        "FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF";
    uint8_t pub[64], sig[64], hash[32];

    (void)state;
    testing_hex(pub, 64, rfc_pub);
    sha256_of("sample", hash);
    for (unsigned half = 0; half < 64; half += 32) {
        testing_hex(sig, 64, rfc_sample);
        memset(sig + half, 0, 32);
        assert_false(fb_ecdsa_p256_verify(pub, hash, sig));
        testing_hex(sig + half, 32, order);
        assert_false(fb_ecdsa_p256_verify(pub, hash, sig));
        memset(sig + half, 0xFF, 32);
        assert_false(fb_ecdsa_p256_verify(pub, hash, sig));
    }
    memset(sig, 0, 64);
    assert_false(fb_ecdsa_p256_verify(pub, hash, sig));
    testing_hex(sig, 64, rfc_sample);
    memset(pub, 0, 64);
    assert_false(fb_ecdsa_p256_verify(pub, hash, sig));
    testing_hex(pub, 64, rfc_pub);
    testing_hex(pub, 32, prime);
    assert_false(fb_ecdsa_p256_verify(pub, hash, sig));
    memset(pub, 0xFF, 64);
    assert_false(fb_ecdsa_p256_verify(pub, hash, sig));
}

// RFC 6979, A.2.3 (with SHA-256) and A.2.6 (with SHA-384), "sample".
static void test_ecdsa_on_other_curves(void **state)
{
    uint8_t pub[96], sig[96], hash[48];
    struct fb_sha512 c;

    (void)state;
    testing_hex(pub, 48,
                "AC2C77F529F91689FEA0EA5EFEC7F210D8EEA0B9E047ED56"
                "3BC723E57670BD4887EBC732C523063D0A7C957BC97C1C43");
    testing_hex(sig, 48,
                "4B0B8CE98A92866A2820E20AA6B75B56382E0F9BFD5ECB55"
                "CCDB006926EA9565CBADC840829D8C384E06DE1F1E381B85");
    sha256_of("sample", hash);
    assert_true(fb_ecdsa_verify(FB_CURVE_P192, testing_guarded(pub, 48),
                                testing_guarded(hash, 32), 32,
                                testing_guarded(sig, 48)));
    for (unsigned i = 0; i < 48; i++) {
        sig[i] ^= 0x40;
        assert_false(fb_ecdsa_verify(FB_CURVE_P192, pub, hash, 32, sig));
        sig[i] ^= 0x40;
    }
    testing_hex(pub, 96,
                "EC3A4E415B4E19A4568618029F427FA5DA9A8BC4AE92E02E"
                "06AAE5286B300C64DEF8F0EA9055866064A254515480BC13"
                "8015D9B72D7D57244EA8EF9AC0C621896708A59367F9DFB9"
                "F54CA84B3F1C9DB1288B231C3AE0D4FE7344FD2533264720");
    testing_hex(sig, 96,
                "94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA7"
                "3D64C4EA95AD133C81A648152E44ACF96E36DD1E80FABE46"
                "99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526"
                "203B6351D0A3A94FA329C145786E679E7B82C71A38628AC8");
    fb_sha384_init(&c);
    fb_sha512_update(&c, "sample", 6);
    fb_sha384_final(&c, hash);
    assert_true(fb_ecdsa_verify(FB_CURVE_P384, testing_guarded(pub, 96),
                                testing_guarded(hash, 48), 48,
                                testing_guarded(sig, 96)));
    for (unsigned i = 0; i < 96; i++) {
        sig[i] ^= 0x40;
        assert_false(fb_ecdsa_verify(FB_CURVE_P384, pub, hash, 48, sig));
        sig[i] ^= 0x40;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha256),
        cmocka_unit_test(test_sha512),
        cmocka_unit_test(test_sha384),
        cmocka_unit_test(test_md5),
        cmocka_unit_test(test_aes256),
        cmocka_unit_test(test_ecdsa_accepts),
        cmocka_unit_test(test_ecdsa_refuses_any_change),
        cmocka_unit_test(test_ecdsa_refuses_values_out_of_range),
        cmocka_unit_test(test_ecdsa_on_other_curves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
