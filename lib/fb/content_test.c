// SPDX-License-Identifier: Apache-2.0
//
// Image, digest and table are files of the reference tools (tests/vectors).

#include "lib/fb/testing.h"

#include "lib/fb/boot_info.h"
#include "lib/fb/content.h"
#include "lib/fb/otadata.h"
#include "lib/fb/partition_table.h"

static uint8_t key[32];
static uint8_t image[96], table[FB_PARTITION_TABLE_SIZE], digest[69760];
static uint8_t boot_info[64], otadata[FB_OTADATA_SIZE];
static uint8_t nvs[32], littlefs[32], fat[512];

// One of each.
static const struct {
    enum fb_content content;
    const uint8_t *p;
    size_t n;
    size_t probe; // bytes without which it is not found
} samples[] = {
    {FB_CONTENT_IMAGE, image, sizeof image, 32},
    {FB_CONTENT_TABLE, table, 64, 32},
    {FB_CONTENT_NVS, nvs, sizeof nvs, 32},
    {FB_CONTENT_LITTLEFS, littlefs, sizeof littlefs, 32},
    {FB_CONTENT_BOOT_INFO, boot_info, 64, FB_BOOT_INFO_SIZE},
    {FB_CONTENT_OTADATA, otadata, sizeof otadata, 32},
    {FB_CONTENT_DIGEST, digest, 0x1000, 512},
    {FB_CONTENT_FAT, fat, sizeof fat, 512},
};
#define SAMPLES (sizeof samples / sizeof samples[0])

static int setup(void **state)
{
    struct fb_otadata record = {.seq = 1, .state = FB_OTADATA_UNDEFINED};
    struct fb_boot_info info;

    (void)state;
    (void)testing_file(key, sizeof key, "tests/vectors/in", "fe256.key");
    (void)testing_file(image, sizeof image, "tests/vectors/image", "tiny.bin");
    (void)testing_file(digest, sizeof digest, "tests/vectors/digest",
                       "small.plain.sb256.bin");
    (void)testing_file(table, sizeof table, "tests/vectors/partition",
                       "classic.bin");
    // The first header that generators of NVS partitions for ESP-IDF write.
    (void)testing_hex(nvs, sizeof nvs,
                      "feffffff 00000000 feffffff ffffffff ffffffff "
                      "ffffffff ffffffff 842dbab9");
    (void)testing_hex(littlefs, sizeof littlefs,
                      "01000000f00ffff7 6c6974746c656673 2fe0001000000200"
                      "0010000080000000");
    memcpy(fat + 54, "FAT12   ", 8);
    memcpy(fat + 510, "\x55\xAA", 2);
    memset(record.label, 0xFF, sizeof record.label);
    fb_otadata_encode(&record, otadata);
    fb_boot_info_fresh(&info);
    fb_boot_info_encode(&info, boot_info);
    return 0;
}

static void test_each_content(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SAMPLES; i++) {
        const uint8_t *p = samples[i].p;
        enum fb_content want = samples[i].content;

        assert_int_equal(fb_content_of_bytes(p, samples[i].n, FB_CONTENT_ANY),
                         want);
        assert_int_equal(
            fb_content_of_bytes(p, samples[i].n, FB_CONTENT_SET(want)), want);
        assert_int_equal(fb_content_of_bytes(p, samples[i].n, 0),
                         FB_CONTENT_UNKNOWN);
        assert_int_equal(
            fb_content_of_bytes(p, samples[i].n,
                                FB_CONTENT_ANY & ~FB_CONTENT_SET(want)),
            want == FB_CONTENT_BOOT_INFO ? FB_CONTENT_OTADATA
                                         : FB_CONTENT_UNKNOWN);
        assert_true(strlen(fb_content_name(want)) > 0);
    }
    assert_string_equal(fb_content_name(FB_CONTENT_UNKNOWN), "nothing");
}

// Of bytes that end at an unmapped page only what is told is looked at.
static void test_few_bytes(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SAMPLES; i++) {
        for (size_t n = 0; n <= samples[i].probe; n++) {
            uint8_t *p = testing_guarded(samples[i].p, n);
            enum fb_content found;

            found =
                fb_content_of_bytes(p, n, FB_CONTENT_SET(samples[i].content));
            assert_int_equal(found, n < samples[i].probe ? FB_CONTENT_UNKNOWN
                                                         : samples[i].content);
            testing_guarded_free(p, n);
        }
    }
}

