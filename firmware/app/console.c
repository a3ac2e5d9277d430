// SPDX-License-Identifier: Apache-2.0

#include "firmware/app/console.h"

#include "firmware/app/event.h"
#include "firmware/app/irq.h"
#include "firmware/drivers/clock.h"
#include "firmware/drivers/uart.h"

// Written by one side each: head by the interrupt, tail by the program.
static uint8_t ring[CONSOLE_RING];
static volatile uint32_t head, tail;
static volatile bool held; // the ring was full: bytes wait in the UART
static volatile int break_char = -1;

void console_receive(void)
{
    while (head - tail < CONSOLE_RING) {
        int c = uart_getc();
        if (c < 0) {
            uart_rx_interrupt(true); // drop the request that is served
            return;
        }
        if (c == break_char) {
            event_raise(EVENT_BREAK);
            continue;
        }
        ring[head % CONSOLE_RING] = (uint8_t)c;
        head = head + 1;
    }
    held = true;
    uart_rx_interrupt(false);
}

bool console_readable(void)
{
    return head != tail;
}

int console_getc(void)
{
    if (!console_readable()) {
        return -1;
    }
    int c = ring[tail % CONSOLE_RING];
    tail = tail + 1;
    if (held && head - tail <= CONSOLE_RING / 2) {
        held = false;
        uart_rx_interrupt(true);
    }
    return c;
}

void console_set_break(int c)
{
    break_char = c;
}

void console_wait(uint64_t deadline_us, bool input)
{
    for (;;) {
        uint32_t state = irq_lock();
        if (event_pending != 0 || (input && console_readable()) ||
            (deadline_us != UINT64_MAX && clock_us() >= deadline_us)) {
            irq_unlock(state);
            return;
        }
        irq_wait_until(deadline_us);
    }
}
