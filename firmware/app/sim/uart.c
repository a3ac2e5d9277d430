// SPDX-License-Identifier: Apache-2.0

#include "firmware/drivers/uart.h"

#include <stddef.h>

#include "firmware/app/irq.h"
#include "firmware/app/sim/sim.h"

// Output is passed on each millisecond: a reader that polls, like pyboard.py,
// sees lines instead of bytes.
static uint8_t out[256];
static size_t out_n;

// The end of standard input ends the simulation, once the program has read
// what came before: a terminal would simply stay silent.
static bool ended;

void uart_init(uint32_t apb_hz, uint32_t baud)
{
    (void)apb_hz;
    (void)baud;
}

void uart_flush(void)
{
    uint32_t state = irq_lock();
    if (out_n > 0) {
        sim_call(SIM_WRITE, 1, (int)(uintptr_t)out, (int)out_n);
        out_n = 0;
    }
    irq_unlock(state);
}

void uart_putc(uint8_t c)
{
    uint32_t state = irq_lock();
    out[out_n++] = c;
    if (out_n == sizeof out) {
        uart_flush();
    }
    irq_unlock(state);
}

int uart_getc(void)
{
    uint32_t now[2] = {0, 0};
    uint8_t c;
    if (ended || sim_call(SIM_SELECT, 0, 1, (int)(uintptr_t)now) <= 0) {
        return -1;
    }
    if (sim_call(SIM_READ, 0, (int)(uintptr_t)&c, 1) <= 0) {
        ended = true;
        return -1;
    }
    return c;
}

void uart_rx_interrupt(bool on)
{
    (void)on;
}

bool sim_uart_ended(void)
{
    return ended;
}
