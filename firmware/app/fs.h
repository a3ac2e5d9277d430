// SPDX-License-Identifier: Apache-2.0
//
// The flash that holds the file system, in blocks of 4 KiB. Where the partition
// is encrypted, reads come decrypted from the flash cache and writes go through
// the hardware encryptor: FS_PROG bytes at a time, each once after an erase.

#ifndef FIRMWARE_APP_FS_H
#define FIRMWARE_APP_FS_H

#include <stdbool.h>
#include <stdint.h>

#define FS_BLOCK 4096u // bytes
#define FS_PROG  32u   // bytes, a row of the encryptor

struct fs_area {
    uint32_t flash_off;
    uint32_t blocks;
    bool encrypted;
};

// false: the partition table has no place for a file system.
bool fs_find(struct fs_area *area);

enum fs_content {
    FS_LITTLEFS, // the superblock of one; whether it is sound, mounting shows
    FS_FAT,      // what Pycom's own firmware leaves
    FS_NOTHING,  // erased, or noise
};
enum fs_content fs_probe(const struct fs_area *area);

// off and n: bytes from the start of the area, inside of it. Each answers 0 or
// a negative number.
int fs_read(const struct fs_area *area, uint32_t off, void *out, uint32_t n);
// off and n are multiples of FS_PROG where the area is encrypted.
int fs_write(const struct fs_area *area, uint32_t off, const void *in,
             uint32_t n);
int fs_erase(const struct fs_area *area, uint32_t block);

#endif
