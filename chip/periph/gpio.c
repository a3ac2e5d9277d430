// SPDX-License-Identifier: Apache-2.0

#include "chip/periph/gpio.h"

#include <stddef.h>

#include "chip/soc.h"

#define GPIO    0x3FF44000u
#define OUT     (GPIO + 0x04u)
#define OUT1    (GPIO + 0x10u)
#define ENABLE  (GPIO + 0x20u)
#define ENABLE1 (GPIO + 0x2Cu)
#define STRAP   (GPIO + 0x38u)
#define STATUS  (GPIO + 0x44u)
#define STATUS1 (GPIO + 0x50u)
#define PIN0    (GPIO + 0x88u)
#define PINS    40u
#define IO_MUX  0x3FF49000u
#define FUN_WPU (1u << 8)

#define PIN_INT_ENA_PRO (1u << 15)
#define PIN_INT_ENA_APP (1u << 13)

// IO_MUX register of a pin (soc/io_mux_reg.h), 0: there is none.
static const uint8_t mux_of[PINS] = {
    0x44, 0x88, 0x40, 0x84, 0x48, 0x6C, 0x60, 0x64, 0x68, 0x54,
    0x58, 0x5C, 0x34, 0x38, 0x30, 0x3C, 0x4C, 0x50, 0x70, 0x74,
    0x78, 0x7C, 0x80, 0x8C, 0x90, 0x24, 0x28, 0x2C, 0,    0,
    0,    0,    0x1C, 0x20, 0x14, 0x18, 0x04, 0x08, 0x0C, 0x10,
};

// Strapping pins and their bit of GPIO_STRAP.
static const struct {
    uint8_t pin;
    uint8_t strap;
} straps[] = {
    {0, CHIP_STRAP_GPIO0}, {2, CHIP_STRAP_GPIO2}, {4, CHIP_STRAP_GPIO4},
    {5, CHIP_STRAP_GPIO5}, {12, CHIP_STRAP_MTDI}, {15, CHIP_STRAP_MTDO},
};

static uint64_t pair(const struct chip *chip, uint32_t low, uint32_t high)
{
    return soc_reg_get(chip, low) | (uint64_t)soc_reg_get(chip, high) << 32;
}

static bool resting_level(const struct chip *chip, unsigned pin)
{
    for (size_t i = 0; i < sizeof straps / sizeof straps[0]; i++) {
        if (straps[i].pin == pin) {
            return (chip->strap_pins & straps[i].strap) != 0;
        }
    }
    return mux_of[pin] != 0 &&
           (soc_reg_get(chip, IO_MUX + mux_of[pin]) & FUN_WPU) != 0;
}

static uint64_t levels(const struct chip *chip)
{
    uint64_t enabled = pair(chip, ENABLE, ENABLE1);
    uint64_t out = pair(chip, OUT, OUT1);
    uint64_t in = 0;

    for (unsigned pin = 0; pin < PINS; pin++) {
        uint64_t bit = (uint64_t)1 << pin;
        bool level = (chip->gpio.driven & bit) != 0
                         ? (chip->gpio.level & bit) != 0
                     : (enabled & bit) != 0 ? (out & bit) != 0
                                            : resting_level(chip, pin);

        in |= level ? bit : 0;
    }
    return in;
}

static bool fires(unsigned type, bool before, bool now)
{
    switch (type) {
    case 1:
        return !before && now;
    case 2:
        return before && !now;
    case 3:
        return before != now;
    case 4:
        return !now;
    case 5:
        return now;
    default:
        return false;
    }
}

void gpio_changed(struct chip *chip)
{
    uint64_t now = levels(chip);
    uint64_t enabled = 0;

    for (unsigned pin = 0; pin < PINS; pin++) {
        uint32_t config = soc_reg_get(chip, PIN0 + 4 * pin);
        uint64_t bit = (uint64_t)1 << pin;

        if (fires(config >> 7 & 7u, (chip->gpio.last & bit) != 0,
                  (now & bit) != 0)) {
            *soc_reg(chip, pin < 32 ? STATUS : STATUS1) |= 1u << (pin % 32);
        }
        if ((config & (PIN_INT_ENA_PRO | PIN_INT_ENA_APP)) != 0) {
            enabled |= bit;
        }
    }
    chip->gpio.last = now;
    soc_source_set(chip, SOC_SRC_GPIO,
                   (pair(chip, STATUS, STATUS1) & enabled) != 0);
}

