// SPDX-License-Identifier: Apache-2.0
//
// Partition tables, binary form (partition_csv.h has the text form). 32-byte
// rows from flash_off 0x8000 (ESP-IDF docs, "Partition Tables").

#ifndef FB_PARTITION_TABLE_H
#define FB_PARTITION_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/fb/status.h"

#define FB_PARTITION_TABLE_OFF  0x8000u // flash_off
#define FB_PARTITION_TABLE_SIZE 0xC00u  // bytes; a V1 signature may follow
#define FB_PARTITION_ROW        32u
#define FB_PARTITION_MAX        95u
#define FB_PARTITION_APP_ALIGN  0x10000u

// The last two describe what lies before and at the table, since ESP-IDF 5.4
// (esp_partition.h).
enum fb_partition_type {
    FB_PARTITION_APP = 0,
    FB_PARTITION_DATA = 1,
    FB_PARTITION_BOOTLOADER = 2,
    FB_PARTITION_TABLE = 3,
};

enum fb_partition_subtype {
    FB_PARTITION_FACTORY = 0x00,
    FB_PARTITION_OTA_0 = 0x10,
    FB_PARTITION_OTA_15 = 0x1F,
    FB_PARTITION_TEST = 0x20,
    FB_PARTITION_OTADATA = 0x00,
    FB_PARTITION_PHY = 0x01,
    FB_PARTITION_NVS = 0x02,
    FB_PARTITION_NVS_KEYS = 0x04,
    FB_PARTITION_FAT = 0x81,
    FB_PARTITION_LITTLEFS = 0x83,
    FB_PARTITION_PRIMARY = 0x00, // of a bootloader, of a table
    FB_PARTITION_RECOVERY = 0x02,
};

#define FB_PARTITION_ENCRYPTED 1u // flags bit
#define FB_PARTITION_READONLY  2u

struct fb_partition {
    uint8_t type;
    uint8_t subtype;
    uint32_t offset; // flash_off
    uint32_t size;   // bytes
    char label[17];  // NUL-terminated
    uint32_t flags;
};

struct fb_partition_table {
    uint32_t count;
    bool has_md5;
    struct fb_partition part[FB_PARTITION_MAX];
};

// One row: 1 a partition (filled), 0 the end (magic, type and subtype 0xFF),
// 2 an MD5 row, FB_E_BAD_MAGIC anything else.
int fb_partition_row(const uint8_t row[FB_PARTITION_ROW],
                     struct fb_partition *part);

// Read a table of n bytes (at most the first FB_PARTITION_TABLE_SIZE count)
// for a flash of flash_size bytes (0: only 4 GiB is the limit). fault->offset
// is the row's offset in the table. FB_E_BAD_MAGIC (got: the magic),
// FB_E_RANGE (beyond the flash; got: offset, want: flash_size), FB_E_BAD_HASH
// (MD5 row), FB_E_DUPLICATE (two MD5 rows), FB_E_NO_END. *table is scratch on
// failure.
enum fb_status fb_partition_table_parse(const uint8_t *bin, size_t n,
                                        uint32_t flash_size,
                                        struct fb_partition_table *table,
                                        struct fb_fault *fault);

// Write FB_PARTITION_TABLE_SIZE bytes: rows, MD5 row if table->has_md5, 0xFF.
// FB_E_NO_SPACE: more rows than fit before the end row; nothing is written.
enum fb_status fb_partition_table_encode(const struct fb_partition_table *table,
                                         uint8_t bin[FB_PARTITION_TABLE_SIZE]);

// FB_E_ALIGN (an app not at a multiple of FB_PARTITION_APP_ALIGN; got: its
// offset), FB_E_RANGE (ends beyond 4 GiB), FB_E_OVERLAP (got: offset,
// want: index of the other row), FB_E_DUPLICATE (a name used twice; want: index
// of the other row). fault->offset: row index.
enum fb_status fb_partition_table_verify(const struct fb_partition_table *table,
                                         struct fb_fault *fault);

// The primary bootloader or the primary table: the only rows that may lie
// before the end of the table's sector.
bool fb_partition_is_before_table(const struct fb_partition *part);

// The n-th app slot in boot order: factory if there is one, then ota_0, ota_1,
// ... of those that exist. NULL when there is none. A test app is no slot.
const struct fb_partition *
fb_partition_app_slot(const struct fb_partition_table *table, unsigned n);

// Is it read through the decryptor while flash encryption is on? Apps, otadata
// and nvs_keys are, and what is flagged (ESP-IDF docs, "Flash Encryption").
bool fb_partition_encrypted(const struct fb_partition *part);

// First partition of that type and subtype, NULL when there is none.
const struct fb_partition *
fb_partition_find(const struct fb_partition_table *table, uint8_t type,
                  uint8_t subtype);

// Where the application's file system lies: the data partition labelled "fs",
// else one of a subtype that names a file system, else what is behind the first
// 4 MiB of a larger flash when the table ends there, as in Pycom's 8 MB layout
// (pycom-micropython-sigfox esp32/fatfs/src/drivers/sflash_diskio.h; encrypted
// like the rest). *part is filled; false: there is no room for one.
bool fb_partition_filesystem(const struct fb_partition_table *table,
                             uint32_t flash_size, struct fb_partition *part);

#endif
