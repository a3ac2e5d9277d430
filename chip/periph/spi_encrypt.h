// SPDX-License-Identifier: Apache-2.0
//
// The flash encryption block: 32 plaintext bytes in, the ciphertext of that
// flash row out to SPI1's next page program (TRM "External Memory Encryption
// and Decryption", soc/flash_encryption_reg.h).

#ifndef CHIP_PERIPH_SPI_ENCRYPT_H
#define CHIP_PERIPH_SPI_ENCRYPT_H

#include "chip/periph/registers.h"

extern const struct reg_block spi_encrypt_block;

#endif
