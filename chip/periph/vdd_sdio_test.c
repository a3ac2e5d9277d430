// SPDX-License-Identifier: Apache-2.0

#define _DEFAULT_SOURCE // for testing.h

#include "chip/periph/vdd_sdio.h"

#include "chip/testing.h"

#define XPD   (1u << 31) // of RTC_CNTL_SDIO_CONF
#define TIEH  (1u << 23)
#define FORCE (1u << 22)
#define DREF  (0x3Fu << 25)

#define REG        0x4000u // of BLK0's word 4: XPD_SDIO_REG
#define SDIO_TIEH  0x8000u
#define SDIO_FORCE 0x10000u

static struct rig *rig_for(enum fb_flash_supply part, bool mtdi, uint32_t fuses)
{
    struct rig *rig =
        rig_new(0, CHIP_STRAP_FLASH_BOOT | (mtdi ? CHIP_STRAP_MTDI : 0));
    struct chip_config config = rig->chip->config;
    struct chip_callbacks cb = rig_callbacks(rig);
    struct fb_efuse_words words = {.word = {{0, 0, 0, 0, fuses}}};

    config.flash_supply = part;
    chip_init(rig->chip, &config, &cb);
    chip_set_efuses(rig->chip, &words);
    rig_image(rig->flash + 0x1000, false);
    return rig;
}

// RDID by SPI1, as the ROM and every tool do it.
static uint32_t flash_id(struct rig *rig)
{
    rig_put(rig, 0x3FF42080, 0);
    rig_put(rig, 0x3FF42000, 1u << 28);
    return rig_get(rig, 0x3FF42080) & 0xFFFFFFu;
}

