// SPDX-License-Identifier: Apache-2.0

#include "tools/fusebox/plan/execute.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lib/fb/bytes.h"
#include "lib/fb/efuse_coding.h"
#include "lib/fb/flash_encryption.h"

#define BURN_ATTEMPTS 3
#define WORDS         (FB_EFUSE_BLOCKS * FB_EFUSE_BLOCK_WORDS)

static enum execute_result stop(struct execution *e, enum execute_result result,
                                const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum execute_result stop(struct execution *e, enum execute_result result,
                                const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(e->why, sizeof e->why, format, args);
    va_end(args);
    return result;
}

static void say(struct execution *e, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void say(struct execution *e, const char *format, ...)
{
    char line[300];
    va_list args;
    if (e->say == NULL) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    e->say(e->ctx, line);
}

static enum execute_result from_target(struct execution *e, int status)
{
    static const struct {
        enum target_status status;
        enum execute_result result;
    } results[] = {
        {TARGET_OK, EXECUTE_DONE},
        {TARGET_E_LOST, EXECUTE_INTERRUPTED},
        {TARGET_E_UNSTEADY, EXECUTE_REFUSED},
        {TARGET_E_WEAK, EXECUTE_FAILED},
        {TARGET_E_PROOF, EXECUTE_FAILED},
        {TARGET_E_VERIFY, EXECUTE_FAILED},
        {TARGET_E_GOAL, EXECUTE_NO_BOOT},
        {TARGET_E_HOST, EXECUTE_FAILED},
    };
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
        if ((int)results[i].status == status) {
            return status == TARGET_OK
                       ? EXECUTE_DONE
                       : stop(e, results[i].result, "%s", e->target->why);
        }
    }
    return stop(e, EXECUTE_FAILED, "%s", e->target->why);
}

static enum execute_result journalled(struct execution *e, int error)
{
    return error == 0 ? EXECUTE_DONE
                      : stop(e, EXECUTE_FAILED, "%s: %s", e->journal->path,
                             strerror(error));
}

// --- fuses as software sees them ---

static enum fb_efuse_coding coding_of(const struct plan_file *plan)
{
    return (enum fb_efuse_coding)fb_efuse_get(&plan->fuses,
                                              FB_EFUSE_CODING_SCHEME);
}

// What a step's words look like when they are read back.
static void as_read(const struct plan_file *plan, const struct fb_step *step,
                    uint32_t out[FB_EFUSE_BLOCK_WORDS])
{
    memcpy(out, step->word, sizeof step->word);
    if (step->block != 0) {
        (void)fb_efuse_decode(coding_of(plan), out, out);
    }
}

// Bits of a block that RD_DIS hides: all of them, or what its bit 3 covers.
static void visible(const struct fb_efuse_words *shadow, unsigned block,
                    uint32_t mask[FB_EFUSE_BLOCK_WORDS])
{
    memset(mask, 0xFF, FB_EFUSE_BLOCK_WORDS * sizeof mask[0]);
    for (size_t i = 0; i < FB_EFUSE_FIELDS; i++) {
        const struct fb_efuse_field *f = &fb_efuse_map[i];
        struct fb_efuse_words bits;
        if (f->block != block || !fb_efuse_is_hidden(shadow, f)) {
            continue;
        }
        fb_efuse_field_mask(f, &bits);
        for (unsigned w = 0; w < FB_EFUSE_BLOCK_WORDS; w++) {
            mask[w] &= ~bits.word[block][w];
        }
    }
}

static bool block_is_hidden(const struct fb_efuse_words *shadow, unsigned block)
{
    return block != 0 &&
           (fb_efuse_get(shadow, FB_EFUSE_RD_DIS) & 1u << (block - 1)) != 0;
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
        return stop(e, EXECUTE_REFUSED,
                    "this is board %02x:%02x:%02x:%02x:%02x:%02x, the plan is "
                    "for %02x:%02x:%02x:%02x:%02x:%02x",
                    mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], ini->mac[0],
                    ini->mac[1], ini->mac[2], ini->mac[3], ini->mac[4],
                    ini->mac[5]);
    }
    unsigned revision = fb_efuse_chip_revision(&now->shadow, now->syscon_date);
    if (revision != ini->revision) {
        return stop(e, EXECUTE_REFUSED,
                    "the chip has revision %u, the plan is for revision %u",
                    revision, (unsigned)ini->revision);
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
    size_t n = fb_efuse_coding_bytes(coding_of(plan));
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
    for (unsigned block = 0; block < FB_EFUSE_BLOCKS; block++) {
        uint32_t mask[FB_EFUSE_BLOCK_WORDS];
        visible(shadow, block, mask);
        if (only_print(e->plan, block)) {
            if (!block_is_hidden(shadow, block) &&
                !same_print(e->plan, block, shadow)) {
                return stop(e, EXECUTE_REFUSED,
                            "BLOCK%u holds another key than when the plan was "
                            "made",
                            block);
            }
            continue;
        }
        for (unsigned w = 0; w < FB_EFUSE_BLOCK_WORDS; w++) {
            uint32_t more = shadow->word[block][w] & ~allowed->word[block][w];
            uint32_t gone =
                before->word[block][w] & ~shadow->word[block][w] & mask[w];
            if ((more | gone) != 0) {
                name_bits(block, w, more | gone, name, sizeof name);
                return stop(e, EXECUTE_REFUSED,
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
        as_read(e->plan, step, word);
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
        as_read(plan, step, word);
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
                return stop(e, EXECUTE_REFUSED, "%s", e->target->why);
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
            return stop(e, EXECUTE_REFUSED,
                        "BLOCK%u is protected, but the journal does not say "
                        "that its key was proved",
                        e->plan->step[i].block);
        }
    }
    return EXECUTE_DONE;
}

enum execute_result execute_compare(struct execution *e, size_t *next)
{
    struct target_fuses now;
    struct fb_efuse_words allowed = e->plan->fuses;
    *next = 0;
    enum execute_result result =
        from_target(e, target_read_fuses(e->target, &now));
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

enum execute_result execute_compare_flash(struct execution *e)
{
    const struct plan_file *plan = e->plan;
    if (e->journal->begun) {
        return EXECUTE_DONE;
    }
    if (!plan->flash_known) {
        return stop(e, EXECUTE_REFUSED,
                    "the plan was made without the board's flash: take a "
                    "snapshot with it, plan and rehearse");
    }
    for (size_t i = 0; i < plan->keeps; i++) {
        const struct plan_keep *k = &plan->keep[i];
        uint8_t md5[16];
        enum execute_result result =
            from_target(e, target_md5(e->target, k->flash_off, k->len, md5));
        if (result != EXECUTE_DONE) {
            return result;
        }
        if (memcmp(md5, k->md5, sizeof md5) != 0) {
            return stop(e, EXECUTE_REFUSED,
                        "the flash at 0x%x (0x%x bytes, %s) is not what was "
                        "rehearsed: take a snapshot, plan and rehearse; "
                        "nothing was done",
                        (unsigned)k->flash_off, (unsigned)k->len, k->label);
        }
    }
    return EXECUTE_DONE;
}

// --- steps ---

// What of a step is not there yet, and may a burn still set it? False: all is
// there.
static bool missing_words(const struct plan_file *plan,
                          const struct fb_step *step,
                          const struct target_fuses *now,
                          uint32_t missing[FB_EFUSE_BLOCK_WORDS])
{
    uint32_t any = 0;
    uint32_t mask[FB_EFUSE_BLOCK_WORDS];
    bool coded = step->block != 0 && coding_of(plan) != FB_CODING_NONE &&
                 coding_of(plan) != FB_CODING_NONE_RECOVERY;
    as_read(plan, step, missing);
    visible(&now->shadow, step->block, mask);
    for (unsigned w = 0; w < FB_EFUSE_BLOCK_WORDS; w++) {
        missing[w] &= mask[w] & ~now->shadow.word[step->block][w];
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
        from_target(e, target_read_fuses(e->target, &now));
    *there = false;
    if (result != EXECUTE_DONE) {
        return result;
    }
    if (block_is_hidden(&now.shadow, step->block)) {
        return stop(e, EXECUTE_REFUSED,
                    "BLOCK%u is to be burned but is read-protected",
                    step->block);
    }
    *there = !missing_words(e->plan, step, &now, missing);
    if (!*there && !burnable(&now.shadow, step->block, missing)) {
        result = stop(e, EXECUTE_REFUSED,
                      "BLOCK%u: bits that are to be burned are "
                      "write-protected",
                      step->block);
    } else if (whole) {
        memcpy(missing, step->word, sizeof missing);
        keep_burnable(&now.shadow, step->block, missing);
    }
    if (result == EXECUTE_DONE && (whole || !*there)) {
        *there = false;
        result = from_target(e, target_burn(e->target, step->block, missing));
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
            say(e, "a bit did not take, burning it again");
        }
        result = burn_once(e, step, i == 0 && e->again, &there);
        if (there) {
            return result;
        }
    }
    return result != EXECUTE_DONE
               ? result
               : stop(e, EXECUTE_FAILED,
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
               ? from_target(e, status)
               : stop(e, EXECUTE_FAILED,
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
        return stop(e, EXECUTE_REFUSED,
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
    return from_target(e, status);
}

static enum execute_result do_prove(struct execution *e,
                                    const struct fb_step *step)
{
    const struct plan_key *key =
        &e->plan->key[step->block == 1 ? PLAN_KEY_FLASH : PLAN_KEY_SECURE_BOOT];
    if (!key->loaded) {
        return stop(e, EXECUTE_FAILED, "the plan has no key to prove");
    }
    return step->block == 1
               ? prove_flash_key(e, step, key)
               : from_target(e, target_prove_secure_boot_key(
                                    e->target, key->bytes, key->n));
}

// Has the board's firmware burned what it did not when this was rehearsed?
static enum execute_result look_after_boot(struct execution *e)
{
    struct target_fuses now;
    struct fb_efuse_words allowed;
    char name[40];
    enum execute_result result =
        from_target(e, target_read_fuses(e->target, &now));
    allowed_words(e, &allowed);
    for (unsigned i = 0; i < WORDS && result == EXECUTE_DONE && !e->learns;
         i++) {
        unsigned block = i / FB_EFUSE_BLOCK_WORDS;
        unsigned w = i % FB_EFUSE_BLOCK_WORDS;
        uint32_t more = now.shadow.word[block][w] & ~allowed.word[block][w];
        if (more != 0 && !only_print(e->plan, block)) {
            name_bits(block, w, more, name, sizeof name);
            result = stop(e, EXECUTE_FAILED,
                          "the board's own firmware burned %s, which it did "
                          "not when this was rehearsed",
                          name);
        }
    }
    fb_bytes_wipe(&now, sizeof now);
    fb_bytes_wipe(&allowed, sizeof allowed);
    return result;
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
    enum execute_result result = from_target(e, status);
    return result == EXECUTE_DONE && !last ? look_after_boot(e) : result;
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
        from_target(e, target_flash_bytes(e->target, &bytes));
    if (result == EXECUTE_DONE && bytes != e->plan->ini.flash_size) {
        return stop(e, EXECUTE_REFUSED,
                    "the flash has 0x%x bytes, the plan is for 0x%x",
                    (unsigned)bytes, (unsigned)e->plan->ini.flash_size);
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
    enum execute_result result = execute_compare(e, &next);
    if (result == EXECUTE_INTERRUPTED && execute_closed(e)) {
        return EXECUTE_DONE;
    }
    if (result == EXECUTE_DONE) {
        result = check_flash_size(e);
    }
    if (result == EXECUTE_DONE) {
        result = journalled(e, journal_begin(e->journal));
    }
    if (next > 0) {
        say(e, "going on at step %zu of %zu", next + 1, e->plan->plan.steps);
    }
    for (; next < e->plan->plan.steps && result == EXECUTE_DONE; next++) {
        const struct fb_step *step = &e->plan->step[next];
        e->step = next;
        e->again = e->journal->began[next];
        say(e, "%2zu %-7s %s", next + 1, fb_stage_name(step->stage),
            step->label);
        result = journalled(e, journal_step(e->journal, next, false));
        if (result == EXECUTE_DONE) {
            result = do_step(e, step);
        }
        if (result == EXECUTE_DONE) {
            result = journalled(e, journal_step(e->journal, next, true));
        }
    }
    return result == EXECUTE_DONE ? journalled(e, journal_end(e->journal))
                                  : result;
}
