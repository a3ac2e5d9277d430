// SPDX-License-Identifier: Apache-2.0
//
// TRM "eFuse Controller", "eFuse Programming".

#include "firmware/drivers/efuse_burn.h"

#include "firmware/drivers/soc.h"

#define CONF_PROGRAM 0x5A5Au
#define CONF_READ    0x5AA5u
#define CMD_READ     1u
#define CMD_PROGRAM  2u
#define BYTE         0xFFu
#define EFUSE_BLOCK  0x20u

static void command(uint32_t conf, uint32_t cmd)
{
    REG32(EFUSE_CONF) = conf;
    REG32(EFUSE_CMD) = cmd;
    while (REG32(EFUSE_CMD) != 0) {
    }
}

void efuse_reload(void)
{
    command(CONF_READ, CMD_READ);
}

// The programming pulse's timing for a bus clock of 80 MHz.
static void set_clock(void)
{
    REG32(EFUSE_DAC_CONF) = (REG32(EFUSE_DAC_CONF) & ~BYTE) | 100u;
    REG32(EFUSE_CLK) = (REG32(EFUSE_CLK) & ~0xFFFFu) | 80u | 128u << 8;
}

struct block {
    uint32_t read;
    uint32_t write;
    uint32_t words;
};

// BLK1 to BLK3 follow each other.
static struct block find(unsigned block)
{
    uint32_t more = EFUSE_BLOCK * (block - 1);

    return block == 0 ? (struct block){EFUSE_BLK0_RDATA0, EFUSE_BLK0_WDATA0, 7}
                      : (struct block){EFUSE_BLK1_RDATA0 + more,
                                       EFUSE_BLK1_WDATA0 + more, 8};
}

void efuse_read(unsigned block, uint32_t words[8])
{
    struct block b = find(block);

    words[7] = 0;
    for (uint32_t i = 0; i < b.words; i++) {
        words[i] = REG32(b.read + 4 * i);
    }
}

void efuse_program(unsigned block, const uint32_t data[8])
{
    struct block b = find(block);

    set_clock();
    for (uint32_t i = 0; i < b.words; i++) {
        REG32(b.write + 4 * i) = data[i];
    }
    command(CONF_PROGRAM, CMD_PROGRAM);
    for (uint32_t i = 0; i < b.words; i++) {
        REG32(b.write + 4 * i) = 0;
    }
    efuse_reload();
}
