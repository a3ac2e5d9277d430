// SPDX-License-Identifier: Apache-2.0

#define _DEFAULT_SOURCE // for testing.h

#include "lib/fb/board_view.h"

#include "tests/stories/fixture.h"

static struct fb_board_view v;

static void look(struct fixture *f)
{
    const struct fb_board_keys keys = {.flash_key = f->in.flash_key.bytes,
                                       .flash_key_len = f->in.flash_key.len,
                                       .boot_key = f->in.secure_boot_key.bytes,
                                       .boot_key_len =
                                           f->in.secure_boot_key.len,
                                       .signing_pub = f->in.signing_pub.bytes};

    fb_board_view(&v, &f->before, &keys, f->plain);
}

static void test_plaintext_and_ciphertext(void **state)
{
    (void)state;
    for (unsigned locked = 0; locked < 2; locked++) {
        struct fixture *f = fx_new();

        if (locked) {
            fx_lock(f, false);
        } else {
            fx_put_all(f, false);
        }
        look(f);
        assert_true(v.table_ok);
        assert_int_equal(v.parts, 7);
        for (unsigned i = 0; i < 4; i++) { // with the factory app
            assert_int_equal(v.part[i].form,
                             locked ? FB_FORM_CIPHER : FB_FORM_PLAIN);
            assert_int_equal(v.part[i].status, FB_OK);
            assert_true(fb_part_runs(&v, &v.part[i]));
        }
        assert_int_equal(v.part[0].proof, FB_OK);
        assert_int_equal(v.part[2].proof, FB_OK);
        // The images can be read at their places.
        assert_memory_equal(f->plain + FX_SLOT_0, f->app.p, f->app.n);
        assert_memory_equal(f->plain + 0x1000, f->bootloader, 1024);
        assert_int_equal(fb_board_view_app(&v, 0)->flash_off, FX_SLOT_0);
        assert_int_equal(fb_board_view_app(&v, 1)->form, FB_FORM_BLANK);
        assert_null(fb_board_view_app(&v, 2));
        fx_free(f);
    }
}

static void test_without_keys_nothing_is_claimed(void **state)
{
    struct fixture *f = fx_new();

    (void)state;
    fx_lock(f, false);
    fx_hide_keys(f);
    memset(&f->in.flash_key, 0, sizeof f->in.flash_key);
    memset(&f->in.secure_boot_key, 0, sizeof f->in.secure_boot_key);
    look(f);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(v.part[i].form, FB_FORM_UNKNOWN);
        assert_false(fb_part_runs(&v, &v.part[i]));
    }
    assert_int_equal(v.part[0].proof, FB_E_KEY);
    fx_free(f);
}

// Sectors that were not read are not looked at.
static void test_unread_sectors(void **state)
{
    struct fixture *f = fx_new();

    (void)state;
    fx_put_all(f, false);
    f->before.flash_unread[FX_SLOT_0 / FB_FLASH_SECTOR] = true;
    look(f);
    assert_int_equal(v.part[1].form, FB_FORM_PLAIN);
    assert_int_equal(fb_board_view_app(&v, 0)->form, FB_FORM_UNKNOWN);
    f->before.flash_unread[8] = true; // the table
    look(f);
    assert_false(v.table_ok);
    assert_int_equal(v.part[2].form, FB_FORM_UNKNOWN);
    fx_free(f);
}

// An application with as many bytes as two sectors; its signature follows.
static void make_app_of_two_sectors(struct testing_blob *app)
{
    static uint8_t code[0x2000];
    struct testing_segments segments = {
        0x40080000, 1, {{0x40080000, 0x1000, code}}};

    testing_make_image(app, &segments);
    segments.at[0].len += 0x2000 - (uint32_t)app->n;
    testing_make_image(app, &segments);
    assert_int_equal(app->n, 0x2000);
    testing_append_signature(app, testing_key);
}

