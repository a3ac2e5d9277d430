// SPDX-License-Identifier: Apache-2.0

#include "host/efuse_file.h"

#include <string.h>

#include "host/file.h"
#include "lib/fb/bytes.h"

// Register offset of a block's first read-data word (TRM, eFuse registers).
static const uint16_t read_base[FB_EFUSE_BLOCKS] = {0x000, 0x038, 0x058, 0x078};

// Where a word stands in the file.
static size_t place(enum host_efuse_format format, unsigned block,
                    unsigned word)
{
    size_t before = 0;
    if (format == HOST_EFUSE_WINDOW) {
        return HOST_EFUSE_WINDOW_BYTES - 4 - read_base[block] - 4 * word;
    }
    for (unsigned b = 0; b < block; b++) {
        before += fb_efuse_block_words(b);
    }
    return 4 * (before + word);
}

int host_efuse_file_load(const char *path, struct fb_efuse_words *fuses,
                         enum host_efuse_format *format)
{
    struct host_file file;
    int error = host_file_read_secret(path, 4096, &file);
    if (error != 0) {
        return error;
    }
    if (file.size != HOST_EFUSE_WINDOW_BYTES &&
        file.size != HOST_EFUSE_QEMU_BYTES) {
        host_file_free(&file);
        return -1;
    }
    *format = file.size == HOST_EFUSE_QEMU_BYTES ? HOST_EFUSE_QEMU
                                                 : HOST_EFUSE_WINDOW;
    memset(fuses, 0, sizeof *fuses);
    for (unsigned block = 0; block < FB_EFUSE_BLOCKS; block++) {
        for (unsigned i = 0; i < fb_efuse_block_words(block); i++) {
            const uint8_t *p = file.data + place(*format, block, i);
            fuses->word[block][i] =
                *format == HOST_EFUSE_QEMU ? load32_le(p) : load32_be(p);
        }
    }
    host_file_free(&file);
    return 0;
}

int host_efuse_file_store(const char *path, const struct fb_efuse_words *fuses,
                          enum host_efuse_format format)
{
    uint8_t bytes[HOST_EFUSE_WINDOW_BYTES] = {0};
    for (unsigned block = 0; block < FB_EFUSE_BLOCKS; block++) {
        for (unsigned i = 0; i < fb_efuse_block_words(block); i++) {
            uint8_t *p = bytes + place(format, block, i);
            if (format == HOST_EFUSE_QEMU) {
                store32_le(p, fuses->word[block][i]);
            } else {
                store32_be(p, fuses->word[block][i]);
            }
        }
    }
    int error =
        host_file_write(path, bytes,
                        format == HOST_EFUSE_QEMU ? HOST_EFUSE_QEMU_BYTES
                                                  : HOST_EFUSE_WINDOW_BYTES,
                        HOST_FILE_PUBLIC);
    fb_bytes_wipe(bytes, sizeof bytes);
    return error;
}
