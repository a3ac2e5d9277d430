// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/efuse.h"

#include <string.h>

#include "lib/fb/bytes.h"
#include "lib/fb/crc.h"
#include "lib/fb/efuse_coding.h"

const struct fb_efuse_field fb_efuse_map[FB_EFUSE_FIELDS] = {
#define X(id, name, alias, block, word, bit, width, wr, rd, type, cat, text)   \
    [FB_EFUSE_##                                                               \
        id] = {name, alias, block, word, bit, width, wr, rd, type, cat, text},
#include "lib/fb/efuse_esp32.def"
#undef X
};

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

// Is the n-byte word one of the comma-separated words of list?
static bool lists(const char *list, const char *word, size_t n)
{
    while (*list != '\0') {
        size_t len = 0;
        bool same = true;

        for (; list[len] != '\0' && list[len] != ','; len++) {
            same = same && len < n && upper(list[len]) == upper(word[len]);
        }
        if (same && len == n) {
            return true;
        }
        list += list[len] == ',' ? len + 1 : len;
    }
    return false;
}

const struct fb_efuse_field *fb_efuse_find(const char *name, size_t n)
{
    for (unsigned i = 0; i < FB_EFUSE_FIELDS; i++) {
        if (lists(fb_efuse_map[i].name, name, n) ||
            lists(fb_efuse_map[i].alias, name, n)) {
            return &fb_efuse_map[i];
        }
    }
    return NULL;
}

static uint32_t low_bits(unsigned n)
{
    return n >= 32 ? 0xFFFFFFFFu : (1u << n) - 1;
}

uint32_t fb_efuse_get(const struct fb_efuse_words *words, enum fb_efuse_id id)
{
    const struct fb_efuse_field *f = &fb_efuse_map[id];

    return words->word[f->block][f->word] >> f->bit & low_bits(f->width);
}

void fb_efuse_or(struct fb_efuse_words *words, enum fb_efuse_id id,
                 uint32_t value)
{
    const struct fb_efuse_field *f = &fb_efuse_map[id];

    words->word[f->block][f->word] |= (value & low_bits(f->width)) << f->bit;
}

// The mask of a field's bits in word w of its block.
static uint32_t field_mask(const struct fb_efuse_field *f, unsigned w)
{
    unsigned from = f->word * 32u + f->bit;
    unsigned to = from + f->width;
    unsigned low = w * 32;
    unsigned first = from > low ? from - low : 0;
    unsigned last = to > low ? to - low : 0;

    return first >= 32 ? 0 : low_bits(last) & ~low_bits(first);
}

void fb_efuse_field_mask(const struct fb_efuse_field *field,
                         struct fb_efuse_words *mask)
{
    *mask = (struct fb_efuse_words){{{0}}};
    for (unsigned w = 0; w < FB_EFUSE_BLOCK_WORDS; w++) {
        mask->word[field->block][w] = field_mask(field, w);
    }
}

size_t fb_efuse_get_bytes(const struct fb_efuse_words *words,
                          const struct fb_efuse_field *field, uint8_t *out)
{
    size_t n = (field->width + 7u) / 8u;

    memset(out, 0, n);
    for (unsigned i = 0; i < field->width; i++) {
        unsigned at = field->word * 32u + field->bit + i;
        uint32_t bit = words->word[field->block][at / 32] >> at % 32 & 1;

        out[i / 8] = (uint8_t)(out[i / 8] | bit << i % 8);
    }
    return n;
}

void fb_efuse_or_bytes(struct fb_efuse_words *words,
                       const struct fb_efuse_field *field, const uint8_t *in,
                       size_t n)
{
    for (unsigned i = 0; i < field->width && i / 8 < n; i++) {
        unsigned at = field->word * 32u + field->bit + i;
        uint32_t bit = in[i / 8] >> i % 8 & 1;

        words->word[field->block][at / 32] |= bit << at % 32;
    }
}

// Does bit `bit` of the protection field id stand in words? Never for
// FB_EFUSE_NO_BIT.
static bool has_bit(const struct fb_efuse_words *words, enum fb_efuse_id id,
                    uint8_t bit)
{
    return bit != FB_EFUSE_NO_BIT && (fb_efuse_get(words, id) >> bit & 1) != 0;
}

