// SPDX-License-Identifier: Apache-2.0

#include "host/efuse_file.h"

#include <string.h>

#include "host/file.h"
#include "lib/fb/bytes.h"
#include "lib/fb/efuse_coding.h"

// Register offset of a block's first read-data word (TRM, eFuse registers).
static const uint16_t read_base[FB_EFUSE_BLOCKS] = {0x000, 0x038, 0x058, 0x078};

// Registers beside the fuses, as a burn and the read after it leave them when
// the APB clock is 40 MHz.
static const struct {
    uint16_t offset;
    uint32_t value;
} left_by_burn[] = {
    {0x0F8, 160},    // CLK: CLK_SEL0
    {0x0FC, 0x5AA5}, // CONF: read
    {0x118, 80},     // DAC_CONF: DAC_CLK_DIV
};

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

// The window shows decoded data; the fuses hold it encoded.
static void encode_blocks(struct fb_efuse_words *fuses)
{
    enum fb_efuse_coding coding = fb_efuse_coding_of(fuses);
    for (unsigned block = 1; block < FB_EFUSE_BLOCKS; block++) {
        uint8_t data[32];
        for (unsigned i = 0; i < FB_EFUSE_BLOCK_WORDS; i++) {
            store32_le(data + (size_t)4 * i, fuses->word[block][i]);
        }
        (void)fb_efuse_encode(coding, data, fb_efuse_coding_bytes(coding),
                              fuses->word[block]);
        fb_bytes_wipe(data, sizeof data);
    }
}

// What software reads, and the registers beside it.
static void to_window(struct fb_efuse_words *words, uint8_t *bytes)
{
    static const struct fb_efuse_words blank;
    uint32_t dec_status;
    if (memcmp(words, &blank, sizeof blank) != 0) {
        for (size_t i = 0; i < sizeof left_by_burn / sizeof left_by_burn[0];
             i++) {
            store32_be(bytes + HOST_EFUSE_WINDOW_BYTES - 4 -
                           left_by_burn[i].offset,
                       left_by_burn[i].value);
        }
    }
    fb_efuse_read(words, words, &dec_status);
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
    if (*format == HOST_EFUSE_WINDOW) {
        encode_blocks(fuses);
    }
    return 0;
}

int host_efuse_file_store(const char *path, const struct fb_efuse_words *fuses,
                          enum host_efuse_format format)
{
    uint8_t bytes[HOST_EFUSE_WINDOW_BYTES] = {0};
    struct fb_efuse_words words = *fuses;
    if (format == HOST_EFUSE_WINDOW) {
        to_window(&words, bytes);
    }
    for (unsigned block = 0; block < FB_EFUSE_BLOCKS; block++) {
        for (unsigned i = 0; i < fb_efuse_block_words(block); i++) {
            uint8_t *p = bytes + place(format, block, i);
            if (format == HOST_EFUSE_QEMU) {
                store32_le(p, words.word[block][i]);
            } else {
                store32_be(p, words.word[block][i]);
            }
        }
    }
    int error =
        host_file_write(path, bytes,
                        format == HOST_EFUSE_QEMU ? HOST_EFUSE_QEMU_BYTES
                                                  : HOST_EFUSE_WINDOW_BYTES,
                        HOST_FILE_PUBLIC);
    fb_bytes_wipe(bytes, sizeof bytes);
    fb_bytes_wipe(&words, sizeof words);
    return error;
}
