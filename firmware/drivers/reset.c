// SPDX-License-Identifier: Apache-2.0

#include "firmware/drivers/reset.h"

#include "firmware/drivers/soc.h"

#define RESET_CAUSE_PROCPU 0x3Fu

unsigned reset_cause(void)
{
    return REG32(RTC_CNTL_RESET_STATE) & RESET_CAUSE_PROCPU;
}

_Noreturn void reset_system(void)
{
    REG32(RTC_CNTL_OPTIONS0) |= RTC_CNTL_SW_SYS_RST;
    for (;;) {
    }
}
