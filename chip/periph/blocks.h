// SPDX-License-Identifier: Apache-2.0
//
// All register blocks of the chip, in rising order of address.

#ifndef CHIP_PERIPH_BLOCKS_H
#define CHIP_PERIPH_BLOCKS_H

#include "chip/periph/registers.h"

extern const struct reg_block *const peripheral_blocks[];
extern const unsigned peripheral_block_count;

#endif
