// SPDX-License-Identifier: Apache-2.0
//
// The two check sums of the ESP32's own formats.

#ifndef FB_CRC_H
#define FB_CRC_H

#include <stddef.h>
#include <stdint.h>

// CRC-8 of a MAC address as in eFuse MAC_CRC: reflected polynomial 0x8C,
// initial value 0, no final XOR.
uint8_t fb_crc8(const uint8_t *p, size_t n);

// CRC-32 in zlib's convention: fb_crc32(0, p, n) == crc32(0, p, n). The ROM's
// crc32_le(seed, ...) is the same function, so boot_info and otadata use
// seed 0xFFFFFFFF.
uint32_t fb_crc32(uint32_t seed, const uint8_t *p, size_t n);

#endif