bool fb_efuse_is_frozen(const struct fb_efuse_words *words,
                        const struct fb_efuse_field *field)
{
    return has_bit(words, FB_EFUSE_WR_DIS, field->wr_dis);
}

bool fb_efuse_is_hidden(const struct fb_efuse_words *words,
                        const struct fb_efuse_field *field)
{
    return has_bit(words, FB_EFUSE_RD_DIS, field->rd_dis);
}

// Clear the bits of a field in words.
static void drop_field(struct fb_efuse_words *words,
                       const struct fb_efuse_field *field)
{
    for (unsigned w = 0; w < FB_EFUSE_BLOCK_WORDS; w++) {
        words->word[field->block][w] &= ~field_mask(field, w);
    }
}

void fb_efuse_writeable(const struct fb_efuse_words *fuses,
                        struct fb_efuse_words *mask)
{
    for (unsigned b = 0; b < FB_EFUSE_BLOCKS; b++) {
        for (unsigned w = 0; w < FB_EFUSE_BLOCK_WORDS; w++) {
            mask->word[b][w] = 0xFFFFFFFFu;
        }
    }
    mask->word[0][FB_EFUSE_BLOCK0_WORDS] = 0;
    for (unsigned i = 0; i < FB_EFUSE_FIELDS; i++) {
        if (fb_efuse_is_frozen(fuses, &fb_efuse_map[i])) {
            drop_field(mask, &fb_efuse_map[i]);
        }
    }
}

void fb_efuse_program(struct fb_efuse_words *fuses,
                      const struct fb_efuse_words *data)
{
    struct fb_efuse_words mask;

    fb_efuse_writeable(fuses, &mask);
    for (unsigned b = 0; b < FB_EFUSE_BLOCKS; b++) {
        for (unsigned w = 0; w < FB_EFUSE_BLOCK_WORDS; w++) {
            fuses->word[b][w] |= data->word[b][w] & mask.word[b][w];
        }
    }
}

void fb_efuse_readable(const struct fb_efuse_words *words,
                       struct fb_efuse_words *mask)
{
    memset(mask, 0xFF, sizeof *mask);
    for (unsigned i = 0; i < FB_EFUSE_FIELDS; i++) {
        if (fb_efuse_is_hidden(words, &fb_efuse_map[i])) {
            drop_field(mask, &fb_efuse_map[i]);
        }
    }
}

enum fb_efuse_coding fb_efuse_coding_of(const struct fb_efuse_words *fuses)
{
    return (enum fb_efuse_coding)fb_efuse_get(fuses, FB_EFUSE_CODING_SCHEME);
}

void fb_efuse_read(const struct fb_efuse_words *fuses,
                   struct fb_efuse_words *shadow, uint32_t *dec_status)
{
    enum fb_efuse_coding coding = fb_efuse_coding_of(fuses);
    struct fb_efuse_words seen = *fuses;
    struct fb_efuse_words mask;
    uint32_t status = 0;

    fb_efuse_readable(fuses, &mask);
    for (unsigned b = 1; b < FB_EFUSE_BLOCKS; b++) {
        status |= fb_efuse_coding_errors(coding, fuses->word[b]) << 4 * (b - 1);
        fb_efuse_decode(coding, fuses->word[b], seen.word[b]);
    }
    for (unsigned b = 0; b < FB_EFUSE_BLOCKS; b++) {
        for (unsigned w = 0; w < FB_EFUSE_BLOCK_WORDS; w++) {
            shadow->word[b][w] = seen.word[b][w] & mask.word[b][w];
        }
    }
    *dec_status = status;
    fb_bytes_wipe(&seen, sizeof(seen));
}

bool fb_efuse_block_hidden(const struct fb_efuse_words *words, unsigned block)
{
    return block != 0 &&
           (fb_efuse_get(words, FB_EFUSE_RD_DIS) & 1u << (block - 1)) != 0;
}

bool fb_efuse_block_blank(const struct fb_efuse_words *words, unsigned block)
{
    return fb_bytes_all((const uint8_t *)words->word[block],
                        sizeof words->word[block], 0);
}

bool fb_efuse_flash_encryption_on(const struct fb_efuse_words *words)
{
    return ones32(fb_efuse_get(words, FB_EFUSE_FLASH_CRYPT_CNT)) % 2 == 1;
}

