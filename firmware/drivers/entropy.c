// SPDX-License-Identifier: Apache-2.0

#include "firmware/drivers/entropy.h"

#include "firmware/drivers/soc.h"

struct setting {
    uint32_t reg;
    uint32_t mask; // bits that are replaced
    uint32_t value;
};

#define ALL   0xFFFFFFFFu
#define ITEMS 0xADADADADu // channel 10 (test), 12 bits, 2.2 dB; four times

// clang-format off
static const struct setting settings[] = {
    {DPORT_WIFI_CLK_EN,          DPORT_WIFI_CLK_RNG, DPORT_WIFI_CLK_RNG},
    {SYSCON_SAR2_PATT_TAB1,      ALL, ITEMS},
    {SYSCON_SAR2_PATT_TAB1 + 4,  ALL, ITEMS},
    {SYSCON_SAR2_PATT_TAB1 + 8,  ALL, ITEMS},
    {SYSCON_SAR2_PATT_TAB1 + 12, ALL, ITEMS},
    {SYSCON_SARADC_FSM,     0x00FF00FFu, 8u | 10u << 16}, // RSTB, START_WAIT
    {SYSCON_SARADC_CTRL,    3u << 3 | 0xFFu << 7 | 1u << 25, 4u << 7}, // single
                                        // mode, divider 4, no number of the SAR
    {I2S0_SAMPLE_RATE_CONF, 0x3Fu << 6, 20u << 6}, // RX_BCK_DIV_NUM
    // From here on: undone by clearing the bits.
    {RTC_CNTL_TEST_MUX,     7u << 29, 2u << 30 | 1u << 29}, // DTEST_, ENT_RTC
    {SENS_SAR_START_FORCE,  1u << 4 | 3u << 8, 1u << 4}, // SAR2_EN_TEST; no ULP
    {DPORT_PERIP_CLK_EN,    DPORT_I2S0, DPORT_I2S0},
    {SENS_SAR_MEAS_WAIT2,   3u << 18, 3u << 18}, // FORCE_XPD_SAR
    {SENS_SAR_READ_CTRL,    1u << 27, 1u << 27}, // SAR1_DIG_FORCE
    {SENS_SAR_READ_CTRL2,   1u << 28, 1u << 28}, // SAR2_DIG_FORCE
    {SYSCON_SARADC_CTRL,    0x24u | 1u << 26, 0x24u | 1u << 26}, // SAR2_MUX,
                                                         // SAR_SEL, DATA_TO_I2S
    {I2S0_CONF2,            0x39u, 0x38u}, // no camera; LCD_EN, DATA_ENABLE and
                                           // DATA_ENABLE_TEST_EN
    {I2S0_CONF,             1u << 5, 1u << 5}, // RX_START
};
// clang-format on

enum { COUNT = sizeof(settings) / sizeof(settings[0]), UNDONE = 8 };

void entropy_start(void)
{
    for (const struct setting *s = settings; s < settings + COUNT; s++) {
        REG32(s->reg) = (REG32(s->reg) & ~s->mask) | s->value;
    }
}

void entropy_stop(void)
{
    for (const struct setting *s = settings + COUNT; s-- > settings + UNDONE;) {
        REG32(s->reg) &= ~s->mask;
    }
}
