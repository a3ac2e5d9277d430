// SPDX-License-Identifier: Apache-2.0
//
// A zlib stream (RFC 1950, 1951) inflated piece by piece, as its input arrives.
// Small rather than fast: for the flasher stub. The host has zlib.

#ifndef FB_INFLATE_H
#define FB_INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FB_INFLATE_WINDOW 0x8000u
#define FB_INFLATE_PIECE  0x1000u // output comes in pieces of at most this

enum fb_inflate_event {
    FB_INFLATE_MORE, // a piece, more are to come
    FB_INFLATE_DONE, // the last piece, and the stream's checksum matches
    FB_INFLATE_BAD,  // no valid stream, or the input ended
};

// A Huffman code: how many codes have each length, and their symbols in order.
struct fb_inflate_code {
    uint16_t count[16];
    uint16_t symbol[288];
};

// Set it up with fb_inflate_init(); in and in_end are the caller's too.
struct fb_inflate {
    // Input at hand. When it is used up more() is called: it answers the next
    // byte, and may set in and in_end to what follows it; -1: there is none.
    const uint8_t *in, *in_end;
    int (*more)(void *ctx);
    void *ctx;

    uint8_t *window; // the caller's, FB_INFLATE_WINDOW bytes
    uint32_t total;  // bytes put out
    uint32_t bits;   // input bits not yet used, bit_count of them
    unsigned bit_count;
    bool last; // block
    bool bad;
    uint8_t block;     // what is being decoded
    uint32_t run;      // bytes left to copy, from
    uint32_t distance; // so far back
    uint32_t adler;
    uint8_t length[288 + 32];
    struct fb_inflate_code literals, distances;
};

void fb_inflate_init(struct fb_inflate *i, uint8_t *window,
                     int (*more)(void *ctx), void *ctx);

// The next piece: *n bytes at *p inside the window, valid until the next call;
// *n may be 0 with FB_INFLATE_DONE. After DONE and BAD it must not be called
// again.
enum fb_inflate_event fb_inflate_next(struct fb_inflate *i, const uint8_t **p,
                                      size_t *n);

#endif
