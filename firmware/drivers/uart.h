// SPDX-License-Identifier: Apache-2.0
//
// UART0, the console: 8 data bits, no parity, 1 stop bit. Polled; a received
// byte can also raise an interrupt, to wake the CPU from waiti.

#ifndef FIRMWARE_DRIVERS_UART_H
#define FIRMWARE_DRIVERS_UART_H

#include <stdbool.h>
#include <stdint.h>

// CPU interrupt that uart_rx_interrupt() uses: level-triggered, level 1, so it
// arrives at the user or kernel vector with EXCCAUSE 4 (TRM "Interrupt
// Matrix").
#define UART_CPU_INTERRUPT 5u

// Waits until what is still in the TX FIFO has left, then sets the baud rate.
// apb_hz: clock of the peripheral bus, clock_apb_hz().
void uart_init(uint32_t apb_hz, uint32_t baud);

// Blocks while the TX FIFO (128 bytes) is full.
void uart_putc(uint8_t c);

// The same for many bytes: blocks until there is room, and returns for how many
// (1 .. 127); so many uart_push() do not ask again.
uint32_t uart_room(void);
void uart_push(uint8_t c);

// -1 when no byte has arrived.
int uart_getc(void);

// Blocks until the last byte has left the shift register.
void uart_flush(void);

// on: as long as the RX FIFO holds a byte, UART_CPU_INTERRUPT is pending.
// The handler either empties the FIFO with uart_getc() or switches this off.
// The caller sets the interrupt's bit in INTENABLE and PS.INTLEVEL.
void uart_rx_interrupt(bool on);

#endif
