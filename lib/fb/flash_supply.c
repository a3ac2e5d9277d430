// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/flash_supply.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

// RTC_CNTL_SDIO_CONF
#define CONF_XPD   (1u << 31)
#define CONF_DREF  (0x3Fu << 25) // DREFH, DREFM, DREFL: all set for 1.9 V
#define CONF_TIEH  (1u << 23)
#define CONF_FORCE (1u << 22)

// Operating range and absolute maximum of the usual parts, mV (data sheets of
// W25Q32JV and GD25Q32; W25Q32JW and GD25LQ32).
static const struct {
    const char *name, *text;
    unsigned least, most;
} parts[FB_FLASH_SUPPLIES] = {
    [FB_FLASH_SUPPLY_UNKNOWN] = {"unknown", "unknown", 2700, 4000},
    [FB_FLASH_SUPPLY_3V3] = {"3.3", "3.3 V", 2700, 4000},
    [FB_FLASH_SUPPLY_1V8] = {"1.8", "1.8 V", 1650, 2500},
    [FB_FLASH_SUPPLY_EXTERNAL] = {"external", "of its own", 0, UINT_MAX},
};

const char *fb_flash_supply_name(enum fb_flash_supply part)
{
    return parts[part].name;
}

const char *fb_flash_supply_text(enum fb_flash_supply part)
{
    return parts[part].text;
}

bool fb_flash_supply_parse(const char *name, enum fb_flash_supply *part)
{
    for (unsigned i = FB_FLASH_SUPPLY_3V3; i < FB_FLASH_SUPPLIES; i++) {
        if (strcmp(parts[i].name, name) == 0) {
            *part = (enum fb_flash_supply)i;
            return true;
        }
    }
    return false;
}

static struct fb_vdd_sdio regulator(bool on, bool tieh, enum fb_vdd_sdio_by by)
{
    return (struct fb_vdd_sdio){!on ? 0 : tieh ? 3300 : 1800, by};
}

struct fb_vdd_sdio fb_vdd_sdio(const struct fb_efuse_words *fuses, bool mtdi,
                               uint32_t sdio_conf)
{
    if ((sdio_conf & CONF_FORCE) != 0) {
        struct fb_vdd_sdio vdd =
            regulator((sdio_conf & CONF_XPD) != 0, (sdio_conf & CONF_TIEH) != 0,
                      FB_VDD_SDIO_REGISTER);

        if (vdd.mv == 1800 && (sdio_conf & CONF_DREF) == CONF_DREF) {
            vdd.mv = 1900;
        }
        return vdd;
    }
    if (fb_efuse_get(fuses, FB_EFUSE_XPD_SDIO_FORCE) != 0) {
        return regulator(fb_efuse_get(fuses, FB_EFUSE_XPD_SDIO_REG) != 0,
                         fb_efuse_get(fuses, FB_EFUSE_XPD_SDIO_TIEH) != 0,
                         FB_VDD_SDIO_EFUSE);
    }
    return regulator(true, !mtdi, FB_VDD_SDIO_STRAP);
}

const char *fb_vdd_sdio_text(struct fb_vdd_sdio vdd, char out[FB_VDD_SDIO_TEXT])
{
    static const char *const by[] = {
        [FB_VDD_SDIO_STRAP] = "the strap MTDI (GPIO12)",
        [FB_VDD_SDIO_EFUSE] = "the eFuses XPD_SDIO_*",
        [FB_VDD_SDIO_REGISTER] = "RTC_CNTL_SDIO_CONF",
    };

    if (vdd.mv == 0) {
        (void)snprintf(out, FB_VDD_SDIO_TEXT, "off by %s", by[vdd.by]);
    } else {
        (void)snprintf(out, FB_VDD_SDIO_TEXT, "%u.%u V by %s", vdd.mv / 1000,
                       vdd.mv / 100 % 10, by[vdd.by]);
    }
    return out;
}

enum fb_supply_verdict fb_flash_supply_judge(enum fb_flash_supply part,
                                             unsigned mv)
{
    return mv > parts[part].most    ? FB_SUPPLY_HIGH
           : mv < parts[part].least ? FB_SUPPLY_LOW
                                    : FB_SUPPLY_GOOD;
}

enum fb_supply_verdict fb_flash_part_judge(const struct fb_flash_part *part,
                                           const struct fb_efuse_words *fuses)
{
    if (part->destroyed) {
        return FB_SUPPLY_HIGH;
    }
    if (part->needs == FB_FLASH_SUPPLY_UNKNOWN) {
        return FB_SUPPLY_GOOD;
    }
    return fb_flash_supply_judge(part->needs,
                                 fb_vdd_sdio(fuses, part->mtdi, 0).mv);
}
