// SPDX-License-Identifier: Apache-2.0
//
// Forty boards that died, re-enacted. For each: the mistake is built as a board
// and a plan; the checks must name it, by number, before anything is done; then
// the plan is carried out on the virtual chip without them, and the board must
// end as the story says. What happened to other chips is told as it would go
// on an ESP32, or is listed as not applicable, with the reason.
//
// Needs the cross compiler (the bootloader is the real one); skipped without.
// Speaks TAP; the last line counts the stories.

#define _DEFAULT_SOURCE // for testing.h

#include "chip/periph/flash_chip.h"
#include "tests/stories/stage.h"
#include "tests/support/build.h"

static struct host_key *rsa_key;

// Endings.
#define NOISE      "flash read err, 1000" // what the ROM makes of 0x1000
#define BAD_DIGEST "secure boot check fail"
#define NO_IMAGE   "No bootable image."
#define V2_REFUSED "secure boot verification failed"

static struct fixture *new_fixture(void)
{
    struct fixture *f = fx_new();

    f->bootloader_n = build_image(&bootloader_anti_rollback, "bootloader.elf",
                                  f->bootloader, sizeof f->bootloader);
    fx_make(f);
    return f;
}

// --- endings that are not a line on the console ---

// A program of the board still runs ("Hi\n"), the plan's new one does not.
static bool old_one_runs(struct stage *s)
{
    return stage_boot(s, "Hi\n") && !stage_said(s, "Ji\n");
}

static bool no_download_mode(struct stage *s)
{
    chip_set_strap(s->h.chip, CHIP_STRAP_DOWNLOAD);
    return stage_boot(s, "Download mode is disabled") &&
           !chip_in_download_mode(s->h.chip);
}

static bool dead_both_ways(struct stage *s)
{
    return no_download_mode(s) &&
           (chip_set_strap(s->h.chip, CHIP_STRAP_FLASH_BOOT),
            !stage_boot(s, "Hi\n"));
}

// --- 1 to 10 ---

static void story_1(struct fixture *f)
{
    fx_make_table(f, NULL, true);
    fx_make_app(&f->app, 'H', NULL);
    fx_plan_lock(f, true);
}

static void v2_image(struct fixture *f)
{
    fx_v2_image(f, rsa_key);
}

static void v2_board(struct fixture *f)
{
    v2_image(f);
    fx_put(f, 0x1000, f->digest_file, f->digest_file_n, false);
    testing_key_words(f->boot_key, false, f->before.fuses.word[2]);
    fx_fuse(f, FB_EFUSE_WR_DIS, 0x100);
    fx_fuse(f, FB_EFUSE_ABS_DONE_1, 1);
}

static void story_2(struct fixture *f)
{
    v2_board(f);
    fx_burn(f, FB_EFUSE_RD_DIS, 2);
}

// The burn of BLOCK2 did not take, and nobody looked.
static void story_3(struct fixture *f)
{
    v2_image(f);
    fx_write(f, 0x1000, f->digest_file, f->digest_file_n, "bootloader");
    fx_burn(f, FB_EFUSE_WR_DIS, 0x100);
    fx_burn(f, FB_EFUSE_ABS_DONE_1, 1);
}

static void story_4(struct fixture *f)
{
    fx_write_all(f, false);
    fx_burn(f, FB_EFUSE_RD_DIS, 2);
    fx_burn(f, FB_EFUSE_WR_DIS, 0x100);
    fx_burn(f, FB_EFUSE_ABS_DONE_0, 1);
}

static void story_5(struct fixture *f)
{
    v2_image(f);
    fx_write(f, 0x1000, f->digest_file, f->digest_file_n, "bootloader");
    fx_burn_key(f, 2, f->boot_key, true);
    fx_burn(f, FB_EFUSE_WR_DIS, 0x100);
    fx_burn(f, FB_EFUSE_ABS_DONE_1, 1);
}

static void story_6(struct fixture *f)
{
    v2_board(f);
    f->in.flash_key = fx_key(f->flash_key, 32, "flash.bin");
    fx_burn(f, FB_EFUSE_WR_DIS, 1); // as V2 bootloaders do on enabling
    fx_burn_key(f, 1, f->flash_key, true);
    fx_burn(f, FB_EFUSE_RD_DIS, 1);
}

