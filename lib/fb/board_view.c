// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/board_view.h"

#include <string.h>

#include "lib/fb/bytes.h"
#include "lib/fb/content.h"
#include "lib/fb/efuse_coding.h"
#include "lib/fb/flash.h"
#include "lib/fb/flash_encryption.h"
#include "lib/fb/secure_boot_v1.h"
#include "lib/fb/signature.h"
#include "lib/fb/signature_v2.h"

#define SECTOR      FB_FLASH_SECTOR
#define BOOTLOADER  FB_FLASH_BOOTLOADER
#define TABLE_ROOM  0xC60u // table and V1 signature, whole rows
#define RECORD_ROOM 64u    // the longest record
#define IMAGE_MORE  128u   // that digest or V1 signature take behind an image

#define IMAGE  FB_CONTENT_SET(FB_CONTENT_IMAGE)
#define TABLE  FB_CONTENT_SET(FB_CONTENT_TABLE)
#define DIGEST FB_CONTENT_SET(FB_CONTENT_DIGEST)
#define RECORD                                                                 \
    (FB_CONTENT_SET(FB_CONTENT_BOOT_INFO) | FB_CONTENT_SET(FB_CONTENT_OTADATA))

// What a look needs besides the view; the keys are wiped at its end.
struct look {
    struct fb_board_view *v;
    const struct fb_board_keys *keys;
    uint8_t *plain;
    struct fb_flash_encryption_key flash_key;
    uint8_t boot_key[32];
    size_t boot_key_len;
    bool v2;     // images are signed for V2
    bool unread; // something remembered could not be read
};

const char *fb_part_form_name(enum fb_part_form form)
{
    static const char *const names[] = {
        [FB_FORM_UNKNOWN] = "unknown",      [FB_FORM_BLANK] = "blank",
        [FB_FORM_PLAIN] = "plaintext",      [FB_FORM_CIPHER] = "ciphertext",
        [FB_FORM_OTHER] = "something else",
    };

    return names[form];
}

// --- keys ---

static bool block_blank(const struct fb_board_state *s, unsigned block)
{
    return fb_board_state_knows_block(s, block) &&
           fb_efuse_block_blank(&s->fuses, block);
}

// The key of a block as the hardware uses it; 0: not known, or none.
static size_t fuse_key(const struct fb_board_state *s, unsigned block,
                       uint8_t key[32])
{
    if (!fb_board_state_knows_block(s, block) || block_blank(s, block) ||
        !fb_board_state_knows(s, &fb_efuse_map[FB_EFUSE_CODING_SCHEME])) {
        return 0;
    }
    return fb_efuse_key(&s->fuses, block, key);
}

// Is the key that counts the file's?
static bool is_given(const uint8_t *key, size_t n, const uint8_t *file,
                     size_t file_n)
{
    return file != NULL && n == file_n && memcmp(file, key, n) == 0;
}