// What is not known, and would have told more, is wanted; nothing else is.
static void test_what_is_wanted(void **state)
{
    static bool wanted[FB_FLASH_SECTORS];
    static const bool nothing[FB_FLASH_SECTORS];
    const unsigned slot = FX_SLOT_0 / FB_FLASH_SECTOR;
    struct fixture *f = fx_new();
    bool *unread = f->before.flash_unread;
    const struct fb_part *app;

    (void)state;
    make_app_of_two_sectors(&f->app);
    fx_put_all(f, false);
    f->before.flash_wanted = wanted;
    look(f);
    assert_memory_equal(wanted, nothing, sizeof wanted);
    app = fb_board_view_app(&v, 0);
    assert_int_equal(app->proof, FB_OK);
    // the signature
    unread[slot + 2] = true;
    look(f);
    assert_int_equal(app->form, FB_FORM_UNKNOWN);
    assert_int_equal(app->proof, FB_E_KEY);
    assert_true(wanted[slot + 2]);
    assert_false(wanted[slot + 3]);
    // the end of the image, by its header
    memset(wanted, false, sizeof wanted);
    unread[slot + 1] = true;
    look(f);
    assert_int_equal(app->form, FB_FORM_UNKNOWN);
    assert_true(wanted[slot + 1]);
    // the first sector is erased: so may be the rest, or not
    memset(wanted, false, sizeof wanted);
    memset(f->flash + FX_SLOT_0, 0xFF, FB_FLASH_SECTOR);
    look(f);
    assert_int_equal(app->form, FB_FORM_UNKNOWN);
    assert_true(wanted[slot + 1]);
    unread[slot + 1] = unread[slot + 2] = false;
    look(f);
    assert_int_equal(app->form, FB_FORM_OTHER);
    fx_free(f);
}

// The file for 0x0 at 0x1000: told only when 0x2000 was read.
static void test_shifted(void **state)
{
    static bool wanted[FB_FLASH_SECTORS];
    struct fixture *f = fx_new();

    (void)state;
    fx_put(f, 0x1000, f->digest_file, f->digest_file_n, false);
    f->before.flash_wanted = wanted;
    memset(f->before.flash_unread, true, sizeof f->before.flash_unread);
    f->before.flash_unread[1] = false;
    look(f);
    assert_int_equal(v.part[1].form, FB_FORM_OTHER);
    assert_false(v.shifted);
    assert_true(wanted[2]);
    f->before.flash_unread[2] = false;
    look(f);
    assert_true(v.shifted);
    fx_free(f);
}

static void test_the_slot_that_starts(void **state)
{
    struct fixture *f = fx_new();

    (void)state;
    fx_lock(f, false);
    look(f);
    assert_int_equal(fb_board_view_slot(&v), 0);
    fx_put_info(f, FB_BOOT_UPDATE1, FB_BOOT_READY, true);
    look(f);
    assert_int_equal(fb_board_view_slot(&v), 1);
    assert_int_equal(fb_board_view_running(&v), 1);
    // Plaintext is noise to this chip, and noise is no record.
    fx_put_info(f, FB_BOOT_UPDATE1, FB_BOOT_READY, false);
    look(f);
    assert_int_equal(fb_board_view_slot(&v), 0);
    fx_free(f);
}

static enum fb_start start(struct fixture *f, unsigned *slot)
{
    look(f);
    *slot = 9;
    return fb_board_view_start(&v, false, slot);
}

static void test_what_starts(void **state)
{
    struct fixture *f = fx_new();
    unsigned slot;

    (void)state;
    // An erased otadata and an erased slot: the first, or what is left.
    fx_lock(f, false);
    assert_int_equal(start(f, &slot), FB_START_SLOT);
    assert_int_equal(slot, 0);
    fx_put_info(f, FB_BOOT_UPDATE1, FB_BOOT_READY, true);
    assert_int_equal(start(f, &slot), FB_START_SLOT);
    assert_int_equal(slot, 0); // slot 1 is erased
    fx_put(f, FX_SLOT_1, f->other_app.p, f->other_app.n, true);
    assert_int_equal(start(f, &slot), FB_START_SLOT);
    assert_int_equal(slot, 1);
    // Nobody knows what is remembered: some slot, if one is good.
    f->before.flash_unread[FX_OTADATA / FB_FLASH_SECTOR] = true;
    assert_int_equal(start(f, &slot), FB_START_SOME);
    assert_false(v.store_known);
    memset(f->flash + FX_SLOT_0, 0xFF, FX_SLOT);
    assert_int_equal(start(f, &slot), FB_START_SOME);
    memset(f->flash + FX_SLOT_1, 0xFF, FX_SLOT);
    assert_int_equal(start(f, &slot), FB_START_NOTHING);
    // Nor what is in a slot.
    f->before.flash_unread[FX_SLOT_1 / FB_FLASH_SECTOR] = true;
    assert_int_equal(start(f, &slot), FB_START_UNKNOWN);
    f->before.flash_unread[FX_OTADATA / FB_FLASH_SECTOR] = false;
    assert_int_equal(start(f, &slot), FB_START_UNKNOWN);
    fx_put(f, FX_SLOT_0, f->app.p, f->app.n, true);
    assert_int_equal(start(f, &slot), FB_START_SOME);
    fx_put_info(f, FB_BOOT_FACTORY, FB_BOOT_READY, true);
    assert_int_equal(start(f, &slot), FB_START_SLOT);
    assert_int_equal(slot, 0);
    // Below SECURE_VERSION.
    f->before.flash_unread[FX_SLOT_1 / FB_FLASH_SECTOR] = false;
    fx_fuse(f, FB_EFUSE_SECURE_VERSION, 1);
    assert_int_equal(start(f, &slot), FB_START_SLOT);
    assert_int_equal(fb_board_view_start(&v, true, &slot), FB_START_NOTHING);
    fx_free(f);
}

