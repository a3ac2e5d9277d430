// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/testing.h"

#include "lib/fb/bytes.h"
#include "lib/fb/crypto.h"
#include "lib/fb/signature.h"

#define VECTORS "tests/vectors/sign"

static uint8_t data64k[65536], data100[100];

static int make_data(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < sizeof(data64k); i++) {
        data64k[i] = (uint8_t)(i * i * 7 + i * 13 + 5);
    }
    for (unsigned i = 0; i < sizeof(data100); i++) {
        data100[i] = (uint8_t)(i * 11 + 1);
    }
    return 0;
}

static void test_espsecure_signatures(void **state)
{
    uint8_t pub[64], block[68];
    struct fb_fault fault = {FB_OK, 1, 2, 3};

    (void)state;
    assert_int_equal(testing_file(pub, 64, VECTORS, "p256.pub.bin"), 64);
    assert_int_equal(testing_file(block, 68, VECTORS, "data64k.v1.sig"), 68);
    assert_int_equal(
        fb_signature_v1_verify(pub, data64k, sizeof(data64k), block, &fault),
        FB_OK);
    assert_int_equal(testing_file(block, 68, VECTORS, "data100.v1.sig"), 68);
    assert_int_equal(fb_signature_v1_verify(testing_guarded(pub, 64),
                                            testing_guarded(data100, 100), 100,
                                            testing_guarded(block, 68), &fault),
                     FB_OK);
    assert_int_equal(fault.offset, 1); // untouched
    // of other data
    assert_int_equal(
        fb_signature_v1_verify(pub, data64k, sizeof(data64k), block, &fault),
        FB_E_BAD_SIGNATURE);
    assert_int_equal(fault.status, FB_E_BAD_SIGNATURE);
    assert_int_equal(fault.offset, 4); // r and s
}

// The partition table of Pycom's releases of 2017 and 2018 signed with
// ecdsa256_secure_boot_signing_key.pem of esptool, test/secure_images.
static void test_partition_table(void **state)
{
    uint8_t pub[64], table[0xC00 + 68], want[32], got[32];
    struct fb_sha256 sha;

    (void)state;
    testing_hex(
        pub, 64,
        "34cefadb3feeb2193e7345ce218a62f302d25ae17908e9d4d150109eddeca534"
        "97ea5ddba707eea69b1e983770cbe68a6dd81ec8c603c456d138b38f4d16d827");
    memset(table, 0xFF, sizeof(table));
    testing_hex(
        table, sizeof(table),
        "aa50010200900000007000006e76730000000000000000000000000000000000"
        "aa5000000000010000001800666163746f727900000000000000000001000000"
        "aa50010000001900001000006f74616461746100000000000000000001000000"
        "aa50001000001a00000018006f74615f30000000000000000000000001000000"
        "aa500107000032000000010064756d6d79000000000000000000000000000000"
        "aa5001050000380000f007006673000000000000000000000000000001000000"
        "aa50010600f03f0000100000636f6e6669670000000000000000000000000000"
        "ebebffffffffffffffffffffffffffff788f4f9dcb760dc94f97f9ca358b5f83");
    testing_hex(
        table + 0xC00, 68,
        "00000000"
        "83625050ec2a8c67d545b7eaf75f5b3a752f6109aae5a0640f03c486eaac6618"
        "ff7007ed0c8f985968b93fee79b83dad8b7687f29f552d124fa21a0cbd09b533");
    testing_hex(
        want, 32,
        "0e463457ddf9493ddabd294d2567c603565b43abff66d827221fc56fcb638a28");
    fb_sha256_init(&sha);
    fb_sha256_update(&sha, table, sizeof(table));
    fb_sha256_final(&sha, got);
    assert_memory_equal(got, want, 32);
    assert_int_equal(
        fb_signature_v1_verify(pub, table, 0xC00, table + 0xC00, NULL), FB_OK);
    // Signed over 0xC00 bytes, not over the whole sector.
    assert_int_equal(
        fb_signature_v1_verify(pub, table, 0xBFF, table + 0xC00, NULL),
        FB_E_BAD_SIGNATURE);
}

