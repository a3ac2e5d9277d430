// SPDX-License-Identifier: Apache-2.0

#include "tools/fusebox/plan/execute.h"

#include <stdlib.h>
#include <string.h>

#include "lib/fb/bytes.h"
#include "lib/fb/efuse_coding.h"
#include "lib/fb/flash_encryption.h"
#include "tools/fusebox/plan/compare.h"

#define BURN_ATTEMPTS 3

// What of a step is not there yet, and may a burn still set it? False: all is
// there.
static bool missing_words(const struct plan_file *plan,
                          const struct fb_step *step,
                          const struct target_fuses *now,
                          uint32_t missing[FB_EFUSE_BLOCK_WORDS])
{
    uint32_t any = 0;
    struct fb_efuse_words mask;
    uint32_t coding = fb_efuse_get(&plan->fuses, FB_EFUSE_CODING_SCHEME);
    bool coded = step->block != 0 && coding != FB_CODING_NONE &&
                 coding != FB_CODING_NONE_RECOVERY;
    compare_read_back(plan, step, missing);
    fb_efuse_readable(&now->shadow, &mask);
    for (unsigned w = 0; w < FB_EFUSE_BLOCK_WORDS; w++) {
        missing[w] &=
            mask.word[step->block][w] & ~now->shadow.word[step->block][w];
        any |= missing[w];
    }
    // Check bytes cannot be seen, only that they disagree.
    if (coded) {
        any |= now->dec_status >> (4 * (step->block - 1)) & 0xF;
        memcpy(missing, step->word, sizeof step->word);
    }
    return any != 0;
}

static bool burnable(const struct fb_efuse_words *shadow, unsigned block,
                     const uint32_t word[FB_EFUSE_BLOCK_WORDS])
{
    struct fb_efuse_words mask;
    fb_efuse_writeable(shadow, &mask);
    for (unsigned w = 0; w < FB_EFUSE_BLOCK_WORDS; w++) {
        if ((word[w] & ~mask.word[block][w]) != 0) {
            return false;
        }
    }
    return true;
}

// Only what may still be set: an interrupted burn is repeated as a whole.
static void keep_burnable(const struct fb_efuse_words *shadow, unsigned block,
                          uint32_t word[FB_EFUSE_BLOCK_WORDS])
{
    struct fb_efuse_words mask;
    fb_efuse_writeable(shadow, &mask);
    for (unsigned w = 0; w < FB_EFUSE_BLOCK_WORDS; w++) {
        word[w] &= mask.word[block][w];
    }
}

// Burn what is missing, or all of it. *there: nothing was missing.
static enum execute_result burn_once(struct execution *e,
                                     const struct fb_step *step, bool whole,
                                     bool *there)
{
    struct target_fuses now;
    uint32_t missing[FB_EFUSE_BLOCK_WORDS];
    enum execute_result result =
        execution_of_target(e, target_read_fuses(e->target, &now));
    *there = false;
    if (result != EXECUTE_DONE) {
        return result;
    }
    if (fb_efuse_block_hidden(&now.shadow, step->block)) {
        return execution_stop(e, EXECUTE_REFUSED,
                              "BLOCK%u is to be burned but is read-protected",
                              step->block);
    }
    *there = !missing_words(e->plan, step, &now, missing);
    if (!*there && !burnable(&now.shadow, step->block, missing)) {
        result = execution_stop(e, EXECUTE_REFUSED,
                                "BLOCK%u: bits that are to be burned are "
                                "write-protected",
                                step->block);
    } else if (whole) {
        memcpy(missing, step->word, sizeof missing);
        keep_burnable(&now.shadow, step->block, missing);
    }
    if (result == EXECUTE_DONE && (whole || !*there)) {
        *there = false;
        result = execution_of_target(
            e, target_burn(e->target, step->block, missing));
    }
    fb_bytes_wipe(&now, sizeof now);
    fb_bytes_wipe(missing, sizeof missing);
    return result;
}

