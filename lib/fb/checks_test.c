// SPDX-License-Identifier: Apache-2.0

#define _DEFAULT_SOURCE // for testing.h

#include "lib/fb/efuse_coding.h"
#include "tests/stories/fixture.h"

static void print_results(const struct fixture *f)
{
    for (unsigned i = 0; i < FB_CHECKS; i++) {
        print_error("%s %s %s\n", fb_checks[i].id,
                    fb_check_verdict_name(f->out[i].verdict), f->out[i].saw);
    }
}

// No check may say FAIL or UNKNOWN.
static void all_pass(struct fixture *f)
{
    fx_check(f);
    for (unsigned i = 0; i < FB_CHECKS; i++) {
        if (f->out[i].verdict == FB_CHECK_FAIL ||
            f->out[i].verdict == FB_CHECK_UNKNOWN) {
            print_results(f);
            fail_msg("%s", fb_checks[i].id);
        }
    }
}

static void test_table(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FB_CHECKS; i++) {
        char id[8];

        snprintf(id, sizeof id, "P%u", i + 1);
        assert_string_equal(fb_checks[i].id, id);
        assert_int_equal(fb_check_find(id), (int)i);
        assert_int_equal(fb_check_find(id + 1), (int)i);
        assert_non_null(fb_checks[i].run);
        assert_true(strlen(fb_checks[i].stories) > 0);
        for (unsigned k = 0; k < i; k++) {
            assert_true(fb_checks[k].run != fb_checks[i].run);
            assert_string_not_equal(fb_checks[k].title, fb_checks[i].title);
        }
    }
    assert_int_equal(fb_check_find("P26"), -1);
    assert_int_equal(fb_check_find("P0"), -1);
    assert_int_equal(fb_check_find(""), -1);
}

static void test_good_plans_pass(void **state)
{
    (void)state;
    for (unsigned release = 0; release < 2; release++) {
        struct fixture *f = fx_new();

        fx_plan_lock(f, release);
        all_pass(f);
        // 17 of them have something to say.
        unsigned said = 0;
        for (unsigned i = 0; i < FB_CHECKS; i++) {
            said += f->out[i].verdict == FB_CHECK_PASS;
        }
        assert_true(said >= 17);
        fx_free(f);
    }
}

static void test_good_boards_pass(void **state)
{
    (void)state;
    for (unsigned mode = 0; mode < 4; mode++) {
        struct fixture *f = fx_new();

        if (mode == 0) { // open
            fx_put_all(f, false);
        } else { // locked: development, release, release with hidden keys
            fx_lock(f, mode > 1);
            f->in.release = mode > 1;
        }
        all_pass(f);
        fx_free(f);
    }
}

// The checks leave the board before alone, and give the one after it.
static void test_scratch_is_the_board_afterwards(void **state)
{
    struct fixture *f = fx_new();
    struct fb_efuse_words was = f->before.fuses;

    (void)state;
    fx_plan_lock(f, false);
    fx_check(f);
    assert_memory_equal(&was, &f->before.fuses, sizeof was);
    assert_true(fb_bytes_all(f->flash, FX_FLASH, 0xFF));
    assert_int_equal(fb_efuse_get(&f->scratch.fuses, FB_EFUSE_ABS_DONE_0), 1);
    assert_false(fb_bytes_all(f->scratch_flash, 0x1000, 0xFF));
    fx_free(f);
}

// --- one case a row ---

static void locked(struct fixture *f)
{
    fx_lock(f, false);
}

static void lock_plan(struct fixture *f)
{
    fx_plan_lock(f, false);
}

static void nothing_known(struct fixture *f)
{
    memset(&f->before.known, 0, sizeof f->before.known);
    f->before.flash = NULL;
}

static void nothing_known_but_plan(struct fixture *f)
{
    memset(&f->before.known, 0, sizeof f->before.known);
    lock_plan(f);
}

static void key_is_pem(struct fixture *f)
{
    static const uint8_t pem[] = "-----BEGIN EC PRIVATE KEY-----\n"
                                 "MHcCAQEEIAAAAAAAAAAAAAAAAAAAAAA";
    lock_plan(f);
    f->in.secure_boot_key.bytes = pem;
    f->in.secure_boot_key.len = sizeof pem - 1;
}

static void key_is_public(struct fixture *f)
{
    lock_plan(f);
    f->in.secure_boot_key.bytes = f->pub;
    f->in.secure_boot_key.len = 64;
}

static void key_is_zero(struct fixture *f)
{
    memset(f->flash_key, 0, 32);
    lock_plan(f);
}

static void key_is_zero_and_nameless(struct fixture *f)
{
    memset(f->flash_key, 0, 32);
    f->in.flash_key.name = NULL;
}

static void key_is_text(struct fixture *f)
{
    memcpy(f->flash_key, "0123456789abcdefghijklmnopqrst\r\n", 32);
}

// The edges of what is text.
static void key_is_nearly_text(struct fixture *f)
{
    key_is_text(f);
    f->flash_key[4] = 0x7F;
}

static void key_of_few_bytes(struct fixture *f)
{
    for (unsigned i = 0; i < 32; i++) {
        f->flash_key[i] = (uint8_t)(0xF0 + i % 11);
    }
}

static void key_is_short(struct fixture *f)
{
    lock_plan(f);
    f->in.flash_key.len = 24;
}

static void keys_are_one(struct fixture *f)
{
    memcpy(f->boot_key, f->flash_key, 32);
    fx_make(f);
    lock_plan(f);
}

static void key_of_other_curve(struct fixture *f)
{
    f->in.signing_pub.bytes = NULL;
    f->in.signing_pub.fault = "is a key on the curve secp256k1";
}

static void keys_hidden_no_files(struct fixture *f)
{
    fx_lock(f, false);
    fx_hide_keys(f);
    f->in.flash_key.bytes = NULL;
    f->in.secure_boot_key.bytes = NULL;
}

static void keys_hidden(struct fixture *f)
{
    fx_lock(f, false);
    fx_hide_keys(f);
}

// Hidden keys, and a boot log with what the bootloader's image says.
static struct fb_boot_log log_of_boot;

static void keys_hidden_booted(struct fixture *f)
{
    struct fb_image image;

    keys_hidden(f);
    assert_int_equal(
        fb_image_parse(f->bootloader, f->bootloader_n, &image, NULL), FB_OK);
    log_of_boot =
        (struct fb_boot_log){.loads = image.header.segments, .started = true};
    for (unsigned i = 0; i < image.header.segments; i++) {
        log_of_boot.load[i].vaddr = image.segment[i].vaddr;
        log_of_boot.load[i].len = image.segment[i].len;
    }
    f->in.boot_log = &log_of_boot;
}

static void keys_hidden_boot_stopped(struct fixture *f)
{
    keys_hidden_booted(f);
    log_of_boot.started = false;
}

// What another key makes of the same flash.
static void keys_hidden_other_boot(struct fixture *f)
{
    keys_hidden_booted(f);
    log_of_boot.load[1].len ^= 0x10;
}

