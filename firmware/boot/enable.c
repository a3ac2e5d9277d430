// SPDX-License-Identifier: Apache-2.0

#include "firmware/boot/enable.h"

#include <string.h>

#include "firmware/boot/console.h"
#include "firmware/boot/slot.h"
#include "firmware/drivers/efuse.h"
#include "firmware/drivers/efuse_burn.h"
#include "firmware/drivers/entropy.h"
#include "firmware/drivers/flash.h"
#include "firmware/drivers/mmu.h"
#include "firmware/drivers/reset.h"
#include "firmware/drivers/rng.h"
#include "firmware/drivers/secure_boot.h"
#include "firmware/drivers/uart.h"
#include "firmware/drivers/wdt.h"
#include "lib/fb/bytes.h"
#include "lib/fb/crc.h"
#include "lib/fb/first_boot.h"
#include "lib/fb/image.h"
#include "lib/fb/secure_boot_v1.h"

#define SECTOR      FB_FLASH_SECTOR
#define BOOTLOADER  FB_FLASH_BOOTLOADER
#define DIGEST_SIZE FB_FIRST_BOOT_DIGEST_SIZE
#define TRIES       3u
// A bit whose burn was cut may read by chance: it is not missed in so many.
#define READS 32u
// A key is made in eight parts, and one draw of random words in ten is refused.
#define STEPS_MAX 100u

// BLK0
#define WR_DIS_KEY(block) (1u << (6 + (block)))
#define RD_DIS_KEY(block) (1u << (15 + (block)))
#define RD_DIS_BIT        16         // word 0, BLK1 first
#define CRYPT_CNT_ONE     (1u << 20) // word 0
#define CRYPT_CNT_MASK    (0x7Fu << 20)
#define CRYPT_CONFIG      (0xFu << 28) // word 5
#define ABS_DONE_0        (1u << 4)    // word 6

const bool enable_built_in = true;

struct work {
    enum fb_first_boot_why why; // of a failure
    struct fb_first_boot_facts facts;
    struct fb_first_boot_plan plan;
    const struct fb_partition_table *table;
    uint32_t flash_bytes;
    uint32_t old_flags; // of a plan that was carried out before
};

static uint8_t buffer[SECTOR];
static const uint8_t zeros[4];

static uint32_t area(const struct work *w)
{
    return w->plan.word[FB_FIRST_BOOT_PLACE];
}

// --- flash ---

static bool is(uint32_t flash_off, const uint8_t *p, uint32_t n)
{
    uint8_t chunk[64];

    for (uint32_t i = 0; i < n; i += sizeof(chunk)) {
        uint32_t part = n - i < sizeof(chunk) ? n - i : sizeof(chunk);

        if (flash_read(flash_off + i, chunk, part) != 0 ||
            memcmp(chunk, p + i, part) != 0) {
            return false;
        }
    }
    return true;
}

static bool put(uint32_t flash_off, const void *p, uint32_t n)
{
    return flash_write(flash_off, p, n) == 0 && is(flash_off, p, n);
}

static bool erase(uint32_t flash_off, uint32_t sectors)
{
    for (uint32_t i = 0; i < sectors; i++) {
        if (flash_erase_sector(flash_off + i * SECTOR) != 0) {
            return false;
        }
    }
    return true;
}

static bool load(uint32_t flash_off)
{
    return flash_read(flash_off, buffer, SECTOR) == 0;
}

// --- fuses ---

static void gather(struct work *w)
{
    uint8_t bytes[FB_FIRST_BOOT_PLAN_SIZE];
    enum fb_status status;

    for (unsigned b = 0; b < FB_EFUSE_BLOCKS; b++) {
        efuse_read(b, w->facts.shadow.word[b]);
    }
    status = flash_read(FB_FIRST_BOOT_PLAN_OFF, bytes, sizeof(bytes)) == 0
                 ? fb_first_boot_parse(bytes, &w->plan)
                 : FB_E_BAD_CRC;
    w->facts.planned = status == FB_OK;
    w->facts.flags = w->plan.word[FB_FIRST_BOOT_FLAGS];
    w->old_flags = status == FB_E_BLANK ? w->facts.flags : 0;
}

