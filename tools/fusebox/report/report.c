// SPDX-License-Identifier: Apache-2.0

#include "tools/fusebox/report/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/fb/bytes.h"
#include "lib/fb/efuse_coding.h"
#include "tools/fusebox/board_rom.h"

// Chip time that a board has to say what is waited for.
#define TEXT_MS 5000u

// --- keys ---

static void add_key(struct report *r, const char *name, const uint8_t *bytes,
                    size_t len)
{
    struct report_key *key = &r->key[r->keys];
    const char *slash = strrchr(name, '/');

    if (r->keys == REPORT_KEYS || (len != 24 && len != 32)) {
        return;
    }
    for (unsigned i = 0; i < r->keys; i++) {
        if (r->key[i].len == len && memcmp(r->key[i].bytes, bytes, len) == 0) {
            return;
        }
    }
    (void)snprintf(key->name, sizeof key->name, "%s",
                   slash != NULL ? slash + 1 : name);
    memcpy(key->bytes, bytes, len);
    key->len = len;
    fb_key_fingerprint(bytes, len, key->fingerprint);
    r->keys++;
}

// What the flash encryption hardware of a state works with.
static void add_block1(struct report *r, const struct fb_board_state *s)
{
    uint8_t bytes[32];

    if (fb_board_state_knows_block(s, 1) &&
        !fb_efuse_block_blank(&s->fuses, 1)) {
        add_key(r, "BLOCK1", bytes, fb_efuse_key(&s->fuses, 1, bytes));
        fb_bytes_wipe(bytes, sizeof bytes);
    }
}

static void gather_keys(struct report *r)
{
    const struct fb_check_key *file = &r->s.in.flash_key;

    add_block1(r, &r->after);
    r->block1 = r->keys == 1 ? 0 : -1;
    add_block1(r, &r->before);
    if (file->bytes != NULL) {
        add_key(r, file->name != NULL ? file->name : "--flash-key", file->bytes,
                file->len);
    }
}

// A block that could not be read holds what the file holds, if that fits.
static void fill_block(struct fb_board_state *s, unsigned block,
                       const struct fb_check_key *key)
{
    enum fb_efuse_coding coding = fb_efuse_coding_of(&s->fuses);
    uint8_t bytes[32];

    if (key->bytes == NULL || key->len > sizeof bytes ||
        fb_board_state_knows_block(s, block)) {
        return;
    }
    fb_bytes_reverse(bytes, key->bytes, key->len);
    if (fb_efuse_encode(coding, bytes, key->len, s->fuses.word[block]) ==
        FB_OK) {
        memset(s->known.word[block], 0xFF, sizeof s->known.word[block]);
    }
    fb_bytes_wipe(bytes, sizeof bytes);
}

// --- the board, before and after ---

// Do the plan to r->after, up to the first step that cannot be made.
static void apply_plan(struct report *r)
{
    const struct fb_check_key *key = &r->s.in.flash_key;

    r->refused = fb_plan_run(&r->after, r->s.in.plan, 0, key->bytes, key->len,
                             &r->refusal);
}

static int make_states(struct report *r)
{
    r->before = r->s.state;
    fill_block(&r->before, 1, &r->s.in.flash_key);
    if (!r->s.in.secure_v2) {
        fill_block(&r->before, 2, &r->s.in.secure_boot_key);
    }
    r->after = r->before;
    r->after.flash = malloc(r->before.flash_size);
    if (r->after.flash == NULL) {
        return cli_error(NULL, "out of memory");
    }
    memcpy(r->after.flash, r->before.flash, r->before.flash_size);
    apply_plan(r);
    return 0;
}

// --- the boot ---

// What the chip would work with and nobody told us; NULL: nothing.
static const char *what_is_missing(const struct report *r)
{
    if (r->refused < r->s.in.plan->steps) {
        return "the plan cannot be carried out";
    }
    if (!fb_board_state_knows_flash(&r->after, 0, r->after.flash_size)) {
        return "what its flash holds is not known";
    }
    if (report_encrypts(r) != REPORT_NO &&
        (!fb_board_state_knows_block(&r->after, 1) ||
         !report_knows(r, FB_EFUSE_FLASH_CRYPT_CONFIG))) {
        return "flash encryption is on, and its key in BLOCK1 is not known: "
               "--flash-key takes it from a file";
    }
    if (report_flag(r, FB_EFUSE_ABS_DONE_0) != REPORT_NO &&
        !fb_board_state_knows_block(&r->after, 2)) {
        return "Secure Boot V1 is on, and its key in BLOCK2 is not known: "
               "--secure-boot-key takes it from a file";
    }
    if (report_flag(r, FB_EFUSE_ABS_DONE_1) != REPORT_NO && r->revision >= 3 &&
        !fb_board_state_knows_block(&r->after, 2)) {
        return "Secure Boot V2 is on, and the digest in BLOCK2 is not known";
    }
    return NULL;
}