// Which voltage it is, lib/fb/flash_supply_test.c has in full.
static void strap_fuses_and_register_decide(void **state)
{
    static const struct {
        enum fb_flash_supply part;
        bool mtdi;
        uint32_t fuses, conf;
        uint32_t mv;
        bool answers;
    } rows[] = {
        {FB_FLASH_SUPPLY_UNKNOWN, false, 0, 0, 3300, true},
        {FB_FLASH_SUPPLY_3V3, false, 0, 0, 3300, true},
        {FB_FLASH_SUPPLY_3V3, true, 0, 0, 1800, false},
        {FB_FLASH_SUPPLY_3V3, true, SDIO_FORCE | REG | SDIO_TIEH, 0, 3300,
         true},
        {FB_FLASH_SUPPLY_3V3, true, 0, FORCE | XPD | TIEH, 3300, true},
        {FB_FLASH_SUPPLY_1V8, true, 0, 0, 1800, true},
        {FB_FLASH_SUPPLY_1V8, true, 0, FORCE | XPD | DREF, 1900, true},
        {FB_FLASH_SUPPLY_1V8, false, 0, 0, 3300, false},
        {FB_FLASH_SUPPLY_1V8, false, SDIO_FORCE | REG, 0, 1800, true},
        {FB_FLASH_SUPPLY_EXTERNAL, false, SDIO_FORCE, 0, 0, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rig *rig = rig_for(rows[i].part, rows[i].mtdi, rows[i].fuses);

        chip_power_on(rig->chip);
        rig_put(rig, RTC_SDIO_CONF, rows[i].conf);
        assert_int_equal(rig->chip->supply.mv, rows[i].mv);
        assert_int_equal(chip_flash_answers(rig->chip), rows[i].answers);
        assert_int_equal(flash_id(rig), rows[i].answers ? 0x1640EF : 0xFFFFFF);
        rig_free(rig);
    }
}

static void what_does_not_answer_reads_as_ones(void **state)
{
    const uint32_t forced_off = FORCE | TIEH;
    struct rig *rig = rig_for(FB_FLASH_SUPPLY_3V3, false, 0);
    uint8_t bytes[64];
    char text[120];

    (void)state;
    rig_on(rig);
    cache_read(rig->chip, 0x1000, bytes, sizeof bytes);
    assert_int_equal(bytes[0], 0xE9);
    chip_flash_trouble(rig->chip, text, sizeof text);
    assert_string_equal(text, "");
    rig_put(rig, RTC_SDIO_CONF, forced_off);
    cache_read(rig->chip, 0x1000, bytes, sizeof bytes);
    assert_true(fb_bytes_all(bytes, sizeof bytes, 0xFF));
    chip_flash_trouble(rig->chip, text, sizeof text);
    assert_string_equal(text, "VDD_SDIO is off by RTC_CNTL_SDIO_CONF, the "
                              "flash needs 3.3 V");
    // What is written meanwhile is not there afterwards.
    rig_put(rig, 0x3FF42000, 1u << 30); // WREN
    rig_put(rig, 0x3FF42000, 1u << 22); // chip erase
    rig_put(rig, RTC_SDIO_CONF, FORCE | XPD | TIEH);
    cache_read(rig->chip, 0x1000, bytes, sizeof bytes);
    assert_int_equal(bytes[0], 0xE9);
    rig_free(rig);
}

// The cache decrypts what the lines say.
static void ones_are_decrypted(void **state)
{
    struct rig *rig = rig_for(FB_FLASH_SUPPLY_3V3, true, 0);
    struct fb_efuse_words words = {.word = {{1u << 20}}};
    struct fb_flash_encryption_key key;
    uint8_t want[32], got[32];

    (void)state;
    chip_set_efuses(rig->chip, &words);
    chip_power_on(rig->chip);
    memset(want, 0xFF, sizeof want);
    fb_flash_encryption_key_init(&key, (const uint8_t[32]){0}, 32, 0);
    fb_flash_decrypt(&key, 0x1000, want, want, sizeof want);
    cache_read(rig->chip, 0x1000, got, sizeof got);
    assert_memory_equal(got, want, sizeof want);
    rig_free(rig);
}

// The register lies in the RTC's domain, the straps are sampled with it.
static void resets_keep_what_they_keep(void **state)
{
    struct rig *rig = rig_for(FB_FLASH_SUPPLY_3V3, false, 0);

    (void)state;
    rig_on(rig);
    rig_put(rig, RTC_SDIO_CONF, FORCE | XPD);
    chip_set_strap(rig->chip, CHIP_STRAP_FLASH_BOOT | CHIP_STRAP_MTDI);
    rig_put(rig, 0x3FF48000, 1u << 31); // SW_SYS_RST
    rig_rom(rig);
    assert_int_equal(rig->chip->supply.mv, 1800);
    assert_non_null(strstr(rig->console, "flash read err, 1000"));
    rig_put(rig, RTC_SDIO_CONF, 0);
    assert_int_equal(rig->chip->supply.mv, 3300); // MTDI at the power-on
    rig_on(rig);
    assert_int_equal(rig->chip->supply.mv, 1800);
    rig_free(rig);
}

static void burning_takes_effect_when_it_is_read(void **state)
{
    struct rig *rig = rig_for(FB_FLASH_SUPPLY_3V3, false, 0);
    char text[120];

    (void)state;
    rig_on(rig);
    rig_burn(rig, 0, 4, SDIO_FORCE | REG);
    assert_false(chip_flash_answers(rig->chip));
    chip_flash_trouble(rig->chip, text, sizeof text);
    assert_string_equal(text, "VDD_SDIO is 1.8 V by the eFuses XPD_SDIO_*, the "
                              "flash needs 3.3 V");
    rig_on(rig);
    assert_non_null(strstr(rig->console, "flash read err, 1000"));
    rig_burn(rig, 0, 4, SDIO_TIEH);
    rig_on(rig);
    assert_non_null(strstr(rig->console, "entry 0x"));
    rig_free(rig);
}

// As the ROM takes them: a choice with a pin twice is none.
static void pins_are_those_of_the_board(void **state)
{
    struct fb_efuse_words words;
    struct rig *rig = rig_for(FB_FLASH_SUPPLY_3V3, false, 0);
    struct chip_callbacks cb = rig_callbacks(rig);
    struct chip_config config;
    char text[120];

    (void)state;
    rig_on(rig);
    rig_burn(rig, 0, 5, 6); // SPI_PAD_CONFIG_CLK; the rest is 0, 0, 0
    assert_true(chip_flash_answers(rig->chip));
    rig_burn(rig, 0, 5, 7u << 5 | 8u << 10 | 11u << 15);
    assert_false(chip_flash_answers(rig->chip));
    chip_flash_trouble(rig->chip, text, sizeof text);
    assert_non_null(strstr(text, "SPI_PAD_CONFIG_*"));
    rig_on(rig);
    assert_non_null(strstr(rig->console, "flash read err, 1000"));
    // A board that has its flash there, as one in the package.
    words = *chip_efuses(rig->chip);
    config = rig->chip->config;
    config.flash_pads = fb_efuse_flash_pads(&words);
    chip_init(rig->chip, &config, &cb);
    chip_set_efuses(rig->chip, &words);
    rig_on(rig);
    assert_non_null(strstr(rig->console, "entry 0x"));
    rig_free(rig);
}

static void no_cache_no_boot(void **state)
{
    struct rig *rig = rig_for(FB_FLASH_SUPPLY_3V3, false, 0);

    (void)state;
    rig_on(rig);
    assert_non_null(strstr(rig->console, "entry 0x"));
    rig_burn(rig, 0, 3, 1u << 3); // DIS_CACHE
    rig_on(rig);
    assert_non_null(strstr(rig->console, "flash read err, 1000"));
    assert_int_equal(flash_id(rig), 0x1640EF);
    rig_free(rig);
}

static void what_was_given_too_much_is_gone(void **state)
{
    struct rig *rig = rig_for(FB_FLASH_SUPPLY_1V8, true, 0);
    struct rig *copy = rig_for(FB_FLASH_SUPPLY_1V8, true, 0);
    struct chip_callbacks cb = rig_callbacks(copy);
    struct chip_config config = rig->chip->config;
    char text[120];

    (void)state;
    rig_on(rig);
    assert_non_null(strstr(rig->console, "entry 0x"));
    rig_put(rig, RTC_SDIO_CONF, FORCE | XPD | TIEH); // for a moment
    rig_put(rig, RTC_SDIO_CONF, 0);
    assert_int_equal(rig->chip->supply.mv, 1800);
    assert_int_equal(flash_id(rig), 0xFFFFFF);
    rig_on(rig); // at the right supply
    assert_non_null(strstr(rig->console, "flash read err, 1000"));
    assert_true(chip_flash_destroyed(rig->chip));
    chip_flash_trouble(rig->chip, text, sizeof text);
    assert_string_equal(text,
                        "the flash needs 1.8 V and was given 3.3 V: taken "
                        "for destroyed");
    chip_copy(copy->chip, rig->chip, copy->flash, &cb);
    rig_on(copy);
    assert_true(chip_flash_destroyed(copy->chip));
    // And a chip that begins with it.
    config.flash_destroyed = true;
    config.flash = copy->flash;
    chip_init(copy->chip, &config, &cb);
    rig_on(copy);
    assert_non_null(strstr(copy->console, "flash read err, 1000"));
    rig_free(copy);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strap_fuses_and_register_decide),
        cmocka_unit_test(what_does_not_answer_reads_as_ones),
        cmocka_unit_test(ones_are_decrypted),
        cmocka_unit_test(resets_keep_what_they_keep),
        cmocka_unit_test(burning_takes_effect_when_it_is_read),
        cmocka_unit_test(pins_are_those_of_the_board),
        cmocka_unit_test(no_cache_no_boot),
        cmocka_unit_test(what_was_given_too_much_is_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
