// SPDX-License-Identifier: Apache-2.0
//
// The SHA accelerator, as far as SHA-256 goes. It keeps the state of the hash
// that is under way and cannot be given another: one at a time. Padding is the
// caller's.

#ifndef FIRMWARE_DRIVERS_SHA_H
#define FIRMWARE_DRIVERS_SHA_H

#include <stdbool.h>
#include <stdint.h>

#define SHA256_BLOCK 64u

// Clock on, reset released. Not while the AES or secure boot engines work:
// their resets are chained.
void sha_init(void);

// Absorb a block; `first` starts a new hash. p: any alignment.
void sha256_block(const uint8_t p[SHA256_BLOCK], bool first);

// The state after the last block, big-endian: the digest if it was padded.
void sha256_state(uint8_t out[32]);

#endif