static void find_keys(struct look *l)
{
    const struct fb_board_state *s = l->v->state;
    uint32_t config = fb_efuse_get(&s->fuses, FB_EFUSE_FLASH_CRYPT_CONFIG);
    uint8_t key[32];
    size_t n = fuse_key(s, 1, key);

    // Before the fuses say how, or when they do not tell, what is made is made
    // for the usual way.
    if ((config == 0 && !l->v->encrypted) ||
        !fb_board_state_knows(s, &fb_efuse_map[FB_EFUSE_FLASH_CRYPT_CONFIG])) {
        config = FB_FLASH_CRYPT_CONFIG_DEFAULT;
    }
    l->v->flash_key_given = l->keys->flash_key != NULL;
    l->v->flash_key_sure = n != 0 && (s->unproven & 1u << 1) == 0;
    if (l->v->encrypted && block_blank(s, 1)) {
        l->v->flash_key_sure = true;
        n = sizeof key;
        memset(key, 0, n);
    } else if (n == 0 && l->keys->flash_key != NULL &&
               l->keys->flash_key_len <= 32) {
        n = l->keys->flash_key_len;
        memcpy(key, l->keys->flash_key, n);
    }
    l->v->flash_key_file =
        is_given(key, n, l->keys->flash_key, l->keys->flash_key_len);
    l->v->has_flash_key = n != 0 && fb_flash_encryption_key_init(
                                        &l->flash_key, key, n, config) == FB_OK;
    l->boot_key_len = fuse_key(s, 2, l->boot_key);
    l->v->boot_key_given = l->keys->boot_key != NULL;
    l->v->boot_key_sure = l->boot_key_len != 0 && (s->unproven & 1u << 2) == 0;
    if (l->v2 && l->v->boot_key_given && l->keys->boot_key_len == 32) {
        memcpy(l->v->v2_digest, l->keys->boot_key, 32);
    }
    if (l->v->secure_v1 && l->v->digest_key_blank) {
        l->v->boot_key_sure = true;
        memset(l->boot_key, 0, sizeof l->boot_key);
        l->boot_key_len = sizeof l->boot_key;
    } else if (l->boot_key_len == 0 && l->keys->boot_key != NULL &&
               l->keys->boot_key_len <= 32) {
        l->boot_key_len = l->keys->boot_key_len;
        memcpy(l->boot_key, l->keys->boot_key, l->boot_key_len);
    } else if (l->v2 && l->boot_key_len != 0) {
        // A digest stands in the fuses in its own order.
        fb_bytes_reverse(key, l->boot_key, 32);
        memcpy(l->boot_key, key, 32);
    }
    l->v->has_boot_key = l->boot_key_len != 0;
    l->v->boot_key_file = is_given(l->boot_key, l->boot_key_len,
                                   l->keys->boot_key, l->keys->boot_key_len);
    fb_bytes_wipe(key, sizeof key);
}

// --- plaintext and ciphertext ---

static const uint8_t *raw(const struct look *l, uint32_t flash_off)
{
    return l->v->state->flash + flash_off;
}

static void as_stored(struct look *l, uint32_t flash_off, uint32_t n)
{
    memcpy(l->plain + flash_off, raw(l, flash_off), n);
}

// Decrypt whole rows from flash_off as if they stood at `address`.
static bool decrypt(struct look *l, uint32_t flash_off, uint32_t address,
                    uint8_t *out, uint32_t n)
{
    return l->v->has_flash_key &&
           fb_flash_decrypt(&l->flash_key, address, raw(l, flash_off), out,
                            n) == FB_OK;
}

static bool is_one_of(unsigned set, const uint8_t *p, size_t n)
{
    return fb_content_of_bytes(p, n, set) != FB_CONTENT_UNKNOWN;
}

static bool header_at(const uint8_t row[32])
{
    return is_one_of(IMAGE, row, 32);
}

// Is it the first row of an image, encrypted for `address`?
static bool encrypted_for(const struct look *l, const uint8_t *p,
                          uint32_t address)
{
    const struct fb_reading r = {p, 32, &l->flash_key, address, false};

    return l->v->has_flash_key &&
           fb_content_of(&r, IMAGE) != FB_CONTENT_UNKNOWN;
}

// The place that it was encrypted for, `flash_off` when none is found.
static uint32_t made_for(const struct look *l, const uint8_t *p,
                         uint32_t flash_off)
{
    if (encrypted_for(l, p, flash_off)) {
        return flash_off;
    }
    for (uint32_t at = 0; at < FB_FLASH_ENCRYPTION_END; at += 0x10000) {
        if (encrypted_for(l, p, at)) {
            return at;
        }
    }
    return encrypted_for(l, p, BOOTLOADER) ? BOOTLOADER : flash_off;
}

// Ciphertext whose first block was rewritten by a tool that took it for an
// image: it begins with the magic of one, and the rest of its row is the rest
// of a header.
static bool header_rewritten(struct look *l, uint32_t flash_off)
{
    uint8_t row[32];

    return raw(l, flash_off)[0] == FB_IMAGE_MAGIC &&
           decrypt(l, flash_off, flash_off, row, sizeof row) &&
           !header_at(row) && fb_bytes_all(row + 19, 4, 0) && row[23] <= 1 &&
           fb_image_segment_kind(load32_le(row + 24), 4) != FB_SEGMENT_BAD;
}

