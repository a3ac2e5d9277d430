// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/image.h"

#include <string.h>

#include "lib/fb/bytes.h"
#include "lib/fb/crypto.h"
#include "lib/fb/signature.h"

#define SEGMENT_LEN_END 0x1000000u // 16 MiB

// Places of header fields; img_off.
#define OFF_SEGMENTS 1u
#define OFF_ENTRY    4u
#define OFF_CHIP_ID  12u
#define OFF_HASH     23u

enum fb_status fb_image_header_parse(const uint8_t bytes[FB_IMAGE_HEADER_SIZE],
                                     struct fb_image_header *header,
                                     struct fb_fault *fault)
{
    if (bytes[0] != FB_IMAGE_MAGIC) {
        return fb_fault_set(fault, FB_E_BAD_MAGIC, 0, bytes[0], FB_IMAGE_MAGIC);
    }
    if (bytes[1] == 0 || bytes[1] > FB_IMAGE_SEGMENTS_MAX) {
        return fb_fault_set(fault, FB_E_SEGMENTS, OFF_SEGMENTS, bytes[1],
                            FB_IMAGE_SEGMENTS_MAX);
    }
    if (bytes[OFF_HASH] > 1) {
        return fb_fault_set(fault, FB_E_RANGE, OFF_HASH, bytes[OFF_HASH], 1);
    }
    header->segments = bytes[1];
    header->flash_mode = bytes[2];
    header->flash_freq = bytes[3] & 0xF;
    header->flash_size = bytes[3] >> 4;
    header->entry = load32_le(bytes + OFF_ENTRY);
    header->wp_pin = bytes[8];
    memcpy(header->drive, bytes + 9, sizeof(header->drive));
    header->chip_id = load16_le(bytes + OFF_CHIP_ID);
    header->min_rev = bytes[14];
    header->min_rev_full = load16_le(bytes + 15);
    header->max_rev_full = load16_le(bytes + 17);
    header->hash_appended = bytes[OFF_HASH] == 1;
    return FB_OK;
}

void fb_image_header_encode(const struct fb_image_header *header,
                            uint8_t bytes[FB_IMAGE_HEADER_SIZE])
{
    memset(bytes, 0, FB_IMAGE_HEADER_SIZE);
    bytes[0] = FB_IMAGE_MAGIC;
    bytes[1] = header->segments;
    bytes[2] = header->flash_mode;
    bytes[3] = (uint8_t)(header->flash_size << 4 | (header->flash_freq & 0xF));
    store32_le(bytes + OFF_ENTRY, header->entry);
    bytes[8] = header->wp_pin;
    memcpy(bytes + 9, header->drive, sizeof(header->drive));
    store16_le(bytes + OFF_CHIP_ID, header->chip_id);
    bytes[14] = header->min_rev;
    store16_le(bytes + 15, header->min_rev_full);
    store16_le(bytes + 17, header->max_rev_full);
    bytes[OFF_HASH] = header->hash_appended;
}

// One segment header at img_off `off`; *end receives the img_off after its
// data.
static enum fb_status parse_segment(const uint8_t *p, size_t cap, uint32_t off,
                                    struct fb_image_segment *segment,
                                    uint32_t *end, struct fb_fault *fault)
{
    if (FB_IMAGE_SEGMENT_HEADER > cap - off) {
        return fb_fault_set(fault, FB_E_TRUNCATED, off, (uint32_t)(cap - off),
                            FB_IMAGE_SEGMENT_HEADER);
    }
    uint32_t len = load32_le(p + off + 4);
    if (len >= SEGMENT_LEN_END) {
        return fb_fault_set(fault, FB_E_RANGE, off, len, SEGMENT_LEN_END);
    }
    if (len % 4 != 0) {
        return fb_fault_set(fault, FB_E_ALIGN, off, len, 4);
    }
    size_t left = cap - off - FB_IMAGE_SEGMENT_HEADER;
    if (len > left) {
        return fb_fault_set(fault, FB_E_TRUNCATED, off, (uint32_t)left, len);
    }
    segment->vaddr = load32_le(p + off);
    segment->len = len;
    segment->img_off = off + FB_IMAGE_SEGMENT_HEADER;
    *end = segment->img_off + len;
    return FB_OK;
}

