// SPDX-License-Identifier: Apache-2.0
//
// The eFuse controller (TRM "eFuse Controller"). The rules of a burn and of
// what can be read are lib/fb/efuse's; here are the registers.
//
// A command with the wrong op code does nothing. Hardware that uses fuses
// (flash encryption, secure boot) sees them as of the last read command.

#ifndef CHIP_PERIPH_EFUSE_H
#define CHIP_PERIPH_EFUSE_H

#include "chip/periph/registers.h"

extern const struct reg_block efuse_block;

// Load the read registers, as reset and a read command do.
void efuse_read_command(struct chip *chip);

#endif
