// SPDX-License-Identifier: Apache-2.0

#include "tools/fusebox/plan/rehearsal.h"

#include <stdlib.h>
#include <string.h>

#include "lib/fb/bytes.h"
#include "lib/fb/crypto.h"
#include "tools/cli/cli.h"
#include "tools/fusebox/ota.h"

void rehearsal_state_hash(const struct board *board, uint8_t hash[32])
{
    struct fb_sha256 sha;
    uint8_t word[4];
    fb_sha256_init(&sha);
    for (unsigned block = 0; block < FB_EFUSE_BLOCKS; block++) {
        for (unsigned w = 0; w < FB_EFUSE_BLOCK_WORDS; w++) {
            store32_le(word, board->fuses.word[block][w]);
            fb_sha256_update(&sha, word, sizeof word);
        }
    }
    fb_sha256_update(&sha, board->flash, board->ini.flash_size);
    fb_sha256_final(&sha, hash);
}

// --- the copy ---

// A key that nobody can read may be the plan's; its proof will tell.
static int fill_unknown(const struct rehearsal *r, const struct board *board,
                        struct fb_efuse_words *fuses)
{
    const struct plan_file *plan = r->plan;
    for (unsigned k = 0; k < PLAN_KEYS; k++) {
        unsigned block = plan_key_block((enum plan_key_kind)k);
        if ((board->ini.unknown & 1u << block) == 0) {
            continue;
        }
        if (!plan->key[k].loaded) {
            return cli_error(board->dir,
                             "BLOCK%u is not known: give its key to `fusebox "
                             "snapshot` or to the plan",
                             block);
        }
        int status = plan_key_words(&plan->key[k], fb_efuse_coding_of(fuses),
                                    fuses->word[block]);
        if (status != 0) {
            return status;
        }
    }
    return 0;
}

static int check_state(const struct plan_file *plan, const struct board *board)
{
    uint8_t hash[32];
    if (!plan->flash_known) {
        return 0;
    }
    fb_sha256(board->flash, board->ini.flash_size, hash);
    return memcmp(hash, plan->flash_sha256, sizeof hash) == 0
               ? 0
               : cli_error(board->dir, "its flash is another one than when the "
                                       "plan was made");
}

// A guess at what the flash needs would be no rehearsal.
static int check_supply(const struct plan_file *plan, const struct board *board)
{
    static const enum fb_efuse_id ids[] = {
        FB_EFUSE_XPD_SDIO_FORCE, FB_EFUSE_XPD_SDIO_REG, FB_EFUSE_XPD_SDIO_TIEH};
    struct fb_efuse_words burned = {0};
    uint32_t any = 0;
    fb_plan_burn(&plan->plan, &burned);
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        any |= fb_efuse_get(&burned, ids[i]);
    }
    return any == 0 || board->ini.part.needs != FB_FLASH_SUPPLY_UNKNOWN
               ? 0
               : cli_error(board->dir, "the plan fixes the flash's supply, and "
                                       "board.ini has no flash_voltage");
}

int rehearsal_open(struct rehearsal *r, struct plan_file *plan,
                   const struct board *board, const void *rom,
                   const struct target_goal *goal)
{
    memset(r, 0, sizeof *r);
    r->plan = plan;
    r->before = board->fuses;
    int status = check_state(plan, board);
    if (status == 0) {
        status = check_supply(plan, board);
    }
    if (status == 0) {
        status = fill_unknown(r, board, &r->before);
    }
    if (status != 0) {
        return status;
    }
    struct chip_port_config config = {.flash = board->flash,
                                      .fuses = &r->before,
                                      .chip = board_chip(&board->ini)};
    config.chip.rom = rom;
    config.chip.seed = 1;
    r->part = board->ini.part;
    r->chip = chip_port_new(&config);
    r->port = r->chip == NULL ? NULL : chip_port_open(r->chip);
    if (r->port == NULL || target_init(&r->target, r->port) != TARGET_OK) {
        return cli_error(NULL, "out of memory");
    }
    journal_none(&r->journal, plan);
    r->run = (struct execution){.plan = plan,
                                .target = &r->target,
                                .journal = &r->journal,
                                .goal = *goal,
                                .learns = true};
    return 0;
}

void rehearsal_free(struct rehearsal *r)
{
    target_free(&r->target);
    host_port_close(r->port);
    chip_port_free(r->chip);
    fb_bytes_wipe(r, sizeof *r);
}

// --- the run ---

// The plan came to an end it was not meant to. Does the board live?
static void judge_failure(struct rehearsal *r)
{
    char way[300] = "";
    char why[200];
    (void)snprintf(why, sizeof why, "%.*s", (int)sizeof why - 1, r->run.why);
    bool lives =
        r->result != EXECUTE_NO_BOOT &&
        target_boot(&r->target, &r->run.goal, &r->run.console) == TARGET_OK;
    r->verdict = VERDICT_STOPS;
    if (!lives) {
        r->part.destroyed = chip_flash_destroyed(r->chip->chip);
        r->verdict =
            verdict_of_dead(r->plan, &r->part, chip_efuses(r->chip->chip),
                            r->chip->flash, &r->advice, way, sizeof way);
    }
    (void)snprintf(r->why, sizeof r->why, "step %zu: %s%s%s", r->run.step + 1,
                   why, lives ? "" : "; ", way);
}