static void find_form(struct look *l, struct fb_part *part, bool raw_ok,
                      bool decrypted_ok)
{
    if (raw_ok) {
        part->form = FB_FORM_PLAIN;
    } else if (decrypted_ok) {
        part->form = FB_FORM_CIPHER;
    } else if (l->v->has_flash_key || !l->v->encrypted) {
        part->form = FB_FORM_OTHER;
    } else {
        part->form = FB_FORM_UNKNOWN;
    }
}

static bool recognised(const struct fb_part *part)
{
    return part->form == FB_FORM_PLAIN || part->form == FB_FORM_CIPHER;
}

// Is it one of a set, as it is or decrypted for its place? n bytes of it are
// then there in plain.
static void recognise(struct look *l, struct fb_part *part, unsigned set,
                      uint32_t n)
{
    struct fb_reading r = {
        .raw = raw(l, part->flash_off), .n = n, .flash_off = part->flash_off};
    bool raw_ok = fb_content_of(&r, set) != FB_CONTENT_UNKNOWN;

    r.key = l->v->has_flash_key ? &l->flash_key : NULL;
    find_form(l, part, raw_ok,
              !raw_ok && fb_content_of(&r, set) != FB_CONTENT_UNKNOWN);
    if (part->form == FB_FORM_CIPHER) {
        (void)fb_reading_text(&r, l->plain + part->flash_off, n);
    }
}

// False: unknown or blank, which is said.
static bool something_at(struct look *l, struct fb_part *part, uint32_t n)
{
    part->status = FB_E_BLANK;
    part->proof = FB_E_KEY;
    part->made_for = part->flash_off;
    part->form = FB_FORM_UNKNOWN;
    if (!fb_board_state_knows_flash(l->v->state, part->flash_off, n)) {
        return false;
    }
    as_stored(l, part->flash_off, n);
    if (fb_bytes_all(raw(l, part->flash_off), n < part->size ? n : part->size,
                     0xFF)) {
        part->form = FB_FORM_BLANK;
        return false;
    }
    return true;
}

// --- images ---

// V1: the block behind the image. V2: a sector behind the padded image, with a
// block whose key has the digest in BLK2.
static enum fb_status image_proof(const struct look *l, const uint8_t *p,
                                  uint32_t cap, const struct fb_image *image)
{
    uint32_t padded = align_up32(image->len, FB_SIGNATURE_V2_SECTOR);
    bool trust = l->boot_key_len == 32;
    unsigned block;

    if (!l->v2) {
        if (l->keys->signing_pub == NULL) {
            return FB_E_KEY;
        }
        return image->len + FB_SIGNATURE_V1_SIZE > cap
                   ? FB_E_BAD_SIGNATURE
                   : fb_signature_v1_verify(l->keys->signing_pub, p, image->len,
                                            p + image->len, NULL);
    }
    if (padded + FB_SIGNATURE_V2_SECTOR > cap) {
        return FB_E_BLANK;
    }
    enum fb_status status = fb_signature_v2_verify_sector(
        p, padded, p + padded, trust ? l->boot_key : NULL, &block, NULL);
    return status == FB_OK && !trust ? FB_E_KEY : status;
}

// The ROM looks at a bootloader's checksum only.
static enum fb_status bootloader_status(const uint8_t *p, uint32_t cap,
                                        struct fb_image *image,
                                        struct fb_fault *fault)
{
    enum fb_status status = fb_image_parse(p, cap, image, fault);

    if (status != FB_OK) {
        return status;
    }
    return fb_image_checksum(p, image) == image->checksum ? FB_OK
                                                          : FB_E_BAD_CHECKSUM;
}

// Bytes from flash_off on that are known, n at most. flash_off is on a sector.
static uint32_t known_prefix(const struct fb_board_state *s, uint32_t flash_off,
                             uint32_t n)
{
    uint32_t end = flash_off;

    if (s->flash == NULL || flash_off > s->flash_size) {
        return 0;
    }
    n = n < s->flash_size - flash_off ? n : s->flash_size - flash_off;
    while (end < flash_off + n && !s->flash_unread[end / SECTOR]) {
        end += SECTOR;
    }
    return end - flash_off < n ? end - flash_off : n;
}

