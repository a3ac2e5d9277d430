// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/first_boot.h"

#include <string.h>

#include "lib/fb/bytes.h"
#include "lib/fb/crc.h"
#include "lib/fb/efuse_coding.h"

// --- the plan ---

#define PLAN_MAGIC    0x31425046u                       // "FPB1"
#define PLAN_CRC      (FB_FIRST_BOOT_PLAN_SIZE / 4 - 1) // its word
#define AREA_BYTES    (FB_FIRST_BOOT_AREA * FB_FLASH_SECTOR)
#define SUBTYPE_DUMMY 7u

static bool is_unused(const struct fb_partition *part)
{
    return part->type == FB_PARTITION_DATA && part->subtype == SUBTYPE_DUMMY;
}

// Where the first partition ends that [from, from + AREA_BYTES) touches; 0:
// none does.
static uint32_t obstacle(const struct fb_partition_table *table, uint32_t from)
{
    for (unsigned i = 0; i < table->count; i++) {
        const struct fb_partition *part = &table->part[i];
        uint32_t end = part->offset + part->size;

        if (part->type == FB_PARTITION_DATA &&
            part->subtype == FB_PARTITION_OTADATA) {
            end += FB_FLASH_SECTOR; // boot_store.h keeps its journal there
        }
        if (!is_unused(part) && part->offset < from + AREA_BYTES &&
            from < end) {
            return end;
        }
    }
    return 0;
}

uint32_t fb_first_boot_area(const struct fb_partition_table *table,
                            uint32_t flash_size)
{
    uint32_t at = FB_PARTITION_TABLE_OFF + FB_FLASH_SECTOR;
    uint32_t end;

    while (flash_size >= AREA_BYTES && at <= flash_size - AREA_BYTES) {
        end = obstacle(table, at);
        if (end == 0) {
            return at;
        }
        at = align_up32(end, FB_FLASH_SECTOR);
    }
    return 0;
}

enum fb_status fb_first_boot_add(struct fb_first_boot_plan *plan,
                                 uint32_t flash_off, uint32_t bytes)
{
    uint32_t n = plan->word[FB_FIRST_BOOT_COUNT_OF_RANGES];
    uint32_t *range = &plan->word[FB_FIRST_BOOT_RANGE + 2 * n];

    if (n == FB_FIRST_BOOT_RANGES) {
        return FB_E_NO_SPACE;
    }
    range[0] = flash_off;
    range[1] = align_up32(bytes, FB_FLASH_SECTOR) / FB_FLASH_SECTOR;
    plan->word[FB_FIRST_BOOT_COUNT_OF_RANGES]++;
    return FB_OK;
}

uint32_t fb_first_boot_sector(const struct fb_first_boot_plan *plan,
                              uint32_t index)
{
    const uint32_t *range = &plan->word[FB_FIRST_BOOT_RANGE];

    for (; range < plan->word + PLAN_CRC; range += 2) {
        if (index < range[1]) {
            return range[0] + index * FB_FLASH_SECTOR;
        }
        index -= range[1];
    }
    return 0;
}

void fb_first_boot_encode(struct fb_first_boot_plan *plan,
                          uint8_t bytes[FB_FIRST_BOOT_PLAN_SIZE])
{
    plan->word[0] = PLAN_MAGIC;
    for (unsigned i = 0; i < PLAN_CRC; i++) {
        store32_le(bytes + 4 * i, plan->word[i]);
    }
    store32_le(bytes + 4 * PLAN_CRC, fb_crc32(0, bytes, 4 * PLAN_CRC));
}

enum fb_status fb_first_boot_parse(const uint8_t bytes[FB_FIRST_BOOT_PLAN_SIZE],
                                   struct fb_first_boot_plan *plan)
{
    uint8_t magic[4];
    uint32_t crc;

    store32_le(magic, PLAN_MAGIC);
    crc = fb_crc32(fb_crc32(0, magic, 4), bytes + 4, 4 * PLAN_CRC - 4);
    for (unsigned i = 0; i <= PLAN_CRC; i++) {
        plan->word[i] = load32_le(bytes + 4 * i);
    }
    return crc != plan->word[PLAN_CRC]   ? FB_E_BAD_CRC
           : plan->word[0] != PLAN_MAGIC ? FB_E_BLANK
                                         : FB_OK;
}

// --- the journal ---

#define RECORD_CRC_OFF (FB_FIRST_BOOT_RECORD - 4)

void fb_first_boot_record_encode(const struct fb_first_boot_record *record,
                                 uint8_t bytes[FB_FIRST_BOOT_RECORD])
{
    store32_le(bytes, record->seq);
    store32_le(bytes + 4, record->index);
    store32_le(bytes + 8, record->crc);
    store32_le(bytes + RECORD_CRC_OFF, fb_crc32(0, bytes, RECORD_CRC_OFF));
}

