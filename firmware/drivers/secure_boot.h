// SPDX-License-Identifier: Apache-2.0
//
// The Secure Boot V1 engine: the digest under the key in BLK2, protected or
// not. One computation at a time, in the order of these functions.

#ifndef FIRMWARE_DRIVERS_SECURE_BOOT_H
#define FIRMWARE_DRIVERS_SECURE_BOOT_H

#include <stdbool.h>
#include <stdint.h>

#define SECURE_BOOT_BLOCK_SIZE  128u
#define SECURE_BOOT_DIGEST_SIZE 64u

// Begin; iv receives fresh random bytes, for whoever makes a digest.
void secure_boot_start(uint8_t iv[SECURE_BOOT_BLOCK_SIZE]);
// First the IV, then the covered bytes of the bootloader. n is a multiple of
// SECURE_BOOT_BLOCK_SIZE.
void secure_boot_absorb(const uint8_t *p, uint32_t n);
// The digest; zeros once ABS_DONE_0 is burned.
void secure_boot_digest(uint8_t digest[SECURE_BOOT_DIGEST_SIZE]);
// What the ROM asks: is it this one?
bool secure_boot_check(const uint8_t digest[SECURE_BOOT_DIGEST_SIZE]);
void secure_boot_finish(void);

#endif