// READS reads in a row: the ones of all, and whether they agree.
static bool stable(unsigned block, uint32_t seen[8])
{
    uint32_t again[8];
    bool same = true;

    efuse_read(block, seen);
    for (unsigned n = 1; n < READS; n++) {
        efuse_reload();
        efuse_read(block, again);
        for (unsigned i = 0; i < 8; i++) {
            same = same && seen[i] == again[i];
            seen[i] |= again[i];
        }
    }
    fb_bytes_wipe(again, sizeof(again));
    return same;
}

// Until the bits are there and stay: those that do not are burned again.
static bool burn(unsigned block, uint32_t data[8])
{
    uint32_t seen[8];

    for (unsigned n = 0;; n++) {
        bool same = stable(block, seen);
        bool done = same;

        for (unsigned i = 0; i < 8; i++) {
            data[i] |= same ? 0 : seen[i];
            done = done && (data[i] & ~seen[i]) == 0;
        }
        if (done || n == TRIES) {
            return done;
        }
        efuse_program(block, data);
    }
}

static bool burn_word(struct work *w, unsigned word, uint32_t bits)
{
    uint32_t data[8] = {0};

    w->why = FB_FIRST_BOOT_WHY_EFUSE;
    data[word] = bits;
    return burn(0, data);
}

static bool make_key(struct work *w, unsigned block)
{
    uint32_t data[8];

    w->why = FB_FIRST_BOOT_WHY_EFUSE; // if that goes on for ever

    entropy_start();
    (void)fb_first_boot_key_next(w->facts.shadow.word[block], rng_word(), data);
    entropy_stop();
    efuse_program(block, data);
    fb_bytes_wipe(data, sizeof(data));
    return true;
}

// A key that was half protected cannot be read any more, and needs not be.
static bool seal(struct work *w, unsigned block)
{
    uint32_t bits = WR_DIS_KEY(block) | RD_DIS_KEY(block);
    uint32_t key[8] = {0};
    bool good = (efuse_word(0, 0) & bits) != 0 || burn(block, key);

    fb_bytes_wipe(key, sizeof(key));
    return good && burn_word(w, 0, bits);
}

// --- the plan ---

// Applications prove to be plaintext. All else is plaintext the first time, and
// ciphertext from before later on.
static bool add_all(struct work *w)
{
    const struct slot_rules rules = {false, true, 0};
    bool first = (efuse_word(0, 0) & CRYPT_CNT_MASK) == 0;
    const struct fb_partition *part;
    struct fb_image image;
    const uint8_t *p;
    int failed = fb_first_boot_add(&w->plan, FB_PARTITION_TABLE_OFF, SECTOR);
    bool any = false;

    for (unsigned n = 0; (part = fb_partition_app_slot(w->table, n)) != NULL;
         n++) {
        if (slot_verify(&rules, n, part, &image, &p) == FB_BOOT_GOOD) {
            any = true;
            failed |= fb_first_boot_add(&w->plan, part->offset, part->size);
        }
    }
    for (unsigned i = 0; first && i < w->table->count; i++) {
        part = &w->table->part[i];
        if (part->type == FB_PARTITION_DATA && fb_partition_encrypted(part)) {
            failed |= fb_first_boot_add(&w->plan, part->offset, part->size);
        }
    }
    return any && failed == 0;
}

// Does the encryptor take an address of its own? Two rows with the same one.
static bool encrypts_for(uint32_t area)
{
    uint8_t row[FLASH_ENCRYPTED_ROW];

    memset(row, 0xA5, sizeof(row));
    return flash_write_encrypted(area, row, sizeof(row)) == 0 &&
           flash_write_encrypted_for(area, area + sizeof(row), row,
                                     sizeof(row)) == 0 &&
           flash_read(area, row, sizeof(row)) == 0 &&
           is(area + sizeof(row), row, sizeof(row));
}

static const uint8_t *bootloader(struct work *w, struct fb_image *image)
{
    const uint8_t *p = mmu_map(0, FB_FIRST_BOOT_PLAN_OFF);

    if (p == NULL ||
        fb_image_parse(p + BOOTLOADER, FB_FIRST_BOOT_PLAN_OFF - BOOTLOADER,
                       image, NULL) != FB_OK) {
        w->why = FB_FIRST_BOOT_WHY_SIZE;
        return NULL;
    }
    return p;
}