// Bytes that belong to an image as far as it was parsed: with what proves it,
// or through the header of the first segment that was not there.
static uint32_t image_end(const struct look *l, const struct fb_part *part,
                          const struct fb_fault *fault)
{
    const struct fb_image *image = &part->image;

    if (image->len == 0) {
        return fault->offset + 2 * FB_IMAGE_SEGMENT_HEADER + fault->want;
    }
    // The digest covers less than 128 bytes behind the image.
    return l->v2 ? align_up32(image->len, FB_SIGNATURE_V2_SECTOR) +
                       FB_SIGNATURE_V2_SECTOR
                 : image->len + IMAGE_MORE;
}

// Of an image that begins at flash_off, cap bytes of room are known. Is that
// all that its sums and its proof need? If not, the rest is wanted.
static bool image_known(const struct look *l, const struct fb_part *part,
                        const struct fb_fault *fault, uint32_t cap,
                        uint32_t room)
{
    uint32_t end = image_end(l, part, fault);

    end = end < room ? end : room;
    return end <= cap ||
           fb_board_state_knows_flash(l->v->state, part->flash_off, end);
}

static enum fb_status image_status(const struct look *l, struct fb_part *part,
                                   uint32_t cap, struct fb_fault *fault)
{
    const uint8_t *p = l->plain + part->flash_off;

    *fault = (struct fb_fault){0};
    return part->kind == FB_PART_BOOTLOADER
               ? bootloader_status(p, cap, &part->image, fault)
               : fb_image_verify_app(p, cap, part->flash_off, NULL,
                                     &part->image, fault);
}

// Ciphertext for another place: decrypted as for there, for its length.
static void look_elsewhere(struct look *l, struct fb_part *part, uint32_t cap,
                           uint32_t room)
{
    uint8_t *p = l->plain + part->flash_off;
    struct fb_fault fault = {0};

    if (decrypt(l, part->flash_off, part->made_for, p, cap) &&
        fb_image_parse(p, cap, &part->image, &fault) == FB_E_TRUNCATED) {
        (void)image_known(l, part, &fault, cap, room);
    }
}

// room: bytes that may belong to the image. An image that reaches into what is
// not known is not known.
static void look_at_image(struct look *l, struct fb_part *part, uint32_t room)
{
    uint32_t off = part->flash_off;
    uint8_t *p = l->plain + off;
    uint32_t cap = known_prefix(l->v->state, off, room) & ~31u;
    struct fb_fault fault;

    if (!something_at(l, part, cap > 0 ? cap : SECTOR)) {
        // Erased is what is erased to its end.
        if (part->form == FB_FORM_BLANK &&
            !fb_board_state_knows_flash(
                l->v->state, off, room < part->size ? room : part->size)) {
            part->form = FB_FORM_UNKNOWN;
        }
        return;
    }
    recognise(l, part, IMAGE, cap);
    if (part->form == FB_FORM_OTHER) {
        part->made_for = made_for(l, raw(l, off), off);
        part->patched = header_rewritten(l, off);
        part->status = FB_E_BAD_MAGIC;
    }
    if (part->made_for != off) {
        look_elsewhere(l, part, cap, room & ~31u);
    }
    if (!recognised(part)) {
        return;
    }
    part->status = image_status(l, part, cap, &fault);
    if ((part->status == FB_OK || part->status == FB_E_TRUNCATED) &&
        !image_known(l, part, &fault, cap, room & ~31u)) {
        part->form = FB_FORM_UNKNOWN;
    } else if (part->status == FB_OK) {
        part->proof = image_proof(l, p, cap, &part->image);
    }
}

static void look_at_bootloader(struct look *l, struct fb_part *part)
{
    const struct fb_board_state *s = l->v->state;
    uint32_t end = 0x10000;

    part->kind = FB_PART_BOOTLOADER;
    memcpy(part->label, "bootloader", sizeof "bootloader");
    part->flash_off = BOOTLOADER;
    part->size = FB_PARTITION_TABLE_OFF - BOOTLOADER;
    end = s->flash_size < end ? s->flash_size : end;
    look_at_image(l, part, end - BOOTLOADER);
    if (part->form == FB_FORM_OTHER &&
        fb_board_state_knows_flash(s, 2 * BOOTLOADER, SECTOR)) {
        l->v->shifted = header_at(raw(l, 2 * BOOTLOADER)) ||
                        encrypted_for(l, raw(l, 2 * BOOTLOADER), BOOTLOADER);
    }
}

