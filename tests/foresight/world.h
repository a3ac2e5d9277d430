// SPDX-License-Identifier: Apache-2.0
//
// Random boards: fuses as somebody might have burned them, flash as somebody
// might have written it, and what their owner has at hand. All of it follows
// from a seed.

#ifndef TESTS_FORESIGHT_WORLD_H
#define TESTS_FORESIGHT_WORLD_H

#include "lib/fb/efuse_coding.h"
#include "tests/stories/stage.h"
#include "tests/support/build.h"

struct world {
    uint64_t dice;              // state
    struct fixture *f;          // f->before: the board as it is
    struct fb_board_state seen; // the same, as far as its owner can read it
    struct fb_board_keys keys;  // that the owner gives
    size_t key_len;             // bytes of a key: 32, or 24 under coding 3/4
    uint8_t stray_key[32];      // the key of nothing
    char story[1024];           // what was done, for people
};

// --- dice ---

static inline uint32_t world_roll(struct world *w, uint32_t n)
{
    w->dice = w->dice * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(w->dice >> 33) % n;
}

static inline bool world_chance(struct world *w, uint32_t percent)
{
    return world_roll(w, 100) < percent;
}

static inline void world_tell(struct world *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static inline void world_tell(struct world *w, const char *format, ...)
{
    size_t n = strlen(w->story);
    va_list args;

    va_start(args, format);
    (void)vsnprintf(w->story + n, sizeof w->story - n, format, args);
    va_end(args);
}

// --- fuses ---

static inline void world_put_key(struct world *w, unsigned block,
                                 const uint8_t *key, bool reversed)
{
    struct fb_efuse_words *fuses = &w->f->before.fuses;
    enum fb_efuse_coding coding = fb_efuse_coding_of(fuses);
    uint8_t bytes[32];

    memcpy(bytes, key, w->key_len);
    if (reversed) {
        fb_bytes_reverse(bytes, key, w->key_len);
    }
    assert_int_equal(
        fb_efuse_encode(coding, bytes, w->key_len, fuses->word[block]), FB_OK);
}

// A key block: the owner's key, another one, the wrong order, nothing.
static inline void world_key_block(struct world *w, unsigned block,
                                   const uint8_t *key)
{
    uint32_t luck = world_roll(w, 100);

    if (luck < 70) {
        world_put_key(w, block, key, true);
    } else if (luck < 76) {
        world_put_key(w, block, w->stray_key, true);
        world_tell(w, " BLOCK%u:stray", block);
    } else if (luck < 80) {
        world_put_key(w, block, key, false);
        world_tell(w, " BLOCK%u:order", block);
    } else {
        world_tell(w, " BLOCK%u:blank", block);
    }
}

static inline void world_fuse(struct world *w, enum fb_efuse_id id,
                              uint32_t value)
{
    fx_fuse(w->f, id, value);
    if (value != 0) {
        world_tell(w, " %s=0x%x", fb_efuse_map[id].name, (unsigned)value);
    }
}

static inline void world_maybe(struct world *w, enum fb_efuse_id id,
                               uint32_t value, uint32_t percent)
{
    if (world_chance(w, percent)) {
        world_fuse(w, id, value);
    }
}

static inline uint32_t world_counter(struct world *w)
{
    static const uint8_t usual[] = {0x00, 0x00, 0x00, 0x01, 0x01, 0x01, 0x03,
                                    0x07, 0x0F, 0x1F, 0x3F, 0x7F, 0x7F};

    return world_chance(w, 8) ? world_roll(w, 128)
                              : usual[world_roll(w, sizeof usual)];
}

static inline void world_fuses(struct world *w)
{
    struct fb_efuse_words *fuses = &w->f->before.fuses;

    if (world_chance(w, 30)) {
        fx_revision_3(w->f);
        world_tell(w, " revision 3");
    }
    w->key_len = 32;
    if (world_chance(w, 12)) {
        world_fuse(w, FB_EFUSE_CODING_SCHEME, FB_CODING_3_4);
        w->key_len = 24;
    } else {
        world_maybe(w, FB_EFUSE_CODING_SCHEME, FB_CODING_NONE_RECOVERY, 4);
    }
    world_fuse(w, FB_EFUSE_FLASH_CRYPT_CNT, world_counter(w));
    world_fuse(w, FB_EFUSE_FLASH_CRYPT_CONFIG,
               world_chance(w, 85) ? 0xF : world_roll(w, 16));
    world_key_block(w, 1, w->f->flash_key);
    world_maybe(w, FB_EFUSE_ABS_DONE_0, 1, 45);
    world_key_block(w, 2, w->f->boot_key);
    world_maybe(w, FB_EFUSE_RD_DIS, 1, 60);
    world_maybe(w, FB_EFUSE_RD_DIS, 2, 60);
    world_maybe(w, FB_EFUSE_RD_DIS, 8, 5);
    world_maybe(w, FB_EFUSE_WR_DIS, 1u << 7, 60);
    world_maybe(w, FB_EFUSE_WR_DIS, 1u << 8, 60);
    world_maybe(w, FB_EFUSE_WR_DIS, 1u << world_roll(w, 16), 25);
    world_maybe(w, FB_EFUSE_DISABLE_DL_ENCRYPT, 1, 30);
    world_maybe(w, FB_EFUSE_DISABLE_DL_DECRYPT, 1, 30);
    world_maybe(w, FB_EFUSE_DISABLE_DL_CACHE, 1, 30);
    world_maybe(w, FB_EFUSE_UART_DOWNLOAD_DIS, 1, 8);
    world_maybe(w, FB_EFUSE_CONSOLE_DEBUG_DISABLE, 1, 30);
    if (fb_efuse_get(fuses, FB_EFUSE_CODING_SCHEME) != FB_CODING_3_4 &&
        world_chance(w, 8)) {
        world_fuse(w, FB_EFUSE_SECURE_VERSION, 1 + 2 * world_roll(w, 2));
    }
}

// --- flash ---

enum world_form {
    WORLD_RIGHT, // as the chip wants it
    WORLD_PLAIN,
    WORLD_CIPHER,    // with the owner's key
    WORLD_ELSEWHERE, // made for another address
    WORLD_STRAY,     // with another key
    WORLD_DAMAGED,
    WORLD_BLANK,
    WORLD_ABSENT, // not written: what is there stays
    WORLD_FORMS
};

static const char *const world_form_name[WORLD_FORMS] = {
    "right", "plain",   "cipher", "elsewhere",
    "stray", "damaged", "blank",  "absent"};

// The key that the chip decrypts with, whoever knows it.
static inline size_t world_chip_key(const struct world *w, uint8_t key[32])
{
    return fb_efuse_key(&w->f->before.fuses, 1, key);
}

static inline void world_encrypt(const struct world *w, const uint8_t *key,
                                 size_t n, uint32_t address, uint8_t *p,
                                 size_t len)
{
    struct fb_flash_encryption_key crypt;
    uint32_t config =
        fb_efuse_get(&w->f->before.fuses, FB_EFUSE_FLASH_CRYPT_CONFIG);

    assert_int_equal(fb_flash_encryption_key_init(&crypt, key, n, config),
                     FB_OK);
    assert_int_equal(fb_flash_encrypt(&crypt, address, p, p, len), FB_OK);
}

static inline void world_put(struct world *w, uint32_t flash_off,
                             const uint8_t *p, size_t n, enum world_form form)
{
    bool on = fb_efuse_flash_encryption_on(&w->f->before.fuses);
    uint8_t *to = w->f->flash + flash_off;
    size_t rows = (n + 31) & ~(size_t)31;
    uint8_t key[32];
    size_t key_n = world_chip_key(w, key);
    size_t bit = world_roll(w, (uint32_t)n * 8);

    if (form == WORLD_ABSENT) {
        return;
    }
    memset(to, 0xFF, rows);
    if (form == WORLD_BLANK) {
        return;
    }
    memcpy(to, p, n);
    if (form == WORLD_CIPHER) {
        world_encrypt(w, w->f->flash_key, w->key_len, flash_off, to, rows);
    } else if (form == WORLD_ELSEWHERE) {
        world_encrypt(w, w->f->flash_key, w->key_len,
                      (flash_off + 0x10000 * (1 + world_roll(w, 3))), to, rows);
    } else if (form == WORLD_STRAY) {
        world_encrypt(w, w->stray_key, w->key_len, flash_off, to, rows);
    } else if (form != WORLD_PLAIN && on) {
        world_encrypt(w, key, key_n, flash_off, to, rows);
    }
    if (form == WORLD_DAMAGED) {
        to[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

// A part of the flash in a form of the dice's.
static inline void world_part(struct world *w, const char *name,
                              uint32_t flash_off, const uint8_t *p, size_t n,
                              enum world_form usual)
{
    enum world_form form = world_chance(w, 92)
                               ? usual
                               : (enum world_form)world_roll(w, WORLD_FORMS);

    world_put(w, flash_off, p, n, form);
    if (form != WORLD_RIGHT) {
        world_tell(w, " %s:%s", name, world_form_name[form]);
    }
}

static inline const uint8_t *world_scalar(struct world *w, const char *name)
{
    uint32_t luck = world_roll(w, 100);

    if (luck < 90) {
        return testing_key;
    }
    world_tell(w, " %s:%s", name, luck < 95 ? "unsigned" : "other signature");
    return luck < 95 ? NULL : testing_other_key;
}

static inline void world_files(struct world *w)
{
    struct fixture *f = w->f;
    uint8_t kept[32];

    memcpy(kept, f->boot_key, 32);
    if (world_chance(w, 6)) {
        memcpy(f->boot_key, w->stray_key, 32);
        world_tell(w, " digest of another key");
    }
    if (fb_efuse_get(&f->before.fuses, FB_EFUSE_CODING_SCHEME) ==
        FB_CODING_3_4) {
        f->boot_key_n = 24;
    }
    fx_make_digest_file(f, (uint8_t)world_roll(w, 256));
    memcpy(f->boot_key, kept, 32);
    fx_make_table(f, world_scalar(w, "table"), world_chance(w, 80));
    fx_make_app(&f->app, 'H', world_scalar(w, "app"));
    fx_make_app(&f->other_app, 'J', world_scalar(w, "other app"));
}

static inline void world_flash(struct world *w)
{
    struct fixture *f = w->f;
    enum world_form all = world_chance(w, 65)
                              ? WORLD_RIGHT
                              : (enum world_form)world_roll(w, WORLD_STRAY + 1);
    struct fb_boot_info info;
    uint8_t bytes[FB_BOOT_INFO_SIZE];

    world_files(w);
    if (world_chance(w, 3)) {
        world_put(w, 0x1000, f->digest_file, f->digest_file_n, all);
        world_tell(w, " digest file at 0x1000");
    } else {
        world_part(w, "bootloader", 0x1000, f->bootloader, f->bootloader_n,
                   all);
        // As a file, or what ESP-IDF's first boot writes.
        world_part(w, "digest", 0, f->digest_file,
                   world_chance(w, 80) ? 4096 : 192, all);
    }
    world_part(w, "table", 0x8000, f->table.p, f->table.n, all);
    world_part(w, "app", FX_SLOT_0, f->app.p, f->app.n, all);
    if (world_chance(w, 50)) {
        world_part(w, "other app", FX_SLOT_1, f->other_app.p, f->other_app.n,
                   all);
        world_tell(w, " (two apps)");
    }
    if (world_chance(w, 50)) {
        fb_boot_info_fresh(&info);
        info.active = world_roll(w, 2);
        info.state = world_roll(w, 3);
        fb_boot_info_encode(&info, bytes);
        world_part(w, "otadata", FX_OTADATA, bytes, sizeof bytes, all);
        world_tell(w, " otadata(%u,%u)", (unsigned)info.active,
                   (unsigned)info.state);
    }
}

// --- what its owner knows ---

static inline void world_hide(struct world *w, enum fb_efuse_id id)
{
    struct fb_efuse_words mask;

    fb_efuse_field_mask(&fb_efuse_map[id], &mask);
    for (unsigned b = 0; b < FB_EFUSE_BLOCKS; b++) {
        for (unsigned i = 0; i < FB_EFUSE_BLOCK_WORDS; i++) {
            w->seen.known.word[b][i] &= ~mask.word[b][i];
            w->seen.fuses.word[b][i] &= ~mask.word[b][i];
        }
    }
}

static inline void world_look(struct world *w)
{
    w->seen = w->f->before;
    for (unsigned i = 0; i < FB_EFUSE_FIELDS; i++) {
        if (fb_efuse_is_hidden(&w->f->before.fuses, &fb_efuse_map[i])) {
            world_hide(w, (enum fb_efuse_id)i);
        }
    }
    w->keys = (struct fb_board_keys){.signing_pub = w->f->pub};
    if (world_chance(w, 75)) {
        w->keys.flash_key = w->f->flash_key;
        w->keys.flash_key_len = w->key_len;
    } else {
        world_tell(w, " (no flash key)");
    }
    if (world_chance(w, 75)) {
        w->keys.boot_key = w->f->boot_key;
        w->keys.boot_key_len = w->key_len;
    } else {
        world_tell(w, " (no boot key)");
    }
    w->keys.v2 = fb_efuse_get(&w->f->before.fuses, FB_EFUSE_ABS_DONE_1) != 0;
}

// f: with a bootloader. A blank board, and dice.
static inline void world_blank(struct world *w, struct fixture *f,
                               uint64_t seed)
{
    memset(w, 0, sizeof *w);
    w->f = f;
    w->dice = seed * 0x9E3779B97F4A7C15u + 1;
    for (unsigned i = 0; i < 32; i++) {
        w->stray_key[i] = (uint8_t)world_roll(w, 256);
    }
    memset(f->flash, 0xFF, FX_FLASH);
    memset(&f->before.fuses, 0, sizeof f->before.fuses);
    f->before.syscon_date = 0;
    fb_efuse_set_mac(&f->before.fuses, fx_mac);
}

// Where it hangs: the flash it has, GPIO12, and fuses that somebody burned for
// another module, or by mistake. Its owner knows the module.
static inline void world_supply(struct world *w)
{
    struct fb_flash_part *part = &w->f->before.part;

    *part = (struct fb_flash_part){.needs = FB_FLASH_SUPPLY_3V3};
    if (world_chance(w, 85)) {
        return;
    }
    part->needs = (enum fb_flash_supply)(FB_FLASH_SUPPLY_3V3 +
                                         world_roll(w, FB_FLASH_SUPPLIES - 1));
    part->mtdi = world_chance(w, 50);
    world_tell(w, " flash:%s MTDI=%u", fb_flash_supply_name(part->needs),
               part->mtdi);
    world_maybe(w, FB_EFUSE_XPD_SDIO_FORCE, 1, 50);
    world_maybe(w, FB_EFUSE_XPD_SDIO_REG, 1, 50);
    world_maybe(w, FB_EFUSE_XPD_SDIO_TIEH, 1, 50);
    world_maybe(w, FB_EFUSE_SPI_PAD_CONFIG_CLK, 6, 10);
    world_maybe(w, FB_EFUSE_SPI_PAD_CONFIG_Q, 7, 10);
    world_maybe(w, FB_EFUSE_DIS_CACHE, 1, 5);
}

static inline void world_make(struct world *w, struct fixture *f, uint64_t seed)
{
    world_blank(w, f, seed);
    world_fuses(w);
    world_flash(w);
    world_supply(w);
    world_look(w);
}

#endif
