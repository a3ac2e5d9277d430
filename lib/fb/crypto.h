// SPDX-License-Identifier: Apache-2.0
//
// The seam to the crypto library: declared here, defined once for the host
// (host/crypto_openssl.c, OpenSSL) and once for the chip
// (firmware/boot/crypto_bearssl.c, BearSSL). lib calls nothing else. The chip
// build defines only what it links: SHA-256, MD5 and the ECDSA check.
//
// Contexts are plain memory: copy them to fork a computation.

#ifndef FB_CRYPTO_H
#define FB_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fb_sha256 {
    uint64_t opaque[16];
};

struct fb_sha512 {
    uint64_t opaque[32];
};

struct fb_aes256 {
    uint64_t opaque[32]; // one direction's key schedule
};

void fb_sha256_init(struct fb_sha256 *c);
void fb_sha256_update(struct fb_sha256 *c, const void *p, size_t n);
void fb_sha256_final(struct fb_sha256 *c, uint8_t out[32]);

void fb_sha512_init(struct fb_sha512 *c);
void fb_sha512_update(struct fb_sha512 *c, const void *p, size_t n);
void fb_sha512_final(struct fb_sha512 *c, uint8_t out[64]);

void fb_md5(const void *p, size_t n, uint8_t out[16]);

// AES-256, one 16-byte block; in and out may be the same. A context serves
// the direction it was set up for.
void fb_aes256_encrypt_init(struct fb_aes256 *c, const uint8_t key[32]);
void fb_aes256_encrypt(const struct fb_aes256 *c, const uint8_t in[16],
                       uint8_t out[16]);
void fb_aes256_decrypt_init(struct fb_aes256 *c, const uint8_t key[32]);
void fb_aes256_decrypt(const struct fb_aes256 *c, const uint8_t in[16],
                       uint8_t out[16]);

// Does r || s (32 + 32 bytes, big-endian) sign hash under the P-256 public
// key X || Y (32 + 32 bytes, big-endian)? False for a key off the curve.
bool fb_ecdsa_p256_verify(const uint8_t pub[64], const uint8_t hash[32],
                          const uint8_t sig[64]);

#endif
