// SPDX-License-Identifier: Apache-2.0

#define _DEFAULT_SOURCE // for testing.h

#include "lib/fb/testing.h"

#include <ctype.h>
#include <strings.h>

#include "lib/fb/threats.h"

static bool says(const struct fb_threat_config *c, const char *part, bool stops)
{
    const struct fb_threat *t[FB_THREATS_MAX];
    size_t n = fb_threats(c, t);

    for (size_t i = 0; i < n; i++) {
        if (strstr(t[i]->text, part) != NULL && t[i]->stops == stops) {
            return true;
        }
    }
    return false;
}

// "secure" may stand before "boot" only.
static bool bare_word(const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (strncasecmp(p, "secure", 6) == 0 && !isalpha(p[6]) &&
            strncasecmp(p + 6, " boot", 5) != 0 && p[6] != '_') {
            return true;
        }
    }
    return false;
}

static struct fb_threat_config config(bool fe, unsigned scheme,
                                      unsigned revision)
{
    return (struct fb_threat_config){.flash_encryption = fe,
                                     .secure_v1 = scheme == 1,
                                     .secure_v2 = scheme == 2,
                                     .revision = revision};
}

static void test_each_configuration_is_told_honestly(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 1024; i++) {
        struct fb_threat_config c = {.flash_encryption = i & 1,
                                     .secure_v1 = i >> 1 & 1,
                                     .secure_v2 = i >> 2 & 1,
                                     .revision = i >> 3 & 3,
                                     .release = i >> 5 & 1,
                                     .download_open = i >> 6 & 1,
                                     .fleet_key = i >> 7 & 1,
                                     .host_keys = i >> 8 & 1};
        const struct fb_threat *t[FB_THREATS_MAX];
        char title[FB_THREAT_TITLE];
        size_t n = fb_threats(&c, t);
        bool limit = false;

        for (size_t k = 0; k < n; k++) {
            assert_false(bare_word(t[k]->text));
            limit |= !t[k]->stops;
        }
        assert_true(limit); // there is none that stops everything
        assert_true(n < FB_THREATS_MAX);
        fb_threat_title(&c, title);
        assert_false(bare_word(title));
    }
}

static void test_what_applies(void **state)
{
    struct fb_threat_config v1 = config(true, 1, 1), v2 = config(true, 2, 3);
    struct fb_threat_config open = config(false, 0, 0);
    char title[FB_THREAT_TITLE];

    (void)state;
    assert_true(says(&v1, "CVE-2019-17391", false));
    assert_false(says(&v1, "CVE-2023-35818", false));
    assert_false(says(&v1, "opens all", false));
    v1.fleet_key = true;
    assert_true(says(&v1, "opens all", false));
    assert_true(says(&v2, "CVE-2023-35818", false));
    assert_true(says(&v2, "lets nobody sign", true));
    assert_false(says(&v2, "CVE-2019-17391", false));
    assert_true(says(&open, "replaces it", false));
    fb_threat_title(&v1, title);
    assert_string_equal(title, "Secure Boot V1 and flash encryption, chip "
                               "revision 1, locks open");
    fb_threat_title(&open, title);
    assert_string_equal(title, "neither secure boot nor flash encryption, "
                               "chip revision 0, locks open");
}

static void test_from_fuses(void **state)
{
    struct fb_efuse_words fuses = {{{0}}};
    struct fb_threat_config c;

    (void)state;
    fb_efuse_or(&fuses, FB_EFUSE_FLASH_CRYPT_CNT, 1);
    fb_efuse_or(&fuses, FB_EFUSE_ABS_DONE_1, 1);
    fb_efuse_or(&fuses, FB_EFUSE_UART_DOWNLOAD_DIS, 1);
    fb_threat_config(&fuses, 1, &c);
    assert_true(c.flash_encryption && !c.secure_v2 && c.download_open);
    fb_threat_config(&fuses, 3, &c);
    assert_true(c.secure_v2 && !c.download_open && !c.release);
    fb_efuse_or(&fuses, FB_EFUSE_FLASH_CRYPT_CNT, 0x7F);
    fb_efuse_or(&fuses, FB_EFUSE_JTAG_DISABLE, 1);
    fb_efuse_or(&fuses, FB_EFUSE_DISABLE_DL_ENCRYPT, 1);
    fb_efuse_or(&fuses, FB_EFUSE_DISABLE_DL_DECRYPT, 1);
    fb_threat_config(&fuses, 3, &c);
    assert_false(c.release);
    fb_efuse_or(&fuses, FB_EFUSE_DISABLE_DL_CACHE, 1);
    fb_threat_config(&fuses, 3, &c);
    assert_true(c.release);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_configuration_is_told_honestly),
        cmocka_unit_test(test_what_applies),
        cmocka_unit_test(test_from_fuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
