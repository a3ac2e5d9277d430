// SPDX-License-Identifier: Apache-2.0
//
// TRM "UART Controllers"; bits from esp-idf soc/uart_reg.h, signals from
// soc/gpio_sig_map.h.

#include "firmware/drivers/uart_port.h"

#include "firmware/drivers/clock.h"
#include "firmware/drivers/gpio.h"
#include "firmware/drivers/soc.h"

#define FIFO    0x00u
#define INT_ENA 0x0Cu
#define INT_CLR 0x10u
#define CLKDIV  0x14u
#define STATUS  0x1Cu
#define CONF0   0x20u
#define CONF1   0x24u

#define FIFO_SIZE        128u
#define INT_RXFIFO_FULL  (1u << 0)
#define INT_RXFIFO_TOUT  (1u << 8)
#define CONF0_LOOPBACK   (1u << 14)
#define CONF0_CLOCK_APB  (1u << 27)
#define CONF0_RXFIFO_RST (1u << 17)
#define CONF0_BITS_BIT   2
#define CONF0_STOP_BIT   4
#define CONF0_PARITY_EN  (1u << 1)
#define CONF0_PARITY_ODD (1u << 0)
#define CONF1_TOUT_EN    (1u << 31)
#define CONF1_TOUT_BIT   24
#define RX_FULL          64u // bytes
#define RX_SILENCE       2u  // byte times

static const struct {
    uint32_t base;
    uint32_t fifo_ahb; // see uart.c
    uint32_t clock;    // DPORT_PERIP_CLK_EN
    uint16_t signal;   // in and out
} units[] = {
    {0x3FF50000u, 0x60010000u, 1u << 5, 17},
    {0x3FF6E000u, 0x6002E000u, 1u << 23, 198},
};

// Written by one side each: head by the interrupt, tail by the program.
static struct {
    volatile uint32_t head, tail;
    uint8_t bytes[UART_PORT_RING];
} rings[2];

static uint32_t reg(unsigned port, uint32_t offset)
{
    return units[port - 1].base + offset;
}

void uart_port_open(unsigned port, const struct uart_port_config *config)
{
    uint32_t sixteenths = (clock_apb_hz() << 4) / config->baud;
    uint32_t conf0 =
        CONF0_CLOCK_APB | (config->bits - 5u) << CONF0_BITS_BIT |
        (config->stop_bits == 2 ? 3u : 1u) << CONF0_STOP_BIT |
        (config->parity != UART_PARITY_NONE ? CONF0_PARITY_EN : 0) |
        (config->parity == UART_PARITY_ODD ? CONF0_PARITY_ODD : 0) |
        (config->loopback ? CONF0_LOOPBACK : 0);

    REG32(DPORT_PERIP_CLK_EN) |= units[port - 1].clock;
    REG32(DPORT_PERIP_RST_EN) &= ~units[port - 1].clock;
    REG32(reg(port, INT_ENA)) = 0;
    REG32(reg(port, CLKDIV)) = sixteenths >> 4 | (sixteenths & 15u) << 20;
    REG32(reg(port, CONF0)) = conf0 | CONF0_RXFIFO_RST;
    REG32(reg(port, CONF0)) = conf0;
    REG32(reg(port, CONF1)) =
        RX_FULL | RX_SILENCE << CONF1_TOUT_BIT | CONF1_TOUT_EN;
    rings[port - 1].tail = rings[port - 1].head;
    gpio_signal_out(config->tx, units[port - 1].signal);
    gpio_signal_in(config->rx, units[port - 1].signal);
    REG32(DPORT_PRO_UART_INTR_MAP + 4 * port) = UART_PORT_CPU_INTERRUPT;
    REG32(reg(port, INT_CLR)) = ~0u;
    REG32(reg(port, INT_ENA)) = INT_RXFIFO_FULL | INT_RXFIFO_TOUT;
}

void uart_port_close(unsigned port)
{
    REG32(reg(port, INT_ENA)) = 0;
}

void uart_port_putc(unsigned port, uint8_t c)
{
    while ((REG32(reg(port, STATUS)) >> 16 & 0xFFu) >= FIFO_SIZE - 1) {
    }
    REG32(units[port - 1].fifo_ahb) = c;
}

bool uart_port_idle(unsigned port)
{
    return (REG32(reg(port, STATUS)) & (0xFFu << 16 | 0xFu << 24)) == 0;
}

size_t uart_port_available(unsigned port)
{
    return rings[port - 1].head - rings[port - 1].tail;
}

int uart_port_getc(unsigned port)
{
    uint32_t tail = rings[port - 1].tail;
    int c;

    if (tail == rings[port - 1].head) {
        return -1;
    }
    c = rings[port - 1].bytes[tail % UART_PORT_RING];
    rings[port - 1].tail = tail + 1;
    return c;
}

void uart_port_receive(void)
{
    for (unsigned port = 1; port <= 2; port++) {
        uint32_t head = rings[port - 1].head;

        if (REG32(reg(port, INT_ENA)) == 0) {
            continue;
        }
        while ((REG32(reg(port, STATUS)) & 0xFFu) != 0) {
            uint8_t c = (uint8_t)REG32(reg(port, FIFO));

            if (head - rings[port - 1].tail < UART_PORT_RING) {
                rings[port - 1].bytes[head++ % UART_PORT_RING] = c;
            }
        }
        rings[port - 1].head = head;
        REG32(reg(port, INT_CLR)) = INT_RXFIFO_FULL | INT_RXFIFO_TOUT;
    }
}
