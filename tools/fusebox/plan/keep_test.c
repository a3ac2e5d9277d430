// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/testing.h"

#include <stdlib.h>

#include "lib/fb/crypto.h"
#include "lib/fb/flash_encryption.h"
#include "tools/fusebox/plan/keep.h"

#define FLASH 0x800000u

static uint8_t flash[FLASH];

// As Pycom's: the file system lies behind the first 4 MiB of a larger flash.
static struct fb_partition_table table = {
    .count = 6,
    .has_md5 = true,
    .part = {
        {FB_PARTITION_DATA, FB_PARTITION_NVS, 0x9000, 0x5000, "nvs", 0},
        {FB_PARTITION_APP, FB_PARTITION_OTA_0, 0x10000, 0x180000, "ota_0", 0},
        {FB_PARTITION_DATA, FB_PARTITION_OTADATA, 0x190000, 0x1000, "otadata",
         0},
        {FB_PARTITION_APP, FB_PARTITION_OTA_0 + 1, 0x1A0000, 0x180000, "ota_1",
         0},
        {FB_PARTITION_DATA, FB_PARTITION_NVS_KEYS, 0x320000, 0x1000, "keys", 1},
        {FB_PARTITION_DATA, 0x03, 0x321000, 0x1000, "core", 0}}};

static const uint8_t key[32] = {1, 2, 3, 4};

static struct plan_file *plan_of(const struct fb_board_state *s)
{
    static const struct board_ini ini = {.name = "GPY", .flash_size = FLASH};
    struct plan_file *f = malloc(sizeof *f);

    assert_non_null(f);
    plan_file_init(f, "lock", &ini, s);
    return f;
}

static void done(struct plan_file *f)
{
    plan_file_free(f);
    free(f);
}

static struct fb_board_state board(void)
{
    struct fb_board_state s = {.flash = flash, .flash_size = FLASH};

    fb_board_state_know_all(&s);
    return s;
}

static void put_table(bool encrypt)
{
    uint8_t bin[FB_PARTITION_TABLE_SIZE];
    struct fb_flash_encryption_key crypt;

    memset(flash, 0xFF, sizeof flash);
    assert_int_equal(fb_partition_table_encode(&table, bin), FB_OK);
    memcpy(flash + 0x8000, bin, sizeof bin);
    if (encrypt) {
        assert_int_equal(fb_flash_encryption_key_init(&crypt, key, 32, 15),
                         FB_OK);
        assert_int_equal(
            fb_flash_encrypt(&crypt, 0x8000, bin, flash + 0x8000, sizeof bin),
            FB_OK);
    }
}

struct piece {
    uint32_t from, to;
    const char *label;
};

static void expect(const struct plan_file *f, const struct piece *piece,
                   size_t n)
{
    assert_int_equal(f->keeps, n);
    for (size_t i = 0; i < n; i++) {
        const struct plan_keep *k = &f->keep[i];
        uint8_t md5[16];

        assert_int_equal(k->flash_off, piece[i].from);
        assert_int_equal(k->flash_off + k->len, piece[i].to);
        assert_string_equal(k->label, piece[i].label);
        fb_md5(flash + k->flash_off, k->len, md5);
        assert_memory_equal(k->md5, md5, sizeof md5);
    }
}

static const struct piece all[] = {
    {0, 0x1000, "secure boot digest"},
    {0x1000, 0x8000, "bootloader"},
    {0x8000, 0x9000, "partition table"},
    {0xE000, 0x10000, "flash outside of partitions"},
    {0x10000, 0x190000, "ota_0"},
    {0x190000, 0x191000, "otadata"},
    {0x191000, 0x1A0000, "flash outside of partitions"},
    {0x1A0000, 0x320000, "ota_1"},
    {0x320000, 0x321000, "keys"},
    {0x322000, 0x400000, "flash outside of partitions"},
};

static void test_all_but_what_firmware_writes(void **state)
{
    (void)state;
    put_table(false);
    struct fb_board_state s = board();
    struct plan_file *f = plan_of(&s);
    assert_int_equal(plan_keep(f, &s), 0);
    expect(f, all, sizeof all / sizeof all[0]);
    done(f);
}

