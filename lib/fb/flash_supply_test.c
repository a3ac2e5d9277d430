// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/flash_supply.h"

#include "lib/fb/testing.h"

#define XPD   (1u << 31) // of RTC_CNTL_SDIO_CONF
#define TIEH  (1u << 23)
#define FORCE (1u << 22)
#define DREF  (0x3Fu << 25)

#define E_REG   0x4000u // of BLK0's word 4
#define E_TIEH  0x8000u
#define E_FORCE 0x10000u

// The table of esptool's documentation, "Set Flash Voltage", and the order in
// which ESP-IDF's rtc_vddsdio_get_config() looks.
static void strap_fuses_and_register_decide(void **state)
{
    static const struct {
        bool mtdi;
        uint32_t fuses, conf;
        unsigned mv;
        enum fb_vdd_sdio_by by;
    } rows[] = {
        {false, 0, 0, 3300, FB_VDD_SDIO_STRAP},
        {true, 0, 0, 1800, FB_VDD_SDIO_STRAP},
        {true, E_REG | E_TIEH, 0, 1800, FB_VDD_SDIO_STRAP},
        {true, E_FORCE | E_REG | E_TIEH, 0, 3300, FB_VDD_SDIO_EFUSE},
        {false, E_FORCE | E_REG, 0, 1800, FB_VDD_SDIO_EFUSE},
        {false, E_FORCE | E_TIEH, 0, 0, FB_VDD_SDIO_EFUSE},
        {false, E_FORCE, 0, 0, FB_VDD_SDIO_EFUSE},
        {false, 0, XPD | DREF, 3300, FB_VDD_SDIO_STRAP},
        {false, 0, FORCE | XPD, 1800, FB_VDD_SDIO_REGISTER},
        {false, 0, FORCE | XPD | DREF, 1900, FB_VDD_SDIO_REGISTER},
        {true, 0, FORCE | XPD | TIEH, 3300, FB_VDD_SDIO_REGISTER},
        {false, 0, FORCE | TIEH, 0, FB_VDD_SDIO_REGISTER},
        {true, E_FORCE | E_REG, FORCE | XPD | TIEH, 3300, FB_VDD_SDIO_REGISTER},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fb_efuse_words fuses = {.word = {{0, 0, 0, 0, rows[i].fuses}}};
        struct fb_vdd_sdio vdd =
            fb_vdd_sdio(&fuses, rows[i].mtdi, rows[i].conf);

        assert_int_equal(vdd.mv, rows[i].mv);
        assert_int_equal(vdd.by, rows[i].by);
    }
}

static void parts_stand_their_own(void **state)
{
    static const struct {
        enum fb_flash_supply part;
        unsigned mv;
        enum fb_supply_verdict verdict;
    } rows[] = {
        {FB_FLASH_SUPPLY_3V3, 3300, FB_SUPPLY_GOOD},
        {FB_FLASH_SUPPLY_3V3, 1900, FB_SUPPLY_LOW},
        {FB_FLASH_SUPPLY_3V3, 0, FB_SUPPLY_LOW},
        {FB_FLASH_SUPPLY_UNKNOWN, 3300, FB_SUPPLY_GOOD},
        {FB_FLASH_SUPPLY_UNKNOWN, 1800, FB_SUPPLY_LOW},
        {FB_FLASH_SUPPLY_1V8, 1800, FB_SUPPLY_GOOD},
        {FB_FLASH_SUPPLY_1V8, 1900, FB_SUPPLY_GOOD},
        {FB_FLASH_SUPPLY_1V8, 3300, FB_SUPPLY_HIGH},
        {FB_FLASH_SUPPLY_1V8, 0, FB_SUPPLY_LOW},
        {FB_FLASH_SUPPLY_EXTERNAL, 0, FB_SUPPLY_GOOD},
        {FB_FLASH_SUPPLY_EXTERNAL, 3300, FB_SUPPLY_GOOD},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(fb_flash_supply_judge(rows[i].part, rows[i].mv),
                         rows[i].verdict);
    }
}

static void has_words(void **state)
{
    enum fb_flash_supply part = FB_FLASH_SUPPLY_UNKNOWN;
    char text[FB_VDD_SDIO_TEXT];

    (void)state;
    for (unsigned i = FB_FLASH_SUPPLY_3V3; i < FB_FLASH_SUPPLIES; i++) {
        assert_true(fb_flash_supply_parse(
            fb_flash_supply_name((enum fb_flash_supply)i), &part));
        assert_int_equal(part, i);
    }
    assert_false(fb_flash_supply_parse("unknown", &part));
    assert_false(fb_flash_supply_parse("2.5", &part));
    assert_int_equal(part, FB_FLASH_SUPPLY_EXTERNAL);
    assert_string_equal(
        fb_vdd_sdio_text((struct fb_vdd_sdio){1900, FB_VDD_SDIO_REGISTER},
                         text),
        "1.9 V by RTC_CNTL_SDIO_CONF");
    assert_string_equal(
        fb_vdd_sdio_text((struct fb_vdd_sdio){0, FB_VDD_SDIO_EFUSE}, text),
        "off by the eFuses XPD_SDIO_*");
    assert_string_equal(
        fb_vdd_sdio_text((struct fb_vdd_sdio){3300, FB_VDD_SDIO_STRAP}, text),
        "3.3 V by the strap MTDI (GPIO12)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strap_fuses_and_register_decide),
        cmocka_unit_test(parts_stand_their_own),
        cmocka_unit_test(has_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
