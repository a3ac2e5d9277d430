// SPDX-License-Identifier: Apache-2.0
//
// The two FRC timers: FRC1 counts down 23 bits, FRC2 counts up 32 bits with an
// alarm (soc/frc_timer_reg.h).

#ifndef CHIP_PERIPH_FRC_H
#define CHIP_PERIPH_FRC_H

#include "chip/periph/registers.h"

extern const struct reg_block frc_block;

void frc_reset(struct chip *chip);
void frc_due(struct chip *chip, unsigned timer);
void frc_clock_settle(struct chip *chip);
void frc_clock_changed(struct chip *chip);

#endif
