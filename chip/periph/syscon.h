// SPDX-License-Identifier: Apache-2.0
//
// SYSCON (APB_CTRL): the crystal's divider and the date register, whose bit 31
// is part of the chip revision (soc/apb_ctrl_reg.h).

#ifndef CHIP_PERIPH_SYSCON_H
#define CHIP_PERIPH_SYSCON_H

#include "chip/periph/registers.h"

#define SYSCON_SYSCLK_CONF 0x3FF66000u
#define SYSCON_DATE        0x3FF6607Cu

extern const struct reg_block syscon_block;

#endif
