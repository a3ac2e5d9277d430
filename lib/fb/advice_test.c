// SPDX-License-Identifier: Apache-2.0
//
// What state is seen and which ways are offered. That the ways work is shown by
// tests/boot/advice.bats, which executes them.

#define _DEFAULT_SOURCE // for testing.h

#include "lib/fb/advice.h"

#include "tests/stories/fixture.h"

static void advise(struct fixture *f, struct fb_advice *a)
{
    static struct fb_board_view v;
    const struct fb_board_keys keys = {.flash_key = f->in.flash_key.bytes,
                                       .flash_key_len = f->in.flash_key.len,
                                       .boot_key = f->in.secure_boot_key.bytes,
                                       .boot_key_len =
                                           f->in.secure_boot_key.len,
                                       .signing_pub = f->in.signing_pub.bytes,
                                       .v2 = f->in.secure_v2};
    const struct fb_advice_names names = {.port = "p"};

    fb_board_view(&v, &f->before, &keys, f->plain);
    fb_advise(&v, &names, a);
}

static void counter_even(struct fixture *f)
{
    f->before.fuses.word[0][0] &= ~(0x7Fu << 20);
}

static void plain(struct fixture *f)
{
    fx_put_all(f, false);
}

static void locked(struct fixture *f)
{
    fx_lock(f, false);
}

static void released(struct fixture *f)
{
    fx_lock(f, true);
}

static void nothing_known(struct fixture *f)
{
    memset(&f->before.known, 0, sizeof f->before.known);
}

static void flash_unknown(struct fixture *f)
{
    locked(f);
    f->before.flash = NULL;
}

static void no_key(struct fixture *f)
{
    plain(f);
    fx_fuse(f, FB_EFUSE_FLASH_CRYPT_CNT, 1);
}

static void no_key_frozen(struct fixture *f)
{
    no_key(f);
    fx_fuse(f, FB_EFUSE_WR_DIS, 0x84);
}

static void plain_under_odd(struct fixture *f)
{
    locked(f);
    plain(f);
}

static void plain_released(struct fixture *f)
{
    released(f);
    plain(f);
}

static void plain_nobody_has_keys(struct fixture *f)
{
    plain_released(f);
    fx_hide_keys(f);
    f->in.flash_key.bytes = NULL;
}

static void interrupted(struct fixture *f)
{
    locked(f);
    counter_even(f);
}

static void cipher_no_config(struct fixture *f)
{
    interrupted(f);
    f->before.fuses.word[0][5] = 0;
}

static void shifted(struct fixture *f)
{
    fx_put(f, 0x1000, f->digest_file, f->digest_file_n, false);
}

static void noise(struct fixture *f)
{
    uint64_t seed = 7;

    locked(f);
    testing_random(&seed, f->flash + 0x1000, 32);
}

static void blank(struct fixture *f)
{
    (void)f;
}

static void damaged(struct fixture *f)
{
    plain(f);
    f->flash[0x1100] ^= 1;
}

static void no_digest_key(struct fixture *f)
{
    plain(f);
    fx_fuse(f, FB_EFUSE_ABS_DONE_0, 1);
}

static void bad_digest(struct fixture *f)
{
    locked(f);
    f->flash[0] ^= 1;
}

static void digest_plain(struct fixture *f)
{
    locked(f);
    fx_put(f, 0, f->digest_file, 256, false);
}

// After ESP-IDF's first boot the chip alone has the key of the digest, and no
// more than the digest is encrypted. The digest must stay where it is.
static void app_lost_digest_of_the_chip(struct fixture *f)
{
    locked(f);
    memset(f->flash + 192, 0xFF, 4096 - 192);
    fx_put(f, FX_SLOT_0, f->table.p, f->table.n, false);
    f->before.known.word[2][0] = 0;
    memset(f->before.fuses.word[2], 0, 32);
    f->in.secure_boot_key.bytes = NULL;
}

static void bad_digest_of_the_chip(struct fixture *f)
{
    locked(f);
    memset(f->flash, 0xFF, 0x1000);
    fx_hide_keys(f);
    f->in.secure_boot_key.bytes = NULL;
}

