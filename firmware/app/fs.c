// SPDX-License-Identifier: Apache-2.0

#include "firmware/app/fs.h"

#include <stddef.h>
#include <string.h>

#include "firmware/app/partitions.h"
#include "firmware/drivers/flash.h"
#include "firmware/drivers/mmu.h"
#include "lib/fb/bytes.h"

// Mapped in one piece, so that neighbouring reads find it mapped already.
#define MAPPED 0x200000u

// littlefs SPEC.md: the magic string is 8 bytes into the superblock, in either
// of the first two blocks.
#define MAGIC     "littlefs"
#define MAGIC_OFF 8u

// Of a FAT boot sector.
#define FAT_SECTOR    512u
#define FAT_SIGNATURE 0xAA55u

bool fs_find(struct fs_area *area)
{
    struct fb_partition_table table;
    struct fb_partition part;
    if (!partitions_load(&table) ||
        !fb_partition_filesystem(&table, flash_size(), &part) ||
        part.offset % FS_BLOCK != 0 || part.size < 2 * FS_BLOCK) {
        return false;
    }
    area->flash_off = part.offset;
    area->blocks = part.size / FS_BLOCK;
    area->encrypted = partitions_encrypted(&part);
    return true;
}

enum fs_content fs_probe(const struct fs_area *area)
{
    uint8_t bytes[sizeof MAGIC - 1];
    for (uint32_t block = 0; block < 2; block++) {
        if (fs_read(area, block * FS_BLOCK + MAGIC_OFF, bytes, sizeof bytes) ==
                0 &&
            memcmp(bytes, MAGIC, sizeof bytes) == 0) {
            return FS_LITTLEFS;
        }
    }
    if (fs_read(area, FAT_SECTOR - 2, bytes, 2) == 0 &&
        load16_le(bytes) == FAT_SIGNATURE) {
        return FS_FAT;
    }
    return FS_NOTHING;
}

int fs_read(const struct fs_area *area, uint32_t off, void *out, uint32_t n)
{
    uint8_t *to = out;
    while (n > 0) {
        uint32_t piece = off - off % MAPPED;
        uint32_t len = area->blocks * FS_BLOCK - piece;
        len = len < MAPPED ? len : MAPPED;
        const uint8_t *p = mmu_map(area->flash_off + piece, len);
        if (p == NULL) {
            return -1;
        }
        uint32_t part = piece + len - off;
        part = part < n ? part : n;
        memcpy(to, p + (off - piece), part);
        to += part;
        off += part;
        n -= part;
    }
    return 0;
}

int fs_write(const struct fs_area *area, uint32_t off, const void *in,
             uint32_t n)
{
    uint32_t flash_off = area->flash_off + off;
    return area->encrypted ? flash_write_encrypted(flash_off, in, n)
                           : flash_write(flash_off, in, n);
}

int fs_erase(const struct fs_area *area, uint32_t block)
{
    return flash_erase_sector(area->flash_off + block * FS_BLOCK);
}
