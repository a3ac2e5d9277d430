// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/otadata.h"

#include <stdbool.h>

#include "lib/fb/testing.h"

// Records of sequence numbers 1 to 3, their CRC confirmed by a bit-level model
// of the ROM's CRC-32.
static const char *const records[] = {
    "01000000 ffffffffffffffffffffffffffffffffffffffffffffffff 9a984347",
    "02000000 ffffffffffffffffffffffffffffffffffffffffffffffff 7437f655",
    "03000000 ffffffffffffffffffffffffffffffffffffffffffffffff 11504aed",
};

static void known_records(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 3; i++) {
        uint8_t bytes[FB_OTADATA_SIZE], again[FB_OTADATA_SIZE];
        struct fb_otadata record;
        assert_int_equal(testing_hex(bytes, 32, records[i]), 32);
        assert_int_equal(fb_otadata_parse(bytes, &record), FB_OK);
        assert_int_equal(record.seq, i + 1);
        assert_int_equal(record.state, FB_OTADATA_UNDEFINED);
        assert_int_equal(fb_otadata_slot(&record, 2), i % 2);
        fb_otadata_encode(&record, again);
        assert_memory_equal(again, bytes, 32);
    }
}

static void blank_and_broken(void **state)
{
    (void)state;
    uint8_t *bytes = testing_guarded(NULL, FB_OTADATA_SIZE);
    struct fb_otadata record = {.seq = 77};
    memset(bytes, 0xFF, 32);
    assert_int_equal(fb_otadata_parse(bytes, &record), FB_E_BLANK);
    testing_hex(bytes, 32, records[0]);
    for (unsigned bit = 0; bit < 8 * 32; bit++) {
        // Label and state are not under the CRC.
        bool covered = bit < 8 * 4 || bit >= 8 * 28;
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(fb_otadata_parse(bytes, &record),
                         covered ? FB_E_BAD_CRC : FB_OK);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void the_larger_number_counts(void **state)
{
    (void)state;
    struct fb_otadata a = {.seq = 4, .state = FB_OTADATA_VALID};
    struct fb_otadata b = {.seq = 5, .state = FB_OTADATA_NEW};
    assert_int_equal(fb_otadata_active(&a, &b), 1);
    assert_int_equal(fb_otadata_active(&b, &a), 0);
    assert_int_equal(fb_otadata_active(&a, &a), 0);
    assert_int_equal(fb_otadata_active(&a, NULL), 0);
    assert_int_equal(fb_otadata_active(NULL, &b), 1);
    assert_int_equal(fb_otadata_active(NULL, NULL), -1);
    b.state = FB_OTADATA_INVALID;
    assert_int_equal(fb_otadata_active(&a, &b), 0);
    b.state = FB_OTADATA_ABORTED;
    assert_int_equal(fb_otadata_active(&a, &b), 0);
    a.state = FB_OTADATA_INVALID;
    assert_int_equal(fb_otadata_active(&a, &b), -1);
    b.state = FB_OTADATA_PENDING_VERIFY;
    assert_int_equal(fb_otadata_active(&a, &b), 1);
    b.seq = 0;
    assert_int_equal(fb_otadata_active(&a, &b), -1);
}

static void next_number_selects_the_slot(void **state)
{
    (void)state;
    assert_int_equal(fb_otadata_next_seq(0, 0, 2), 1);
    assert_int_equal(fb_otadata_next_seq(1, 1, 2), 2);
    assert_int_equal(fb_otadata_next_seq(1, 0, 2), 3);
    for (uint32_t count = 1; count <= 16; count++) {
        for (uint32_t seq = 0; seq < 50; seq++) {
            for (uint32_t slot = 0; slot < count; slot++) {
                struct fb_otadata next = {
                    .seq = fb_otadata_next_seq(seq, slot, count)};
                assert_int_equal(fb_otadata_slot(&next, count), slot);
                assert_true(next.seq > seq && next.seq <= seq + count);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_records),
        cmocka_unit_test(blank_and_broken),
        cmocka_unit_test(the_larger_number_counts),
        cmocka_unit_test(next_number_selects_the_slot),
    };
    return cmocka_run_group_tests_name("otadata", tests, NULL, NULL);
}