// A digest that somebody else made, on a board whose keys nobody has: it is
// moved along.
static void plain_digest_of_another(struct fixture *f)
{
    plain_under_odd(f);
    fx_hide_keys(f);
    f->in.secure_boot_key.bytes = NULL;
}

// Noise to everybody but the chip.
static void unread_ciphertext(struct fixture *f)
{
    interrupted(f);
    fx_hide_keys(f);
    f->in.flash_key.bytes = NULL;
    f->in.secure_boot_key.bytes = NULL;
    fx_fuse(f, FB_EFUSE_DISABLE_DL_ENCRYPT, 1);
}

// The counter is what is left.
static void no_encryptor(struct fixture *f)
{
    fx_lock(f, false);
    f->before.fuses.word[0][6] &= ~(1u << 4); // no secure boot
    fx_fuse(f, FB_EFUSE_DISABLE_DL_ENCRYPT, 1);
    memset(f->flash, 0xFF, 0x10000);
    fx_hide_keys(f);
    f->in.flash_key.bytes = NULL;
}

static void odd_config(struct fixture *f)
{
    plain_under_odd(f);
    f->before.fuses.word[0][5] = 0x30000000;
}

static void table_behind_unknown_digest(struct fixture *f)
{
    locked(f);
    memset(f->flash + 0x8000, 0xFF, 0x1000);
    fx_hide_keys(f);
    f->in.secure_boot_key.bytes = NULL;
}

static void no_digest(struct fixture *f)
{
    fx_revision_3(f);
    plain(f);
    fx_fuse(f, FB_EFUSE_ABS_DONE_1, 1);
    f->in.secure_boot_key.bytes = NULL;
}

static void no_digest_but_a_key(struct fixture *f)
{
    no_digest(f);
    f->in.secure_boot_key = fx_key(f->boot_key, 32, "rsa.pem");
    f->in.secure_v2 = true;
}

static void digest_hidden(struct fixture *f)
{
    no_digest(f);
    fx_fuse(f, FB_EFUSE_WR_DIS, 0x100);
}

// What it lacks besides does not matter.
static void digest_unreadable(struct fixture *f)
{
    no_digest(f);
    testing_key_words(f->boot_key, false, f->before.fuses.word[2]);
    fx_fuse(f, FB_EFUSE_RD_DIS, 2);
    memset(f->flash, 0xFF, FX_FLASH);
}

// Signed, and nothing in BLOCK2 to trust.
static void signed_v2(struct fixture *f)
{
    struct host_key *key = NULL;

    assert_null(host_key_generate(HOST_KEY_RSA3072, &key));
    fx_v2_image(f, key);
    host_key_free(key);
    fx_put(f, 0x1000, f->digest_file, f->digest_file_n, false);
    fx_fuse(f, FB_EFUSE_ABS_DONE_1, 1);
    f->in.secure_boot_key.bytes = NULL;
}

static void torn_digest(struct fixture *f)
{
    signed_v2(f);
    testing_key_words(f->boot_key, false, f->before.fuses.word[2]);
    f->before.fuses.word[2][3] &= 0x0FF0FFFF;
    f->before.fuses.word[2][7] = 0;
}

static void reversed_digest(struct fixture *f)
{
    signed_v2(f);
    testing_key_words(f->boot_key, true, f->before.fuses.word[2]);
}

static void bad_signature(struct fixture *f)
{
    no_digest(f);
    testing_key_words(f->boot_key, false, f->before.fuses.word[2]);
}

static void table_plain(struct fixture *f)
{
    locked(f);
    fx_put(f, 0x8000, f->table.p, f->table.n, false);
}

// boot_info asks for a slot that the table does not have.
static void app_lost_no_such_slot(struct fixture *f)
{
    fx_make_table(f, testing_key, false);
    locked(f);
    fx_put_info(f, 1, 0, true);
    memset(f->flash + FX_SLOT_0, 0xFF, FX_SLOT);
}

// One bit of the counter is left.
static void last_bit(struct fixture *f)
{
    locked(f);
    fx_fuse(f, FB_EFUSE_FLASH_CRYPT_CNT, 0x3F);
    fx_fuse(f, FB_EFUSE_ABS_DONE_0, 1);
}

