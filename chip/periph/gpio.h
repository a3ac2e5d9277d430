// SPDX-License-Identifier: Apache-2.0
//
// GPIO and IO_MUX (TRM "IO_MUX and GPIO Matrix"). An input that nobody drives
// reads its pull resistor in IO_MUX; the strapping pins rest at their strap.
//
// Not modelled: the matrix (its registers remember), open drain, RTC pulls.

#ifndef CHIP_PERIPH_GPIO_H
#define CHIP_PERIPH_GPIO_H

#include <stdbool.h>
#include <stdint.h>

#include "chip/periph/registers.h"

#define GPIO_STRAP_REG 0x3FF44038u

extern const struct reg_block gpio_block;
extern const struct reg_block io_mux_block;

// Latch the straps, as power-on and an RTC reset do.
void gpio_latch_straps(struct chip *chip);
void gpio_changed(struct chip *chip);

#endif