enum fb_status fb_image_parse(const uint8_t *p, size_t cap,
                              struct fb_image *image, struct fb_fault *fault)
{
    if (cap < FB_IMAGE_HEADER_SIZE) {
        return fb_fault_set(fault, FB_E_TRUNCATED, 0, (uint32_t)cap,
                            FB_IMAGE_HEADER_SIZE);
    }
    memset(image, 0, sizeof(*image));
    enum fb_status s = fb_image_header_parse(p, &image->header, fault);
    if (s != FB_OK) {
        return s;
    }
    // 16 segments of less than 16 MiB: offsets stay below 2^28.
    uint32_t off = FB_IMAGE_HEADER_SIZE;
    for (unsigned i = 0; i < image->header.segments; i++) {
        s = parse_segment(p, cap, off, &image->segment[i], &off, fault);
        if (s != FB_OK) {
            return s;
        }
    }
    image->checksum_off = off | 15;
    image->len = image->checksum_off + 1 +
                 (image->header.hash_appended ? FB_IMAGE_HASH_SIZE : 0);
    if (image->len > cap) {
        return fb_fault_set(fault, FB_E_TRUNCATED, off, (uint32_t)cap,
                            image->len);
    }
    image->checksum = p[image->checksum_off];
    return FB_OK;
}

uint8_t fb_image_checksum_add(uint8_t checksum, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        checksum ^= p[i];
    }
    return checksum;
}

uint8_t fb_image_checksum(const uint8_t *p, const struct fb_image *image)
{
    uint8_t checksum = FB_IMAGE_CHECKSUM_SEED;
    for (unsigned i = 0; i < image->header.segments; i++) {
        const struct fb_image_segment *segment = &image->segment[i];
        checksum =
            fb_image_checksum_add(checksum, p + segment->img_off, segment->len);
    }
    return checksum;
}

// Checksum and hash in one pass over slow memory, a piece at a time so that
// each piece is still in the cache for the second sum.
struct sums {
    struct fb_sha256 sha; // of header .. checksum byte
    uint8_t checksum;
};

static void sums_absorb(struct sums *sums, const uint8_t *p, size_t n,
                        bool checksummed)
{
    while (n != 0) {
        size_t piece = n < 1024 ? n : 1024;
        fb_sha256_update(&sums->sha, p, piece);
        if (checksummed) {
            sums->checksum = fb_image_checksum_add(sums->checksum, p, piece);
        }
        p += piece;
        n -= piece;
    }
}

static void sums_compute(struct sums *sums, const uint8_t *p,
                         const struct fb_image *image)
{
    fb_sha256_init(&sums->sha);
    sums->checksum = FB_IMAGE_CHECKSUM_SEED;
    uint32_t done = 0;
    for (unsigned i = 0; i < image->header.segments; i++) {
        const struct fb_image_segment *segment = &image->segment[i];
        sums_absorb(sums, p + done, segment->img_off - done, false);
        sums_absorb(sums, p + segment->img_off, segment->len, true);
        done = segment->img_off + segment->len;
    }
    sums_absorb(sums, p + done, image->checksum_off + 1 - done, false);
}

static enum fb_status sums_check(const struct sums *sums, const uint8_t *p,
                                 const struct fb_image *image,
                                 struct fb_fault *fault)
{
    if (image->checksum != sums->checksum) {
        return fb_fault_set(fault, FB_E_BAD_CHECKSUM, image->checksum_off,
                            image->checksum, sums->checksum);
    }
    if (!image->header.hash_appended) {
        return FB_OK;
    }
    struct fb_sha256 sha = sums->sha;
    uint8_t hash[FB_IMAGE_HASH_SIZE];
    fb_sha256_final(&sha, hash);
    uint32_t off = image->checksum_off + 1;
    if (memcmp(hash, p + off, sizeof(hash)) != 0) {
        return fb_fault_set(fault, FB_E_BAD_HASH, off, load32_be(p + off),
                            load32_be(hash));
    }
    return FB_OK;
}

enum fb_status fb_image_check_sums(const uint8_t *p,
                                   const struct fb_image *image,
                                   struct fb_fault *fault)
{
    struct sums sums;
    sums_compute(&sums, p, image);
    return sums_check(&sums, p, image, fault);
}

