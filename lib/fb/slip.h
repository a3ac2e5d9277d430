// SPDX-License-Identifier: Apache-2.0
//
// SLIP framing of the download protocol: a frame starts and ends with 0xC0;
// inside, 0xC0 is DB DC and 0xDB is DB DD (RFC 1055).

#ifndef FB_SLIP_H
#define FB_SLIP_H

#include <stddef.h>
#include <stdint.h>

enum fb_slip_event {
    FB_SLIP_MORE,     // all input used, no frame yet
    FB_SLIP_FRAME,    // buf[0 .. len) is a frame
    FB_SLIP_TOO_LONG, // a frame larger than cap was dropped
    FB_SLIP_BAD,      // a frame with a wrong escape was dropped
};

// Receiver state. Set it up with fb_slip_rx_init(); `len` may be read after
// an FB_SLIP_FRAME event, the rest is private.
struct fb_slip_rx {
    uint8_t *buf; // caller's, cap bytes, must outlive the receiver
    size_t cap;   // bytes
    size_t len;   // bytes decoded so far
    uint8_t state;
};

void fb_slip_rx_init(struct fb_slip_rx *rx, uint8_t *buf, size_t cap);

// Decode at most n bytes of in, stopping right after the first event. *used
// receives the number of bytes consumed (0 .. n); call again with the rest.
// After any event but FB_SLIP_MORE the next byte starts a new frame. Bytes
// before the first 0xC0 are ignored; empty frames are skipped.
enum fb_slip_event fb_slip_rx_push(struct fb_slip_rx *rx, const uint8_t *in,
                                   size_t n, size_t *used);

// Encode n bytes of in as one frame. Returns the bytes written, or 0 if they
// do not fit in cap; 2 * n + 2 always fits. in and out must not overlap.
size_t fb_slip_encode(uint8_t *out, size_t cap, const uint8_t *in, size_t n);

#endif
