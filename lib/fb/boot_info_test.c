// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/boot_info.h"

#include "lib/fb/testing.h"

// Records whose CRC a bit-level model of the ROM's CRC-32 confirmed.
#define FRESH                                                                  \
    "00000000 01000000 00000000 ffffffff 00000000"                             \
    "ffffffffffffffffffffffffffffffff c5421381"
#define PENDING                                                                \
    "01000000 00000000 00000000 56341200 00000000"                             \
    "ffffffffffffffffffffffffffffffff 7bd961d4"

static void fresh_record(void **state)
{
    (void)state;
    uint8_t want[FB_BOOT_INFO_SIZE], got[FB_BOOT_INFO_SIZE];
    assert_int_equal(testing_hex(want, sizeof(want), FRESH), 40);
    struct fb_boot_info info;
    fb_boot_info_fresh(&info);
    fb_boot_info_encode(&info, got);
    assert_memory_equal(got, want, sizeof(want));
}

static void pending_update(void **state)
{
    (void)state;
    uint8_t bytes[FB_BOOT_INFO_SIZE], again[FB_BOOT_INFO_SIZE];
    testing_hex(bytes, sizeof(bytes), PENDING);
    struct fb_boot_info info;
    assert_int_equal(fb_boot_info_parse(bytes, &info), FB_OK);
    assert_int_equal(info.active, FB_BOOT_UPDATE1);
    assert_int_equal(info.state, FB_BOOT_CHECK);
    assert_int_equal(info.previous, FB_BOOT_FACTORY);
    assert_int_equal(info.size, 0x123456);
    assert_int_equal(info.safeboot, FB_SAFEBOOT_NO);
    fb_boot_info_encode(&info, again);
    assert_memory_equal(again, bytes, sizeof(bytes));
}

static void blank_and_broken(void **state)
{
    (void)state;
    struct fb_boot_info info = {.active = 77};
    uint8_t *bytes = testing_guarded(NULL, FB_BOOT_INFO_SIZE);
    memset(bytes, 0xFF, FB_BOOT_INFO_SIZE);
    assert_int_equal(fb_boot_info_parse(bytes, &info), FB_E_BLANK);
    memset(bytes, 0, FB_BOOT_INFO_SIZE);
    assert_int_equal(fb_boot_info_parse(bytes, &info), FB_E_BAD_CRC);
    testing_hex(bytes, FB_BOOT_INFO_SIZE, PENDING);
    for (size_t bit = 0; bit < 8 * FB_BOOT_INFO_SIZE; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(fb_boot_info_parse(bytes, &info), FB_E_BAD_CRC);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    // A CRC over a blank Status does not make it a record.
    memset(bytes + 4, 0xFF, 4);
    assert_int_equal(fb_boot_info_parse(bytes, &info), FB_E_BLANK);
    assert_int_equal(info.active, 77); // untouched by all of that
}

static void round_trip(void **state)
{
    (void)state;
    uint64_t seed = 11;
    for (unsigned i = 0; i < 1000; i++) {
        struct fb_boot_info info, again;
        uint8_t bytes[FB_BOOT_INFO_SIZE];
        testing_random(&seed, (uint8_t *)&info, sizeof(info));
        fb_boot_info_encode(&info, bytes);
        assert_int_equal(fb_boot_info_parse(bytes, &again), FB_OK);
        assert_memory_equal(&again, &info, sizeof(info));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fresh_record),
        cmocka_unit_test(pending_update),
        cmocka_unit_test(blank_and_broken),
        cmocka_unit_test(round_trip),
    };
    return cmocka_run_group_tests_name("boot_info", tests, NULL, NULL);
}
