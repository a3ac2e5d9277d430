// SPDX-License-Identifier: Apache-2.0
//
// Images, digest and table are files of the reference tools (tests/vectors).

#include "lib/fb/testing.h"

#include "lib/fb/boot_info.h"
#include "lib/fb/bytes.h"
#include "lib/fb/flash_encryption.h"
#include "lib/fb/flash_map.h"
#include "lib/fb/otadata.h"

#define FLASH 0x400000u
#define APP   0x10000u

static uint8_t flash[FLASH], scratch[FLASH];
static bool unread[FLASH / FB_FLASH_SECTOR];
static uint8_t tiny[96], digest[69760], table_bin[FB_PARTITION_TABLE_SIZE];
static uint8_t key_a[32], key_b[32];
static const struct fb_flash_key keys[] = {{key_a, 32}, {key_b, 32}};
static struct fb_flash_view view;

static int setup(void **state)
{
    (void)state;
    memset(flash, 0xFF, sizeof flash);
    memset(unread, 0, sizeof unread);
    (void)testing_file(tiny, sizeof tiny, "tests/vectors/image", "tiny.bin");
    (void)testing_file(digest, sizeof digest, "tests/vectors/digest",
                       "small.plain.sb256.bin");
    (void)testing_file(table_bin, sizeof table_bin, "tests/vectors/partition",
                       "classic.bin");
    (void)testing_file(key_a, 32, "tests/vectors/in", "fe256.key");
    (void)testing_file(key_b, 32, "tests/vectors/in", "sb256.key");
    view = (struct fb_flash_view){.flash = flash,
                                  .size = FLASH,
                                  .key = keys,
                                  .keys = 2,
                                  .config = 15,
                                  .scratch = scratch};
    return 0;
}

// Put n bytes at flash_off, encrypted for made_for in whole rows of 0xFF.
static void put(uint32_t flash_off, const uint8_t *p, uint32_t n,
                const uint8_t *key, unsigned config, uint32_t made_for)
{
    struct fb_flash_encryption_key k;

    if (key == NULL) {
        memcpy(flash + flash_off, p, n);
        return;
    }
    memset(scratch, 0xFF, n + 32);
    memcpy(scratch, p, n);
    assert_int_equal(fb_flash_encryption_key_init(&k, key, 32, config), FB_OK);
    assert_int_equal(fb_flash_encrypt(&k, made_for, scratch, flash + flash_off,
                                      (n + 31) / 32 * 32),
                     FB_OK);
}

static struct fb_flash_content look(uint32_t flash_off, uint32_t len)
{
    struct fb_flash_content c;

    fb_flash_classify(&view, flash_off, len, &c);
    return c;
}

static void test_erased_and_unread(void **state)
{
    (void)state;
    view.unread = unread;
    assert_int_equal(look(APP, 0x4000).state, FB_FLASH_ERASED);
    unread[APP / FB_FLASH_SECTOR + 3] = true;
    assert_int_equal(look(APP, 0x4000).state, FB_FLASH_UNREAD);
    put(APP, tiny, sizeof tiny, NULL, 0, 0);
    assert_int_equal(look(APP, 0x4000).state, FB_FLASH_PLAIN);
    unread[APP / FB_FLASH_SECTOR] = true;
    assert_int_equal(look(APP, 0x4000).state, FB_FLASH_UNREAD);
}

static void test_a_plain_image(void **state)
{
    struct fb_flash_content c;

    (void)state;
    put(APP, tiny, sizeof tiny, NULL, 0, 0);
    c = look(APP, 0x10000);
    assert_int_equal(c.state, FB_FLASH_PLAIN);
    assert_int_equal(c.kind, FB_CONTENT_IMAGE);
    assert_int_equal(c.sums, FB_OK);
    assert_int_equal(c.used, sizeof tiny);
    assert_ptr_equal(c.text, flash + APP);
    flash[APP + 34] ^= 1;
    assert_int_equal(look(APP, 0x10000).sums, FB_E_BAD_CHECKSUM);
    assert_int_equal(look(APP, 64).sums, FB_E_TRUNCATED);
}

static void test_the_key_and_the_address_are_found(void **state)
{
    static const uint32_t places[] = {0, 0x1000, APP, 0x1A0000, 0xFFF000};
    struct fb_flash_content c;

    (void)state;
    for (unsigned k = 0; k < 2; k++) {
        for (unsigned i = 0; i < 5; i++) {
            put(APP, tiny, sizeof tiny, keys[k].bytes, 15, places[i]);
            c = look(APP, 0x10000);
            assert_int_equal(c.state, FB_FLASH_ENCRYPTED);
            assert_int_equal(c.kind, FB_CONTENT_IMAGE);
            assert_int_equal(c.key, k);
            assert_int_equal(c.config, 15);
            assert_int_equal(c.made_for, places[i]);
            assert_int_equal(c.at, APP);
            assert_int_equal(c.sums, FB_OK);
            assert_memory_equal(c.text, tiny, sizeof tiny);
        }
    }
}

