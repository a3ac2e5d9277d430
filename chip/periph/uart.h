// SPDX-License-Identifier: Apache-2.0
//
// UART0 to UART2 (TRM "UART Controllers", soc/uart_reg.h).
//
// A byte written leaves at once. A byte received waits in the FIFO of 128; the
// baud rate matters only to the owner, who is told of it.
//
// Not modelled: parity, break, flow control, RS-485, IrDA, a FIFO larger than
// 128, the time a byte takes.

#ifndef CHIP_PERIPH_UART_H
#define CHIP_PERIPH_UART_H

#include <stddef.h>
#include <stdint.h>

#include "chip/periph/registers.h"

extern const struct reg_block uart0_block;
extern const struct reg_block uart1_block;
extern const struct reg_block uart2_block;

void uart_reset(struct chip *chip);
// Bytes from outside; returns how many fit.
size_t uart_receive(struct chip *chip, unsigned uart, const uint8_t *p,
                    size_t n);
// For the ROM model: -1 when nothing waits.
int uart_take(struct chip *chip, unsigned uart);
void uart_put(struct chip *chip, unsigned uart, const void *p, size_t n);
void uart_set_baud(struct chip *chip, unsigned uart, uint32_t baud,
                   uint32_t clock_hz);

#endif
