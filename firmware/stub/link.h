// SPDX-License-Identifier: Apache-2.0
//
// The line to the host. Bytes arrive by interrupt, whatever the program is
// doing, and wait in a ring that holds a whole block in its longest encoding:
// one block can be written to flash while the next arrives.

#ifndef FIRMWARE_STUB_LINK_H
#define FIRMWARE_STUB_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/fb/loader.h"
#include "lib/fb/slip.h"

#define LINK_RING 0x10000u

struct link {
    // Written by one side each: head by the interrupt, tail by the program.
    volatile uint32_t head, tail;
    volatile bool held; // the ring was full: bytes wait in the UART
    struct fb_slip_rx rx;
    uint8_t frame[FB_LOADER_REQUEST_MAX] __attribute__((aligned(4)));
    uint8_t ring[LINK_RING];
};

// UART0 stays at the rate it has. Interrupts are on afterwards.
void link_init(struct link *link);
void link_deinit(void);
// The interrupt's part.
void link_receive(struct link *link);

// Has a frame arrived? It stands in frame[0 .. rx.len) until the next call.
bool link_poll(struct link *link);
// Sleep until a byte arrives.
void link_wait(struct link *link);

// A frame is an end, its bytes in any number of pieces, and an end.
void link_end(void);
void link_put(const uint8_t *p, size_t n);
// The whole frame.
void link_send(const uint8_t *p, size_t n);
// Wait until all is on its way, then go on at new_baud. The UART's present
// divider stands for old_baud: what clock drives it need not be known.
void link_set_baud(uint32_t new_baud, uint32_t old_baud);

#endif
