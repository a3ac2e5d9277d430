// SPDX-License-Identifier: Apache-2.0

#include "tools/fusebox/report/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/file.h"
#include "lib/fb/bytes.h"
#include "lib/fb/efuse_coding.h"
#include "tools/cli/cli.h"
#include "tools/fusebox/board_rom.h"

// Chip time that a board has to say what is waited for.
#define TEXT_MS 5000u

// --- small questions ---

bool report_knows(const struct report *r, enum fb_efuse_id id)
{
    return fb_board_state_knows(&r->after, &fb_efuse_map[id]);
}

uint32_t report_value(const struct report *r, enum fb_efuse_id id)
{
    return fb_efuse_get(&r->after.fuses, id);
}

enum report_answer report_flag(const struct report *r, enum fb_efuse_id id)
{
    if (report_value(r, id) != 0) {
        return REPORT_YES;
    }
    return report_knows(r, id) ? REPORT_NO : REPORT_UNKNOWN;
}

bool report_is_secret(const struct report *r, unsigned block)
{
    return block == 1 || block == 2 ||
           (block == 3 && (report_flag(r, FB_EFUSE_KEY_STATUS) != REPORT_NO ||
                           fb_efuse_is_hidden(&r->after.fuses,
                                              &fb_efuse_map[FB_EFUSE_BLOCK3])));
}

enum report_answer report_encrypts(const struct report *r)
{
    if (!report_knows(r, FB_EFUSE_FLASH_CRYPT_CNT)) {
        return REPORT_UNKNOWN;
    }
    return fb_efuse_flash_encryption_on(&r->after.fuses) ? REPORT_YES
                                                         : REPORT_NO;
}

bool report_knows_table(const struct report *r)
{
    for (size_t i = 0; i < r->regions; i++) {
        if (r->region[i].now.role == FB_FLASH_ROLE_TABLE) {
            return r->region[i].now.content.state != FB_FLASH_UNREAD;
        }
    }
    return false;
}

const char *report_print(const uint8_t fingerprint[32], char text[20])
{
    (void)snprintf(text, 20, "%02x%02x %02x%02x %02x%02x %02x%02x",
                   fingerprint[0], fingerprint[1], fingerprint[2],
                   fingerprint[3], fingerprint[4], fingerprint[5],
                   fingerprint[6], fingerprint[7]);
    return text;
}

// --- keys ---