// Pycom's bootloader looks at two slots only.
static void test_a_third_slot(void **state)
{
    struct fixture *f = fx_new();
    struct fb_partition_table table;
    unsigned slot;

    (void)state;
    assert_int_equal(fb_partition_table_parse(f->table.p,
                                              FB_PARTITION_TABLE_SIZE, FX_FLASH,
                                              &table, NULL),
                     FB_OK);
    table.part[table.count++] = (struct fb_partition){
        FB_PARTITION_APP, FB_PARTITION_OTA_0 + 1, 0x40000, FX_SLOT, "ota_1", 0};
    assert_int_equal(fb_partition_table_encode(&table, f->table.p), FB_OK);
    fx_put_all(f, false);
    memset(f->flash + FX_SLOT_0, 0xFF, FX_SLOT);
    fx_put(f, 0x40000, f->app.p, f->app.n, false);
    assert_int_equal(start(f, &slot), FB_START_NOTHING);
    fx_put(f, FX_SLOT_1, f->app.p, f->app.n, false);
    assert_int_equal(start(f, &slot), FB_START_SLOT);
    assert_int_equal(slot, 1);
    fx_free(f);
}

static void test_where_a_file_belongs(void **state)
{
    struct fixture *f = fx_new();
    const struct fb_board_keys keys = {.flash_key = f->flash_key,
                                       .flash_key_len = 32};
    const struct fb_board_keys none = {0};
    static uint8_t file[TESTING_BLOB];
    uint32_t found = 1;
    size_t n;

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        const uint32_t at[] = {0x10000, 0x1A0000, 0x1000};

        n = fx_rows(f, file, f->app.p, f->app.n, true, at[i]);
        assert_true(fb_board_encrypted_for(&f->before, &keys, file, n, 0x20000,
                                           &found));
        assert_int_equal(found, at[i]);
        assert_false(
            fb_board_encrypted_for(&f->before, &none, file, n, at[i], &found));
    }
    assert_false(
        fb_board_encrypted_for(&f->before, &keys, file, 31, 0, &found));
    fx_free(f);
}

// Ciphertext of the same bytes under another key is noise, and so is damage.
static void test_noise_is_not_taken_for_anything(void **state)
{
    struct fixture *f = fx_new();

    (void)state;
    fx_lock(f, false);
    for (unsigned i = 0; i < 8; i++) {
        f->before.fuses.word[1][i] ^= 1;
    }
    look(f);
    assert_int_equal(v.part[1].form, FB_FORM_OTHER);
    assert_int_equal(v.part[2].form, FB_FORM_OTHER);
    assert_int_equal(v.part[1].made_for, 0x1000);
    assert_false(v.table_ok);
    fx_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plaintext_and_ciphertext),
        cmocka_unit_test(test_without_keys_nothing_is_claimed),
        cmocka_unit_test(test_unread_sectors),
        cmocka_unit_test(test_what_is_wanted),
        cmocka_unit_test(test_shifted),
        cmocka_unit_test(test_the_slot_that_starts),
        cmocka_unit_test(test_what_starts),
        cmocka_unit_test(test_a_third_slot),
        cmocka_unit_test(test_where_a_file_belongs),
        cmocka_unit_test(test_noise_is_not_taken_for_anything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