// --- the digest of Secure Boot V1 ---

static bool digest_matches(const struct look *l, const uint8_t sector[256],
                           const struct fb_part *bootloader)
{
    uint8_t digest[FB_SECURE_BOOT_V1_DIGEST_SIZE];
    uint32_t covered = fb_secure_boot_v1_covered(
        bootloader->image.len, bootloader->image.header.hash_appended);

    return bootloader->status == FB_OK &&
           BOOTLOADER + covered <= l->v->state->flash_size &&
           fb_secure_boot_v1_digest(l->boot_key, l->boot_key_len, sector,
                                    l->plain + BOOTLOADER, covered,
                                    digest) == FB_OK &&
           memcmp(digest, sector + FB_SECURE_BOOT_V1_DIGEST_OFF,
                  sizeof digest) == 0;
}

// The rest of the sector is erased. ESP-IDF's first boot encrypts no more than
// the digest, so what follows it as stored does not tell how that is stored:
// then it goes with its bootloader. decrypted: NULL: no key.
static void unproven_digest(struct look *l, const uint8_t *decrypted,
                            const struct fb_part *bootloader, bool *raw_ok,
                            bool *decrypted_ok)
{
    uint8_t both[FB_CONTENT_PROBE_MAX];
    const uint32_t end =
        FB_SECURE_BOOT_V1_DIGEST_OFF + FB_SECURE_BOOT_V1_DIGEST_SIZE;
    bool raw_rest = is_one_of(DIGEST, l->plain, sizeof both);

    if (decrypted != NULL) {
        memcpy(both, decrypted, sizeof both);
        for (uint32_t i = end; i < sizeof both; i += FB_FLASH_ENCRYPTION_ROW) {
            if (fb_bytes_all(l->plain + i, FB_FLASH_ENCRYPTION_ROW, 0xFF)) {
                memset(both + i, 0xFF, FB_FLASH_ENCRYPTION_ROW);
            }
        }
        *decrypted_ok = is_one_of(DIGEST, both, sizeof both) &&
                        (!raw_rest || bootloader->form == FB_FORM_CIPHER);
    }
    *raw_ok = raw_rest && !*decrypted_ok;
}

static void look_at_digest(struct look *l, struct fb_part *part,
                           const struct fb_part *bootloader)
{
    uint8_t decrypted[FB_CONTENT_PROBE_MAX];
    bool has, raw_ok, decrypted_ok;

    part->kind = FB_PART_DIGEST;
    memcpy(part->label, "digest", sizeof "digest");
    part->size = SECTOR;
    if (!something_at(l, part, sizeof decrypted)) {
        return;
    }
    has = decrypt(l, 0, 0, decrypted, sizeof decrypted);
    raw_ok = l->v->has_boot_key && digest_matches(l, l->plain, bootloader);
    decrypted_ok = !raw_ok && has && l->v->has_boot_key &&
                   digest_matches(l, decrypted, bootloader);
    part->proof = !l->v->has_boot_key      ? FB_E_KEY
                  : raw_ok || decrypted_ok ? FB_OK
                                           : FB_E_BAD_DIGEST;
    if (!raw_ok && !decrypted_ok) {
        unproven_digest(l, has ? decrypted : NULL, bootloader, &raw_ok,
                        &decrypted_ok);
    }
    find_form(l, part, raw_ok, decrypted_ok);
    part->status = raw_ok || decrypted_ok ? FB_OK : FB_E_BAD_MAGIC;
    if (part->form == FB_FORM_CIPHER) {
        memcpy(l->plain, decrypted, sizeof decrypted);
    }
}

// --- the partition table ---

static void look_at_table(struct look *l, struct fb_part *part)
{
    uint8_t *p = l->plain + FB_PARTITION_TABLE_OFF;

    part->kind = FB_PART_TABLE;
    memcpy(part->label, "partition table", sizeof "partition table");
    part->flash_off = FB_PARTITION_TABLE_OFF;
    part->size = SECTOR;
    if (!something_at(l, part, TABLE_ROOM)) {
        return;
    }
    recognise(l, part, TABLE, TABLE_ROOM);
    part->status = FB_E_BAD_MAGIC;
    if (!recognised(part)) {
        return;
    }
    part->status =
        fb_partition_table_parse(p, FB_PARTITION_TABLE_SIZE,
                                 l->v->state->flash_size, &l->v->table, NULL);
    l->v->table_ok = part->status == FB_OK && l->v->table.count > 0;
    if (!l->v->table_ok && part->status == FB_OK) {
        part->status = FB_E_BLANK;
    }
    if (l->keys->signing_pub != NULL) {
        part->proof = fb_signature_v1_verify(l->keys->signing_pub, p,
                                             FB_PARTITION_TABLE_SIZE,
                                             p + FB_PARTITION_TABLE_SIZE, NULL);
    }
}