static void test_any_change_is_refused(void **state)
{
    uint8_t pub[64], block[68];

    (void)state;
    testing_file(pub, 64, VECTORS, "p256.pub.bin");
    testing_file(block, 68, VECTORS, "data100.v1.sig");
    for (unsigned i = 0; i < 64 + 64 + 100; i++) {
        uint8_t *p = i < 64    ? &pub[i]
                     : i < 128 ? &block[4 + i - 64]
                               : &data100[i - 128];
        uint8_t flip = (uint8_t)(1u << i % 8);

        *p ^= flip;
        assert_int_equal(fb_signature_v1_verify(pub, data100, 100, block, NULL),
                         FB_E_BAD_SIGNATURE);
        *p ^= flip;
    }
    assert_int_equal(fb_signature_v1_verify(pub, data100, 100, block, NULL),
                     FB_OK);
    assert_int_equal(fb_signature_v1_verify(pub, data100, 99, block, NULL),
                     FB_E_BAD_SIGNATURE);
    assert_int_equal(fb_signature_v1_verify(pub, data100, 0, block, NULL),
                     FB_E_BAD_SIGNATURE);
}

static void test_other_versions_are_refused(void **state)
{
    uint8_t pub[64], block[68];
    struct fb_fault fault;

    (void)state;
    testing_file(pub, 64, VECTORS, "p256.pub.bin");
    testing_file(block, 68, VECTORS, "data100.v1.sig");
    for (unsigned bit = 0; bit < 32; bit++) {
        store32_le(block, 1u << bit);
        assert_int_equal(
            fb_signature_v1_verify(pub, data100, 100, block, &fault),
            FB_E_BAD_VERSION);
        assert_int_equal(fault.status, FB_E_BAD_VERSION);
        assert_int_equal(fault.offset, 0);
        assert_int_equal(fault.got, 1u << bit);
        assert_int_equal(fault.want, 0);
    }
}

static void test_blank_and_empty_blocks_are_refused(void **state)
{
    uint8_t pub[64], block[68];

    (void)state;
    testing_file(pub, 64, VECTORS, "p256.pub.bin");
    memset(block, 0xFF, 68);
    assert_int_equal(fb_signature_v1_verify(pub, data100, 100, block, NULL),
                     FB_E_BAD_VERSION);
    memset(block, 0, 68);
    assert_int_equal(fb_signature_v1_verify(pub, data100, 100, block, NULL),
                     FB_E_BAD_SIGNATURE);
}

static void test_encode(void **state)
{
    uint8_t pub[64], want[68], *block = testing_guarded(NULL, 68);

    (void)state;
    testing_file(pub, 64, VECTORS, "p256.pub.bin");
    testing_file(want, 68, VECTORS, "data100.v1.sig");
    memset(block, 0xA5, 68);
    fb_signature_v1_encode(testing_guarded(want + 4, 64), block);
    assert_memory_equal(block, want, 68);
}

static void test_verify_hash(void **state)
{
    uint8_t pub[64], block[68], hash[32];
    struct fb_sha256 sha;

    (void)state;
    testing_file(pub, 64, VECTORS, "p256.pub.bin");
    testing_file(block, 68, VECTORS, "data64k.v1.sig");
    fb_sha256_init(&sha);
    fb_sha256_update(&sha, data64k, sizeof(data64k));
    fb_sha256_final(&sha, hash);
    assert_int_equal(fb_signature_v1_verify_hash(pub, hash, block, NULL),
                     FB_OK);
    for (unsigned i = 0; i < 32; i++) {
        hash[i] ^= 0x10;
        assert_int_equal(fb_signature_v1_verify_hash(pub, hash, block, NULL),
                         FB_E_BAD_SIGNATURE);
        hash[i] ^= 0x10;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_espsecure_signatures),
        cmocka_unit_test(test_partition_table),
        cmocka_unit_test(test_any_change_is_refused),
        cmocka_unit_test(test_other_versions_are_refused),
        cmocka_unit_test(test_blank_and_empty_blocks_are_refused),
        cmocka_unit_test(test_encode),
        cmocka_unit_test(test_verify_hash),
    };

    return cmocka_run_group_tests(tests, make_data, NULL);
}
