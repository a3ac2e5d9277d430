// SPDX-License-Identifier: Apache-2.0
//
// The public key that this bootloader trusts, put in by the build (SIGN_PUB).

#ifndef FIRMWARE_BOOT_SIGNING_KEY_H
#define FIRMWARE_BOOT_SIGNING_KEY_H

#include <stdint.h>

// P-256, X || Y, big-endian.
extern const uint8_t boot_signing_key[64];
// 64, or 0 when the bootloader was built without a key.
extern const uint32_t boot_signing_key_size;

#endif
