// SPDX-License-Identifier: Apache-2.0
//
// The flash chip behind SPI1. Addresses are flash_off. All functions return 0,
// or a negative enum flash_error.
//
// The flash cache is switched off around each operation and flushed after each
// change; an erase takes up to 0.4 s. Interrupts stay as they are: handlers may
// run meanwhile, so they and all they touch must be in IRAM and DRAM, and they
// must not call these functions. Buffers may lie in any data memory, mapped
// flash included (data are copied before the cache goes off).
// The APP CPU must not run from flash meanwhile: this firmware leaves it in
// reset.

#ifndef FIRMWARE_DRIVERS_FLASH_H
#define FIRMWARE_DRIVERS_FLASH_H

#include <stddef.h>
#include <stdint.h>

#define FLASH_SECTOR        4096u
#define FLASH_BLOCK         65536u
#define FLASH_ENCRYPTED_ROW 32u

enum flash_error {
    FLASH_E_ALIGN = -1,   // address or length not a multiple as required
    FLASH_E_RANGE = -2,   // beyond 16 MiB
    FLASH_E_TIMEOUT = -3, // the chip stayed busy, or refused to be written to
};

// Raw: what the chip holds, encrypted or not. Any address and length.
int flash_read(uint32_t flash_off, void *out, size_t n);

// The 4 KiB sector at flash_off, a multiple of FLASH_SECTOR.
int flash_erase_sector(uint32_t flash_off);

// The 64 KiB at flash_off, a multiple of FLASH_BLOCK, in one go: 0.15 s, at
// worst 2 s. The bootloader and the application erase sectors.
int flash_erase_block(uint32_t flash_off);

// Raw page program: bits go from 1 to 0. Any address and length.
int flash_write(uint32_t flash_off, const void *in, size_t n);

// Through the hardware encryptor, whether or not flash encryption is on yet.
// flash_off and n are multiples of FLASH_ENCRYPTED_ROW.
int flash_write_encrypted(uint32_t flash_off, const void *in, size_t n);

// The same, as ciphertext that is right at tweak_off: to be copied there later.
// The encryptor and SPI1 are told an address each. (That silicon lets them
// differ is not documented: try it before relying on it.)
int flash_write_encrypted_for(uint32_t tweak_off, uint32_t flash_off,
                              const void *in, size_t n);

// Bytes, from the chip's JEDEC id; 0 when it names no size.
uint32_t flash_size(void);

// Lift the block protection some chips are delivered with. QE stays.
int flash_unlock(void);

#endif
