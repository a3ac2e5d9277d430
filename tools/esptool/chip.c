// SPDX-License-Identifier: Apache-2.0

#include "tools/esptool/chip.h"

#include <stdio.h>
#include <string.h>

// Packages (esp-idf components/efuse/esp32; esptool docs). v3: the name from
// chip revision 3 on; single: with one core.
static const struct {
    const char *name, *v3, *single;
} packages[] = {
    [0] = {"ESP32-D0WDQ6", "ESP32-D0WDQ6-V3", "ESP32-S0WDQ6"},
    [1] = {"ESP32-D0WD", "ESP32-D0WD-V3", "ESP32-S0WD"},
    [2] = {"ESP32-D2WD", NULL, NULL},
    [4] = {"ESP32-U4WDH", NULL, NULL},
    [5] = {"ESP32-PICO-D4", "ESP32-PICO-V3", NULL},
    [6] = {"ESP32-PICO-V3-02", NULL, NULL},
    [7] = {"ESP32-D0WDR2-V3", NULL, NULL},
};

static unsigned package_of(const struct fb_efuse_words *fuses)
{
    return fb_efuse_get(fuses, FB_EFUSE_CHIP_PACKAGE) |
           fb_efuse_get(fuses, FB_EFUSE_CHIP_PACKAGE_4BIT) << 3;
}

static const char *package_name(unsigned package, bool v3, bool single)
{
    if (package >= sizeof packages / sizeof packages[0] ||
        !packages[package].name) {
        return "Unknown ESP32";
    }
    if (single && packages[package].single) {
        return packages[package].single;
    }
    return v3 && packages[package].v3 ? packages[package].v3
                                      : packages[package].name;
}

void esptool_chip_description(const struct fb_efuse_words *fuses,
                              uint32_t syscon_date, char *text, size_t cap)
{
    unsigned major = fb_efuse_chip_revision(fuses, syscon_date);
    snprintf(text, cap, "%s (revision v%u.%u)",
             package_name(package_of(fuses), major == 3,
                          fb_efuse_get(fuses, FB_EFUSE_DISABLE_APP_CPU)),
             major,
             (unsigned)fb_efuse_get(fuses, FB_EFUSE_WAFER_VERSION_MINOR));
}

static void add(char *text, size_t cap, const char *feature)
{
    size_t len = strlen(text);
    snprintf(text + len, cap - len, "%s%s", len ? ", " : "", feature);
}

void esptool_chip_features(const struct fb_efuse_words *fuses, char *text,
                           size_t cap)
{
    static const char *const codings[] = {
        "Coding Scheme None",
        "Coding Scheme 3/4",
        "Coding Scheme Repeat (UNSUPPORTED)",
        "Coding Scheme None (may contain encoding data)",
    };
    unsigned package = package_of(fuses);
    text[0] = 0;
    add(text, cap, "Wi-Fi");
    if (!fb_efuse_get(fuses, FB_EFUSE_DISABLE_BT)) {
        add(text, cap, "BT");
    }
    add(text, cap,
        fb_efuse_get(fuses, FB_EFUSE_DISABLE_APP_CPU) ? "Single Core + LP Core"
                                                      : "Dual Core + LP Core");
    if (fb_efuse_get(fuses, FB_EFUSE_CHIP_CPU_FREQ_RATED)) {
        add(text, cap,
            fb_efuse_get(fuses, FB_EFUSE_CHIP_CPU_FREQ_LOW) ? "160MHz"
                                                            : "240MHz");
    }
    if (package == 2 || (package >= 4 && package <= 6)) {
        add(text, cap, "Embedded Flash");
    }
    if (package == 6) {
        add(text, cap, "Embedded PSRAM");
    }
    if (fb_efuse_get(fuses, FB_EFUSE_ADC_VREF)) {
        add(text, cap, "Vref calibration in eFuse");
    }
    if (fb_efuse_get(fuses, FB_EFUSE_BLK3_PART_RESERVE)) {
        add(text, cap, "BLK3 partially reserved");
    }
    add(text, cap, codings[fb_efuse_get(fuses, FB_EFUSE_CODING_SCHEME) & 3]);
}