static bool write_plan(struct work *w)
{
    uint8_t bytes[FB_FIRST_BOOT_PLAN_SIZE];

    fb_first_boot_encode(&w->plan, bytes);
    return put(FB_FIRST_BOOT_PLAN_OFF, bytes, sizeof(bytes));
}

// What a cut has left half written or half burned, and was read well this time,
// is made whole before it is relied on.
static bool strengthen(struct work *w)
{
    return write_plan(w) && burn_word(w, 0, 0);
}

static bool make_plan(struct work *w)
{
    struct fb_first_boot_plan *plan = &w->plan;
    struct fb_image image;

    memset(plan, 0, sizeof(*plan));
    // fb_first_boot_next() has seen to it that a readable key block is blank.
    plan->word[FB_FIRST_BOOT_FLAGS] =
        w->old_flags | (~(efuse_word(0, 0) >> RD_DIS_BIT) &
                        (FB_FIRST_BOOT_MAKE_KEY1 | FB_FIRST_BOOT_MAKE_KEY2));
    plan->word[FB_FIRST_BOOT_PLACE] =
        fb_first_boot_area(w->table, w->flash_bytes);
    if (area(w) == 0) {
        w->why = FB_FIRST_BOOT_WHY_ROOM;
        return false;
    }
    w->why = FB_FIRST_BOOT_WHY_UNVERIFIED;
    if (bootloader(w, &image) == NULL || !add_all(w)) {
        return false;
    }
    w->why = FB_FIRST_BOOT_WHY_ENCRYPTOR;
    if (!erase(area(w), FB_FIRST_BOOT_AREA) ||
        !encrypts_for(area(w) + FB_FIRST_BOOT_SWAP * SECTOR)) {
        return false;
    }
    w->why = FB_FIRST_BOOT_WHY_FLASH;
    return erase(FB_FIRST_BOOT_PLAN_OFF, 1) && write_plan(w);
}

// --- encryption in place ---

// The sectors' ciphertext can be written again and again, as long as their
// plaintext exists.
static bool replace(uint32_t flash_off)
{
    return erase(flash_off, 1) &&
           flash_write_encrypted(flash_off, buffer, SECTOR) == 0;
}

static bool record(const struct work *w, const struct fb_first_boot_record *r)
{
    uint8_t bytes[FB_FIRST_BOOT_RECORD];

    fb_first_boot_record_encode(r, bytes);
    return put(area(w) + fb_first_boot_record_off(r->seq), bytes,
               sizeof(bytes));
}

static uint32_t copy_off(const struct work *w, uint32_t seq)
{
    return area(w) + (FB_FIRST_BOOT_COPY + seq % 2) * SECTOR;
}

// What an earlier boot was about to do, or had done, is done again; its record
// too, which may have been cut short. *r: NONE if it had not begun.
static bool redo(struct work *w, struct fb_first_boot_record *r)
{
    struct fb_first_boot_record newest[2] = {{FB_FIRST_BOOT_NONE, 0, 0},
                                             {FB_FIRST_BOOT_NONE, 0, 0}};

    for (unsigned s = 0; s < FB_FIRST_BOOT_COPY; s++) {
        if (!load(area(w) + s * SECTOR)) {
            return false;
        }
        for (unsigned i = 0; i < SECTOR; i += FB_FIRST_BOOT_RECORD) {
            fb_first_boot_record_scan(newest, buffer + i);
        }
    }
    *r = newest[0];
    if (r->seq == FB_FIRST_BOOT_NONE) {
        return true;
    }
    for (unsigned i = 0; i < 2; i++) {
        *r = newest[i];
        if (r->seq != FB_FIRST_BOOT_NONE && load(copy_off(w, r->seq)) &&
            fb_crc32(0, buffer, SECTOR) == r->crc) {
            return record(w, r) &&
                   replace(fb_first_boot_sector(&w->plan, r->index));
        }
    }
    w->why = FB_FIRST_BOOT_WHY_JOURNAL;
    return false;
}