static void keys_hidden_silent_boot(struct fixture *f)
{
    keys_hidden_booted(f);
    log_of_boot.loads = 0;
}

static void flash_key_hidden_booted(struct fixture *f)
{
    keys_hidden_booted(f);
    f->in.secure_boot_key.bytes = NULL;
}

// It started, but the file's key did not make the digest in flash.
static void other_boot_key_file(struct fixture *f)
{
    keys_hidden_booted(f);
    f->boot_key[0] ^= 1;
}

static void other_flash_key_file(struct fixture *f)
{
    keys_hidden_booted(f);
    f->flash_key[0] ^= 1;
}

// The log tells nothing about what a plan burns on top.
static void key_burned_over_after_boot(struct fixture *f)
{
    keys_hidden_booted(f);
    fx_burn_key(f, 1, f->flash_key, true);
    memset(f->step[0].word, 0, sizeof f->step[0].word);
}

// What a snapshot had from key files.
static void keys_unproven(struct fixture *f)
{
    locked(f);
    f->before.unproven = 1u << 1 | 1u << 2;
}

// A plan that was read without its key files.
static void key_not_loaded(struct fixture *f)
{
    static const uint8_t fingerprint[32] = {1};

    fx_burn_key(f, 1, f->flash_key, true);
    memset(f->step[0].word, 0, sizeof f->step[0].word);
    f->step[0].fingerprint = fingerprint;
}

static void key_not_reversed(struct fixture *f)
{
    fx_burn_key(f, 1, f->flash_key, false);
}

static void other_key_in_block(struct fixture *f)
{
    fx_burn_key(f, 1, f->boot_key, true);
}

static void v2_digest(struct fixture *f)
{
    fx_revision_3(f);
    f->in.secure_v2 = true;
    fx_burn_key(f, 2, f->boot_key, false);
    fx_burn(f, FB_EFUSE_WR_DIS, 0x100);
}

static void v2_digest_reversed(struct fixture *f)
{
    fx_revision_3(f);
    f->in.secure_v2 = true;
    fx_burn_key(f, 2, f->boot_key, true);
}

static void v2_digest_hidden(struct fixture *f)
{
    v2_digest(f);
    fx_burn(f, FB_EFUSE_RD_DIS, 2);
}

// A V2 board: kind of the key that signs, and whose digest is burned.
static void v2_board(struct fixture *f, enum host_key_kind kind, bool its_own)
{
    struct host_key *key = NULL;

    assert_null(host_key_generate(kind, &key));
    fx_v2_image(f, key);
    host_key_free(key);
    fx_put(f, 0x1000, f->digest_file, f->digest_file_n, false);
    testing_key_words(its_own ? f->boot_key : f->pub, false,
                      f->before.fuses.word[2]);
    fx_fuse(f, FB_EFUSE_ABS_DONE_1, 1);
}

static void v2_signed(struct fixture *f)
{
    v2_board(f, HOST_KEY_RSA3072, true);
}

static void v2_of_another_key(struct fixture *f)
{
    v2_board(f, HOST_KEY_RSA3072, false);
}

static void v2_ecdsa(struct fixture *f)
{
    v2_board(f, HOST_KEY_P256, true);
}

static void key_readable(struct fixture *f)
{
    locked(f);
    f->before.fuses.word[0][0] &= ~(3u << 16);
}

static void v2_on_old_chip(struct fixture *f)
{
    fx_burn(f, FB_EFUSE_ABS_DONE_1, 1);
}

static void revision_unknown(struct fixture *f)
{
    locked(f);
    f->before.known.word[0][3] = 0;
}

static void image_for_newer_chip(struct fixture *f)
{
    fx_put_all(f, false);
    f->flash[FX_SLOT_0 + 14] = 3; // min_rev
    // The hash says so too.
    f->flash[FX_SLOT_0 + 23] = 0;
}

static void bootloader_for_newer_chip(struct fixture *f)
{
    fx_put_all(f, false);
    f->flash[0x1000 + 14] = 3;
    f->flash[0x1000 + 23] = 0;
}

static void image_for_another_chip(struct fixture *f)
{
    fx_put_all(f, false);
    f->flash[FX_SLOT_0 + 12] = 2; // ESP32-S2
    f->flash[FX_SLOT_0 + 23] = 0;
}

static void v2_under_coding(struct fixture *f, unsigned coding)
{
    fx_revision_3(f);
    fx_fuse(f, FB_EFUSE_CODING_SCHEME, coding);
    fx_fuse(f, FB_EFUSE_ABS_DONE_1, 1);
    f->in.secure_v2 = true;
    f->in.flash_key.bytes = NULL;
}

static void v2_under_3_4(struct fixture *f)
{
    v2_under_coding(f, FB_CODING_3_4);
}

static void v2_under_repeat(struct fixture *f)
{
    v2_under_coding(f, FB_CODING_REPEAT);
}

static void v1_under_repeat(struct fixture *f)
{
    fx_fuse(f, FB_EFUSE_CODING_SCHEME, FB_CODING_REPEAT);
    fx_fuse(f, FB_EFUSE_ABS_DONE_0, 1);
}

static void key_of_32_under_3_4(struct fixture *f)
{
    fx_fuse(f, FB_EFUSE_CODING_SCHEME, 1);
    lock_plan(f);
}

static void coding_unknown(struct fixture *f)
{
    locked(f);
    f->before.known.word[0][6] = ~3u;
}

static void block3_in_use(struct fixture *f)
{
    f->before.fuses.word[3][0] = 0x12345678;
    fx_burn_key(f, 3, f->boot_key, true);
}

static void coding_burned(struct fixture *f)
{
    fx_burn(f, FB_EFUSE_CODING_SCHEME, 1);
}

static void v2_before_flash_key(struct fixture *f)
{
    fx_revision_3(f);
    fx_burn(f, FB_EFUSE_ABS_DONE_1, 1);
    fx_burn(f, FB_EFUSE_WR_DIS, 1);
    fx_burn_key(f, 1, f->flash_key, true);
    fx_burn(f, FB_EFUSE_RD_DIS, 1);
}

static void rd_dis_in_order(struct fixture *f)
{
    fx_burn_key(f, 1, f->flash_key, true);
    fx_burn(f, FB_EFUSE_RD_DIS, 1);
    fx_burn(f, FB_EFUSE_WR_DIS, 1);
}

static void v2_without_encryption(struct fixture *f)
{
    fx_revision_3(f);
    f->in.flash_key.bytes = NULL;
    fx_burn(f, FB_EFUSE_ABS_DONE_1, 1);
}

static void rd_dis_unknown(struct fixture *f)
{
    f->before.known.word[0][0] = ~(0xFu << 16);
    fx_burn(f, FB_EFUSE_WR_DIS, 1);
}

static void counter_frozen_first(struct fixture *f)
{
    fx_burn(f, FB_EFUSE_WR_DIS, 4);
    fx_burn(f, FB_EFUSE_FLASH_CRYPT_CNT, 1);
}

