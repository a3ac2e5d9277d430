// SPDX-License-Identifier: Apache-2.0

#include "tools/fusebox/plan/compare.h"

#include <string.h>

#include "lib/fb/bytes.h"
#include "lib/fb/efuse_coding.h"

#define WORDS (FB_EFUSE_BLOCKS * FB_EFUSE_BLOCK_WORDS)

void compare_read_back(const struct plan_file *plan, const struct fb_step *step,
                       uint32_t out[FB_EFUSE_BLOCK_WORDS])
{
    memcpy(out, step->word, sizeof step->word);
    if (step->block != 0) {
        (void)fb_efuse_decode(fb_efuse_coding_of(&plan->fuses), out, out);
    }
}

static void or_words(struct fb_efuse_words *to,
                     const struct fb_efuse_words *from)
{
    for (size_t i = 0; i < WORDS; i++) {
        to->word[i / FB_EFUSE_BLOCK_WORDS][i % FB_EFUSE_BLOCK_WORDS] |=
            from->word[i / FB_EFUSE_BLOCK_WORDS][i % FB_EFUSE_BLOCK_WORDS];
    }
}

// --- is it the board, and how far is it? ---

static enum execute_result compare_identity(struct execution *e,
                                            const struct target_fuses *now)
{
    uint8_t mac[6];
    const struct board_ini *ini = &e->plan->ini;
    (void)fb_efuse_mac(&now->shadow, mac);
    if (memcmp(mac, ini->mac, sizeof mac) != 0) {
        return execution_stop(
            e, EXECUTE_REFUSED,
            "this is board %02x:%02x:%02x:%02x:%02x:%02x, the plan is "
            "for %02x:%02x:%02x:%02x:%02x:%02x",
            mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], ini->mac[0],
            ini->mac[1], ini->mac[2], ini->mac[3], ini->mac[4], ini->mac[5]);
    }
    unsigned revision = fb_efuse_chip_revision(&now->shadow, now->syscon_date);
    if (revision != ini->revision) {
        return execution_stop(
            e, EXECUTE_REFUSED,
            "the chip has revision %u, the plan is for revision %u", revision,
            (unsigned)ini->revision);
    }
    return EXECUTE_DONE;
}

// A readable key of the snapshot is only known by its fingerprint.
static bool same_print(const struct plan_file *plan, unsigned block,
                       const struct fb_efuse_words *shadow)
{
    uint8_t data[32];
    uint8_t key[32];
    uint8_t print[32];
    size_t n = fb_efuse_coding_bytes(fb_efuse_coding_of(&plan->fuses));
    for (unsigned w = 0; w < FB_EFUSE_BLOCK_WORDS; w++) {
        store32_le(data + (size_t)4 * w, shadow->word[block][w]);
    }
    fb_bytes_reverse(key, data, n);
    fb_key_fingerprint(key, n, print);
    fb_bytes_wipe(data, sizeof data);
    fb_bytes_wipe(key, sizeof key);
    return memcmp(print, plan->block_print[block].fingerprint, 32) == 0;
}

static bool only_print(const struct plan_file *plan, unsigned block)
{
    return (block == 1 || block == 2) && plan->block_print[block].known &&
           !plan->block_print[block].blank;
}

static void name_bits(unsigned block, unsigned word, uint32_t bits, char *text,
                      size_t cap)
{
    (void)snprintf(text, cap, "BLOCK%u word %u", block, word);
    for (size_t i = 0; i < FB_EFUSE_FIELDS; i++) {
        const struct fb_efuse_field *f = &fb_efuse_map[i];
        struct fb_efuse_words mask;
        fb_efuse_field_mask(f, &mask);
        if (f->block == block && (mask.word[block][word] & bits) != 0) {
            (void)snprintf(text, cap, "%s", f->name);
            return;
        }
    }
}