// TRM chapter "System and Memory", tables "Embedded Memory Address Mapping"
// and "External Memory Address Mapping". CPU0's cache RAM is missing on
// purpose: whoever loads an image runs with that cache on.
static const struct {
    uint32_t from;
    uint32_t to; // first vaddr behind
    enum fb_segment_kind kind;
} regions[] = {
    {0x00000000, 0x00010000, FB_SEGMENT_PADDING},
    {0x3F400000, 0x3F800000, FB_SEGMENT_DROM},
    {0x3FF80000, 0x3FF82000, FB_SEGMENT_RTC}, // RTC fast, data bus
    {0x3FFAE000, 0x40000000, FB_SEGMENT_RAM}, // SRAM2, SRAM1
    {0x40078000, 0x400C0000, FB_SEGMENT_RAM}, // CPU1's cache, SRAM0, SRAM1
    {0x400C0000, 0x400C2000, FB_SEGMENT_RTC}, // RTC fast, instruction bus
    {0x400D0000, 0x40400000, FB_SEGMENT_IROM},
    {0x50000000, 0x50002000, FB_SEGMENT_RTC}, // RTC slow
};

enum fb_segment_kind fb_image_segment_kind(uint32_t vaddr, uint32_t len)
{
    for (size_t i = 0; i < sizeof(regions) / sizeof(regions[0]); i++) {
        if (vaddr < regions[i].from || vaddr >= regions[i].to) {
            continue;
        }
        // Padding has no place in memory that it could outgrow.
        if (regions[i].kind != FB_SEGMENT_PADDING &&
            len > regions[i].to - vaddr) {
            return FB_SEGMENT_BAD;
        }
        return regions[i].kind;
    }
    return FB_SEGMENT_BAD;
}

#define SRAM1_DATA 0x3FFE0000u
#define SRAM1_CODE 0x400A0000u
#define SRAM1_SIZE 0x20000u

// Do from .. to and vaddr .. vaddr + len (not empty, no wrap) share a byte?
static bool ranges_meet(uint32_t from, uint32_t to, uint32_t vaddr,
                        uint32_t len)
{
    return from < to && vaddr < to && from < vaddr + len;
}

// Does the segment, taken at its own addresses, meet vaddr .. vaddr + len, or
// where the instruction bus shows SRAM1 backwards?
static bool segment_touches(uint32_t from, uint32_t to, uint32_t vaddr,
                            uint32_t len)
{
    if (ranges_meet(from, to, vaddr, len)) {
        return true;
    }
    // The same bytes through the other bus: word i of one view is word
    // 0x7FFF - i of the other, so a range maps to a range.
    static const uint32_t views[2][2] = {{SRAM1_DATA, SRAM1_CODE},
                                         {SRAM1_CODE, SRAM1_DATA}};
    for (unsigned i = 0; i < 2; i++) {
        uint32_t base = views[i][0];
        uint32_t low = from > base ? from : base;
        uint32_t high = to < base + SRAM1_SIZE ? to : base + SRAM1_SIZE;
        if (low >= high) {
            continue;
        }
        low &= ~3u;
        high = align_up32(high, 4);
        uint32_t end = views[i][1] + SRAM1_SIZE;
        if (ranges_meet(end - (high - base), end - (low - base), vaddr, len)) {
            return true;
        }
    }
    return false;
}

bool fb_image_touches(const struct fb_image *image, uint32_t vaddr,
                      uint32_t len)
{
    for (unsigned i = 0; i < image->header.segments; i++) {
        const struct fb_image_segment *segment = &image->segment[i];
        enum fb_segment_kind kind =
            fb_image_segment_kind(segment->vaddr, segment->len);
        if (kind != FB_SEGMENT_RAM && kind != FB_SEGMENT_RTC) {
            continue;
        }
        if (segment_touches(segment->vaddr, segment->vaddr + segment->len,
                            vaddr, len)) {
            return true;
        }
    }
    return false;
}

static bool entry_in(const struct fb_image_segment *segment,
                     enum fb_segment_kind kind, uint32_t entry)
{
    return (kind == FB_SEGMENT_RAM || kind == FB_SEGMENT_IROM) &&
           entry >= segment->vaddr && entry - segment->vaddr < segment->len;
}