static void test_another_config_and_twice(void **state)
{
    struct fb_flash_content c;

    (void)state;
    for (unsigned config = 1; config < 16; config++) {
        put(APP, tiny, sizeof tiny, key_a, config, APP);
        c = look(APP, 0x1000);
        assert_int_equal(c.state, FB_FLASH_ENCRYPTED);
        assert_int_equal(c.config, config);
        assert_int_equal(c.made_for, APP);
        assert_false(c.twice);
    }
    // Without a tweak: the same bytes as if made for address 0.
    put(APP, tiny, sizeof tiny, key_a, 0, APP);
    assert_int_equal(look(APP, 0x1000).made_for, 0);
    view.config = 0;
    assert_int_equal(look(APP, 0x1000).made_for, APP);
    view.config = 15;
    put(APP, tiny, sizeof tiny, key_a, 15, APP);
    put(APP, flash + APP, sizeof tiny, key_a, 15, APP);
    c = look(APP, 0x1000);
    assert_int_equal(c.state, FB_FLASH_ENCRYPTED);
    assert_true(c.twice);
}

static void test_a_key_nobody_has_stays_opaque(void **state)
{
    uint8_t other[32] = {1};
    uint64_t seed = 7;

    (void)state;
    put(APP, tiny, sizeof tiny, other, 15, APP);
    assert_int_equal(look(APP, 0x1000).state, FB_FLASH_OPAQUE);
    // Zeros under encryption: the two blocks of each row are equal.
    memset(digest, 0, sizeof digest);
    put(APP, digest, 0x8000, other, 15, APP);
    assert_int_equal(look(APP, 0x8000).state, FB_FLASH_OPAQUE);
    // And no noise is taken for anything else.
    for (unsigned i = 0; i < 20; i++) {
        testing_random(&seed, flash + APP, 32u << i % 10);
        assert_int_equal(look(APP, 0x8000).state, FB_FLASH_OPAQUE);
    }
}

static void test_plain_data_is_not_random(void **state)
{
    (void)state;
    assert_true(testing_file(flash + APP, 0x10000, "tests/vectors/image",
                             "small.elf") > 0);
    assert_int_equal(look(APP, 0x10000).state, FB_FLASH_DATA);
    memset(flash + APP, 0x55, 0x10000);
    assert_int_equal(look(APP, 0x10000).state, FB_FLASH_DATA);
}

static void check_digest(const uint8_t *key, uint32_t at, uint32_t made_for)
{
    struct fb_flash_content c;

    memset(flash, 0xFF, sizeof flash);
    put(at, digest, 0x1000, key, 15, made_for);
    c = look(at, 0x1000);
    assert_int_equal(c.state, key ? FB_FLASH_ENCRYPTED : FB_FLASH_PLAIN);
    assert_int_equal(c.kind, FB_CONTENT_DIGEST);
    if (key != NULL) {
        assert_int_equal(c.made_for, made_for);
    }
}

static void test_a_digest(void **state)
{
    (void)state;
    check_digest(NULL, 0, 0);
    check_digest(key_b, 0, 0);
    check_digest(key_b, 0x1000, 0); // the file flashed at the wrong place
}

static void test_records(void **state)
{
    uint8_t record[FB_OTADATA_SIZE], info_bytes[FB_BOOT_INFO_SIZE];
    struct fb_otadata ota = {.seq = 1, .state = FB_OTADATA_UNDEFINED};
    struct fb_boot_info info;
    struct fb_flash_content c;
    // The first header that generators of NVS partitions for ESP-IDF write.
    static const char nvs[] = "feffffff 00000000 feffffff ffffffff ffffffff "
                              "ffffffff ffffffff 842dbab9";

    (void)state;
    memset(ota.label, 0xFF, sizeof ota.label);
    fb_otadata_encode(&ota, record);
    put(APP + 0x1000, record, sizeof record, key_a, 15, APP + 0x1000);
    c = look(APP, 0x2000);
    assert_int_equal(c.kind, FB_CONTENT_OTADATA);
    assert_int_equal(c.at, APP + 0x1000);
    assert_int_equal(c.made_for, APP + 0x1000);

    fb_boot_info_fresh(&info);
    fb_boot_info_encode(&info, info_bytes);
    put(APP, info_bytes, sizeof info_bytes, key_a, 15, APP);
    c = look(APP, 0x1000);
    assert_int_equal(c.kind, FB_CONTENT_BOOT_INFO);
    assert_int_equal(c.used, FB_BOOT_INFO_SIZE);

    assert_int_equal(testing_hex(flash + 0x20000, 32, nvs), 32);
    assert_int_equal(look(0x20000, 0x1000).kind, FB_CONTENT_NVS);
    flash[0x20005] ^= 1;
    assert_int_equal(look(0x20000, 0x1000).state, FB_FLASH_DATA);
}

