// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/slip.h"

#define END     0xC0u
#define ESC     0xDBu
#define ESC_END 0xDCu
#define ESC_ESC 0xDDu

enum {
    HUNT,    // no END seen yet
    READY,   // the next byte starts a frame; len is that of the last one
    INSIDE,  // len bytes of a frame
    ESCAPED, // inside, after ESC
    DROP_LONG,
    DROP_BAD,
};

void fb_slip_rx_init(struct fb_slip_rx *rx, uint8_t *buf, size_t cap)
{
    rx->buf = buf;
    rx->cap = cap;
    rx->len = 0;
    rx->state = HUNT;
}

static void store(struct fb_slip_rx *rx, uint8_t byte)
{
    if (rx->len == rx->cap) {
        rx->state = DROP_LONG;
        return;
    }
    rx->buf[rx->len++] = byte;
    rx->state = INSIDE;
}

static enum fb_slip_event end_frame(struct fb_slip_rx *rx)
{
    uint8_t state = rx->state;
    rx->state = READY;
    switch (state) {
    case INSIDE:
        return FB_SLIP_FRAME;
    case DROP_LONG:
        return FB_SLIP_TOO_LONG;
    case ESCAPED:
    case DROP_BAD:
        return FB_SLIP_BAD;
    default: // the first END, or an empty frame
        return FB_SLIP_MORE;
    }
}

static void frame_byte(struct fb_slip_rx *rx, uint8_t byte)
{
    switch (rx->state) {
    case READY:
        rx->len = 0;
        // fall through
    case INSIDE:
        if (byte == ESC) {
            rx->state = ESCAPED;
        } else {
            store(rx, byte);
        }
        break;
    case ESCAPED:
        if (byte == ESC_END) {
            store(rx, END);
        } else if (byte == ESC_ESC) {
            store(rx, ESC);
        } else {
            rx->state = DROP_BAD;
        }
        break;
    default:
        break;
    }
}

enum fb_slip_event fb_slip_rx_push(struct fb_slip_rx *rx, const uint8_t *in,
                                   size_t n, size_t *used)
{
    for (size_t i = 0; i < n; i++) {
        if (in[i] != END) {
            frame_byte(rx, in[i]);
            continue;
        }
        enum fb_slip_event event = end_frame(rx);
        if (event != FB_SLIP_MORE) {
            *used = i + 1;
            return event;
        }
    }
    *used = n;
    return FB_SLIP_MORE;
}

// out[len] = byte if there is room; the length counts on in any case.
static size_t put(uint8_t *out, size_t cap, size_t len, uint8_t byte)
{
    if (len < cap) {
        out[len] = byte;
    }
    return len + 1;
}

size_t fb_slip_encode(uint8_t *out, size_t cap, const uint8_t *in, size_t n)
{
    size_t len = put(out, cap, 0, END);
    for (size_t i = 0; i < n; i++) {
        if (in[i] == END || in[i] == ESC) {
            len = put(out, cap, len, ESC);
            len = put(out, cap, len, in[i] == END ? ESC_END : ESC_ESC);
        } else {
            len = put(out, cap, len, in[i]);
        }
    }
    len = put(out, cap, len, END);
    return len <= cap ? len : 0;
}