uint32_t fb_first_boot_record_off(uint32_t seq)
{
    return seq % (2 * FB_FIRST_BOOT_RECORDS) * FB_FIRST_BOOT_RECORD;
}

static bool is_newer(uint32_t seq, const struct fb_first_boot_record *than)
{
    return than->seq == FB_FIRST_BOOT_NONE || seq > than->seq;
}

void fb_first_boot_record_scan(struct fb_first_boot_record newest[2],
                               const uint8_t bytes[FB_FIRST_BOOT_RECORD])
{
    struct fb_first_boot_record r = {load32_le(bytes), load32_le(bytes + 4),
                                     load32_le(bytes + 8)};

    if (r.seq == FB_FIRST_BOOT_NONE || fb_crc32(0, bytes, RECORD_CRC_OFF) !=
                                           load32_le(bytes + RECORD_CRC_OFF)) {
        return;
    }
    if (is_newer(r.seq, &newest[0])) {
        newest[1] = newest[0];
        newest[0] = r;
    } else if (is_newer(r.seq, &newest[1])) {
        newest[1] = r;
    }
}

uint32_t fb_first_boot_swap(const uint8_t sector[FB_FLASH_SECTOR])
{
    struct fb_first_boot_plan plan;

    if (fb_first_boot_parse(sector, &plan) != FB_OK) {
        return 0;
    }
    return plan.word[FB_FIRST_BOOT_PLACE] +
           FB_FIRST_BOOT_SWAP * FB_FLASH_SECTOR;
}

enum fb_status fb_first_boot_rescue(const uint8_t *swap, uint32_t swap_off,
                                    struct fb_first_boot_rescue *rescue)
{
    struct fb_first_boot_record r[2] = {{FB_FIRST_BOOT_NONE, 0, 0},
                                        {FB_FIRST_BOOT_NONE, 0, 0}};
    uint32_t crc;

    fb_first_boot_record_scan(r, swap + FB_FIRST_BOOT_PREPARED_OFF);
    if (r[0].seq != FB_FIRST_BOOT_PREPARED ||
        r[0].index < FB_FLASH_BOOTLOADER ||
        r[0].index > FB_FIRST_BOOT_SWAP_N * FB_FLASH_SECTOR) {
        return FB_E_BLANK;
    }
    crc = fb_crc32(0, swap, FB_FIRST_BOOT_DIGEST_SIZE);
    crc = fb_crc32(crc, swap + FB_FLASH_BOOTLOADER,
                   r[0].index - FB_FLASH_BOOTLOADER);
    if (crc != r[0].crc) {
        return FB_E_BAD_CRC;
    }
    rescue->digest_from = swap_off;
    rescue->from = swap_off + FB_FLASH_BOOTLOADER;
    rescue->n = r[0].index - FB_FLASH_BOOTLOADER;
    return FB_OK;
}

// --- fuses ---

enum {
#define X(id, name, alias, block, word, bit, width, wr, rd, type, cat, text)   \
    id##_WORD = (word), id##_BIT = (bit), id##_WIDTH = (width),                \
    id##_WR = (wr), id##_RD = (rd),
#include "lib/fb/efuse_esp32.def"
#undef X
};

