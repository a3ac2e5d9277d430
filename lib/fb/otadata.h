// SPDX-License-Identifier: Apache-2.0
//
// otadata as ESP-IDF keeps it: which OTA slot to start, a record in each of
// two sectors, so that one survives while the other is written (esp-idf
// esp_flash_partitions.h). Pycom boards keep boot_info.h there instead.

#ifndef FB_OTADATA_H
#define FB_OTADATA_H

#include <stdint.h>

#include "lib/fb/status.h"

#define FB_OTADATA_SIZE 32u

enum fb_otadata_state {
    FB_OTADATA_NEW = 0,
    FB_OTADATA_PENDING_VERIFY = 1,
    FB_OTADATA_VALID = 2,
    FB_OTADATA_INVALID = 3,
    FB_OTADATA_ABORTED = 4,
};
#define FB_OTADATA_UNDEFINED 0xFFFFFFFFu // state of older versions

struct fb_otadata {
    uint32_t seq;      // from 1; the record with the larger one counts
    uint8_t label[20]; // unused, 0xFF
    uint32_t state;    // enum fb_otadata_state or FB_OTADATA_UNDEFINED
};

// FB_E_BLANK: no sequence number. FB_E_BAD_CRC.
enum fb_status fb_otadata_parse(const uint8_t bytes[FB_OTADATA_SIZE],
                                struct fb_otadata *record);
void fb_otadata_encode(const struct fb_otadata *record,
                       uint8_t bytes[FB_OTADATA_SIZE]);

// Which of two records counts: 0 or 1, -1 for none. A record is NULL when it
// did not parse; one that is INVALID or ABORTED does not count.
int fb_otadata_active(const struct fb_otadata *a, const struct fb_otadata *b);

// The OTA slot of a record: ota_0 is 0. ota_count is not 0, seq neither.
uint32_t fb_otadata_slot(const struct fb_otadata *record, uint32_t ota_count);

// The sequence number that makes `slot` (below ota_count) the active one after
// a record with the number `seq` (0: there is none).
uint32_t fb_otadata_next_seq(uint32_t seq, uint32_t slot, uint32_t ota_count);

#endif
