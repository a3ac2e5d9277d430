// SPDX-License-Identifier: Apache-2.0
//
// SPI0 to SPI3 (TRM "SPI Controller", soc/spi_reg.h). SPI0 and SPI1 reach the
// flash chip by CS0, with the one-command bits of CMD and with USR
// transactions; SPI1 page programs go through the flash encryptor when DPORT
// says so. Nothing is attached to SPI2 and SPI3: they read ones.
//
// Not modelled: DMA, slave mode, the time a transaction takes, PSRAM on CS1.

#ifndef CHIP_PERIPH_SPI_H
#define CHIP_PERIPH_SPI_H

#include "chip/periph/registers.h"

extern const struct reg_block spi0_block;
extern const struct reg_block spi1_block;
extern const struct reg_block spi2_block;
extern const struct reg_block spi3_block;

#endif
