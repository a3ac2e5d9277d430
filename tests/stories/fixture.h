// SPDX-License-Identifier: Apache-2.0
//
// For tests: a board, keys, images and plans in memory, as the checks take
// them. A fixture starts as a blank board of revision 0 with 4 MiB of flash
// and with all keys at hand; everything may be changed before fx_check().

#ifndef TESTS_STORIES_FIXTURE_H
#define TESTS_STORIES_FIXTURE_H

#include "host/key_v2.h"
#include "lib/fb/checks.h"
#include "tests/support/contents.h"

#define FX_FLASH   0x400000u
#define FX_SLOT_0  0x10000u // flash_off
#define FX_SLOT_1  0x20000u
#define FX_OTADATA 0x30000u
#define FX_KEYS    0x31000u // nvs_keys
#define FX_SLOT    0x10000u // bytes
#define FX_STEPS   48u

struct fixture {
    struct fb_board_state before, scratch;
    uint8_t *flash, *scratch_flash, *plain;
    struct fb_step step[FX_STEPS];
    struct fb_plan plan;
    struct fb_check_input in;
    struct fb_check_result out[FB_CHECKS];
    uint8_t flash_key[32], boot_key[32], pub[64];
    size_t boot_key_n; // bytes of it: 32, or 24 under coding scheme 3/4
    uint8_t bootloader[0x20000]; // image; fx_init() puts a stand-in there
    size_t bootloader_n;
    struct testing_blob table, app, other_app; // signed, plaintext
    uint8_t digest_file[0x21000];              // for flash_off 0
    size_t digest_file_n;
};

// What a release burns beside the counter.
static const enum fb_efuse_id fx_locks[] = {
    FB_EFUSE_DISABLE_DL_ENCRYPT,    FB_EFUSE_DISABLE_DL_DECRYPT,
    FB_EFUSE_DISABLE_DL_CACHE,      FB_EFUSE_JTAG_DISABLE,
    FB_EFUSE_CONSOLE_DEBUG_DISABLE,
};
#define FX_LOCKS (sizeof fx_locks / sizeof fx_locks[0])

static const uint8_t fx_mac[6] = {0x24, 0x0A, 0xC4, 0x00, 0x01, 0x02};

// A stand-in for a bootloader: an image that carries the public key.
static inline void fx_stand_in(struct fixture *f)
{
    struct testing_segments segments = {
        0x40080010, 2, {{0x3FFF0018, 64, f->pub}, {0x40080000, 0x400, NULL}}};
    struct testing_blob image;

    testing_make_image(&image, &segments);
    memcpy(f->bootloader, image.p, image.n);
    f->bootloader_n = image.n;
}

// The file for flash_off 0: IV, digest, bootloader.
static inline void fx_make_digest_file(struct fixture *f, uint8_t iv)
{
    const struct testing_digest how = {f->boot_key, f->boot_key_n, iv,
                                       f->bootloader, f->bootloader_n};

    f->digest_file_n =
        testing_make_digest_file(f->digest_file, sizeof f->digest_file, &how);
}

static inline void fx_make_table(struct fixture *f, const uint8_t scalar[32],
                                 bool two_slots)
{
    struct fb_partition_table table = {
        4,
        true,
        {{FB_PARTITION_APP, FB_PARTITION_FACTORY, FX_SLOT_0, FX_SLOT, "factory",
          1},
         {FB_PARTITION_DATA, FB_PARTITION_OTADATA, FX_OTADATA, 0x1000,
          "otadata", 1},
         {FB_PARTITION_DATA, FB_PARTITION_NVS_KEYS, FX_KEYS, 0x1000, "nvs_keys",
          1},
         {FB_PARTITION_APP, FB_PARTITION_OTA_0, FX_SLOT_1, FX_SLOT, "ota_0",
          1}},
    };

    memset(&f->table, 0, sizeof f->table);
    table.count = two_slots ? 4 : 3;
    f->table.n = (uint32_t)testing_make_table(f->table.p, &table, scalar);
}

// An application that prints `letter` and "i\n", signed or not.
static inline void fx_make_app(struct testing_blob *app, char letter,
                               const uint8_t *scalar)
{
    testing_make_app(app,
                     &(struct testing_app){.letter = letter, .scalar = scalar});
}

static inline struct fb_check_key fx_key(const uint8_t *p, size_t n,
                                         const char *name)
{
    return (struct fb_check_key){
        .bytes = p, .len = n, .name = name, .custody = true};
}

// All that depends on keys and bootloader.
static inline void fx_make(struct fixture *f)
{
    fx_make_digest_file(f, 0x5C);
    fx_make_table(f, testing_key, true);
    fx_make_app(&f->app, 'H', testing_key);
    fx_make_app(&f->other_app, 'J', testing_key);
}

