// SPDX-License-Identifier: Apache-2.0

#include "firmware/stub/link.h"

#include "firmware/drivers/soc.h"
#include "firmware/drivers/uart.h"

// An interrupt for half a FIFO, or when the line has been silent for the time
// of two bytes (TRM "UART Controllers": RXFIFO_FULL_THRHD, RX_TOUT).
#define CONF1_RX_TOUT_EN (1u << 31)
#define RX_FULL_BYTES    64u
#define RX_TOUT_BYTES    (2u << 24)
#define INT_RX           (1u << 0 | 1u << 8) // RXFIFO_FULL, RXFIFO_TOUT

// SLIP, sent as it is encoded (RFC 1055).
#define END     0xC0u
#define ESC     0xDBu
#define ESC_END 0xDCu
#define ESC_ESC 0xDDu

// CLKDIV: four fractional bits from bit 20 on.
#define DIVIDER_INTEGER   0xFFFFFu
#define DIVIDER_SIXTEENTH 20

static uint32_t lock(void)
{
    uint32_t ps;
    __asm__ volatile("rsil %0, 3" : "=r"(ps)::"memory");
    return ps;
}

static void unlock(uint32_t ps)
{
    __asm__ volatile("wsr.ps %0\n\trsync" ::"r"(ps) : "memory");
}

static void set_intenable(uint32_t mask)
{
    __asm__ volatile("wsr.intenable %0\n\trsync" ::"r"(mask) : "memory");
}

static void interrupt_on(void)
{
    REG32(DPORT_PRO_UART_INTR_MAP) = UART_CPU_INTERRUPT;
    REG32(UART0_CONF1) = RX_FULL_BYTES | RX_TOUT_BYTES | CONF1_RX_TOUT_EN;
    REG32(UART0_INT_CLR) = INT_RX; // what waits raises it again at once
    REG32(UART0_INT_ENA) = INT_RX;
}

void link_init(struct link *link)
{
    fb_slip_rx_init(&link->rx, link->frame, sizeof(link->frame));
    interrupt_on();
    set_intenable(1u << UART_CPU_INTERRUPT);
    unlock(lock() & ~0xFu); // INTLEVEL 0
}

void link_deinit(void)
{
    (void)lock();
    uart_flush();
    REG32(UART0_INT_ENA) = 0;
    set_intenable(0);
}

void link_receive(struct link *link)
{
    while (link->head - link->tail < LINK_RING) {
        int c = uart_getc();

        if (c < 0) {
            REG32(UART0_INT_CLR) = INT_RX;
            return;
        }
        link->ring[link->head % LINK_RING] = (uint8_t)c;
        link->head = link->head + 1;
    }
    link->held = true;
    REG32(UART0_INT_ENA) = 0;
}

bool link_poll(struct link *link)
{
    uint32_t at = link->tail % LINK_RING;
    uint32_t n = link->head - link->tail;
    bool frame = false;

    while (n > 0 && !frame) {
        uint32_t part = n < LINK_RING - at ? n : LINK_RING - at;
        size_t used;

        // What is no frame is dropped: the host says it again.
        frame = fb_slip_rx_push(&link->rx, link->ring + at, part, &used) ==
                FB_SLIP_FRAME;
        n -= used;
        link->tail = link->tail + (uint32_t)used;
        at = link->tail % LINK_RING;
    }
    if (link->held && link->head - link->tail <= LINK_RING / 2) {
        link->held = false;
        interrupt_on();
    }
    return frame;
}

void link_wait(struct link *link)
{
    uint32_t ps = lock();

    if (link->head == link->tail) {
        // An interrupt that came meanwhile ends it at once.
        __asm__ volatile("waiti 0" ::: "memory");
    }
    unlock(ps);
}

void link_end(void)
{
    uart_putc(END);
}

void link_put(const uint8_t *p, size_t n)
{
    uint32_t room = 0;

    for (size_t i = 0; i < n; i++) {
        uint8_t c = p[i];

        while (room < 2) {
            room = uart_room();
        }
        room--;
        if (c >= END && (c == END || c == ESC)) {
            room--;
            uart_push(ESC);
            c = c == END ? ESC_END : ESC_ESC;
        }
        uart_push(c);
    }
}

void link_send(const uint8_t *p, size_t n)
{
    link_end();
    link_put(p, n);
    link_end();
}

void link_set_baud(uint32_t new_baud, uint32_t old_baud)
{
    uint32_t divider = REG32(UART0_CLKDIV);
    uint32_t sixteenths =
        (divider & DIVIDER_INTEGER) << 4 | divider >> DIVIDER_SIXTEENTH;
    uint32_t state;

    uart_flush();
    state = lock();
    uart_init(sixteenths * old_baud / 16, new_baud);
    interrupt_on();
    unlock(state);
}
