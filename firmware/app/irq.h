// SPDX-License-Identifier: Apache-2.0
//
// The interrupts of the application: received bytes go to console_receive() and
// uart_port_receive(), the alarm and the pins raise events, and a timer ends
// irq_wait_until(). One implementation for the chip (irq.c), one for the
// simulator (sim/irq.c).

#ifndef FIRMWARE_APP_IRQ_H
#define FIRMWARE_APP_IRQ_H

#include <stdint.h>

// Route and enable them. Interrupts are masked before and unmasked after.
void irq_init(void);

// Mask all interrupts, and return to the state before. Pairs nest.
uint32_t irq_lock(void);
void irq_unlock(uint32_t state);

// Called with interrupts masked; returns with them unmasked, after the next
// interrupt or when clock_us() has reached deadline_us, whichever comes first.
// An interrupt that came between irq_lock() and the call counts. The CPU
// stands still meanwhile. UINT64_MAX: no deadline.
void irq_wait_until(uint64_t deadline_us);

#endif
