// SPDX-License-Identifier: Apache-2.0
//
// Vector: tests/vectors/nvs, made by Espressif's generator.

#include "lib/fb/nvs.h"

#include "lib/fb/testing.h"

#define PAGES 4u

static struct {
    uint8_t bytes[PAGES * FB_NVS_PAGE];
    unsigned left; // operations until the power goes; 0: it stays
    bool torn;     // half of the last one is done, else nothing of it
    bool off;
} chip;

static bool power_goes(void)
{
    chip.off = chip.off || (chip.left > 0 && --chip.left == 0);
    return chip.off;
}

static int chip_read(void *user, uint32_t off, void *p, size_t n)
{
    (void)user;
    assert_in_range(off, 0, sizeof chip.bytes - n);
    memcpy(p, chip.bytes + off, n);
    return 0;
}

// In the operation in which the power goes, a part is done.
static int chip_write(void *user, uint32_t off, const void *p, size_t n)
{
    (void)user;
    assert_in_range(off, 0, sizeof chip.bytes - n);
    bool was_off = chip.off;
    size_t part = power_goes() ? (was_off || !chip.torn ? 0 : n / 2) : n;
    for (size_t i = 0; i < part; i++) {
        chip.bytes[off + i] &= ((const uint8_t *)p)[i];
    }
    return chip.off ? -1 : 0;
}

static int chip_erase(void *user, uint32_t off)
{
    (void)user;
    assert_int_equal(off % FB_NVS_PAGE, 0);
    bool was_off = chip.off;
    size_t part = power_goes() ? (was_off || !chip.torn ? 0 : FB_NVS_PAGE / 2)
                               : FB_NVS_PAGE;
    memset(chip.bytes + off, 0xFF, part);
    return chip.off ? -1 : 0;
}

static const struct fb_nvs_flash flash = {NULL, chip_read, chip_write,
                                          chip_erase};

static void blank(void)
{
    memset(chip.bytes, 0xFF, sizeof chip.bytes);
    chip.left = 0;
    chip.off = false;
}

static void expect_number(const struct fb_nvs *nvs, const char *space,
                          const char *key, int64_t number)
{
    struct fb_nvs_value value;
    assert_int_equal(fb_nvs_get(nvs, space, key, &value, NULL, 0), FB_OK);
    assert_false(value.is_text);
    assert_int_equal(value.number, number);
}

static void expect_text(const struct fb_nvs *nvs, const char *space,
                        const char *key, const char *text)
{
    struct fb_nvs_value value;
    char got[FB_NVS_TEXT_MAX];
    assert_int_equal(fb_nvs_get(nvs, space, key, &value, got, sizeof got),
                     FB_OK);
    assert_true(value.is_text);
    assert_string_equal(got, text);
    assert_int_equal(value.len, strlen(text));
}

static void expect_none(const struct fb_nvs *nvs, const char *space,
                        const char *key)
{
    struct fb_nvs_value value;
    assert_int_equal(fb_nvs_get(nvs, space, key, &value, NULL, 0),
                     FB_E_NOT_FOUND);
}

#define NAME "a board with a name that is longer than one entry of 32 bytes"

static void reads_what_the_generator_wrote(void **state)
{
    (void)state;
    struct fb_nvs nvs;
    struct fb_nvs_value value;
    char text[8];
    blank();
    assert_int_equal(
        testing_file(chip.bytes, FB_NVS_PAGE, "tests/vectors/nvs", "pycom.bin"),
        FB_NVS_PAGE);
    assert_int_equal(fb_nvs_open(&nvs, &flash, PAGES), FB_OK);
    expect_number(&nvs, "PY_NVM", "count", 0x12345678);
    expect_text(&nvs, "PY_NVM", "name", NAME);
    expect_number(&nvs, "PY_NVM", "small", -3);
    expect_number(&nvs, "other", "count", 513);
    expect_none(&nvs, "PY_NVM", "absent");
    expect_none(&nvs, "nowhere", "count");
    assert_int_equal(
        fb_nvs_get(&nvs, "PY_NVM", "name", &value, text, sizeof text),
        FB_E_NO_SPACE);
    assert_int_equal(value.len, strlen(NAME));
    // A damaged value is not given out.
    chip.bytes[0xA4] &= 0xDF;
    char long_text[80];
    assert_int_equal(
        fb_nvs_get(&nvs, "PY_NVM", "name", &value, long_text, sizeof long_text),
        FB_E_BAD_CRC);
}

