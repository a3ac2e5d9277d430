// SPDX-License-Identifier: Apache-2.0
//
// In the UART download mode nothing is mapped and the flash cache is off: the
// flash driver has SPI1 to itself.

#include "firmware/drivers/mmu.h"

uint32_t mmu_cache_suspend(void)
{
    return 0;
}

void mmu_cache_resume(uint32_t state, bool changed)
{
    (void)state;
    (void)changed;
}