// The flash key stays readable, word for word.
static bool key_readable(struct stage *s)
{
    uint32_t words[8];

    testing_key_words(s->f->flash_key, true, words);
    return stage_fuse(s, 1, 0) == words[0] && stage_fuse(s, 1, 7) == words[7];
}

static void story_7(struct fixture *f)
{
    fx_put_all(f, false);
    fx_burn(f, FB_EFUSE_FLASH_CRYPT_CNT, 1);
}

static void story_8(struct fixture *f)
{
    fx_burn_key(f, 1, f->flash_key, true);
    fx_prove(f, 1);
    fx_burn(f, FB_EFUSE_RD_DIS, 1);
    fx_burn(f, FB_EFUSE_WR_DIS, 0x480);
    fx_write_all(f, true);
    fx_burn(f, FB_EFUSE_FLASH_CRYPT_CNT, 1);
    fx_burn(f, FB_EFUSE_FLASH_CRYPT_CONFIG, 0xF); // too late: frozen
}

static void story_9(struct fixture *f)
{
    struct testing_segments segments = {
        0x40080010, 1, {{0x40080000, 0x1800, NULL}}};
    struct testing_blob large;

    fx_lock(f, false);
    testing_make_image(&large, &segments);
    fx_write_encrypted(f, 0, 0x10000, large.p, large.n, "app_enc_0x10000");
}

static void story_10(struct fixture *f)
{
    fx_lock(f, false);
    fx_write_encrypted(f, 0x1000, 0, f->digest_file, f->digest_file_n,
                       "bootloader-reflash-digest.bin_enc");
}

// --- 11 to 20 ---

// A tool rewrites flash mode and size of a bootloader that has its digest.
static void story_11(struct fixture *f)
{
    f->digest_file[0x1002] = FB_FLASH_QIO;
    f->digest_file[0x1003] = 0x10;
    fx_plan_lock(f, false);
}

// Ciphertext that begins with 0xE9 by chance gets its "header" rewritten.
static void story_12(struct fixture *f)
{
    uint8_t *image = f->digest_file + 0x1000;

    fx_plan_lock(f, false);
    for (unsigned i = 0; i < 65536; i++) {
        struct fb_step *s = &f->step[7]; // the digest file
        uint8_t *data;

        image[9] = (uint8_t)i; // pad drive strengths: any will do
        image[10] = (uint8_t)(i >> 8);
        (void)fx_rows(f, f->scratch_flash, f->digest_file, 0x1020, true, 0);
        if (f->scratch_flash[0x1000] != 0xE9) {
            continue;
        }
        memcpy(f->bootloader, image, 32);
        fx_make_digest_file(f, 0x5C);
        f->plan.steps = 0;
        fx_plan_lock(f, false);
        s = &f->step[7];
        assert_string_equal(s->label, "digest file");
        data = (uint8_t *)(uintptr_t)s->data; // the fixture's own
        assert_int_equal(data[0x1000], 0xE9);
        data[0x1002] = FB_FLASH_DIO;
        data[0x1003] = 0x20;
        return;
    }
    fail_msg("no ciphertext begins with 0xE9");
}

static void story_13(struct fixture *f)
{
    fx_lock(f, false);
    fx_write(f, 0x8000, f->table.p, f->table.n, "partitions.bin");
    fx_put_info(f, FB_BOOT_FACTORY, FB_BOOT_READY, false);
}

// The keys were made on the chip: nobody has them.
static void story_14(struct fixture *f)
{
    fx_lock(f, true);
    f->in.flash_key.bytes = NULL;
    f->in.secure_boot_key.bytes = NULL;
    for (unsigned b = 1; b < 3; b++) {
        memset(f->before.known.word[b], 0, sizeof f->before.known.word[b]);
    }
    fx_write(f, 0x1000, f->bootloader, f->bootloader_n, "bootloader.bin");
    fx_write(f, 0x10000, f->app.p, f->app.n, "app.bin");
}

static void story_15(struct fixture *f)
{
    fx_lock(f, false);
    fx_write(f, FX_SLOT_0, f->app.p, f->app.n, "app.bin");
}

// Out of cycles: the counter is all ones, encryption stays on.
static void story_16(struct fixture *f)
{
    fx_lock(f, false);
    fx_fuse(f, FB_EFUSE_FLASH_CRYPT_CNT, 0x7F);
    f->before.fuses.word[0][6] &= ~(1u << 4); // no secure boot here
    fx_burn(f, FB_EFUSE_FLASH_CRYPT_CNT, 0x7F);
    fx_write_all(f, false);
}

