// SPDX-License-Identifier: Apache-2.0
//
// Burning eFuses. There is no way back. The bus clock (APB) is 80 MHz, as after
// clock_fast().

#ifndef FIRMWARE_DRIVERS_EFUSE_BURN_H
#define FIRMWARE_DRIVERS_EFUSE_BURN_H

#include <stdint.h>

// Read command: efuse_word() and the parts of the chip that use fuses see them
// as they are now.
void efuse_reload(void);

// The words of block 0 .. 3 (7 of block 0, then 0) as the last read command
// found them.
void efuse_read(unsigned block, uint32_t words[8]);

// Program command with these raw words for block 0 .. 3 (and for the others
// what is in their program registers: 0, unless somebody else left something),
// then efuse_reload(). What a frozen field asks for is ignored.
void efuse_program(unsigned block, const uint32_t data[8]);

#endif
