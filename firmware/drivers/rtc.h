// SPDX-License-Identifier: Apache-2.0
//
// What goes on while the chip sleeps or resets: the slow clock's counter and
// deep sleep (TRM "Low-Power Management").

#ifndef FIRMWARE_DRIVERS_RTC_H
#define FIRMWARE_DRIVERS_RTC_H

#include <stdbool.h>
#include <stdint.h>

// Cycles of the slow clock since power-on, 48 bits.
uint64_t rtc_ticks(void);

// The same as microseconds. The clock is an RC oscillator of some 150 kHz; the
// first call measures it against the crystal, which takes 0.7 ms.
uint64_t rtc_us(uint64_t ticks);
uint64_t rtc_ticks_of(uint64_t us);

// All but the RTC domain goes off, us later the chip starts again with reset
// cause RESET_DEEPSLEEP. 0: only EN wakes it.
_Noreturn void rtc_deep_sleep(uint64_t us);

// Did that timer end the sleep?
bool rtc_woken_by_timer(void);

#endif
