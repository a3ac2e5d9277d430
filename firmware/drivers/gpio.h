// SPDX-License-Identifier: Apache-2.0
//
// Digital inputs and outputs. gpio: 0 .. 39; those without a pad are left as
// they are. 34 .. 39 are inputs without pull resistors.

#ifndef FIRMWARE_DRIVERS_GPIO_H
#define FIRMWARE_DRIVERS_GPIO_H

#include <stdbool.h>
#include <stdint.h>

#define GPIO_FIRST_INPUT_ONLY 34u

enum gpio_pull { GPIO_PULL_NONE, GPIO_PULL_UP, GPIO_PULL_DOWN };

// Bits of INT_TYPE (soc/gpio_reg.h).
enum gpio_trigger {
    GPIO_NEVER = 0,
    GPIO_RISING = 1,
    GPIO_FALLING = 2,
    GPIO_ANY_EDGE = 3,
    GPIO_LOW = 4,
    GPIO_HIGH = 5,
};

// For the bootloader: input with pull-down, where the pad has it in IO_MUX.
void gpio_input_pulldown(unsigned gpio);

bool gpio_level(unsigned gpio);

void gpio_input(unsigned gpio, enum gpio_pull pull);

// Also readable. open_drain: a 1 lets the line go.
void gpio_output(unsigned gpio, bool open_drain, enum gpio_pull pull);
void gpio_write(unsigned gpio, bool level);

// Connect a peripheral's signal (gpio_sd_reg.h numbers) with a pad.
void gpio_signal_in(unsigned gpio, unsigned signal);
void gpio_signal_out(unsigned gpio, unsigned signal);

// CPU interrupt that pins raise (level 1). Its handler calls gpio_collect().
#define GPIO_CPU_INTERRUPT 9u

void gpio_interrupt(unsigned gpio, enum gpio_trigger trigger);

// Interrupt handler: note which pins have triggered. A pin that triggers by
// level is switched off; gpio_interrupt() arms it again.
void gpio_collect(void);

// Those pins, a bit each; none is pending afterwards. Called with interrupts
// masked.
uint64_t gpio_take_pending(void);

#endif
