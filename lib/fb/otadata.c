// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/otadata.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "lib/fb/bytes.h"
#include "lib/fb/crc.h"

#define CRC_OFF   28u
#define CRC_SEED  0xFFFFFFFFu // of the ROM's crc32_le()
#define SEQ_BLANK 0xFFFFFFFFu

// Only the sequence number is under the CRC.
static uint32_t crc_of(const uint8_t bytes[FB_OTADATA_SIZE])
{
    return fb_crc32(CRC_SEED, bytes, 4);
}

enum fb_status fb_otadata_parse(const uint8_t bytes[FB_OTADATA_SIZE],
                                struct fb_otadata *record)
{
    uint32_t seq = load32_le(bytes);
    if (seq == SEQ_BLANK) {
        return FB_E_BLANK;
    }
    if (crc_of(bytes) != load32_le(bytes + CRC_OFF)) {
        return FB_E_BAD_CRC;
    }
    record->seq = seq;
    memcpy(record->label, bytes + 4, sizeof(record->label));
    record->state = load32_le(bytes + 24);
    return FB_OK;
}

void fb_otadata_encode(const struct fb_otadata *record,
                       uint8_t bytes[FB_OTADATA_SIZE])
{
    store32_le(bytes, record->seq);
    memcpy(bytes + 4, record->label, sizeof(record->label));
    store32_le(bytes + 24, record->state);
    store32_le(bytes + CRC_OFF, crc_of(bytes));
}

static bool counts(const struct fb_otadata *record)
{
    return record != NULL && record->seq != 0 &&
           record->state != FB_OTADATA_INVALID &&
           record->state != FB_OTADATA_ABORTED;
}

int fb_otadata_active(const struct fb_otadata *a, const struct fb_otadata *b)
{
    if (counts(a) && counts(b)) {
        return b->seq > a->seq;
    }
    return counts(a) ? 0 : counts(b) ? 1 : -1;
}

uint32_t fb_otadata_slot(const struct fb_otadata *record, uint32_t ota_count)
{
    return (record->seq - 1) % ota_count;
}

uint32_t fb_otadata_next_seq(uint32_t seq, uint32_t slot, uint32_t ota_count)
{
    // seq + 1 would start slot seq % ota_count.
    return seq + 1 + (slot + ota_count - seq % ota_count) % ota_count;
}