static void story_17(struct fixture *f)
{
    fx_fuse(f, FB_EFUSE_WR_DIS, 4);
    fx_plan_lock(f, false);
}

// A first boot as ESP-IDF's bootloader goes about it: keys, then each part of
// the flash in its place, a sector erased and written through the encryptor,
// and FLASH_CRYPT_CNT last. In the application, between the halves of a sector,
// the supply goes away.
static void first_boot(struct stage *s)
{
    const struct fixture *f = s->f;
    struct chip *chip = s->h.chip;
    const struct {
        uint32_t flash_off, len;
    } parts[] = {{0, (uint32_t)f->digest_file_n},
                 {0x8000, (uint32_t)f->table.n},
                 {FX_SLOT_0, (uint32_t)f->app.n}};
    uint8_t sector[0x1000];

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        for (uint32_t at = 0; at < parts[i].len; at += sizeof sector) {
            uint32_t flash_off = parts[i].flash_off + at;

            memcpy(sector, s->h.flash + flash_off, sizeof sector);
            assert_int_equal(fb_flash_encrypt(cache_key(chip), flash_off,
                                              sector, sector, sizeof sector),
                             FB_OK);
            assert_true(flash_chip_erase(chip, flash_off, sizeof sector));
            assert_true(
                flash_chip_program(chip, flash_off, sector, sizeof sector / 2));
            if (i == 2) {
                chip_cut_power(chip);
                return;
            }
            assert_true(flash_chip_program(chip, flash_off + sizeof sector / 2,
                                           sector + sizeof sector / 2,
                                           sizeof sector / 2));
        }
    }
}

// What that leaves behind.
static void story_18(struct fixture *f)
{
    struct stage s;

    fx_put_all(f, false);
    testing_key_words(f->flash_key, true, f->before.fuses.word[1]);
    testing_key_words(f->boot_key, true, f->before.fuses.word[2]);
    fx_fuse(f, FB_EFUSE_RD_DIS, 3);
    fx_fuse(f, FB_EFUSE_WR_DIS, 0x180);
    fx_fuse(f, FB_EFUSE_FLASH_CRYPT_CONFIG, 0xF);
    stage_init(&s, f);
    harness_restart(&s.h);
    (void)harness_run(&s.h, 4); // the ROM has not begun yet
    first_boot(&s);
    memcpy(f->flash, s.h.flash, FX_FLASH);
    f->before.fuses = *chip_efuses(s.h.chip);
    stage_free(&s);
}

static void story_19(struct fixture *f)
{
    fx_revision_3(f);
    fx_make_table(f, testing_key, false);
    fx_plan_lock(f, true);
    fx_burn(f, FB_EFUSE_UART_DOWNLOAD_DIS, 1);
}

static void story_20(struct fixture *f)
{
    fx_fuse(f, FB_EFUSE_CODING_SCHEME, 1);
    fx_plan_lock(f, false);
}

// --- 21 to 30 ---

// A custom MAC burned over another one, group by group, under 3/4 coding.
static void story_21(struct fixture *f)
{
    f->in.flash_key.bytes = NULL;
    fx_fuse(f, FB_EFUSE_CODING_SCHEME, 1);
    f->before.fuses.word[3][0] = 0x04030201;
    f->before.fuses.word[3][1] = 0x23070605; // check bytes of 1 2 3 4 5 6
    fx_step(f, FB_STEP_BURN, FB_STAGE_KEYS, "custom MAC")->block = 3;
    f->step[0].word[0] = 0x10000000;
}

static bool coding_error(struct stage *s)
{
    (void)stage_fuse(s, 3, 0);
    return stage_get(s, STAGE_EFUSE + 0x11C) != 0; // DEC_STATUS
}

static void story_22(struct fixture *f)
{
    struct fb_step *s =
        fx_step(f, FB_STEP_BURN, FB_STAGE_KEYS, "BLOCK3 by mistake");

    s->block = 3;
    memset(s->word, 0xFF, sizeof s->word);
}

