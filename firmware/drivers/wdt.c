// SPDX-License-Identifier: Apache-2.0
//
// TRM "Watchdog Timers". Registers answer only while the write protection is
// lifted; writing 0 to WDTCONFIG0 clears EN, the stage actions and
// FLASHBOOT_MOD_EN.

#include "firmware/drivers/wdt.h"

#include "firmware/drivers/clock.h"
#include "firmware/drivers/soc.h"

static void write_protected(uint32_t protect, uint32_t addr, uint32_t value)
{
    REG32(protect) = RTC_CNTL_WDT_WKEY;
    REG32(addr) = value;
    REG32(protect) = 0;
}

static void timer_group(uint32_t base, uint32_t reg, uint32_t value)
{
    write_protected(base + TIMG_WDTWPROTECT, base + reg, value);
}

void wdt_disable_all(void)
{
    write_protected(RTC_CNTL_WDTWPROTECT, RTC_CNTL_WDTCONFIG0, 0);
    timer_group(TIMG0_BASE, TIMG_WDTCONFIG0, 0);
    timer_group(TIMG1_BASE, TIMG_WDTCONFIG0, 0);
}

void wdt_feed(void)
{
    // RTC_CNTL_WDT_FEED is bit 31; the timer groups take any value.
    write_protected(RTC_CNTL_WDTWPROTECT, RTC_CNTL_WDTFEED, 1u << 31);
    timer_group(TIMG0_BASE, TIMG_WDTFEED, 1);
    timer_group(TIMG1_BASE, TIMG_WDTFEED, 1);
}

// Stage 0 resets the system: action 3 in bits 30:28; reset lengths in 16:11.
#define GUARD       (1u << 31 | 3u << 28 | 0x3Fu << 11)
#define SLOW_PER_MS 150u

void wdt_guard(uint32_t timeout_ms)
{
    write_protected(RTC_CNTL_WDTWPROTECT, RTC_CNTL_WDTCONFIG0, 0);
    write_protected(RTC_CNTL_WDTWPROTECT, RTC_CNTL_WDTCONFIG1,
                    timeout_ms * SLOW_PER_MS);
    write_protected(RTC_CNTL_WDTWPROTECT, RTC_CNTL_WDTCONFIG0, GUARD);
    write_protected(RTC_CNTL_WDTWPROTECT, RTC_CNTL_WDTFEED, 1u << 31);
}

// Stage 0 resets the system; its time is in half milliseconds.
#define WDT_EN           (1u << 31)
#define WDT_RESET_SYSTEM (3u << 29)
#define WDT_RESET_LENGTH (7u << 18 | 7u << 15)
#define WDT_HZ           2000u

void wdt_start(uint32_t timeout_ms)
{
    timer_group(TIMG1_BASE, TIMG_WDTCONFIG0, 0);
    timer_group(TIMG1_BASE, TIMG_WDTCONFIG1, clock_apb_hz() / WDT_HZ << 16);
    timer_group(TIMG1_BASE, TIMG_WDTCONFIG2, timeout_ms * (WDT_HZ / 1000));
    timer_group(TIMG1_BASE, TIMG_WDTCONFIG0,
                WDT_EN | WDT_RESET_SYSTEM | WDT_RESET_LENGTH);
    timer_group(TIMG1_BASE, TIMG_WDTFEED, 1);
}