// --- partitions ---

static void look_at_otadata(struct look *l, struct fb_part *part)
{
    if (something_at(l, part, RECORD_ROOM)) {
        recognise(l, part, RECORD, RECORD_ROOM);
        part->status = recognised(part) ? FB_OK : FB_E_BAD_CRC;
    }
}

// --- what the bootloader remembers ---

// The view's flash.
static int store_read(void *user, uint32_t flash_off, void *p, size_t n)
{
    struct look *l = user;
    uint32_t from = flash_off & ~31u;
    uint8_t rows[128];
    uint32_t len = align_up32(flash_off + (uint32_t)n, 32) - from;

    if (len > sizeof rows ||
        !fb_board_state_knows_flash(l->v->state, from, len) ||
        (l->v->encrypted && !l->v->has_flash_key)) {
        l->unread = true;
        return -1;
    }
    memcpy(rows, raw(l, from), len);
    if (l->v->encrypted &&
        fb_flash_decrypt(&l->flash_key, from, rows, rows, len) != FB_OK) {
        return -1;
    }
    memcpy(p, rows + (flash_off - from), n);
    return 0;
}

static int store_read_raw(void *user, uint32_t flash_off, void *p, size_t n)
{
    struct look *l = user;

    if (!fb_board_state_knows_flash(l->v->state, flash_off, (uint32_t)n)) {
        l->unread = true;
        return -1;
    }
    memcpy(p, raw(l, flash_off), n);
    return 0;
}

// An interrupted change would be finished by writing; here nothing is written,
// and what can be read counts.
static int store_erase(void *user, uint32_t flash_off)
{
    (void)user;
    (void)flash_off;
    return -1;
}

static int store_write(void *user, uint32_t flash_off, const void *p, size_t n)
{
    (void)p;
    (void)n;
    return store_erase(user, flash_off);
}

static void look_at_store(struct look *l)
{
    const struct fb_boot_flash flash = {
        l, store_read, store_read_raw, store_erase, store_write, store_write};
    struct fb_boot_place place;

    fb_boot_store_find(&l->v->table, l->v->state->flash_size, &place);
    (void)fb_boot_store_read(&flash, &place, &l->v->store);
    l->v->store.place = place;
    l->v->store_known = !l->unread;
}

// One byte value makes up half of a row, which is not erased: ciphertext looks
// like noise, and never does that.
static bool plain_row(const uint8_t row[FB_FLASH_ENCRYPTION_ROW])
{
    unsigned count[256] = {0};
    bool plain = false;

    for (unsigned i = 0; i < FB_FLASH_ENCRYPTION_ROW; i++) {
        plain |= ++count[row[i]] >= FB_FLASH_ENCRYPTION_ROW / 2;
    }
    return plain && !fb_bytes_all(row, FB_FLASH_ENCRYPTION_ROW, 0xFF);
}

// Data has no form of its own to tell; its first sector is looked at.
static void look_at_data(struct look *l, struct fb_part *part)
{
    bool plain = false;

    if (part->size < SECTOR || !something_at(l, part, SECTOR)) {
        return;
    }
    for (uint32_t i = 0; i < SECTOR; i += FB_FLASH_ENCRYPTION_ROW) {
        plain |= plain_row(raw(l, part->flash_off + i));
    }
    part->form = plain ? FB_FORM_PLAIN : FB_FORM_CIPHER;
    part->status = FB_OK;
}

static enum fb_part_kind part_kind(const struct fb_partition *p)
{
    if (p->type != FB_PARTITION_DATA) {
        return p->type == FB_PARTITION_APP ? FB_PART_APP : FB_PART_DATA;
    }
    return p->subtype == FB_PARTITION_OTADATA    ? FB_PART_OTADATA
           : p->subtype == FB_PARTITION_NVS_KEYS ? FB_PART_NVS_KEYS
                                                 : FB_PART_DATA;
}

