// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/efuse_coding.h"

#include "lib/fb/bytes.h"

// 3/4: four groups, each of six data bytes and two check bytes.
enum { GROUPS = 4, GROUP_DATA = 6, GROUP_RAW = 8 };

size_t fb_efuse_coding_bytes(enum fb_efuse_coding coding)
{
    switch (coding) {
    case FB_CODING_3_4:
        return GROUPS * GROUP_DATA;
    case FB_CODING_REPEAT:
        return 16;
    case FB_CODING_NONE:
    case FB_CODING_NONE_RECOVERY:
        break;
    }
    return 32;
}

// The XOR of the data bytes, and the sum of their bit counts, each weighted
// with its position from 1 (TRM, "3/4 coding scheme").
static void check_bytes(const uint8_t data[GROUP_DATA], uint8_t check[2])
{
    unsigned parity = 0;
    unsigned sum = 0;

    for (unsigned i = 0; i < GROUP_DATA; i++) {
        parity ^= data[i];
        sum += (i + 1) * ones32(data[i]);
    }
    check[0] = (uint8_t)parity;
    check[1] = (uint8_t)sum; // at most 168
}

static void store_words(const uint8_t bytes[32], uint32_t words[8])
{
    for (unsigned i = 0; i < 8; i++) {
        words[i] = load32_le(bytes + 4 * i);
    }
}

enum fb_status fb_efuse_encode(enum fb_efuse_coding coding, const uint8_t *data,
                               size_t n, uint32_t words[8])
{
    uint8_t raw[32] = {0};

    if (n != fb_efuse_coding_bytes(coding)) {
        return FB_E_SIZE;
    }
    switch (coding) {
    case FB_CODING_3_4:
        for (unsigned g = 0; g < GROUPS; g++) {
            const uint8_t *in = data + g * GROUP_DATA;
            uint8_t *out = raw + g * GROUP_RAW;

            for (unsigned i = 0; i < GROUP_DATA; i++) {
                out[i] = in[i];
            }
            check_bytes(in, out + GROUP_DATA);
        }
        break;
    case FB_CODING_REPEAT:
    case FB_CODING_NONE:
    case FB_CODING_NONE_RECOVERY:
        for (unsigned i = 0; i < 32; i++) {
            raw[i] = data[i % n];
        }
        break;
    }
    store_words(raw, words);
    fb_bytes_wipe(raw, sizeof(raw));
    return FB_OK;
}

unsigned fb_efuse_coding_errors(enum fb_efuse_coding coding,
                                const uint32_t raw[8])
{
    unsigned errors = 0;

    if (coding != FB_CODING_3_4) {
        return 0;
    }
    for (unsigned g = 0; g < GROUPS; g++) {
        uint8_t group[GROUP_RAW];
        uint8_t check[2];

        store32_le(group, raw[2 * g]);
        store32_le(group + 4, raw[2 * g + 1]);
        check_bytes(group, check);
        if (check[0] != group[GROUP_DATA] ||
            check[1] != group[GROUP_DATA + 1]) {
            errors |= 1u << g;
        }
        fb_bytes_wipe(group, sizeof(group));
    }
    return errors;
}

unsigned fb_efuse_decode(enum fb_efuse_coding coding, const uint32_t raw[8],
                         uint32_t decoded[8])
{
    uint8_t bytes[32] = {0};
    unsigned errors = fb_efuse_coding_errors(coding, raw);

    for (unsigned i = 0; i < 32; i++) {
        uint8_t byte = (uint8_t)(raw[i / 4] >> 8 * (i % 4));

        if (coding == FB_CODING_REPEAT) {
            bytes[i % 16] |= byte; // a bit that burned in one copy counts
        } else if (coding != FB_CODING_3_4) {
            bytes[i] = byte;
        } else if (i % GROUP_RAW < GROUP_DATA) {
            bytes[i / GROUP_RAW * GROUP_DATA + i % GROUP_RAW] = byte;
        }
    }
    store_words(bytes, decoded);
    fb_bytes_wipe(bytes, sizeof(bytes));
    return ones32(errors);
}
