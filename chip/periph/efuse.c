// SPDX-License-Identifier: Apache-2.0

#include "chip/periph/efuse.h"

#include <stddef.h>
#include <string.h>

#include "chip/periph/vdd_sdio.h"
#include "chip/soc.h"
#include "lib/fb/bytes.h"

#define BASE       0x3FF5A000u
#define CONF       (BASE + 0x0FCu)
#define INT_RAW    (BASE + 0x108u)
#define INT_ENA    (BASE + 0x110u)
#define DEC_STATUS (BASE + 0x11Cu)

#define OP_PROGRAM  0x5A5Au
#define OP_READ     0x5AA5u
#define CMD_READ    1u
#define CMD_PROGRAM 2u
#define INT_READ    1u
#define INT_PROGRAM 2u

static const struct {
    uint16_t rdata, wdata;
    unsigned words;
} blocks[FB_EFUSE_BLOCKS] = {
    {0x000, 0x01C, FB_EFUSE_BLOCK0_WORDS},
    {0x038, 0x098, FB_EFUSE_BLOCK_WORDS},
    {0x058, 0x0B8, FB_EFUSE_BLOCK_WORDS},
    {0x078, 0x0D8, FB_EFUSE_BLOCK_WORDS},
};

static void interrupt(struct chip *chip)
{
    uint32_t raised = soc_reg_get(chip, INT_RAW) & soc_reg_get(chip, INT_ENA);

    soc_source_set(chip, SOC_SRC_EFUSE, raised != 0);
}

void efuse_read_command(struct chip *chip)
{
    struct fb_efuse_words seen = chip->fuses;
    struct fb_efuse_words shadow;
    uint32_t dec_status = 0;

    if (chip->cb.fuses_read != NULL) {
        chip->cb.fuses_read(chip->cb.ctx, &seen);
    }
    fb_efuse_read(&seen, &shadow, &dec_status);
    for (unsigned b = 0; b < FB_EFUSE_BLOCKS; b++) {
        for (unsigned w = 0; w < blocks[b].words; w++) {
            *soc_reg(chip, BASE + blocks[b].rdata + 4 * w) = shadow.word[b][w];
        }
    }
    *soc_reg(chip, DEC_STATUS) = dec_status;
    if (memcmp(&chip->latched, &seen, sizeof seen) != 0) {
        chip->latched = seen;
        cache_reset(chip);
    }
    vdd_sdio_changed(chip);
}

static void program(struct chip *chip)
{
    struct fb_efuse_words data = {0};
    struct fb_efuse_words after = chip->fuses;
    unsigned changed = 0;

    for (unsigned b = 0; b < FB_EFUSE_BLOCKS; b++) {
        for (unsigned w = 0; w < blocks[b].words; w++) {
            uint32_t *reg = soc_reg(chip, BASE + blocks[b].wdata + 4 * w);

            data.word[b][w] = *reg;
            *reg = 0;
        }
    }
    fb_efuse_program(&after, &data);
    for (unsigned b = 0; b < FB_EFUSE_BLOCKS; b++) {
        for (unsigned w = 0; w < FB_EFUSE_BLOCK_WORDS; w++) {
            changed += ones32(after.word[b][w] & ~chip->fuses.word[b][w]);
        }
    }
    if (changed > 0 && !soc_operation(chip, CHIP_OP_EFUSE_BURN, 0, changed)) {
        return;
    }
    chip->fuses = after;
    if (changed > 0) {
        soc_operated(chip, CHIP_OP_EFUSE_BURN, 0, changed);
    }
    soc_log(chip, "efuse: %u bit%s burned", changed, changed == 1 ? "" : "s");
}

// The command is done, but the first look still finds it at work: the ROM of
// revision 3 takes a controller that never is for a glitch, and resets.
static uint32_t cmd_read(struct chip *chip, uint32_t vaddr)
{
    uint32_t value = *soc_reg(chip, vaddr);

    *soc_reg(chip, vaddr) = 0;
    return value;
}

static void cmd_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    uint32_t op = soc_reg_get(chip, CONF) & 0xFFFFu;

    *soc_reg(chip, vaddr) = 0;
    if ((value & CMD_PROGRAM) != 0 && op == OP_PROGRAM) {
        program(chip);
        *soc_reg(chip, vaddr) = CMD_PROGRAM;
        *soc_reg(chip, INT_RAW) |= INT_PROGRAM;
    } else if ((value & CMD_READ) != 0 && op == OP_READ) {
        efuse_read_command(chip);
        *soc_reg(chip, vaddr) = CMD_READ;
        *soc_reg(chip, INT_RAW) |= INT_READ;
    }
    interrupt(chip);
}

static uint32_t int_st_read(struct chip *chip, uint32_t vaddr)
{
    (void)vaddr;
    return soc_reg_get(chip, INT_RAW) & soc_reg_get(chip, INT_ENA);
}

static void int_ena_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    *soc_reg(chip, vaddr) = value;
    interrupt(chip);
}

static void int_clr_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    (void)vaddr;
    *soc_reg(chip, INT_RAW) &= ~value;
    interrupt(chip);
}

// clang-format off
static const struct reg_row rows[] = {
    {0x000, 7, "BLK0_RDATA", 0, NULL, reg_ignore},
    {0x01C, 7, "BLK0_WDATA", 0, NULL, NULL},
    {0x038, 8, "BLK1_RDATA", 0, NULL, reg_ignore},
    {0x058, 8, "BLK2_RDATA", 0, NULL, reg_ignore},
    {0x078, 8, "BLK3_RDATA", 0, NULL, reg_ignore},
    {0x098, 8, "BLK1_WDATA", 0, NULL, NULL},
    {0x0B8, 8, "BLK2_WDATA", 0, NULL, NULL},
    {0x0D8, 8, "BLK3_WDATA", 0, NULL, NULL},
    {0x0F8, 1, "CLK",   0x4052, NULL, NULL},
    {0x0FC, 1, "CONF", 0x10000, NULL, NULL},
    {0x100, 1, "STATUS",     0, NULL, reg_ignore},
    {0x104, 1, "CMD",        0, cmd_read, cmd_write},
    {0x108, 1, "INT_RAW",    0, NULL, reg_ignore},
    {0x10C, 1, "INT_ST",     0, int_st_read, reg_ignore},
    {0x110, 1, "INT_ENA",    0, NULL, int_ena_write},
    {0x114, 1, "INT_CLR",    0, NULL, int_clr_write},
    {0x118, 1, "DAC_CONF",  40, NULL, NULL},
    {0x11C, 1, "DEC_STATUS", 0, NULL, reg_ignore},
    {0x1FC, 1, "DATE", 0x16042600, NULL, NULL},
};
// clang-format on

const struct reg_block efuse_block = {"EFUSE", BASE, 0x1000, REG_ROWS(rows),
                                      false};