static void writes_the_generator_s_bytes(void **state)
{
    (void)state;
    struct fb_nvs nvs;
    uint8_t want[FB_NVS_PAGE];
    blank();
    testing_file(want, sizeof want, "tests/vectors/nvs", "pycom.bin");
    assert_int_equal(fb_nvs_open(&nvs, &flash, PAGES), FB_OK);
    assert_int_equal(fb_nvs_set_u32(&nvs, "PY_NVM", "count", 0x12345678),
                     FB_OK);
    assert_int_equal(fb_nvs_set_text(&nvs, "PY_NVM", "name", NAME), FB_OK);
    unsigned page = 0;
    while (chip.bytes[page * FB_NVS_PAGE] == 0xFF) {
        page++;
    }
    const uint8_t *got = chip.bytes + page * FB_NVS_PAGE;
    assert_memory_equal(got, want, 32); // header
    assert_memory_equal(got + 64, want + 64, 5 * 32);
    assert_int_equal(got[32], 0xAA);
    assert_int_equal(got[33], 0xFE); // five entries
    // The key of 15 bytes and its limit.
    assert_int_equal(fb_nvs_set_u32(&nvs, "PY_NVM", "fifteen_letters", 1),
                     FB_OK);
    expect_number(&nvs, "PY_NVM", "fifteen_letters", 1);
    assert_int_equal(fb_nvs_set_u32(&nvs, "PY_NVM", "sixteen__letters", 1),
                     FB_E_SIZE);
    assert_int_equal(fb_nvs_set_u32(&nvs, "PY_NVM", "", 1), FB_E_SIZE);
}

static void replaces_and_erases(void **state)
{
    (void)state;
    struct fb_nvs nvs;
    blank();
    assert_int_equal(fb_nvs_open(&nvs, &flash, PAGES), FB_OK);
    assert_int_equal(fb_nvs_set_u32(&nvs, "a", "k", 1), FB_OK);
    assert_int_equal(fb_nvs_set_u32(&nvs, "b", "k", 2), FB_OK);
    assert_int_equal(fb_nvs_set_text(&nvs, "a", "k", "text"), FB_OK);
    expect_text(&nvs, "a", "k", "text");
    expect_number(&nvs, "b", "k", 2);
    assert_int_equal(fb_nvs_erase(&nvs, "a", "k"), FB_OK);
    assert_int_equal(fb_nvs_erase(&nvs, "a", "k"), FB_E_NOT_FOUND);
    expect_none(&nvs, "a", "k");
    assert_int_equal(fb_nvs_set_u32(&nvs, "a", "l", 3), FB_OK);
    assert_int_equal(fb_nvs_erase_all(&nvs, "b"), FB_OK);
    expect_none(&nvs, "b", "k");
    expect_number(&nvs, "a", "l", 3);
    assert_int_equal(fb_nvs_erase_all(&nvs, "nowhere"), FB_OK);
}

static void gathers_pages_for_ever(void **state)
{
    (void)state;
    struct fb_nvs nvs;
    uint32_t model[20] = {0};
    uint64_t seed = 5;
    char key[16];
    blank();
    assert_int_equal(fb_nvs_open(&nvs, &flash, PAGES), FB_OK);
    for (unsigned i = 0; i < 20; i++) {
        snprintf(key, sizeof key, "k%u", i);
        assert_int_equal(fb_nvs_set_u32(&nvs, "n", key, 0), FB_OK);
    }
    assert_int_equal(fb_nvs_set_text(&nvs, "n", "text", NAME), FB_OK);
    for (unsigned round = 0; round < 4000; round++) {
        unsigned i = testing_random32(&seed) % 20;
        snprintf(key, sizeof key, "k%u", i);
        model[i] = testing_random32(&seed);
        assert_int_equal(fb_nvs_set_u32(&nvs, "n", key, model[i]), FB_OK);
        if (round % 50 == 0) {
            assert_int_equal(fb_nvs_open(&nvs, &flash, PAGES), FB_OK);
            for (unsigned j = 0; j < 20; j++) {
                snprintf(key, sizeof key, "k%u", j);
                expect_number(&nvs, "n", key, model[j]);
            }
            expect_text(&nvs, "n", "text", NAME);
        }
    }
}

