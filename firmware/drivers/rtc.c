// SPDX-License-Identifier: Apache-2.0
//
// Sequences as in esp-idf's rtc_time.c and rtc_sleep.c, bits from
// soc/rtc_cntl_reg.h and soc/timer_group_reg.h.

#include "firmware/drivers/rtc.h"

#include "firmware/drivers/soc.h"

#define TIME_UPDATE (1u << 31)
#define TIME_VALID  (1u << 30)
#define TIME1_MASK  0xFFFFu

#define ALARM_EN       (1u << 31) // SLP_TIMER1
#define WAKEUP_ENA_BIT 11         // WAKEUP_STATE; the cause is below
#define WAKEUP_TIMER   (1u << 3)
#define DG_WRAP_PD_EN  (1u << 31) // DIG_PWC
#define DG_WRAP_FORCE  (3u << 19) // FORCE_PD, FORCE_PU
#define SLEEP_EN       (1u << 31) // STATE0

#define CALI_START    (1u << 31)
#define CALI_MAX_BIT  16
#define CALI_RDY      (1u << 15)
#define CALI_CYCLES   100u
#define CALI_VALUE    7 // first bit of CFG1's result
#define XTAL_MHZ      40u
#define FRACTION_BITS 19 // of a period in microseconds

uint64_t rtc_ticks(void)
{
    REG32(RTC_CNTL_TIME_UPDATE) = TIME_UPDATE;
    while ((REG32(RTC_CNTL_TIME_UPDATE) & TIME_VALID) == 0) {
    }
    return REG32(RTC_CNTL_TIME0) |
           (uint64_t)(REG32(RTC_CNTL_TIME1) & TIME1_MASK) << 32;
}

static uint32_t period;

static uint32_t measured_period(void)
{
    if (period == 0) {
        uint32_t crystal;

        REG32(TIMG0_BASE + TIMG_RTCCALICFG) = CALI_CYCLES << CALI_MAX_BIT;
        REG32(TIMG0_BASE + TIMG_RTCCALICFG) |= CALI_START;
        while ((REG32(TIMG0_BASE + TIMG_RTCCALICFG) & CALI_RDY) == 0) {
        }
        crystal = REG32(TIMG0_BASE + TIMG_RTCCALICFG1) >> CALI_VALUE;
        REG32(TIMG0_BASE + TIMG_RTCCALICFG) = 0;
        period = (uint32_t)(((uint64_t)crystal << FRACTION_BITS) /
                            (XTAL_MHZ * CALI_CYCLES));
    }
    return period;
}

// 48 bits of ticks by 22 bits of period do not fit: high and low part.
uint64_t rtc_us(uint64_t ticks)
{
    uint64_t per = measured_period();

    return (((ticks >> 32) * per) << (32 - FRACTION_BITS)) +
           (((ticks & UINT32_MAX) * per) >> FRACTION_BITS);
}

uint64_t rtc_ticks_of(uint64_t us)
{
    uint64_t per = measured_period();
    uint64_t limit = UINT64_MAX >> FRACTION_BITS;

    return ((us < limit ? us : limit) << FRACTION_BITS) / per;
}

_Noreturn void rtc_deep_sleep(uint64_t us)
{
    uint64_t at = rtc_ticks() + rtc_ticks_of(us);
    uint32_t causes = us != 0 ? WAKEUP_TIMER : 0;

    REG32(RTC_CNTL_SLP_TIMER0) = (uint32_t)at;
    REG32(RTC_CNTL_SLP_TIMER1) =
        ((uint32_t)(at >> 32) & TIME1_MASK) | (us != 0 ? ALARM_EN : 0);
    REG32(RTC_CNTL_WAKEUP_STATE) = causes << WAKEUP_ENA_BIT;
    REG32(RTC_CNTL_DIG_PWC) =
        (REG32(RTC_CNTL_DIG_PWC) & ~DG_WRAP_FORCE) | DG_WRAP_PD_EN;
    for (;;) {
        REG32(RTC_CNTL_STATE0) |= SLEEP_EN;
    }
}

bool rtc_woken_by_timer(void)
{
    return (REG32(RTC_CNTL_WAKEUP_STATE) & WAKEUP_TIMER) != 0;
}
