// SPDX-License-Identifier: Apache-2.0

#include "tools/fusebox/plan/cuts.h"

#include <stdlib.h>
#include <string.h>

#include "host/reset.h"
#include "lib/fb/bytes.h"

#define REQUEST_MAX 65536u
// How long an operation may take to come after its request.
#define OPERATION_MS 20000
#define ANSWER_MS    100

const char *cut_kind_name(enum cut_kind kind)
{
    static const char *const names[CUT_KINDS] = {
        "host dies", "power off before", "power off during", "power off after"};
    return names[kind];
}

// What a request did in the run without interruptions.
struct step_count {
    unsigned requests, ops;
};

struct cuts {
    struct rehearsal *r;
    const struct cuts_config *config;
    struct cuts_count *count;
    const struct fb_efuse_words *after; // of the undisturbed plan
    struct step_count total[PLAN_STEPS_MAX];
    struct step_count seen[PLAN_STEPS_MAX];
    // The request before this one: its bytes, the board it went to, the journal
    // at that time.
    struct chip_port *at;
    struct journal journal;
    size_t step;
    uint8_t request[REQUEST_MAX];
    size_t n;
    bool failed; // no memory
};

// Is index i of n among `wanted` that are spread evenly? 0: all are.
static bool chosen(unsigned i, unsigned n, unsigned wanted)
{
    return wanted == 0 || n <= wanted ||
           (uint64_t)(i + 1) * wanted / n != (uint64_t)i * wanted / n;
}

// --- one interruption ---

static struct execution same_plan(struct cuts *c, struct target *target,
                                  struct journal *journal)
{
    return (struct execution){.plan = c->r->plan,
                              .target = target,
                              .journal = journal,
                              .goal = c->r->run.goal,
                              .learns = true};
}

// Does it boot as it is now? On a copy.
static bool look(struct cuts *c, const struct chip_port *board)
{
    struct target target;
    struct target_console console;
    bool boots = false;
    struct chip_port *p = chip_port_copy(board);
    struct host_port *port = p == NULL ? NULL : chip_port_open(p);
    if (port != NULL && target_init(&target, port) == TARGET_OK) {
        boots = target_boot(&target, &c->r->run.goal, &console) == TARGET_OK;
        target_free(&target);
    }
    host_port_close(port);
    chip_port_free(p);
    return boots;
}

// The same command again, by a new process.
static void go_on(struct cuts *c, struct chip_port *p, struct host_port *port,
                  struct cut *cut)
{
    struct target target;
    struct journal journal = c->journal;
    cut->again = EXECUTE_FAILED;
    if (target_init(&target, port) == TARGET_OK) {
        struct execution e = same_plan(c, &target, &journal);
        cut->again = execute_plan(&e);
        (void)snprintf(cut->why, sizeof cut->why, "step %zu: %.*s", e.step + 1,
                       (int)sizeof cut->why - 20, e.why);
        target_free(&target);
    }
    cut->fuses_as_planned =
        c->after == NULL ||
        memcmp(chip_efuses(p->chip), c->after, sizeof *c->after) == 0;
}

static void finish(struct cuts *c, struct chip_port *p, struct host_port *port,
                   struct cut *cut)
{
    if (c->config->look) {
        cut->boots_as_is = look(c, p);
    }
    go_on(c, p, port, cut);
    c->count->provisioned +=
        cut->again == EXECUTE_DONE && cut->fuses_as_planned;
    if (c->config->cut != NULL) {
        c->config->cut(c->config->ctx, cut);
    }
}

static void wait_for_darkness(struct chip_port *p, struct host_port *port,
                              int limit_ms)
{
    for (int ms = 0; ms < limit_ms && !p->dark; ms += 10) {
        host_port_sleep(port, 10);
    }
}

// Let the request's nth operation lose its power.
static bool lose_power(struct cuts *c, struct chip_port *p,
                       struct host_port *port, enum cut_kind kind, unsigned nth)
{
    static const enum fault_when when[CUT_KINDS] = {[CUT_BEFORE] = FAULT_BEFORE,
                                                    [CUT_DURING] = FAULT_DURING,
                                                    [CUT_AFTER] = FAULT_AFTER};
    bool boots = c->r->plan->step[c->step].kind == FB_STEP_BOOT;
    p->faults.rng += c->count->cut; // another part of it each time
    p->faults.weak_torn = true;     // and what is torn reads by chance
    chip_port_cut(p, when[kind], nth);
    (void)host_port_write(port, c->request, c->n);
    wait_for_darkness(p, port, boots ? ANSWER_MS : OPERATION_MS);
    if (!p->dark) {
        // The board works on its own after the reset of the next step.
        (void)host_reset_hard(port);
        wait_for_darkness(p, port, OPERATION_MS);
    }
    bool lost = p->dark;
    chip_port_power(p);
    return lost;
}