// Of BLK0.
#define FIELD(shadow, id)                                                      \
    ((shadow)->word[0][id##_WORD] >> id##_BIT & ((1u << id##_WIDTH) - 1))
#define FROZEN(shadow, id) (FIELD(shadow, WR_DIS) >> id##_WR & 1u)

uint32_t fb_first_boot_counter(uint32_t crypt_cnt)
{
    return crypt_cnt | (crypt_cnt + 1);
}

// --- keys made on the chip ---

#define WORD_ONES 10u // of 32

bool fb_first_boot_key_next(const uint32_t key[8], uint32_t random,
                            uint32_t data[8])
{
    bool found = false;

    for (unsigned w = 0; w < FB_EFUSE_BLOCK_WORDS; w++) {
        data[w] = 0;
        if (!found && ones32(key[w]) < WORD_ONES) {
            found = true;
            data[w] = ones32(random) < WORD_ONES ? 0 : random;
        }
    }
    return found;
}

// --- the decision ---

enum key_state { KEY_BLANK, KEY_MAKING, KEY_MADE, KEY_SEALED, KEY_ODD };

// Protection comes after a key was made and read back, so one bit of it is
// enough to know that it stands, if this chip makes it.
static enum key_state key_state(const struct fb_first_boot_facts *f,
                                unsigned block)
{
    bool made_here = f->planned && (f->flags >> (block - 1) & 1u) != 0;
    bool hidden = (FIELD(&f->shadow, RD_DIS) >> (block - 1) & 1u) != 0;
    bool frozen =
        (FIELD(&f->shadow, WR_DIS) >> (BLOCK1_WR + block - 1) & 1u) != 0;
    uint32_t data[8];

    if (hidden && frozen) {
        return KEY_SEALED;
    }
    if (made_here) {
        if (!hidden && !frozen &&
            fb_first_boot_key_next(f->shadow.word[block], 0, data)) {
            return KEY_MAKING;
        }
        return KEY_MADE;
    }
    if (!hidden && !frozen) {
        uint32_t all = 0;

        for (unsigned w = 0; w < FB_EFUSE_BLOCK_WORDS; w++) {
            all |= f->shadow.word[block][w];
        }
        return all == 0 ? KEY_BLANK : KEY_ODD;
    }
    return KEY_ODD;
}

static enum fb_first_boot_step refuse(enum fb_first_boot_why *why)
{
    *why = FB_FIRST_BOOT_WHY_FUSES;
    return FB_FIRST_BOOT_REFUSE;
}

// Everything that may be in the way is asked before anything is burned.
static enum fb_first_boot_step first(const struct fb_first_boot_facts *f,
                                     enum fb_first_boot_why *why)
{
    const struct fb_efuse_words *s = &f->shadow;
    bool done = FIELD(s, ABS_DONE_0) != 0;
    enum key_state key1 = key_state(f, 1);
    enum key_state key2 = done ? KEY_SEALED : key_state(f, 2);
    bool made = key1 == KEY_BLANK || key2 == KEY_BLANK;
    bool coded = FIELD(s, CODING_SCHEME) % FB_CODING_NONE_RECOVERY != 0;
    bool bad = key1 == KEY_ODD || key2 == KEY_ODD || (made && coded);
    uint32_t needed = 0;

    if (made) {
        needed |= 1u << RD_DIS_WR | 1u << WR_DIS_WR;
    }
    if (FIELD(s, FLASH_CRYPT_CONFIG) != 0xF) {
        needed |= 1u << FLASH_CRYPT_CONFIG_WR;
    }
    if (!done) {
        needed |= 1u << ABS_DONE_0_WR;
    }
    return bad || (FIELD(s, WR_DIS) & needed) != 0 ? refuse(why)
                                                   : FB_FIRST_BOOT_PLAN;
}

static enum fb_first_boot_step plaintext(const struct fb_first_boot_facts *f,
                                         enum fb_first_boot_why *why)
{
    if (!f->planned && !f->verified) {
        return FB_FIRST_BOOT_START;
    }
    if (FROZEN(&f->shadow, FLASH_CRYPT_CNT)) {
        return refuse(why);
    }
    if (!f->planned) {
        return first(f, why);
    }
    switch (key_state(f, 1)) {
    case KEY_MAKING:
        return FB_FIRST_BOOT_KEY1;
    case KEY_MADE:
        return FB_FIRST_BOOT_SEAL1;
    case KEY_SEALED:
        break;
    case KEY_BLANK:
    case KEY_ODD:
        return refuse(why);
    }
    if (FIELD(&f->shadow, FLASH_CRYPT_CONFIG) != 0xF) {
        return FB_FIRST_BOOT_CONFIG;
    }
    return f->encrypted ? FB_FIRST_BOOT_COUNT : FB_FIRST_BOOT_ENCRYPT;
}

// If one of their guards is burned, somebody has decided about them.
static bool locks_open(const struct fb_efuse_words *s)
{
    return !FROZEN(s, DISABLE_DL_ENCRYPT) && !FROZEN(s, JTAG_DISABLE) &&
           (~s->word[0][6] & FB_FIRST_BOOT_LOCKS) != 0;
}

static enum fb_first_boot_step ciphertext(const struct fb_first_boot_facts *f,
                                          enum fb_first_boot_why *why)
{
    const struct fb_efuse_words *s = &f->shadow;

    if (!f->planned || !f->verified) {
        return FB_FIRST_BOOT_START;
    }
    if (FIELD(s, ABS_DONE_0) != 0) {
        return f->kept ? FB_FIRST_BOOT_CLEAN : FB_FIRST_BOOT_KEEP;
    }
    switch (key_state(f, 2)) {
    case KEY_MAKING:
        return FB_FIRST_BOOT_KEY2;
    case KEY_MADE:
        return FB_FIRST_BOOT_SEAL2;
    case KEY_SEALED:
        break;
    case KEY_BLANK:
    case KEY_ODD:
        return refuse(why);
    }
    if (!f->digest) {
        return FB_FIRST_BOOT_DIGEST;
    }
    return locks_open(s) ? FB_FIRST_BOOT_LOCK : FB_FIRST_BOOT_DONE0;
}

enum fb_first_boot_step
fb_first_boot_next(const struct fb_first_boot_facts *facts,
                   enum fb_first_boot_why *why)
{
    return ones32(FIELD(&facts->shadow, FLASH_CRYPT_CNT)) % 2 == 0
               ? plaintext(facts, why)
               : ciphertext(facts, why);
}
