// SPDX-License-Identifier: Apache-2.0

#include <stdint.h>

#include "firmware/boot/console.h"
#include "firmware/drivers/reset.h"
#include "firmware/drivers/uart.h"

_Noreturn void exception_report(uint32_t cause, uint32_t pc, uint32_t vaddr);

// From the vectors in start.S. cause: EXCCAUSE (Xtensa ISA, table "Exception
// Causes"); vaddr has a meaning for memory faults only.
_Noreturn void exception_report(uint32_t cause, uint32_t pc, uint32_t vaddr)
{
    console_print(
        "\nBootloader exception: cause %u, pc 0x%08x, address 0x%08x. "
        "Resetting.\n",
        (unsigned)cause, (unsigned)pc, (unsigned)vaddr);
    uart_flush();
    reset_system();
}