// Every bit is burned: no MAC, no version, nothing fits in any more.
static bool block3_full(struct stage *s)
{
    for (unsigned w = 0; w < 8; w++) {
        if (stage_fuse(s, 3, w) != 0xFFFFFFFFu) {
            return false;
        }
    }
    return true;
}

// The key was burned and forgotten; a new one is burned over it.
static void story_23(struct fixture *f)
{
    uint8_t old[32] = {1, 2, 3};

    testing_key_words(old, true, f->before.fuses.word[1]);
    memset(f->before.known.word[1], 0, sizeof f->before.known.word[1]);
    fx_fuse(f, FB_EFUSE_RD_DIS, 1);
    fx_fuse(f, FB_EFUSE_WR_DIS, 0x80);
    f->in.flash_key.custody = false;
    fx_burn_key(f, 1, f->flash_key, true);
    fx_burn(f, FB_EFUSE_FLASH_CRYPT_CONFIG, 0xF);
    fx_write_all(f, true);
    fx_burn(f, FB_EFUSE_FLASH_CRYPT_CNT, 1);
}

static void story_24(struct fixture *f)
{
    f->in.signing_pub = (struct fb_check_key){
        .name = "key.pem", .fault = "is an EC key on the curve secp256k1"};
    fx_put_all(f, false);
    fx_burn_key(f, 2, f->boot_key, false);
    fx_burn(f, FB_EFUSE_ABS_DONE_1, 1);
}

// It looks locked and is not: a bootloader that nobody signed starts.
static bool unsigned_one_runs(struct stage *s)
{
    return stage_boot(s, "Hi\n") && stage_fuse(s, 0, 6) >> 5 & 1;
}

// A bootloader that reaches into the partition table.
static void story_25(struct fixture *f)
{
    struct testing_segments segments = {
        0x40080010, 1, {{0x40080000, 0x7800, NULL}}};
    struct testing_blob image;

    testing_make_image(&image, &segments);
    memcpy(f->bootloader, image.p, image.n);
    f->bootloader_n = image.n;
    fx_write(f, 0x1000, f->bootloader, f->bootloader_n, "bootloader.bin");
    fx_write(f, 0x8000, f->table.p, f->table.n, "partitions.bin");
}

// A guess at the module: 1.8 V for a flash of 3.3 V.
static void story_26(struct fixture *f)
{
    f->before.part.needs = FB_FLASH_SUPPLY_3V3;
    fx_write_all(f, false);
    fx_burn(f, FB_EFUSE_XPD_SDIO_REG, 1);
    fx_burn(f, FB_EFUSE_XPD_SDIO_FORCE, 1);
}

// One-time flash: the secure boot key was made on the chip.
static void story_27(struct fixture *f)
{
    fx_put_all(f, false);
    testing_key_words(f->boot_key, true, f->before.fuses.word[2]);
    memset(f->before.known.word[2], 0, sizeof f->before.known.word[2]);
    fx_fuse(f, FB_EFUSE_RD_DIS, 2);
    fx_fuse(f, FB_EFUSE_WR_DIS, 0x100);
    fx_fuse(f, FB_EFUSE_ABS_DONE_0, 1);
    f->in.secure_boot_key.bytes = NULL;
    f->bootloader[4096] ^= 1; // a new build
    f->bootloader[f->bootloader_n - 33] ^= 1;
    fx_write(f, 0x1000, f->bootloader, f->bootloader_n, "bootloader.bin");
}

// The digest covers the wrong number of bytes.
static void story_28(struct fixture *f)
{
    fb_secure_boot_v1_digest(f->boot_key, 32, f->digest_file,
                             f->digest_file + 0x1000,
                             (f->bootloader_n + 127) / 128 * 128 + 128,
                             f->digest_file + FB_SECURE_BOOT_V1_DIGEST_OFF);
    fx_plan_lock(f, false);
}

// Protection in one batch with the rest: unproven, and the counter frozen.
static void story_29(struct fixture *f)
{
    fx_burn_key(f, 1, f->flash_key, true);
    fx_burn_key(f, 2, f->boot_key, true);
    fx_burn(f, FB_EFUSE_FLASH_CRYPT_CONFIG, 0xF);
    fx_burn(f, FB_EFUSE_RD_DIS, 0xB);
    fx_burn(f, FB_EFUSE_WR_DIS, 0x584);
    fx_write_all(f, true);
    fx_burn(f, FB_EFUSE_FLASH_CRYPT_CNT, 1);
}