static void app_of_another(struct fixture *f)
{
    locked(f);
    fx_make_app(&f->app, 'H', testing_other_key);
    fx_put_all(f, true);
}

static void no_download(struct fixture *f)
{
    fx_revision_3(f);
    fx_fuse(f, FB_EFUSE_UART_DOWNLOAD_DIS, 1);
}

static void at_1v8(struct fixture *f)
{
    locked(f);
    f->before.part.needs = FB_FLASH_SUPPLY_3V3;
    fx_fuse(f, FB_EFUSE_XPD_SDIO_FORCE, 1);
    fx_fuse(f, FB_EFUSE_XPD_SDIO_REG, 1);
}

static void at_1v8_frozen(struct fixture *f)
{
    at_1v8(f);
    fx_fuse(f, FB_EFUSE_WR_DIS, 1u << 5);
}

static void at_1v8_by_strap(struct fixture *f)
{
    locked(f);
    f->before.part =
        (struct fb_flash_part){.needs = FB_FLASH_SUPPLY_3V3, .mtdi = true};
}

static void off_for_1v8(struct fixture *f)
{
    locked(f);
    f->before.part =
        (struct fb_flash_part){.needs = FB_FLASH_SUPPLY_1V8, .mtdi = true};
    fx_fuse(f, FB_EFUSE_XPD_SDIO_FORCE, 1);
}

static void off_for_1v8_with_tieh(struct fixture *f)
{
    off_for_1v8(f);
    fx_fuse(f, FB_EFUSE_XPD_SDIO_TIEH, 1);
}

static void at_3v3(struct fixture *f)
{
    off_for_1v8_with_tieh(f);
    fx_fuse(f, FB_EFUSE_XPD_SDIO_REG, 1);
}

static void was_at_3v3(struct fixture *f)
{
    locked(f);
    f->before.part = (struct fb_flash_part){
        .needs = FB_FLASH_SUPPLY_1V8, .mtdi = true, .destroyed = true};
}

static void without_cache(struct fixture *f)
{
    locked(f);
    fx_fuse(f, FB_EFUSE_DIS_CACHE, 1);
}

static void on_other_pins(struct fixture *f)
{
    locked(f);
    fx_fuse(f, FB_EFUSE_SPI_PAD_CONFIG_CLK, 6);
    fx_fuse(f, FB_EFUSE_SPI_PAD_CONFIG_Q, 7);
    fx_fuse(f, FB_EFUSE_SPI_PAD_CONFIG_D, 8);
    fx_fuse(f, FB_EFUSE_SPI_PAD_CONFIG_CS0, 11);
}