static void test_ciphertext(void **state)
{
    static const uint32_t places[] = {0, 0x1000, 0x1A0000, 0xFFF000};
    struct fb_flash_encryption_key k;
    static uint8_t cipher[0x1000], text[0x1000];

    (void)state;
    assert_int_equal(fb_flash_encryption_key_init(&k, key, 32, 15), FB_OK);
    for (unsigned i = 0; i < 4 * SAMPLES; i++) {
        const size_t n = samples[i / 4].n;
        const uint32_t at = places[i % 4];
        struct fb_reading r = {cipher, n, NULL, at, false};

        assert_int_equal(fb_flash_encrypt(&k, at, samples[i / 4].p, cipher, n),
                         FB_OK);
        assert_int_equal(fb_content_of(&r, FB_CONTENT_ANY), FB_CONTENT_UNKNOWN);
        r.key = &k;
        assert_int_equal(fb_content_of(&r, FB_CONTENT_ANY),
                         samples[i / 4].content);
        assert_true(fb_reading_text(&r, text, n));
        assert_memory_equal(text, samples[i / 4].p, n);
        r.twice = true;
        assert_int_equal(fb_content_of(&r, FB_CONTENT_ANY), FB_CONTENT_UNKNOWN);
        assert_int_equal(fb_flash_encrypt(&k, at, cipher, cipher, n), FB_OK);
        assert_int_equal(fb_content_of(&r, FB_CONTENT_ANY),
                         samples[i / 4].content);
        r.twice = false;
        r.flash_off ^= 0x1000;
        assert_int_equal(fb_content_of(&r, FB_CONTENT_ANY), FB_CONTENT_UNKNOWN);
    }
}

// Addresses end at 16 MiB; plain bytes have no address.
static void test_the_end_of_the_addresses(void **state)
{
    struct fb_flash_encryption_key k;
    uint8_t out[64];
    struct fb_reading r = {image, 96, NULL, FB_FLASH_MAX - 32, false};

    (void)state;
    assert_int_equal(fb_flash_encryption_key_init(&k, key, 32, 15), FB_OK);
    assert_int_equal(fb_reading_len(&r), 96);
    assert_true(fb_reading_text(&r, out, 64));
    assert_memory_equal(out, image, 64);
    r.key = &k;
    assert_int_equal(fb_reading_len(&r), 32);
    assert_true(fb_reading_text(&r, out, 32));
    assert_false(fb_reading_text(&r, out, 48));
}

static void test_files(void **state)
{
    static uint8_t file[0x1100];

    (void)state;
    for (unsigned i = 0; i < SAMPLES; i++) {
        enum fb_content c = samples[i].content;
        bool boot = (FB_CONTENT_BOOT & FB_CONTENT_SET(c)) != 0;

        assert_int_equal(fb_content_of_file(samples[i].p, samples[i].n),
                         boot ? c : FB_CONTENT_UNKNOWN);
    }
    assert_int_equal(fb_content_of_file(digest, sizeof digest),
                     FB_CONTENT_DIGEST);
    memcpy(file + 0x1000, image, sizeof image);
    assert_int_equal(fb_content_of_file(file, 0x1060), FB_CONTENT_DIGEST);
    assert_int_equal(fb_content_of_file(file, 0x101F), FB_CONTENT_UNKNOWN);
    assert_int_equal(fb_content_of_file(file, 0), FB_CONTENT_UNKNOWN);
}

// What an image is not: for another chip, or with no code where it starts.
static void test_near_misses(void **state)
{
    static const struct {
        uint8_t at, value;
    } changes[] = {{0, 0xE8}, {1, 17},    {2, 6},  {6, 0x40},
                   {7, 0x3F}, {12, 0x21}, {13, 1}, {23, 2}};
    uint8_t p[32];

    (void)state;
    for (unsigned i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        memcpy(p, image, sizeof p);
        p[changes[i].at] = changes[i].value;
        assert_int_equal(fb_content_of_bytes(p, sizeof p, FB_CONTENT_ANY),
                         FB_CONTENT_UNKNOWN);
    }
    // An application of the ESP32-C6 is one, if not for this chip.
    memcpy(p, image, sizeof p);
    p[6] = 0x80;
    p[12] = 13;
    assert_int_equal(fb_content_of_bytes(p, sizeof p, FB_CONTENT_ANY),
                     FB_CONTENT_IMAGE);
    digest[511] = 0;
    assert_int_equal(fb_content_of_bytes(digest, 512, FB_CONTENT_ANY),
                     FB_CONTENT_UNKNOWN);
    digest[511] = 0xFF;
    memset(digest, 0, 128); // an IV is what its maker wants it to be
    assert_int_equal(fb_content_of_bytes(digest, 512, FB_CONTENT_ANY),
                     FB_CONTENT_DIGEST);
    memset(digest + 128, 0, 32);
    assert_int_equal(fb_content_of_bytes(digest, 512, FB_CONTENT_ANY),
                     FB_CONTENT_UNKNOWN);
}

static void test_noise_is_nothing(void **state)
{
    uint64_t seed = 3;
    uint8_t p[512];

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        testing_random(&seed, p, sizeof p);
        assert_int_equal(fb_content_of_bytes(p, sizeof p, FB_CONTENT_ANY),
                         FB_CONTENT_UNKNOWN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_each_content, setup),
        cmocka_unit_test_setup(test_few_bytes, setup),
        cmocka_unit_test_setup(test_ciphertext, setup),
        cmocka_unit_test_setup(test_the_end_of_the_addresses, setup),
        cmocka_unit_test_setup(test_files, setup),
        cmocka_unit_test_setup(test_near_misses, setup),
        cmocka_unit_test_setup(test_noise_is_nothing, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
