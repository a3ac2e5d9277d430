// SPDX-License-Identifier: Apache-2.0
//
// First boot: a bootloader that finds the chip open turns on flash encryption
// and Secure Boot V1 itself, and once FLASH_CRYPT_CNT has been made even again
// encrypts what was flashed in plaintext. Here are the decisions and the
// journal's bytes (docs/FORMATS.md, docs/DESIGN.md "First boot"); the
// bootloader executes them (firmware/boot/enable.c), tools recognise from the
// same bytes where a board was left.
//
// Power may go at any operation. Nothing is ever guessed from how flash looks:
// what is plaintext was decided once, when everything was, and stands in the
// journal.

#ifndef FB_FIRST_BOOT_H
#define FB_FIRST_BOOT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/fb/efuse.h"
#include "lib/fb/flash.h"
#include "lib/fb/partition_table.h"
#include "lib/fb/status.h"

// The last sector below the partition table, free under a bootloader of at most
// 24 KiB: the plan, and in the end a plaintext copy of IV and digest
// (FB_SECURE_BOOT_V1_*) at FB_FIRST_BOOT_DIGEST_OFF. They are what the ROM
// wants at 0x0 once encryption has been turned off to flash in plaintext again,
// and no secret.
#define FB_FIRST_BOOT_PLAN_OFF    0x7000u // flash_off
#define FB_FIRST_BOOT_DIGEST_OFF  0x7400u
#define FB_FIRST_BOOT_DIGEST_SIZE 192u

// The work area, outside of all partitions. In sectors from its start: the
// journal's two, two that hold plaintext of a sector being encrypted, and the
// ciphertext of [0, FB_FIRST_BOOT_PLAN_OFF).
#define FB_FIRST_BOOT_JOURNAL 0u
#define FB_FIRST_BOOT_COPY    2u
#define FB_FIRST_BOOT_SWAP    4u
#define FB_FIRST_BOOT_SWAP_N  7u
#define FB_FIRST_BOOT_AREA    11u

// --- the plan ---

#define FB_FIRST_BOOT_RANGES    16u
#define FB_FIRST_BOOT_PLAN_SIZE 148u
#define FB_FIRST_BOOT_MAKE_KEY1 1u // flags: BLK1 was blank, the chip makes it
#define FB_FIRST_BOOT_MAKE_KEY2 2u // the same for BLK2

// What is to be encrypted in place, the bootloader not counted. word[] as it
// stands in flash; its members have names below.
struct fb_first_boot_plan {
    uint32_t word[FB_FIRST_BOOT_PLAN_SIZE / 4];
};
#define FB_FIRST_BOOT_FLAGS           1u // indices of word[]
#define FB_FIRST_BOOT_PLACE           2u // of the work area, flash_off
#define FB_FIRST_BOOT_COUNT_OF_RANGES 3u
#define FB_FIRST_BOOT_RANGE           4u // flash_off and sectors of each, 0: none

// Find room for the work area: the first aligned run of sectors that no
// partition uses; a data partition of subtype 7 (Pycom's `dummy`) counts as
// unused. Returns its flash_off, 0 when there is none.
uint32_t fb_first_boot_area(const struct fb_partition_table *table,
                            uint32_t flash_size);

// FB_E_NO_SPACE: no room for another range. Start with all words 0.
enum fb_status fb_first_boot_add(struct fb_first_boot_plan *plan,
                                 uint32_t flash_off, uint32_t bytes);

// flash_off of the sector with that index in the plan; 0: the plan has fewer.
uint32_t fb_first_boot_sector(const struct fb_first_boot_plan *plan,
                              uint32_t index);

void fb_first_boot_encode(struct fb_first_boot_plan *plan,
                          uint8_t bytes[FB_FIRST_BOOT_PLAN_SIZE]);
