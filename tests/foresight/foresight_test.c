// SPDX-License-Identifier: Apache-2.0
//
// Does what is foreseen happen? Random boards: what fb_board_condition() says
// of each against what the virtual chip then does with the real bootloader;
// what is called hopeless against everything that somebody could try
// (rescue.h). Random plans: one that every check passes has to end in a board
// that boots, when it is carried out by nobody who thinks.
//
//     FORESIGHT_FAILS=1  tell which checks fail on boards that boot
//     FORESIGHT=N        boards, and plans (120)
//     FORESIGHT_SEED=S   the first seed (1)
//
// Needs the cross compiler; skipped without.

#define _DEFAULT_SOURCE // for testing.h

#include "lib/fb/advice.h"
#include "tests/foresight/keep.h"
#include "tests/foresight/plans.h"
#include "tests/foresight/rescue.h"
#include "tests/foresight/v2.h"

#define NO_IMAGE "No bootable image."

static struct host_key *rsa_key;

struct tally {
    unsigned boards, boots, unknown, doubted, hopeless, plans, passed, lived,
        wrong;
};

// --- what happens ---

// Cold boot. True: an application runs.
static bool stage_lives(struct stage *s)
{
    harness_restart(&s->h);
    for (unsigned i = 0; i < 400; i++) {
        enum chip_stop stop = harness_run(&s->h, 10);
        const char *again = strstr(s->h.console + 1, "ets Jun");

        if (stage_said(s, "Hi\n") || stage_said(s, "Ji\n")) {
            return true;
        }
        if (stop == CHIP_POWER_LOST || stage_said(s, NO_IMAGE) ||
            (again != NULL && strstr(again + 1, "ets Jun") != NULL)) {
            return false;
        }
    }
    return false;
}

static char said[2000]; // by the last boot

static bool really_boots(struct fixture *f)
{
    struct stage s;
    bool lives;

    stage_init(&s, f);
    lives = stage_lives(&s);
    (void)snprintf(said, sizeof said, "%.1500s", s.h.console);
    stage_free(&s);
    return lives;
}

// --- what is foreseen ---

static struct fb_advice foreseen(struct world *w)
{
    static const struct fb_advice_names names = {.port = "PORT"};
    static struct fb_board_view v;
    struct fb_advice a;

    fb_board_view(&v, &w->seen, &w->keys, w->f->plain);
    fb_advise(&v, &names, &a);
    return a;
}

static void complain(const struct world *w, uint64_t seed, const char *what,
                     const char *why)
{
    printf("# seed %llu: said %s, but %s:%s\n", (unsigned long long)seed, what,
           why, w->story);
    for (const char *p = said; *p != '\0'; p++) {
        printf("%s%c", p == said || p[-1] == '\n' ? "#     " : "", *p);
    }
    printf("\n");
}

// Are the key files that the owner gives those of the chip?
static bool honest(const struct world *w)
{
    const uint8_t *given[] = {w->keys.flash_key, w->keys.boot_key};

    for (unsigned block = 1; block < 3; block++) {
        uint8_t key[32];
        size_t n = fb_efuse_key(&w->f->before.fuses, block, key);

        if (given[block - 1] == NULL || n != w->key_len ||
            memcmp(given[block - 1], key, n) != 0) {
            return false;
        }
    }
    return true;
}

// Is there what would tell? Nobody but its bootloader knows whether
// SECURE_VERSION counts.
static bool tellable(const struct world *w)
{
    return honest(w) &&
           fb_efuse_get(&w->seen.fuses, FB_EFUSE_SECURE_VERSION) == 0 &&
           fb_board_state_knows(&w->seen,
                                &fb_efuse_map[FB_EFUSE_FLASH_CRYPT_CONFIG]);
}