static void story_30(struct fixture *f)
{
    fx_revision_3(f);
    fx_burn(f, FB_EFUSE_JTAG_DISABLE, 1);
    fx_burn(f, FB_EFUSE_UART_DOWNLOAD_DIS, 1);
}

// --- 31 to 40 ---

static void story_31(struct fixture *f)
{
    fx_lock(f, false);
    fx_write(f, 0, f->digest_file, 0x1000, "digest left plaintext");
}

// An update by the application: the image into the next slot, boot_info names
// it.
static struct fb_step *update(struct fixture *f, const uint8_t *scalar)
{
    struct fb_boot_info info;
    uint8_t bytes[FB_BOOT_INFO_SIZE];
    struct fb_step *image;

    fx_lock(f, false);
    fx_put_info(f, FB_BOOT_FACTORY, FB_BOOT_READY, true);
    f->in.ota = true;
    fx_make_app(&f->other_app, 'J', scalar);
    image = fx_write_encrypted(f, FX_SLOT_1, FX_SLOT_1, f->other_app.p,
                               f->other_app.n, "gpy.bin_enc_0x20000");
    fb_boot_info_fresh(&info);
    info.active = FB_BOOT_UPDATE1;
    info.state = FB_BOOT_CHECK;
    fb_boot_info_encode(&info, bytes);
    fx_write_encrypted(f, FX_OTADATA, FX_OTADATA, bytes, sizeof bytes,
                       "boot_info");
    return image;
}

static void story_32(struct fixture *f)
{
    update(f, testing_key)->encrypt = true;
}

// No second slot, and a version in the fuses that the only image does not have.
static void story_33(struct fixture *f)
{
    fx_make_table(f, testing_key, false);
    fx_plan_lock(f, true);
    fx_burn(f, FB_EFUSE_SECURE_VERSION, 1);
}

static void story_34(struct fixture *f)
{
    fx_lock(f, false);
    memset(f->flash + FX_KEYS, 0x5A, 96); // the keys, as written with it off
}

// What the board reads there is not what was stored.
static bool nvs_keys_are_noise(struct stage *s)
{
    uint8_t seen[96];

    (void)stage_boot(s, "Hi\n");
    cache_read(s->h.chip, FX_KEYS, seen, sizeof seen);
    return memcmp(seen, s->f->flash + FX_KEYS, sizeof seen) != 0;
}

static void story_35(struct fixture *f)
{
    fx_lock(f, false);
    f->before.fuses.word[0][6] &= ~(1u << 4);
    f->in.release = true;
}

// Encryption is switched off, and a stranger's plaintext starts.
static bool strangers_boot(struct stage *s)
{
    const uint32_t next[8] = {2u << 20};
    struct fixture *f = s->f;

    harness_restart(&s->h);
    (void)harness_run(&s->h, 20);
    stage_burn(s, 0, next);
    fx_make_app(&f->app, 'J', testing_other_key);
    harness_load(&s->h, 0, f->digest_file, f->digest_file_n);
    harness_load(&s->h, 0x8000, f->table.p, f->table.n);
    harness_load(&s->h, FX_SLOT_0, f->app.p, f->app.n);
    return stage_boot(s, "Ji\n");
}

// A factory program of one's own: a bit of the key does not take, and the block
// is protected at once.
static void story_36(struct fixture *f)
{
    fx_burn_key(f, 1, f->flash_key, true);
    for (unsigned bit = 0; bit < 32; bit++) {
        if (f->step[0].word[3] >> bit & 1) {
            f->step[0].word[3] &= ~(1u << bit);
            break;
        }
    }
    fx_burn(f, FB_EFUSE_RD_DIS, 1);
    fx_burn(f, FB_EFUSE_WR_DIS, 0x80);
    fx_burn(f, FB_EFUSE_FLASH_CRYPT_CONFIG, 0xF);
    fx_write_all(f, true);
    fx_burn(f, FB_EFUSE_FLASH_CRYPT_CNT, 1);
}

static void story_37(struct fixture *f)
{
    update(f, testing_other_key);
}

static bool refused_by_signature(struct stage *s)
{
    return old_one_runs(s) && stage_said(s, "signature bad");
}

