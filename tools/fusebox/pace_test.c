// SPDX-License-Identifier: Apache-2.0

#include "tools/fusebox/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>

#include <cmocka.h>

#define MS 1000000u

static void test_without_a_rate_all_pass(void **state)
{
    (void)state;
    struct pace p = {0};
    assert_int_equal(pace_take(&p, 5, 1000), 1000);
    assert_int_equal(pace_wait(&p, 5, 1000), 0);
}

static void test_a_byte_takes_ten_bits(void **state)
{
    (void)state;
    struct pace p = {.baud = 10000};
    assert_int_equal(pace_take(&p, 7 * MS, 0), 0);
    assert_int_equal(pace_take(&p, 7 * MS, 3), 0);
    assert_int_equal(pace_wait(&p, 7 * MS, 1), MS);
    assert_int_equal(pace_take(&p, 8 * MS - 1, 3), 0);
    assert_int_equal(pace_take(&p, 8 * MS, 3), 1);
    assert_int_equal(pace_take(&p, 20 * MS, 2), 2);
}

// What did not fit in one go is not lost, and an idle line saves nothing up.
static void test_the_rate_holds(void **state)
{
    (void)state;
    struct pace p = {.baud = 921600};
    uint64_t now = 1000;
    size_t left = 1u << 20;
    (void)pace_take(&p, now, 0);
    while (left > 0) {
        now += 300000 + left % 7;
        left -= pace_take(&p, now, left);
    }
    uint64_t want = (1000000000ull << 20) * 10 / 921600;
    assert_in_range(now, want, want + MS);
    (void)pace_take(&p, now + 50 * MS, 0);
    assert_int_equal(pace_take(&p, now + 51 * MS, 1000), 92);
}

static void test_the_rate_changes(void **state)
{
    (void)state;
    struct pace p = {.baud = 10000};
    (void)pace_take(&p, 0, 0);
    assert_int_equal(pace_take(&p, 2 * MS, 100), 2);
    p.baud = 100000;
    assert_int_equal(pace_take(&p, 3 * MS, 98), 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_a_rate_all_pass),
        cmocka_unit_test(test_a_byte_takes_ten_bits),
        cmocka_unit_test(test_the_rate_holds),
        cmocka_unit_test(test_the_rate_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