// NULL: nothing wrong with what was said.
static const char *wrong(const struct world *w, const struct fb_advice *a,
                         bool boots)
{
    if (a->condition == FB_BOARD_UNKNOWN) {
        return tellable(w) ? "all is known" : NULL;
    }
    if ((a->condition == FB_BOARD_BOOTS) == boots ||
        (a->doubt != NULL && !honest(w))) {
        return NULL;
    }
    return boots ? "it boots" : "it does not boot";
}

// Can advice be right? Not with a file of another key than a hidden one, nor
// with a digest that nobody can check.
static bool truthful(const struct world *w)
{
    const uint8_t *given[] = {w->keys.flash_key, w->keys.boot_key};

    if (fb_efuse_get(&w->seen.fuses, FB_EFUSE_ABS_DONE_0) != 0 &&
        given[1] == NULL && !fb_board_state_knows_block(&w->seen, 2)) {
        return false;
    }

    for (unsigned block = 1; block < 3; block++) {
        uint8_t key[32];
        size_t n = fb_efuse_key(&w->f->before.fuses, block, key);

        if (given[block - 1] != NULL &&
            !fb_board_state_knows_block(&w->seen, block) &&
            (n != w->key_len || memcmp(given[block - 1], key, n) != 0)) {
            return false;
        }
    }
    return true;
}

// For rescue.sh.
static void keep(struct world *w, uint64_t seed)
{
    const char *folder = getenv("FORESIGHT_KEEP");
    char dir[300];

    if (folder != NULL) {
        (void)snprintf(dir, sizeof dir, "%s/%llu", folder,
                       (unsigned long long)seed);
        keep_world(w, dir);
    }
}

static void look_at(struct fixture *f, uint64_t seed, struct tally *t)
{
    struct world w;
    struct fb_advice a;
    const char *why;
    bool boots;

    world_make(&w, f, seed);
    a = foreseen(&w);
    boots = really_boots(f);
    why = wrong(&w, &a, boots);
    t->boards++;
    t->boots += boots;
    t->unknown += a.condition == FB_BOARD_UNKNOWN;
    t->doubted += a.doubt != NULL;
    t->wrong += why != NULL;
    if (why != NULL) {
        complain(&w, seed, fb_condition_name(a.condition), why);
    }
    if (a.ways > 0 && !boots && truthful(&w) &&
        fb_efuse_get(&w.seen.fuses, FB_EFUSE_SECURE_VERSION) == 0) {
        keep(&w, seed);
    }
    if (a.hopeless != NULL) {
        t->hopeless++;
        if (rescue_any(&w, really_boots)) {
            t->wrong++;
            complain(&w, seed, a.hopeless, "something helps");
        }
    }
}

// Secure Boot V2: what is behind the bootloader is not looked at.
static void look_at_v2(struct fixture *f, uint64_t seed, struct tally *t)
{
    struct world w;
    struct fb_advice a;
    bool dead, told, boots;

    v2_make(&w, f, rsa_key, seed);
    a = foreseen(&w);
    boots = really_boots(f);
    dead = a.condition != FB_BOARD_BOOTS && a.condition != FB_BOARD_BAD_TABLE &&
           a.condition != FB_BOARD_BAD_APP;
    told = a.condition != FB_BOARD_UNKNOWN &&
           (a.doubt == NULL || rescue_knows(&w, 1)) &&
           (rescue_knows(&w, 1) || w.keys.flash_key == NULL);
    t->boards++;
    t->boots += boots;
    t->unknown += a.condition == FB_BOARD_UNKNOWN;
    t->doubted += a.doubt != NULL;
    if (told && dead == boots) {
        t->wrong++;
        complain(&w, seed, fb_condition_name(a.condition),
                 boots ? "V2 boots" : "V2 does not boot");
    }
}

// --- plans ---

// Every check says PASS, or has nothing to say.
static bool all_pass(const struct fixture *f)
{
    for (unsigned i = 0; i < FB_CHECKS; i++) {
        if (f->out[i].verdict == FB_CHECK_FAIL ||
            f->out[i].verdict == FB_CHECK_UNKNOWN) {
            return false;
        }
    }
    return true;
}

