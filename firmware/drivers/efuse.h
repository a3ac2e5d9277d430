// SPDX-License-Identifier: Apache-2.0
//
// What the eFuse controller shows of the fuses (its read registers, loaded at
// reset). Protected blocks read as 0.

#ifndef FIRMWARE_DRIVERS_EFUSE_H
#define FIRMWARE_DRIVERS_EFUSE_H

#include <stdbool.h>
#include <stdint.h>

// block 0 .. 3; word 0 .. 6 for block 0, else 0 .. 7.
uint32_t efuse_word(unsigned block, unsigned word);

// FLASH_CRYPT_CNT has an odd number of ones.
bool efuse_flash_encryption_on(void);

// How often the flash can still be written in plaintext over UART: encryption
// goes off with the next bit of FLASH_CRYPT_CNT and on with the one after.
// 0 when the field is write-protected.
unsigned efuse_plaintext_flashes_left(void);

// ABS_DONE_0: the ROM checks the bootloader's digest (Secure Boot V1).
bool efuse_secure_boot_on(void);

// Can SECURE_VERSION be what its name says? Not where its block is coded, or
// holds a MAC address or a key of the user's.
bool efuse_secure_version_usable(void);

// Its ones; 0 where it cannot be used.
unsigned efuse_secure_version(void);

#endif
