// SPDX-License-Identifier: Apache-2.0
//
// Coding schemes of BLK1 to BLK3: how data bytes become fuse bits.

#ifndef FB_EFUSE_CODING_H
#define FB_EFUSE_CODING_H

#include <stddef.h>
#include <stdint.h>

#include "lib/fb/status.h"

enum fb_efuse_coding {
    FB_CODING_NONE = 0,
    FB_CODING_3_4 = 1,
    FB_CODING_REPEAT = 2,
    FB_CODING_NONE_RECOVERY = 3,
};

// Data bytes a block holds: 32, 24 or 16.
size_t fb_efuse_coding_bytes(enum fb_efuse_coding coding);

// Encode exactly fb_efuse_coding_bytes() bytes into the 8 words to program.
// FB_E_SIZE for another n.
enum fb_status fb_efuse_encode(enum fb_efuse_coding coding, const uint8_t *data,
                               size_t n, uint32_t words[8]);

// Which six-byte groups have check bytes that disagree: bit g for group g, 0
// when all is well (always but for 3/4; a blank group is fine).
unsigned fb_efuse_coding_errors(enum fb_efuse_coding coding,
                                const uint32_t raw[8]);

// Decode; words beyond the data read 0. Data bytes are taken as they stand,
// never corrected. Returns the number of groups in fb_efuse_coding_errors().
// raw and decoded may be the same.
unsigned fb_efuse_decode(enum fb_efuse_coding coding, const uint32_t raw[8],
                         uint32_t decoded[8]);

#endif
