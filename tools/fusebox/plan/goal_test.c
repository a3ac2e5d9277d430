// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/testing.h"

#include <stdlib.h>

#include "tools/fusebox/plan/goal.h"

#define ROM     "ets Jun  8 2016 00:22:57\n\nrst:0x1 (POWERON_RESET)\n"
#define STARTED ROM "entry 0x40080010\n"
#define AGAIN   "\nrst:0x8 (TG1WDT_SYS_RESET)\n"

static const struct target_goal prompt = {.text = ">>> ", .timeout_ms = 2000};
static const struct target_goal alive = {.seconds = 3};

static const struct {
    const struct target_goal *goal;
    const char *console;
    unsigned ms;
    enum goal_state state;
    const char *why;
} rows[] = {
    {&prompt, "", 0, GOAL_PENDING, NULL},
    {&prompt, STARTED, 1999, GOAL_PENDING, NULL},
    {&prompt, STARTED, 2000, GOAL_MISSED, "in time"},
    {&prompt, STARTED "\n>>> ", 5, GOAL_REACHED, NULL},
    {&prompt, STARTED "\n>>> ", 2000, GOAL_REACHED, NULL},
    // It may take some resets to get there, but not any number.
    {&prompt, STARTED AGAIN AGAIN AGAIN AGAIN, 100, GOAL_PENDING, NULL},
    {&prompt, STARTED AGAIN AGAIN AGAIN AGAIN ">>> ", 100, GOAL_REACHED, NULL},
    {&prompt, STARTED AGAIN AGAIN AGAIN AGAIN AGAIN, 100, GOAL_MISSED,
     "again and again"},
    {&alive, STARTED, 2999, GOAL_PENDING, NULL},
    {&alive, STARTED, 3000, GOAL_REACHED, NULL},
    {&alive, ROM, 2999, GOAL_PENDING, NULL},
    {&alive, ROM, 3000, GOAL_MISSED, "started nothing"},
    {&alive, STARTED AGAIN "entry 0x40080010\n", 10, GOAL_MISSED,
     "again and again"},
    // Halted, not alive.
    {&alive, STARTED "abort() was called at PC 0x400d1234 on core 0\n", 10,
     GOAL_MISSED, "panicked"},
    {&alive, STARTED "Guru Meditation Error: Core  0 panic'ed", 4000,
     GOAL_MISSED, "panicked"},
};

static void test_each(void **state)
{
    struct target_console *c = malloc(sizeof *c);

    (void)state;
    assert_non_null(c);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *why = NULL;
        memset(c, 0, sizeof *c);
        goal_hear(c, (const uint8_t *)rows[i].console, strlen(rows[i].console));
        if (goal_judge(rows[i].goal, c, rows[i].ms, &why) != rows[i].state) {
            fail_msg("row %zu", i);
        }
        assert_int_equal(c->ms, rows[i].ms);
        assert_true((why == NULL) == (rows[i].why == NULL));
        if (why != NULL && strstr(why, rows[i].why) == NULL) {
            fail_msg("row %zu: %s", i, why);
        }
    }
    free(c);
}

static void test_console(void **state)
{
    struct target_console *c = calloc(1, sizeof *c);
    static const uint8_t noise[] = {'a',  0,    7,    '\r', '\n',
                                    '\t', 0x7F, 0x80, '~',  ' '};

    (void)state;
    assert_non_null(c);
    goal_hear(c, noise, sizeof noise);
    assert_string_equal(c->text, "a\n\t~ ");
    for (size_t i = 0; i < TARGET_CONSOLE; i++) {
        goal_hear(c, (const uint8_t *)"xy", 2);
    }
    assert_int_equal(c->n, TARGET_CONSOLE - 1);
    assert_int_equal(strlen(c->text), TARGET_CONSOLE - 1);
    free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each),
        cmocka_unit_test(test_console),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
