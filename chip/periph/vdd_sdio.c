// SPDX-License-Identifier: Apache-2.0

#include "chip/periph/vdd_sdio.h"

#include <stdio.h>

#include "chip/periph/flash_chip.h"
#include "chip/periph/gpio.h"
#include "chip/soc.h"

static struct fb_vdd_sdio vdd_sdio(const struct chip *chip)
{
    bool mtdi = (soc_reg_get(chip, GPIO_STRAP_REG) & CHIP_STRAP_MTDI) != 0;

    return fb_vdd_sdio(&chip->latched, mtdi, soc_reg_get(chip, RTC_SDIO_CONF));
}

static bool moved(const struct chip *chip)
{
    return fb_efuse_flash_pads(&chip->latched) != chip->config.flash_pads;
}

void vdd_sdio_changed(struct chip *chip)
{
    struct fb_vdd_sdio vdd = vdd_sdio(chip);
    enum fb_supply_verdict verdict =
        fb_flash_supply_judge(chip->config.flash_supply, vdd.mv);
    struct soc_supply *now = &chip->supply;
    bool destroyed = now->flash_destroyed || verdict == FB_SUPPLY_HIGH;
    bool answers = verdict == FB_SUPPLY_GOOD && !destroyed && !moved(chip);
    char text[FB_VDD_SDIO_TEXT];

    if (vdd.mv == now->mv && answers == now->flash_answers) {
        return;
    }
    soc_log(chip, "VDD_SDIO %s%s", fb_vdd_sdio_text(vdd, text),
            answers     ? ""
            : destroyed ? ": the flash is destroyed"
                        : ": the flash does not answer");
    if (answers && !now->flash_answers) {
        flash_chip_power_on(chip);
    }
    *now = (struct soc_supply){vdd.mv, answers, destroyed};
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
    const char *needs = fb_flash_supply_text(chip->config.flash_supply);
    char vdd[FB_VDD_SDIO_TEXT];

    if (chip->supply.flash_answers) {
        text[0] = '\0';
    } else if (chip->supply.flash_destroyed) {
        (void)snprintf(text, n,
                       "the flash needs %s and was given 3.3 V: taken for "
                       "destroyed",
                       needs);
    } else if (moved(chip)) {
        (void)snprintf(text, n,
                       "the eFuses SPI_PAD_CONFIG_* name other pins "
                       "than the flash is on");
    } else {
        (void)snprintf(text, n, "VDD_SDIO is %s, the flash needs %s",
                       fb_vdd_sdio_text(vdd_sdio(chip), vdd), needs);
    }
}
