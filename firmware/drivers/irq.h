// SPDX-License-Identifier: Apache-2.0
//
// Masking interrupts around short sections. Inline: no code outside the
// caller, so it may be used while the flash cache is off.

#ifndef FIRMWARE_DRIVERS_IRQ_H
#define FIRMWARE_DRIVERS_IRQ_H

#include <stdint.h>

// Mask all maskable interrupts; hand the result to irq_restore().
static inline uint32_t irq_lock(void)
{
    uint32_t ps;
    __asm__ volatile("rsil %0, 15" : "=a"(ps)::"memory");
    return ps;
}

static inline void irq_restore(uint32_t ps)
{
    __asm__ volatile("wsr.ps %0\n\trsync" ::"a"(ps) : "memory");
}

#endif