static void counter_frozen_at_0(struct fixture *f)
{
    fx_put_all(f, false);
    fx_burn(f, FB_EFUSE_WR_DIS, 4);
}

static void uart_frozen_open(struct fixture *f)
{
    fx_revision_3(f);
    lock_plan(f);
    fx_burn(f, FB_EFUSE_WR_DIS, 4);
    f->in.release = true;
}

static void wr_dis_unknown(struct fixture *f)
{
    f->before.known.word[0][0] = ~0xFFFFu;
    fx_burn(f, FB_EFUSE_JTAG_DISABLE, 1);
}

static void counter_without_key(struct fixture *f)
{
    fx_put_all(f, false);
    fx_burn(f, FB_EFUSE_FLASH_CRYPT_CNT, 1);
}

static void counter_over_plaintext(struct fixture *f)
{
    fx_put_all(f, false);
    fx_burn_key(f, 1, f->flash_key, true);
    fx_burn(f, FB_EFUSE_FLASH_CRYPT_CONFIG, 0xF);
    fx_burn(f, FB_EFUSE_FLASH_CRYPT_CNT, 1);
}

static void counter_over_hidden_key(struct fixture *f)
{
    fx_lock(f, false);
    fx_hide_keys(f);
    f->before.fuses.word[0][0] &= ~(0x7Fu << 20);
    fx_burn(f, FB_EFUSE_FLASH_CRYPT_CNT, 1);
}

static void counter_over_proven_key(struct fixture *f)
{
    fx_lock(f, false);
    fx_hide_keys(f);
    f->before.fuses.word[0][0] &= ~(0x7Fu << 20);
    fx_prove(f, 1);
    fx_prove(f, 2);
    fx_burn(f, FB_EFUSE_FLASH_CRYPT_CNT, 1);
}

static void bootloader_unread(struct fixture *f)
{
    locked(f);
    f->before.flash_unread[1] = true;
}

static void table_unread(struct fixture *f)
{
    locked(f);
    f->before.flash_unread[8] = true;
}

static void config_missing(struct fixture *f)
{
    locked(f);
    f->before.fuses.word[0][5] = 0;
}

static void config_frozen(struct fixture *f)
{
    config_missing(f);
    fx_fuse(f, FB_EFUSE_WR_DIS, 0x400);
}

static void config_unknown(struct fixture *f)
{
    locked(f);
    f->before.known.word[0][5] = 0;
}

static void config_after_proof(struct fixture *f)
{
    fx_burn_key(f, 1, f->flash_key, true);
    fx_prove(f, 1);
    fx_burn(f, FB_EFUSE_FLASH_CRYPT_CONFIG, 0xF);
}

static void counter_final_in_development(struct fixture *f)
{
    lock_plan(f);
    fx_burn(f, FB_EFUSE_WR_DIS, 4);
}

static void counter_open_in_release(struct fixture *f)
{
    lock_plan(f);
    f->in.release = true;
}

static void counter_two_bits(struct fixture *f)
{
    fx_burn(f, FB_EFUSE_FLASH_CRYPT_CNT, 3);
}

static void counter_used_up(struct fixture *f)
{
    locked(f);
    fx_fuse(f, FB_EFUSE_FLASH_CRYPT_CNT, 0x7F);
    fx_put_all(f, false);
}

static void counter_burned_whole_in_development(struct fixture *f)
{
    lock_plan(f);
    fx_burn(f, FB_EFUSE_FLASH_CRYPT_CNT, 0x7F);
}

static void counter_frozen_while_on(struct fixture *f)
{
    locked(f);
    fx_burn(f, FB_EFUSE_WR_DIS, 4);
}

// Somebody made it final before.
static void counter_final_already(struct fixture *f)
{
    fx_lock(f, true);
    fx_fuse(f, FB_EFUSE_WR_DIS, 4);
}

static void open_board(struct fixture *f)
{
    fx_put_all(f, false);
}

static void cipher_and_frozen_off(struct fixture *f)
{
    locked(f);
    f->before.fuses.word[0][0] &= ~(0x7Fu << 20);
    fx_burn(f, FB_EFUSE_WR_DIS, 4);
}

static void table_plain(struct fixture *f)
{
    locked(f);
    fx_put(f, 0x8000, f->table.p, f->table.n, false);
}

static void otadata_plain(struct fixture *f)
{
    locked(f);
    fx_put_info(f, FB_BOOT_FACTORY, FB_BOOT_READY, false);
}

static void otadata_cipher(struct fixture *f)
{
    locked(f);
    fx_put_info(f, FB_BOOT_FACTORY, FB_BOOT_READY, true);
}

static void noise_at(struct fixture *f, uint32_t flash_off)
{
    uint64_t seed = 11;

    locked(f);
    testing_random(&seed, f->flash + flash_off, 0x1000);
}

static void otadata_noise(struct fixture *f)
{
    noise_at(f, FX_OTADATA);
}

static void app_noise(struct fixture *f)
{
    noise_at(f, FX_SLOT_0);
}

static void spare_slot_plain(struct fixture *f)
{
    locked(f);
    fx_put(f, FX_SLOT_1, f->app.p, f->app.n, false);
}

// What lies at 0x0 is nobody's concern without Secure Boot V1.
static void encryption_alone(struct fixture *f)
{
    locked(f);
    f->before.fuses.word[0][6] &= ~(1u << 4); // ABS_DONE_0
    memset(f->flash, 0, 0x1000);
}

static void nvs_keys_plain(struct fixture *f)
{
    locked(f);
    memset(f->flash + FX_KEYS, 0x11, 64);
}

// A key and its CRC as a file has them, the rest erased.
static void nvs_keys_as_generated(struct fixture *f)
{
    uint64_t seed = 9;

    locked(f);
    testing_random(&seed, f->flash + FX_KEYS, 68);
}

// The same, encrypted row by row.
static void nvs_keys_cipher(struct fixture *f)
{
    nvs_keys_as_generated(f);
    fx_encrypt(f, FX_KEYS, f->flash + FX_KEYS, 96);
}

static void cipher_while_off(struct fixture *f)
{
    locked(f);
    f->before.fuses.word[0][0] &= ~(0x7Fu << 20);
}

static void flash_unknown(struct fixture *f)
{
    locked(f);
    f->before.flash = NULL;
}

// What the plan writes is known, whatever was there.
static void unread_but_written(struct fixture *f)
{
    memset(f->before.flash_unread, true, sizeof f->before.flash_unread);
    lock_plan(f);
    fx_put_info(f, FB_BOOT_FACTORY, FB_BOOT_READY, true);
    fx_write(f, FX_OTADATA, f->flash + FX_OTADATA, 0x2000, "otadata, nvs_keys");
    fx_write(f, FX_SLOT_1, f->flash + FX_SLOT_1, FX_SLOT, "blank");
}

// But not what only the chip can encrypt.
static void unread_and_encrypted_there(struct fixture *f)
{
    unread_but_written(f);
    f->in.flash_key.bytes = NULL;
    fx_write(f, 0x8000, f->table.p, f->table.n & ~31u, "table")->encrypt = true;
}

