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

// Decode the 24 bytes. FB_E_BAD_MAGIC, FB_E_SEGMENTS (0 or more than 16),
// FB_E_RANGE (the hash_appended byte is neither 0 nor 1). The reserved bytes
// 19 to 22 are not looked at.
enum fb_status fb_image_header_parse(const uint8_t bytes[FB_IMAGE_HEADER_SIZE],
                                     struct fb_image_header *header,
                                     struct fb_fault *fault);
// Encode; reserved bytes become 0.
void fb_image_header_encode(const struct fb_image_header *header,
                            uint8_t bytes[FB_IMAGE_HEADER_SIZE]);

// Walk an image of which cap bytes are at hand (more may follow it: an image
// in a partition does not know the partition's size). Checks the header and
// that all parts lie inside cap; not the sums. fault->offset is an img_off.
// FB_E_TRUNCATED: a part reaches beyond cap. FB_E_ALIGN: a segment length is
// not a multiple of 4. FB_E_RANGE: a segment of 16 MiB or more.
enum fb_status fb_image_parse(const uint8_t *p, size_t cap,
                              struct fb_image *image, struct fb_fault *fault);

// XOR n bytes into a running checksum, which starts as FB_IMAGE_CHECKSUM_SEED.
uint8_t fb_image_checksum_add(uint8_t checksum, const uint8_t *p, size_t n);

// The XOR over all segment data; p is the image that was parsed.
uint8_t fb_image_checksum(const uint8_t *p, const struct fb_image *image);

// The checksum byte, and the appended SHA-256 if there is one.
// FB_E_BAD_CHECKSUM (got: the stored byte, want: the computed one),
// FB_E_BAD_HASH. p is read once, in order.
enum fb_status fb_image_check_sums(const uint8_t *p,
                                   const struct fb_image *image,
                                   struct fb_fault *fault);

enum fb_segment_kind fb_image_segment_kind(uint32_t vaddr, uint32_t len);

// Does a segment that is copied (RAM or RTC) touch vaddr .. vaddr + len? SRAM1
// counts as one memory, whether it is named by its data or by its instruction
// addresses. A loader asks this for the memory it runs in itself.
bool fb_image_touches(const struct fb_image *image, uint32_t vaddr,
                      uint32_t len);

// Rules for an image that is started from flash_off: mapped segments are
// congruent to their address modulo 64 KiB (FB_E_ALIGN), no segment of kind
// BAD (FB_E_RANGE), chip id is the ESP32's (FB_E_UNKNOWN), the entry lies in a
// RAM or IROM segment (FB_E_RANGE), and at most one DROM and one IROM segment
// each (FB_E_SEGMENTS). fault->offset: img_off of the segment's data, or of the
// header field.
enum fb_status fb_image_check_loadable(const struct fb_image *image,
                                       uint32_t flash_off,
                                       struct fb_fault *fault);

// The security version of an application: the word behind the magic number of
// ESP-IDF's application description (esp_app_desc.h), which is the start of the
// first segment when that is a DROM segment. 0 without a description. p is the
// image that was parsed.
uint32_t fb_image_secure_version(const uint8_t *p,
                                 const struct fb_image *image);

// Everything that has to hold before an image at flash_off is started, in one
// line for the bootloader, the application and the host: fb_image_parse(),
// fb_image_check_loadable(), fb_image_check_sums(), and, when pub (a raw P-256
// public key) is not NULL, the V1 signature block that follows image->len.
//
// The sums come before the signature, so that the status tells a corrupted
// image (FB_E_BAD_CHECKSUM, FB_E_BAD_HASH) from a good one that somebody else
// signed (FB_E_BAD_SIGNATURE) or nobody (FB_E_BAD_VERSION, or
// FB_E_BAD_SIGNATURE when cap leaves no room for a block). After the headers p
// is read once, in order. *image is filled as far as parsing went, for messages
// only.
enum fb_status fb_image_verify_app(const uint8_t *p, size_t cap,
                                   uint32_t flash_off, const uint8_t *pub,
                                   struct fb_image *image,
                                   struct fb_fault *fault);

// Which part of that a status accuses: what a console line is chosen by.
enum fb_image_check {
    FB_IMAGE_PASSED,
    FB_IMAGE_HEADER,    // not an ESP32 image at all
    FB_IMAGE_SEGMENTS,  // cut short, or segments where none can be
    FB_IMAGE_CHECKSUM,  // corrupted
    FB_IMAGE_HASH,      // corrupted
    FB_IMAGE_SIGNATURE, // valid, but not signed by the key
};
enum fb_image_check fb_image_failed_check(enum fb_status status);

// Bytes of flash size for the header's size nibble, and back (0xFF: none).
uint32_t fb_image_flash_bytes(uint8_t size_id);
uint8_t fb_image_flash_size_id(uint32_t bytes);

#endif
