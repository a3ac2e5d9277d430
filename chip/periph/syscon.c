// SPDX-License-Identifier: Apache-2.0

#include "chip/periph/syscon.h"

#include <stddef.h>

#include "chip/soc.h"

static void sysclk_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    *soc_reg(chip, vaddr) = value;
    soc_clock_changed(chip);
}

static uint32_t date_read(struct chip *chip, uint32_t vaddr)
{
    return *soc_reg(chip, vaddr) | (chip->config.revision >= 3 ? 1u << 31 : 0);
}

// clang-format off
static const struct reg_row rows[] = {
    {0x00, 1, "SYSCLK_CONF",   0, NULL, sysclk_write},
    {0x04, 30, "CONF",         0, NULL, NULL},
    {0x7C, 1, "DATE", 0x16042000, date_read, NULL},
};
// clang-format on

const struct reg_block syscon_block = {"SYSCON", SYSCON_SYSCLK_CONF, 0x1000,
                                       REG_ROWS(rows), false};