static void for_another_place(struct fixture *f)
{
    locked(f);
    fx_write_encrypted(f, FX_SLOT_1, FX_SLOT_0, f->app.p, f->app.n, "app");
}

static void for_another_place_in_flash(struct fixture *f)
{
    locked(f);
    memcpy(f->flash + FX_SLOT_1, f->flash + FX_SLOT_0, FX_SLOT);
}

static void encrypted_twice(struct fixture *f)
{
    locked(f);
    fx_write_encrypted(f, FX_SLOT_1, FX_SLOT_1, f->app.p, f->app.n, "app_enc")
        ->encrypt = true;
}

static void running_slot(struct fixture *f)
{
    locked(f);
    f->in.ota = true;
    fx_write_encrypted(f, FX_SLOT_0, FX_SLOT_0, f->app.p, f->app.n, "app");
}

static void next_slot(struct fixture *f)
{
    locked(f);
    f->in.ota = true;
    fx_write_encrypted(f, FX_SLOT_1, FX_SLOT_1, f->app.p, f->app.n, "app");
}

static void otadata_unread(struct fixture *f)
{
    locked(f);
    f->before.flash_unread[FX_OTADATA / FB_FLASH_SECTOR] = true;
}

static void slot_that_may_run(struct fixture *f)
{
    next_slot(f);
    otadata_unread(f);
}

static void plain_write(struct fixture *f)
{
    locked(f);
    fx_write(f, FX_SLOT_0, f->app.p, f->app.n, "app.bin");
}

static void chip_cannot_encrypt(struct fixture *f)
{
    fx_lock(f, true);
    fx_write(f, FX_SLOT_1, f->app.p, f->app.n & ~31u, "app")->encrypt = true;
}

static void chip_encrypts_then_locks(struct fixture *f)
{
    locked(f);
    fx_write(f, FX_SLOT_1, f->app.p, f->app.n & ~31u, "app")->encrypt = true;
    fx_burn(f, FB_EFUSE_DISABLE_DL_ENCRYPT, 1);
}

static void table_unsigned(struct fixture *f)
{
    fx_make_table(f, NULL, true);
    lock_plan(f);
}

static void app_of_another_key(struct fixture *f)
{
    fx_make_app(&f->app, 'H', testing_other_key);
    lock_plan(f);
}

static void bootloader_of_another_key(struct fixture *f)
{
    testing_public_key(testing_other_key, f->pub);
    fx_stand_in(f);
    fx_make_digest_file(f, 1);
    testing_public_key(testing_key, f->pub);
    lock_plan(f);
}

static void no_public_key(struct fixture *f)
{
    locked(f);
    f->in.signing_pub.bytes = NULL;
}

static void put_table(struct fixture *f, const struct fb_partition_table *table)
{
    locked(f);
    f->table.n = (uint32_t)testing_make_table(f->table.p, table, testing_key);
    fx_put(f, 0x8000, f->table.p, f->table.n, true);
}

static void no_slots(struct fixture *f)
{
    put_table(f, &(struct fb_partition_table){
                     1,
                     true,
                     {{FB_PARTITION_DATA, FB_PARTITION_OTADATA, FX_OTADATA,
                       0x1000, "otadata", 1}}});
}

static void partitions_overlap(struct fixture *f)
{
    put_table(f, &(struct fb_partition_table){
                     2,
                     true,
                     {{FB_PARTITION_APP, FB_PARTITION_FACTORY, FX_SLOT_0,
                       FX_SLOT, "factory", 1},
                      {FB_PARTITION_DATA, FB_PARTITION_OTADATA,
                       FX_SLOT_0 + 0x8000, 0x1000, "otadata", 1}}});
}

static void partition_over_table(struct fixture *f)
{
    put_table(f, &(struct fb_partition_table){
                     2,
                     true,
                     {{FB_PARTITION_DATA, FB_PARTITION_OTADATA, 0x8000, 0x1000,
                       "otadata", 1},
                      {FB_PARTITION_APP, FB_PARTITION_FACTORY, FX_SLOT_0,
                       FX_SLOT, "factory", 1}}});
}

static void no_digest(struct fixture *f)
{
    locked(f);
    memset(f->flash, 0xFF, 0x1000);
}

static void digest_of_another_key(struct fixture *f)
{
    struct fb_check_key key = f->in.secure_boot_key;

    memcpy(f->boot_key, f->pub, 32);
    fx_make_digest_file(f, 1);
    fx_put_all(f, true);
    f->in.secure_boot_key = key;
    locked(f);
    for (unsigned i = 0; i < 8; i++) {
        f->before.fuses.word[2][i] ^= 1;
    }
}

// The chip has its key for itself.
static void one_time_flash(struct fixture *f)
{
    keys_hidden_no_files(f);
    fx_burn(f, FB_EFUSE_JTAG_DISABLE, 1);
    fx_write(f, 0x1000, f->bootloader, f->bootloader_n, "bootloader");
}

static void one_time_flash_erased(struct fixture *f)
{
    one_time_flash(f);
    f->step[1].kind = FB_STEP_ERASE;
    f->step[1].flash_off = 0x1000;
    f->step[1].len = 0x1000;
}

static void one_time_flash_untouched(struct fixture *f)
{
    keys_hidden_no_files(f);
    fx_burn(f, FB_EFUSE_JTAG_DISABLE, 1);
    fx_write_encrypted(f, FX_SLOT_1, FX_SLOT_1, f->app.p, f->app.n, "app");
}

static void digest_file_at_bootloader(struct fixture *f)
{
    fx_write(f, 0x1000, f->digest_file, f->digest_file_n, "digest file");
}

static void header_rewritten(struct fixture *f)
{
    lock_plan(f);
    f->digest_file[0x1003] = 0x10; // 2 MB, 40 MHz
    f->digest_file[0x1002] = 0;
    f->plan.steps = 0;
    lock_plan(f);
}

static void header_of_larger_flash(struct fixture *f)
{
    f->bootloader[3] = 0x40;
    fx_make_digest_file(f, 1);
    fx_put_all(f, false);
}

static void header_of_quad_mode(struct fixture *f)
{
    f->bootloader[2] = FB_FLASH_QIO;
    fx_make_digest_file(f, 1);
    fx_put_all(f, false);
}

static void header_of_smaller_flash(struct fixture *f)
{
    struct fb_partition_table table = {
        1,
        true,
        {{FB_PARTITION_APP, FB_PARTITION_FACTORY, FX_SLOT_0, 0x100000,
          "factory", 0}},
    };

    f->bootloader[3] = 0; // 1 MiB
    fx_make_digest_file(f, 1);
    assert_int_equal(fb_partition_table_encode(&table, f->table.p), FB_OK);
    fx_put_all(f, false);
}

