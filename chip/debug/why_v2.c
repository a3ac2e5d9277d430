// SPDX-License-Identifier: Apache-2.0
//
// Secure Boot V2, revision 3: what the ROM asks of a bootloader, and ESP-IDF's
// bootloader of an application.

#include <inttypes.h>
#include <string.h>

#include "chip/debug/why_report.h"
#include "lib/fb/bytes.h"
#include "lib/fb/image.h"
#include "lib/fb/signature_v2.h"

#define ROM_ROOM 0xC000u // the ROM's staging area, bytes
#define SHOWN    16u     // bytes of a digest

bool why_v2_on(const struct why_report *r)
{
    return r->why->revision >= 3 &&
           fb_efuse_get(r->why->fuses, FB_EFUSE_ABS_DONE_1) != 0;
}

// BLOCK2 as the ROM reads it.
static void trusted(const struct why_report *r, uint8_t digest[32])
{
    bool hidden =
        fb_efuse_is_hidden(r->why->fuses, &fb_efuse_map[FB_EFUSE_BLOCK2]);

    for (unsigned i = 0; i < 8; i++) {
        store32_le(digest + (size_t)4 * i,
                   hidden ? 0 : r->why->fuses->word[2][i]);
    }
}

static void say_key(struct why_report *r, const uint8_t *block)
{
    uint8_t key[32], want[32], reversed[32];
    char text[96];

    fb_signature_v2_key_digest(block, key);
    trusted(r, want);
    why_line(r, "    digest of its key:     %s ...", why_hex(text, key, SHOWN));
    why_line(r, "    trusted, in BLOCK2:    %s ...",
             why_hex(text, want, SHOWN));
    fb_bytes_reverse(reversed, key, sizeof reversed);
    if (fb_efuse_is_hidden(r->why->fuses, &fb_efuse_map[FB_EFUSE_BLOCK2])) {
        why_line(r,
                 "    BLOCK2 is read-protected (RD_DIS 0x%" PRIx32
                 "): the chip reads zeros",
                 fb_efuse_get(r->why->fuses, FB_EFUSE_RD_DIS));
    } else if (fb_bytes_all(want, sizeof want, 0)) {
        why_line(r, "    BLOCK2 is empty: no digest was burned");
    } else if (memcmp(reversed, want, sizeof want) == 0) {
        why_line(r, "    BLOCK2 holds it in reversed byte order");
    }
}

static void say_digest(struct why_report *r, const uint8_t *block,
                       const uint8_t *data, uint32_t n)
{
    uint8_t digest[48];
    char text[96];

    fb_signature_v2_digest(FB_SIGNATURE_V2_RSA3072, data, n, digest);
    why_line(r, "    image digest signed:   %s ...",
             why_hex(text, block + 4, SHOWN));
    why_line(r, "    image digest computed: %s ...",
             why_hex(text, digest, SHOWN));
}

// A block of the sector.
static void say_block(struct why_report *r, unsigned number,
                      const uint8_t *block, const uint8_t *data, uint32_t n)
{
    struct fb_signature_v2 s;
    struct fb_fault fault = {FB_OK, 0, 0, 0};

    switch (fb_signature_v2_verify(data, n, block, &s, &fault)) {
    case FB_OK:
        why_line(r,
                 s.kind == FB_SIGNATURE_V2_RSA3072
                     ? "  block %u is good, but of another key than BLOCK2's"
                     : "  block %u is of ECDSA: this chip takes RSA-3072",
                 number);
        say_key(r, block);
        break;
    case FB_E_BLANK:
    case FB_E_BAD_MAGIC:
        break; // none
    case FB_E_BAD_CRC:
        why_line(r,
                 "  block %u is damaged: its CRC is 0x%08" PRIx32
                 ", its bytes give 0x%08" PRIx32,
                 number, fault.got, fault.want);
        break;
    case FB_E_BAD_VERSION:
    case FB_E_UNKNOWN:
        why_line(r,
                 "  block %u is of a kind 0x%02x that this chip does not "
                 "take: expected 02, RSA-3072",
                 number, block[1]);
        break;
    case FB_E_KEY:
        why_line(r,
                 "  block %u is damaged: what it says about its RSA key does "
                 "not fit the key",
                 number);
        break;
    case FB_E_BAD_HASH:
        why_line(r,
                 "  block %u signs something else: another image, or this "
                 "one was changed since",
                 number);
        say_digest(r, block, data, n);
        break;
    default:
        why_line(r,
                 "  block %u is forged or damaged: its RSA-PSS signature "
                 "does not verify",
                 number);
        break;
    }
}

