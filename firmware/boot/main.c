// SPDX-License-Identifier: Apache-2.0

#include "firmware/boot/boot.h"
#include "firmware/boot/console.h"
#include "firmware/boot/launch.h"
#include "firmware/drivers/clock.h"
#include "firmware/drivers/mmu.h"
#include "firmware/drivers/uart.h"
#include "firmware/drivers/wdt.h"

#define CONSOLE_BAUD 115200u

_Noreturn void boot_main(void);

// From start.S, with a stack, .bss cleared, interrupts masked.
_Noreturn void boot_main(void)
{
    wdt_disable_all();
    uart_flush();
    mmu_init();
    clock_init();
    clock_fast();
    uart_init(clock_apb_hz(), CONSOLE_BAUD);
    boot_run();
    wdt_disable_all();
    console_print("No bootable image. Waiting for UART download.\n");
    launch_nothing();
}
