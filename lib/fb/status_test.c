// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/testing.h"

#include "lib/fb/status.h"

static const struct row {
    const char *name;
    int number;
    const char *sentence;
} rows[] = {
#define X(name, number, sentence) {#name, number, sentence},
#include "lib/fb/status.def"
#undef X
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void test_numbers_and_names_are_unique(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ROWS; i++) {
        for (unsigned j = 0; j < i; j++) {
            assert_int_not_equal(rows[i].number, rows[j].number);
            assert_string_not_equal(rows[i].name, rows[j].name);
            assert_string_not_equal(rows[i].sentence, rows[j].sentence);
        }
    }
}

static void test_only_ok_is_not_negative(void **state)
{
    (void)state;
    assert_string_equal(rows[0].name, "OK");
    assert_int_equal(rows[0].number, 0);
    for (unsigned i = 1; i < ROWS; i++) {
        assert_true(rows[i].number < 0);
        assert_int_equal(strncmp(rows[i].name, "E_", 2), 0);
    }
}

static void test_sentences(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ROWS; i++) {
        const char *text = fb_status_text((enum fb_status)rows[i].number);

        assert_string_equal(text, rows[i].sentence);
        assert_true(strlen(text) > 0);
        assert_int_not_equal(text[strlen(text) - 1], '.');
    }
    assert_string_equal(fb_status_text((enum fb_status)12345),
                        "unknown status");
    assert_string_equal(fb_status_text((enum fb_status) - 999),
                        "unknown status");
}

// The numbers are a contract: logs and firmware print them.
static void test_numbers_stay(void **state)
{
    (void)state;
    assert_int_equal(FB_E_SIZE, -1);
    assert_int_equal(FB_E_BAD_MAGIC, -6);
    assert_int_equal(FB_E_BAD_SIGNATURE, -11);
    assert_int_equal(FB_E_PROTECTED, -18);
    assert_int_equal(FB_E_WRONG_SLOT, -25);
}

static void test_fault(void **state)
{
    struct fb_fault fault = {FB_OK, 0, 0, 0};

    (void)state;
    assert_int_equal(fb_fault_set(&fault, FB_E_RANGE, 1, 2, 3), FB_E_RANGE);
    assert_int_equal(fault.status, FB_E_RANGE);
    assert_int_equal(fault.offset, 1);
    assert_int_equal(fault.got, 2);
    assert_int_equal(fault.want, 3);
    assert_int_equal(fb_fault_set(NULL, FB_E_SIZE, 0, 0, 0), FB_E_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_and_names_are_unique),
        cmocka_unit_test(test_only_ok_is_not_negative),
        cmocka_unit_test(test_sentences),
        cmocka_unit_test(test_numbers_stay),
        cmocka_unit_test(test_fault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
