// SPDX-License-Identifier: Apache-2.0
//
// Clocks and time. After reset the CPU and the peripheral bus (APB) run from
// the 40 MHz crystal that every board of this family carries; the bootloader
// takes the PLL: CPU 160 MHz, APB 80 MHz.

#ifndef FIRMWARE_DRIVERS_CLOCK_H
#define FIRMWARE_DRIVERS_CLOCK_H

#include <stdint.h>

// CPU from the crystal, and time starts at 0. The bootloader calls it once.
void clock_init(void);

// Bootloader only, once, after clock_init(). APB doubles: UARTs want to be
// flushed before and initialised after, the flash cache off.
void clock_fast(void);

// As the clocks are set now.
uint32_t clock_cpu_hz(void);
uint32_t clock_apb_hz(void);

// Microseconds since clock_init(), from timer 0 of timer group 0.
uint64_t clock_us(void);

void clock_delay_us(uint32_t us);

// Raise CPU interrupt CLOCK_CPU_INTERRUPT (level 1) when clock_us() reaches
// deadline_us; at once when that has passed. One at a time: the last call
// counts. The handler calls clock_alarm_served().
#define CLOCK_CPU_INTERRUPT 8u
void clock_alarm(uint64_t deadline_us);
void clock_alarm_served(void);

#endif
