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

static void start(void)
{
    REG32(DPORT_PERI_CLK_EN) |= DPORT_PERI_SECUREBOOT;
    REG32(DPORT_PERI_RST_EN) &= ~DPORT_PERI_SECUREBOOT;
    command(SECURE_BOOT_START);
}

static void absorb(const uint8_t *p, uint32_t n)
{
    for (uint32_t i = 0; i < n; i += SECURE_BOOT_BLOCK_SIZE) {
        put(SECURE_BOOT_BLOCK, p + i, SECURE_BOOT_BLOCK_SIZE);
        command(SECURE_BOOT_HASH);
    }
}

void secure_boot_make(uint8_t record[SECURE_BOOT_RECORD_SIZE], const uint8_t *p,
                      uint32_t n)
{
    start();
    get(SECURE_BOOT_IV, record, SECURE_BOOT_BLOCK_SIZE);
    absorb(record, SECURE_BOOT_BLOCK_SIZE);
    absorb(p, n);
    command(SECURE_BOOT_OBTAIN);
    get(SECURE_BOOT_DIGEST, record + SECURE_BOOT_BLOCK_SIZE,
        SECURE_BOOT_DIGEST_SIZE);
    command(SECURE_BOOT_FINISH);
}

bool secure_boot_check(const uint8_t record[SECURE_BOOT_RECORD_SIZE],
                       const uint8_t *p, uint32_t n)
{
    bool equal;

    start();
    absorb(record, SECURE_BOOT_BLOCK_SIZE);
    absorb(p, n);
    put(SECURE_BOOT_COMPARE, record + SECURE_BOOT_BLOCK_SIZE,
        SECURE_BOOT_DIGEST_SIZE);
    command(SECURE_BOOT_CHECK);
    equal = REG32(SECURE_BOOT_RESULT) == 0;
    command(SECURE_BOOT_FINISH);
    return equal;
}