// FB_E_BLANK: the plan has been carried out (its first word is cleared then);
// what it says is still known. FB_E_BAD_CRC: there is none, *plan is scratch.
enum fb_status fb_first_boot_parse(const uint8_t bytes[FB_FIRST_BOOT_PLAN_SIZE],
                                   struct fb_first_boot_plan *plan);

// --- the journal ---

#define FB_FIRST_BOOT_RECORD  16u
#define FB_FIRST_BOOT_RECORDS (FB_FLASH_SECTOR / FB_FIRST_BOOT_RECORD)
#define FB_FIRST_BOOT_NONE    UINT32_MAX

// "The plaintext of the plan's sector `index` is complete in copy `seq` % 2;
// what follows may destroy the sector." Records are numbered; number `seq`
// stands in journal sector seq / FB_FIRST_BOOT_RECORDS % 2, which is erased
// before its first one.
struct fb_first_boot_record {
    uint32_t seq; // FB_FIRST_BOOT_NONE: no record
    uint32_t index;
    uint32_t crc; // CRC-32 of the plaintext
};

void fb_first_boot_record_encode(const struct fb_first_boot_record *record,
                                 uint8_t bytes[FB_FIRST_BOOT_RECORD]);
// Where in the journal, in bytes from its start.
uint32_t fb_first_boot_record_off(uint32_t seq);

// Look at the journal record by record, in any order: the two newest valid ones
// remain, [0] the newest. Start with both NONE.
//
// The newest whose plaintext is still whole is the one to redo, then its
// successors. There is one, unless there is no valid record at all: copies
// alternate, so that the one a record names is destroyed only when its
// successor is complete and its sector done.
void fb_first_boot_record_scan(struct fb_first_boot_record newest[2],
                               const uint8_t bytes[FB_FIRST_BOOT_RECORD]);

// "IV and digest, and the bootloader up to `end`, are ready as ciphertext": one
// more record in the form above, at FB_FIRST_BOOT_PREPARED_OFF of the work
// area's part for them, which is [0, 0x7000) as it will be. seq is
// FB_FIRST_BOOT_PREPARED, index `end`, crc that of the first
// FB_FIRST_BOOT_DIGEST_SIZE bytes and of [0x1000, end). The bootloader never
// reads it.
#define FB_FIRST_BOOT_PREPARED     0x50524550u
#define FB_FIRST_BOOT_PREPARED_OFF 0x800u

// How to finish from outside what a bootloader did not that was cut while it
// replaced itself: copy, raw, `n` bytes from flash_off `from` to 0x1000, and
// FB_FIRST_BOOT_DIGEST_SIZE bytes from `digest_from` to 0 unless they are all
// 0xFF; then burn the next bit of FLASH_CRYPT_CNT.
struct fb_first_boot_rescue {
    uint32_t digest_from;
    uint32_t from;
    uint32_t n;
};

// Where the work area's last part is, FB_FIRST_BOOT_SWAP_N sectors: `sector`
// has the FB_FLASH_SECTOR raw bytes from FB_FIRST_BOOT_PLAN_OFF on. 0: no
// plan, no first boot has begun (or it has ended).
uint32_t fb_first_boot_swap(const uint8_t sector[FB_FLASH_SECTOR]);

// To be asked when FLASH_CRYPT_CNT has an even number of ones and there is no
// image at 0x1000. swap: the raw bytes of that part, which lies at flash_off
// swap_off. FB_E_BLANK: the bootloader was not about to be replaced.
// FB_E_BAD_CRC: what it was to be replaced by is not whole.
enum fb_status fb_first_boot_rescue(const uint8_t *swap, uint32_t swap_off,
                                    struct fb_first_boot_rescue *rescue);

// --- keys made on the chip ---

// What to burn next into a key block, given what the read command shows of it
// and a fresh random word. True: program `data` (all zero: ask again with
// another random word), read, ask again. False: the block is a key.
//
// A word is left alone once nearly a third of its bits are set, and gets 32
// fresh random bits before. So a burn that was cut costs a few bits of entropy
// in one word, and further cuts take no more from it.
//
// For coding scheme None. With 3/4 it cannot be done like that: what the
// decoder shows of a group whose check bytes were cut short is not documented.
bool fb_first_boot_key_next(const uint32_t key[8], uint32_t random,
                            uint32_t data[8]);

