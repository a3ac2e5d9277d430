// SPDX-License-Identifier: Apache-2.0

#include "chip/rom/secure_boot_v2.h"

#include <inttypes.h>
#include <string.h>

#include "chip/soc.h"
#include "lib/fb/bytes.h"
#include "lib/fb/crc.h"
#include "lib/fb/crypto.h"
#include "lib/fb/image.h"
#include "lib/fb/signature_v2.h"

#define STAGING      0x3FFC0000u
#define STAGING_SIZE 0xC000u
#define SEGMENT_MAX  0x100000u
#define PAGE         4096u
#define BLK2_RDATA   0x3FF5A058u

// Lines of the ROM's source that its messages name.
#define LINE_IMAGE 74u
#define LINE_ROOM  258u

// Parts of a signature block (docs/FORMATS.md).
#define BLOCK_MAGIC   0xE7u
#define BLOCK_DIGEST  4u
#define BLOCK_KEY     36u
#define BLOCK_KEY_END 812u
#define BLOCK_CRC     1196u

// The staging area while it is filled.
struct staging {
    struct chip *chip;
    uint8_t *mem; // STAGING_SIZE bytes, and more of the same memory behind
    uint32_t n;
    uint32_t flash_off; // of what comes next
    struct fb_sha256 sha;
};

static bool fail(struct chip *chip, const char *why, unsigned line)
{
    rom_print(chip, "ets_secure_boot_v2.c %u \n", line);
    rom_hang(chip, why);
    return false;
}

static void stage(struct staging *s, uint32_t n)
{
    cache_read(s->chip, s->flash_off, s->mem + s->n, n);
    fb_sha256_update(&s->sha, s->mem + s->n, n);
    s->n += n;
    s->flash_off += n;
}

static bool too_large(struct chip *chip)
{
    rom_print(chip, "Bootloader is too large for %uKB staging area.\n",
              STAGING_SIZE / 1024);
    return fail(chip, "bootloader larger than the staging area", LINE_IMAGE);
}

static bool stage_segment(struct staging *s)
{
    struct chip *chip = s->chip;
    uint8_t head[FB_IMAGE_SEGMENT_HEADER];
    uint32_t vaddr, n;

    cache_read(chip, s->flash_off, head, sizeof head);
    vaddr = load32_le(head);
    n = load32_le(head + 4);
    if (n > STAGING_SIZE - s->n) {
        return too_large(chip);
    }
    if (((vaddr | n) & 3u) != 0 || n > SEGMENT_MAX) {
        rom_print(chip, "Invalid image block, can't verify.\n");
        return fail(chip, "segment not aligned", LINE_IMAGE);
    }
    stage(s, FB_IMAGE_SEGMENT_HEADER + n);
    return true;
}

// Header, segments, checksum, hash, and what is left of the last 4 KiB.
static bool stage_image(struct staging *s, uint8_t digest[32])
{
    struct chip *chip = s->chip;
    uint32_t pad, rest;
    unsigned segments;

    memset(s->mem, 0, STAGING_SIZE);
    stage(s, FB_IMAGE_HEADER_SIZE);
    segments = s->mem[1];
    for (unsigned i = 0; i < segments; i++) {
        if (!stage_segment(s)) {
            return false;
        }
    }
    pad = ((s->n + 16) & ~15u) - s->n;
    if (s->n + pad + FB_IMAGE_HASH_SIZE > STAGING_SIZE) {
        return too_large(chip);
    }
    stage(s, pad + FB_IMAGE_HASH_SIZE);
    rest = (PAGE - s->flash_off % PAGE) % PAGE;
    if (rest > STAGING_SIZE - s->n) {
        return fail(chip, "bootloader larger than the staging area", LINE_ROOM);
    }
    stage(s, rest);
    fb_sha256_final(&s->sha, digest);
    return true;
}