static inline struct fixture *fx_new(void)
{
    struct fixture *f = calloc(1, sizeof *f);
    uint64_t seed = 42;

    assert_non_null(f);
    f->flash = malloc(FX_FLASH);
    f->scratch_flash = malloc(FX_FLASH);
    f->plain = malloc(FX_FLASH);
    assert_true(f->flash != NULL && f->scratch_flash != NULL &&
                f->plain != NULL);
    memset(f->flash, 0xFF, FX_FLASH);
    testing_random(&seed, f->flash_key, 32);
    testing_random(&seed, f->boot_key, 32);
    f->boot_key_n = 32;
    testing_public_key(testing_key, f->pub);
    f->before.flash = f->flash;
    f->before.flash_size = FX_FLASH;
    f->before.reads = 3;
    fb_board_state_know_all(&f->before);
    fb_efuse_set_mac(&f->before.fuses, fx_mac);
    f->scratch.flash = f->scratch_flash;
    f->plan.step = f->step;
    f->in = (struct fb_check_input){
        .before = &f->before,
        .plan = &f->plan,
        .scratch = &f->scratch,
        .plain = f->plain,
        .flash_key = fx_key(f->flash_key, 32, "flash.bin"),
        .secure_boot_key = fx_key(f->boot_key, 32, "boot.bin"),
        .signing_pub = fx_key(f->pub, 64, "pub.bin"),
    };
    fx_stand_in(f);
    fx_make(f);
    return f;
}

static inline void fx_free(struct fixture *f)
{
    free(f->flash);
    free(f->scratch_flash);
    free(f->plain);
    free(f);
}

// --- what the board holds ---

static inline void fx_fuse(struct fixture *f, enum fb_efuse_id id,
                           uint32_t value)
{
    fb_efuse_or(&f->before.fuses, id, value);
}

static inline void fx_encrypt(const struct fixture *f, uint32_t flash_off,
                              uint8_t *p, size_t n)
{
    struct fb_flash_encryption_key key;

    fb_flash_encryption_key_init(&key, f->flash_key, 32, 0xF);
    assert_int_equal(fb_flash_encrypt(&key, flash_off, p, p, n), FB_OK);
}

// n bytes, 0xFF up to a row, encrypted for `address` when asked.
static inline size_t fx_rows(const struct fixture *f, uint8_t *out,
                             const uint8_t *p, size_t n, bool encrypt,
                             uint32_t address)
{
    return testing_rows(out, p, n, encrypt ? f->flash_key : NULL, address);
}

static inline void fx_put(struct fixture *f, uint32_t flash_off,
                          const uint8_t *p, size_t n, bool encrypt)
{
    (void)fx_rows(f, f->flash + flash_off, p, n, encrypt, flash_off);
}

// Bootloader with digest, table and application.
static inline void fx_put_all(struct fixture *f, bool encrypt)
{
    fx_put(f, 0, f->digest_file, f->digest_file_n, encrypt);
    fx_put(f, FB_PARTITION_TABLE_OFF, f->table.p, f->table.n, encrypt);
    fx_put(f, FX_SLOT_0, f->app.p, f->app.n, encrypt);
}

static inline void fx_put_info(struct fixture *f, uint32_t active,
                               uint32_t state, bool encrypt)
{
    uint8_t bytes[FB_BOOT_INFO_SIZE];

    testing_make_info(bytes, active, state);
    fx_put(f, FX_OTADATA, bytes, sizeof bytes, encrypt);
}

// A board that was locked by the book, development or release.
static inline void fx_lock(struct fixture *f, bool release)
{
    testing_key_words(f->flash_key, true, f->before.fuses.word[1]);
    testing_key_words(f->boot_key, true, f->before.fuses.word[2]);
    fx_fuse(f, FB_EFUSE_RD_DIS, 3);
    fx_fuse(f, FB_EFUSE_WR_DIS, 0x180);
    fx_fuse(f, FB_EFUSE_FLASH_CRYPT_CONFIG, 0xF);
    fx_fuse(f, FB_EFUSE_FLASH_CRYPT_CNT, release ? 0x7F : 1);
    fx_fuse(f, FB_EFUSE_ABS_DONE_0, 1);
    if (release) {
        for (unsigned i = 0; i < FX_LOCKS; i++) {
            fx_fuse(f, fx_locks[i], 1);
        }
    }
    fx_put_all(f, true);
}

static inline void fx_revision_3(struct fixture *f)
{
    fx_fuse(f, FB_EFUSE_CHIP_VER_REV1, 1);
    fx_fuse(f, FB_EFUSE_CHIP_VER_REV2, 1);
    f->before.syscon_date = 0x80000000u;
}

// For Secure Boot V2: f->digest_file becomes a small program, signed, that
// stands in the bootloader's place; f->boot_key the digest of its key.
static inline void fx_v2_image(struct fixture *f, const struct host_key *key)
{
    static uint8_t code[48];
    struct testing_segments segments = {
        0x40080010,
        2,
        {{0x3FFF0018, 4, NULL}, {0x40080000, sizeof code, code}}};
    struct fb_signature_v2 s = {.kind = host_key_v2_kind(key)};
    struct testing_blob image;

    testing_hex(code, sizeof code, RIG_PROGRAM);
    testing_make_image(&image, &segments);
    memset(f->digest_file, 0xFF, sizeof f->digest_file);
    memcpy(f->digest_file, image.p, image.n);
    fb_signature_v2_digest(s.kind, f->digest_file, 4096, s.digest);
    assert_true(host_key_v2_fill(key, &s));
    assert_true(host_key_sign(key, s.digest, s.sig));
    assert_int_equal(fb_signature_v2_encode(&s, f->digest_file + 4096), FB_OK);
    f->digest_file_n = 8192;
    assert_true(host_key_v2_digest(key, f->boot_key));
    fx_revision_3(f);
    f->in.secure_v2 = true;
    f->in.signing_pub.bytes = NULL;
    f->in.flash_key.bytes = NULL;
}

