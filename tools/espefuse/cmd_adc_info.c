// SPDX-License-Identifier: Apache-2.0
//
// adc_info: the factory's ADC calibration (esp-idf esp_adc_cal).

#include "tools/espefuse/commands.h"
#include "tools/espefuse/value.h"

// Two-point values: two's complement, times 4, around a base reading.
static const struct point {
    const char *text;
    enum fb_efuse_id id;
    int base;
} points[] = {
    {"ADC1 low reading (150mV) ", FB_EFUSE_ADC1_TP_LOW, 278},
    {"ADC1 high reading (850mV)", FB_EFUSE_ADC1_TP_HIGH, 3265},
    {"ADC2 low reading (150mV) ", FB_EFUSE_ADC2_TP_LOW, 421},
    {"ADC2 high reading (850mV)", FB_EFUSE_ADC2_TP_HIGH, 3406},
};

static int reading(const struct session *s, const struct point *p)
{
    uint32_t bits = fb_efuse_get(&s->now, p->id);
    unsigned width = fb_efuse_map[p->id].width;
    int value = (int)bits;
    if ((bits >> (width - 1)) != 0) {
        value -= 1 << width;
    }
    return p->base + 4 * value;
}

static int run(const struct cli *cli)
{
    struct session *s = session_get();
    struct value v;
    (void)cli;
    int status = session_burn(s);
    if (status != 0) {
        return status;
    }
    value_of(s, &fb_efuse_map[FB_EFUSE_ADC_VREF], &v);
    if (fb_efuse_get(&s->now, FB_EFUSE_ADC_VREF) == 0) {
        cli_print("ADC VRef calibration: None (1100mV nominal)\n");
    } else {
        cli_print("ADC VRef calibration: %smV\n", v.text);
    }
    if (fb_efuse_get(&s->now, FB_EFUSE_BLK3_PART_RESERVE) == 0) {
        return 0;
    }
    cli_print("ADC readings stored in efuse BLOCK3:\n");
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        cli_print("    %s: %d\n", points[i].text, reading(s, &points[i]));
    }
    return 0;
}

const struct cli_command command_adc_info = {
    .name = "adc-info",
    .arguments = "",
    .help = "show the factory's ADC calibration",
    .run = run,
};