// From a copy: it is complete, and a record says so, before the sector goes.
static bool encrypt_sector(const struct work *w, uint32_t flash_off,
                           const struct fb_first_boot_record *r)
{
    bool new_sector = r->seq % FB_FIRST_BOOT_RECORDS == 0;
    uint32_t record_off = area(w) + fb_first_boot_record_off(r->seq);

    return erase(copy_off(w, r->seq), 1) &&
           put(copy_off(w, r->seq), buffer, SECTOR) &&
           (!new_sector || erase(record_off, 1)) && record(w, r) &&
           replace(flash_off);
}

static bool encrypt(struct work *w)
{
    struct fb_first_boot_record r;
    uint32_t flash_off;
    uint32_t index = 0;

    if (!redo(w, &r)) {
        return false;
    }
    if (r.seq != FB_FIRST_BOOT_NONE) {
        index = r.index + 1;
    }
    for (; (flash_off = fb_first_boot_sector(&w->plan, index)) != 0; index++) {
        if (!load(flash_off)) {
            return false;
        }
        if (fb_bytes_all(buffer, SECTOR, 0xFF)) {
            continue; // nothing to hide
        }
        r = (struct fb_first_boot_record){r.seq + 1, index,
                                          fb_crc32(0, buffer, SECTOR)};
        if (!encrypt_sector(w, flash_off, &r)) {
            return false;
        }
    }
    w->facts.encrypted = true;
    return true;
}

// --- the bootloader ---

// Bytes of a sector of [0, end) that are written.
static uint32_t part_of(uint32_t flash_off, uint32_t end)
{
    return flash_off == 0             ? DIGEST_SIZE
           : end - flash_off < SECTOR ? end - flash_off
                                      : SECTOR;
}

// Is there anything in the part that lies at flash_off? It is then in buffer.
static bool holds(uint32_t flash_off, uint32_t part)
{
    return load(flash_off) && !fb_bytes_all(buffer, part, 0xFF);
}

// The ciphertext of what will be at [0, end), and a word for whoever has to
// finish the work from outside.
static bool prepare(uint32_t swap, uint32_t end)
{
    struct fb_first_boot_record r = {FB_FIRST_BOOT_PREPARED, end, 0};
    uint8_t bytes[FB_FIRST_BOOT_RECORD];

    for (uint32_t off = 0; off < end; off += SECTOR) {
        uint32_t part = part_of(off, end);

        if (!erase(swap + off, 1) ||
            (holds(off, part) &&
             flash_write_encrypted_for(off, swap + off, buffer, part) != 0) ||
            !load(swap + off)) {
            return false;
        }
        r.crc = fb_crc32(r.crc, buffer, part);
    }
    fb_first_boot_record_encode(&r, bytes);
    return put(swap + FB_FIRST_BOOT_PREPARED_OFF, bytes, sizeof(bytes));
}

// From the first operation here to the last the ROM finds no bootloader. The
// first makes that certain.
static bool replace_all(uint32_t swap, uint32_t end)
{
    if (flash_write(BOOTLOADER, zeros, 1) != 0) {
        return false;
    }
    for (uint32_t off = 0; off < end; off += SECTOR) {
        uint32_t part = part_of(off, end);
        bool good = !holds(swap + off, part);

        for (unsigned n = 0; !good && n <= TRIES; n++) {
            good = erase(off, 1) && put(off, buffer, part);
        }
        if (!good) {
            return false;
        }
    }
    return true;
}

static uint32_t next_count(void)
{
    uint32_t count = efuse_word(0, 0) & CRYPT_CNT_MASK;

    return count | (count + CRYPT_CNT_ONE);
}

static bool count(struct work *w)
{
    uint32_t swap = area(w) + FB_FIRST_BOOT_SWAP * SECTOR;
    struct fb_image image;
    uint32_t end;

    if (bootloader(w, &image) == NULL) {
        return false;
    }
    // The digest covers whole blocks.
    end = BOOTLOADER + align_up32(image.len, SECURE_BOOT_BLOCK_SIZE);
    if (!prepare(swap, end) || !replace_all(swap, end) ||
        !burn_word(w, 0, next_count())) {
        return false;
    }
    uart_flush();
    reset_system();
}

// --- Secure Boot V1 ---

