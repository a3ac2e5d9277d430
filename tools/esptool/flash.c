// SPDX-License-Identifier: Apache-2.0
//
// Flash parameters, in words and in image headers.

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/fb/bytes.h"
#include "lib/fb/content.h"
#include "lib/fb/crypto.h"
#include "lib/fb/partition_table.h"
#include "lib/fb/secure_boot_v1.h"
#include "tools/esptool/esptool.h"

struct name {
    const char *text;
    uint32_t value;
};

static const struct name freqs[] = {
    {"40m", 0}, {"26m", 1}, {"20m", 2}, {"80m", 15}, {0},
};

static const struct name modes[] = {
    {"qio", FB_FLASH_QIO},
    {"qout", FB_FLASH_QOUT},
    {"dio", FB_FLASH_DIO},
    {"dout", FB_FLASH_DOUT},
    {0},
};

// as the JEDEC size byte of a flash id means them
static const struct name sizes[] = {
    {"256KB", 256u << 10},
    {"512KB", 512u << 10},
    {"1MB", 1u << 20},
    {"2MB", 2u << 20},
    {"4MB", 4u << 20},
    {"8MB", 8u << 20},
    {"16MB", 16u << 20},
    {"32MB", 32u << 20},
    {"64MB", 64u << 20},
    {"128MB", 128u << 20},
    {0},
};

static const char *name_of(const struct name *names, uint32_t value)
{
    for (; names->text; names++) {
        if (names->value == value) {
            return names->text;
        }
    }
    return NULL;
}

static uint32_t value_of(const struct name *names, const char *text)
{
    for (; names->text; names++) {
        if (strcmp(names->text, text) == 0) {
            return names->value;
        }
    }
    return 0;
}

uint32_t esptool_size_bytes(const char *text)
{
    char *end;
    if (!isdigit((unsigned char)text[0])) {
        return 0;
    }
    unsigned long n = strtoul(text, &end, 10);
    unsigned shift = strcmp(end, "MB") == 0   ? 20
                     : strcmp(end, "KB") == 0 ? 10
                                              : 32;
    if (shift == 32 || n > UINT32_MAX >> shift) {
        return 0;
    }
    return (uint32_t)n << shift;
}

const char *esptool_size_name(uint32_t bytes)
{
    return name_of(sizes, bytes);
}

const char *esptool_freq_name(uint8_t id)
{
    return name_of(freqs, id);
}

const char *esptool_mode_name(uint8_t id)
{
    return name_of(modes, id);
}

void esptool_flash_params(const struct cli *cli, uint32_t detected,
                          struct esptool_flash_params *params)
{
    const char *freq = cli_string(cli, "flash-freq");
    const char *mode = cli_string(cli, "flash-mode");
    const char *size = cli_string(cli, "flash-size");
    *params = (struct esptool_flash_params){
        .keep_freq = strcmp(freq, "keep") == 0,
        .keep_mode = strcmp(mode, "keep") == 0,
        .keep_size = strcmp(size, "keep") == 0,
        .freq = (uint8_t)value_of(freqs, freq),
        .mode = (uint8_t)value_of(modes, mode),
    };
    uint32_t bytes =
        strcmp(size, "detect") == 0 ? detected : esptool_size_bytes(size);
    params->size = fb_image_flash_size_id(bytes);
    if (params->size == 0xFF) {
        params->size = 0;
        params->keep_size = true;
    }
}

static bool is_valid_image(const uint8_t *p, size_t n)
{
    struct fb_image image;
    return fb_image_parse(p, n, &image, NULL) == FB_OK &&
           fb_image_check_sums(p, &image, NULL) == FB_OK;
}

static bool is_table(const uint8_t *p, size_t n)
{
    return fb_content_of_bytes(p, n, FB_CONTENT_SET(FB_CONTENT_TABLE)) ==
           FB_CONTENT_TABLE;
}

// What follows the image must be nothing, or the rest of a merged flash file:
// a signature there covers the header.
static bool may_be_signed(const uint8_t *p, size_t n, uint32_t image_len)
{
    const size_t table = FB_PARTITION_TABLE_OFF - ESPTOOL_BOOTLOADER_OFF;
    bool merged = n > table && is_table(p + table, n - table);
    return !merged && !fb_bytes_all(p + image_len, n - image_len, 0xFF);
}

void esptool_patch_image(uint8_t *p, size_t n, uint32_t flash_off,
                         const char *name,
                         const struct esptool_flash_params *params)
{
    if (flash_off != ESPTOOL_BOOTLOADER_OFF || n < FB_IMAGE_HEADER_SIZE ||
        (params->keep_freq && params->keep_mode && params->keep_size)) {
        return;
    }
    struct fb_image image;
    if (!is_valid_image(p, n) || fb_image_parse(p, n, &image, NULL) != FB_OK) {
        cli_warning(name, "not a valid plain image, so its flash settings "
                          "stay as they are");
        return;
    }
    if (may_be_signed(p, n, image.len)) {
        cli_warning(name, "something follows the image, perhaps a signature, "
                          "so its flash settings stay as they are");
        return;
    }
    // The header's third and fourth byte (docs/FORMATS.md, "Images").
    uint8_t mode = params->keep_mode ? p[2] : params->mode;
    uint8_t freq = params->keep_freq ? p[3] & 0x0F : params->freq;
    uint8_t size = params->keep_size ? p[3] >> 4 : params->size;
    uint8_t both = (uint8_t)(size << 4 | freq);
    if (p[2] != mode || p[3] != both) {
        p[2] = mode;
        p[3] = both;
        cli_print("Flash parameters set to 0x%02x%02x.\n", mode, both);
    }
    if (image.header.hash_appended) {
        uint32_t covered = image.len - FB_IMAGE_HASH_SIZE;
        struct fb_sha256 sha;
        fb_sha256_init(&sha);
        fb_sha256_update(&sha, p, covered);
        fb_sha256_final(&sha, p + covered);
        cli_print("SHA digest in image updated.\n");
    }
}
