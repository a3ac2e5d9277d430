// SPDX-License-Identifier: Apache-2.0

#include "chip/periph/rng.h"

#include <stddef.h>

#include "chip/soc.h"

static uint32_t rnd_read(struct chip *chip, uint32_t vaddr)
{
    (void)vaddr;
    return soc_random(&chip->rng);
}

// clang-format off
static const struct reg_row rows[] = {
    {0x144, 1, "RND", 0, rnd_read, NULL},
};
// clang-format on

const struct reg_block rng_block = {"RNG", 0x3FF75000u, 0x1000, REG_ROWS(rows),
                                    false};
