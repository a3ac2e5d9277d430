// SPDX-License-Identifier: Apache-2.0

#include "firmware/app/irq.h"

#include "firmware/app/console.h"
#include "firmware/app/event.h"
#include "firmware/app/trap.h"
#include "firmware/drivers/clock.h"
#include "firmware/drivers/gpio.h"
#include "firmware/drivers/uart.h"
#include "firmware/drivers/uart_port.h"

// CCOMPARE0 raises INT 6 at level 1 (core-isa.h of ESP-IDF).
#define TIMER_CPU_INTERRUPT 6u

#define TIMER_BIT (1u << TIMER_CPU_INTERRUPT)

// CCOUNT runs round in 2^32 cycles; one wait takes at most a quarter of that.
#define WAIT_MAX_CYCLES (1u << 30)
#define WAIT_MIN_CYCLES 200u // CCOMPARE0 must not be passed while it is set

static void alarm(void)
{
    clock_alarm_served();
    event_raise(EVENT_TIMER);
}

static void pins(void)
{
    gpio_collect();
    event_raise(EVENT_PIN);
}

static const struct {
    uint32_t bit;
    void (*serve)(void);
} lines[] = {
    {1u << UART_CPU_INTERRUPT, console_receive},
    {1u << CLOCK_CPU_INTERRUPT, alarm},
    {1u << GPIO_CPU_INTERRUPT, pins},
    {1u << UART_PORT_CPU_INTERRUPT, uart_port_receive},
};
#define LINES 4u
#define LINE_BITS                                                              \
    (1u << UART_CPU_INTERRUPT | 1u << CLOCK_CPU_INTERRUPT |                    \
     1u << GPIO_CPU_INTERRUPT | 1u << UART_PORT_CPU_INTERRUPT)

static void set_intenable(uint32_t mask)
{
    __asm__ volatile("wsr.intenable %0\n\trsync" ::"r"(mask) : "memory");
}

static uint32_t pending(void)
{
    uint32_t interrupt, enabled;
    __asm__ volatile("rsr.interrupt %0" : "=r"(interrupt));
    __asm__ volatile("rsr.intenable %0" : "=r"(enabled));
    return interrupt & enabled;
}

uint32_t irq_lock(void)
{
    uint32_t ps;
    __asm__ volatile("rsil %0, 3" : "=r"(ps)::"memory");
    return ps;
}

void irq_unlock(uint32_t state)
{
    __asm__ volatile("wsr.ps %0\n\trsync" ::"r"(state) : "memory");
}

void irq_init(void)
{
    uart_rx_interrupt(true);
    set_intenable(LINE_BITS);
    __asm__ volatile("rsil a2, 0" ::: "a2", "memory");
}

void trap_interrupt(struct trap_frame *frame)
{
    (void)frame;
    uint32_t which = pending();
    if ((which & TIMER_BIT) != 0) {
        set_intenable(LINE_BITS); // it has done its work: irq_wait_until()
    }
    for (uint32_t i = 0; i < LINES; i++) {
        if ((which & lines[i].bit) != 0) {
            lines[i].serve();
        }
    }
}

static void set_timer(uint64_t deadline_us)
{
    uint64_t now = clock_us();
    uint64_t us = deadline_us > now ? deadline_us - now : 0;
    uint32_t per_us = clock_cpu_hz() / 1000000;
    uint32_t cycles = WAIT_MAX_CYCLES;
    if (us < WAIT_MAX_CYCLES / per_us) {
        cycles = (uint32_t)us * per_us;
    }
    if (cycles < WAIT_MIN_CYCLES) {
        cycles = WAIT_MIN_CYCLES;
    }
    uint32_t ccount;
    __asm__ volatile("rsr.ccount %0" : "=r"(ccount));
    // Writing CCOMPARE0 also takes an old request back.
    __asm__ volatile("wsr.ccompare0 %0\n\trsync" ::"r"(ccount + cycles));
    set_intenable(LINE_BITS | TIMER_BIT);
}

void irq_wait_until(uint64_t deadline_us)
{
    if (deadline_us != UINT64_MAX) {
        set_timer(deadline_us);
    }
    __asm__ volatile("waiti 0" ::: "memory");
    uint32_t state = irq_lock();
    set_intenable(LINE_BITS);
    irq_unlock(state);
}