static void story_38(struct fixture *f)
{
    static const uint8_t vendor[32] = {0x9C, 0x24, 0x0A, 0xC4, 1, 2, 3, 0,
                                       0,    0,    0,    0,    0, 0, 0, 0,
                                       0,    0,    0,    0,    0, 0, 0, 1};

    testing_key_words(vendor, false, f->before.fuses.word[3]);
    fx_burn_key(f, 3, f->boot_key, false);
}

// Neither the vendor's MAC nor our data stands there now.
static bool block3_is_a_mixture(struct stage *s)
{
    uint32_t ours[8];
    bool theirs = true, mine = true;

    testing_key_words(s->f->boot_key, false, ours);
    for (unsigned w = 0; w < 8; w++) {
        uint32_t got = stage_fuse(s, 3, w);

        theirs &= got == s->f->before.fuses.word[3][w];
        mine &= got == ours[w];
    }
    return !theirs && !mine;
}

// The guide's command makes the public key; what is burned is half of it.
static void story_39(struct fixture *f)
{
    f->in.secure_boot_key = fx_key(f->pub, 64, "secure-bootloader-key.bin");
    fx_write_all(f, false);
    fx_burn_key(f, 2, f->pub, true);
    fx_prove(f, 2);
    fx_burn(f, FB_EFUSE_RD_DIS, 2);
    fx_burn(f, FB_EFUSE_WR_DIS, 0x100);
    fx_burn(f, FB_EFUSE_ABS_DONE_0, 1);
}

static void story_40(struct fixture *f)
{
    fx_lock(f, false);
    f->in.release = true;
    fx_write(f, 0x1000, f->bootloader, f->bootloader_n, "bootloader.bin");
    fx_write(f, 0x8000, f->table.p, f->table.n, "partitions.bin");
    fx_write(f, FX_SLOT_0, f->app.p, f->app.n, "gpy.bin");
}

// --- the table ---