// kind and nth operation of the request that is kept in c; CUT_HOST: the
// request never leaves.
static void interrupt(struct cuts *c, enum cut_kind kind, unsigned nth,
                      unsigned op)
{
    struct cut cut = {.step = c->step, .kind = kind, .op = op};
    struct chip_port *p = chip_port_copy(c->at);
    struct host_port *port = p == NULL ? NULL : chip_port_open(p);
    if (port == NULL) {
        c->failed = true;
        chip_port_free(p);
        return;
    }
    p->request = NULL;
    if (kind != CUT_HOST && !lose_power(c, p, port, kind, nth)) {
        cut.again = EXECUTE_FAILED;
        (void)snprintf(cut.why, sizeof cut.why,
                       "the operation did not come again");
        if (c->config->cut != NULL) {
            c->config->cut(c->config->ctx, &cut);
        }
    } else {
        finish(c, p, port, &cut);
    }
    host_port_close(port);
    chip_port_free(p);
}

// --- the run that is interrupted ---

// The operations that the kept request led to.
static void cut_operations(struct cuts *c)
{
    const struct chip_port *now = c->r->chip;
    unsigned ops = now->operations - c->at->operations;
    unsigned burns = now->ops_of_kind[CHIP_OP_EFUSE_BURN] -
                     c->at->ops_of_kind[CHIP_OP_EFUSE_BURN];
    unsigned erases = now->ops_of_kind[CHIP_OP_FLASH_ERASE] -
                      c->at->ops_of_kind[CHIP_OP_FLASH_ERASE];
    for (unsigned i = 0; i < ops; i++) {
        unsigned op = burns > 0    ? CHIP_OP_EFUSE_BURN
                      : erases > 0 ? CHIP_OP_FLASH_ERASE
                                   : CHIP_OP_FLASH_PROGRAM;
        bool wanted =
            burns > 0 ||
            chosen(c->seen[c->step].ops, c->total[c->step].ops, c->config->ops);
        c->seen[c->step].ops++;
        c->count->operations++;
        for (int kind = CUT_BEFORE; wanted && kind < CUT_KINDS; kind++) {
            c->count->cut++;
            interrupt(c, (enum cut_kind)kind, i + 1, op);
        }
    }
}

static void keep_request(struct cuts *c, const uint8_t *bytes, size_t n)
{
    if (c->at == NULL) {
        c->at = chip_port_copy(c->r->chip);
    } else {
        chip_port_assign(c->at, c->r->chip);
    }
    c->failed |= c->at == NULL || n > sizeof c->request;
    c->journal = c->r->journal;
    c->step = c->r->run.step;
    c->n = n < sizeof c->request ? n : sizeof c->request;
    memcpy(c->request, bytes, c->n);
}

static void on_request(void *ctx, const uint8_t *bytes, size_t n)
{
    struct cuts *c = ctx;
    if (c->failed) {
        return;
    }
    if (c->at != NULL) {
        cut_operations(c);
    }
    keep_request(c, bytes, n);
    if (c->failed) {
        return;
    }
    if (chosen(c->seen[c->step].requests, c->total[c->step].requests,
               c->config->requests)) {
        c->count->died++;
        interrupt(c, CUT_HOST, 0, 0);
    }
    c->seen[c->step].requests++;
    c->count->requests++;
}

// --- the run that only counts ---

struct counting {
    struct rehearsal *r;
    struct cuts *c;
    unsigned operations; // up to the last request
    size_t step;         // of it
};

static void count_request(void *ctx, const uint8_t *bytes, size_t n)
{
    struct counting *k = ctx;
    (void)bytes;
    (void)n;
    k->c->total[k->step].ops += k->r->chip->operations - k->operations;
    k->operations = k->r->chip->operations;
    k->step = k->r->run.step;
    k->c->total[k->step].requests++;
}

// On a copy of the board: what the plan does, and where it ends.
static bool count_all(struct cuts *c, struct fb_efuse_words *after)
{
    struct rehearsal copy = *c->r;
    struct counting counting = {.r = &copy, .c = c};
    bool good = false;
    copy.chip = chip_port_copy(c->r->chip);
    copy.port = copy.chip == NULL ? NULL : chip_port_open(copy.chip);
    if (copy.port != NULL &&
        target_init(&copy.target, copy.port) == TARGET_OK) {
        copy.run = same_plan(c, &copy.target, &copy.journal);
        copy.chip->request = count_request;
        copy.chip->ctx = &counting;
        good = execute_plan(&copy.run) == EXECUTE_DONE;
        *after = *chip_efuses(copy.chip->chip);
        (void)snprintf(c->r->run.why, sizeof c->r->run.why, "%s", copy.run.why);
        target_free(&copy.target);
    }
    host_port_close(copy.port);
    chip_port_free(copy.chip);
    return good;
}

bool cuts_run(struct rehearsal *r, const struct cuts_config *config,
              struct cuts_count *count)
{
    struct fb_efuse_words after;
    struct cuts *c = calloc(1, sizeof *c);
    memset(count, 0, sizeof *count);
    if (c == NULL) {
        return false;
    }
    c->r = r;
    c->config = config;
    c->count = count;
    c->after = &after;
    bool good = count_all(c, &after);
    if (good) {
        r->chip->request = on_request;
        r->chip->ctx = c;
        good = execute_plan(&r->run) == EXECUTE_DONE && !c->failed;
        r->chip->request = NULL;
    }
    chip_port_free(c->at);
    fb_bytes_wipe(&after, sizeof after);
    fb_bytes_wipe(c, sizeof *c);
    free(c);
    return good;
}