static void look_at_partition(struct look *l, const struct fb_partition *p)
{
    struct fb_part *part = &l->v->part[l->v->parts];

    if (!fb_partition_encrypted(p)) {
        return;
    }
    l->v->parts++;
    part->kind = part_kind(p);
    memcpy(part->label, p->label, sizeof part->label);
    part->flash_off = p->offset;
    part->size = p->size;
    if (part->kind == FB_PART_APP) {
        look_at_image(l, part, part->size);
    } else if (part->kind == FB_PART_OTADATA) {
        look_at_otadata(l, part);
    } else {
        look_at_data(l, part);
    }
}

// --- all ---

static void look_at_fuses(struct fb_board_view *v)
{
    const struct fb_board_state *s = v->state;

    v->revision = fb_efuse_chip_revision(&s->fuses, s->syscon_date);
    v->revision_known =
        fb_board_state_knows(s, &fb_efuse_map[FB_EFUSE_CHIP_VER_REV1]) &&
        fb_board_state_knows(s, &fb_efuse_map[FB_EFUSE_CHIP_VER_REV2]);
    v->encrypted = fb_efuse_flash_encryption_on(&s->fuses);
    v->secure_v1 = fb_efuse_get(&s->fuses, FB_EFUSE_ABS_DONE_0) != 0;
    v->secure_v2 =
        fb_efuse_get(&s->fuses, FB_EFUSE_ABS_DONE_1) != 0 && v->revision >= 3;
    v->key_blank = block_blank(s, 1);
    v->digest_key_blank = block_blank(s, 2);
}

void fb_board_view(struct fb_board_view *v, const struct fb_board_state *s,
                   const struct fb_board_keys *keys, uint8_t *plain)
{
    struct look l = {.v = v, .keys = keys, .plain = plain};

    memset(v, 0, sizeof *v);
    v->state = s;
    v->plain = plain;
    v->parts = 3;
    look_at_fuses(v);
    l.v2 = keys->v2 || v->secure_v2;
    find_keys(&l);
    look_at_bootloader(&l, &v->part[1]);
    look_at_digest(&l, &v->part[0], &v->part[1]);
    look_at_table(&l, &v->part[2]);
    for (unsigned i = 0; v->table_ok && i < v->table.count; i++) {
        look_at_partition(&l, &v->table.part[i]);
    }
    if (v->table_ok) {
        look_at_store(&l);
    }
    fb_bytes_wipe(&l, sizeof l);
}

bool fb_board_encrypted_for(const struct fb_board_state *s,
                            const struct fb_board_keys *keys,
                            const uint8_t *data, size_t n, uint32_t flash_off,
                            uint32_t *found)
{
    struct fb_board_view v = {
        .state = s, .encrypted = fb_efuse_flash_encryption_on(&s->fuses)};
    struct look l = {.v = &v, .keys = keys};
    uint32_t at;
    bool ok;

    if (n < FB_FLASH_ENCRYPTION_ROW) {
        return false;
    }
    find_keys(&l);
    at = made_for(&l, data, flash_off);
    ok = encrypted_for(&l, data, at);
    fb_bytes_wipe(&l, sizeof l);
    if (ok) {
        *found = at;
    }
    return ok;
}

unsigned fb_board_view_slot(const struct fb_board_view *v)
{
    struct fb_boot_course course;

    fb_boot_store_first(&v->store, 0, &course);
    return course.slot;
}

unsigned fb_board_view_running(const struct fb_board_view *v)
{
    return fb_boot_store_active(&v->store);
}

const struct fb_part *fb_board_view_app(const struct fb_board_view *v,
                                        unsigned slot)
{
    const struct fb_partition *p =
        v->table_ok ? fb_partition_app_slot(&v->table, slot) : NULL;

    for (unsigned i = 3; p != NULL && i < v->parts; i++) {
        if (v->part[i].kind == FB_PART_APP &&
            v->part[i].flash_off == p->offset) {
            return &v->part[i];
        }
    }
    return NULL;
}