// Ciphertext that begins with 0xE9 by chance, taken for an image.
static void cipher_rewritten(struct fixture *f)
{
    for (unsigned i = 0; i < 4096; i++) {
        f->digest_file[0x1000 + 9] = (uint8_t)i; // pad drive: any will do
        f->digest_file[0x1000 + 10] = (uint8_t)(i >> 8);
        memcpy(f->bootloader, f->digest_file + 0x1000, 32);
        fx_lock(f, false);
        if (f->flash[0x1000] == 0xE9) {
            f->flash[0x1002] = 2;
            f->flash[0x1003] = 0x20;
            return;
        }
    }
    fail_msg("no ciphertext begins with 0xE9");
}

static void bootloader_too_long(struct fixture *f)
{
    struct testing_segments segments = {
        0x40080010, 1, {{0x40080000, 0x7800, NULL}}};
    struct testing_blob image;

    testing_make_image(&image, &segments);
    fx_put(f, 0x1000, image.p, image.n, false);
    fx_put(f, 0x8000, f->table.p, f->table.n, false);
}

static void app_beyond_its_slot(struct fixture *f)
{
    fx_put_all(f, false);
    fx_put(f, FX_SLOT_1, f->app.p, f->app.n, false);
    store32_le(f->flash + FX_SLOT_1 + 28, FX_SLOT); // its first segment
}

static void table_alone(struct fixture *f)
{
    fx_put(f, 0x8000, f->table.p, f->table.n, false);
}

static void write_over_write(struct fixture *f)
{
    fx_write_all(f, false);
    fx_write(f, 0x1000, f->app.p, f->app.n, "stray");
}

static void write_beyond(struct fixture *f)
{
    fx_write(f, FX_FLASH, f->app.p, f->app.n, "app");
}

static void one_slot_and_no_download(struct fixture *f)
{
    fx_make_table(f, testing_key, false);
    fx_revision_3(f);
    fx_plan_lock(f, true);
    fx_burn(f, FB_EFUSE_UART_DOWNLOAD_DIS, 1);
}

static void no_download_two_slots(struct fixture *f)
{
    fx_revision_3(f);
    fx_plan_lock(f, true);
    fx_burn(f, FB_EFUSE_UART_DOWNLOAD_DIS, 1);
}

static void no_download_confirms(struct fixture *f)
{
    no_download_two_slots(f);
    f->in.confirms = FB_CONFIRMS_YES;
}

static void no_download_no_trials(struct fixture *f)
{
    no_download_two_slots(f);
    f->in.confirms = FB_CONFIRMS_NEEDLESS;
}

static void release_does_not_confirm(struct fixture *f)
{
    fx_plan_lock(f, true);
    f->in.confirms = FB_CONFIRMS_NO;
}

static void release_not_seen(struct fixture *f)
{
    fx_plan_lock(f, true);
}

static void release_table_unknown(struct fixture *f)
{
    f->in.release = true;
    f->before.flash = NULL;
}

static void lock_before_write(struct fixture *f)
{
    fx_burn(f, FB_EFUSE_JTAG_DISABLE, 1);
    fx_plan_lock(f, false);
}

static void lock_without_boot(struct fixture *f)
{
    fx_burn(f, FB_EFUSE_DISABLE_DL_CACHE, 1);
}

static void lock_on_a_board_that_boots(struct fixture *f)
{
    locked(f);
    fx_burn(f, FB_EFUSE_DISABLE_DL_CACHE, 1);
}

static void lock_without_app(struct fixture *f)
{
    locked(f);
    memset(f->flash + FX_SLOT_0, 0xFF, FX_SLOT);
    fx_burn(f, FB_EFUSE_DISABLE_DL_CACHE, 1);
}

static void voltage_unknown(struct fixture *f)
{
    fx_burn(f, FB_EFUSE_XPD_SDIO_FORCE, 1);
}

static void voltage_wrong(struct fixture *f)
{
    f->before.part.needs = FB_FLASH_SUPPLY_3V3;
    fx_burn(f, FB_EFUSE_XPD_SDIO_REG, 1);
    fx_burn(f, FB_EFUSE_XPD_SDIO_FORCE, 1);
}

static void voltage_right(struct fixture *f)
{
    voltage_wrong(f);
    fx_burn(f, FB_EFUSE_XPD_SDIO_TIEH, 1);
}

static void voltage_too_high(struct fixture *f)
{
    voltage_right(f);
    f->before.part =
        (struct fb_flash_part){.needs = FB_FLASH_SUPPLY_1V8, .mtdi = true};
}

static void voltage_off(struct fixture *f)
{
    f->before.part.needs = FB_FLASH_SUPPLY_3V3;
    fx_burn(f, FB_EFUSE_XPD_SDIO_FORCE, 1);
}

static void supply_of_its_own(struct fixture *f)
{
    voltage_off(f);
    f->before.part.needs = FB_FLASH_SUPPLY_EXTERNAL;
}

static void strap_wrong(struct fixture *f)
{
    lock_plan(f);
    f->before.part =
        (struct fb_flash_part){.needs = FB_FLASH_SUPPLY_3V3, .mtdi = true};
}

static void strap_overruled(struct fixture *f)
{
    voltage_right(f);
    f->before.part.mtdi = true;
}

static void strap_right(struct fixture *f)
{
    lock_plan(f);
    f->before.part =
        (struct fb_flash_part){.needs = FB_FLASH_SUPPLY_1V8, .mtdi = true};
}

static void flash_destroyed(struct fixture *f)
{
    strap_right(f);
    f->before.part.destroyed = true;
}

static void flash_on_other_pins(struct fixture *f)
{
    fx_burn(f, FB_EFUSE_SPI_PAD_CONFIG_CLK, 6);
    fx_burn(f, FB_EFUSE_SPI_PAD_CONFIG_Q, 7);
    fx_burn(f, FB_EFUSE_SPI_PAD_CONFIG_D, 8);
    fx_burn(f, FB_EFUSE_SPI_PAD_CONFIG_CS0, 11);
}

// As in-package flash has it from the factory.
static void pins_in_package(struct fixture *f)
{
    fx_fuse(f, FB_EFUSE_SPI_PAD_CONFIG_CLK, 6);
    fx_fuse(f, FB_EFUSE_SPI_PAD_CONFIG_Q, 17);
    fx_fuse(f, FB_EFUSE_SPI_PAD_CONFIG_D, 8);
    fx_fuse(f, FB_EFUSE_SPI_PAD_CONFIG_CS0, 16);
    f->before.part.pads = fb_efuse_flash_pads(&f->before.fuses);
    lock_plan(f);
}

static void no_cache(struct fixture *f)
{
    fx_burn(f, FB_EFUSE_DIS_CACHE, 1);
}

static void no_copy(struct fixture *f)
{
    lock_plan(f);
    f->in.flash_key.custody = false;
}

static void other_mac(struct fixture *f)
{
    f->in.has_mac = true;
    f->in.mac[5] = 9;
}

static void mac_reads_wrong(struct fixture *f)
{
    f->before.fuses.word[0][1] ^= 1;
}

static void read_once(struct fixture *f)
{
    f->before.reads = 1;
}

