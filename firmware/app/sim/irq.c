// SPDX-License-Identifier: Apache-2.0
//
// The lx106's own timer interrupt, once a millisecond, stands in for the
// UART's.

#include "firmware/app/irq.h"

#include "firmware/app/console.h"
#include "firmware/app/sim/sim.h"
#include "firmware/app/trap.h"
#include "firmware/drivers/clock.h"
#include "firmware/drivers/uart.h"

#define TIMER_CPU_INTERRUPT 6u

static uint32_t ccount(void)
{
    uint32_t now;
    __asm__ volatile("rsr.ccount %0" : "=r"(now));
    return now;
}

// The host may stop QEMU at any instruction, here for longer than the
// millisecond that is being set: a CCOMPARE that has been passed would match
// only after CCOUNT has gone round.
static void set_timer(void)
{
    uint32_t at;
    do {
        at = ccount() + clock_cpu_hz() / 1000;
        __asm__ volatile("wsr.ccompare0 %0\n\trsync" ::"r"(at));
    } while ((int32_t)(at - ccount()) <= 0);
}

uint32_t irq_lock(void)
{
    uint32_t ps;
    __asm__ volatile("rsil %0, 15" : "=r"(ps)::"memory");
    return ps;
}

void irq_unlock(uint32_t state)
{
    __asm__ volatile("wsr.ps %0\n\trsync" ::"r"(state) : "memory");
}

void irq_init(void)
{
    set_timer();
    __asm__ volatile(
        "wsr.intenable %0\n\trsync" ::"r"(1u << TIMER_CPU_INTERRUPT));
    __asm__ volatile("rsil a2, 0" ::: "a2", "memory");
}

void trap_interrupt(struct trap_frame *frame)
{
    (void)frame;
    set_timer();
    uart_flush();
    console_receive();
}

void irq_wait_until(uint64_t deadline_us)
{
    if (deadline_us == UINT64_MAX && sim_uart_ended()) {
        uart_flush();
        sim_call(SIM_EXIT, 0, 0, 0);
    }
    __asm__ volatile("waiti 0" ::: "memory");
}
