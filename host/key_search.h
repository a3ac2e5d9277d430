// SPDX-License-Identifier: Apache-2.0
//
// Public keys inside of other files: a bootloader carries the key that it
// verifies with, as 64 bare bytes.

#ifndef HOST_KEY_SEARCH_H
#define HOST_KEY_SEARCH_H

#include <stddef.h>
#include <stdint.h>

// P-256 points (X || Y, big-endian) among n bytes, at any multiple of 4: other
// bytes are one by accident once in 2^256 times. Keeps the first `max` of
// them, each once; returns how many.
size_t host_key_search(const uint8_t *p, size_t n, uint8_t (*pub)[64],
                       size_t max);

#endif
