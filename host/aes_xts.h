// SPDX-License-Identifier: Apache-2.0
//
// Flash encryption of the chips after the ESP32: AES-XTS by units of 128
// bytes, each reversed before and after, the tweak being the unit's address.

#ifndef HOST_AES_XTS_H
#define HOST_AES_XTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// In place; flash_off and n are multiples of 16. key_len: 32 (AES-128), 64
// (AES-256), or 16 (SHA-256 of it makes 32). False: the key is none of XTS
// (its halves are equal); data is then scratch.
bool host_aes_xts(const uint8_t *key, size_t key_len, uint32_t flash_off,
                  uint8_t *data, size_t n, bool encrypt);

#endif