static void add_key(struct report *r, const char *name, const uint8_t *bytes,
                    size_t len)
{
    struct report_key *key = &r->key[r->keys];
    const char *slash = strrchr(name, '/');

    if (r->keys == REPORT_KEYS) {
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

static bool block_is_blank(const struct fb_board_state *s, unsigned block)
{
    return fb_bytes_all((const uint8_t *)s->fuses.word[block],
                        sizeof s->fuses.word[block], 0);
}

// What the flash encryption hardware of a state works with.
static void add_block1(struct report *r, const struct fb_board_state *s)
{
    uint8_t bytes[32];

    if (fb_board_state_knows_block(s, 1) && !block_is_blank(s, 1)) {
        add_key(r, "BLOCK1", bytes, fb_efuse_key(&s->fuses, 1, bytes));
        fb_bytes_wipe(bytes, sizeof bytes);
    }
}

// A block that could not be read holds what the file holds.
static int fill_block(struct fb_board_state *s, unsigned block,
                      const char *path, const struct host_file *file)
{
    enum fb_efuse_coding coding =
        (enum fb_efuse_coding)fb_efuse_get(&s->fuses, FB_EFUSE_CODING_SCHEME);
    uint8_t bytes[32];

    if (file->size > sizeof bytes) {
        return cli_error(path, "not a key of %zu bytes",
                         fb_efuse_coding_bytes(coding));
    }
    fb_bytes_reverse(bytes, file->data, file->size);
    enum fb_status status =
        fb_efuse_encode(coding, bytes, file->size, s->fuses.word[block]);
    fb_bytes_wipe(bytes, sizeof bytes);
    if (status != FB_OK) {
        return cli_error(path, "not a key of %zu bytes",
                         fb_efuse_coding_bytes(coding));
    }
    memset(s->known.word[block], 0xFF, sizeof s->known.word[block]);
    return 0;
}

// A key file for a block: fills it where it is not known.
static int take_key_file(struct report *r, unsigned block, const char *path)
{
    struct host_file file;
    int error;

    if (path == NULL) {
        return 0;
    }
    if ((error = host_file_read_secret(path, 64, &file)) != 0) {
        return cli_error(path, "%s", strerror(error));
    }
    int status = 0;
    if (!fb_board_state_knows_block(&r->before, block)) {
        status = fill_block(&r->before, block, path, &file);
    } else if (file.size != 24 && file.size != 32) {
        status = cli_error(path, "not a key of 24 or 32 bytes");
    }
    if (status == 0 && block == 1) {
        add_key(r, path, file.data, file.size);
    }
    host_file_free(&file);
    return status;
}

// --- the board, before and after ---

static int open_board(struct report *r, const char *dir)
{
    int status = board_open(&r->board, dir);

    if (status != 0) {
        return status;
    }
    r->board_is_open = true;
    r->ini = r->board.ini;
    board_state(&r->board, &r->before);
    return 0;
}

// The fuses that a plan says the board had; its flash is not known.
static void assume_board(struct report *r)
{
    const struct plan_file *f = r->plan_file;

    r->ini = f->ini;
    r->before = (struct fb_board_state){
        .fuses = f->fuses,
        .known = f->known,
        .flash_size = f->ini.flash_size,
        .syscon_date = f->ini.revision == 3 ? 1u << 31 : 0,
        .reads = 3,
    };
    for (unsigned block = 1; block <= 2; block++) {
        const bool blank =
            f->block_print[block].known && f->block_print[block].blank;
        memset(r->before.known.word[block], blank ? 0xFF : 0,
               sizeof r->before.known.word[block]);
    }
}

static int open_plan(struct report *r, const char *path, const char *dir)
{
    r->plan_file = malloc(sizeof *r->plan_file);
    if (r->plan_file == NULL) {
        return cli_error(NULL, "out of memory");
    }
    int status = plan_file_read(path, r->plan_file);
    if (status == 0) {
        status = plan_file_load(r->plan_file);
    }
    if (status != 0) {
        return status;
    }
    r->plan = &r->plan_file->plan;
    if (dir == NULL) {
        assume_board(r);
        return 0;
    }
    return open_board(r, dir);
}

// Do the plan to r->after, up to the first step that cannot be made.
static void apply_plan(struct report *r)
{
    const struct plan_key *key;

    if (r->plan_file == NULL) {
        return;
    }
    key = &r->plan_file->key[PLAN_KEY_FLASH];
    for (r->refused = 0; r->refused < r->plan->steps; r->refused++) {
        const struct fb_step *step = &r->plan->step[r->refused];

        if (r->after.flash == NULL &&
            (step->kind == FB_STEP_WRITE || step->kind == FB_STEP_ERASE)) {
            continue;
        }
        r->refusal = fb_plan_apply(&r->after, step,
                                   key->used ? key->bytes : NULL, key->n);
        if (r->refusal != FB_OK) {
            return;
        }
    }
}

static int make_after(struct report *r)
{
    r->after = r->before;
    if (r->before.flash != NULL) {
        r->after.flash = malloc(r->before.flash_size);
        if (r->after.flash == NULL) {
            return cli_error(NULL, "out of memory");
        }
        memcpy(r->after.flash, r->before.flash, r->before.flash_size);
    }
    apply_plan(r);
    return 0;
}

// --- the flash ---

static bool is_written(const struct report *r, const struct fb_flash_region *g)
{
    for (size_t i = 0; r->plan != NULL && i < r->plan->steps; i++) {
        const struct fb_step *s = &r->plan->step[i];

        if ((s->kind == FB_STEP_WRITE || s->kind == FB_STEP_ERASE) &&
            s->flash_off < g->flash_off + g->size &&
            s->flash_off + s->len > g->flash_off) {
            return true;
        }
    }
    return false;
}

static int map_flash(struct report *r)
{
    struct fb_flash_region region[FB_FLASH_REGIONS];
    struct fb_flash_key key[REPORT_KEYS];

    if (r->after.flash == NULL) {
        return 0;
    }
    r->scratch = malloc(r->after.flash_size);
    r->region = calloc(FB_FLASH_REGIONS, sizeof *r->region);
    if (r->scratch == NULL || r->region == NULL) {
        return cli_error(NULL, "out of memory");
    }
    for (unsigned i = 0; i < r->keys; i++) {
        key[i] = (struct fb_flash_key){r->key[i].bytes, r->key[i].len};
    }
    struct fb_flash_view v = {.flash = r->after.flash,
                              .size = r->after.flash_size,
                              .known = r->after.flash_known,
                              .key = key,
                              .keys = r->keys,
                              .config =
                                  report_value(r, FB_EFUSE_FLASH_CRYPT_CONFIG),
                              .scratch = r->scratch};
    r->regions = fb_flash_map(&v, &r->table, region);
    v.flash = r->before.flash;
    for (size_t i = 0; i < r->regions; i++) {
        r->region[i].now = region[i];
        r->region[i].written = is_written(r, &region[i]);
        if (r->region[i].written) {
            fb_flash_classify(&v, align_up32(region[i].flash_off, 16),
                              region[i].size / 16 * 16, &r->region[i].before);
        }
    }
    return 0;
}

// --- the boot ---

// What the chip would work with and nobody told us; NULL: nothing.
static const char *what_is_missing(const struct report *r)
{
    const enum report_answer secure = report_flag(r, FB_EFUSE_ABS_DONE_0);

    if (r->plan != NULL && r->refused < r->plan->steps) {
        return "the plan cannot be carried out";
    }
    if (r->after.flash == NULL || r->after.flash_known != NULL) {
        return "what its flash holds is not known";
    }
    if (report_encrypts(r) != REPORT_NO &&
        (!fb_board_state_knows_block(&r->after, 1) ||
         !report_knows(r, FB_EFUSE_FLASH_CRYPT_CONFIG))) {
        return "flash encryption is on, and its key in BLOCK1 is not known: "
               "--flash-key takes it from a file";
    }
    if (secure != REPORT_NO && !fb_board_state_knows_block(&r->after, 2)) {
        return "Secure Boot V1 is on, and its key in BLOCK2 is not known: "
               "--secure-boot-key takes it from a file";
    }
    return NULL;
}

static int boot(struct report *r, const struct report_wish *wish)
{
    struct mask_rom *rom = NULL;
    struct fb_efuse_words fuses = r->after.fuses;
    int status = 0;

    r->cannot_run = what_is_missing(r);
    r->replay = calloc(1, sizeof *r->replay);
    if (r->replay == NULL) {
        return cli_error(NULL, "out of memory");
    }
    if (r->cannot_run != NULL) {
        return 0;
    }
    if (wish->rom != NULL &&
        (status = board_rom_load(wish->rom, r->ini.revision, &rom)) != 0) {
        return status;
    }
    const struct replay_wish replay = {
        .goal = wish->goal.text != NULL ? wish->goal.text : "",
        .ms = wish->goal.text != NULL ? TEXT_MS : wish->goal.seconds * 1000,
        .rom = rom};
    // The scratch memory of the map serves as the flash that the boot changes.
    memcpy(r->scratch, r->after.flash, r->after.flash_size);
    if (!replay_run(r->replay, &replay, r->scratch, r->after.flash_size,
                    r->ini.revision, &fuses)) {
        status = cli_error(NULL, "out of memory");
    }
    fb_bytes_wipe(&fuses, sizeof fuses);
    free(rom);
    return status;
}

// --- all of it ---

static int open_source(struct report *r, const char *source,
                       const struct report_wish *wish)
{
    struct stat info;

    if (stat(source, &info) == 0 && S_ISDIR(info.st_mode)) {
        if (wish->board != NULL) {
            return cli_error(source, "is a board: --board belongs to a plan");
        }
        return open_board(r, source);
    }
    return open_plan(r, source, wish->board);
}

int report_load(struct report *r, const char *source,
                const struct report_wish *wish)
{
    memset(r, 0, sizeof *r);
    r->source = source;
    r->block1 = -1;
    r->rom = wish->rom;
    r->goal = wish->goal;
    int status = open_source(r, source, wish);
    if (status == 0) {
        status = take_key_file(r, 1, wish->flash_key);
    }
    if (status == 0) {
        status = take_key_file(r, 2, wish->boot_key);
    }
    if (status == 0) {
        status = make_after(r);
    }
    if (status != 0) {
        return status;
    }
    r->mac_ok = fb_efuse_mac(&r->before.fuses, r->mac);
    r->revision =
        fb_efuse_chip_revision(&r->before.fuses, r->before.syscon_date);
    add_block1(r, &r->after);
    add_block1(r, &r->before);
    for (unsigned i = 0; i < r->keys; i++) {
        uint8_t bytes[32];
        if (fb_board_state_knows_block(&r->after, 1) &&
            fb_efuse_key(&r->after.fuses, 1, bytes) == r->key[i].len &&
            memcmp(bytes, r->key[i].bytes, r->key[i].len) == 0) {
            r->block1 = (int)i;
        }
        fb_bytes_wipe(bytes, sizeof bytes);
    }
    status = map_flash(r);
    if (status == 0) {
        report_prove(r);
        status = boot(r, wish);
    }
    if (status == 0) {
        report_judge(r);
    }
    return status;
}

void report_free(struct report *r)
{
    if (r->plan_file != NULL) {
        plan_file_free(r->plan_file);
        free(r->plan_file);
    }
    if (r->scratch != NULL) {
        fb_bytes_wipe(r->scratch, r->after.flash_size);
    }
    free(r->scratch);
    free(r->after.flash);
    free(r->region);
    free(r->replay);
    if (r->board_is_open) {
        board_close(&r->board);
    }
    fb_bytes_wipe(r, sizeof *r);
}
