// SPDX-License-Identifier: Apache-2.0
//
// Secure Boot V2: a sector of 4096 bytes after the padded image, holding up to
// three signature blocks (ESP-IDF docs, secure-boot-v2; docs/FORMATS.md).
// Here are the bytes; signing and checking signatures is the caller's.

#ifndef FB_SIGNATURE_V2_H
#define FB_SIGNATURE_V2_H

#include <stddef.h>
#include <stdint.h>

#include "lib/fb/status.h"

#define FB_SIGNATURE_V2_SECTOR 4096u
#define FB_SIGNATURE_V2_BLOCK  1216u
#define FB_SIGNATURE_V2_BLOCKS 3u

enum fb_signature_v2_kind {
    FB_SIGNATURE_V2_RSA3072 = 0,
    FB_SIGNATURE_V2_P192 = 1, // the curve's number in the block
    FB_SIGNATURE_V2_P256 = 2,
    FB_SIGNATURE_V2_P384 = 3,
};

// A block taken apart. The pointers lead into it.
struct fb_signature_v2 {
    enum fb_signature_v2_kind kind;
    const uint8_t *digest; // of the padded image
    size_t digest_size;    // 48 (SHA-384) for P-384, else 32
    const uint8_t *key;    // what the eFuse digest covers
    size_t key_size;
    const uint8_t *numbers; // the signature, each number little-endian
    size_t number_size;     // bytes of one
};

// FB_E_BAD_MAGIC, FB_E_BAD_VERSION, FB_E_BAD_CRC, FB_E_UNKNOWN (curve, or one
// that does not go with the hash).
enum fb_status fb_signature_v2_parse(const uint8_t block[FB_SIGNATURE_V2_BLOCK],
                                     struct fb_signature_v2 *s);

// The signature big-endian, as crypto libraries take it: r || s, or RSA. out
// holds 384 bytes. Returns the bytes written.
size_t fb_signature_v2_numbers(const struct fb_signature_v2 *s,
                               uint8_t out[384]);

// SHA-256 of the public key as BLOCK2 holds it.
void fb_signature_v2_key_digest(const struct fb_signature_v2 *s,
                                uint8_t out[32]);

// Write a block. All numbers big-endian; n must be odd with its top bit set,
// as an RSA-3072 modulus is.
void fb_signature_v2_encode_rsa(const uint8_t digest[32], const uint8_t n[384],
                                uint32_t e, const uint8_t sig[384],
                                uint8_t block[FB_SIGNATURE_V2_BLOCK]);
// xy and rs: two numbers of 24, 32 or 48 bytes, big-endian.
void fb_signature_v2_encode_ecdsa(enum fb_signature_v2_kind kind,
                                  const uint8_t *digest, const uint8_t *xy,
                                  const uint8_t *rs,
                                  uint8_t block[FB_SIGNATURE_V2_BLOCK]);

#endif