void gpio_latch_straps(struct chip *chip)
{
    uint32_t seen = chip->strap_pins;

    if (chip->cb.straps != NULL) {
        seen = chip->cb.straps(chip->cb.ctx, seen);
    }
    *soc_reg(chip, STRAP) = seen;
}

static uint32_t in_read(struct chip *chip, uint32_t vaddr)
{
    uint64_t in = levels(chip);

    return vaddr == GPIO + 0x3Cu ? (uint32_t)in : (uint32_t)(in >> 32);
}

static void plain_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    *soc_reg(chip, vaddr) = value;
    gpio_changed(chip);
}

// Registers come in threes: value, set, clear.
static void set_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    *soc_reg(chip, vaddr - 4) |= value;
    gpio_changed(chip);
}

static void clear_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    *soc_reg(chip, vaddr - 8) &= ~value;
    gpio_changed(chip);
}

// 0x60 .. 0x84: what each CPU is told (soc/gpio_reg.h); APP low, APP NMI, PRO
// low, PRO NMI, SDIO, then the same for GPIO32 and up.
static uint32_t cpu_int_read(struct chip *chip, uint32_t vaddr)
{
    unsigned index = (vaddr - (GPIO + 0x60u)) / 4;
    bool high = index >= 5;
    uint32_t enable = index % 5 < 2 ? PIN_INT_ENA_APP : PIN_INT_ENA_PRO;
    uint32_t status = soc_reg_get(chip, high ? STATUS1 : STATUS);
    uint32_t seen = 0;

    for (unsigned i = 0; i < (high ? 8u : 32u); i++) {
        uint32_t config = soc_reg_get(chip, PIN0 + 4 * (i + (high ? 32 : 0)));

        if ((config & enable) != 0) {
            seen |= status & 1u << i;
        }
    }
    return seen;
}

// clang-format off
static const struct reg_row rows[] = {
    {0x000, 1, "BT_SELECT",      0, NULL, NULL},
    {0x004, 1, "OUT",            0, NULL, plain_write},
    {0x008, 1, "OUT_W1TS",       0, NULL, set_write},
    {0x00C, 1, "OUT_W1TC",       0, NULL, clear_write},
    {0x010, 1, "OUT1",           0, NULL, plain_write},
    {0x014, 1, "OUT1_W1TS",      0, NULL, set_write},
    {0x018, 1, "OUT1_W1TC",      0, NULL, clear_write},
    {0x01C, 1, "SDIO_SELECT",    0, NULL, NULL},
    {0x020, 1, "ENABLE",         0, NULL, plain_write},
    {0x024, 1, "ENABLE_W1TS",    0, NULL, set_write},
    {0x028, 1, "ENABLE_W1TC",    0, NULL, clear_write},
    {0x02C, 1, "ENABLE1",        0, NULL, plain_write},
    {0x030, 1, "ENABLE1_W1TS",   0, NULL, set_write},
    {0x034, 1, "ENABLE1_W1TC",   0, NULL, clear_write},
    {0x038, 1, "STRAP",          0, NULL, reg_ignore},
    {0x03C, 2, "IN",             0, in_read, reg_ignore},
    {0x044, 1, "STATUS",         0, NULL, plain_write},
    {0x048, 1, "STATUS_W1TS",    0, NULL, set_write},
    {0x04C, 1, "STATUS_W1TC",    0, NULL, clear_write},
    {0x050, 1, "STATUS1",        0, NULL, plain_write},
    {0x054, 1, "STATUS1_W1TS",   0, NULL, set_write},
    {0x058, 1, "STATUS1_W1TC",   0, NULL, clear_write},
    {0x060, 10, "CPU_INT",       0, cpu_int_read, reg_ignore},
    {0x088, PINS, "PIN",         0, NULL, plain_write},
    {0x128, 2, "CALI",           0, NULL, NULL},
    {0x130, 256, "FUNC_IN_SEL",  0, NULL, NULL},
    {0x530, PINS, "FUNC_OUT_SEL", 0x100, NULL, NULL},
    {0xF00, 64, "GPIO_SD",       0, NULL, NULL},
};

static const struct reg_row mux_rows[] = {
    {0x00, 37, "IO_MUX", 0x800, NULL, NULL},
};
// clang-format on

const struct reg_block gpio_block = {"GPIO", GPIO, 0x1000, REG_ROWS(rows),
                                     false};
const struct reg_block io_mux_block = {"IO_MUX", IO_MUX, 0x1000,
                                       REG_ROWS(mux_rows), false};
