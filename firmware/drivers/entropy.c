// SPDX-License-Identifier: Apache-2.0

#include "firmware/drivers/entropy.h"

#include "firmware/drivers/soc.h"

struct setting {
    uint32_t reg;
    uint32_t bits;
};

#define ITEMS      0xADADADADu // channel 10 (test), 12 bits, 2.2 dB; 4 times
#define RSTB_WAIT  0x000000FFu // SYSCON_SARADC_FSM
#define START_WAIT 0x00FF0000u
#define RX_BCK_DIV 0x00000FC0u // I2S0_SAMPLE_RATE_CONF

// Bits that are set, and cleared again. The other fields of these registers
// keep their reset values: no ULP, one SAR at a time, divider 4, no camera.
// clang-format off
static const struct setting settings[] = {
    {RTC_CNTL_TEST_MUX,    1u << 31 | 1u << 29}, // DTEST_RTC 2, ENT_RTC
    {SENS_SAR_START_FORCE, 1u << 4},             // SAR2_EN_TEST
    {DPORT_PERIP_CLK_EN,   DPORT_I2S0},
    {SENS_SAR_MEAS_WAIT2,  3u << 18},            // FORCE_XPD_SAR
    {SENS_SAR_READ_CTRL,   1u << 27},            // SAR1_DIG_FORCE
    {SENS_SAR_READ_CTRL2,  1u << 28},            // SAR2_DIG_FORCE
    {SYSCON_SARADC_CTRL,   1u << 2 | 1u << 5 | 1u << 26}, // SAR2_MUX, SAR_SEL,
                                                          // DATA_TO_I2S
    {I2S0_CONF2,           7u << 3}, // DATA_ENABLE_TEST_EN, DATA_ENABLE, LCD_EN
    {I2S0_CONF,            1u << 5},             // RX_START
};
// clang-format on

enum { COUNT = sizeof(settings) / sizeof(settings[0]) };

void entropy_start(void)
{
    for (uint32_t i = 0; i < 16; i += 4) {
        REG32(SYSCON_SAR2_PATT_TAB1 + i) = ITEMS;
    }
    REG32(SYSCON_SARADC_FSM) =
        (REG32(SYSCON_SARADC_FSM) & ~(RSTB_WAIT | START_WAIT)) | 8u | 10u << 16;
    REG32(I2S0_SAMPLE_RATE_CONF) =
        (REG32(I2S0_SAMPLE_RATE_CONF) & ~RX_BCK_DIV) | 20u << 6;
    for (const struct setting *s = settings; s < settings + COUNT; s++) {
        REG32(s->reg) |= s->bits;
    }
}

void entropy_stop(void)
{
    for (const struct setting *s = settings + COUNT; s-- > settings;) {
        REG32(s->reg) &= ~s->bits;
    }
}
