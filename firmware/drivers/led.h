// SPDX-License-Identifier: Apache-2.0
//
// The board's RGB LED, a WS2812: a bit is a pulse, short for 0 and long for 1
// (WS2812B data sheet, "Data transfer time").

#ifndef FIRMWARE_DRIVERS_LED_H
#define FIRMWARE_DRIVERS_LED_H

#include <stdint.h>

// rgb: 0xRRGGBB. Interrupts are masked for 30 us. gpio: below 32.
void led_show(unsigned gpio, uint32_t rgb);

#endif
