// SPDX-License-Identifier: Apache-2.0
//
// WDEV_RND: a new random word a read (TRM "Random Number Generator"). The
// numbers follow from the seed of the chip.
//
// Not modelled: the entropy source (the words are the same with and without).

#ifndef CHIP_PERIPH_RNG_H
#define CHIP_PERIPH_RNG_H

#include "chip/periph/registers.h"

extern const struct reg_block rng_block;

#endif