static const struct story {
    unsigned number;
    const char *what;
    void (*build)(struct fixture *f);
    unsigned check[3]; // each must say FAIL or UNKNOWN, one of them FAIL
    const char *saw;   // part of what the first of them saw
    const char *says;  // on the console, while no application starts
    bool (*ends)(struct stage *s); // where that is not how it ends
    const char *not_applicable;
} stories[] = {
    // clang-format off
    {1, "table and app are not signed", story_1, {15},
     "partition table", NO_IMAGE, NULL, NULL},
    {2, "V2 digest is read-protected", story_2, {3},
     "cannot read the V2 digest", V2_REFUSED, NULL, NULL},
    {3, "V2 digest block stays blank", story_3, {24},
     "BLOCK2 is blank", V2_REFUSED, NULL, NULL},
    {4, "V1 key block is blank and protected", story_4, {3, 24},
     "BLOCK2 is blank", BAD_DIGEST, NULL, NULL},
    {5, "V2 digest in reversed order", story_5, {2},
     "wrong order", V2_REFUSED, NULL, NULL},
    {6, "RD_DIS is frozen before the flash key", story_6, {6},
     "read protection of BLOCK1", NULL, key_readable, NULL},
    {7, "counter raised without a key", story_7, {8},
     "no key", NOISE, NULL, NULL},
    {8, "FLASH_CRYPT_CONFIG stays 0", story_8, {9},
     "0x0, not 0xf, and frozen", NOISE, NULL, NULL},
    {9, "app for 0x10000 is written to 0x0", story_9, {12},
     "for 0x10000 and goes to 0x0", NOISE, NULL, NULL},
    {10, "digest file is written to 0x1000", story_10, {16},
     "belongs to 0x0, not to 0x1000", NOISE, NULL, NULL},
    {11, "header of a digested bootloader is rewritten", story_11, {17},
     "header bytes 00 00, in flash are 00 10", BAD_DIGEST, NULL, NULL},
    {12, "header of ciphertext is rewritten", story_12, {17},
     "begins with 0xe9", NOISE, NULL, NULL},
    {13, "table and otadata stay plaintext", story_13, {11},
     "partition table at 0x8000 is plaintext", NO_IMAGE, NULL, NULL},
    {14, "plaintext over keys that only the chip has", story_14, {14, 22},
     "bootloader.bin is plaintext", NOISE, NULL, NULL},
    {15, "plaintext upload in development mode", story_15, {14},
     "app.bin is plaintext", NO_IMAGE, NULL, NULL},
    {16, "no cycle left for plaintext", story_16, {10, 14},
     "no bit left", NOISE, NULL, NULL},
    {17, "the counter's bit is frozen", story_17, {10, 7},
     "does not change", NOISE, NULL, NULL},
    {18, "a first boot was interrupted", story_18, {24},
     "interrupted first boot", NOISE, NULL, NULL},
    {19, "download mode closed without an update path", story_19, {19},
     "one app slot, and the download mode", NULL, no_download_mode, NULL},
    {20, "32-byte key under 3/4 coding", story_20, {5},
     "takes keys of 24 bytes", NOISE, NULL, NULL},
    {21, "3/4 coded group is burned twice", story_21, {5},
     "groups 0x1 do not fit", NULL, coding_error, NULL},
    {22, "BLOCK3 is burned to all ones", story_22, {1},
     "all bytes are 0xFF", NULL, block3_full, NULL},
    {23, "a key is burned over a forgotten one", story_23, {22, 23},
     "no copy was read back", NOISE, NULL, NULL},
    {24, "a V2 scheme on a V1 chip, key on another curve", story_24, {1, 4},
     "secp256k1", NULL, unsigned_one_runs, NULL},
    {25, "bootloader reaches into the table", story_25, {18},
     "overwrites bootloader.bin", "csum err", NULL, NULL},
    {26, "flash supply fuses are wrong", story_26, {21},
     "1.8 V by the eFuses XPD_SDIO_*, the flash needs 3.3 V", NOISE, NULL, NULL},
    {27, "one-time bootloader is replaced", story_27, {16, 22},
     "one-time flash", BAD_DIGEST, NULL, NULL},
    {28, "digest over the wrong number of bytes", story_28, {16},
     "another key or bootloader", BAD_DIGEST, NULL, NULL},
    {29, "protected in one batch, unproven", story_29, {7, 24},
     "frozen by WR_DIS bit 2", NOISE, NULL, NULL},
    {30, "locked before anything ran", story_30, {20},
     "before any boot", NULL, dead_both_ways, NULL},
    {31, "the digest stays plaintext", story_31, {11},
     "digest at 0x0 is plaintext", BAD_DIGEST, NULL, NULL},
    {32, "ciphertext through an encrypting write", story_32, {13},
     "encrypted again", NULL, old_one_runs, NULL},
    {33, "one slot, and SECURE_VERSION is above its image", story_33, {19, 25},
     "nowhere to go", NO_IMAGE, NULL, NULL},
    {34, "nvs_keys was written with encryption off", story_34, {11},
     "nvs_keys at 0x31000 is plaintext", NULL, nvs_keys_are_noise, NULL},
    {35, "release expected, development burned", story_35, {23},
     "development mode", NULL, strangers_boot, NULL},
    {36, "own factory code, weak bit, no proof", story_36, {24},
     "before the chip proved", NOISE, NULL, NULL},
    {37, "update signed by another key", story_37, {15},
     "signature does not verify", NULL, refused_by_signature, NULL},
    {38, "BLOCK3 belongs to the vendor", story_38, {5, 23},
     "a custom MAC", NULL, block3_is_a_mixture, NULL},
    {39, "public key in place of the secure boot key", story_39, {1},
     "the public key", BAD_DIGEST, NULL, NULL},
    {40, "plaintext updater on a board left open", story_40, {14, 20},
     "bootloader.bin is plaintext", NOISE, NULL, NULL},
    // clang-format on
};
#define STORIES (sizeof stories / sizeof stories[0])

// --- telling them ---

static bool foreseen(const struct story *story, const struct fixture *f)
{
    bool fail = false;
    bool all = strstr(fx_result(f, story->check[0])->saw, story->saw) != NULL;

    for (unsigned i = 0; i < 3 && story->check[i] != 0; i++) {
        const struct fb_check_result *r = fx_result(f, story->check[i]);

        fail |= r->verdict == FB_CHECK_FAIL;
        if (r->verdict != FB_CHECK_FAIL && r->verdict != FB_CHECK_UNKNOWN) {
            printf("# P%u says %s: %s\n", story->check[i],
                   fb_check_verdict_name(r->verdict), r->saw);
            all = false;
        }
    }
    return all && fail;
}