static enum execute_result do_burn(struct execution *e,
                                   const struct fb_step *step)
{
    bool there = false;
    enum execute_result result = EXECUTE_DONE;
    for (int i = 0; i <= BURN_ATTEMPTS && result == EXECUTE_DONE; i++) {
        if (i > 1) {
            execution_say(e, "a bit did not take, burning it again");
        }
        result = burn_once(e, step, i == 0 && e->again, &there);
        if (there) {
            return result;
        }
    }
    return result != EXECUTE_DONE
               ? result
               : execution_stop(
                     e, EXECUTE_FAILED,
                     "BLOCK%u reads back differently after %d burns; nothing "
                     "after it was burned",
                     step->block, BURN_ATTEMPTS);
}

// What the step's sectors, n bytes, hold after it: a write erases what it does
// not fill. NULL: nobody knows. To be freed.
static uint8_t *flash_after(const struct execution *e,
                            const struct fb_step *step, size_t n)
{
    const struct plan_key *key = &e->plan->key[PLAN_KEY_FLASH];
    struct fb_flash_encryption_key crypt;
    if (step->encrypt && !key->loaded) {
        return NULL;
    }
    uint8_t *p = malloc(n);
    if (p == NULL) {
        return NULL;
    }
    memset(p, 0xFF, n);
    if (step->kind == FB_STEP_ERASE) {
        return p;
    }
    memcpy(p, step->data, step->len);
    if (step->encrypt &&
        fb_flash_encryption_key_init(&crypt, key->bytes, key->n,
                                     FB_FLASH_CRYPT_CONFIG_DEFAULT) == FB_OK) {
        (void)fb_flash_encrypt(&crypt, step->flash_off, p, p, step->len);
        fb_bytes_wipe(&crypt, sizeof crypt);
    }
    return p;
}

static enum execute_result do_flash(struct execution *e,
                                    const struct fb_step *step)
{
    bool same = false;
    size_t n = align_up32(step->len, FB_FLASH_SECTOR);
    uint8_t *after = flash_after(e, step, n);
    int status = TARGET_OK;
    if (after != NULL) {
        status = target_same(e->target, step->flash_off, after, n, &same);
    }
    if (status == TARGET_OK && !same) {
        status = step->kind == FB_STEP_ERASE
                     ? target_erase(e->target, step->flash_off, step->len)
                     : target_write(e->target, step->flash_off, step->data,
                                    step->len, step->encrypt);
        same = after == NULL;
        if (status == TARGET_OK && after != NULL) {
            status = target_same(e->target, step->flash_off, after, n, &same);
        }
    }
    free(after);
    return status != TARGET_OK || same
               ? execution_of_target(e, status)
               : execution_stop(
                     e, EXECUTE_FAILED,
                     "the flash at 0x%x does not hold what was written",
                     (unsigned)step->flash_off);
}

// Does the plan itself write that sector later?
static bool plan_writes(const struct plan_file *plan, uint32_t flash_off)
{
    for (size_t i = 0; i < plan->plan.steps; i++) {
        const struct fb_step *step = &plan->step[i];
        if (step->kind == FB_STEP_WRITE && flash_off >= step->flash_off &&
            flash_off - step->flash_off < step->len) {
            return true;
        }
    }
    return false;
}

// The sector that the plan chose must still be nobody's; an interrupted proof
// may have left something there.
static enum execute_result prove_flash_key(struct execution *e,
                                           const struct fb_step *step,
                                           const struct plan_key *key)
{
    uint8_t erased[4096];
    bool same = true;
    bool planned = plan_writes(e->plan, step->flash_off);
    int status = TARGET_OK;
    memset(erased, 0xFF, sizeof erased);
    if (!planned && !e->again) {
        status = target_same(e->target, step->flash_off, erased, sizeof erased,
                             &same);
    }
    if (status == TARGET_OK && !same) {
        return execution_stop(
            e, EXECUTE_REFUSED,
            "the sector at 0x%x, meant for the key proof, is not "
            "erased any more",
            (unsigned)step->flash_off);
    }
    if (status == TARGET_OK) {
        status = target_prove_flash_key(e->target, key->bytes, key->n,
                                        FB_FLASH_CRYPT_CONFIG_DEFAULT,
                                        step->flash_off);
    }
    if (status == TARGET_OK && !planned) {
        status = target_erase(e->target, step->flash_off, sizeof erased);
    }
    return execution_of_target(e, status);
}