// --- the decision ---

struct fb_first_boot_facts {
    struct fb_efuse_words shadow; // as the read command shows them
    bool planned;                 // the plan is valid
    uint32_t flags;               // of the plan
    bool verified;  // signatures included: the table, and with encryption on
                    // an application; nothing is begun before
    bool encrypted; // every sector of the plan is ciphertext
    bool digest;    // at 0x0 is what the ROM will compare, as it reads it
    bool kept;      // and so is its copy at FB_FIRST_BOOT_DIGEST_OFF
};

// One step; after it the facts are gathered anew.
enum fb_first_boot_step {
    FB_FIRST_BOOT_START,   // nothing is left to do
    FB_FIRST_BOOT_REFUSE,  // cannot be done, nothing was changed by this step
    FB_FIRST_BOOT_PLAN,    // decide what is plaintext, write it down
    FB_FIRST_BOOT_KEY1,    // burn a part of BLK1
    FB_FIRST_BOOT_SEAL1,   // protect it
    FB_FIRST_BOOT_CONFIG,  // FLASH_CRYPT_CONFIG = 0xF
    FB_FIRST_BOOT_ENCRYPT, // the sectors of the plan
    FB_FIRST_BOOT_COUNT,   // the bootloader, FLASH_CRYPT_CNT, reset
    FB_FIRST_BOOT_KEY2,
    FB_FIRST_BOOT_SEAL2,
    FB_FIRST_BOOT_DIGEST, // compute and write it
    FB_FIRST_BOOT_LOCK,   // DISABLE_DL_*, JTAG_DISABLE, CONSOLE_DEBUG_DISABLE
    FB_FIRST_BOOT_DONE0,  // ABS_DONE_0
    FB_FIRST_BOOT_KEEP,   // write the digest's copy
    FB_FIRST_BOOT_CLEAN,  // erase the work area, clear the plan's first word
};

// DISABLE_DL_ENCRYPT, _DECRYPT, _CACHE, JTAG_DISABLE, CONSOLE_DEBUG_DISABLE: in
// BLK0 word 6.
#define FB_FIRST_BOOT_LOCKS 0x3C4u

// Why it cannot go on: [number] on the console.
enum fb_first_boot_why {
    // A key block is neither blank nor protected against reading and writing,
    // it is blank and the coding scheme is not None, or a field that has to be
    // burned is write-protected. Nothing was burned.
    FB_FIRST_BOOT_WHY_FUSES = 1,
    // Found while a step is executed:
    FB_FIRST_BOOT_WHY_UNVERIFIED = 2, // no application is signed, or there are
                                      // more than FB_FIRST_BOOT_RANGES parts
    FB_FIRST_BOOT_WHY_ROOM = 3,      // no FB_FIRST_BOOT_AREA between partitions
    FB_FIRST_BOOT_WHY_SIZE = 4,      // the bootloader ends above PLAN_OFF
    FB_FIRST_BOOT_WHY_ENCRYPTOR = 6, // it takes no address of its own
    FB_FIRST_BOOT_WHY_JOURNAL = 7,   // damaged
    FB_FIRST_BOOT_WHY_FLASH = 8,     // does not keep what is written
    FB_FIRST_BOOT_WHY_EFUSE = 9,     // does not keep what is burned
    FB_FIRST_BOOT_WHY_DIGEST = 10,   // the engine disagrees with itself
};

// *why is filled for REFUSE only.
enum fb_first_boot_step
fb_first_boot_next(const struct fb_first_boot_facts *facts,
                   enum fb_first_boot_why *why);

// FLASH_CRYPT_CNT with its lowest clear bit set.
uint32_t fb_first_boot_counter(uint32_t crypt_cnt);

#endif
