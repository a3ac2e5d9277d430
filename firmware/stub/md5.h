// SPDX-License-Identifier: Apache-2.0
//
// MD5 (RFC 1321) of data that come in pieces; small rather than fast. The
// loader's protocol asks for it. It protects against accidents only.

#ifndef FIRMWARE_STUB_MD5_H
#define FIRMWARE_STUB_MD5_H

#include <stddef.h>
#include <stdint.h>

struct md5 {
    uint32_t state[4];
    uint32_t total; // bytes so far, below 2^29
    uint8_t block[64];
};

void md5_init(struct md5 *c);
void md5_update(struct md5 *c, const uint8_t *p, size_t n);
void md5_final(struct md5 *c, uint8_t out[16]);

#endif
