// SPDX-License-Identifier: Apache-2.0
//
// What is where in a flash chip: erased, plaintext, or ciphertext, and then
// made with which key, for which address. It looks at bytes only and changes
// nothing; a thing is recognised by its format (lib/fb/content.h), so what has
// none of those stays FB_FLASH_DATA or FB_FLASH_OPAQUE.

#ifndef FB_FLASH_MAP_H
#define FB_FLASH_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/fb/content.h"
#include "lib/fb/flash.h"
#include "lib/fb/partition_table.h"
#include "lib/fb/status.h"

// A key that may have been used, as its file has it: 32 bytes, or 24 with
// coding scheme 3/4. Another length is never a match.
struct fb_flash_key {
    const uint8_t *bytes;
    size_t len;
};

// What is looked at. Everything is the caller's.
struct fb_flash_view {
    const uint8_t *flash; // as the flash chip holds it
    uint32_t size;        // bytes, at most FB_FLASH_MAX
    const bool *unread;   // one a sector: nothing is known; NULL: all of it is
    const struct fb_flash_key *key;
    unsigned keys;
    unsigned
        config; // FLASH_CRYPT_CONFIG that applies: tried for all addresses,
                // the 15 others only for the one where the bytes lie
    uint8_t *scratch; // `size` bytes, overwritten
};

enum fb_flash_state {
    FB_FLASH_UNREAD,    // nothing is known about it
    FB_FLASH_ERASED,    // 0xFF
    FB_FLASH_PLAIN,     // `kind`, readable as it is
    FB_FLASH_ENCRYPTED, // `kind`, after decryption as told
    FB_FLASH_DATA,      // not recognised, and not random either
    FB_FLASH_OPAQUE,    // not recognised, looks random: encrypted with another
                        // key or for an odd address, or compressed
};

struct fb_flash_content {
    enum fb_flash_state state;
    enum fb_content kind; // PLAIN, ENCRYPTED
    uint32_t at; // flash_off where it begins: erased sectors come before it
    // FB_OK, or what is wrong with an image (as fb_image_parse() and
    // fb_image_check_sums() say) or a table (its MD5 row).
    enum fb_status sums;
    uint32_t used; // bytes from `at`, of an image through the appended hash,
                   // signatures not counted. 0: not known (file systems)
    // The plaintext from `at`, text_len bytes of it: in the flash or in the
    // scratch memory, until that is used again. PLAIN, ENCRYPTED.
    const uint8_t *text;
    uint32_t text_len;
    // ENCRYPTED:
    unsigned key;      // index
    unsigned config;   // FLASH_CRYPT_CONFIG that it was made with
    uint32_t made_for; // flash_off that it was made for: right only if it is
                       // `at`
    bool twice;        // encrypted once more over its ciphertext
};

// What is in len bytes at flash_off, inside of the flash and flash_off a
// multiple of 16 (of len, 15 bytes may not be looked at). Of an area that is
// known in part, the known bytes at its start count; ERASED needs all of them.
// Where the bytes look random, all keys are tried for this address with any
// FLASH_CRYPT_CONFIG, twice over, and for every other sector of 16 MiB: some
// milliseconds.
void fb_flash_classify(const struct fb_flash_view *v, uint32_t flash_off,
                       uint32_t len, struct fb_flash_content *content);

enum fb_flash_role {
    FB_FLASH_ROLE_DIGEST,     // 0x0: of use with Secure Boot V1
    FB_FLASH_ROLE_BOOTLOADER, // 0x1000
    FB_FLASH_ROLE_TABLE,      // 0x8000
    FB_FLASH_ROLE_PARTITION,
    FB_FLASH_ROLE_GAP, // between partitions: nobody's
};

struct fb_flash_region {
    uint32_t flash_off;
    uint32_t size; // bytes
    enum fb_flash_role role;
    int part;       // PARTITION: index in the table, else -1
    bool encrypted; // the firmware reads it through the decryptor while flash
                    // encryption is on (ESP-IDF docs, "Flash Encryption")
    struct fb_flash_content content; // text is not kept: NULL
};

#define FB_FLASH_REGIONS (2u * FB_PARTITION_MAX + 5u)

// The whole flash from 0 to its end, without holes or overlaps (of partitions
// that overlap the later one is cut). *table is what was found at 0x8000,
// readable or decrypted; count 0 when there is none. Returns the regions
// written, FB_FLASH_REGIONS at most.
size_t fb_flash_map(const struct fb_flash_view *v,
                    struct fb_partition_table *table,
                    struct fb_flash_region region[FB_FLASH_REGIONS]);

// Does the running chip see what was recognised? on: flash encryption is on;
// key: index of what BLOCK1 holds, or -1; config: FLASH_CRYPT_CONFIG. False
// also for what was not recognised.
bool fb_flash_readable(const struct fb_flash_region *region, bool on, int key,
                       unsigned config);

// Do the rows of n bytes that are written look like random bytes, as ciphertext
// does? False for erased flash.
bool fb_flash_looks_random(const uint8_t *p, uint32_t n);

#endif
