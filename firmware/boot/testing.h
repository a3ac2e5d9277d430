// SPDX-License-Identifier: Apache-2.0
//
// For tests of the bootloader: images and signatures, made by code that the
// firmware does not contain.

#ifndef FIRMWARE_BOOT_TESTING_H
#define FIRMWARE_BOOT_TESTING_H

#include <bearssl.h>

#include "lib/fb/bytes.h"
#include "lib/fb/crypto.h"
#include "lib/fb/image.h"
#include "lib/fb/signature.h"
#include "lib/fb/testing.h"

// Room for an image; a test that makes larger ones says so before.
#ifndef TESTING_BLOB
#define TESTING_BLOB 0x10000u
#endif

// Two private keys: small numbers are valid ones.
static const uint8_t testing_key[32] = {[31] = 5};
static const uint8_t testing_other_key[32] = {[31] = 6};

static inline void testing_public_key(const uint8_t scalar[32], uint8_t pub[64])
{
    uint8_t point[65];

    assert_int_equal(br_ec_p256_m31.mulgen(point, scalar, 32, BR_EC_secp256r1),
                     65);
    memcpy(pub, point + 1, 64);
}

static inline void testing_sign(const uint8_t scalar[32], const uint8_t *p,
                                size_t n, uint8_t block[FB_SIGNATURE_V1_SIZE])
{
    uint8_t copy[32], hash[32], rs[64];
    br_ec_private_key key = {BR_EC_secp256r1, copy, sizeof(copy)};
    struct fb_sha256 c;

    memcpy(copy, scalar, sizeof(copy));
    fb_sha256_init(&c);
    fb_sha256_update(&c, p, n);
    fb_sha256_final(&c, hash);
    assert_int_equal(br_ecdsa_i31_sign_raw(&br_ec_p256_m31, &br_sha256_vtable,
                                           hash, &key, rs),
                     64);
    fb_signature_v1_encode(rs, block);
}

struct testing_blob {
    uint8_t p[TESTING_BLOB];
    uint32_t n;
};

static inline void testing_append(struct testing_blob *b, const void *p,
                                  uint32_t n)
{
    assert_true(n <= sizeof(b->p) - b->n);
    memcpy(b->p + b->n, p, n);
    b->n += n;
}

struct testing_segment {
    uint32_t vaddr;
    uint32_t len;
    const uint8_t *bytes; // NULL: a pattern, testing_pattern()
};

// Byte i of a segment that is filled with a pattern.
static inline uint8_t testing_pattern(uint32_t vaddr, uint32_t i)
{
    return (uint8_t)(vaddr + 3 * i);
}

static inline void testing_append_segment(struct testing_blob *b,
                                          const struct testing_segment *s)
{
    uint8_t header[8];

    store32_le(header, s->vaddr);
    store32_le(header + 4, s->len);
    testing_append(b, header, sizeof(header));
    for (uint32_t i = 0; i < s->len; i++) {
        uint8_t byte =
            s->bytes != NULL ? s->bytes[i] : testing_pattern(s->vaddr, i);
        testing_append(b, &byte, 1);
    }
}

// Fill up to the checksum byte, append the SHA-256.
static inline void testing_append_sums(struct testing_blob *b)
{
    struct fb_image image;
    struct fb_sha256 c;
    uint8_t hash[32];
    static const uint8_t zeros[16];

    testing_append(b, zeros, 16 - b->n % 16);
    assert_int_equal(fb_image_parse(b->p, sizeof(b->p), &image, NULL), FB_OK);
    b->p[image.checksum_off] = fb_image_checksum(b->p, &image);
    fb_sha256_init(&c);
    fb_sha256_update(&c, b->p, b->n);
    fb_sha256_final(&c, hash);
    testing_append(b, hash, sizeof(hash));
}

struct testing_segments {
    uint32_t entry;
    unsigned n;
    struct testing_segment at[8];
};

static inline void testing_make_image(struct testing_blob *b,
                                      const struct testing_segments *s)
{
    struct fb_image_header header = {
        .segments = (uint8_t)s->n,
        .flash_mode = FB_FLASH_DIO,
        .flash_size = 2,
        .entry = s->entry,
        .wp_pin = FB_IMAGE_WP_PIN_NONE,
        .max_rev_full = 0xFFFF,
        .hash_appended = true,
    };
    uint8_t bytes[FB_IMAGE_HEADER_SIZE];

    memset(b, 0, sizeof(*b));
    fb_image_header_encode(&header, bytes);
    testing_append(b, bytes, sizeof(bytes));
    for (unsigned i = 0; i < s->n; i++) {
        testing_append_segment(b, &s->at[i]);
    }
    testing_append_sums(b);
}

static inline void testing_append_signature(struct testing_blob *b,
                                            const uint8_t scalar[32])
{
    uint8_t block[FB_SIGNATURE_V1_SIZE];

    testing_sign(scalar, b->p, b->n, block);
    testing_append(b, block, sizeof(block));
}

#endif