static void key_burned_before(struct fixture *f)
{
    locked(f);
    fx_hide_keys(f);
    fx_burn_key(f, 1, f->flash_key, true);
}

static void other_bits_in_block(struct fixture *f)
{
    f->before.fuses.word[1][0] = ~0u;
    fx_burn_key(f, 1, f->flash_key, true);
}

static void burn_continued(struct fixture *f)
{
    uint32_t words[8];

    testing_key_words(f->flash_key, true, words);
    f->before.fuses.word[1][0] = words[0];
    f->before.fuses.word[1][3] = words[3] & 0xFFFF;
    fx_plan_lock(f, false);
}

static void development_for_release(struct fixture *f)
{
    locked(f);
    f->in.release = true;
}

static void digest_block_blank(struct fixture *f)
{
    fx_revision_3(f);
    fx_burn(f, FB_EFUSE_ABS_DONE_1, 1);
}

static void not_proven(struct fixture *f)
{
    fx_burn_key(f, 1, f->flash_key, true);
    fx_burn(f, FB_EFUSE_RD_DIS, 1);
}

static void proven_too_late(struct fixture *f)
{
    not_proven(f);
    fx_prove(f, 1);
}

static void version_too_old(struct fixture *f)
{
    fx_put_all(f, false);
    f->before.fuses.word[3][4] = 3;
}

static void version_fits(struct fixture *f)
{
    uint8_t *p = f->flash + FX_SLOT_0;
    struct fb_image image;
    struct fb_sha256 c;

    version_too_old(f);
    store32_le(p + 32, 0xABCD5432u);
    store32_le(p + 36, 2);
    assert_int_equal(fb_image_parse(p, FX_SLOT, &image, NULL), FB_OK);
    p[image.checksum_off] = fb_image_checksum(p, &image);
    fb_sha256_init(&c);
    fb_sha256_update(&c, p, image.checksum_off + 1);
    fb_sha256_final(&c, p + image.checksum_off + 1);
}

static void version_under_3_4(struct fixture *f)
{
    version_fits(f);
    fx_fuse(f, FB_EFUSE_CODING_SCHEME, 1);
}

static void version_unknown(struct fixture *f)
{
    fx_burn(f, FB_EFUSE_SECURE_VERSION, 1);
    f->before.known.word[3][4] = 0;
}

#define PASS    FB_CHECK_PASS
#define FAIL    FB_CHECK_FAIL
#define UNKNOWN FB_CHECK_UNKNOWN
#define NONE    FB_CHECK_NONE

