// SPDX-License-Identifier: Apache-2.0
//
// One direction of a serial line whose bytes take their time: 10 bits each (a
// start bit, 8 bits of data, a stop bit).

#ifndef TOOLS_FUSEBOX_PACE_H
#define TOOLS_FUSEBOX_PACE_H

#include <stddef.h>
#include <stdint.h>

// Set baud at any time; all zero: every byte passes at once.
struct pace {
    uint32_t baud;
    uint64_t passed_ns; // when the last byte had passed
};

// How many of n waiting bytes have passed until now (ns, never runs backwards).
// The line was idle while none waited.
size_t pace_take(struct pace *p, uint64_t now_ns, size_t n);

// How long until the next `n` bytes have passed, in ns.
uint64_t pace_wait(const struct pace *p, uint64_t now_ns, size_t n);

#endif
