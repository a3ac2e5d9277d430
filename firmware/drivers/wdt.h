// SPDX-License-Identifier: Apache-2.0
//
// Watchdogs: RTC and main (timer group 0 and 1). After reset the first two run
// in flash-boot mode and reset the chip after seconds.

#ifndef FIRMWARE_DRIVERS_WDT_H
#define FIRMWARE_DRIVERS_WDT_H

#include <stdint.h>

// All three, flash-boot mode included.
void wdt_disable_all(void);

// The RTC watchdog alone: unless it is fed or disabled, the chip restarts with
// reset cause RESET_RTCWDT after timeout_ms (1 .. 60000; by the slow clock,
// which may be off by a third).
void wdt_guard(uint32_t timeout_ms);

// Feed those three.
void wdt_feed(void);

// A watchdog for the program, in timer group 1: unless wdt_feed() is called
// every timeout_ms (1 .. WDT_TIMEOUT_MAX_MS) the chip restarts with reset cause
// RESET_TG1WDT.
#define WDT_TIMEOUT_MAX_MS 0x3FFFFFFF
void wdt_start(uint32_t timeout_ms);

#endif
