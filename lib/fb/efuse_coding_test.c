// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/testing.h"

#include "lib/fb/efuse_coding.h"

static void test_capacity(void **state)
{
    (void)state;
    assert_int_equal(fb_efuse_coding_bytes(FB_CODING_NONE), 32);
    assert_int_equal(fb_efuse_coding_bytes(FB_CODING_3_4), 24);
    assert_int_equal(fb_efuse_coding_bytes(FB_CODING_REPEAT), 16);
    assert_int_equal(fb_efuse_coding_bytes(FB_CODING_NONE_RECOVERY), 32);
}

static void test_wrong_size_is_refused(void **state)
{
    uint8_t data[40] = {0};
    uint32_t words[8];

    (void)state;
    memset(words, 0xA5, sizeof(words));
    for (int coding = 0; coding < 4; coding++) {
        for (size_t n = 0; n <= sizeof(data); n++) {
            if (n == fb_efuse_coding_bytes((enum fb_efuse_coding)coding)) {
                continue;
            }
            assert_int_equal(
                fb_efuse_encode((enum fb_efuse_coding)coding, data, n, words),
                FB_E_SIZE);
            assert_int_equal(words[0], 0xA5A5A5A5);
            assert_int_equal(words[7], 0xA5A5A5A5);
        }
    }
}

static void test_none(void **state)
{
    uint32_t words[8], decoded[8];
    uint8_t data[32];

    (void)state;
    for (unsigned i = 0; i < 32; i++) {
        data[i] = (uint8_t)i;
    }
    for (int coding = 0; coding < 4; coding += 3) {
        assert_int_equal(fb_efuse_encode((enum fb_efuse_coding)coding,
                                         testing_guarded(data, 32), 32, words),
                         FB_OK);
        assert_int_equal(words[0], 0x03020100);
        assert_int_equal(words[7], 0x1F1E1D1C);
        assert_int_equal(
            fb_efuse_decode((enum fb_efuse_coding)coding, words, decoded), 0);
        assert_memory_equal(decoded, words, 32);
    }
}

// A 24-byte key file 00 .. 17, reversed as burn_key does: the words that
// espefuse 2.8 writes.
static const uint32_t coded_key[8] = {0x14151617, 0x36011213, 0x0E0F1011,
                                      0x37010C0D, 0x08090A0B, 0x2C010607,
                                      0x02030405, 0x13010001};
static const uint32_t plain_key[8] = {0x14151617, 0x10111213, 0x0C0D0E0F,
                                      0x08090A0B, 0x04050607, 0x00010203};

static void test_3_4(void **state)
{
    uint32_t words[8], decoded[8];
    uint8_t data[24];

    (void)state;
    for (unsigned i = 0; i < 24; i++) {
        data[i] = (uint8_t)(23 - i);
    }
    assert_int_equal(
        fb_efuse_encode(FB_CODING_3_4, testing_guarded(data, 24), 24, words),
        FB_OK);
    assert_memory_equal(words, coded_key, 32);
    assert_int_equal(fb_efuse_decode(FB_CODING_3_4, words, decoded), 0);
    assert_memory_equal(decoded, plain_key, 32);
    // in place
    assert_int_equal(fb_efuse_decode(FB_CODING_3_4, words, words), 0);
    assert_memory_equal(words, plain_key, 32);
}

// 00 .. 05 has check bytes 01 1e, six ff have 00 a8.
static void test_3_4_check_bytes(void **state)
{
    uint8_t data[24] = {0, 1, 2, 3, 4, 5};
    uint32_t words[8];

    (void)state;
    memset(data + 6, 0xFF, 6);
    assert_int_equal(fb_efuse_encode(FB_CODING_3_4, data, 24, words), FB_OK);
    assert_int_equal(words[0], 0x03020100);
    assert_int_equal(words[1], 0x1E010504);
    assert_int_equal(words[2], 0xFFFFFFFF);
    assert_int_equal(words[3], 0xA800FFFF);
    assert_int_equal(words[4], 0);
    assert_int_equal(words[7], 0);
}