static const struct row {
    unsigned number;
    enum fb_check_verdict verdict;
    void (*set_up)(struct fixture *f);
    const char *saw; // a part of it
} rows[] = {
    {1, PASS, lock_plan, "none of them trivial"},
    {1, FAIL, key_is_pem, "PEM"},
    {1, FAIL, key_is_public, "public key"},
    {1, FAIL, key_is_zero, "flash.bin: all bytes are 0"},
    {1, FAIL, key_is_zero_and_nameless, "key: all bytes are 0"},
    {1, FAIL, key_is_text, "text, not key bytes"},
    {1, PASS, key_is_nearly_text, NULL},
    {1, FAIL, key_of_few_bytes, "hardly any different"},
    {1, FAIL, key_is_short, "24 bytes, the chip takes 32"},
    {1, FAIL, keys_are_one, "one key"},
    {1, FAIL, key_of_other_curve, "secp256k1"},
    {1, UNKNOWN, keys_hidden_no_files, "BLOCK1"},
    {2, PASS, lock_plan, "BLOCK1 reversed"},
    {2, PASS, v2_digest, "own order"},
    {2, PASS, counter_over_proven_key, NULL},
    {2, UNKNOWN, key_not_loaded, "BLOCK1"},
    {2, FAIL, key_not_reversed, "BLOCK1 holds the bytes of the file in the"},
    {2, FAIL, v2_digest_reversed, "BLOCK2 holds the bytes of the file in the"},
    {2, FAIL, other_key_in_block, "another key"},
    {2, UNKNOWN, keys_hidden, "BLOCK1 cannot be read, and no step proves"},
    {2, UNKNOWN, keys_hidden_no_files, "its key file is not given"},
    {2, PASS, keys_hidden_booted, "BLOCK1 holds its file's key: the chip"},
    {2, UNKNOWN, keys_hidden_boot_stopped, "not seen to start"},
    {2, UNKNOWN, keys_hidden_other_boot, "not seen to start"},
    {2, UNKNOWN, keys_hidden_silent_boot, "not seen to start"},
    {2, UNKNOWN, flash_key_hidden_booted, "BLOCK2 cannot be read, and its"},
    {2, UNKNOWN, other_boot_key_file, "BLOCK2 cannot be read, and the chip"},
    {2, UNKNOWN, other_flash_key_file, "cannot be read, and the chip"},
    {2, UNKNOWN, key_burned_over_after_boot, "BLOCK1 cannot be read"},
    {2, UNKNOWN, keys_unproven, "from a file that nothing proved"},
    {3, PASS, lock_plan, "RD_DIS 0x3, WR_DIS 0x0180"},
    {3, PASS, v2_digest, NULL},
    {3, FAIL, v2_digest_hidden, "cannot read the V2 digest"},
    {3, FAIL, key_readable, "stays readable"},
    {3, UNKNOWN, nothing_known_but_plan, NULL},
    {4, PASS, locked, "V1 on revision 0"},
    {4, FAIL, v2_on_old_chip, "revision 0"},
    {4, FAIL, image_for_newer_chip, "revision 3 or newer"},
    {4, FAIL, bootloader_for_newer_chip, "bootloader is for chip id 0, rev"},
    {4, FAIL, image_for_another_chip, "factory is for chip id 2"},
    {4, UNKNOWN, revision_unknown, NULL},
    {5, PASS, lock_plan, "keys of 32 bytes"},
    {5, PASS, v2_digest, "CODING_SCHEME 0"},
    {5, PASS, v1_under_repeat, "CODING_SCHEME 2, keys of 32 bytes"},
    {5, FAIL, v2_under_3_4, "CODING_SCHEME 1 leaves no room"},
    {5, FAIL, v2_under_repeat, "CODING_SCHEME 2 leaves no room"},
    {5, FAIL, key_of_32_under_3_4, "takes keys of 24 bytes"},
    {5, FAIL, block3_in_use, "user data"},
    {5, FAIL, coding_burned, NULL},
    {5, UNKNOWN, coding_unknown, NULL},
    {6, PASS, rd_dis_in_order, "hidden before"},
    {6, PASS, v2_without_encryption, "no longer be added"},
    {6, FAIL, v2_before_flash_key, "ABS_DONE_1"},
    {6, UNKNOWN, rd_dis_unknown, NULL},
    {7, PASS, lock_plan, "WR_DIS bits 0x0180"},
    {7, PASS, counter_frozen_at_0,
     "WR_DIS bits 0x0004 burned freeze "
     "FLASH_CRYPT_CNT at 0, UART_DOWNLOAD_DIS at 0"},
    {7, FAIL, counter_frozen_first,
     "FLASH_CRYPT_CNT is frozen by WR_DIS bit 2"},
    {7, FAIL, uart_frozen_open, "UART_DOWNLOAD_DIS"},
    {7, UNKNOWN, wr_dis_unknown, NULL},
    {8, PASS, lock_plan, "the key in BLOCK1"},
    {8, PASS, counter_over_proven_key, "the key given"},
    {8, FAIL, counter_without_key, "no key"},
    {8, FAIL, counter_over_plaintext, "plaintext"},
    {8, FAIL, config_missing, "0x1000 holds something else"},
    {8, UNKNOWN, counter_over_hidden_key, "proves"},
    {8, UNKNOWN, bootloader_unread, "0x1000 is not known"},
    {8, UNKNOWN, nothing_known, NULL},
    {9, PASS, lock_plan, "0xf"},
    {9, FAIL, config_missing, "0x0, not 0xf"},
    {9, FAIL, config_frozen, "0x0, not 0xf, and frozen"},
    {9, FAIL, config_after_proof, "encrypts before"},
    {9, UNKNOWN, config_unknown, NULL},
    {10, PASS, lock_plan, "3 plaintext flashes left"},
    {10, FAIL, counter_final_in_development, "permanent"},
    {10, FAIL, counter_burned_whole_in_development, "permanent"},
    {10, FAIL, counter_frozen_while_on, "permanent"},
    {10, PASS, counter_final_already, "0x7f to 0x7f"},
    {10, NONE, open_board, NULL},
    {10, PASS, counter_frozen_at_0, "0x00 to 0x00"},
    {10, FAIL, cipher_and_frozen_off, "can no longer be enabled"},
    {10, FAIL, counter_open_in_release, "switched off"},
    {10, FAIL, counter_two_bits, "parity"},
    {10, FAIL, counter_used_up, "no bit left"},
    {10, FAIL, counter_frozen_first, "does not change"},
    {10, UNKNOWN, nothing_known, NULL},
    {11, PASS, locked, "4 parts, all ciphertext"},
    {11, PASS, encryption_alone, "3 parts, all ciphertext"},
    {11, PASS, otadata_noise, NULL},
    {11, FAIL, app_noise, "factory at 0x10000"},
    {11, FAIL, spare_slot_plain, "ota_0 at 0x20000 is plaintext"},
    {11, FAIL, no_digest, "digest at 0x0 is blank"},
    {11, PASS, otadata_cipher, NULL},
    {11, FAIL, table_plain, "partition table at 0x8000 is plaintext"},
    {11, FAIL, otadata_plain, "otadata"},
    {11, FAIL, nvs_keys_plain, "nvs_keys"},
    {11, FAIL, nvs_keys_as_generated, "nvs_keys"},
    {11, PASS, nvs_keys_cipher, NULL},
    {11, FAIL, cipher_while_off, "flash encryption is off"},
    {11, PASS, unread_but_written, NULL},
    {11, UNKNOWN, unread_and_encrypted_there, "partition table"},
    {11, UNKNOWN, flash_unknown, NULL},
    {12, PASS, locked, NULL},
    {12, NONE, open_board, NULL},
    {12, FAIL, for_another_place, "was encrypted for 0x10000 and goes to"},
    {12, FAIL, for_another_place_in_flash,
     "ota_0 at 0x20000 was encrypted for"},
    {12, UNKNOWN, flash_unknown, NULL},
    {13, PASS, next_slot, "slot 0x20000, written raw"},
    {13, FAIL, encrypted_twice, "encrypted again"},
    {13, FAIL, for_another_place, "slot at 0x10000, not 0x20000"},
    {13, FAIL, running_slot, "the slot that runs"},
    {13, UNKNOWN, slot_that_may_run, "otadata at 0x30000 is not known"},
    {13, NONE, lock_plan, NULL},
    {14, PASS, lock_plan, "no write of plaintext"},
    {14, PASS, chip_encrypts_then_locks, "no write of plaintext"},
    {14, NONE, locked, NULL},
    {14, FAIL, plain_write, "app.bin is plaintext"},
    {14, FAIL, chip_cannot_encrypt, "DISABLE_DL_ENCRYPT"},
    {14, FAIL, counter_over_plaintext, "plaintext"},
    {14, UNKNOWN, nothing_known, NULL},
    {15, PASS, lock_plan, NULL},
    {15, FAIL, table_unsigned, "partition table"},
    {15, FAIL, app_of_another_key, "factory"},
    {15, FAIL, bootloader_of_another_key, "not built with"},
    {15, PASS, v2_signed, "the key of the digest"},
    {15, FAIL, v2_of_another_key, "digest does not match"},
    {15, FAIL, v2_ecdsa, "unknown version"},
    {15, FAIL, no_slots, "no slot to start"},
    {15, UNKNOWN, no_public_key, "no public key given"},
    {15, UNKNOWN, otadata_unread, "any slot may start"},
    {15, UNKNOWN, flash_unknown, NULL},
    {16, PASS, lock_plan, NULL},
    {16, FAIL, no_digest, "no digest"},
    {16, FAIL, one_time_flash, "one-time flash"},
    {16, FAIL, one_time_flash_erased, "one-time flash"},
    {16, UNKNOWN, one_time_flash_untouched, "no secure boot key"},
    {16, NONE, v2_signed, NULL},
    {16, FAIL, digest_of_another_key, "another key or bootloader"},
    {16, FAIL, digest_file_at_bootloader, "0x2000"},
    {16, UNKNOWN, keys_hidden_no_files, NULL},
    {17, PASS, lock_plan, "4096 KiB"},
    {17, PASS, header_of_quad_mode,
     "QIO, frequency 0, 4096 KiB; the ROM reads on four lines"},
    {17, PASS, header_of_smaller_flash, "the partitions end at 1088 KiB"},
    {17, FAIL, header_rewritten, "header bytes 02 20, in flash are 00 10"},
    {17, FAIL, header_of_larger_flash, "16384 KiB"},
    {17, FAIL, cipher_rewritten, "rewritten"},
    {17, UNKNOWN, flash_unknown, NULL},
    {18, PASS, lock_plan, "ends at 0x1490, 4 partitions"},
    {18, NONE, table_alone, NULL},
    {18, FAIL, app_beyond_its_slot, "ota_0 is larger than its slot"},
    {18, FAIL, partitions_overlap, "partition 1 (otadata)"},
    {18, FAIL, partition_over_table, "partition 0 (otadata) lies over"},
    {18, UNKNOWN, table_unread, "bootloader or table"},
    {18, FAIL, bootloader_too_long, "over the table"},
    {18, FAIL, write_over_write, "stray at 0x1000 overwrites digest file"},
    {18, FAIL, write_beyond, "outside the allowed range"},
    {18, UNKNOWN, flash_unknown, NULL},
    {19, FAIL, one_slot_and_no_download, "one app slot"},
    {19, UNKNOWN, no_download_two_slots, "rehearse --then confirm"},
    {19, PASS, no_download_confirms, "the application confirms an update"},
    {19, PASS, no_download_no_trials, "without being asked"},
    {19, PASS, release_not_seen, "rehearse --then confirm"},
    {19, FAIL, release_does_not_confirm, "taken back at the next start"},
    {19, NONE, lock_plan, NULL},
    {19, UNKNOWN, release_table_unknown, NULL},
    {20, PASS, lock_plan, "open: DISABLE_DL_ENCRYPT"},
    {20, FAIL, lock_before_write, "step 1 locks, step 2 still writes"},
    {20, FAIL, lock_without_boot, "before any boot"},
    {20, PASS, lock_on_a_board_that_boots, "open: "},
    {20, FAIL, lock_without_app, "before any boot"},
    {20, FAIL, counter_open_in_release, "open: "},
    {20, UNKNOWN, nothing_known_but_plan, NULL},
    {21, PASS, voltage_right, "3.3 V by the eFuses"},
    {21, PASS, strap_overruled, "3.3 V by the eFuses"},
    {21, PASS, supply_of_its_own, "off by the eFuses"},
    {21, FAIL, voltage_wrong,
     "1.8 V by the eFuses XPD_SDIO_*, the flash needs 3.3 V"},
    {21, FAIL, voltage_off,
     "off by the eFuses XPD_SDIO_*, the flash needs 3.3 V"},
    {21, FAIL, voltage_too_high,
     "3.3 V by the eFuses XPD_SDIO_*, the flash needs 1.8 V"},
    {21, FAIL, strap_wrong,
     "1.8 V by the strap MTDI (GPIO12), the flash needs 3.3 V"},
    {21, FAIL, flash_destroyed, "given more than it stands"},
    {21, FAIL, flash_on_other_pins, "other pins"},
    {21, FAIL, no_cache, "DIS_CACHE"},
    {21, UNKNOWN, voltage_unknown, "--flash-voltage"},
    {21, NONE, pins_in_package, NULL},
    {21, NONE, lock_plan, NULL},
    {21, NONE, strap_right, NULL},
    {22, PASS, lock_plan, NULL},
    {22, FAIL, no_copy, "no copy"},
    {22, UNKNOWN, keys_hidden_no_files, NULL},
    {23, PASS, lock_plan, "24:0a:c4:00:01:02, 3 equal readings"},
    {23, PASS, burn_continued, NULL},
    {23, FAIL, other_mac, "this is 24:0a:c4:00:01:02"},
    {23, FAIL, mac_reads_wrong, "MAC_CRC"},
    {23, FAIL, key_burned_before, "read-protected"},
    {23, FAIL, other_bits_in_block, "other bits"},
    {23, FAIL, development_for_release, "development"},
    {23, UNKNOWN, read_once, "1 times"},
    {23, UNKNOWN, nothing_known, NULL},
    {24, PASS, lock_plan, "proven before"},
    {24, FAIL, digest_block_blank, "BLOCK2 is blank, and ABS_DONE_1"},
    {24, FAIL, cipher_while_off, "interrupted"},
    {24, FAIL, not_proven, "before the chip proved"},
    {24, FAIL, proven_too_late, "before the chip proved"},
    {24, UNKNOWN, keys_hidden_no_files, NULL},
    {25, PASS, version_fits, "SECURE_VERSION 2, 30 steps left"},
    {25, FAIL, version_too_old, "secure_version 0, the fuses ask for 2"},
    {25, FAIL, version_under_3_4, "CODING_SCHEME 1"},
    {25, UNKNOWN, version_unknown, NULL},
    {25, NONE, lock_plan, NULL},
};

