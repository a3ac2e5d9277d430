// SPDX-License-Identifier: Apache-2.0
//
// UART1 and UART2, for the program's use. Received bytes wait in a ring; bytes
// that find it full are lost. port: 1 or 2.

#ifndef FIRMWARE_DRIVERS_UART_PORT_H
#define FIRMWARE_DRIVERS_UART_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UART_PORT_RING 512u // bytes, a power of two

enum uart_parity { UART_PARITY_NONE, UART_PARITY_EVEN, UART_PARITY_ODD };

struct uart_port_config {
    uint32_t baud;
    uint8_t bits;      // 5 .. 8
    uint8_t stop_bits; // 1 or 2
    enum uart_parity parity;
    bool loopback; // what is sent comes back inside of the chip
    uint8_t tx;    // GPIO
    uint8_t rx;
};

void uart_port_open(unsigned port, const struct uart_port_config *config);
void uart_port_close(unsigned port);

// Blocks while the TX FIFO is full.
void uart_port_putc(unsigned port, uint8_t c);
bool uart_port_idle(unsigned port); // the last byte has left
size_t uart_port_available(unsigned port);
int uart_port_getc(unsigned port); // -1: none

// CPU interrupt of both (level 1); uart_port_receive() is its handler.
#define UART_PORT_CPU_INTERRUPT 12u
void uart_port_receive(void);

#endif
