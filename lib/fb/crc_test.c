// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/testing.h"

#include "lib/fb/crc.h"

static const uint8_t digits[9] = {'1', '2', '3', '4', '5', '6', '7', '8', '9'};

// The check value of CRC-8/MAXIM in the catalogue of parametrised CRCs.
static void test_crc8_check_value(void **state)
{
    (void)state;
    assert_int_equal(fb_crc8(testing_guarded(digits, 9), 9), 0xA1);
    assert_int_equal(fb_crc8(digits, 0), 0);
}

// The eFuses of a real part: words 1 and 2 are 1b604b8c 009fe05a.
static void test_crc8_of_a_mac(void **state)
{
    static const uint8_t mac[6] = {0xE0, 0x5A, 0x1B, 0x60, 0x4B, 0x8C};
    uint8_t changed[6];

    (void)state;
    assert_int_equal(fb_crc8(testing_guarded(mac, 6), 6), 0x9F);
    for (unsigned bit = 0; bit < 48; bit++) {
        memcpy(changed, mac, 6);
        changed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(fb_crc8(changed, 6), 0x9F);
    }
}

// The check value of CRC-32/ISO-HDLC, which is zlib's.
static void test_crc32_check_value(void **state)
{
    (void)state;
    assert_int_equal(fb_crc32(0, testing_guarded(digits, 9), 9), 0xCBF43926);
    assert_int_equal(fb_crc32(0, digits, 0), 0);
}

// From python3: zlib.crc32(bytes(256)), zlib.crc32(bytes(range(256))),
// zlib.crc32(b"\x01\0\0\0", 0xFFFFFFFF); the last is the CRC that ESP-IDF's
// otadata holds for sequence number 1.
static void test_crc32_of_zlib(void **state)
{
    static const uint8_t one[4] = {1, 0, 0, 0};
    uint8_t p[256] = {0};

    (void)state;
    assert_int_equal(fb_crc32(0, p, 256), 0x0D968558);
    for (unsigned i = 0; i < 256; i++) {
        p[i] = (uint8_t)i;
    }
    assert_int_equal(fb_crc32(0, p, 256), 0x29058C73);
    assert_int_equal(fb_crc32(0xFFFFFFFF, one, 4), 0x4743989A);
}

static void test_crc32_goes_on(void **state)
{
    uint64_t random = 1;
    uint8_t p[100];

    (void)state;
    testing_random(&random, p, sizeof(p));
    for (unsigned cut = 0; cut <= sizeof(p); cut++) {
        uint32_t crc = fb_crc32(0, p, cut);

        assert_int_equal(fb_crc32(crc, p + cut, sizeof(p) - cut),
                         fb_crc32(0, p, sizeof(p)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crc8_check_value),
        cmocka_unit_test(test_crc8_of_a_mac),
        cmocka_unit_test(test_crc32_check_value),
        cmocka_unit_test(test_crc32_of_zlib),
        cmocka_unit_test(test_crc32_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
