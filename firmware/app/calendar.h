// SPDX-License-Identifier: Apache-2.0
//
// What outlives resets and deep sleep, but not the power: the time of day and a
// piece of memory. Both lie in RTC slow memory with a CRC each, so that what a
// power-on left there is not taken for anything.

#ifndef FIRMWARE_APP_CALENDAR_H
#define FIRMWARE_APP_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Microseconds since 1970; since the board started, before the time was set.
uint64_t calendar_us(void);
void calendar_set(uint64_t us);
bool calendar_is_set(void);

#define CALENDAR_MEMORY 2048u // bytes

// *data points into it. 0 bytes when nothing valid is there.
size_t calendar_memory(const uint8_t **data);
// n <= CALENDAR_MEMORY
void calendar_memory_set(const void *data, size_t n);

#endif
