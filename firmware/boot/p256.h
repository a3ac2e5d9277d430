// SPDX-License-Identifier: Apache-2.0
//
// ECDSA over NIST P-256 (FIPS 186-4), verifying only: every number here is
// public, so nothing takes constant time.

#ifndef FIRMWARE_BOOT_P256_H
#define FIRMWARE_BOOT_P256_H

#include <stdbool.h>
#include <stdint.h>

// Does r || s (big-endian) sign the SHA-256 hash under the public key X || Y?
// False, too, for a key that is no point of the curve and for an r or s that
// is 0 or not below the order.
bool p256_verify(const uint8_t pub[64], const uint8_t hash[32],
                 const uint8_t sig[64]);

#endif
