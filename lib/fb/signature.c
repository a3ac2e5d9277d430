// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/signature.h"

#include "lib/fb/bytes.h"
#include "lib/fb/crypto.h"

enum { VERSION = 0, RS_OFF = 4, RS_SIZE = 64 };

void fb_signature_v1_encode(const uint8_t rs[64],
                            uint8_t block[FB_SIGNATURE_V1_SIZE])
{
    store32_le(block, VERSION);
    for (unsigned i = 0; i < RS_SIZE; i++) {
        block[RS_OFF + i] = rs[i];
    }
}

enum fb_status
fb_signature_v1_verify_hash(const uint8_t pub[64], const uint8_t hash[32],
                            const uint8_t block[FB_SIGNATURE_V1_SIZE],
                            struct fb_fault *fault)
{
    uint32_t version = load32_le(block);

    if (version != VERSION) {
        return fb_fault_set(fault, FB_E_BAD_VERSION, 0, version, VERSION);
    }
    if (!fb_ecdsa_p256_verify(pub, hash, block + RS_OFF)) {
        return fb_fault_set(fault, FB_E_BAD_SIGNATURE, RS_OFF, 0, 0);
    }
    return FB_OK;
}

enum fb_status fb_signature_v1_verify(const uint8_t pub[64],
                                      const uint8_t *data, size_t n,
                                      const uint8_t block[FB_SIGNATURE_V1_SIZE],
                                      struct fb_fault *fault)
{
    struct fb_sha256 sha;
    uint8_t hash[32];

    fb_sha256_init(&sha);
    fb_sha256_update(&sha, data, n);
    fb_sha256_final(&sha, hash);
    return fb_signature_v1_verify_hash(pub, hash, block, fault);
}