// What nobody planned.
static void find_firmware(struct rehearsal *r)
{
    struct fb_efuse_words planned = r->before;
    const struct fb_efuse_words *after = chip_efuses(r->chip->chip);
    fb_plan_burn(&r->plan->plan, &planned);
    for (unsigned block = 0; block < FB_EFUSE_BLOCKS; block++) {
        for (unsigned w = 0; w < FB_EFUSE_BLOCK_WORDS; w++) {
            r->firmware.word[block][w] =
                after->word[block][w] & ~planned.word[block][w];
        }
    }
    fb_bytes_wipe(&planned, sizeof planned);
}

// A key that the chip makes itself is another one each time, and nobody's.
static void judge_firmware(struct rehearsal *r)
{
    for (unsigned block = 1; block <= 2; block++) {
        if (r->verdict == VERDICT_BOOTS &&
            !fb_efuse_block_blank(&r->firmware, block)) {
            r->verdict = VERDICT_STOPS;
            (void)snprintf(r->why, sizeof r->why,
                           "the board's own firmware makes a key in BLOCK%u "
                           "that nobody has: build it without first-boot "
                           "enabling, or let the plan burn that key",
                           block);
        }
    }
}

static void run_and_look(struct rehearsal *r)
{
    r->result = execute_plan(&r->run);
    r->verdict = VERDICT_BOOTS;
    if (r->result != EXECUTE_DONE) {
        judge_failure(r);
        return;
    }
    // A cold boot, as the user's power switch gives it.
    chip_port_power(r->chip);
    r->target.connected = r->target.flash = false;
    if (target_boot(&r->target, &r->run.goal, &r->run.console) != TARGET_OK) {
        r->result = EXECUTE_NO_BOOT;
        (void)snprintf(r->run.why, sizeof r->run.why, "%s", r->target.why);
        judge_failure(r);
    }
}

void rehearsal_run(struct rehearsal *r)
{
    run_and_look(r);
    find_firmware(r);
    judge_firmware(r);
}

// --- what comes next ---

static int boot_again(struct rehearsal *r, char *why, size_t cap)
{
    int status = target_boot(&r->target, &r->run.goal, &r->run.console);
    (void)snprintf(why, cap, "%s", status == TARGET_OK ? "" : r->target.why);
    return status == TARGET_OK ? 0 : CLI_FAILURE;
}

int rehearsal_reflash(struct rehearsal *r, char *why, size_t cap)
{
    const struct fb_plan *plan = &r->plan->plan;
    if (verdict_uart_is_closed(r->plan, chip_efuses(r->chip->chip))) {
        (void)snprintf(why, cap, "UART download mode is disabled");
        return CLI_FAILURE;
    }
    int status = target_connect(&r->target);
    for (size_t i = 0; i < plan->steps && status == TARGET_OK; i++) {
        const struct fb_step *step = &plan->step[i];
        if (step->kind == FB_STEP_ERASE) {
            status = target_erase(&r->target, step->flash_off, step->len);
        } else if (step->kind == FB_STEP_WRITE) {
            status = target_write(&r->target, step->flash_off, step->data,
                                  step->len, step->encrypt);
        }
    }
    if (status != TARGET_OK) {
        (void)snprintf(why, cap, "%s", r->target.why);
        return CLI_FAILURE;
    }
    return boot_again(r, why, cap);
}

static bool slot_of(struct repl *repl, char slot[32])
{
    slot[0] = '\0';
    if (repl_run(repl, "import pycom\nprint(hex(pycom.ota_slot()))", 30) != 0 ||
        repl->raised) {
        return false;
    }
    (void)snprintf(slot, 32, "%s", repl->output);
    return true;
}

static int update(struct rehearsal *r, const char *file, char slot[32])
{
    struct repl repl;
    const char *const files[] = {file};
    const struct ota ota = {.file = files, .files = 1};
    int status = repl_open_on(&repl, r->port);
    if (status == 0 && !slot_of(&repl, slot)) {
        status = CLI_FAILURE;
    }
    if (status == 0) {
        status = ota_update(&ota, &repl);
    }
    if (status == 0) {
        status = ota_verify(&ota, &repl);
    }
    repl_close(&repl);
    return status;
}

// The next slot is the other one, if the new image runs.
static int new_image_runs(struct rehearsal *r, const char *before, char *why,
                          size_t cap, const char *text)
{
    char after[32];
    struct repl repl;
    int status = repl_open_on(&repl, r->port);
    if (status == 0) {
        bool known = slot_of(&repl, after);
        repl_close(&repl);
        if (!known || strcmp(before, after) == 0) {
            (void)snprintf(why, cap, "%s", text);
            return CLI_FAILURE;
        }
    }
    return status;
}

int rehearsal_ota(struct rehearsal *r, const char *file, char *why, size_t cap)
{
    char before[32];
    (void)snprintf(why, cap, "the update is not taken");
    int status = update(r, file, before);
    if (status == 0) {
        status = boot_again(r, why, cap);
    }
    if (status == 0) {
        status = new_image_runs(r, before, why, cap,
                                "the board went back to the old image");
    }
    // An image that does not confirm itself lasts for one start.
    if (status == 0) {
        status = boot_again(r, why, cap);
    }
    return status != 0
               ? status
               : new_image_runs(r, before, why, cap,
                                "the new image did not confirm itself: the "
                                "second start went back to the old one");
}
