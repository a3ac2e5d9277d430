// SPDX-License-Identifier: Apache-2.0

#include "chip/periph/secure_boot.h"

#include <stddef.h>
#include <string.h>

#include "chip/soc.h"
#include "lib/fb/bytes.h"

#define BASE    0x3FF04000u
#define IV      0x000u
#define BLOCK   0x080u
#define DIGEST  0x100u
#define COMPARE 0x140u
#define RESULT  0x180u // 0: they agree

static void get_bytes(const struct chip *chip, uint32_t at, uint8_t *out,
                      size_t n)
{
    for (uint32_t i = 0; i < n; i += 4) {
        store32_le(out + i, soc_reg_get(chip, BASE + at + i));
    }
}

static void put_bytes(struct chip *chip, uint32_t at, const uint8_t *in,
                      size_t n)
{
    for (uint32_t i = 0; i < n; i += 4) {
        *soc_reg(chip, BASE + at + i) = load32_le(in + i);
    }
}

// A new computation; the IV for whoever creates a digest is new too.
static void start_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    struct soc_secure_boot *sb = &chip->secure_boot;
    uint8_t key[32];
    size_t n;

    (void)vaddr;
    if ((value & 1u) == 0) {
        return;
    }
    n = fb_efuse_key(&chip->latched, 2, key);
    fb_secure_boot_v1_init(&sb->digest, key, n);
    fb_bytes_wipe(key, sizeof key);
    sb->running = true;
    for (uint32_t i = 0; i < FB_SECURE_BOOT_V1_IV_SIZE; i += 4) {
        *soc_reg(chip, BASE + IV + i) = soc_random(&chip->rng);
    }
}

static void hash_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    uint8_t block[FB_SECURE_BOOT_V1_BLOCK];

    (void)vaddr;
    if ((value & 1u) != 0 && chip->secure_boot.running) {
        get_bytes(chip, BLOCK, block, sizeof block);
        fb_secure_boot_v1_update(&chip->secure_boot.digest, block,
                                 sizeof block);
    }
}

// The digest of what was absorbed so far; the computation can go on.
static void digest(const struct chip *chip, uint8_t out[64])
{
    struct fb_secure_boot_v1 c = chip->secure_boot.digest;

    fb_secure_boot_v1_final(&c, out);
}

static void obtain_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    uint8_t out[FB_SECURE_BOOT_V1_DIGEST_SIZE] = {0};

    (void)vaddr;
    if ((value & 1u) == 0 || !chip->secure_boot.running) {
        return;
    }
    if (fb_efuse_get(&chip->latched, FB_EFUSE_ABS_DONE_0) == 0) {
        digest(chip, out);
    }
    put_bytes(chip, DIGEST, out, sizeof out);
}

static void check_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    uint8_t want[FB_SECURE_BOOT_V1_DIGEST_SIZE];
    uint8_t got[FB_SECURE_BOOT_V1_DIGEST_SIZE];

    (void)vaddr;
    if ((value & 1u) == 0 || !chip->secure_boot.running) {
        return;
    }
    get_bytes(chip, COMPARE, want, sizeof want);
    digest(chip, got);
    *soc_reg(chip, BASE + RESULT) = memcmp(want, got, sizeof got) != 0;
}

static void finish_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    (void)vaddr;
    if ((value & 1u) != 0) {
        fb_bytes_wipe(&chip->secure_boot.digest,
                      sizeof chip->secure_boot.digest);
        chip->secure_boot.running = false;
    }
}

static uint32_t busy_read(struct chip *chip, uint32_t vaddr)
{
    (void)chip;
    (void)vaddr;
    return 0;
}

// clang-format off
static const struct reg_row rows[] = {
    {0x000, 32, "IV",      0, NULL, NULL},
    {0x080, 32, "BLOCK",   0, NULL, NULL},
    {0x100, 16, "DIGEST",  0, NULL, NULL},
    {0x140, 16, "COMPARE", 0, NULL, NULL},
    {0x180, 1,  "RESULT",  1, NULL, NULL},
    {0x1C0, 1,  "START",   0, NULL, start_write},
    {0x1C4, 1,  "HASH",    0, NULL, hash_write},
    {0x1C8, 1,  "OBTAIN",  0, NULL, obtain_write},
    {0x1CC, 1,  "CHECK",   0, NULL, check_write},
    {0x1D0, 1,  "FINISH",  0, NULL, finish_write},
    {0x1D4, 1,  "BUSY",    0, busy_read, NULL},
};
// clang-format on

const struct reg_block secure_boot_block = {"SECURE_BOOT", BASE, 0x1000,
                                            REG_ROWS(rows), false};