static void test_file_systems(void **state)
{
    (void)state;
    memcpy(flash + APP + 54, "FAT12   ", 8);
    memcpy(flash + APP + 510, "\x55\xAA", 2);
    assert_int_equal(look(APP, 0x1000).kind, FB_CONTENT_FAT);
    memset(flash + APP, 0xFF, 0x1000);
    memcpy(flash + APP, "\1\0\0\0\xF0\x0F\xFF\xF7littlefs", 16);
    assert_int_equal(look(APP, 0x1000).kind, FB_CONTENT_LITTLEFS);
}

static void check_map(const uint8_t *key)
{
    static struct fb_flash_region region[FB_FLASH_REGIONS];
    static struct fb_partition_table table;
    size_t n;
    uint32_t at = 0;

    put(0, digest, sizeof digest > 0x8000 ? 0x8000 : sizeof digest, key, 15, 0);
    put(0x8000, table_bin, sizeof table_bin, key, 15, 0x8000);
    put(APP, tiny, sizeof tiny, key, 15, APP);
    n = fb_flash_map(&view, &table, region);
    assert_int_equal(table.count, 5);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(region[i].flash_off, at);
        assert_true(region[i].size > 0);
        at += region[i].size;
    }
    assert_int_equal(at, FLASH);
    assert_int_equal(region[0].content.kind, FB_CONTENT_DIGEST);
    assert_int_equal(region[1].content.kind, FB_CONTENT_IMAGE);
    assert_int_equal(region[2].content.kind, FB_CONTENT_TABLE);
    for (size_t i = 0; i < n; i++) {
        if (region[i].flash_off == APP) {
            assert_string_equal(table.part[region[i].part].label, "factory");
            assert_true(region[i].encrypted);
            assert_int_equal(region[i].content.kind, FB_CONTENT_IMAGE);
            assert_true(fb_flash_readable(&region[i], key != NULL, 0, 15));
            assert_false(fb_flash_readable(&region[i], key == NULL, 0, 15));
            assert_int_equal(fb_flash_readable(&region[i], key != NULL, 1, 15),
                             key == NULL);
        }
    }
}

static void test_a_plain_flash(void **state)
{
    (void)state;
    check_map(NULL);
}

static void test_an_encrypted_flash(void **state)
{
    (void)state;
    check_map(key_a);
}

static void test_a_small_or_blank_flash(void **state)
{
    static struct fb_flash_region region[FB_FLASH_REGIONS];
    static struct fb_partition_table table;

    (void)state;
    view.size = 0x4000;
    assert_int_equal(fb_flash_map(&view, &table, region), 2);
    assert_int_equal(region[1].flash_off + region[1].size, 0x4000);
    assert_int_equal(table.count, 0);
    view.size = FLASH;
    assert_int_equal(fb_flash_map(&view, &table, region), 4);
    assert_int_equal(region[3].role, FB_FLASH_ROLE_GAP);
    assert_int_equal(region[3].content.state, FB_FLASH_ERASED);
}

// Rows that lie over each other, beyond the flash, at odd places.
static void test_any_table_gives_a_map(void **state)
{
    static struct fb_flash_region region[FB_FLASH_REGIONS];
    static struct fb_partition_table table;
    uint64_t seed = 3;

    (void)state;
    for (unsigned round = 0; round < 50; round++) {
        uint32_t at = 0;
        size_t n;

        memset(flash + 0x8000, 0xFF, 0x1000);
        for (unsigned i = 0; i < 20; i++) {
            uint8_t *row = flash + 0x8000 + i * FB_PARTITION_ROW;

            testing_random(&seed, row, FB_PARTITION_ROW);
            memcpy(row, "\xAA\x50\x01", 3);
            row[7] = row[11] = 0; // below 16 MiB
        }
        n = fb_flash_map(&view, &table, region);
        assert_int_equal(table.count, 20);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(region[i].flash_off, at);
            at += region[i].size;
        }
        assert_int_equal(at, FLASH);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, setup)
    const struct CMUnitTest t[] = {
        TEST(test_erased_and_unread),
        TEST(test_a_plain_image),
        TEST(test_the_key_and_the_address_are_found),
        TEST(test_another_config_and_twice),
        TEST(test_a_key_nobody_has_stays_opaque),
        TEST(test_plain_data_is_not_random),
        TEST(test_a_digest),
        TEST(test_records),
        TEST(test_file_systems),
        TEST(test_a_plain_flash),
        TEST(test_an_encrypted_flash),
        TEST(test_a_small_or_blank_flash),
        TEST(test_any_table_gives_a_map),
    };
    return cmocka_run_group_tests(t, NULL, NULL);
}
