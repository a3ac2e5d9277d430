// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/content.h"

#include <assert.h>
#include <string.h>

#include "lib/fb/boot_info.h"
#include "lib/fb/bytes.h"
#include "lib/fb/crc.h"
#include "lib/fb/image.h"
#include "lib/fb/otadata.h"
#include "lib/fb/partition_table.h"
#include "lib/fb/secure_boot_v1.h"

#define CHIP_ID_MAX 0x20u

#define ROW FB_FLASH_ENCRYPTION_ROW

// --- the formats ---

// So much of a header says that this is one, of this chip or of a later one;
// what follows it may be broken. Chip ids are small numbers (esptool's
// IMAGE_CHIP_ID), the code of all chips lies below 0x50000000.
static bool is_image(const uint8_t *p)
{
    struct fb_image_header h;

    return fb_image_header_parse(p, &h, NULL) == FB_OK &&
           h.chip_id <= CHIP_ID_MAX && h.flash_mode <= 5 &&
           h.entry >= 0x40000000u &&
           h.entry <
               (h.chip_id == FB_IMAGE_CHIP_ESP32 ? 0x40400000u : 0x50000000u);
}

static bool is_table(const uint8_t *p)
{
    struct fb_partition part;

    return fb_partition_row(p, &part) == 1;
}

// An IV, which may be anything, a digest, which is random, and nothing after
// it.
static bool is_digest(const uint8_t *p)
{
    const uint32_t end =
        FB_SECURE_BOOT_V1_DIGEST_OFF + FB_SECURE_BOOT_V1_DIGEST_SIZE;

    for (uint32_t i = FB_SECURE_BOOT_V1_DIGEST_OFF; i < end; i += ROW) {
        if (fb_bytes_all(p + i, ROW, p[i])) {
            return false;
        }
    }
    return fb_bytes_all(p + end, FB_CONTENT_PROBE_MAX - end, 0xFF);
}

static bool is_boot_info(const uint8_t *p)
{
    struct fb_boot_info info;

    return fb_boot_info_parse(p, &info) == FB_OK;
}

static bool is_otadata(const uint8_t *p)
{
    struct fb_otadata record;

    return fb_otadata_parse(p, &record) == FB_OK;
}

// ESP-IDF docs, "Non-Volatile Storage Library", page header: state, sequence
// number, version, 19 bytes unused, CRC-32 of what is after the state.
static bool is_nvs(const uint8_t *p)
{
    uint32_t state = load32_le(p);

    return (state == 0xFFFFFFFEu || state == 0xFFFFFFFCu ||
            state == 0xFFFFFFF8u) &&
           fb_crc32(0xFFFFFFFFu, p + 4, 24) == load32_le(p + 28);
}

static bool is_fat(const uint8_t *p)
{
    return load16_le(p + 510) == 0xAA55 &&
           (memcmp(p + 54, "FAT", 3) == 0 || memcmp(p + 82, "FAT", 3) == 0);
}

static bool is_littlefs(const uint8_t *p)
{
    return memcmp(p + 8, "littlefs", 8) == 0;
}

static const struct format {
    const char *name;
    bool (*is)(const uint8_t *p); // sees the first `probe` bytes
    uint32_t probe;
} formats[FB_CONTENTS] = {
    [FB_CONTENT_UNKNOWN] = {"nothing", NULL, 0},
    [FB_CONTENT_IMAGE] = {"image", is_image, ROW},
    [FB_CONTENT_TABLE] = {"partition table", is_table, ROW},
    [FB_CONTENT_NVS] = {"NVS", is_nvs, ROW},
    [FB_CONTENT_LITTLEFS] = {"littlefs", is_littlefs, ROW},
    [FB_CONTENT_BOOT_INFO] = {"boot_info", is_boot_info, FB_BOOT_INFO_SIZE},
    [FB_CONTENT_OTADATA] = {"otadata", is_otadata, ROW},
    [FB_CONTENT_DIGEST] = {"Secure Boot V1 digest", is_digest,
                           FB_CONTENT_PROBE_MAX},
    [FB_CONTENT_FAT] = {"FAT", is_fat, FB_CONTENT_PROBE_MAX},
};

const char *fb_content_name(enum fb_content content)
{
    assert((unsigned)content < FB_CONTENTS);
    return formats[content].name;
}

// --- where the plaintext comes from ---

size_t fb_reading_len(const struct fb_reading *r)
{
    size_t room = FB_FLASH_MAX - r->flash_off;

    return r->key == NULL || r->n < room ? r->n : room;
}

bool fb_reading_text(const struct fb_reading *r, uint8_t *out, size_t n)
{
    if (n > fb_reading_len(r)) {
        return false;
    }
    if (r->key == NULL) {
        memmove(out, r->raw, n);
        return true;
    }
    return fb_flash_decrypt(r->key, r->flash_off, r->raw, out, n) == FB_OK &&
           (!r->twice ||
            fb_flash_decrypt(r->key, r->flash_off, out, out, n) == FB_OK);
}

// The probes of a ciphertext are decrypted as far as they go.
enum fb_content fb_content_of(const struct fb_reading *r, unsigned set)
{
    uint8_t head[FB_CONTENT_PROBE_MAX];
    const uint8_t *p = r->key == NULL ? r->raw : head;
    size_t n = fb_reading_len(r);
    size_t have = r->key == NULL ? n : 0;

    for (unsigned i = 1; i < FB_CONTENTS; i++) {
        const struct format *f = &formats[i];

        if ((set & FB_CONTENT_SET(i)) == 0 || f->probe > n) {
            continue;
        }
        if (f->probe > have) {
            have = align_up32(f->probe, FB_FLASH_ENCRYPTION_BLOCK);
            if (!fb_reading_text(r, head, have)) {
                return FB_CONTENT_UNKNOWN;
            }
        }
        if (f->is(p)) {
            return (enum fb_content)i;
        }
    }
    return FB_CONTENT_UNKNOWN;
}

enum fb_content fb_content_of_bytes(const uint8_t *p, size_t n, unsigned set)
{
    const struct fb_reading r = {.raw = p, .n = n};

    return fb_content_of(&r, set);
}

enum fb_content fb_content_of_file(const uint8_t *p, size_t n)
{
    enum fb_content content = fb_content_of_bytes(p, n, FB_CONTENT_BOOT);

    if (content == FB_CONTENT_UNKNOWN && n > FB_FLASH_BOOTLOADER &&
        fb_content_of_bytes(p + FB_FLASH_BOOTLOADER, n - FB_FLASH_BOOTLOADER,
                            FB_CONTENT_SET(FB_CONTENT_IMAGE)) !=
            FB_CONTENT_UNKNOWN) {
        content = FB_CONTENT_DIGEST;
    }
    return content;
}
