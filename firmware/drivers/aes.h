// SPDX-License-Identifier: Apache-2.0
//
// The AES accelerator (TRM "AES Accelerator"): one block at a time. It is one
// for all users and keeps key and direction until they are set again.

#ifndef FIRMWARE_DRIVERS_AES_H
#define FIRMWARE_DRIVERS_AES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AES_BLOCK 16u

// Clock on, reset released. key_len: 16 or 32.
void aes_set_key(const uint8_t *key, size_t key_len, bool decrypt);

// in and out may be the same.
void aes_block(const uint8_t in[AES_BLOCK], uint8_t out[AES_BLOCK]);

// Overwrite the key in the accelerator.
void aes_forget_key(void);

#endif
