// SPDX-License-Identifier: Apache-2.0
//
// The eFuses of the ESP32 and their rules: names, places, protection, what a
// burn does. The controller of the virtual chip, espefuse and the checks obey
// these lines. The map is efuse_esp32.def (TRM chapter "eFuse Controller",
// esp-idf components/efuse/esp32).

#ifndef FB_EFUSE_H
#define FB_EFUSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/fb/efuse_coding.h"
#include "lib/fb/status.h"

#define FB_EFUSE_BLOCKS       4u
#define FB_EFUSE_BLOCK_WORDS  8u // BLK0 has 7, its last stays 0
#define FB_EFUSE_BLOCK0_WORDS 7u
#define FB_EFUSE_NO_BIT       0xFFu // no protection bit

// All blocks: fuses, shadows or program data, as the caller says.
struct fb_efuse_words {
    uint32_t word[FB_EFUSE_BLOCKS][FB_EFUSE_BLOCK_WORDS];
};

// Words that a block really has.
static inline unsigned fb_efuse_block_words(unsigned block)
{
    return block == 0 ? FB_EFUSE_BLOCK0_WORDS : FB_EFUSE_BLOCK_WORDS;
}

enum fb_efuse_type {
    FB_EFUSE_BOOL,
    FB_EFUSE_UINT,
    FB_EFUSE_BITCOUNT, // unary counter: burning sets the lowest zero bit
    FB_EFUSE_BYTES,    // keys, MACs
};

struct fb_efuse_field {
    const char *name;
    const char *alias; // comma-separated, may be ""
    uint8_t block;
    uint8_t word;
    uint8_t bit;    // of the lowest bit
    uint16_t width; // bits
    uint8_t wr_dis; // bit of WR_DIS that freezes it, or FB_EFUSE_NO_BIT
    uint8_t rd_dis; // bit of RD_DIS that hides it, or FB_EFUSE_NO_BIT
    enum fb_efuse_type type;
    const char *category; // "security", "calibration", "config", ...
    const char *description;
};

// The index of a field in the map: FB_EFUSE_FLASH_CRYPT_CNT, ...
enum fb_efuse_id {
#define X(id, name, alias, block, word, bit, width, wr, rd, type, cat, text)   \
    FB_EFUSE_##id,
#include "lib/fb/efuse_esp32.def"
#undef X
    FB_EFUSE_FIELDS
};

extern const struct fb_efuse_field fb_efuse_map[FB_EFUSE_FIELDS];

// By name or alias, case-insensitive; NULL when there is none.
const struct fb_efuse_field *fb_efuse_find(const char *name, size_t n);

// A field of at most 32 bits out of words (fuses or shadows).
uint32_t fb_efuse_get(const struct fb_efuse_words *words, enum fb_efuse_id id);
// OR value into a field of at most 32 bits. Bits of value beyond the field's
// width are dropped.
void fb_efuse_or(struct fb_efuse_words *words, enum fb_efuse_id id,
                 uint32_t value);

// Any field as bytes, lowest bits first: the order of the fuses, not of a key
// file or a printed MAC. Returns the bytes written, width / 8 rounded up: 32 at
// most.
size_t fb_efuse_get_bytes(const struct fb_efuse_words *words,
                          const struct fb_efuse_field *field, uint8_t *out);
// OR n bytes into a field; what exceeds its width is dropped.
void fb_efuse_or_bytes(struct fb_efuse_words *words,
                       const struct fb_efuse_field *field, const uint8_t *in,
                       size_t n);
// The bits that belong to a field, all others 0.
void fb_efuse_field_mask(const struct fb_efuse_field *field,
                         struct fb_efuse_words *mask);

// Which bits of each word a program command may still set, given the fuses as
// they are before it: everything that no burned WR_DIS bit freezes.
void fb_efuse_writeable(const struct fb_efuse_words *fuses,
                        struct fb_efuse_words *mask);

// What a program command does: fuses |= data & writeable.
void fb_efuse_program(struct fb_efuse_words *fuses,
                      const struct fb_efuse_words *data);

// What a read command shows: the blocks decoded by CODING_SCHEME, what RD_DIS
// hides as 0. *dec_status receives the decoder's warnings (0: none), a nibble
// a block from BLK1 in bits 3:0 (esp-idf groups them so; the TRM leaves it
// open), a bit a six-byte group. fuses and shadow may be the same.
void fb_efuse_read(const struct fb_efuse_words *fuses,
                   struct fb_efuse_words *shadow, uint32_t *dec_status);

// Is a field frozen, hidden? (by the WR_DIS and RD_DIS bits in words)
bool fb_efuse_is_frozen(const struct fb_efuse_words *words,
                        const struct fb_efuse_field *field);
bool fb_efuse_is_hidden(const struct fb_efuse_words *words,
                        const struct fb_efuse_field *field);

// Does RD_DIS hide a key block, 1 to 3? BLOCK0 is never hidden as a whole.
bool fb_efuse_block_hidden(const struct fb_efuse_words *words, unsigned block);
// Which bits of each word a read command shows: all that no RD_DIS bit hides.
void fb_efuse_readable(const struct fb_efuse_words *words,
                       struct fb_efuse_words *mask);
// Is nothing of a block burned?
bool fb_efuse_block_blank(const struct fb_efuse_words *words, unsigned block);
// Odd number of ones in FLASH_CRYPT_CNT.
bool fb_efuse_flash_encryption_on(const struct fb_efuse_words *words);
// Pins of the flash, as the ROM takes them from SPI_PAD_CONFIG_*: CLK, Q, D,
// CS0, HD from bit 0 on, six bits each; 0: the usual ones. A choice that uses a
// pin twice is none.
uint32_t fb_efuse_flash_pads(const struct fb_efuse_words *words);
// Plaintext re-flashes that FLASH_CRYPT_CNT still allows.
unsigned fb_efuse_plaintext_flashes_left(const struct fb_efuse_words *words);
// The least security version that the fuses ask for: the ones in
// SECURE_VERSION. 0 where BLOCK3 holds something else: a custom MAC, a key, or
// anything under a coding scheme.
unsigned fb_efuse_secure_version(const struct fb_efuse_words *words);
// Major chip revision from CHIP_VER_REV1, CHIP_VER_REV2 and bit 31 of
// SYSCON_DATE.
unsigned fb_efuse_chip_revision(const struct fb_efuse_words *words,
                                uint32_t syscon_date);
// Factory MAC in display order, and whether MAC_CRC agrees. A blank part has
// 00:00:00:00:00:00 with a CRC that agrees.
bool fb_efuse_mac(const struct fb_efuse_words *words, uint8_t mac[6]);
// OR a factory MAC and its CRC in.
void fb_efuse_set_mac(struct fb_efuse_words *words, const uint8_t mac[6]);

// CODING_SCHEME.
enum fb_efuse_coding fb_efuse_coding_of(const struct fb_efuse_words *fuses);

// A key as the hardware uses it (key file order), whatever RD_DIS says: fuses
// are fuses, not shadows. Decoded by the coding scheme and reversed. Returns
// its length: 24 with coding scheme 3/4, else 32 (Repeat: both copies). key is
// a secret, wipe it after use.
size_t fb_efuse_key(const struct fb_efuse_words *fuses, unsigned block,
                    uint8_t key[32]);

#endif
