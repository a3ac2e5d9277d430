// SPDX-License-Identifier: Apache-2.0
//
// RTC_CNTL: reset causes and software resets, the RTC watchdog, slow time,
// clock selection, sleep, the STORE registers (TRM "Low-Power Management" and
// "Reset and Clock", soc/rtc_cntl_reg.h). The slow clock runs at 150 kHz.
//
// Not modelled: brown-out, the touch, ULP and external wake-ups, power domains,
// the sleep rejections; CPU stall bits act on the APP CPU only.

#ifndef CHIP_PERIPH_RTC_H
#define CHIP_PERIPH_RTC_H

#include "chip/periph/registers.h"

#define RTC_BASE        0x3FF48000u
#define RTC_STORE4      (RTC_BASE + 0x0B0u)
#define RTC_STORE5      (RTC_BASE + 0x0B4u)
#define RTC_RESET_STATE (RTC_BASE + 0x034u)
#define RTC_CLK_CONF    (RTC_BASE + 0x070u)
#define RTC_OPTIONS0    (RTC_BASE + 0x000u)
#define RTC_SW_STALL    (RTC_BASE + 0x0ACu)

extern const struct reg_block rtc_block;

// After the registers were reset.
void rtc_reset(struct chip *chip, bool whole);
void rtc_set_cause(struct chip *chip, unsigned cpu, uint32_t cause);
// The watchdog's stage is over.
void rtc_wdt_due(struct chip *chip);
// The supply has dipped.
void rtc_brown_out(struct chip *chip);
void rtc_sleep_due(struct chip *chip);
// Flash-boot mode alone, or nothing: what the ROM sets up.
void rtc_wdt_flash_boot(struct chip *chip, bool on);

#endif
