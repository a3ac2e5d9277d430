// SPDX-License-Identifier: Apache-2.0
//
// The AES accelerator, one block a START (TRM "AES Accelerator"). Key and text
// lie in the registers as in memory, whatever ENDIAN says: what all drivers
// use. Not modelled: the other byte orders of ENDIAN.

#ifndef CHIP_PERIPH_AES_H
#define CHIP_PERIPH_AES_H

#include "chip/periph/registers.h"

extern const struct reg_block aes_block;

#endif
