// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/slip.h"

#include <stdlib.h>
#include <string.h>

#include "lib/fb/loader.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void packet(const uint8_t *p, size_t n)
{
    struct fb_loader_request request;
    struct fb_loader_response response;
    uint32_t sequence;
    const uint8_t *payload;
    size_t len;
    uint8_t failed, error;
    if (fb_loader_request_parse(p, n, &request) == FB_OK) {
        (void)fb_loader_request_payload(&request, &sequence, &payload, &len);
    }
    if (fb_loader_response_parse(p, n, &response) == FB_OK) {
        (void)fb_loader_response_status(&response, n / 2, &failed, &error);
    }
}

// A frame that was decoded is the same after encoding and decoding.
static void round_trip(const uint8_t *frame, size_t n)
{
    uint8_t wire[2 * 64 + 2], buf[64];
    struct fb_slip_rx rx;
    size_t used;
    size_t len = fb_slip_encode(wire, sizeof(wire), frame, n);
    fb_slip_rx_init(&rx, buf, sizeof(buf));
    if (len == 0 || fb_slip_rx_push(&rx, wire, len, &used) != FB_SLIP_FRAME ||
        rx.len != n || memcmp(buf, frame, n) != 0) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    uint8_t buf[64];
    struct fb_slip_rx rx;
    fb_slip_rx_init(&rx, buf, sizeof(buf));
    while (n != 0) {
        size_t used;
        if (fb_slip_rx_push(&rx, p, n, &used) == FB_SLIP_FRAME) {
            packet(buf, rx.len);
            round_trip(buf, rx.len);
        }
        if (used == 0 || used > n) {
            abort();
        }
        p += used;
        n -= used;
    }
    return 0;
}