static bool confirmed(const struct story *story, struct stage *s)
{
    bool ok;

    stage_carry_out(s);
    ok = story->ends != NULL
             ? story->ends(s)
             : stage_boot(s, story->says) && !stage_said(s, "Hi\n") &&
                   !stage_said(s, "Ji\n");
    if (!ok) {
        printf("# it ended otherwise:\n");
        for (const char *p = s->h.console; *p != '\0'; p++) {
            printf("%s%c", p == s->h.console || p[-1] == '\n' ? "#   " : "",
                   *p);
        }
        printf("\n");
    }
    return ok;
}

struct tally {
    unsigned applicable, foreseen, confirmed, not_applicable;
};

static void tell(const struct story *story, struct tally *t)
{
    struct fixture *f;
    struct stage s;
    bool seen, ended;

    if (story->not_applicable != NULL) {
        t->not_applicable++;
        printf("ok %u - %s: not applicable: %s\n", story->number, story->what,
               story->not_applicable);
        return;
    }
    f = new_fixture();
    story->build(f);
    fx_check(f);
    stage_init(&s, f);
    seen = foreseen(story, f);
    ended = confirmed(story, &s);
    t->applicable++;
    t->foreseen += seen;
    t->confirmed += ended;
    printf("%sok %u - %s: %s P%u%s: %s\n", seen && ended ? "" : "not ",
           story->number, story->what, seen ? "foreseen by" : "NOT foreseen by",
           story->check[0], ended ? ", confirmed" : ", NOT confirmed",
           fx_result(f, story->check[0])->saw);
    stage_free(&s);
    fx_free(f);
}

// The same board without a mistake passes and runs: what is told above is not
// the stage's doing.
static bool control(unsigned number, const char *what,
                    void (*build)(struct fixture *f))
{
    struct fixture *f = new_fixture();
    struct stage s;
    bool ok = true;

    build(f);
    fx_check(f);
    for (unsigned i = 0; i < FB_CHECKS; i++) {
        // Of V2's applications this stage has none.
        if (f->out[i].verdict == FB_CHECK_FAIL) {
            printf("# %s %s\n", fb_checks[i].id, f->out[i].saw);
            ok = false;
        }
    }
    stage_init(&s, f);
    stage_carry_out(&s);
    if (!stage_boot(&s, "i\n")) {
        printf("# %s\n", s.h.console);
        ok = false;
    }
    printf("%sok %u - control: %s\n", ok ? "" : "not ", number, what);
    stage_free(&s);
    fx_free(f);
    return ok;
}

static void good_development(struct fixture *f)
{
    fx_plan_lock(f, false);
}

static void good_release(struct fixture *f)
{
    fx_plan_lock(f, true);
}

static void good_plaintext(struct fixture *f)
{
    fx_write_all(f, false);
}

static void good_update(struct fixture *f)
{
    update(f, testing_key);
}

static void good_v2(struct fixture *f)
{
    v2_board(f);
}

int main(void)
{
    static const struct {
        const char *what;
        void (*build)(struct fixture *f);
    } controls[] = {
        {"plaintext", good_plaintext}, {"development", good_development},
        {"release", good_release},     {"an update", good_update},
        {"Secure Boot V2", good_v2},
    };
    const unsigned n = sizeof controls / sizeof controls[0];
    struct tally t = {0};
    bool good = true;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!build_possible()) {
        printf("1..0 # skip no gcc-xtensa-lx106\n");
        return 0;
    }
    printf("1..%u\n", (unsigned)STORIES + n);
    if (!build_program(&bootloader_anti_rollback) ||
        host_key_generate(HOST_KEY_RSA3072, &rsa_key) != NULL) {
        printf("Bail out! no bootloader, or no key\n");
        return 1;
    }
    for (unsigned i = 0; i < STORIES; i++) {
        tell(&stories[i], &t);
    }
    for (unsigned i = 0; i < n; i++) {
        good &= control((unsigned)STORIES + i + 1, controls[i].what,
                        controls[i].build);
    }
    host_key_free(rsa_key);
    printf("stories: %u of %u foreseen, %u of %u confirmed, %u not "
           "applicable\n",
           t.foreseen, t.applicable, t.confirmed, t.applicable,
           t.not_applicable);
    return good && t.foreseen == t.applicable && t.confirmed == t.applicable &&
                   t.applicable + t.not_applicable == 40
               ? 0
               : 1;
}
