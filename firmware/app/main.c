// SPDX-License-Identifier: Apache-2.0
//
// The application: MicroPython at the console, for ever.

#include "py/cstack.h"
#include "py/gc.h"
#include "py/mphal.h"
#include "py/mpstate.h"
#include "py/runtime.h"
#include "shared/runtime/pyexec.h"
#include "shared/runtime/softtimer.h"

#include "firmware/app/console.h"
#include "firmware/app/heartbeat.h"
#include "firmware/app/irq.h"
#include "firmware/app/modfs.h"
#include "firmware/app/modpin.h"
#include "firmware/app/ota.h"
#include "firmware/drivers/clock.h"
#include "firmware/drivers/reset.h"
#include "firmware/drivers/uart.h"
#include "firmware/drivers/wdt.h"

#define CONSOLE_BAUD 115200

// Set by the linker script.
extern char _heap_start[], _heap_end[], _stack_top[];

void app_main(void);

// boot.py at each start, then main.py: from the frozen modules, else from
// /flash. An image that has come so far confirms itself, unless the release
// leaves that to the program (OTA_CONFIRM=manual). A safe boot leaves them out.
static void run_scripts(void)
{
    if (ota_safe_boot() == 1) {
        mp_hal_stdout_tx_str("safe boot: without boot.py and main.py\r\n");
        return;
    }
    pyexec_file_if_exists("boot.py");
    if (OTA_AUTO_CONFIRM != 0) {
        (void)ota_confirm(); // without slots there is nothing to confirm
    }
    if (pyexec_mode_kind == PYEXEC_MODE_FRIENDLY_REPL) {
        pyexec_file_if_exists("main.py");
    }
}

static void repl(void)
{
    for (;;) {
        if (pyexec_mode_kind == PYEXEC_MODE_RAW_REPL) {
            if (pyexec_raw_repl() != 0) {
                break;
            }
        } else if (pyexec_friendly_repl() != 0) {
            break;
        }
    }
}

void app_main(void)
{
    wdt_disable_all();
    uart_init(clock_apb_hz(), CONSOLE_BAUD);
    irq_init();
    mp_cstack_init_with_top(_stack_top, (size_t)(_stack_top - _heap_end));
    for (;;) {
        gc_init(_heap_start, _heap_end);
        mp_init();
        heartbeat_set(true);
        modfs_mount();
        run_scripts();
        repl(); // ends with Ctrl-D: soft reset
        mp_hal_stdout_tx_str("MPY: soft reboot\r\n");
        heartbeat_set(false);
        modpin_deinit();
        soft_timer_deinit();
        gc_sweep_all();
        mp_deinit();
    }
}

void gc_collect_with_regs(void (*scan)(void *sp));

static void scan_stack(void *sp)
{
    size_t words = (size_t)(_stack_top - (char *)sp) / sizeof(void *);
    gc_collect_root(sp, words);
}

void gc_collect(void)
{
    gc_collect_start();
    gc_collect_with_regs(scan_stack);
    soft_timer_gc_mark_all();
    gc_collect_end();
}

// An exception that nobody catches, outside of any Python code.
NORETURN void nlr_jump_fail(void *val)
{
    (void)val;
    mp_hal_stdout_tx_str("uncaught exception\r\n");
    uart_flush();
    reset_system();
}

#ifndef NDEBUG
NORETURN void __assert_func(const char *file, int line, const char *func,
                            const char *expr)
{
    mp_printf(&mp_plat_print, "%s:%d: %s: %s\n", file, line, func, expr);
    uart_flush();
    reset_system();
}
#endif
