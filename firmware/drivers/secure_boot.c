// SPDX-License-Identifier: Apache-2.0

#include "firmware/drivers/secure_boot.h"

#include "firmware/drivers/soc.h"
#include "lib/fb/bytes.h"

static void command(uint32_t reg)
{
    REG32(reg) = 1;
    while (REG32(SECURE_BOOT_BUSY) != 0) {
    }
}

static void put(uint32_t reg, const uint8_t *p, uint32_t n)
{
    for (uint32_t i = 0; i < n; i += 4) {
        REG32(reg + i) = load32_le(p + i);
    }
}

static void get(uint32_t reg, uint8_t *p, uint32_t n)
{
    for (uint32_t i = 0; i < n; i += 4) {
        store32_le(p + i, REG32(reg + i));
    }
}

void secure_boot_start(uint8_t iv[SECURE_BOOT_BLOCK_SIZE])
{
    REG32(DPORT_PERI_CLK_EN) |= DPORT_PERI_SECUREBOOT;
    REG32(DPORT_PERI_RST_EN) &= ~DPORT_PERI_SECUREBOOT;
    command(SECURE_BOOT_START);
    get(SECURE_BOOT_IV, iv, SECURE_BOOT_BLOCK_SIZE);
}

void secure_boot_absorb(const uint8_t *p, uint32_t n)
{
    for (uint32_t i = 0; i < n; i += SECURE_BOOT_BLOCK_SIZE) {
        put(SECURE_BOOT_BLOCK, p + i, SECURE_BOOT_BLOCK_SIZE);
        command(SECURE_BOOT_HASH);
    }
}

void secure_boot_digest(uint8_t digest[SECURE_BOOT_DIGEST_SIZE])
{
    command(SECURE_BOOT_OBTAIN);
    get(SECURE_BOOT_DIGEST, digest, SECURE_BOOT_DIGEST_SIZE);
}

bool secure_boot_check(const uint8_t digest[SECURE_BOOT_DIGEST_SIZE])
{
    put(SECURE_BOOT_COMPARE, digest, SECURE_BOOT_DIGEST_SIZE);
    command(SECURE_BOOT_CHECK);
    return REG32(SECURE_BOOT_RESULT) == 0;
}

void secure_boot_finish(void)
{
    command(SECURE_BOOT_FINISH);
}
