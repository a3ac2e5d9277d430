// SPDX-License-Identifier: Apache-2.0

#define _DEFAULT_SOURCE // mkdtemp()

#include "lib/fb/testing.h"

#include <sys/stat.h>

#include "tools/fusebox/plan/journal.h"

struct place {
    char dir[64];
    char path[128];
    struct plan_file *plan;
};

static struct place *begin(void)
{
    static const uint8_t mac[6] = {0x24, 0x0a, 0xc4, 0, 0x11, 0x22};
    struct place *p = calloc(1, sizeof *p);

    assert_non_null(p);
    (void)snprintf(p->dir, sizeof p->dir, "/tmp/fusebox-journal-XXXXXX");
    assert_non_null(mkdtemp(p->dir));
    (void)snprintf(p->path, sizeof p->path, "%s/a/24-0a-c4-00-11-22.journal",
                   p->dir);
    p->plan = calloc(1, sizeof *p->plan);
    assert_non_null(p->plan);
    memcpy(p->plan->ini.mac, mac, sizeof mac);
    memset(p->plan->hash, 0x5A, sizeof p->plan->hash);
    return p;
}

static void end(struct place *p)
{
    char sub[80];

    (void)unlink(p->path);
    (void)snprintf(sub, sizeof sub, "%s/a", p->dir);
    (void)rmdir(sub);
    assert_int_equal(rmdir(p->dir), 0);
    free(p->plan);
    free(p);
}

static int open_it(struct place *p, struct journal *j)
{
    char sub[80];

    (void)snprintf(sub, sizeof sub, "%s/a", p->dir);
    return journal_open(j, sub, p->plan);
}

static void append(struct place *p, const char *text)
{
    FILE *out = fopen(p->path, "a");

    assert_non_null(out);
    (void)fputs(text, out);
    assert_int_equal(fclose(out), 0);
}

static void test_remembers(void **state)
{
    struct place *p = begin();
    struct journal j;
    struct stat st;

    (void)state;
    assert_int_equal(open_it(p, &j), 0);
    assert_false(j.begun);
    assert_int_equal(journal_begin(&j), 0);
    assert_int_equal(journal_step(&j, 0, false), 0);
    assert_int_equal(journal_step(&j, 0, true), 0);
    assert_int_equal(journal_note(&j, "accepted P14: two\nlines"), 0);
    assert_int_equal(journal_step(&j, 1, false), 0);
    journal_close(&j);
    assert_int_equal(stat(p->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);

    assert_int_equal(open_it(p, &j), 0);
    assert_true(j.begun && j.began[0] && j.done[0] && j.began[1]);
    assert_false(j.done[1] || j.began[2] || j.ended);
    assert_int_equal(journal_end(&j), 0);
    journal_close(&j);
    assert_int_equal(open_it(p, &j), 0);
    assert_true(j.ended);
    journal_close(&j);
    end(p);
}

static void test_other_plan(void **state)
{
    struct place *p = begin();
    struct journal j;

    (void)state;
    assert_int_equal(open_it(p, &j), 0);
    assert_int_equal(journal_begin(&j), 0);
    journal_close(&j);
    p->plan->hash[31] ^= 1;
    assert_int_equal(open_it(p, &j), 0);
    assert_false(j.begun);
    journal_close(&j);
    end(p);
}

// What an interruption left half written does not count, and what follows it
// does.
static void test_torn_line(void **state)
{
    struct place *p = begin();
    struct journal j;
    char line[300];

    (void)state;
    assert_int_equal(open_it(p, &j), 0);
    assert_int_equal(journal_begin(&j), 0);
    (void)snprintf(line, sizeof line, "2026-11-28T00:00:00Z plan %s done 1",
                   j.plan);
    journal_close(&j);
    append(p, line);
    assert_int_equal(open_it(p, &j), 0);
    assert_true(j.begun);
    assert_false(j.done[0]);
    assert_int_equal(journal_step(&j, 1, true), 0);
    journal_close(&j);
    assert_int_equal(open_it(p, &j), 0);
    assert_true(j.done[1]);
    journal_close(&j);
    end(p);
}

static void test_garbage(void **state)
{
    struct place *p = begin();
    struct journal j;
    char line[300];

    (void)state;
    assert_int_equal(open_it(p, &j), 0);
    (void)snprintf(line, sizeof line,
                   "x plan %s done 0\nx plan %s done 97\nx plan %s done -1\n",
                   j.plan, j.plan, j.plan);
    journal_close(&j);
    append(p, "\n\n?\nplan plan plan\n");
    append(p, line);
    assert_int_equal(open_it(p, &j), 0);
    for (size_t i = 0; i < PLAN_STEPS_MAX; i++) {
        assert_false(j.done[i]);
    }
    journal_close(&j);
    end(p);
}

static void test_one_at_a_time(void **state)
{
    struct place *p = begin();
    struct journal a;
    struct journal b;

    (void)state;
    assert_int_equal(open_it(p, &a), 0);
    assert_int_not_equal(open_it(p, &b), 0);
    journal_close(&a);
    assert_int_equal(open_it(p, &b), 0);
    journal_close(&b);
    end(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_remembers),     cmocka_unit_test(test_other_plan),
        cmocka_unit_test(test_torn_line),     cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_one_at_a_time),
    };
    // Refusals are told on stderr.
    if (freopen("/dev/null", "w", stderr) == NULL) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
