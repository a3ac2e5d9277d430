// SPDX-License-Identifier: Apache-2.0
//
// lib/fb/crypto.h in the application: what it links of it, by BearSSL. P-256
// is ec_p256_m15 (multiplications of 15 bits): it needs less than half
// of the instructions of the generic ec_prime_i15.

#include "lib/fb/crypto.h"

#include <string.h>

#include <bearssl.h>

_Static_assert(sizeof(br_sha256_context) <= sizeof(struct fb_sha256),
               "struct fb_sha256 holds a br_sha256_context");

void fb_sha256_init(struct fb_sha256 *c)
{
    br_sha256_init((br_sha256_context *)(void *)c);
}

void fb_sha256_update(struct fb_sha256 *c, const void *p, size_t n)
{
    br_sha256_update((br_sha256_context *)(void *)c, p, n);
}

void fb_sha256_final(struct fb_sha256 *c, uint8_t out[32])
{
    br_sha256_out((const br_sha256_context *)(const void *)c, out);
}

void fb_md5(const void *p, size_t n, uint8_t out[16])
{
    br_md5_context c;

    br_md5_init(&c);
    br_md5_update(&c, p, n);
    br_md5_out(&c, out);
}

bool fb_ecdsa_p256_verify(const uint8_t pub[64], const uint8_t hash[32],
                          const uint8_t sig[64])
{
    uint8_t point[65]; // uncompressed: 04, X, Y
    br_ec_public_key key = {BR_EC_secp256r1, point, sizeof(point)};

    point[0] = 0x04;
    memcpy(point + 1, pub, 64);
    return br_ecdsa_i15_vrfy_raw(&br_ec_p256_m15, hash, 32, &key, sig, 64) == 1;
}
