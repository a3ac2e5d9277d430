// SPDX-License-Identifier: Apache-2.0
//
// The flash's supply. VDD_SDIO is 3.3 V or 1.8 V by the strap MTDI (GPIO12),
// unless the eFuses XPD_SDIO_* or RTC_CNTL_SDIO_CONF fix it (TRM "Low-Power
// Management"; esp-idf soc/rtc_cntl_reg.h; esptool docs, "Set Flash Voltage").
// Flash parts are made for one of the two, and stand no other.

#ifndef FB_FLASH_SUPPLY_H
#define FB_FLASH_SUPPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/fb/efuse.h"

// What a flash part needs.
enum fb_flash_supply {
    FB_FLASH_SUPPLY_UNKNOWN, // judged like 3.3 V
    FB_FLASH_SUPPLY_3V3,
    FB_FLASH_SUPPLY_1V8,
    FB_FLASH_SUPPLY_EXTERNAL, // has its own: VDD_SDIO is nothing to it
    FB_FLASH_SUPPLIES
};
// "3.3", "1.8", "external", as board.ini and options have it; "unknown".
const char *fb_flash_supply_name(enum fb_flash_supply part);
// "3.3 V", "1.8 V", "of its own", for people.
const char *fb_flash_supply_text(enum fb_flash_supply part);
// False: not one of the first three; *part is untouched.
bool fb_flash_supply_parse(const char *name, enum fb_flash_supply *part);

// The flash part of a board, and how it is wired.
struct fb_flash_part {
    enum fb_flash_supply needs;
    bool mtdi;      // the strap MTDI (GPIO12) is high at reset; nothing is
                    // known of it while `needs` is unknown
    bool destroyed; // was given more than it stands
    uint32_t pads;  // it is on, as fb_efuse_flash_pads() names them
};

enum fb_vdd_sdio_by {
    FB_VDD_SDIO_STRAP,
    FB_VDD_SDIO_EFUSE,
    FB_VDD_SDIO_REGISTER,
};

struct fb_vdd_sdio {
    unsigned mv; // 0: the regulator is off
    enum fb_vdd_sdio_by by;
};

// mtdi: the strap as it was sampled (bit 5 of GPIO_STRAP); sdio_conf: the
// register, 0 for what it decides after a reset: nothing.
struct fb_vdd_sdio fb_vdd_sdio(const struct fb_efuse_words *fuses, bool mtdi,
                               uint32_t sdio_conf);
// "3.3 V by the strap MTDI (GPIO12)", into 64 bytes.
#define FB_VDD_SDIO_TEXT 64u
const char *fb_vdd_sdio_text(struct fb_vdd_sdio vdd,
                             char out[FB_VDD_SDIO_TEXT]);

enum fb_supply_verdict {
    FB_SUPPLY_GOOD,
    FB_SUPPLY_LOW,  // it does not answer, and keeps its contents
    FB_SUPPLY_HIGH, // above its absolute maximum: to be taken for destroyed
};
enum fb_supply_verdict fb_flash_supply_judge(enum fb_flash_supply part,
                                             unsigned mv);
// After a reset with these fuses. A destroyed part is supplied too high.
enum fb_supply_verdict fb_flash_part_judge(const struct fb_flash_part *part,
                                           const struct fb_efuse_words *fuses);

#endif
