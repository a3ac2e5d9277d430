// SPDX-License-Identifier: Apache-2.0

#include "tools/fusebox/plan/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "lib/fb/board_view.h"
#include "lib/fb/bytes.h"
#include "lib/fb/crypto.h"
#include "tools/cli/cli.h"

#define SECTOR FB_FLASH_SECTOR

// From what software sees to what is burned.
static void take_block(struct snapshot *s, const struct fb_efuse_words *shadow,
                       unsigned block)
{
    uint8_t data[32];
    if (fb_efuse_block_hidden(shadow, block)) {
        s->ini.unknown |= 1u << block;
        return;
    }
    for (unsigned w = 0; w < FB_EFUSE_BLOCK_WORDS; w++) {
        store32_le(data + (size_t)4 * w, shadow->word[block][w]);
    }
    (void)fb_efuse_encode(fb_efuse_coding_of(shadow), data,
                          fb_efuse_coding_bytes(fb_efuse_coding_of(shadow)),
                          s->fuses.word[block]);
    fb_bytes_wipe(data, sizeof data);
}

static void take_fuses(struct snapshot *s, const struct target_fuses *read)
{
    memcpy(s->fuses.word[0], read->shadow.word[0], sizeof s->fuses.word[0]);
    for (unsigned block = 1; block < FB_EFUSE_BLOCKS; block++) {
        take_block(s, &read->shadow, block);
    }
    if (fb_efuse_get(&read->shadow, FB_EFUSE_RD_DIS) & 8) {
        s->ini.unknown |= BOARD_UNKNOWN_CONFIG;
    }
    s->ini.revision = fb_efuse_chip_revision(&read->shadow, read->syscon_date);
    (void)fb_efuse_mac(&read->shadow, s->ini.mac);
    s->ini.part.pads = fb_efuse_flash_pads(&read->shadow);
}

// --- flash ---

// A run of sectors that are wanted and not known, from *at on; *at moves behind
// it. Returns its sectors, 0: there is none.
static size_t next_run(const struct snapshot *s, const bool *wanted, size_t *at)
{
    size_t sectors = s->ini.flash_size / SECTOR;
    while (*at < sectors && !(wanted[*at] && s->unread[*at])) {
        ++*at;
    }
    size_t from = *at;
    while (*at < sectors && wanted[*at] && s->unread[*at]) {
        ++*at;
    }
    return *at - from;
}

static int read_sectors(struct target *t, struct snapshot *s, size_t from,
                        size_t n)
{
    size_t bytes = n * SECTOR;
    int status = target_read(t, (uint32_t)(from * SECTOR),
                             s->flash + from * SECTOR, bytes);
    if (status == TARGET_OK) {
        memset(s->unread + from, false, n);
        s->read += (uint32_t)bytes;
    }
    return status;
}

// What is erased of a run need not be read.
static int find_erased(struct target *t, struct snapshot *s, size_t from,
                       size_t n)
{
    bool *erased = calloc(n, sizeof *erased);
    if (erased == NULL) {
        (void)snprintf(t->why, sizeof t->why, "out of memory");
        return TARGET_E_HOST;
    }
    int status = target_erased(t, (uint32_t)(from * SECTOR), n, erased);
    for (size_t i = 0; i < n && status == TARGET_OK; i++) {
        s->unread[from + i] = !erased[i];
    }
    free(erased);
    return status;
}

int snapshot_read(struct target *t, struct snapshot *s,
                  const bool wanted[FB_FLASH_SECTORS], bool *more)
{
    size_t n;
    int status = TARGET_OK;
    *more = false;
    for (size_t at = 0;
         status == TARGET_OK && (n = next_run(s, wanted, &at)) != 0;) {
        *more = true;
        status = find_erased(t, s, at - n, n);
    }
    for (size_t at = 0;
         status == TARGET_OK && (n = next_run(s, wanted, &at)) != 0;) {
        status = read_sectors(t, s, at - n, n);
    }
    return status;
}

static int read_used(struct target *t, struct snapshot *s)
{
    bool all[FB_FLASH_SECTORS];
    bool more;
    memset(all, true, sizeof all);
    return snapshot_read(t, s, all, &more);
}

static int room_for_flash(struct target *t, struct snapshot *s)
{
    int status = target_flash_bytes(t, &s->ini.flash_size);
    if (status == TARGET_OK) {
        status = target_flash_part(t, &s->ini.part);
    }
    if (status != TARGET_OK) {
        return status;
    }
    if (s->ini.flash_size > FB_FLASH_MAX) {
        (void)snprintf(t->why, sizeof t->why,
                       "a flash chip of %u MiB: the ESP32 has addresses for 16",
                       (unsigned)(s->ini.flash_size >> 20));
        return TARGET_E_HOST;
    }
    s->flash = malloc(s->ini.flash_size);
    if (s->flash == NULL) {
        (void)snprintf(t->why, sizeof t->why, "out of memory");
        return TARGET_E_HOST;
    }
    memset(s->flash, 0xFF, s->ini.flash_size);
    memset(s->unread, true, s->ini.flash_size / SECTOR);
    s->ini.unknown |= BOARD_UNKNOWN_FLASH;
    return TARGET_OK;
}

