// SPDX-License-Identifier: Apache-2.0

#include "chip/periph/vdd_sdio.h"

#include <stdio.h>

#include "chip/periph/flash_chip.h"
#include "chip/periph/gpio.h"
#include "chip/soc.h"

#define CONF_XPD   (1u << 31)
#define CONF_DREF  (0x3Fu << 25)
#define CONF_TIEH  (1u << 23)
#define CONF_FORCE (1u << 22)

// Supplies that parts accept, mV: the limits of the usual data sheets, and
// where the absolute maximum ends.
static const struct {
    const char *needs;
    uint32_t least, most, maximum;
} parts[] = {
    [CHIP_FLASH_3V3] = {"3.3 V", 2700, 3600, 4000},
    [CHIP_FLASH_1V8] = {"1.8 V", 1650, 2000, 2500},
    [CHIP_FLASH_EXTERNAL] = {"a supply of its own", 0, UINT32_MAX, UINT32_MAX},
};

struct supply {
    uint32_t mv;
    const char *by;
};

static struct supply forced(bool on, bool tieh, const char *by)
{
    return (struct supply){!on ? 0 : tieh ? 3300 : 1800, by};
}

static struct supply supply_of(const struct chip *chip)
{
    const struct fb_efuse_words *fuses = &chip->latched;
    uint32_t conf = soc_reg_get(chip, RTC_SDIO_CONF);
    struct supply s;

    if ((conf & CONF_FORCE) != 0) {
        s = forced((conf & CONF_XPD) != 0, (conf & CONF_TIEH) != 0,
                   "RTC_CNTL_SDIO_CONF");
        s.mv = s.mv == 1800 && (conf & CONF_DREF) == CONF_DREF ? 1900 : s.mv;
        return s;
    }
    if (fb_efuse_get(fuses, FB_EFUSE_XPD_SDIO_FORCE) != 0) {
        return forced(fb_efuse_get(fuses, FB_EFUSE_XPD_SDIO_REG) != 0,
                      fb_efuse_get(fuses, FB_EFUSE_XPD_SDIO_TIEH) != 0,
                      "the eFuses XPD_SDIO_*");
    }
    return forced(true,
                  (soc_reg_get(chip, GPIO_STRAP_REG) & CHIP_STRAP_MTDI) == 0,
                  "the strap MTDI (GPIO12)");
}

void vdd_sdio_changed(struct chip *chip)
{
    struct supply s = supply_of(chip);
    unsigned part = chip->config.flash_supply;
    struct soc_supply *now = &chip->supply;
    bool destroyed = now->flash_destroyed || s.mv > parts[part].maximum;
    bool answers =
        !destroyed && s.mv >= parts[part].least && s.mv <= parts[part].most;

    if (s.mv == now->mv && answers == now->flash_answers) {
        return;
    }
    soc_log(chip, "VDD_SDIO %u mV by %s%s", (unsigned)s.mv, s.by,
            answers     ? ""
            : destroyed ? ": the flash is destroyed"
                        : ": the flash does not answer");
    if (answers && !now->flash_answers) {
        flash_chip_power_on(chip);
    }
    *now = (struct soc_supply){s.mv, answers, destroyed};
    cache_reset(chip);
}

bool chip_flash_answers(const struct chip *chip)
{
    return chip->supply.flash_answers;
}

bool chip_flash_destroyed(const struct chip *chip)
{
    return chip->supply.flash_destroyed;
}

void chip_flash_trouble(const struct chip *chip, char *text, size_t n)
{
    struct supply s = supply_of(chip);
    const char *needs = parts[chip->config.flash_supply].needs;

    if (chip->supply.flash_answers) {
        text[0] = '\0';
    } else if (chip->supply.flash_destroyed) {
        (void)snprintf(text, n,
                       "the flash needs %s and was given 3.3 V: taken for "
                       "destroyed",
                       needs);
    } else {
        (void)snprintf(text, n, "VDD_SDIO is %u.%u V by %s, the flash needs %s",
                       (unsigned)s.mv / 1000, (unsigned)s.mv / 100 % 10, s.by,
                       needs);
    }
}
