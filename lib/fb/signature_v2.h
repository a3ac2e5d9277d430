// SPDX-License-Identifier: Apache-2.0
//
// Secure Boot V2 signatures (ESP-IDF docs, secure-boot-v2; docs/FORMATS.md).
// The content is padded with 0xFF to a multiple of 4096; then follows one
// sector of 4096 bytes with up to three blocks of 1216 bytes, the rest 0xFF.
// The ESP32 (revision 3) takes RSA-3072, and of the blocks the first that its
// key and signature make good (its mask ROM does, `make rom-diff`); the ECDSA
// kinds are for newer chips.

#ifndef FB_SIGNATURE_V2_H
#define FB_SIGNATURE_V2_H

#include <stddef.h>
#include <stdint.h>

#include "lib/fb/status.h"

#define FB_SIGNATURE_V2_SECTOR 4096u // bytes, also what content is padded to
#define FB_SIGNATURE_V2_BLOCK  1216u // bytes
#define FB_SIGNATURE_V2_BLOCKS 3u    // in a sector

enum fb_signature_v2_kind {
    FB_SIGNATURE_V2_RSA3072,
    FB_SIGNATURE_V2_P192, // SHA-256
    FB_SIGNATURE_V2_P256, // SHA-256
    FB_SIGNATURE_V2_P384, // SHA-384
};

// What a block says. Numbers are big-endian, unlike in the block.
struct fb_signature_v2 {
    enum fb_signature_v2_kind kind;
    uint8_t digest[48]; // of the padded content, fb_signature_v2_digest_len()
    uint8_t pub[384];   // modulus, or X || Y
    uint32_t exponent;  // RSA
    uint8_t sig[384];   // RSA signature, or r || s
};

// Bytes of digest, and of pub and sig.
size_t fb_signature_v2_digest_len(enum fb_signature_v2_kind kind);
size_t fb_signature_v2_number_len(enum fb_signature_v2_kind kind);

// The digest that is signed: n bytes of data and the 0xFF that pad them.
void fb_signature_v2_digest(enum fb_signature_v2_kind kind, const uint8_t *data,
                            size_t n, uint8_t digest[48]);

// Write a block; what the chip wants precomputed of an RSA key is computed.
// FB_E_KEY: the modulus is even or has not 3072 bits, block is untouched.
enum fb_status fb_signature_v2_encode(const struct fb_signature_v2 *s,
                                      uint8_t block[FB_SIGNATURE_V2_BLOCK]);

// Read a block. FB_E_BLANK: all 0xFF. FB_E_BAD_MAGIC. FB_E_BAD_CRC.
// FB_E_BAD_VERSION (got: the version byte). FB_E_UNKNOWN: another hash or
// curve. FB_E_KEY: the precomputed values do not belong to the modulus, a chip
// would fail. *s is untouched on failure.
enum fb_status fb_signature_v2_parse(const uint8_t block[FB_SIGNATURE_V2_BLOCK],
                                     struct fb_signature_v2 *s,
                                     struct fb_fault *fault);

// Does s->sig sign s->digest under s->pub? FB_E_BAD_SIGNATURE.
enum fb_status fb_signature_v2_check(const struct fb_signature_v2 *s);

// Parse a block, compare its digest with the data (FB_E_BAD_HASH), check its
// signature. Whether its key is trusted is the caller's to decide.
enum fb_status
fb_signature_v2_verify(const uint8_t *data, size_t n,
                       const uint8_t block[FB_SIGNATURE_V2_BLOCK],
                       struct fb_signature_v2 *s, struct fb_fault *fault);

// Does the sector that follows n bytes of data sign them as the ESP32 asks: by
// a block of RSA-3072 whose key has the digest `trusted` (NULL: any key)?
// *block receives its number. Else the status of the first block: what
// fb_signature_v2_verify() says, FB_E_BAD_VERSION for a kind that this chip
// does not know, FB_E_BAD_DIGEST for a good signature of another key; *block is
// 0 then.
enum fb_status fb_signature_v2_verify_sector(
    const uint8_t *data, size_t n, const uint8_t sector[FB_SIGNATURE_V2_SECTOR],
    const uint8_t *trusted, unsigned *block, struct fb_fault *fault);

// SHA-256 of the block's public key, as eFuse BLK2 holds it. The block parses.
void fb_signature_v2_key_digest(const uint8_t block[FB_SIGNATURE_V2_BLOCK],
                                uint8_t digest[32]);

#endif
