// SPDX-License-Identifier: Apache-2.0
//
// The server's side of a serial line over Telnet (RFC 854, RFC 2217): takes
// the bytes of a connection apart into data and line changes, and answers
// negotiations. No I/O: bytes in, bytes out.

#ifndef TOOLS_FUSEBOX_RFC2217_H
#define TOOLS_FUSEBOX_RFC2217_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rfc2217 {
    uint8_t state;
    uint8_t verb;    // WILL, WONT, DO, DONT being read
    uint8_t sub[16]; // subnegotiation being read
    size_t sub_len;
    uint8_t agreed[8]; // options already answered, as a bit set of 64
    bool dtr;
    bool rts;
    uint32_t baud;
};

struct rfc2217_callbacks {
    void *ctx;
    void (*data)(void *ctx, const uint8_t *p, size_t n);  // to the UART
    void (*reply)(void *ctx, const uint8_t *p, size_t n); // to the client
    void (*lines)(void *ctx, bool dtr, bool rts);
};

void rfc2217_init(struct rfc2217 *r);
void rfc2217_push(struct rfc2217 *r, const uint8_t *p, size_t n,
                  const struct rfc2217_callbacks *callbacks);

// Data for the client: 0xFF is doubled. Returns the bytes written; 2 * n fits.
size_t rfc2217_encode(uint8_t *out, const uint8_t *p, size_t n);

#endif
