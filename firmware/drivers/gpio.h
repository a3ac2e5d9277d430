// SPDX-License-Identifier: Apache-2.0
//
// Digital inputs.

#ifndef FIRMWARE_DRIVERS_GPIO_H
#define FIRMWARE_DRIVERS_GPIO_H

#include <stdbool.h>

// gpio 0 .. 39. Numbers without a pad, and 34 .. 39, which have no pull
// resistor, are left as they are.
void gpio_input_pulldown(unsigned gpio);

bool gpio_level(unsigned gpio);

#endif
