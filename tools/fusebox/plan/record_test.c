// SPDX-License-Identifier: Apache-2.0

#define _DEFAULT_SOURCE // mkdtemp()

#include "lib/fb/testing.h"

#include "tools/fusebox/plan/record.h"

static char dir[] = "/tmp/fusebox-record-XXXXXX";
static char plan[64];
static char path[80];

static const struct record example = {
    .plan = {1, 2, 3},
    .state = {4, 5, 6},
    .rom = "built-in",
    .goal = "Hello, world",
    .verdict = VERDICT_RECOVERABLE,
    .why = "step 3: why not",
    .firmware = {.word = {{0x10, 0, 0, 0, 0, 0, 0x20}}},
    .after = {7, 6, 5, 4, 3, 2, 0xFFFFFFFF},
    .cuts = "3 of 3",
    .cut = {[1] = {2, 1, 2}, [PLAN_STEPS_MAX - 1] = {1, 0, 1}},
    .confirms = FB_CONFIRMS_NO,
    .then = "ota ok",
};

static void test_comes_back(void **state)
{
    struct record r;

    (void)state;
    assert_int_equal(record_write(&example, plan), 0);
    assert_int_equal(record_read(&r, plan, example.plan), 0);
    assert_memory_equal(&r, &example, sizeof r);
    assert_true(record_find(&r, plan, example.plan));
    assert_memory_equal(&r, &example, sizeof r);
    assert_false(record_find(&r, plan, example.state));
}

static void test_of_another_plan(void **state)
{
    struct record r;
    uint8_t other[32] = {1, 2, 4};

    (void)state;
    assert_int_equal(record_write(&example, plan), 0);
    assert_int_not_equal(record_read(&r, plan, other), 0);
}

static void test_changed(void **state)
{
    struct record r;
    char text[2000];

    (void)state;
    assert_int_equal(record_write(&example, plan), 0);
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    size_t n = fread(text, 1, sizeof text, file);
    for (size_t i = 0; i < n; i++) {
        text[i] ^= 1;
        rewind(file);
        assert_int_equal(fwrite(text, 1, n, file), n);
        assert_int_equal(fflush(file), 0);
        assert_int_not_equal(record_read(&r, plan, example.plan), 0);
        text[i] ^= 1;
    }
    (void)fclose(file);
}

static void test_missing(void **state)
{
    struct record r;

    (void)state;
    (void)unlink(path);
    assert_int_not_equal(record_read(&r, plan, example.plan), 0);
}

static void test_goals(void **state)
{
    struct target_goal goal;

    (void)state;
    assert_true(record_parse_goal("prompt", &goal));
    assert_string_equal(goal.text, "\n>>> ");
    assert_true(record_parse_goal("seconds:5", &goal));
    assert_null(goal.text);
    assert_int_equal(goal.seconds, 5);
    assert_true(record_parse_goal("hello world", &goal));
    assert_string_equal(goal.text, "hello world");
    assert_false(record_parse_goal("seconds:0", &goal));
    assert_false(record_parse_goal("seconds:x", &goal));
    assert_false(record_parse_goal("", &goal));
    assert_false(record_parse_goal("two\nlines", &goal));
}

static int make_dir(void **state)
{
    (void)state;
    if (mkdtemp(dir) == NULL) {
        return -1;
    }
    (void)snprintf(plan, sizeof plan, "%s/plan", dir);
    (void)snprintf(path, sizeof path, "%s.rehearsal", plan);
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comes_back),
        cmocka_unit_test(test_of_another_plan),
        cmocka_unit_test(test_changed),
        cmocka_unit_test(test_missing),
        cmocka_unit_test(test_goals),
    };
    // Refusals are told on stderr.
    if (freopen("/dev/null", "w", stderr) == NULL) {
        return 1;
    }
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
