// SPDX-License-Identifier: Apache-2.0

#include "chip/periph/registers.h"

#include <stddef.h>

#include "chip/periph/blocks.h"
#include "chip/soc.h"

const struct reg_block *const *registers_blocks(unsigned *count)
{
    *count = peripheral_block_count;
    return peripheral_blocks;
}

const struct reg_block *registers_block(uint32_t vaddr)
{
    unsigned low = 0;
    unsigned high = peripheral_block_count;

    while (low < high) {
        unsigned mid = (low + high) / 2;
        const struct reg_block *block = peripheral_blocks[mid];

        if (vaddr < block->base) {
            high = mid;
        } else if (vaddr - block->base >= block->size) {
            low = mid + 1;
        } else {
            return block;
        }
    }
    return NULL;
}

const struct reg_row *registers_row(const struct reg_block *block,
                                    uint32_t vaddr)
{
    uint32_t offset = (vaddr - block->base) & ~3u;
    unsigned low = 0;
    unsigned high = block->count;

    while (low < high) {
        unsigned mid = (low + high) / 2;
        const struct reg_row *row = &block->rows[mid];

        if (offset < row->offset) {
            high = mid;
        } else if (offset - row->offset >= 4u * row->words) {
            low = mid + 1;
        } else {
            return row;
        }
    }
    return NULL;
}

static void block_reset(struct chip *chip, const struct reg_block *block)
{
    for (uint32_t at = 0; at < block->size; at += 4) {
        *soc_reg(chip, block->base + at) = 0;
    }
    for (unsigned i = 0; i < block->count; i++) {
        const struct reg_row *row = &block->rows[i];

        for (unsigned w = 0; w < row->words; w++) {
            *soc_reg(chip, block->base + row->offset + 4 * w) = row->reset;
        }
    }
}

void reg_ignore(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    (void)chip;
    (void)vaddr;
    (void)value;
}

void registers_reset(struct chip *chip, bool rtc)
{
    for (unsigned i = 0; i < peripheral_block_count; i++) {
        if (rtc || !peripheral_blocks[i]->rtc) {
            block_reset(chip, peripheral_blocks[i]);
        }
    }
}

static const struct reg_row *row_of(struct chip *chip, uint32_t vaddr,
                                    bool store)
{
    const struct reg_block *block = registers_block(vaddr);
    const struct reg_row *row = NULL;

    if (block != NULL) {
        row = registers_row(block, vaddr);
    }
    if (row == NULL) {
        soc_unmodelled(chip, vaddr, store);
    }
    return row;
}

uint32_t registers_load(struct chip *chip, uint32_t vaddr)
{
    const struct reg_row *row = row_of(chip, vaddr, false);

    vaddr &= ~3u;
    if (row != NULL && row->read != NULL) {
        return row->read(chip, vaddr);
    }
    return *soc_reg(chip, vaddr);
}

void registers_store(struct chip *chip, uint32_t vaddr, unsigned size,
                     uint32_t value)
{
    const struct reg_row *row = row_of(chip, vaddr, true);
    unsigned shift = 8 * (vaddr & 3u);

    if (size < 4) {
        // Narrow stores change their bytes of what was stored last.
        uint32_t mask = ((1u << (8 * size)) - 1u) << shift;

        value = (*soc_reg(chip, vaddr) & ~mask) | ((value << shift) & mask);
    }
    vaddr &= ~3u;
    if (row != NULL && row->write != NULL) {
        row->write(chip, vaddr, value);
    } else {
        *soc_reg(chip, vaddr) = value;
    }
}
