// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/partition_table.h"

#include <string.h>

#include "lib/fb/bytes.h"
#include "lib/fb/crypto.h"

// Magic words of rows, as load16_le() sees them (esp-idf
// esp_flash_partitions.h).
#define MAGIC_PARTITION 0x50AAu
#define MAGIC_MD5       0xEBEBu
#define MAGIC_END       0xFFFFu

#define MD5_OFF   16u // in the MD5 row
#define MD5_SIZE  16u
#define LABEL_OFF 12u
#define LABEL_MAX 16u

#define UNLISTED_FS 0x400000u // flash_off, fb_partition_filesystem()

int fb_partition_row(const uint8_t row[FB_PARTITION_ROW],
                     struct fb_partition *part)
{
    switch (load16_le(row)) {
    case MAGIC_PARTITION:
        break;
    case MAGIC_MD5:
        return 2;
    case MAGIC_END:
        return row[2] == 0xFF && row[3] == 0xFF ? 0 : FB_E_BAD_MAGIC;
    default:
        return FB_E_BAD_MAGIC;
    }
    part->type = row[2];
    part->subtype = row[3];
    part->offset = load32_le(row + 4);
    part->size = load32_le(row + 8);
    memcpy(part->label, row + LABEL_OFF, LABEL_MAX);
    part->label[LABEL_MAX] = '\0';
    part->flags = load32_le(row + 28);
    return 1;
}

static bool fits(const struct fb_partition *part, uint32_t flash_size)
{
    uint64_t end = (uint64_t)part->offset + part->size;
    return end <= (flash_size != 0 ? flash_size : UINT64_C(1) << 32);
}

static enum fb_status check_md5(const uint8_t *bin, uint32_t off,
                                struct fb_fault *fault)
{
    uint8_t md5[MD5_SIZE];
    fb_md5(bin, off, md5);
    const uint8_t *stored = bin + off + MD5_OFF;
    if (memcmp(md5, stored, sizeof(md5)) != 0) {
        return fb_fault_set(fault, FB_E_BAD_HASH, off, load32_be(stored),
                            load32_be(md5));
    }
    return FB_OK;
}

enum fb_status fb_partition_table_parse(const uint8_t *bin, size_t n,
                                        uint32_t flash_size,
                                        struct fb_partition_table *table,
                                        struct fb_fault *fault)
{
    if (n > FB_PARTITION_TABLE_SIZE) {
        n = FB_PARTITION_TABLE_SIZE;
    }
    table->count = 0;
    table->has_md5 = false;
    uint32_t off = 0;
    for (; n - off >= FB_PARTITION_ROW; off += FB_PARTITION_ROW) {
        struct fb_partition part;
        int kind = fb_partition_row(bin + off, &part);
        if (kind == 0) {
            return FB_OK;
        }
        if (kind < 0) {
            return fb_fault_set(fault, FB_E_BAD_MAGIC, off,
                                load16_le(bin + off), MAGIC_PARTITION);
        }
        if (kind == 2) {
            if (table->has_md5) {
                return fb_fault_set(fault, FB_E_DUPLICATE, off, MAGIC_MD5, 0);
            }
            enum fb_status s = check_md5(bin, off, fault);
            if (s != FB_OK) {
                return s;
            }
            table->has_md5 = true;
            continue;
        }
        if (table->count == FB_PARTITION_MAX) {
            break;
        }
        if (!fits(&part, flash_size)) {
            return fb_fault_set(fault, FB_E_RANGE, off, part.offset,
                                flash_size);
        }
        table->part[table->count++] = part;
    }
    return fb_fault_set(fault, FB_E_NO_END, off, table->count, 0);
}

static void encode_row(const struct fb_partition *part, uint8_t *row)
{
    memset(row, 0, FB_PARTITION_ROW);
    store16_le(row, MAGIC_PARTITION);
    row[2] = part->type;
    row[3] = part->subtype;
    store32_le(row + 4, part->offset);
    store32_le(row + 8, part->size);
    for (unsigned i = 0; i < LABEL_MAX && part->label[i] != '\0'; i++) {
        row[LABEL_OFF + i] = (uint8_t)part->label[i];
    }
    store32_le(row + 28, part->flags);
}