// 30 and 31 stand for GPIO32 and 33.
uint32_t fb_efuse_flash_pads(const struct fb_efuse_words *words)
{
    static const enum fb_efuse_id fields[5] = {
        FB_EFUSE_SPI_PAD_CONFIG_CLK, FB_EFUSE_SPI_PAD_CONFIG_Q,
        FB_EFUSE_SPI_PAD_CONFIG_D, FB_EFUSE_SPI_PAD_CONFIG_CS0,
        FB_EFUSE_SPI_PAD_CONFIG_HD};
    uint32_t pads = 0;
    uint32_t pin[5];

    for (unsigned i = 0; i < 5; i++) {
        pin[i] = fb_efuse_get(words, fields[i]);
        pin[i] += pin[i] >= 30 ? 2 : 0;
        pads |= pin[i] << (6 * i);
    }
    if (pin[0] == pin[1] || pin[0] == pin[2] || pin[0] == pin[3] ||
        pin[1] == pin[2] || pin[1] == pin[3]) {
        return 0;
    }
    return pads;
}

unsigned fb_efuse_plaintext_flashes_left(const struct fb_efuse_words *words)
{
    unsigned burned = ones32(fb_efuse_get(words, FB_EFUSE_FLASH_CRYPT_CNT));

    if (fb_efuse_is_frozen(words, &fb_efuse_map[FB_EFUSE_FLASH_CRYPT_CNT])) {
        return 0;
    }
    return (7 - burned) / 2;
}

unsigned fb_efuse_secure_version(const struct fb_efuse_words *words)
{
    uint32_t coding = fb_efuse_get(words, FB_EFUSE_CODING_SCHEME);

    if (coding == FB_CODING_3_4 || coding == FB_CODING_REPEAT ||
        fb_efuse_get(words, FB_EFUSE_MAC_VERSION) != 0 ||
        fb_efuse_get(words, FB_EFUSE_KEY_STATUS) != 0) {
        return 0;
    }
    return ones32(fb_efuse_get(words, FB_EFUSE_SECURE_VERSION));
}

unsigned fb_efuse_chip_revision(const struct fb_efuse_words *words,
                                uint32_t syscon_date)
{
    unsigned bits = fb_efuse_get(words, FB_EFUSE_CHIP_VER_REV1) |
                    fb_efuse_get(words, FB_EFUSE_CHIP_VER_REV2) << 1 |
                    syscon_date >> 31 << 2;

    // The bits fill up from below; any other pattern was never made.
    switch (bits) {
    case 1:
        return 1;
    case 3:
        return 2;
    case 7:
        return 3;
    default:
        return 0;
    }
}

bool fb_efuse_mac(const struct fb_efuse_words *words, uint8_t mac[6])
{
    uint8_t fuse[6];

    fb_efuse_get_bytes(words, &fb_efuse_map[FB_EFUSE_MAC], fuse);
    fb_bytes_reverse(mac, fuse, sizeof(fuse));
    return fb_efuse_get(words, FB_EFUSE_MAC_CRC) == fb_crc8(mac, sizeof(fuse));
}

void fb_efuse_set_mac(struct fb_efuse_words *words, const uint8_t mac[6])
{
    uint8_t fuse[6];

    fb_bytes_reverse(fuse, mac, sizeof(fuse));
    fb_efuse_or_bytes(words, &fb_efuse_map[FB_EFUSE_MAC], fuse, sizeof(fuse));
    fb_efuse_or(words, FB_EFUSE_MAC_CRC, fb_crc8(mac, sizeof(fuse)));
}

size_t fb_efuse_key(const struct fb_efuse_words *fuses, unsigned block,
                    uint8_t key[32])
{
    enum fb_efuse_coding coding = fb_efuse_coding_of(fuses);
    size_t n = coding == FB_CODING_3_4 ? 24 : 32;
    uint32_t words[8];
    uint8_t bytes[32];

    if (coding == FB_CODING_REPEAT) {
        coding = FB_CODING_NONE; // both copies make up the key
    }
    fb_efuse_decode(coding, fuses->word[block], words);
    for (unsigned i = 0; i < 8; i++) {
        store32_le(bytes + 4 * i, words[i]);
    }
    fb_bytes_reverse(key, bytes, n);
    fb_bytes_wipe(words, sizeof(words));
    fb_bytes_wipe(bytes, sizeof(bytes));
    return n;
}
