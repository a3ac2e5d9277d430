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

static inline void fb_sha256(const void *p, size_t n, uint8_t out[32])
{
    struct fb_sha256 c;
    fb_sha256_init(&c);
    fb_sha256_update(&c, p, n);
    fb_sha256_final(&c, out);
}

void fb_sha512_init(struct fb_sha512 *c);
void fb_sha512_update(struct fb_sha512 *c, const void *p, size_t n);
void fb_sha512_final(struct fb_sha512 *c, uint8_t out[64]);

// SHA-384 runs in a SHA-512 context: this init, fb_sha512_update(), this final.
void fb_sha384_init(struct fb_sha512 *c);
void fb_sha384_final(struct fb_sha512 *c, uint8_t out[48]);

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

enum fb_curve {
    FB_CURVE_P192,
    FB_CURVE_P256,
    FB_CURVE_P384,
};

// The same on any of the curves; all numbers have the size of the curve's
// field (24, 32 or 48 bytes). hash has n bytes.
bool fb_ecdsa_verify(enum fb_curve curve, const uint8_t *pub,
                     const uint8_t *hash, size_t n, const uint8_t *sig);

// Is sig an RSASSA-PSS signature of hash under the public key (modulus,
// exponent)? SHA-256, MGF1 with SHA-256, 32 bytes of salt; modulus and sig
// big-endian.
bool fb_rsa3072_pss_verify(const uint8_t modulus[384], uint32_t exponent,
                           const uint8_t hash[32], const uint8_t sig[384]);

#endif