static void test_conditions(void **state)
{
    static const struct {
        void (*set_up)(struct fixture *f);
        const char *condition;
        unsigned ways;
        const char *part; // of the first command, or of why there is none
    } rows[] = {
        {plain, "boots", 0, NULL},
        {locked, "boots", 0, NULL},
        {released, "boots", 0, NULL},
        {nothing_known, "unknown", 0, NULL},
        {flash_unknown, "unknown", 0, NULL},
        {no_key, "no-key", 2, "burn_efuse FLASH_CRYPT_CNT"},
        {no_key_frozen, "no-key", 1, "zero.bin"},
        {plain_under_odd, "plain-under-odd", 2, "read_flash 0x1000"},
        {plain_released, "plain-under-odd", 1, "read_flash 0x1000"},
        {plain_nobody_has_keys, "plain-under-odd", 0, "in the chip only"},
        {interrupted, "interrupted", 2, "burn_efuse FLASH_CRYPT_CNT"},
        {cipher_no_config, "cipher-under-even", 2,
         "burn_efuse FLASH_CRYPT_CONFIG 0xf"},
        {shifted, "wrong-address", 1, "read_flash 0x1000 0x7000"},
        {noise, "wrong-key", 2, "digest_secure_bootloader"},
        {blank, "no-bootloader", 1, "write_flash 0x1000 bootloader.bin"},
        {damaged, "bad-bootloader", 1, "write_flash 0x1000 bootloader.bin"},
        {no_digest_key, "no-digest-key", 1, "burn_key secure_boot_v1"},
        {bad_digest, "bad-digest", 1, "read_flash 0x1000"},
        {digest_plain, "bad-digest", 1, "read_flash 0x1000"},
        {app_lost_digest_of_the_chip, "bad-app", 1,
         "--address 0x10000 --pad ff"},
        {bad_digest_of_the_chip, "bad-digest", 0, "in the chip only"},
        {plain_digest_of_another, "plain-under-odd", 2, "read_flash 0x0"},
        {unread_ciphertext, "cipher-under-even", 1,
         "burn_efuse FLASH_CRYPT_CNT"},
        {no_encryptor, "no-bootloader", 1, "burn_efuse FLASH_CRYPT_CNT"},
        {odd_config, "plain-under-odd", 2, "read_flash 0x1000"},
        {table_behind_unknown_digest, "bad-table", 1, "encrypt_flash_data"},
        {no_digest, "no-digest", 1, "burn_key_digest SIGNING_KEY.pem"},
        {no_digest_but_a_key, "no-digest", 1, "printf '\\"},
        {signed_v2, "no-digest", 1, "printf '\\"},
        {torn_digest, "bad-signature", 1, "printf '\\"},
        {reversed_digest, "bad-signature", 0, "reversed byte order"},
        {digest_hidden, "digest-hidden", 0, "no fuse can be taken back"},
        {digest_unreadable, "digest-hidden", 0, "no fuse can be taken back"},
        {bad_signature, "bad-signature", 1, "sign_data --version 2"},
        {table_plain, "bad-table", 1, "read_flash 0x8000"},
        {app_of_another, "bad-app", 1, "sign_data"},
        {app_lost_no_such_slot, "bad-app", 1, "--address 0x10000"},
        {last_bit, "interrupted", 2, "FLASH_CRYPT_CNT 0x7f"},
        {no_download, "no-bootloader", 0, "UART_DOWNLOAD_DIS"},
        {without_cache, "no-cache", 0, "No fuse"},
        {on_other_pins, "flash-moved", 0, "No fuse"},
        {at_1v8, "flash-supply", 1, "set_flash_voltage 3.3V"},
        {at_1v8_frozen, "flash-supply", 0, "cannot be burned"},
        {at_1v8_by_strap, "flash-supply", 2, "GPIO12"},
        {off_for_1v8, "flash-supply", 1, "set_flash_voltage 1.8V"},
        {off_for_1v8_with_tieh, "flash-supply", 0, "cannot be burned"},
        {at_3v3, "flash-destroyed", 0, "another flash"},
        {was_at_3v3, "flash-destroyed", 0, "another flash"},
    };
    static struct fb_advice a;
    unsigned bad = 0;

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture *f = fx_new();
        const char *said;

        rows[i].set_up(f);
        advise(f, &a);
        said = a.ways > 0 ? a.way[0].line[0] : a.hopeless;
        if (strcmp(fb_condition_name(a.condition), rows[i].condition) != 0 ||
            a.ways != rows[i].ways ||
            (rows[i].part != NULL &&
             (said == NULL || strstr(said, rows[i].part) == NULL))) {
            print_error("row %u: %s, %u ways, %s\n", i,
                        fb_condition_name(a.condition), a.ways,
                        said != NULL ? said : "nothing");
            bad++;
        }
        for (unsigned w = 0; w < a.ways; w++) {
            assert_true(a.way[w].lines > 0);
            assert_true(a.way[w].lines < FB_ADVICE_LINES);
        }
        // A dead board has a way or a reason.
        assert_true(a.condition == FB_BOARD_BOOTS ||
                    a.condition == FB_BOARD_UNKNOWN ||
                    (a.ways == 0) == (a.hopeless != NULL));
        fx_free(f);
    }
    assert_int_equal(bad, 0);
}