// Every single bit of a coded block is covered by the check bytes.
static void test_3_4_notices_each_bit(void **state)
{
    uint32_t words[8], decoded[8];

    (void)state;
    for (unsigned bit = 0; bit < 256; bit++) {
        memcpy(words, coded_key, 32);
        words[bit / 32] ^= 1u << bit % 32;
        assert_int_equal(fb_efuse_coding_errors(FB_CODING_3_4, words),
                         1 << bit / 64);
        assert_int_equal(fb_efuse_decode(FB_CODING_3_4, words, decoded), 1);
        assert_int_equal(fb_efuse_coding_errors(FB_CODING_NONE, words), 0);
        assert_int_equal(fb_efuse_coding_errors(FB_CODING_NONE_RECOVERY, words),
                         0);
        assert_int_equal(fb_efuse_coding_errors(FB_CODING_REPEAT, words), 0);
    }
    memset(words, 0xFF, 32);
    assert_int_equal(fb_efuse_decode(FB_CODING_3_4, words, decoded), 4);
}

static void test_3_4_blank_is_fine(void **state)
{
    uint32_t words[8] = {0}, decoded[8];

    (void)state;
    assert_int_equal(fb_efuse_decode(FB_CODING_3_4, words, decoded), 0);
    words[0] = coded_key[0]; // one group burned, three blank
    words[1] = coded_key[1];
    assert_int_equal(fb_efuse_decode(FB_CODING_3_4, words, decoded), 0);
    assert_int_equal(decoded[0], plain_key[0]);
    assert_int_equal(decoded[1], plain_key[1] & 0xFFFF);
}

static void test_repeat(void **state)
{
    uint32_t words[8], decoded[8];
    uint8_t data[16];

    (void)state;
    for (unsigned i = 0; i < 16; i++) {
        data[i] = (uint8_t)(0xF0 + i);
    }
    assert_int_equal(
        fb_efuse_encode(FB_CODING_REPEAT, testing_guarded(data, 16), 16, words),
        FB_OK);
    assert_int_equal(words[0], 0xF3F2F1F0);
    assert_int_equal(words[4], 0xF3F2F1F0);
    assert_int_equal(words[7], 0xFFFEFDFC);
    words[0] = 0; // one copy is enough
    assert_int_equal(fb_efuse_decode(FB_CODING_REPEAT, words, decoded), 0);
    assert_int_equal(decoded[0], 0xF3F2F1F0);
    assert_int_equal(decoded[3], 0xFFFEFDFC);
    assert_int_equal(decoded[4], 0);
    assert_int_equal(decoded[7], 0);
}

static void test_round_trips(void **state)
{
    uint64_t random = 7;
    uint8_t data[32];
    uint32_t words[8], decoded[8];

    (void)state;
    for (unsigned round = 0; round < 400; round++) {
        enum fb_efuse_coding coding = (enum fb_efuse_coding)(round % 4);
        size_t n = fb_efuse_coding_bytes(coding);

        testing_random(&random, data, n);
        assert_int_equal(fb_efuse_encode(coding, data, n, words), FB_OK);
        assert_int_equal(fb_efuse_decode(coding, words, decoded), 0);
        for (size_t i = 0; i < 32; i++) {
            assert_int_equal(decoded[i / 4] >> i % 4 * 8 & 0xFF,
                             i < n ? data[i] : 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_capacity),
        cmocka_unit_test(test_wrong_size_is_refused),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_3_4),
        cmocka_unit_test(test_3_4_check_bytes),
        cmocka_unit_test(test_3_4_notices_each_bit),
        cmocka_unit_test(test_3_4_blank_is_fine),
        cmocka_unit_test(test_repeat),
        cmocka_unit_test(test_round_trips),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