// Nobody can read the key blocks.
static inline void fx_hide_keys(struct fixture *f)
{
    for (unsigned b = 1; b < 3; b++) {
        memset(f->before.known.word[b], 0, sizeof f->before.known.word[b]);
        memset(f->before.fuses.word[b], 0, sizeof f->before.fuses.word[b]);
    }
}

// --- plans ---

static inline struct fb_step *fx_step(struct fixture *f, enum fb_step_kind kind,
                                      enum fb_stage stage, const char *label)
{
    struct fb_step *s = &f->step[f->plan.steps++];

    assert_true(f->plan.steps <= FX_STEPS);
    *s = (struct fb_step){.kind = kind, .stage = stage, .label = label};
    return s;
}

static inline void fx_burn(struct fixture *f, enum fb_efuse_id id,
                           uint32_t value)
{
    const struct fb_efuse_field *field = &fb_efuse_map[id];
    struct fb_step *s = fx_step(f, FB_STEP_BURN, FB_STAGE_CONFIG, field->name);

    s->block = field->block;
    s->word[field->word] = value << field->bit;
}

static inline void fx_burn_key(struct fixture *f, unsigned block,
                               const uint8_t *key, bool reversed)
{
    struct fb_step *s = fx_step(f, FB_STEP_BURN, FB_STAGE_KEYS, "key");

    s->block = block;
    testing_key_words(key, reversed, s->word);
}

static inline void fx_prove(struct fixture *f, unsigned block)
{
    fx_step(f, FB_STEP_PROVE_KEY, FB_STAGE_PROVE, "prove")->block = block;
}

static inline struct fb_step *fx_write(struct fixture *f, uint32_t flash_off,
                                       const uint8_t *p, size_t n,
                                       const char *label)
{
    struct fb_step *s = fx_step(f, FB_STEP_WRITE, FB_STAGE_FLASH, label);

    s->flash_off = flash_off;
    s->data = p;
    s->len = (uint32_t)n;
    return s;
}

// The same, encrypted here for `address`.
static inline struct fb_step *
fx_write_encrypted(struct fixture *f, uint32_t flash_off, uint32_t address,
                   const uint8_t *p, size_t n, const char *label)
{
    static uint8_t pool[16 * 0x21000];
    static size_t next;
    uint8_t *out;

    next = next + 0x21000 > sizeof pool ? 0 : next;
    out = pool + next;
    next += 0x21000;
    return fx_write(f, flash_off, out, fx_rows(f, out, p, n, true, address),
                    label);
}

static inline void fx_write_all(struct fixture *f, bool encrypt)
{
    if (!encrypt) {
        fx_write(f, 0, f->digest_file, f->digest_file_n, "digest file");
        fx_write(f, 0x8000, f->table.p, f->table.n, "table");
        fx_write(f, FX_SLOT_0, f->app.p, f->app.n, "app");
        return;
    }
    fx_write_encrypted(f, 0, 0, f->digest_file, f->digest_file_n,
                       "digest file");
    fx_write_encrypted(f, 0x8000, 0x8000, f->table.p, f->table.n, "table");
    fx_write_encrypted(f, FX_SLOT_0, FX_SLOT_0, f->app.p, f->app.n, "app");
}

// Secure Boot V1 with flash encryption by the book.
static inline void fx_plan_lock(struct fixture *f, bool release)
{
    fx_burn_key(f, 1, f->flash_key, true);
    fx_burn_key(f, 2, f->boot_key, true);
    fx_burn(f, FB_EFUSE_FLASH_CRYPT_CONFIG, 0xF);
    fx_prove(f, 1);
    fx_prove(f, 2);
    fx_burn(f, FB_EFUSE_RD_DIS, 3);
    fx_burn(f, FB_EFUSE_WR_DIS, 0x180);
    fx_write_all(f, true);
    fx_burn(f, FB_EFUSE_FLASH_CRYPT_CNT, release ? 0x7F : 1);
    fx_burn(f, FB_EFUSE_ABS_DONE_0, 1);
    fx_step(f, FB_STEP_BOOT, FB_STAGE_BOOT, "boot");
    if (release) {
        for (unsigned i = 0; i < FX_LOCKS; i++) {
            fx_burn(f, fx_locks[i], 1);
        }
    }
    f->in.release = release;
}

// --- looking ---

static inline void fx_check(struct fixture *f)
{
    fb_checks_run(&f->in, f->out);
}

static inline const struct fb_check_result *fx_result(const struct fixture *f,
                                                      unsigned number)
{
    return &f->out[number - 1];
}

#endif
