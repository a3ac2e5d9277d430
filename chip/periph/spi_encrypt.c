// SPDX-License-Identifier: Apache-2.0

#include "chip/periph/spi_encrypt.h"

#include <stddef.h>

#include "chip/soc.h"
#include "lib/fb/bytes.h"

#define BASE    0x3FF5B000u
#define ADDRESS 0x24u
#define DONE    0x28u

static void start_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    uint8_t *row = chip->spi_encrypt.row;
    uint32_t flash_off = soc_reg_get(chip, BASE + ADDRESS);

    (void)vaddr;
    if ((value & 1u) == 0) {
        return;
    }
    for (unsigned i = 0; i < FB_FLASH_ENCRYPTION_ROW / 4; i++) {
        store32_le(row + 4 * i, soc_reg_get(chip, BASE + 4 * i));
    }
    flash_off &= (FB_FLASH_ENCRYPTION_END - 1) & ~(FB_FLASH_ENCRYPTION_ROW - 1);
    fb_flash_encrypt(cache_key(chip), flash_off, row, row,
                     FB_FLASH_ENCRYPTION_ROW);
    *soc_reg(chip, BASE + DONE) = 1;
}

static void buffer_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    *soc_reg(chip, vaddr) = value;
    *soc_reg(chip, BASE + DONE) = 0;
}

// clang-format off
static const struct reg_row rows[] = {
    {0x00, 8, "BUFFER",  0, NULL, buffer_write},
    {0x20, 1, "START",   0, NULL, start_write},
    {0x24, 1, "ADDRESS", 0, NULL, buffer_write},
    {0x28, 1, "DONE",    0, NULL, NULL},
};
// clang-format on

const struct reg_block spi_encrypt_block = {"SPI_ENCRYPT", BASE, 0x1000,
                                            REG_ROWS(rows), false};
