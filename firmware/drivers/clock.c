// SPDX-License-Identifier: Apache-2.0
//
// TRM "Reset and Clock" and "Timer Group".

#include "firmware/drivers/clock.h"

#include "firmware/drivers/soc.h"

#define XTAL_HZ 40000000u
#define MHZ     1000000u

void clock_init(void)
{
    // A reset by a timer group's watchdog leaves the PLL selected (esp-idf,
    // bootloader_clock_configure()).
    if ((REG32(RTC_CNTL_CLK_CONF) & RTC_CNTL_SOC_CLK_SEL) != 0) {
        REG32(RTC_CNTL_CLK_CONF) &= ~RTC_CNTL_SOC_CLK_SEL;
    }
    REG32(TIMG0_BASE + TIMG_T0CONFIG) = 0;
    REG32(TIMG0_BASE + TIMG_T0LOADLO) = 0;
    REG32(TIMG0_BASE + TIMG_T0LOADHI) = 0;
    REG32(TIMG0_BASE + TIMG_T0LOAD) = 1;
    REG32(TIMG0_BASE + TIMG_T0CONFIG) = TIMG_T0_EN | TIMG_T0_INCREASE |
                                        clock_apb_hz() / MHZ
                                            << TIMG_T0_DIVIDER_BIT;
}

uint32_t clock_cpu_hz(void)
{
    return XTAL_HZ;
}

uint32_t clock_apb_hz(void)
{
    return XTAL_HZ;
}

uint64_t clock_us(void)
{
    // Any write copies the counter into the two registers.
    REG32(TIMG0_BASE + TIMG_T0UPDATE) = 1;
    return REG32(TIMG0_BASE + TIMG_T0LO) |
           (uint64_t)REG32(TIMG0_BASE + TIMG_T0HI) << 32;
}

void clock_delay_us(uint32_t us)
{
    uint64_t start = clock_us();

    while (clock_us() - start < us) {
    }
}

// The alarm must not be passed while it is set: the counter would have to come
// round (TRM "Timer Group").
#define ALARM_MARGIN_US 20u

void clock_alarm(uint64_t deadline_us)
{
    uint64_t soonest = clock_us() + ALARM_MARGIN_US;
    uint64_t at = deadline_us > soonest ? deadline_us : soonest;

    REG32(TIMG0_BASE + TIMG_T0CONFIG) &= ~TIMG_T0_ALARM_EN;
    REG32(TIMG0_BASE + TIMG_INT_CLR) = TIMG_INT_T0;
    REG32(TIMG0_BASE + TIMG_T0ALARMLO) = (uint32_t)at;
    REG32(TIMG0_BASE + TIMG_T0ALARMHI) = (uint32_t)(at >> 32);
    REG32(DPORT_PRO_TG_T0_INTR_MAP) = CLOCK_CPU_INTERRUPT;
    REG32(TIMG0_BASE + TIMG_INT_ENA) |= TIMG_INT_T0;
    REG32(TIMG0_BASE + TIMG_T0CONFIG) |= TIMG_T0_ALARM_EN | TIMG_T0_LEVEL_INT;
}

void clock_alarm_served(void)
{
    REG32(TIMG0_BASE + TIMG_INT_CLR) = TIMG_INT_T0;
}