enum fb_status fb_partition_table_encode(const struct fb_partition_table *table,
                                         uint8_t bin[FB_PARTITION_TABLE_SIZE])
{
    if (table->count > FB_PARTITION_MAX - (table->has_md5 ? 1u : 0u)) {
        return FB_E_NO_SPACE;
    }
    memset(bin, 0xFF, FB_PARTITION_TABLE_SIZE);
    uint8_t *row = bin;
    for (uint32_t i = 0; i < table->count; i++) {
        encode_row(&table->part[i], row);
        row += FB_PARTITION_ROW;
    }
    if (table->has_md5) {
        store16_le(row, MAGIC_MD5);
        fb_md5(bin, (size_t)(row - bin), row + MD5_OFF);
    }
    return FB_OK;
}

static bool overlap(const struct fb_partition *a, const struct fb_partition *b)
{
    return a->offset < (uint64_t)b->offset + b->size &&
           b->offset < (uint64_t)a->offset + a->size;
}

bool fb_partition_is_before_table(const struct fb_partition *part)
{
    return (part->type == FB_PARTITION_BOOTLOADER ||
            part->type == FB_PARTITION_TABLE) &&
           part->subtype == FB_PARTITION_PRIMARY;
}

enum fb_status fb_partition_table_verify(const struct fb_partition_table *table,
                                         struct fb_fault *fault)
{
    for (uint32_t i = 0; i < table->count; i++) {
        const struct fb_partition *part = &table->part[i];
        if (part->type == FB_PARTITION_APP &&
            part->offset % FB_PARTITION_APP_ALIGN != 0) {
            return fb_fault_set(fault, FB_E_ALIGN, i, part->offset,
                                FB_PARTITION_APP_ALIGN);
        }
        if (!fits(part, 0)) {
            return fb_fault_set(fault, FB_E_RANGE, i, part->offset, part->size);
        }
        for (uint32_t k = 0; k < i; k++) {
            if (overlap(part, &table->part[k])) {
                return fb_fault_set(fault, FB_E_OVERLAP, i, part->offset, k);
            }
            if (strcmp(part->label, table->part[k].label) == 0) {
                return fb_fault_set(fault, FB_E_DUPLICATE, i, part->offset, k);
            }
        }
    }
    return FB_OK;
}

const struct fb_partition *
fb_partition_app_slot(const struct fb_partition_table *table, unsigned n)
{
    const struct fb_partition *part =
        fb_partition_find(table, FB_PARTITION_APP, FB_PARTITION_FACTORY);
    for (unsigned ota = FB_PARTITION_OTA_0;; ota++) {
        if (part != NULL && n-- == 0) {
            return part;
        }
        if (ota > FB_PARTITION_OTA_15) {
            return NULL;
        }
        part = fb_partition_find(table, FB_PARTITION_APP, (uint8_t)ota);
    }
}

bool fb_partition_encrypted(const struct fb_partition *part)
{
    return part->type == FB_PARTITION_APP ||
           (part->flags & FB_PARTITION_ENCRYPTED) != 0 ||
           (part->type == FB_PARTITION_DATA &&
            (part->subtype == FB_PARTITION_OTADATA ||
             part->subtype == FB_PARTITION_NVS_KEYS));
}

const struct fb_partition *
fb_partition_find(const struct fb_partition_table *table, uint8_t type,
                  uint8_t subtype)
{
    for (uint32_t i = 0; i < table->count; i++) {
        if (table->part[i].type == type && table->part[i].subtype == subtype) {
            return &table->part[i];
        }
    }
    return NULL;
}

static bool is_filesystem(const struct fb_partition *part, bool by_label)
{
    if (part->type != FB_PARTITION_DATA) {
        return false;
    }
    return by_label ? strcmp(part->label, "fs") == 0
                    : part->subtype >= FB_PARTITION_FAT &&
                          part->subtype <= FB_PARTITION_LITTLEFS;
}

bool fb_partition_filesystem(const struct fb_partition_table *table,
                             uint32_t flash_size, struct fb_partition *part)
{
    for (unsigned by_label = 2; by_label-- > 0;) {
        for (uint32_t i = 0; i < table->count; i++) {
            if (is_filesystem(&table->part[i], by_label != 0)) {
                *part = table->part[i];
                return true;
            }
        }
    }
    for (uint32_t i = 0; i < table->count; i++) {
        if (table->part[i].offset + table->part[i].size > UNLISTED_FS) {
            return false;
        }
    }
    if (flash_size <= UNLISTED_FS) {
        return false;
    }
    *part = (struct fb_partition){.type = FB_PARTITION_DATA,
                                  .subtype = FB_PARTITION_LITTLEFS,
                                  .offset = UNLISTED_FS,
                                  .size = flash_size - UNLISTED_FS,
                                  .label = "fs",
                                  .flags = FB_PARTITION_ENCRYPTED};
    return true;
}
