// SPDX-License-Identifier: Apache-2.0
//
// What a board's flash holds and what the chip would make of it: each place
// that booting depends on, as it is stored (plaintext, ciphertext, ...) and as
// the chip would judge it. The checks and the recovery advice look through
// this. No I/O.

#ifndef FB_BOARD_VIEW_H
#define FB_BOARD_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/fb/boot_log.h"
#include "lib/fb/boot_store.h"
#include "lib/fb/image.h"
#include "lib/fb/partition_table.h"
#include "lib/fb/plan.h"

enum fb_part_kind {
    FB_PART_DIGEST,     // Secure Boot V1, flash_off 0
    FB_PART_BOOTLOADER, // 0x1000
    FB_PART_TABLE,      // 0x8000
    FB_PART_APP,
    FB_PART_OTADATA,
    FB_PART_NVS_KEYS,
    FB_PART_DATA, // flagged "encrypted"; other data has no part
};

// How it is stored.
enum fb_part_form {
    FB_FORM_UNKNOWN, // the flash is not known there, or no key to try
    FB_FORM_BLANK,   // erased
    FB_FORM_PLAIN,   // makes sense as it stands
    FB_FORM_CIPHER,  // makes sense decrypted for its address
    FB_FORM_OTHER,   // neither
};
const char *fb_part_form_name(enum fb_part_form form);

struct fb_part {
    enum fb_part_kind kind;
    char label[17]; // "bootloader", a partition's name
    uint32_t flash_off;
    uint32_t size; // bytes of the place
    enum fb_part_form form;
    // Of the content, once decrypted if need be: FB_OK, or why it is none.
    // FB_E_BLANK: erased, or nothing was recognised.
    enum fb_status status;
    // Of its signature or digest: FB_E_KEY when there is nothing to check it
    // with.
    enum fb_status proof;
    struct fb_image image; // BOOTLOADER, APP: as far as it parsed
    uint32_t made_for;     // flash_off that the ciphertext decrypts for
    bool patched;          // ciphertext whose first bytes were rewritten
};

// Does it make sense, one way or the other?
static inline bool fb_part_recognised(const struct fb_part *part)
{
    return (part->form == FB_FORM_CIPHER || part->form == FB_FORM_PLAIN) &&
           part->status == FB_OK;
}

#define FB_PARTS_MAX (3u + FB_PARTITION_MAX)

struct fb_board_view {
    const struct fb_board_state *state;
    const uint8_t *plain; // of the caller: what was decrypted, see below
    unsigned revision;    // of the chip, 0 .. 3
    bool revision_known;
    bool encrypted;        // FLASH_CRYPT_CNT has an odd number of ones
    bool secure_v1;        // ABS_DONE_0
    bool secure_v2;        // ABS_DONE_1 on a chip that obeys it
    bool key_blank;        // BLK1 is known and holds nothing
    bool digest_key_blank; // BLK2
    bool has_flash_key;    // one to decrypt with: BLK1's, else the file's;
                           // while encryption is on a blank BLK1 is a key of
                           // zeros
    bool flash_key_sure;   // that one is BLK1's own, not only a file's
    bool flash_key_given;  // as a file
    bool flash_key_file;   // the file given is the one, as far as is known
    bool has_boot_key;     // one for digests: BLK2's, else the file's; with
                           // ABS_DONE_0 a blank BLK2 is a key of zeros
    bool boot_key_sure;    // that one is BLK2's own, not only a file's
    bool boot_key_given;   // as a file
    bool boot_key_file;    // the file given is the one, as far as is known
    uint8_t v2_digest[32]; // V2: what that file says; it is public
    bool shifted;          // a bootloader image stands at 0x2000: the file for
                           // flash_off 0 was written to 0x1000
    bool table_ok;         // the table parsed, either form
    struct fb_partition_table table;
    unsigned parts; // [0] digest, [1] bootloader, [2] table, then partitions
    struct fb_part part[FB_PARTS_MAX];
    struct fb_boot_store store; // what the bootloader remembers, as it sees it
    bool store_known; // false: flash or a key is missing to read it with, and
                      // store says what would be on an erased flash
};

// Keys to look with; NULL: not given. Files win over nothing but the fuses:
// what is known of BLK1 and BLK2 counts first.
struct fb_board_keys {
    const uint8_t *flash_key;
    size_t flash_key_len;
    const uint8_t *boot_key; // V1 key, or the 32-byte digest of V2
    size_t boot_key_len;
    const uint8_t *signing_pub; // V1: 64 bytes
    bool v2;                    // images are signed for V2
};

// Look. plain: flash_size bytes of the caller (a secret afterwards); at each
// part it holds the content decrypted when the form is FB_FORM_CIPHER, and as
// stored otherwise.
void fb_board_view(struct fb_board_view *v, const struct fb_board_state *s,
                   const struct fb_board_keys *keys, uint8_t *plain);

// The app slot that starts next, and the one that runs now if all went well:
// indices for fb_partition_app_slot().
unsigned fb_board_view_slot(const struct fb_board_view *v);
unsigned fb_board_view_running(const struct fb_board_view *v);
// Its part; NULL: the table has no such slot.
const struct fb_part *fb_board_view_app(const struct fb_board_view *v,
                                        unsigned slot);
// What the bootloader will start: the slot that what it remembers names, or,
// refusing that, the one it falls back to (lib/fb/boot_policy).
enum fb_start {
    FB_START_NOTHING,
    FB_START_SLOT,
    FB_START_SOME,    // an application for certain, which one is not known
    FB_START_UNKNOWN, // what it remembers, or a slot, cannot be judged
};
// anti_rollback: by a bootloader that minds SECURE_VERSION. *slot is changed
// with FB_START_SLOT only.
enum fb_start fb_board_view_start(const struct fb_board_view *v,
                                  bool anti_rollback, unsigned *slot);

// The flash_off that n bytes of a file make sense for: as an image when they
// are decrypted for it, `flash_off` itself before others. False: for none, or
// no key to try; *found is untouched.
bool fb_board_encrypted_for(const struct fb_board_state *s,
                            const struct fb_board_keys *keys,
                            const uint8_t *data, size_t n, uint32_t flash_off,
                            uint32_t *found);
// Did the chip, which last started as the log says, use for block 1 or 2 the
// key that this view was made with? The ROM told what it made of the bootloader
// with the key in BLOCK1; with Secure Boot V1 on it starts nothing but what has
// its digest by BLOCK2. False: that was not seen.
bool fb_board_view_booted(const struct fb_board_view *v,
                          const struct fb_boot_log *log, unsigned block);

// Can it not be judged, because flash or a key is missing?
bool fb_part_unjudged(const struct fb_board_view *v,
                      const struct fb_part *part);
// Does the chip accept this place as it is stored?
bool fb_part_runs(const struct fb_board_view *v, const struct fb_part *part);

#endif
