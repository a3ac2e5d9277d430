// SPDX-License-Identifier: Apache-2.0
//
// TRM "IO_MUX and GPIO Matrix". The pull resistors of pads that belong to the
// RTC domain too (0, 2, 4, 12 .. 15, 25 .. 27, 32, 33) are set in RTC_IO and
// stay as the ROM leaves them.

#include "firmware/drivers/gpio.h"

#include "firmware/drivers/soc.h"

#define GPIOS        40u
#define PAD_NONE     0u
#define FUN_WPD      (1u << 7)
#define FUN_WPU      (1u << 8)
#define FUN_IE       (1u << 9)
#define MCU_SEL      (7u << 12)
#define MCU_SEL_GPIO (2u << 12)

// Offset of a GPIO's register from IO_MUX_BASE (esp-idf soc/io_mux_reg.h).
static const uint8_t pad[GPIOS] = {
    0x44,     0x88,     0x40, 0x84, 0x48, 0x6C, 0x60, 0x64, 0x68,     0x54,
    0x58,     0x5C,     0x34, 0x38, 0x30, 0x3C, 0x4C, 0x50, 0x70,     0x74,
    0x78,     0x7C,     0x80, 0x8C, 0x90, 0x24, 0x28, 0x2C, PAD_NONE, PAD_NONE,
    PAD_NONE, PAD_NONE, 0x1C, 0x20, 0x14, 0x18, 0x04, 0x08, 0x0C,     0x10,
};

void gpio_input_pulldown(unsigned gpio)
{
    uint32_t reg;

    if (gpio >= GPIOS || pad[gpio] == PAD_NONE) {
        return;
    }
    reg = IO_MUX_BASE + pad[gpio];
    REG32(reg) =
        (REG32(reg) & ~(MCU_SEL | FUN_WPU)) | MCU_SEL_GPIO | FUN_IE | FUN_WPD;
}

bool gpio_level(unsigned gpio)
{
    uint32_t levels = REG32(gpio < 32 ? GPIO_IN : GPIO_IN1);

    return (levels >> gpio % 32 & 1) != 0;
}
