// SPDX-License-Identifier: Apache-2.0
//
// VDD_SDIO, the supply of the flash (TRM "Low-Power Management", VDD_SDIO power
// domain; esp-idf soc/rtc_cntl_reg.h): RTC_CNTL_SDIO_CONF if it forces, else
// the fuses XPD_SDIO_* if they do, else the strap MTDI as it was sampled.
//
// A flash part whose supply is too low answers nothing: every bit reads 1, as
// logs of modules with GPIO12 high at reset show. One whose supply is above its
// absolute maximum is taken for destroyed, at once and for good.
//
// Nor does the flash answer when the fuses SPI_PAD_CONFIG_* come to name other
// pins than those it is on.
//
// Not modelled: what lies between, tuning but for 1.9 V, the time that a change
// takes, SDIO_PD_EN (the supply stays in sleep), currents, what else hangs on
// VDD_SDIO.

#ifndef CHIP_PERIPH_VDD_SDIO_H
#define CHIP_PERIPH_VDD_SDIO_H

#include <stdint.h>

#define RTC_SDIO_CONF 0x3FF48074u

struct chip;

// What decides it may have changed: straps, fuses, the register.
void vdd_sdio_changed(struct chip *chip);

#endif
