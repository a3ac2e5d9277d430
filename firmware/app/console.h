// SPDX-License-Identifier: Apache-2.0
//
// The console: bytes from the UART wait in a ring until the program reads
// them. None is dropped: while the ring is full the receive interrupt is off
// and further bytes stay in the UART, whose FIFO (128 bytes) then holds the
// sender back where there is flow control.
//
// The interrupt side (console_receive) runs with the flash cache off too.

#ifndef FIRMWARE_APP_CONSOLE_H
#define FIRMWARE_APP_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

#define CONSOLE_RING 1024u // bytes, a power of two

// Interrupt handler: take over what the UART has received. The break character
// is not stored, it raises EVENT_BREAK.
void console_receive(void);

// -1 when nothing waits.
int console_getc(void);

bool console_readable(void);

// The character that interrupts the program; -1 for none.
void console_set_break(int c);

// Wait, with the CPU standing still, until clock_us() reaches deadline_us
// (UINT64_MAX: for ever), an event is pending or, with input true, a byte can
// be read. Returns at once when that is so already.
void console_wait(uint64_t deadline_us, bool input);

#endif