static int boot(struct report *r)
{
    struct mask_rom *rom = NULL;
    struct fb_efuse_words fuses = r->after.fuses;
    int status = 0;

    r->replay = calloc(1, sizeof *r->replay);
    if (r->replay == NULL) {
        return cli_error(NULL, "out of memory");
    }
    r->cannot_run = what_is_missing(r);
    if (r->rom != NULL) {
        status = board_rom_load(r->rom, r->s.board.ini.revision, &rom);
    }
    if (status != 0 || r->cannot_run != NULL) {
        free(rom);
        return status;
    }
    struct board_ini ini = r->s.board.ini;
    const struct replay_wish wish = {
        .goal = r->goal.text != NULL ? r->goal.text : "",
        .ms = r->goal.text != NULL ? TEXT_MS : r->goal.seconds * 1000,
        .rom = rom};
    // The scratch memory of the map serves as the flash that the boot changes.
    memcpy(r->scratch, r->after.flash, r->after.flash_size);
    ini.part = r->after.part;
    if (!replay_run(r->replay, &wish, &ini, r->scratch, &fuses)) {
        status = cli_error(NULL, "out of memory");
    } else if (report_is_dead(r) && !report_explain(r, &fuses, r->scratch)) {
        status = cli_error(NULL, "out of memory");
    }
    fb_bytes_wipe(&fuses, sizeof fuses);
    free(rom);
    return status;
}

// --- all of it ---

static int open_source(struct report *r, const struct cli *cli)
{
    const char *dir = cli_string(cli, "board");
    const char *what = cli_args(cli) > 0 ? cli_arg(cli, 0) : NULL;
    struct stat info;
    bool folder = false;

    if (what != NULL) {
        if (stat(what, &info) != 0) {
            return cli_error(what, "%s", strerror(errno));
        }
        folder = S_ISDIR(info.st_mode);
    }
    if (folder && dir != NULL) {
        return cli_usage(cli, "%s is a board, and --board names one too", what);
    }
    int status = subject_open_board(&r->s, cli, folder ? what : dir);
    if (status == 0) {
        status = subject_read_all(&r->s);
    }
    if (status != 0) {
        return status;
    }
    r->source = what != NULL ? what : r->s.name;
    if (what == NULL || folder) {
        return 0;
    }
    status = subject_plan(&r->s, what);
    if (status == 0) {
        r->plan = r->s.in.plan;
        r->rehearsed = record_find(&r->record, what, r->s.plan->hash);
    }
    return status;
}

// What the checks say, and what to do with a board that does not start.
static int run_checks(struct report *r, const struct cli *cli)
{
    r->s.in.release = cli_flag(cli, "release");
    int status = subject_check(&r->s);
    if (status == 0 && r->plan == NULL) {
        status = subject_advise(&r->s, &r->advice);
    }
    return status;
}

int report_load(struct report *r, const struct cli *cli)
{
    memset(r, 0, sizeof *r);
    r->s.board.lock = -1;
    r->rom = cli_string(cli, "rom");
    if (!record_parse_goal(cli_string(cli, "goal"), &r->goal)) {
        return cli_error(cli_string(cli, "goal"),
                         "--goal: prompt, seconds:N, or a short text");
    }
    int status = open_source(r, cli);
    if (status == 0) {
        status = make_states(r);
    }
    if (status != 0) {
        return status;
    }
    r->revision =
        fb_efuse_chip_revision(&r->before.fuses, r->before.syscon_date);
    status = run_checks(r, cli);
    if (status != 0) {
        return status;
    }
    gather_keys(r);
    if (!report_map_flash(r)) {
        return cli_error(NULL, "out of memory");
    }
    report_prove(r);
    status = boot(r);
    if (status == 0) {
        report_judge(r);
    }
    return status;
}

void report_free(struct report *r)
{
    if (r->scratch != NULL) {
        fb_bytes_wipe(r->scratch, r->after.flash_size);
    }
    free(r->scratch);
    free(r->after.flash);
    free(r->region);
    free(r->replay);
    subject_close(&r->s);
    fb_bytes_wipe(r, sizeof *r);
}
