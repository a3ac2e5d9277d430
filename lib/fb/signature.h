// SPDX-License-Identifier: Apache-2.0
//
// Signatures appended to app images and partition tables. V1: a 68-byte block
// with an ECDSA P-256 signature over SHA-256 of all preceding bytes.

#ifndef FB_SIGNATURE_H
#define FB_SIGNATURE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/fb/status.h"

#define FB_SIGNATURE_V1_SIZE 68u

// Write the block for r || s (32 + 32 bytes, big-endian).
void fb_signature_v1_encode(const uint8_t rs[64],
                            uint8_t block[FB_SIGNATURE_V1_SIZE]);

// Check the block over n bytes of data under the raw public key X || Y.
// FB_E_BAD_VERSION: the version word is not 0 (fault->got); FB_E_BAD_SIGNATURE.
// data may be slow memory: it is read once, in order.
enum fb_status fb_signature_v1_verify(const uint8_t pub[64],
                                      const uint8_t *data, size_t n,
                                      const uint8_t block[FB_SIGNATURE_V1_SIZE],
                                      struct fb_fault *fault);

// The same when the SHA-256 of the data is known.
enum fb_status
fb_signature_v1_verify_hash(const uint8_t pub[64], const uint8_t hash[32],
                            const uint8_t block[FB_SIGNATURE_V1_SIZE],
                            struct fb_fault *fault);

#endif