// Bits in `now` beyond `allowed`, and bits of `before` that are gone.
static enum execute_result compare_fuses(struct execution *e,
                                         const struct fb_efuse_words *shadow,
                                         const struct fb_efuse_words *before,
                                         const struct fb_efuse_words *allowed)
{
    char name[40];
    struct fb_efuse_words mask;
    fb_efuse_readable(shadow, &mask);
    for (unsigned block = 0; block < FB_EFUSE_BLOCKS; block++) {
        if (only_print(e->plan, block)) {
            if (!fb_efuse_block_hidden(shadow, block) &&
                !same_print(e->plan, block, shadow)) {
                return execution_stop(
                    e, EXECUTE_REFUSED,
                    "BLOCK%u holds another key than when the plan was "
                    "made",
                    block);
            }
            continue;
        }
        for (unsigned w = 0; w < FB_EFUSE_BLOCK_WORDS; w++) {
            uint32_t more = shadow->word[block][w] & ~allowed->word[block][w];
            uint32_t gone = before->word[block][w] & ~shadow->word[block][w] &
                            mask.word[block][w];
            if ((more | gone) != 0) {
                name_bits(block, w, more | gone, name, sizeof name);
                return execution_stop(
                    e, EXECUTE_REFUSED,
                    "%s is not as the plan knows it: %s 0x%08x in word "
                    "%u; nothing was done",
                    name, more != 0 ? "foreign bits" : "lost bits",
                    block == 0 || block == 3
                        ? (unsigned)(more != 0 ? more : gone)
                        : 0,
                    w);
            }
        }
    }
    return EXECUTE_DONE;
}

// Everything that may be there once the plan has begun.
static void allowed_words(const struct execution *e,
                          struct fb_efuse_words *allowed)
{
    *allowed = e->plan->fuses;
    or_words(allowed, &e->firmware);
    for (size_t i = 0; i < e->plan->plan.steps; i++) {
        const struct fb_step *step = &e->plan->step[i];
        uint32_t word[FB_EFUSE_BLOCK_WORDS];
        if (step->kind != FB_STEP_BURN) {
            continue;
        }
        compare_read_back(e->plan, step, word);
        for (unsigned w = 0; w < FB_EFUSE_BLOCK_WORDS; w++) {
            allowed->word[step->block][w] |= word[w];
        }
        fb_bytes_wipe(word, sizeof word);
    }
}

// The fuses tell how far it came: a burn of which something is there comes
// after everything before it. One that was interrupted is done again, however
// complete it looks: its bits may be weak.
static size_t first_open(const struct execution *e,
                         const struct fb_efuse_words *shadow)
{
    const struct plan_file *plan = e->plan;
    size_t next = 0;
    for (size_t i = 0; i < plan->plan.steps; i++) {
        const struct fb_step *step = &plan->step[i];
        uint32_t word[FB_EFUSE_BLOCK_WORDS];
        uint32_t there = 0;
        uint32_t missing = 0;
        if (step->kind != FB_STEP_BURN) {
            continue;
        }
        compare_read_back(plan, step, word);
        for (unsigned w = 0; w < FB_EFUSE_BLOCK_WORDS; w++) {
            uint32_t fresh = word[w] & ~plan->fuses.word[step->block][w];
            there |= fresh & shadow->word[step->block][w];
            missing |= fresh & ~shadow->word[step->block][w];
        }
        fb_bytes_wipe(word, sizeof word);
        if (there != 0) {
            next = missing == 0 && e->journal->done[i] ? i + 1 : i;
        }
    }
    return next;
}

// A bit that an interrupted burn left weak is burned again. Any other has no
// business to be unsteady.
static enum execute_result check_steady(struct execution *e,
                                        const struct target_fuses *now,
                                        const struct fb_efuse_words *allowed)
{
    for (unsigned block = 0; block < FB_EFUSE_BLOCKS; block++) {
        for (unsigned w = 0; w < FB_EFUSE_BLOCK_WORDS; w++) {
            uint32_t ours =
                allowed->word[block][w] & ~e->plan->fuses.word[block][w];
            if ((now->unsteady.word[block][w] & ~ours) != 0) {
                return execution_stop(e, EXECUTE_REFUSED, "%s", e->target->why);
            }
        }
    }
    return EXECUTE_DONE;
}

