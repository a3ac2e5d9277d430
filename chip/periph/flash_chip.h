// SPDX-License-Identifier: Apache-2.0
//
// A serial NOR flash chip in the style of the W25Q family (JEDEC JESD216 for
// the parameters; Winbond W25Q32 data sheet for commands and status bits).
// Programming turns ones into zeros inside one page of 256 bytes, erasing turns
// everything into ones. Operations are finished at once.
//
// Not modelled: dummy cycles (the right number is taken for granted), quad and
// dual I/O as such, security registers, suspend, the SEC bit of block
// protection, and times.

#ifndef CHIP_PERIPH_FLASH_CHIP_H
#define CHIP_PERIPH_FLASH_CHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chip;

void flash_chip_power_on(struct chip *chip);

// One transaction: `out` holds the command byte, then address and data bytes;
// `in` receives what the chip answers.
void flash_chip_transfer(struct chip *chip, const uint8_t *out, size_t out_n,
                         uint8_t *in, size_t in_n);

// Whole jobs, as the ROM's driver does them by transactions. flash_off and n
// are unrestricted; an erase covers all sectors that [flash_off, + n) touches.
// False: the power went away.
bool flash_chip_program(struct chip *chip, uint32_t flash_off, const void *p,
                        size_t n);
bool flash_chip_erase(struct chip *chip, uint32_t flash_off, uint32_t n);
bool flash_chip_erase_all(struct chip *chip);

uint32_t flash_chip_id(const struct chip *chip);

#endif
