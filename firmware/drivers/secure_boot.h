// SPDX-License-Identifier: Apache-2.0
//
// The Secure Boot V1 engine: the digest under the key in BLK2, protected or
// not. A record is IV and digest, as they stand at flash_off 0; p are the n
// covered bytes of the bootloader, a multiple of 128.

#ifndef FIRMWARE_DRIVERS_SECURE_BOOT_H
#define FIRMWARE_DRIVERS_SECURE_BOOT_H

#include <stdbool.h>
#include <stdint.h>

#define SECURE_BOOT_BLOCK_SIZE  128u
#define SECURE_BOOT_DIGEST_SIZE 64u
#define SECURE_BOOT_RECORD_SIZE                                                \
    (SECURE_BOOT_BLOCK_SIZE + SECURE_BOOT_DIGEST_SIZE)

// A record with a fresh random IV. Not once ABS_DONE_0 is burned.
void secure_boot_make(uint8_t record[SECURE_BOOT_RECORD_SIZE], const uint8_t *p,
                      uint32_t n);

// What the ROM will find.
bool secure_boot_check(const uint8_t record[SECURE_BOOT_RECORD_SIZE],
                       const uint8_t *p, uint32_t n);

#endif