// A key that was protected must have been proved before, by this plan.
static enum execute_result check_proofs(struct execution *e, size_t next)
{
    for (size_t i = 0; i < next; i++) {
        if (e->plan->step[i].kind == FB_STEP_PROVE_KEY &&
            !e->journal->done[i]) {
            return execution_stop(
                e, EXECUTE_REFUSED,
                "BLOCK%u is protected, but the journal does not say "
                "that its key was proved",
                e->plan->step[i].block);
        }
    }
    return EXECUTE_DONE;
}

enum execute_result compare_board(struct execution *e, size_t *next)
{
    struct target_fuses now;
    struct fb_efuse_words allowed = e->plan->fuses;
    *next = 0;
    enum execute_result result =
        execution_of_target(e, target_read_fuses(e->target, &now));
    if (result == EXECUTE_DONE) {
        result = compare_identity(e, &now);
    }
    if (e->journal->begun) {
        allowed_words(e, &allowed);
    }
    if (result == EXECUTE_DONE) {
        result = check_steady(e, &now, &allowed);
    }
    if (result == EXECUTE_DONE) {
        result = compare_fuses(e, &now.shadow, &e->plan->fuses, &allowed);
    }
    if (result == EXECUTE_DONE && e->journal->begun) {
        *next = first_open(e, &now.shadow);
        result = check_proofs(e, *next);
    }
    fb_bytes_wipe(&now, sizeof now);
    fb_bytes_wipe(&allowed, sizeof allowed);
    return result;
}

enum execute_result compare_flash(struct execution *e)
{
    const struct plan_file *plan = e->plan;
    if (e->journal->begun) {
        return EXECUTE_DONE;
    }
    if (!plan->flash_known) {
        return execution_stop(
            e, EXECUTE_REFUSED,
            "the plan was made without the board's flash: take a "
            "snapshot with it, plan and rehearse");
    }
    for (size_t i = 0; i < plan->keeps; i++) {
        const struct plan_keep *k = &plan->keep[i];
        uint8_t md5[16];
        enum execute_result result = execution_of_target(
            e, target_md5(e->target, k->flash_off, k->len, md5));
        if (result != EXECUTE_DONE) {
            return result;
        }
        if (memcmp(md5, k->md5, sizeof md5) != 0) {
            return execution_stop(
                e, EXECUTE_REFUSED,
                "the flash at 0x%x (0x%x bytes, %s) is not what was "
                "rehearsed: take a snapshot, plan and rehearse; "
                "nothing was done",
                (unsigned)k->flash_off, (unsigned)k->len, k->label);
        }
    }
    return EXECUTE_DONE;
}

// --- after a boot ---

// Has the board's firmware burned what it did not when this was rehearsed?
enum execute_result compare_after_boot(struct execution *e)
{
    struct target_fuses now;
    struct fb_efuse_words allowed;
    char name[40];
    enum execute_result result =
        execution_of_target(e, target_read_fuses(e->target, &now));
    allowed_words(e, &allowed);
    for (unsigned i = 0; i < WORDS && result == EXECUTE_DONE && !e->learns;
         i++) {
        unsigned block = i / FB_EFUSE_BLOCK_WORDS;
        unsigned w = i % FB_EFUSE_BLOCK_WORDS;
        uint32_t more = now.shadow.word[block][w] & ~allowed.word[block][w];
        if (more != 0 && !only_print(e->plan, block)) {
            name_bits(block, w, more, name, sizeof name);
            result = execution_stop(
                e, EXECUTE_FAILED,
                "the board's own firmware burned %s, which it did "
                "not when this was rehearsed",
                name);
        }
    }
    fb_bytes_wipe(&now, sizeof now);
    fb_bytes_wipe(&allowed, sizeof allowed);
    return result;
}
