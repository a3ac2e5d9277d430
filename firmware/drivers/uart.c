// SPDX-License-Identifier: Apache-2.0
//
// TRM "UART Controllers"; bits from esp-idf soc/uart_reg.h.

#include "firmware/drivers/uart.h"

#include "firmware/drivers/soc.h"

#define FIFO_SIZE 128u

#define INT_RXFIFO_FULL 1u

#define CONF0_8_BITS      (3u << 2)
#define CONF0_1_STOP      (1u << 4)
#define CONF0_CLOCK_APB   (1u << 27) // TICK_REF_ALWAYS_ON
#define CONF1_RX_FULL     0x7Fu      // threshold, bytes
#define STATUS_RX_COUNT   0xFFu
#define STATUS_TX_COUNT   (0xFFu << 16)
#define STATUS_TX_STATE   (0xFu << 24) // ST_UTX_OUT, 0: idle
#define TX_COUNT(status)  ((status) >> 16 & 0xFFu)
#define CLKDIV_FRACTION   20
#define CLKDIV_SIXTEENTHS 16u

void uart_init(uint32_t apb_hz, uint32_t baud)
{
    // In sixteenths: the divider has four fractional bits.
    uint32_t divider = apb_hz * CLKDIV_SIXTEENTHS / baud;

    uart_flush();
    REG32(UART0_CLKDIV) = divider / CLKDIV_SIXTEENTHS |
                          divider % CLKDIV_SIXTEENTHS << CLKDIV_FRACTION;
    REG32(UART0_CONF0) = CONF0_8_BITS | CONF0_1_STOP | CONF0_CLOCK_APB;
    REG32(UART0_INT_ENA) = 0;
    REG32(UART0_INT_CLR) = ~0u;
}

uint32_t uart_room(void)
{
    uint32_t count;

    do {
        count = TX_COUNT(REG32(UART0_STATUS));
    } while (count >= FIFO_SIZE - 1);
    return FIFO_SIZE - 1 - count;
}

void uart_push(uint8_t c)
{
    // Errata of the ESP32: writes through the DPORT address can be lost, the
    // AHB address is safe.
    REG32(UART0_FIFO_AHB) = c;
}

void uart_putc(uint8_t c)
{
    (void)uart_room();
    uart_push(c);
}

int uart_getc(void)
{
    if ((REG32(UART0_STATUS) & STATUS_RX_COUNT) == 0) {
        return -1;
    }
    return (int)(REG32(UART0_FIFO) & 0xFFu);
}

void uart_flush(void)
{
    while ((REG32(UART0_STATUS) & (STATUS_TX_COUNT | STATUS_TX_STATE)) != 0) {
    }
}

void uart_rx_interrupt(bool on)
{
    if (!on) {
        REG32(UART0_INT_ENA) = 0;
        REG32(UART0_INT_CLR) = INT_RXFIFO_FULL;
        return;
    }
    REG32(DPORT_PRO_UART_INTR_MAP) = UART_CPU_INTERRUPT;
    REG32(UART0_CONF1) = (REG32(UART0_CONF1) & ~CONF1_RX_FULL) | 1u;
    // What is stale goes; a byte in the FIFO raises it again at once.
    REG32(UART0_INT_CLR) = INT_RXFIFO_FULL;
    REG32(UART0_INT_ENA) = INT_RXFIFO_FULL;
}