bool fb_board_view_booted(const struct fb_board_view *v,
                          const struct fb_boot_log *log, unsigned block)
{
    const struct fb_part *digest = &v->part[0], *bootloader = &v->part[1];

    if (!log->started || bootloader->status != FB_OK ||
        !fb_boot_log_is(log, &bootloader->image)) {
        return false;
    }
    return block == 1 ? v->encrypted && bootloader->form == FB_FORM_CIPHER
                      : v->secure_v1 && digest->proof == FB_OK;
}

// Without FLASH_CRYPT_CONFIG nobody can decrypt for sure.
static bool may_look_like_noise(const struct fb_board_view *v)
{
    return !fb_board_state_knows(v->state,
                                 &fb_efuse_map[FB_EFUSE_FLASH_CRYPT_CONFIG]);
}

bool fb_part_unjudged(const struct fb_board_view *v, const struct fb_part *part)
{
    return part->form == FB_FORM_UNKNOWN ||
           (part->form == FB_FORM_OTHER && may_look_like_noise(v)) ||
           (part->status == FB_OK && part->proof == FB_E_KEY);
}

bool fb_part_runs(const struct fb_board_view *v, const struct fb_part *part)
{
    bool proven = part->kind == FB_PART_DIGEST       ? v->secure_v1
                  : part->kind == FB_PART_BOOTLOADER ? v->secure_v2
                  : part->kind == FB_PART_TABLE      ? v->secure_v1
                  : part->kind == FB_PART_APP ? v->secure_v1 || v->secure_v2
                                              : false;

    return part->form == (v->encrypted ? FB_FORM_CIPHER : FB_FORM_PLAIN) &&
           part->status == FB_OK && (!proven || part->proof == FB_OK);
}

// --- what starts ---

static bool outdated(const struct fb_board_view *v, const struct fb_part *app)
{
    return fb_image_secure_version(v->plain + app->flash_off, &app->image) <
           fb_efuse_secure_version(&v->state->fuses);
}

static enum fb_start judge_slot(const struct fb_board_view *v,
                                bool anti_rollback, unsigned slot)
{
    const struct fb_part *app = fb_board_view_app(v, slot);

    if (app == NULL) {
        return FB_START_NOTHING;
    }
    if (fb_part_runs(v, app)) {
        return anti_rollback && outdated(v, app) ? FB_START_NOTHING
                                                 : FB_START_SLOT;
    }
    return fb_part_unjudged(v, app) ? FB_START_UNKNOWN : FB_START_NOTHING;
}

// Any slot may come first.
static enum fb_start start_of_any(const struct fb_board_view *v,
                                  bool anti_rollback)
{
    unsigned count[FB_START_UNKNOWN + 1] = {0};
    unsigned slots = v->store.place.slots;

    if (v->store.place.kind == FB_BOOT_KIND_PYCOM && slots > 2) {
        slots = 2;
    }
    for (unsigned i = 0; i < slots; i++) {
        count[judge_slot(v, anti_rollback, i)]++;
    }
    // Whichever is asked for, a good one is fallen back to.
    return count[FB_START_SLOT] > 0      ? FB_START_SOME
           : count[FB_START_UNKNOWN] > 0 ? FB_START_UNKNOWN
                                         : FB_START_NOTHING;
}

enum fb_start fb_board_view_start(const struct fb_board_view *v,
                                  bool anti_rollback, unsigned *slot)
{
    struct fb_boot_course course;
    bool unjudged = false, final = false;

    if (!v->store_known) {
        return start_of_any(v, anti_rollback);
    }
    fb_boot_store_first(&v->store, 0, &course);
    for (unsigned i = 0; !final && i <= FB_PARTITION_MAX; i++) {
        enum fb_start s = judge_slot(v, anti_rollback, course.slot);

        unjudged |= s == FB_START_UNKNOWN;
        final = fb_boot_store_verdict(&v->store, &course,
                                      s == FB_START_SLOT ? FB_BOOT_GOOD
                                                         : FB_BOOT_BAD);
    }
    if (!final || !course.start) {
        return unjudged ? FB_START_UNKNOWN : FB_START_NOTHING;
    }
    if (unjudged) {
        return FB_START_SOME;
    }
    *slot = course.slot;
    return FB_START_SLOT;
}
