// SPDX-License-Identifier: Apache-2.0
//
// TRM "Reset and Clock" and "Timer Group".

#include "firmware/drivers/clock.h"

#include <stdbool.h>

#include "firmware/drivers/soc.h"

#define XTAL_HZ    40000000u
#define PLL_APB_HZ 80000000u
#define MHZ        1000000u

static bool pll_selected(void)
{
    return (REG32(RTC_CNTL_CLK_CONF) & RTC_CNTL_SOC_CLK_SEL) ==
           RTC_CNTL_SOC_CLK_PLL;
}

// Counts microseconds.
static void start_timer(void)
{
    REG32(TIMG0_BASE + TIMG_T0CONFIG) = TIMG_T0_EN | TIMG_T0_INCREASE |
                                        clock_apb_hz() / MHZ
                                            << TIMG_T0_DIVIDER_BIT;
}

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
    start_timer();
}

// The PLL's registers hang on a bus inside the chip; its master takes a command
// a word (mask ROM, rom_chip_i2c_writeReg()).
#define I2C_WRITE      (1u << 24)
#define I2C_BUSY       (1u << 25)
#define I2C_BBPLL      0x66u
#define I2C_ALL        (0x3FFu << 8) // ANA_CONFIG: the slaves, off
#define I2C_BBPLL_OFF  (1u << 17)
#define PLL_SETTLED_US 150u

// esp-idf, rtc_clk_bbpll_enable() and rtc_clk_bbpll_configure(): 320 MHz from a
// crystal of 40 MHz.
static const uint8_t pll_settings[][2] = {
    {0, 0x18},  // IR_CAL_DELAY
    {1, 0x20},  // IR_CAL_EXT_CAP
    {4, 0x9A},  // OC_ENB_FCAL
    {10, 0x00}, // OC_ENB_VCON
    {12, 0x00}, // BBADC_CAL_7_0
    {11, 0x43}, // ENDIV5
    {9, 0x84},  // BBADC_DSMP
    {2, 0x00},  // OC_LREF, OC_DIV_10_8, OC_REF_DIV
    {3, 32},    // OC_DIV_7_0
    {5, 0xC6},  // OC_BW, OC_DCUR
};

static void pll_write(uint8_t reg, uint8_t value)
{
    REG32(ANA_I2C_HOST4) =
        I2C_WRITE | (uint32_t)value << 16 | (uint32_t)reg << 8 | I2C_BBPLL;
    while ((REG32(ANA_I2C_HOST4) & I2C_BUSY) != 0) {
    }
}

void clock_fast(void)
{
    REG32(RTC_CNTL_OPTIONS0) &= ~RTC_CNTL_PLL_FORCE_PD;
    REG32(ANA_CONFIG) = (REG32(ANA_CONFIG) | I2C_ALL) & ~I2C_BBPLL_OFF;
    // 1.25 V: what a flash bus of 80 MHz and any CPU clock can do with.
    REG32(RTC_CNTL_REG) |= RTC_CNTL_DIG_DBIAS_WAK;
    for (unsigned i = 0; i < sizeof(pll_settings) / sizeof(pll_settings[0]);
         i++) {
        pll_write(pll_settings[i][0], pll_settings[i][1]);
    }
    clock_delay_us(PLL_SETTLED_US);
    REG32(DPORT_CPU_PER_CONF) = DPORT_CPUPERIOD_160;
    REG32(RTC_CNTL_CLK_CONF) |= RTC_CNTL_SOC_CLK_PLL;
    start_timer();
    // What esp-idf's applications ask for: MHz of the crystal, APB clock in
    // 4096 Hz, both twice in a word. Bit 0 of the first switches the ROM's
    // messages off.
    REG32(RTC_CNTL_STORE4) =
        (REG32(RTC_CNTL_STORE4) & 0x10001u) | XTAL_HZ / MHZ * 0x10001u;
    REG32(RTC_CNTL_STORE5) = (PLL_APB_HZ >> 12) * 0x10001u;
}

uint32_t clock_cpu_hz(void)
{
    return pll_selected() ? PLL_APB_HZ * ((REG32(DPORT_CPU_PER_CONF) & 3u) + 1)
                          : XTAL_HZ;
}

uint32_t clock_apb_hz(void)
{
    return pll_selected() ? PLL_APB_HZ : XTAL_HZ;
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
