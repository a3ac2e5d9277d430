// SPDX-License-Identifier: Apache-2.0
//
// The SHA accelerator: one block a START or CONTINUE, padding is software's
// (TRM "SHA Accelerator"). One state serves all algorithms.

#ifndef CHIP_PERIPH_SHA_H
#define CHIP_PERIPH_SHA_H

#include "chip/periph/registers.h"

extern const struct reg_block sha_block;

#endif