// With the key that BLOCK1 holds, and with the plan's.
static void test_an_encrypted_table(void **state)
{
    (void)state;
    put_table(true);
    for (unsigned by_plan = 0; by_plan < 2; by_plan++) {
        struct fb_board_state s = board();
        fb_efuse_or(&s.fuses, FB_EFUSE_FLASH_CRYPT_CONFIG, 15);
        if (by_plan) {
            memset(s.known.word[1], 0, sizeof s.known.word[1]);
        } else {
            s.fuses.word[1][7] = 0x01020304;
        }
        struct plan_file *f = plan_of(&s);
        struct plan_key *k = &f->key[PLAN_KEY_FLASH];
        k->n = by_plan ? 32 : 0;
        k->loaded = by_plan;
        memcpy(k->bytes, key, sizeof key);
        assert_int_equal(plan_keep(f, &s), 0);
        expect(f, all, sizeof all / sizeof all[0]);
        done(f);
    }
}

// Who cannot tell data from code takes all of it for code.
static void test_no_table(void **state)
{
    static const struct piece want[] = {
        {0, 0x1000, "secure boot digest"},
        {0x1000, 0x8000, "bootloader"},
        {0x8000, 0x9000, "partition table"},
        {0x9000, 0x400000, "flash outside of partitions"},
    };

    (void)state;
    put_table(true);
    struct fb_board_state s = board();
    struct plan_file *f = plan_of(&s);
    assert_int_equal(plan_keep(f, &s), 0);
    expect(f, want, sizeof want / sizeof want[0]);
    done(f);
}

// With a file system in the table, what is behind it stays; a region may end
// within a sector.
static void test_a_listed_file_system(void **state)
{
    static const struct piece end = {0x323800, FLASH,
                                     "flash outside of partitions"};
    struct piece want[sizeof all / sizeof all[0]];

    (void)state;
    table.part[table.count++] = (struct fb_partition){
        FB_PARTITION_DATA, FB_PARTITION_FAT, 0x322000, 0x1800, "vfs", 0};
    put_table(false);
    table.count--;
    memcpy(want, all, sizeof want);
    want[sizeof all / sizeof all[0] - 1] = end;
    struct fb_board_state s = board();
    struct plan_file *f = plan_of(&s);
    assert_int_equal(plan_keep(f, &s), 0);
    expect(f, want, sizeof want / sizeof want[0]);
    done(f);
}

static void test_what_the_plan_touches(void **state)
{
    static const struct {
        enum fb_step_kind kind;
        unsigned block;
        uint32_t flash_off, len;
    } steps[] = {
        {FB_STEP_BURN, 0, 0, 0},
        {FB_STEP_BURN, 0, 0x1B0000, 0x1000}, // means nothing there
        {FB_STEP_WRITE, 0, 0x1000, 0x5A01},
        {FB_STEP_ERASE, 0, 0x190000, 0x1000},
        {FB_STEP_PROVE_KEY, 1, 0x1A2000, 0},
        {FB_STEP_PROVE_KEY, 2, 0, 0},
        {FB_STEP_WRITE, 0, 0x10000, 0x1000},
        {FB_STEP_BOOT, 0, 0, 0},
    };
    static const struct piece want[] = {
        {0, 0x1000, "secure boot digest"},
        {0x7000, 0x8000, "bootloader"},
        {0x8000, 0x9000, "partition table"},
        {0xE000, 0x10000, "flash outside of partitions"},
        {0x11000, 0x190000, "ota_0"},
        {0x191000, 0x1A0000, "flash outside of partitions"},
        {0x1A0000, 0x1A2000, "ota_1"},
        {0x1A3000, 0x320000, "ota_1"},
        {0x320000, 0x321000, "keys"},
        {0x322000, 0x400000, "flash outside of partitions"},
    };

    (void)state;
    put_table(false);
    struct fb_board_state s = board();
    struct plan_file *f = plan_of(&s);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct fb_step *step =
            plan_file_add(f, steps[i].kind, FB_STAGE_FLASH, "step");
        step->block = steps[i].block;
        step->flash_off = steps[i].flash_off;
        step->len = steps[i].len;
    }
    assert_int_equal(plan_keep(f, &s), 0);
    expect(f, want, sizeof want / sizeof want[0]);
    done(f);
}

static void test_flash_that_is_not_known(void **state)
{
    (void)state;
    put_table(false);
    struct fb_board_state s = board();
    memset(s.flash_unread, true, sizeof s.flash_unread);
    struct plan_file *f = plan_of(&s);
    f->keeps = 3;
    assert_int_equal(plan_keep(f, &s), 0);
    assert_int_equal(f->keeps, 0);
    done(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_but_what_firmware_writes),
        cmocka_unit_test(test_an_encrypted_table),
        cmocka_unit_test(test_no_table),
        cmocka_unit_test(test_a_listed_file_system),
        cmocka_unit_test(test_what_the_plan_touches),
        cmocka_unit_test(test_flash_that_is_not_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
