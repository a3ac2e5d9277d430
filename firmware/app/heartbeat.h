// SPDX-License-Identifier: Apache-2.0
//
// The blue flash of a Pycom board that is alive: 0.1 s every 4 s.

#ifndef FIRMWARE_APP_HEARTBEAT_H
#define FIRMWARE_APP_HEARTBEAT_H

#include <stdbool.h>
#include <stdint.h>

// On at each start. Off: the LED is dark and the program's.
void heartbeat_set(bool on);
bool heartbeat_is_on(void);

// 0xRRGGBB; while the heartbeat is off.
void heartbeat_color_set(uint32_t rgb);
uint32_t heartbeat_color(void);

#endif