bool why_v2_refused(struct why_report *r, uint32_t flash_off,
                    const uint8_t *data, uint32_t n, const uint8_t *sector)
{
    uint8_t want[32];
    unsigned good;

    trusted(r, want);
    if (fb_signature_v2_verify_sector(data, n, sector, want, &good, NULL) ==
        FB_OK) {
        return false;
    }
    why_line(r,
             "  signature sector at 0x%" PRIx32 ": expected e7 first, got %02x",
             flash_off + n, sector[0]);
    if (fb_bytes_all(r->why->flash + flash_off + n, FB_SIGNATURE_V2_SECTOR,
                     0xFF)) {
        why_line(r, "  it was never signed: the flash is erased there");
    } else if (sector[0] == 0xE7) {
        for (unsigned i = 0; i < FB_SIGNATURE_V2_BLOCKS; i++) {
            say_block(r, i, sector + (size_t)i * FB_SIGNATURE_V2_BLOCK, data,
                      n);
        }
    }
    return true;
}

void why_v2_signature(struct why_report *r)
{
    uint8_t image[ROM_ROOM + 2 * FB_SIGNATURE_V2_SECTOR];
    struct fb_image parsed;
    struct fb_fault fault;
    uint32_t n;

    why_line(r, "Secure Boot V2: the bootloader's signature was refused");
    why_read(r, WHY_BOOTLOADER, image, sizeof image);
    if (fb_image_parse(image, ROM_ROOM, &parsed, &fault) != FB_OK) {
        why_line(r, "  the image is damaged at 0x%" PRIx32,
                 WHY_BOOTLOADER + fault.offset);
        why_say_encryption(r);
        return;
    }
    // The ROM counts a hash in, whether there is one or not.
    n = parsed.len + (parsed.header.hash_appended ? 0 : FB_IMAGE_HASH_SIZE);
    n = align_up32(n, FB_SIGNATURE_V2_SECTOR);
    if (WHY_BOOTLOADER + n >= WHY_TABLE) {
        why_line(r,
                 "  the bootloader fills 0x%x to 0x%" PRIx32
                 ": its signature would lie over the partition table at 0x%x",
                 WHY_BOOTLOADER, WHY_BOOTLOADER + n, WHY_TABLE);
    }
    (void)why_v2_refused(r, WHY_BOOTLOADER, image, n, image + n);
    why_say_encryption(r);
}

void why_v2_size(struct why_report *r)
{
    why_line(r, "Secure Boot V2: the bootloader is larger than the ROM takes");
    why_line(r, "  it has room for %u bytes of image", ROM_ROOM);
    why_say_bytes(r, WHY_BOOTLOADER, FB_IMAGE_MAGIC);
    why_say_encryption(r);
}

void why_v2_segment(struct why_report *r)
{
    uint8_t image[ROM_ROOM];
    struct fb_image parsed;
    struct fb_fault fault = {FB_OK, 0, 0, 0};

    why_line(r, "Secure Boot V2: the ROM cannot read a segment of the "
                "bootloader");
    why_read(r, WHY_BOOTLOADER, image, sizeof image);
    if (fb_image_parse(image, sizeof image, &parsed, &fault) != FB_OK) {
        why_line(r, "  at 0x%" PRIx32 ": %s, got 0x%" PRIx32,
                 WHY_BOOTLOADER + fault.offset, fb_status_text(fault.status),
                 fault.got);
    } else {
        why_line(r, "  load addresses and lengths must be multiples of 4");
    }
    why_say_encryption(r);
}