static enum execute_result do_prove(struct execution *e,
                                    const struct fb_step *step)
{
    const struct plan_key *key =
        &e->plan->key[step->block == 1 ? PLAN_KEY_FLASH : PLAN_KEY_SECURE_BOOT];
    if (!key->loaded) {
        return execution_stop(e, EXECUTE_FAILED,
                              "the plan has no key to prove");
    }
    return step->block == 1
               ? prove_flash_key(e, step, key)
               : execution_of_target(e, target_prove_secure_boot_key(
                                            e->target, key->bytes, key->n));
}

static enum execute_result do_boot(struct execution *e,
                                   const struct fb_step *step)
{
    bool last = step == &e->plan->step[e->plan->plan.steps - 1];
    int status = target_connect(e->target);
    if (status == TARGET_OK) {
        status = target_boot(e->target, &e->goal, &e->console);
    }
    e->booted = status == TARGET_OK;
    enum execute_result result = execution_of_target(e, status);
    return result == EXECUTE_DONE && !last ? compare_after_boot(e) : result;
}

static enum execute_result do_step(struct execution *e,
                                   const struct fb_step *step)
{
    switch (step->kind) {
    case FB_STEP_BURN:
        return do_burn(e, step);
    case FB_STEP_WRITE:
    case FB_STEP_ERASE:
        return do_flash(e, step);
    case FB_STEP_PROVE_KEY:
        return do_prove(e, step);
    case FB_STEP_BOOT:
        return do_boot(e, step);
    }
    return EXECUTE_FAILED;
}

static enum execute_result check_flash_size(struct execution *e)
{
    uint32_t bytes = 0;
    enum execute_result result =
        execution_of_target(e, target_flash_bytes(e->target, &bytes));
    if (result == EXECUTE_DONE && bytes != e->plan->ini.flash_size) {
        return execution_stop(e, EXECUTE_REFUSED,
                              "the flash has 0x%x bytes, the plan is for 0x%x",
                              (unsigned)bytes,
                              (unsigned)e->plan->ini.flash_size);
    }
    return result;
}

// The step that closes the UART, if the plan has one.
static bool closes_uart(const struct plan_file *plan, size_t *step)
{
    for (size_t i = 0; i < plan->plan.steps; i++) {
        struct fb_efuse_words words;
        memset(&words, 0, sizeof words);
        memcpy(words.word[0], plan->step[i].word, sizeof words.word[0]);
        if (plan->step[i].kind == FB_STEP_BURN && plan->step[i].block == 0 &&
            fb_efuse_get(&words, FB_EFUSE_UART_DOWNLOAD_DIS) != 0) {
            *step = i;
            return true;
        }
    }
    return false;
}

bool execute_closed(struct execution *e)
{
    size_t step = 0;
    if (!closes_uart(e->plan, &step) || !e->journal->began[step] ||
        !host_port_has_lines(e->target->port)) {
        return false;
    }
    return target_boot(e->target, &e->goal, &e->console) == TARGET_OK &&
           journal_end(e->journal) == 0;
}

enum execute_result execute_plan(struct execution *e)
{
    size_t next = 0;
    e->step = 0;
    enum execute_result result = compare_board(e, &next);
    if (result == EXECUTE_INTERRUPTED && execute_closed(e)) {
        return EXECUTE_DONE;
    }
    if (result == EXECUTE_DONE) {
        result = check_flash_size(e);
    }
    if (result == EXECUTE_DONE) {
        result = execution_of_journal(e, journal_begin(e->journal));
    }
    if (next > 0) {
        execution_say(e, "going on at step %zu of %zu", next + 1,
                      e->plan->plan.steps);
    }
    for (; next < e->plan->plan.steps && result == EXECUTE_DONE; next++) {
        const struct fb_step *step = &e->plan->step[next];
        e->step = next;
        e->again = e->journal->began[next];
        execution_say(e, "%2zu %-7s %s", next + 1, fb_stage_name(step->stage),
                      step->label);
        result = execution_of_journal(e, journal_step(e->journal, next, false));
        if (result == EXECUTE_DONE) {
            result = do_step(e, step);
        }
        if (result == EXECUTE_DONE) {
            result =
                execution_of_journal(e, journal_step(e->journal, next, true));
        }
    }
    return result == EXECUTE_DONE
               ? execution_of_journal(e, journal_end(e->journal))
               : result;
}
