// SPDX-License-Identifier: Apache-2.0
//
// Flash encryption of the ESP32: AES-256 by 16-byte block, inverse cipher to
// encrypt, the key changed by the flash address of each 32-byte row (TRM
// chapter "External Memory Encryption and Decryption"; docs/FORMATS.md).

#ifndef FB_FLASH_ENCRYPTION_H
#define FB_FLASH_ENCRYPTION_H

#include <stddef.h>
#include <stdint.h>

#include "lib/fb/flash.h"
#include "lib/fb/status.h"

#define FB_FLASH_ENCRYPTION_BLOCK 16u
#define FB_FLASH_ENCRYPTION_ROW   32u
// First flash_off that the tweak does not define.
#define FB_FLASH_ENCRYPTION_END FB_FLASH_MAX
// FLASH_CRYPT_CONFIG as every firmware burns it.
#define FB_FLASH_CRYPT_CONFIG_DEFAULT 0xFu

// Set it up with fb_flash_encryption_key_init(). A secret: wipe it after use.
struct fb_flash_encryption_key {
    uint8_t key[32];  // 256 bits, key file order, 192-bit keys extended
    uint8_t mask[32]; // key bits that the address may change
    uint8_t kernel;   // private: how rows are run on this CPU
};

// bytes: a key file of 32 bytes, or 24 (coding scheme 3/4: extended by its
// middle third). config: FLASH_CRYPT_CONFIG 0 .. 15. FB_E_KEY for another
// length, FB_E_RANGE for another config; *k is untouched then.
enum fb_status fb_flash_encryption_key_init(struct fb_flash_encryption_key *k,
                                            const uint8_t *bytes, size_t n,
                                            unsigned config);

// The AES key of the row that flash_off lies in (below 16 MiB).
void fb_flash_encryption_row_key(const struct fb_flash_encryption_key *k,
                                 uint32_t flash_off, uint8_t out[32]);

// n bytes at flash_off, both multiples of 16, all below 16 MiB: else
// FB_E_ALIGN or FB_E_RANGE and out is untouched. in == out is allowed.
enum fb_status fb_flash_encrypt(const struct fb_flash_encryption_key *k,
                                uint32_t flash_off, const uint8_t *in,
                                uint8_t *out, size_t n);
enum fb_status fb_flash_decrypt(const struct fb_flash_encryption_key *k,
                                uint32_t flash_off, const uint8_t *in,
                                uint8_t *out, size_t n);

#endif
