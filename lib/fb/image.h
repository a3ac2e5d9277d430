// SPDX-License-Identifier: Apache-2.0
//
// Firmware images: header, segments, checksum byte, appended SHA-256 (esptool
// docs, "Firmware Image Format"; docs/FORMATS.md). The ROM model, the
// bootloader, esptool image_info and the checks all read them here.

#ifndef FB_IMAGE_H
#define FB_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/fb/status.h"

#define FB_IMAGE_MAGIC          0xE9u
#define FB_IMAGE_HEADER_SIZE    24u
#define FB_IMAGE_SEGMENT_HEADER 8u
#define FB_IMAGE_SEGMENTS_MAX   16u
#define FB_IMAGE_CHECKSUM_SEED  0xEFu
#define FB_IMAGE_HASH_SIZE      32u
#define FB_IMAGE_CHIP_ESP32     0u
#define FB_IMAGE_MMU_PAGE       0x10000u
#define FB_IMAGE_WP_PIN_NONE    0xEEu

enum fb_flash_mode {
    FB_FLASH_QIO = 0,
    FB_FLASH_QOUT = 1,
    FB_FLASH_DIO = 2,
    FB_FLASH_DOUT = 3,
};

struct fb_image_header {
    uint8_t segments;
    uint8_t flash_mode; // enum fb_flash_mode; 4 and 5 are legacy single reads
    uint8_t flash_freq; // 0 40 MHz, 1 26, 2 20, 15 80
    uint8_t flash_size; // log2 of the size in MiB
    uint32_t entry;     // vaddr
    uint8_t wp_pin;     // 0xEE: not set
    uint8_t drive[3];   // pad drive strengths, low nibble first
    uint16_t chip_id;
    uint8_t min_rev;       // old style
    uint16_t min_rev_full; // x 100
    uint16_t max_rev_full; // x 100
    bool hash_appended;
};

enum fb_segment_kind {
    FB_SEGMENT_PADDING, // load address below 0x10000: skipped
    FB_SEGMENT_DROM,    // mapped, read
    FB_SEGMENT_IROM,    // mapped, executed
    FB_SEGMENT_RAM,     // copied
    FB_SEGMENT_RTC,     // copied, except after deep sleep
    FB_SEGMENT_BAD,     // nothing of an ESP32 is there
};

struct fb_image_segment {
    uint32_t vaddr;   // load address
    uint32_t len;     // bytes
    uint32_t img_off; // of the data
};

struct fb_image {
    struct fb_image_header header;
    struct fb_image_segment segment[FB_IMAGE_SEGMENTS_MAX];
    uint32_t checksum_off; // of the checksum byte; img_off
    uint32_t len;          // through the checksum byte, and the hash if any
    uint8_t checksum;      // as stored
};

// Decode the 24 bytes. FB_E_BAD_MAGIC, FB_E_SEGMENTS (0 or more than 16).
enum fb_status fb_image_header_parse(const uint8_t bytes[FB_IMAGE_HEADER_SIZE],
                                     struct fb_image_header *header,
                                     struct fb_fault *fault);
void fb_image_header_encode(const struct fb_image_header *header,
                            uint8_t bytes[FB_IMAGE_HEADER_SIZE]);

// Walk an image of which cap bytes are at hand (more may follow it: an image
// in a partition does not know the partition's size). Checks the header and
// that all parts lie inside cap; not the sums. fault->offset is an img_off.
// FB_E_TRUNCATED: a part reaches beyond cap. FB_E_ALIGN: a segment length is
// not a multiple of 4. FB_E_RANGE: a segment of 16 MiB or more.
enum fb_status fb_image_parse(const uint8_t *p, size_t cap,
                              struct fb_image *image, struct fb_fault *fault);

// The XOR over all segment data; p is the image that was parsed.
uint8_t fb_image_checksum(const uint8_t *p, const struct fb_image *image);

// checksum byte, and the appended SHA-256 if there is one.
// FB_E_BAD_CHECKSUM (got, want filled), FB_E_BAD_HASH.
enum fb_status fb_image_check_sums(const uint8_t *p,
                                   const struct fb_image *image,
                                   struct fb_fault *fault);

enum fb_segment_kind fb_image_segment_kind(uint32_t vaddr, uint32_t len);

// Rules for an image that is started from flash_off: mapped segments are
// congruent to their address modulo 64 KiB (FB_E_ALIGN), no segment of kind
// BAD (FB_E_RANGE), chip id is the ESP32's (FB_E_UNKNOWN), the entry lies in a
// RAM or IROM segment (FB_E_RANGE), and at most one DROM and one IROM segment
// each (FB_E_SEGMENTS). fault->offset: img_off of the segment's data.
enum fb_status fb_image_check_loadable(const struct fb_image *image,
                                       uint32_t flash_off,
                                       struct fb_fault *fault);

// Bytes of flash size for the header's size nibble, and back (0xFF: none).
uint32_t fb_image_flash_bytes(uint8_t size_id);
uint8_t fb_image_flash_size_id(uint32_t bytes);

#endif
