// SPDX-License-Identifier: Apache-2.0
//
// Timer groups 0 and 1: two 64-bit timers, a third (LACT) and a watchdog each,
// and the measurement of the slow clock (TRM "64-bit Timers", "Watchdog
// Timers", soc/timer_group_reg.h). Time is computed when it is asked for.
//
// Not modelled: edge interrupts, what only LACT has (counting by the slow
// clock).

#ifndef CHIP_PERIPH_TIMG_H
#define CHIP_PERIPH_TIMG_H

#include "chip/periph/registers.h"

extern const struct reg_block timg0_block;
extern const struct reg_block timg1_block;

#define TIMG0_RTCCALICFG1 0x3FF5F06Cu

void timg_reset(struct chip *chip);
void timg_wdt_due(struct chip *chip, unsigned group);
void timg_alarm_due(struct chip *chip, unsigned group, unsigned timer);
// The peripheral clock is about to change (settle what has run), has changed.
void timg_clock_settle(struct chip *chip);
void timg_clock_changed(struct chip *chip);
// What RTCCALICFG measures by itself after a reset, for the ROM and its hosts.
void timg_measure_crystal(struct chip *chip);
void timg_wdt_flash_boot(struct chip *chip, bool on);

#endif