static void test_each_check(void **state)
{
    unsigned bad = 0;

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture *f = fx_new();
        const struct fb_check_result *r = fx_result(f, rows[i].number);

        rows[i].set_up(f);
        fx_check(f);
        if (r->verdict != rows[i].verdict ||
            (rows[i].saw != NULL && strstr(r->saw, rows[i].saw) == NULL)) {
            print_error("row %u: P%u %s \"%s\", want %s \"%s\"\n", i,
                        rows[i].number, fb_check_verdict_name(r->verdict),
                        r->saw, fb_check_verdict_name(rows[i].verdict),
                        rows[i].saw != NULL ? rows[i].saw : "");
            bad++;
        }
        // The text ends in its field and is one line.
        assert_true(strlen(r->saw) < FB_CHECK_TEXT);
        assert_null(strchr(r->saw, '\n'));
        assert_true(r->step <= f->plan.steps);
        fx_free(f);
    }
    assert_int_equal(bad, 0);
}

// The board's flash is read only where something is wanted, until nothing more
// is; elsewhere it is noise. Returns the sectors read.
static unsigned check_unread(struct fixture *f)
{
    static bool wanted[FB_FLASH_SECTORS];
    static uint8_t seen[FX_FLASH];
    bool *unread = f->before.flash_unread;
    unsigned n = 0, before;

    memset(unread, true, sizeof f->before.flash_unread);
    memset(wanted, false, sizeof wanted);
    memset(seen, 0xA5, sizeof seen);
    memset(f->plain, 0x5A, FX_FLASH);
    f->before.flash = seen;
    f->before.flash_wanted = wanted;
    do {
        before = n;
        fx_check(f);
        for (unsigned i = 0; i < FX_FLASH / 4096; i++) {
            if (wanted[i] && unread[i]) {
                memcpy(seen + 4096 * i, f->flash + 4096 * i, 4096);
                unread[i] = false;
                n++;
            }
        }
    } while (n > before);
    return n;
}

// What the checks ask for is all that they look at.
static void test_read_where_they_look(void **state)
{
    struct fb_check_result all[FB_CHECKS];
    unsigned bad = 0;

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture *f = fx_new();

        rows[i].set_up(f);
        if (f->before.flash != NULL &&
            fb_bytes_all((const uint8_t *)f->before.flash_unread,
                         sizeof f->before.flash_unread, 0)) {
            fx_check(f);
            memcpy(all, f->out, sizeof all);
            // Two small applications, table, records: not the rest.
            if (check_unread(f) > FX_FLASH / 4096 / 4) {
                print_error("row %u: too much was read\n", i);
                bad++;
            }
            for (unsigned c = 0; c < FB_CHECKS; c++) {
                if (all[c].verdict != f->out[c].verdict ||
                    all[c].step != f->out[c].step ||
                    strcmp(all[c].saw, f->out[c].saw) != 0) {
                    print_error(
                        "row %u: P%u %s \"%s\", want %s \"%s\"\n", i, c + 1,
                        fb_check_verdict_name(f->out[c].verdict), f->out[c].saw,
                        fb_check_verdict_name(all[c].verdict), all[c].saw);
                    bad++;
                }
            }
        }
        fx_free(f);
    }
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_good_plans_pass),
        cmocka_unit_test(test_good_boards_pass),
        cmocka_unit_test(test_scratch_is_the_board_afterwards),
        cmocka_unit_test(test_each_check),
        cmocka_unit_test(test_read_where_they_look),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
