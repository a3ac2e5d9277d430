// SPDX-License-Identifier: Apache-2.0
//
// lib/fb/crypto.h in the bootloader: SHA-256 by the chip's accelerator, P-256
// and MD5 by small code of our own.
//
// The accelerator keeps the state of a hash to itself, and there is one of it:
// one context at a time, and a copy of it is of no use.

#include "lib/fb/crypto.h"

#include <string.h>

#include "firmware/boot/p256.h"
#include "firmware/drivers/sha.h"
#include "firmware/stub/md5.h"
#include "lib/fb/bytes.h"

#define BLOCK SHA256_BLOCK

struct context {
    uint32_t total; // bytes so far; below 2^29
    uint8_t block[BLOCK];
};
_Static_assert(sizeof(struct context) <= sizeof(struct fb_sha256),
               "struct fb_sha256 holds a context");

static struct context *of(struct fb_sha256 *c)
{
    return (struct context *)(void *)c;
}

void fb_sha256_init(struct fb_sha256 *c)
{
    of(c)->total = 0;
    sha_init();
}

static void absorb(struct context *c, const uint8_t *block)
{
    sha256_block(block, c->total < BLOCK);
    c->total += BLOCK;
}

// Whole blocks go as they lie. `total` counts up to the last whole block;
// above it, the bytes that wait are counted in its low bits.
void fb_sha256_update(struct fb_sha256 *context, const void *data, size_t n)
{
    struct context *c = of(context);
    const uint8_t *p = data;

    while (n > 0) {
        uint32_t waiting = c->total % BLOCK;
        size_t part = BLOCK - waiting < n ? BLOCK - waiting : n;

        if (part == BLOCK) {
            absorb(c, p);
        } else {
            memcpy(c->block + waiting, p, part);
            c->total += (uint32_t)part;
            if (c->total % BLOCK == 0) {
                c->total -= BLOCK;
                absorb(c, c->block);
            }
        }
        p += part;
        n -= part;
    }
}

void fb_sha256_final(struct fb_sha256 *context, uint8_t out[32])
{
    static const uint8_t pad[BLOCK] = {0x80};
    struct context *c = of(context);
    uint32_t bytes = c->total;
    uint8_t length[8];

    store32_be(length, bytes >> 29);
    store32_be(length + 4, bytes << 3);
    fb_sha256_update(context, pad, 1 + (BLOCK - 1 + 56 - bytes) % BLOCK);
    fb_sha256_update(context, length, sizeof(length));
    sha256_state(out);
}

void fb_md5(const void *p, size_t n, uint8_t out[16])
{
    struct md5 c;

    md5_init(&c);
    md5_update(&c, p, n);
    md5_final(&c, out);
}

bool fb_ecdsa_p256_verify(const uint8_t pub[64], const uint8_t hash[32],
                          const uint8_t sig[64])
{
    return p256_verify(pub, hash, sig);
}
