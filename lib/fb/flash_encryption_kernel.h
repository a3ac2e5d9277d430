// SPDX-License-Identifier: Apache-2.0
//
// Inside of flash_encryption: the tweak, and the ways to run the cipher over
// many rows. A kernel is called with checked arguments: n > 0 bytes at
// flash_off, both multiples of 16, all below 16 MiB; in == out or no overlap.

#ifndef FB_FLASH_ENCRYPTION_KERNEL_H
#define FB_FLASH_ENCRYPTION_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/fb/flash_encryption.h"

// The address bits 23 .. 5, which name a row.
static inline uint32_t fb_flash_encryption_row(uint32_t flash_off)
{
    return flash_off >> 5 & 0x7FFFF;
}

// The 19 bits of a row three times over: 57 bits.
static inline uint64_t fb_flash_encryption_thrice(uint32_t row)
{
    return (uint64_t)row << 38 | (uint64_t)row << 19 | row;
}

// How a row's address lies over the key bits, key bit 0 in the top bit of
// word[0]. Each bit of FLASH_CRYPT_CONFIG stands for a group of key bits: the
// 19 address bits three times, then its lowest 10, 8, 6 or 4 (esp-idf,
// docs/en/security/flash-encryption.rst, "Flash Encryption Algorithm"). That
// makes 67, 65, 63 and 61 bits. row[g] is what group g sees.
static inline void fb_flash_encryption_spread(const uint32_t row[4],
                                              uint64_t word[4])
{
    word[0] = fb_flash_encryption_thrice(row[0]) << 7 | (row[0] >> 3 & 0x7F);
    word[1] = (uint64_t)row[0] << 61 | fb_flash_encryption_thrice(row[1]) << 4 |
              (row[1] >> 4 & 0xF);
    word[2] = (uint64_t)row[1] << 60 | fb_flash_encryption_thrice(row[2]) << 3 |
              (row[2] >> 3 & 0x7);
    word[3] = (uint64_t)row[2] << 61 | fb_flash_encryption_thrice(row[3]) << 4 |
              (row[3] & 0xF);
}

typedef void fb_flash_encryption_run(const struct fb_flash_encryption_key *k,
                                     uint32_t flash_off, const uint8_t *in,
                                     uint8_t *out, size_t n);

struct fb_flash_encryption_kernel {
    const char *name;
    bool (*usable)(void); // on this CPU; may take microseconds
    fb_flash_encryption_run *encrypt;
    fb_flash_encryption_run *decrypt;
};

// Block by block through the crypto seam; usable everywhere.
extern const struct fb_flash_encryption_kernel fb_flash_encryption_portable;
// Four rows at once with the AES instructions of x86 (AES-NI).
extern const struct fb_flash_encryption_kernel fb_flash_encryption_aesni;
// Sixteen rows at once in 512-bit registers (AVX-512 with VAES).
extern const struct fb_flash_encryption_kernel fb_flash_encryption_vaes;

// The i-th kernel of this build, usable or not, slowest first; the 0th is the
// portable one. NULL past the last.
const struct fb_flash_encryption_kernel *fb_flash_encryption_kernel(unsigned i);

// The index of the fastest one that this CPU can run.
unsigned fb_flash_encryption_kernel_best(void);

#endif