int snapshot_take_flash(struct target *t, enum snapshot_flash how,
                        struct snapshot *s)
{
    int status = TARGET_OK;
    switch (how) {
    case SNAPSHOT_ALL:
        status = read_sectors(t, s, 0, s->ini.flash_size / SECTOR);
        break;
    case SNAPSHOT_USED:
        status = read_used(t, s);
        break;
    case SNAPSHOT_NONE:
        return TARGET_OK;
    }
    if (status == TARGET_OK) {
        s->ini.unknown &= ~(unsigned)BOARD_UNKNOWN_FLASH;
    }
    return status;
}

int snapshot_take(struct target *t, enum snapshot_flash how, struct snapshot *s)
{
    struct target_fuses read;
    memset(s, 0, sizeof *s);
    (void)snprintf(s->ini.name, sizeof s->ini.name, "ESP32");
    int status = target_steady_fuses(t, &read);
    if (status == TARGET_OK) {
        take_fuses(s, &read);
        status = room_for_flash(t, s);
    }
    if (status == TARGET_OK) {
        status = snapshot_take_flash(t, how, s);
    }
    fb_bytes_wipe(&read, sizeof read);
    return status;
}

void snapshot_free(struct snapshot *s)
{
    free(s->flash);
    fb_bytes_wipe(s, sizeof *s);
}

int snapshot_supply(struct snapshot *s, enum plan_key_kind kind,
                    const char *path)
{
    struct plan_key key = {.used = true};
    unsigned block = plan_key_block(kind);
    uint32_t word[FB_EFUSE_BLOCK_WORDS];
    size_t n = fb_efuse_coding_bytes(fb_efuse_coding_of(&s->fuses));
    int status = plan_key_read(path, &key, kind, n);
    if (status == 0 && key.n != n) {
        status = cli_error(path, "has %zu bytes, this chip's keys have %zu",
                           key.n, n);
    }
    if (status == 0) {
        status = plan_key_words(&key, fb_efuse_coding_of(&s->fuses), word);
    }
    if (status == 0 && (s->ini.unknown & 1u << block) == 0 &&
        memcmp(word, s->fuses.word[block], sizeof word) != 0) {
        status =
            fb_bytes_all((const uint8_t *)s->fuses.word[block], sizeof word, 0)
                ? cli_error(path, "BLOCK%u of this board is blank", block)
                : cli_error(path, "not what BLOCK%u of this board holds",
                            block);
    }
    if (status == 0) {
        memcpy(s->fuses.word[block], word, sizeof word);
        s->ini.unproven |= s->ini.unknown & 1u << block;
        s->ini.unknown &= ~(1u << block);
    }
    fb_bytes_wipe(&key, sizeof key);
    fb_bytes_wipe(word, sizeof word);
    return status;
}

// What a start showed of the supplied keys.
static void believe(struct snapshot *s, const struct fb_boot_log *log,
                    struct fb_board_view *v, uint8_t *plain)
{
    const struct board board = {
        .ini = s->ini, .fuses = s->fuses, .flash = s->flash};
    const struct fb_board_keys none = {0};
    struct fb_board_state state;
    board_state(&board, &state);
    fb_board_view(v, &state, &none, plain);
    for (unsigned block = 1; block <= 2; block++) {
        if (fb_board_view_booted(v, log, block)) {
            s->ini.unproven &= ~(1u << block);
        }
    }
    fb_bytes_wipe(&state, sizeof state);
}

int snapshot_prove(struct target *t, struct snapshot *s)
{
    struct fb_boot_log log;
    int status = TARGET_OK;
    if (s->ini.unproven == 0 || (s->ini.unknown & BOARD_UNKNOWN_FLASH) != 0) {
        return TARGET_OK;
    }
    struct fb_board_view *v = malloc(sizeof *v);
    uint8_t *plain = malloc(s->ini.flash_size);
    if (v == NULL || plain == NULL) {
        (void)snprintf(t->why, sizeof t->why, "out of memory");
        status = TARGET_E_HOST;
    }
    if (status == TARGET_OK) {
        status = target_boot_log(t, &log);
    }
    if (status == TARGET_OK) {
        believe(s, &log, v, plain);
    }
    if (plain != NULL) {
        fb_bytes_wipe(plain, s->ini.flash_size);
    }
    free(plain);
    free(v);
    return status;
}