// What hangs on a key file that nobody can compare says so: whoever gives a
// wrong file for a good board must not be told to write to it.
static void test_doubt(void **state)
{
    struct fixture *f = fx_new();
    struct fb_advice a;

    (void)state;
    locked(f);
    advise(f, &a);
    assert_null(a.doubt);
    fx_hide_keys(f);
    advise(f, &a);
    assert_string_equal(fb_condition_name(a.condition), "boots");
    assert_non_null(strstr(a.doubt, "BLOCK1"));
    f->flash_key[3] ^= 1;
    advise(f, &a);
    assert_string_equal(fb_condition_name(a.condition), "wrong-key");
    assert_non_null(strstr(a.doubt, "leave it alone"));
    f->flash_key[3] ^= 1;
    f->boot_key[3] ^= 1;
    advise(f, &a);
    assert_string_equal(fb_condition_name(a.condition), "bad-digest");
    assert_non_null(strstr(a.doubt, "BLOCK2"));
    // The table speaks for the key: the bootloader is noise indeed.
    memset(f->flash + 0x1000, 0x3A, 32);
    advise(f, &a);
    assert_string_equal(fb_condition_name(a.condition), "wrong-key");
    assert_null(a.doubt);
    fx_free(f);
}

// Whether a bootloader minds SECURE_VERSION is known to itself only.
static void test_outdated(void **state)
{
    struct fixture *f = fx_new();
    struct fb_advice a;

    (void)state;
    locked(f);
    fx_fuse(f, FB_EFUSE_SECURE_VERSION, 3);
    advise(f, &a);
    assert_string_equal(fb_condition_name(a.condition), "unknown");
    fx_fuse(f, FB_EFUSE_MAC_VERSION, 1); // BLOCK3 is a MAC then
    advise(f, &a);
    assert_string_equal(fb_condition_name(a.condition), "boots");
    fx_free(f);
}

// RD_DIS bit 3 hides FLASH_CRYPT_CONFIG and CODING_SCHEME, from people only.
static void test_hidden_config(void **state)
{
    struct fixture *f = fx_new();
    struct fb_advice a;

    (void)state;
    locked(f);
    f->before.fuses.word[0][5] = 0;
    f->before.known.word[0][5] = 0x0FFFFFFF;
    advise(f, &a);
    assert_string_equal(fb_condition_name(a.condition), "boots");
    fx_free(f);
}

// Commands are ready to run, whatever the files are called and wherever a key
// is to be had.
static void test_commands(void **state)
{
    struct fixture *f = fx_new();
    static struct fb_board_view v;
    static struct fb_advice a;
    struct fb_board_keys keys = {
        .flash_key = f->flash_key, .flash_key_len = 32, .signing_pub = f->pub};
    struct fb_advice_names names = {.port = "board:my board",
                                    .flash_key = "it's.bin",
                                    .boot_key = "sb.bin"};
    bool dumped = false;

    (void)state;
    locked(f);
    fx_put(f, 0x8000, f->table.p, f->table.n, false);
    fb_board_view(&v, &f->before, &keys, f->plain);
    fb_advise(&v, &names, &a);
    assert_non_null(strstr(a.way[0].line[0], "--port 'board:my board' "));
    assert_non_null(strstr(a.way[0].line[1], "--keyfile 'it'\\''s.bin' "));
    // The key that the chip has, and not the file that it does not.
    testing_key_words(f->boot_key, true, f->before.fuses.word[1]);
    fb_board_view(&v, &f->before, &keys, f->plain);
    fb_advise(&v, &names, &a);
    assert_string_equal(fb_condition_name(a.condition), "wrong-key");
    for (unsigned i = 0; i < a.way[0].lines; i++) {
        assert_null(strstr(a.way[0].line[i], "it'"));
        dumped |= strstr(a.way[0].line[i], "block1 >flash_key.bin") != NULL;
    }
    assert_true(dumped);
    at_1v8(f);
    fb_board_view(&v, &f->before, &keys, f->plain);
    fb_advise(&v, &names, &a);
    assert_non_null(strstr(a.way[0].line[0], "--port 'board:my board' set_"));
    fx_free(f);
}

static void test_names(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FB_CONDITIONS; i++) {
        assert_non_null(fb_condition_text((enum fb_condition)i));
        for (unsigned k = 0; k < i; k++) {
            assert_string_not_equal(fb_condition_name((enum fb_condition)i),
                                    fb_condition_name((enum fb_condition)k));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conditions),    cmocka_unit_test(test_doubt),
        cmocka_unit_test(test_hidden_config), cmocka_unit_test(test_outdated),
        cmocka_unit_test(test_commands),      cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
