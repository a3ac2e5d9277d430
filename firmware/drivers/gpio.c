// SPDX-License-Identifier: Apache-2.0
//
// TRM "IO_MUX and GPIO Matrix". Pads that belong to the RTC domain too have
// their pull resistors in RTC_IO (esp-idf soc/rtc_io_channel.h).

#include "firmware/drivers/gpio.h"

#include "firmware/drivers/soc.h"

#define GPIOS        40u
#define PAD_NONE     0u
#define FUN_WPD      (1u << 7)
#define FUN_WPU      (1u << 8)
#define FUN_IE       (1u << 9)
#define MCU_SEL      (7u << 12)
#define MCU_SEL_GPIO (2u << 12)
#define FUN_DRV_20MA (2u << 10)

#define OUT_SIMPLE     0x100u // FUNCn_OUT_SEL_CFG: GPIO_OUT
#define IN_SEL_MATRIX  (1u << 7)
#define PIN_OPEN_DRAIN (1u << 2)
#define PIN_TYPE_BIT   7
#define PIN_TYPE       (7u << PIN_TYPE_BIT)
#define PIN_INT_PRO    (1u << 15)

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

// Where the RTC domain's pads have their resistors: register from RTC_IO_BASE
// and bit of the pull-up, the pull-down is the next one (soc/rtc_io_reg.h).
static const struct {
    uint8_t gpio;
    uint8_t reg;
    uint8_t up_bit;
} rtc_pads[] = {
    {4, 0x94, 27},  {0, 0x98, 27},  {2, 0x9C, 27},  {15, 0xA0, 27},
    {13, 0xA4, 27}, {12, 0xA8, 27}, {14, 0xAC, 27}, {27, 0xB0, 27},
    {25, 0x84, 27}, {26, 0x88, 27}, {32, 0x8C, 22}, {33, 0x8C, 27},
};
#define RTC_PADS 12u

static bool exists(unsigned gpio)
{
    return gpio < GPIOS && pad[gpio] != PAD_NONE;
}

static void set_rtc_pull(unsigned gpio, enum gpio_pull pull)
{
    for (unsigned i = 0; i < RTC_PADS; i++) {
        if (rtc_pads[i].gpio == gpio) {
            uint32_t reg = RTC_IO_BASE + rtc_pads[i].reg;
            uint32_t up = 1u << rtc_pads[i].up_bit;

            REG32(reg) = (REG32(reg) & ~(up | up << 1)) |
                         (pull == GPIO_PULL_UP     ? up
                          : pull == GPIO_PULL_DOWN ? up << 1
                                                   : 0);
        }
    }
}

static void set_pad(unsigned gpio, enum gpio_pull pull)
{
    REG32(IO_MUX_BASE + pad[gpio]) = MCU_SEL_GPIO | FUN_IE | FUN_DRV_20MA |
                                     (pull == GPIO_PULL_UP     ? FUN_WPU
                                      : pull == GPIO_PULL_DOWN ? FUN_WPD
                                                               : 0);
    set_rtc_pull(gpio, pull);
}

// The bit of gpio in one of a pair of registers.
static void set_bit(unsigned gpio, uint32_t low, uint32_t high)
{
    REG32(gpio < 32 ? low : high) = 1u << gpio % 32;
}

void gpio_input(unsigned gpio, enum gpio_pull pull)
{
    if (!exists(gpio)) {
        return;
    }
    set_bit(gpio, GPIO_ENABLE_W1TC, GPIO_ENABLE1_W1TC);
    set_pad(gpio, pull);
}

void gpio_output(unsigned gpio, bool open_drain, enum gpio_pull pull)
{
    uint32_t pin = GPIO_PIN0 + 4 * gpio;

    if (!exists(gpio) || gpio >= GPIO_FIRST_INPUT_ONLY) {
        return;
    }
    REG32(pin) =
        (REG32(pin) & ~PIN_OPEN_DRAIN) | (open_drain ? PIN_OPEN_DRAIN : 0);
    REG32(GPIO_FUNC0_OUT + 4 * gpio) = OUT_SIMPLE;
    set_pad(gpio, pull);
    set_bit(gpio, GPIO_ENABLE_W1TS, GPIO_ENABLE1_W1TS);
}

void gpio_write(unsigned gpio, bool level)
{
    if (level) {
        set_bit(gpio, GPIO_OUT_W1TS, GPIO_OUT1_W1TS);
    } else {
        set_bit(gpio, GPIO_OUT_W1TC, GPIO_OUT1_W1TC);
    }
}

void gpio_signal_in(unsigned gpio, unsigned signal)
{
    gpio_input(gpio, GPIO_PULL_UP);
    REG32(GPIO_FUNC0_IN + 4 * signal) = IN_SEL_MATRIX | gpio;
}

void gpio_signal_out(unsigned gpio, unsigned signal)
{
    gpio_output(gpio, false, GPIO_PULL_NONE);
    REG32(GPIO_FUNC0_OUT + 4 * gpio) = signal;
}

// --- interrupts ---

static volatile uint32_t pending[2];

static void forget(unsigned gpio)
{
    set_bit(gpio, GPIO_STATUS_W1TC, GPIO_STATUS1_W1TC);
}

void gpio_interrupt(unsigned gpio, enum gpio_trigger trigger)
{
    uint32_t pin = GPIO_PIN0 + 4 * gpio;

    if (!exists(gpio)) {
        return;
    }
    REG32(DPORT_PRO_GPIO_INTR_MAP) = GPIO_CPU_INTERRUPT;
    REG32(pin) &= ~(PIN_TYPE | PIN_INT_PRO);
    forget(gpio);
    if (trigger != GPIO_NEVER) {
        REG32(pin) |= (uint32_t)trigger << PIN_TYPE_BIT | PIN_INT_PRO;
    }
}

static void quiet_levels(uint32_t which, unsigned first)
{
    for (unsigned i = 0; which >> i != 0 && i < 32 && first + i < GPIOS; i++) {
        uint32_t pin = GPIO_PIN0 + 4 * (first + i);

        if ((which >> i & 1) != 0 &&
            (REG32(pin) & PIN_TYPE) >> PIN_TYPE_BIT >= GPIO_LOW) {
            REG32(pin) &= ~PIN_INT_PRO;
        }
    }
}

void gpio_collect(void)
{
    uint32_t low = REG32(GPIO_STATUS);
    uint32_t high = REG32(GPIO_STATUS1);

    quiet_levels(low, 0);
    quiet_levels(high, 32);
    REG32(GPIO_STATUS_W1TC) = low;
    REG32(GPIO_STATUS1_W1TC) = high;
    pending[0] |= low;
    pending[1] |= high;
}

uint64_t gpio_take_pending(void)
{
    uint64_t pins = pending[0] | (uint64_t)pending[1] << 32;

    pending[0] = 0;
    pending[1] = 0;
    return pins;
}
