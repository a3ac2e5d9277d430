// SPDX-License-Identifier: Apache-2.0
//
// What bytes are, told by their format alone (docs/FORMATS.md), as they are or
// as they would be decrypted. The flash map, the view of a board, the recipes
// and the flashing tool all ask here. It changes nothing, and takes no noise
// for anything: by chance not one row in 10^9 begins like one of these.

#ifndef FB_CONTENT_H
#define FB_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/fb/flash_encryption.h"

// In the order in which they are tried: what few bytes tell comes early, and
// boot_info before otadata, whose CRC covers one number and may fit a
// boot_info.
enum fb_content {
    FB_CONTENT_UNKNOWN,
    FB_CONTENT_IMAGE, // bootloader or application for the ESP32
    FB_CONTENT_TABLE, // partition table
    FB_CONTENT_NVS,
    FB_CONTENT_LITTLEFS,
    FB_CONTENT_BOOT_INFO, // Pycom's choice of a slot
    FB_CONTENT_OTADATA,   // ESP-IDF's choice of a slot
    FB_CONTENT_DIGEST,    // IV and digest of Secure Boot V1
    FB_CONTENT_FAT,
    FB_CONTENTS
};
// "nothing", "image", "partition table", ...
const char *fb_content_name(enum fb_content content);

// Sets of contents.
#define FB_CONTENT_SET(content) (1u << (content))
#define FB_CONTENT_ANY          (FB_CONTENT_SET(FB_CONTENTS) - 2u)
// What the chip reads through the decryptor while flash encryption is on.
#define FB_CONTENT_BOOT                                                        \
    (FB_CONTENT_SET(FB_CONTENT_IMAGE) | FB_CONTENT_SET(FB_CONTENT_TABLE) |     \
     FB_CONTENT_SET(FB_CONTENT_OTADATA) |                                      \
     FB_CONTENT_SET(FB_CONTENT_BOOT_INFO))

// So many bytes tell any content; 64 do but for the last two.
#define FB_CONTENT_PROBE_MAX 512u

// One way to read bytes: as they are, or decrypted. All is the caller's.
struct fb_reading {
    const uint8_t *raw;
    size_t n;                                  // bytes at hand
    const struct fb_flash_encryption_key *key; // NULL: as they are
    uint32_t flash_off; // that the first byte is decrypted for, a multiple of
                        // 16; what lies beyond FB_FLASH_MAX is not at hand
    bool twice;         // decrypt the result once more
};

// Bytes that can be read.
size_t fb_reading_len(const struct fb_reading *r);
// The first n of them into out, where out may be raw; n a multiple of 16 where
// they are decrypted. False: there are not so many.
bool fb_reading_text(const struct fb_reading *r, uint8_t *out, size_t n);

// What it begins like, of a set: the first that fits, FB_CONTENT_UNKNOWN: none.
// What it would take more bytes to tell than there are is not found.
enum fb_content fb_content_of(const struct fb_reading *r, unsigned set);

// The same for n bytes as they are.
enum fb_content fb_content_of_bytes(const uint8_t *p, size_t n, unsigned set);

// A file: what the chip has to find encrypted while flash encryption is on, of
// FB_CONTENT_BOOT, or FB_CONTENT_DIGEST for an image where it stands behind
// one (FB_FLASH_BOOTLOADER). FB_CONTENT_UNKNOWN: ciphertext, or data.
enum fb_content fb_content_of_file(const uint8_t *p, size_t n);

#endif
