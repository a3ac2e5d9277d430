// SPDX-License-Identifier: Apache-2.0
//
// The RSA accelerator: Montgomery products, modular exponentiation and plain
// products of up to 4096 bits (TRM "RSA Accelerator").

#ifndef CHIP_PERIPH_RSA_H
#define CHIP_PERIPH_RSA_H

#include "chip/periph/registers.h"

extern const struct reg_block rsa_block;

#endif
