// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/testing.h"

#include "lib/fb/bytes.h"

static void test_loads_and_stores(void **state)
{
    // Four bytes right before an unmapped page, at an odd address.
    static const uint8_t bytes[7] = {9, 9, 9, 0x81, 0xF2, 0x93, 0xA4};
    const uint8_t *p = testing_guarded(bytes, 7) + 3;
    uint8_t *out = testing_guarded(NULL, 5) + 1;

    (void)state;
    assert_int_equal(load16_le(p + 2), 0xA493);
    assert_int_equal(load32_le(p), 0xA493F281);
    assert_int_equal(load32_be(p), 0x81F293A4);
    store16_le(out + 2, 0xABCD);
    assert_int_equal(out[2], 0xCD);
    assert_int_equal(out[3], 0xAB);
    store32_le(out, 0xA493F281);
    assert_memory_equal(out, p, 4);
    store32_be(out, 0x81F293A4);
    assert_memory_equal(out, p, 4);
}

static void test_align_up(void **state)
{
    (void)state;
    assert_int_equal(align_up32(0, 16), 0);
    assert_int_equal(align_up32(1, 16), 16);
    assert_int_equal(align_up32(16, 16), 16);
    assert_int_equal(align_up32(17, 0x10000), 0x10000);
    assert_int_equal(align_up32(0xFFFFFFF0, 16), 0xFFFFFFF0);
}

static void test_reverse(void **state)
{
    static const uint8_t in[5] = {1, 2, 3, 4, 5};
    static const uint8_t want[5] = {5, 4, 3, 2, 1};
    uint8_t *out = testing_guarded(NULL, 5);

    (void)state;
    fb_bytes_reverse(out, testing_guarded(in, 5), 5);
    assert_memory_equal(out, want, 5);
    fb_bytes_reverse(out, in, 1);
    assert_int_equal(out[0], 1);
    fb_bytes_reverse(out, in, 0);
    assert_int_equal(out[0], 1);
}

static void test_all(void **state)
{
    uint8_t *p = testing_guarded(NULL, 300);

    (void)state;
    memset(p, 0xFF, 300);
    assert_true(fb_bytes_all(p, 300, 0xFF));
    assert_false(fb_bytes_all(p, 300, 0x00));
    assert_true(fb_bytes_all(p, 0, 0x55));
    for (unsigned i = 0; i < 300; i++) {
        p[i] = 0xFE;
        assert_false(fb_bytes_all(p, 300, 0xFF));
        assert_true(fb_bytes_all(p, i, 0xFF));
        p[i] = 0xFF;
    }
}

static void test_wipe(void **state)
{
    uint8_t secret[40];

    (void)state;
    memset(secret, 0xA5, sizeof(secret));
    fb_bytes_wipe(secret + 1, sizeof(secret) - 2);
    assert_int_equal(secret[0], 0xA5);
    assert_int_equal(secret[39], 0xA5);
    assert_true(fb_bytes_all(secret + 1, 38, 0));
    fb_bytes_wipe(secret, 0);
    assert_int_equal(secret[0], 0xA5);
}

static void test_ones(void **state)
{
    (void)state;
    assert_int_equal(ones32(0), 0);
    assert_int_equal(ones32(0x80000001u), 2);
    assert_int_equal(ones32(UINT32_MAX), 32);
    for (unsigned bit = 0; bit < 32; bit++) {
        assert_int_equal(ones32(1u << bit), 1);
        assert_int_equal(ones32(~(1u << bit)), 31);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ones),
        cmocka_unit_test(test_loads_and_stores),
        cmocka_unit_test(test_align_up),
        cmocka_unit_test(test_reverse),
        cmocka_unit_test(test_all),
        cmocka_unit_test(test_wipe),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