enum fb_status fb_image_check_loadable(const struct fb_image *image,
                                       uint32_t flash_off,
                                       struct fb_fault *fault)
{
    const struct fb_image_header *header = &image->header;
    if (header->chip_id != FB_IMAGE_CHIP_ESP32) {
        return fb_fault_set(fault, FB_E_UNKNOWN, OFF_CHIP_ID, header->chip_id,
                            FB_IMAGE_CHIP_ESP32);
    }
    unsigned mapped[2] = {0, 0}; // DROM, IROM
    bool entry_found = false;
    for (unsigned i = 0; i < header->segments; i++) {
        const struct fb_image_segment *segment = &image->segment[i];
        enum fb_segment_kind kind =
            fb_image_segment_kind(segment->vaddr, segment->len);
        if (kind == FB_SEGMENT_BAD) {
            return fb_fault_set(fault, FB_E_RANGE, segment->img_off,
                                segment->vaddr, segment->len);
        }
        entry_found |= entry_in(segment, kind, header->entry);
        if (kind != FB_SEGMENT_DROM && kind != FB_SEGMENT_IROM) {
            continue;
        }
        uint32_t data_off = flash_off + segment->img_off;
        if (data_off % FB_IMAGE_MMU_PAGE !=
            segment->vaddr % FB_IMAGE_MMU_PAGE) {
            return fb_fault_set(fault, FB_E_ALIGN, segment->img_off, data_off,
                                segment->vaddr);
        }
        if (++mapped[kind == FB_SEGMENT_IROM] > 1) {
            return fb_fault_set(fault, FB_E_SEGMENTS, segment->img_off, 2, 1);
        }
    }
    if (!entry_found) {
        return fb_fault_set(fault, FB_E_RANGE, OFF_ENTRY, header->entry, 0);
    }
    return FB_OK;
}

#define APP_DESC_MAGIC 0xABCD5432u

uint32_t fb_image_secure_version(const uint8_t *p, const struct fb_image *image)
{
    const struct fb_image_segment *first = &image->segment[0];
    const uint8_t *desc = p + first->img_off;

    return first->len >= 8 &&
                   fb_image_segment_kind(first->vaddr, first->len) ==
                       FB_SEGMENT_DROM &&
                   load32_le(desc) == APP_DESC_MAGIC
               ? load32_le(desc + 4)
               : 0;
}

enum fb_status fb_image_verify_app(const uint8_t *p, size_t cap,
                                   uint32_t flash_off, const uint8_t *pub,
                                   struct fb_image *image,
                                   struct fb_fault *fault)
{
    enum fb_status s = fb_image_parse(p, cap, image, fault);
    if (s != FB_OK) {
        return s;
    }
    s = fb_image_check_loadable(image, flash_off, fault);
    if (s != FB_OK) {
        return s;
    }
    struct sums sums;
    sums_compute(&sums, p, image);
    s = sums_check(&sums, p, image, fault);
    if (s != FB_OK || pub == NULL) {
        return s;
    }
    if (FB_SIGNATURE_V1_SIZE > cap - image->len) {
        return fb_fault_set(fault, FB_E_BAD_SIGNATURE, image->len,
                            (uint32_t)(cap - image->len), FB_SIGNATURE_V1_SIZE);
    }
    // The signature covers the appended hash too.
    uint32_t hashed = image->checksum_off + 1;
    fb_sha256_update(&sums.sha, p + hashed, image->len - hashed);
    uint8_t hash[FB_IMAGE_HASH_SIZE];
    fb_sha256_final(&sums.sha, hash);
    s = fb_signature_v1_verify_hash(pub, hash, p + image->len, fault);
    if (s != FB_OK && fault != NULL) {
        fault->offset = image->len;
    }
    return s;
}

enum fb_image_check fb_image_failed_check(enum fb_status status)
{
    switch (status) {
    case FB_OK:
        return FB_IMAGE_PASSED;
    case FB_E_BAD_MAGIC:
    case FB_E_UNKNOWN:
        return FB_IMAGE_HEADER;
    case FB_E_BAD_CHECKSUM:
        return FB_IMAGE_CHECKSUM;
    case FB_E_BAD_HASH:
        return FB_IMAGE_HASH;
    case FB_E_BAD_SIGNATURE:
    case FB_E_BAD_VERSION:
        return FB_IMAGE_SIGNATURE;
    default:
        return FB_IMAGE_SEGMENTS;
    }
}

#define MIB 0x100000u

uint32_t fb_image_flash_bytes(uint8_t size_id)
{
    return size_id <= 7 ? MIB << size_id : 0;
}

uint8_t fb_image_flash_size_id(uint32_t bytes)
{
    for (uint8_t id = 0; id <= 7; id++) {
        if (bytes == MIB << id) {
            return id;
        }
    }
    return 0xFF;
}
