// SPDX-License-Identifier: Apache-2.0
//
// The memory map around the CPUs (TRM "System and Memory"): what the buses
// serve directly and what goes the slow way.
//
// - SRAM0 (IRAM) and the instruction view of SRAM1 take 32-bit accesses only.
// - SRAM1's instruction view holds its words in falling order.
// - RTC fast memory belongs to the PRO CPU alone.
// - Code in RTC slow memory is not modelled (it has no instruction bus here).

#ifndef CHIP_MEM_MEMORY_H
#define CHIP_MEM_MEMORY_H

#include "chip/mem/bus.h"

struct chip;

// Set up both buses over the chip's own memory. Called again after a copy.
void memory_map(struct chip *chip);

#endif
