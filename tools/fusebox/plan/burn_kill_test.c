// SPDX-License-Identifier: Apache-2.0
//
// A plan that locks a board is interrupted everywhere, and begun again. All
// interruptions with BURN_KILL=all in the environment, else some.

#define _DEFAULT_SOURCE // mkdtemp()

#include "tools/fusebox/plan/small_board.h"

#include "tools/fusebox/plan/cuts.h"

static const char *const locked[] = {"flash-encryption", "secure-boot-v1",
                                     "lock"};

struct watch {
    struct small_board *s;
    unsigned bad, dead_before_flash;
};

static void on_cut(void *ctx, const struct cut *cut)
{
    struct watch *w = ctx;
    const struct fb_step *step = &w->s->plan.step[cut->step];
    bool good = cut->again == EXECUTE_DONE && cut->fuses_as_planned;
    // Until the flash is written anew the board is as it was.
    bool lives = step->stage >= FB_STAGE_FLASH || cut->boots_as_is;
    w->bad += !good;
    w->dead_before_flash += !lives;
    if (!good || !lives) {
        print_error("%s, step %zu (%s): %s%s\n", cut_kind_name(cut->kind),
                    cut->step + 1, step->label,
                    good ? "does not boot as it is" : cut->why,
                    cut->fuses_as_planned ? "" : ", other fuses");
    }
}

static void kill_everywhere(const char *const *recipe, unsigned recipes,
                            uint32_t revision, unsigned sample)
{
    bool all = getenv("BURN_KILL") != NULL;
    struct small_board *s = small_new(recipe, recipes, revision);
    struct watch watch = {.s = s};
    struct rehearsal *r = calloc(1, sizeof *r);
    struct cuts_count count;
    const struct cuts_config config = {.ops = all ? 0 : sample,
                                       .requests = all ? 0 : sample,
                                       .look = true,
                                       .cut = on_cut,
                                       .ctx = &watch};
    assert_non_null(r);
    small_rehearsal(s, r);
    if (!cuts_run(r, &config, &count)) {
        fail_msg("the plan itself: %s", r->run.why);
    }
    print_message("# %u of %u requests, %u cuts at %u operations: %u of %u "
                  "provisioned\n",
                  count.died, count.requests, count.cut, count.operations,
                  count.provisioned, count.cut + count.died);
    assert_int_equal(watch.bad, 0);
    assert_int_equal(watch.dead_before_flash, 0);
    assert_int_equal(count.provisioned, count.cut + count.died);
    assert_true(count.operations > 10 && count.requests > 100);
    rehearsal_free(r);
    free(r);
    small_free(s);
}

static void test_lock(void **state)
{
    (void)state;
    kill_everywhere(locked, 3, 1, 2);
}

static void test_secure_boot_only(void **state)
{
    (void)state;
    kill_everywhere(locked + 1, 1, 0, 1);
}

// The digest is readable, and RD_DIS is frozen at the end.
static void test_lock_v2(void **state)
{
    static const char *const recipe[] = {"flash-encryption", "secure-boot-v2",
                                         "lock"};

    (void)state;
    kill_everywhere(recipe, 3, 3, 2);
}

// Nothing comes in by UART afterwards: only its boot can tell.
static void test_lock_uart(void **state)
{
    static const char *const recipe[] = {"secure-boot-v1", "lock-uart"};

    (void)state;
    kill_everywhere(recipe, 2, 3, 1);
}

// --- one interruption after another ---

struct chance {
    struct chip_port *p;
    uint64_t rng;
    unsigned requests; // until the host dies, 0: it does not
};

static unsigned below(struct chance *c, unsigned n)
{
    c->rng = c->rng * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)((c->rng >> 33) % n);
}

static void on_request(void *ctx, const uint8_t *bytes, size_t n)
{
    struct chance *c = ctx;

    (void)bytes;
    (void)n;
    if (c->requests > 0 && --c->requests == 0) {
        c->p->dark = true; // for the host all is dark
    }
}

// A run that may be cut short: by the power, or by the host's death.
static enum execute_result run_once(struct small_board *s, struct chance *c)
{
    static const struct target_goal goal = {.text = SMALL_GOAL,
                                            .timeout_ms = 5000};
    struct host_port *port = chip_port_open(c->p);
    struct target target;
    struct journal journal;

    assert_int_equal(journal_open(&journal, s->dir, &s->plan), 0);
    assert_int_equal(target_init(&target, port), TARGET_OK);
    struct execution e = {
        .plan = &s->plan, .target = &target, .journal = &journal, .goal = goal};
    bool power = below(c, 2) == 0;
    c->requests = power ? 0 : 1 + below(c, 1500);
    if (power) {
        chip_port_cut(c->p, (enum fault_when)below(c, 3), 1 + below(c, 40));
    }
    enum execute_result result = execute_plan(&e);
    c->p->faults.cut_armed = false;
    c->requests = 0;
    if (power && c->p->dark) {
        chip_port_power(c->p);
    }
    c->p->dark = false; // the chip has not noticed
    target_free(&target);
    journal_close(&journal);
    host_port_close(port);
    return result;
}

static unsigned until_done(uint64_t seed)
{
    struct small_board *s = small_new(locked, 3, 1);
    struct chip_port_config config = {.flash = s->flash,
                                      .fuses = &s->board.fuses,
                                      .chip = board_chip(&s->board.ini)};
    config.chip.seed = seed;
    struct chance c = {.p = chip_port_new(&config), .rng = seed};
    enum execute_result result = EXECUTE_INTERRUPTED;
    unsigned runs = 0;

    assert_non_null(c.p);
    c.p->request = on_request;
    c.p->ctx = &c;
    for (; result == EXECUTE_INTERRUPTED && runs < 500; runs++) {
        result = run_once(s, &c);
    }
    assert_int_equal(result, EXECUTE_DONE);
    assert_int_equal(
        fb_efuse_get(chip_efuses(c.p->chip), FB_EFUSE_FLASH_CRYPT_CNT), 0x7F);
    assert_int_equal(
        fb_efuse_get(chip_efuses(c.p->chip), FB_EFUSE_JTAG_DISABLE), 1);
    chip_port_free(c.p);
    (void)unlink(small_path(s, "24-0a-c4-00-11-22.journal"));
    small_free(s);
    return runs;
}

static void test_at_random(void **state)
{
    unsigned seeds = getenv("BURN_KILL") != NULL ? 300 : 8;
    unsigned runs = 0;

    (void)state;
    for (unsigned seed = 1; seed <= seeds; seed++) {
        runs += until_done(seed);
    }
    print_message("# %u boards in %u runs\n", seeds, runs);
    assert_true(runs > 2 * seeds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lock),
        cmocka_unit_test(test_secure_boot_only),
        cmocka_unit_test(test_lock_v2),
        cmocka_unit_test(test_lock_uart),
        cmocka_unit_test(test_at_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