// The RSA engine is given the values that the block brings along: with wrong
// ones it finds anything.
static bool is_signed(const uint8_t *block)
{
    uint8_t again[FB_SIGNATURE_V2_BLOCK];
    struct fb_signature_v2 s = {.kind = FB_SIGNATURE_V2_RSA3072,
                                .exponent = load32_le(block + 420)};

    memcpy(s.digest, block + BLOCK_DIGEST, 32);
    for (unsigned i = 0; i < 384; i++) {
        s.pub[i] = block[BLOCK_KEY + 383 - i];
        s.sig[i] = block[BLOCK_KEY_END + 383 - i];
    }
    return fb_signature_v2_encode(&s, again) == FB_OK &&
           memcmp(again + BLOCK_KEY, block + BLOCK_KEY,
                  BLOCK_KEY_END - BLOCK_KEY) == 0 &&
           fb_rsa3072_pss_verify(s.pub, s.exponent, s.digest, s.sig);
}

static bool block_good(struct chip *chip, const uint8_t *block, unsigned number,
                       const uint8_t digest[32], const uint8_t trusted[32])
{
    uint32_t stored = load32_le(block + BLOCK_CRC);
    uint32_t crc = fb_crc32(0, block, BLOCK_CRC);
    uint8_t key[32];

    if (block[0] != BLOCK_MAGIC) {
        return false;
    }
    if (stored != crc) {
        rom_print(chip,
                  "Sig block %u invalid: Stored CRC 0x%08" PRIx32
                  " calculated 0x%08" PRIx32 "\n",
                  number, stored, crc);
        return false;
    }
    if (memcmp(block + BLOCK_DIGEST, digest, 32) != 0) {
        rom_print(chip, "Sig block %u invalid: Image digest does not match\n",
                  number);
        return false;
    }
    fb_signature_v2_key_digest(block, key);
    if (memcmp(key, trusted, 32) != 0) {
        rom_print(chip, "Sig block %u signed with untrusted key\n", number);
        return false;
    }
    if (!is_signed(block)) {
        rom_print(chip,
                  "Signature Check Failed\n"
                  "Sig block %u signature verification failed\n",
                  number);
        return false;
    }
    return true;
}

static bool signature_good(struct chip *chip, const uint8_t *sector,
                           const uint8_t digest[32])
{
    uint8_t trusted[32];

    for (unsigned i = 0; i < 8; i++) {
        store32_le(trusted + 4 * i, soc_reg_get(chip, BLK2_RDATA + 4 * i));
    }
    if (sector[0] != BLOCK_MAGIC) {
        rom_print(chip,
                  "No signature block magic byte found at signature sector "
                  "(found 0x%x not 0x%x). Image not V2 signed?\n",
                  sector[0], BLOCK_MAGIC);
        return false;
    }
    for (unsigned i = 0; i < FB_SIGNATURE_V2_BLOCKS; i++) {
        if (block_good(chip, sector + i * FB_SIGNATURE_V2_BLOCK, i, digest,
                       trusted)) {
            return true;
        }
    }
    return false;
}

static bool unpack(struct staging *s)
{
    unsigned segments = s->mem[1];
    uint32_t at = FB_IMAGE_HEADER_SIZE;

    for (unsigned i = 0; i < segments; i++) {
        uint32_t vaddr = load32_le(s->mem + at);
        uint32_t n = load32_le(s->mem + at + 4);

        at += FB_IMAGE_SEGMENT_HEADER;
        rom_print(s->chip, "load:0x%08" PRIx32 " len:0x%" PRIx32 "\n", vaddr,
                  n);
        if (bus_write(&s->chip->bus[SOC_PRO], vaddr, s->mem + at, n, NULL) !=
            BUS_OK) {
            rom_hang(s->chip, "segment outside memory");
            return false;
        }
        at += n;
    }
    return true;
}

bool rom_secure_boot_v2(struct chip *chip, uint32_t flash_off)
{
    struct staging s = {.chip = chip,
                        .mem = chip->dram + (STAGING - SOC_DRAM),
                        .flash_off = flash_off};
    uint8_t digest[32], sector[FB_SIGNATURE_V2_SECTOR];

    fb_sha256_init(&s.sha);
    rom_print(chip, "secure boot v2 enabled\n");
    if (!stage_image(&s, digest)) {
        return false;
    }
    rom_busy_us(chip, 11000);
    cache_read(chip, s.flash_off, sector, sizeof sector);
    if (!signature_good(chip, sector, digest)) {
        rom_print(chip, "secure boot verification failed\n");
        rom_hang(chip, "secure boot v2 verification failed");
        return false;
    }
    rom_print(chip, "secure boot verification succeeded\n");
    return unpack(&s);
}