// What the checks have made of the board: f->scratch, all of it known.
static enum fb_condition condition_after(struct world *w)
{
    static struct fb_board_view v;

    fb_board_view(&v, &w->f->scratch, &w->keys, w->f->plain);
    return fb_board_condition(&v);
}

static void look_at_plan(struct fixture *f, uint64_t seed, struct tally *t,
                         unsigned fails[FB_CHECKS])
{
    struct world w;
    struct stage s;
    enum fb_condition after;
    bool lives, passes;
    const char *why = NULL;

    plans_make(&w, f, seed);
    fx_check(f);
    passes = all_pass(f);
    after = condition_after(&w);
    stage_init(&s, f);
    stage_carry_out(&s);
    lives = stage_lives(&s);
    (void)snprintf(said, sizeof said, "%.1500s", s.h.console);
    stage_free(&s);
    t->plans++;
    t->passed += passes;
    t->lived += lives;
    if (passes && !lives) {
        why = "it does not boot";
    } else if (after != FB_BOARD_UNKNOWN &&
               (after == FB_BOARD_BOOTS) != lives) {
        why = lives ? "it boots" : "it does not boot";
    }
    t->wrong += why != NULL;
    if (why != NULL) {
        complain(&w, seed, passes ? "PASS" : fb_condition_name(after), why);
    }
    for (unsigned i = 0; lives && i < FB_CHECKS; i++) {
        if (f->out[i].verdict == FB_CHECK_FAIL) {
            fails[i]++;
            if (getenv("FORESIGHT_FAILS") != NULL) {
                printf("# seed %llu boots, %s: %s:%s\n",
                       (unsigned long long)seed, fb_checks[i].id, f->out[i].saw,
                       w.story);
            }
        }
    }
}

static uint64_t from_env(const char *name, uint64_t fallback)
{
    const char *text = getenv(name);

    return text != NULL ? strtoull(text, NULL, 10) : fallback;
}

int main(void)
{
    uint64_t boards = from_env("FORESIGHT", 120);
    uint64_t first = from_env("FORESIGHT_SEED", 1);
    struct tally t = {0};
    unsigned fails[FB_CHECKS] = {0};
    struct fixture *f, *v2;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!build_possible()) {
        printf("1..0 # skip no gcc-xtensa-lx106\n");
        return 0;
    }
    printf("1..1\n");
    if (!build_program(&bootloader_anti_rollback) ||
        host_key_generate(HOST_KEY_RSA3072, &rsa_key) != NULL) {
        printf("Bail out! no bootloader, or no key\n");
        return 1;
    }
    v2 = fx_new();
    f = fx_new();
    f->bootloader_n = build_image(&bootloader_anti_rollback, "bootloader.elf",
                                  f->bootloader, sizeof f->bootloader);
    for (uint64_t i = 0; i < boards; i++) {
        look_at(f, first + i, &t);
        if (i % 4 == 0) {
            look_at_v2(v2, first + i, &t);
        }
        look_at_plan(f, first + i, &t, fails);
    }
    for (unsigned i = 0; i < FB_CHECKS; i++) {
        if (fails[i] != 0) {
            printf("# %s FAIL on %u boards that boot\n", fb_checks[i].id,
                   fails[i]);
        }
    }
    fx_free(f);
    fx_free(v2);
    host_key_free(rsa_key);
    printf("%sok 1 - foresight: %u boards (%u boot, %u not told, %u in doubt, "
           "%u hopeless), "
           "%u plans (%u pass, %u boot), %u wrong\n",
           t.wrong == 0 ? "" : "not ", t.boards, t.boots, t.unknown, t.doubted,
           t.hopeless, t.plans, t.passed, t.lived, t.wrong);
    return t.wrong == 0 ? 0 : 1;
}
