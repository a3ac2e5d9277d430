// SPDX-License-Identifier: Apache-2.0
//
// Watchdogs: RTC and main (timer group 0 and 1). After reset the first two run
// in flash-boot mode and reset the chip after seconds.

#ifndef FIRMWARE_DRIVERS_WDT_H
#define FIRMWARE_DRIVERS_WDT_H

// All three, flash-boot mode included.
void wdt_disable_all(void);

// Feed those three.
void wdt_feed(void);

#endif