static bool covered(struct work *w, const uint8_t **p, uint32_t *n)
{
    struct fb_image image;
    const uint8_t *flash = bootloader(w, &image);

    if (flash == NULL) {
        return false;
    }
    *p = flash + BOOTLOADER;
    *n = fb_secure_boot_v1_covered(image.len, image.header.hash_appended);
    return true;
}

// The one that is there, if it is good: made by the host, or before power was
// lost. It is written again in any case: it may have been cut, and read well.
static bool digest(struct work *w)
{
    const uint8_t *p;
    uint32_t n;

    if (!covered(w, &p, &n)) {
        return false;
    }
    memcpy(buffer, p - BOOTLOADER, DIGEST_SIZE);
    if (!secure_boot_check(buffer, p, n)) {
        secure_boot_make(buffer, p, n);
    }
    w->why = FB_FIRST_BOOT_WHY_DIGEST;
    w->facts.digest =
        erase(0, 1) && flash_write_encrypted(0, buffer, DIGEST_SIZE) == 0 &&
        covered(w, &p, &n) && secure_boot_check(p - BOOTLOADER, p, n);
    return w->facts.digest;
}

// Torn, it is completed by the same bytes.
static bool keep_digest(struct work *w)
{
    const uint8_t *p = mmu_map(0, DIGEST_SIZE);

    w->facts.kept = p != NULL && put(FB_FIRST_BOOT_DIGEST_OFF, p, DIGEST_SIZE);
    return w->facts.kept;
}

static bool clean(const struct work *w)
{
    return erase(area(w), FB_FIRST_BOOT_AREA) &&
           put(FB_FIRST_BOOT_PLAN_OFF, zeros, sizeof(zeros));
}

// --- step by step ---

static bool execute(struct work *w, enum fb_first_boot_step step)
{
    switch (step) {
    case FB_FIRST_BOOT_PLAN:
        return make_plan(w);
    case FB_FIRST_BOOT_KEY1:
        return make_key(w, 1);
    case FB_FIRST_BOOT_KEY2:
        return make_key(w, 2);
    case FB_FIRST_BOOT_SEAL1:
        return seal(w, 1);
    case FB_FIRST_BOOT_SEAL2:
        return seal(w, 2);
    case FB_FIRST_BOOT_CONFIG:
        return burn_word(w, 5, CRYPT_CONFIG);
    case FB_FIRST_BOOT_ENCRYPT:
        return encrypt(w);
    case FB_FIRST_BOOT_COUNT:
        return count(w);
    case FB_FIRST_BOOT_DIGEST:
        return digest(w);
    case FB_FIRST_BOOT_LOCK:
        return burn_word(w, 6, FB_FIRST_BOOT_LOCKS);
    case FB_FIRST_BOOT_DONE0:
        return burn_word(w, 6, ABS_DONE_0);
    case FB_FIRST_BOOT_KEEP:
        return keep_digest(w);
    case FB_FIRST_BOOT_CLEAN:
        return clean(w);
    case FB_FIRST_BOOT_START:
    case FB_FIRST_BOOT_REFUSE:
        break;
    }
    return false;
}

static bool run(struct work *w)
{
    bool good;

    gather(w);
    good = !w->facts.planned || strengthen(w);
    for (unsigned n = 0; good && n < STEPS_MAX; n++) {
        enum fb_first_boot_step step = fb_first_boot_next(&w->facts, &w->why);

        if (step == FB_FIRST_BOOT_START) {
            return true;
        }
        if (step == FB_FIRST_BOOT_REFUSE) {
            break;
        }
        console_print("First boot: step %u\n", step);
        wdt_disable_all(); // some steps take long, and none may be cut
        w->why = FB_FIRST_BOOT_WHY_FLASH;
        good = execute(w, step);
        gather(w);
    }
    console_print("First boot cannot go on [%d]\n", w->why);
    return false;
}

bool enable_encryption(const struct fb_partition_table *table,
                       uint32_t flash_bytes)
{
    struct work w = {.table = table, .flash_bytes = flash_bytes};

    w.facts.verified = table != NULL;
    return efuse_flash_encryption_on() || run(&w);
}

bool enable_secure_boot(void)
{
    struct work w = {.table = NULL};

    w.facts.verified = true;
    return run(&w);
}