static void says_when_it_is_full(void **state)
{
    (void)state;
    struct fb_nvs nvs;
    char key[16];
    enum fb_status s = FB_OK;
    unsigned n = 0;
    blank();
    assert_int_equal(fb_nvs_open(&nvs, &flash, PAGES), FB_OK);
    while (s == FB_OK) {
        snprintf(key, sizeof key, "k%u", n);
        s = fb_nvs_set_u32(&nvs, "n", key, n);
        n += s == FB_OK;
    }
    assert_int_equal(s, FB_E_NO_SPACE);
    assert_in_range(n, 126 * (PAGES - 1) - 1, 126 * (PAGES - 1));
    assert_int_equal(fb_nvs_open(&nvs, &flash, PAGES), FB_OK);
    for (unsigned i = 0; i < n; i++) {
        snprintf(key, sizeof key, "k%u", i);
        expect_number(&nvs, "n", key, i);
    }
    // Room that is made can be used.
    for (unsigned i = 0; i < 5; i++) {
        snprintf(key, sizeof key, "k%u", i);
        assert_int_equal(fb_nvs_erase(&nvs, "n", key), FB_OK);
    }
    assert_int_equal(fb_nvs_set_text(&nvs, "n", "text", NAME), FB_OK);
    expect_text(&nvs, "n", "text", NAME);
    expect_number(&nvs, "n", "k5", 5);
}

// Entries of that key which count, in all pages.
static unsigned used_entries(const char *key)
{
    unsigned n = 0;
    for (size_t i = 0; i < sizeof chip.bytes / 32; i++) {
        const uint8_t *page = chip.bytes + i / 128 * FB_NVS_PAGE;
        size_t index = i % 128 - 2;
        n += i % 128 >= 2 &&
             memcmp(chip.bytes + 32 * i + 8, key, strlen(key) + 1) == 0 &&
             (page[32 + index / 4] >> (index % 4 * 2) & 3) == 2;
    }
    return n;
}

// Power goes in each operation of a change, also of one that gathers a page:
// the value before or the value after is there, and all others.
static void survives_loss_of_power(void **state)
{
    (void)state;
    static uint8_t before[sizeof chip.bytes];
    for (unsigned filler = 0; filler < 380; filler += filler < 360 ? 45 : 1) {
        struct fb_nvs nvs;
        blank();
        assert_int_equal(fb_nvs_open(&nvs, &flash, PAGES), FB_OK);
        assert_int_equal(fb_nvs_set_text(&nvs, "n", "kept", NAME), FB_OK);
        assert_int_equal(fb_nvs_set_u32(&nvs, "n", "k", 1), FB_OK);
        for (unsigned i = 0; i < filler; i++) {
            assert_int_equal(fb_nvs_set_u32(&nvs, "n", "f", i), FB_OK);
        }
        memcpy(before, chip.bytes, sizeof before);
        bool done = false;
        for (unsigned cut = 1; !done; cut++) {
            memcpy(chip.bytes, before, sizeof before);
            chip.left = (cut + 1) / 2;
            chip.torn = cut % 2 == 0;
            chip.off = false;
            done = fb_nvs_set_text(&nvs, "n", "k", "two") == FB_OK;
            chip.left = 0;
            chip.off = false;
            struct fb_nvs_value value;
            char text[8];
            assert_int_equal(fb_nvs_open(&nvs, &flash, PAGES), FB_OK);
            assert_int_equal(
                fb_nvs_get(&nvs, "n", "k", &value, text, sizeof text), FB_OK);
            if (value.is_text) {
                assert_string_equal(text, "two");
            } else {
                assert_int_equal(value.number, 1);
                assert_false(done);
            }
            expect_text(&nvs, "n", "kept", NAME);
            if (filler > 0) {
                expect_number(&nvs, "n", "f", filler - 1);
            }
            assert_int_equal(used_entries("k"), 1);
            assert_int_equal(used_entries("kept"), 1);
            // It stays so when pages are gathered, and it goes on.
            bool two = value.is_text;
            for (unsigned i = 0; i < 260; i++) {
                assert_int_equal(fb_nvs_set_u32(&nvs, "n", "f", i), FB_OK);
            }
            assert_int_equal(
                fb_nvs_get(&nvs, "n", "k", &value, text, sizeof text), FB_OK);
            assert_int_equal(value.is_text, two);
            assert_int_equal(fb_nvs_set_u32(&nvs, "n", "k", 3), FB_OK);
            expect_number(&nvs, "n", "k", 3);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_the_generator_wrote),
        cmocka_unit_test(writes_the_generator_s_bytes),
        cmocka_unit_test(replaces_and_erases),
        cmocka_unit_test(gathers_pages_for_ever),
        cmocka_unit_test(says_when_it_is_full),
        cmocka_unit_test(survives_loss_of_power),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
