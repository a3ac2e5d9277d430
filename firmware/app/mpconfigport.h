// SPDX-License-Identifier: Apache-2.0
//
// What MicroPython has on these boards (py/mpconfig.h explains each switch).

#include <stddef.h>
#include <stdint.h>

#include <alloca.h>
#include <math.h>

// picolibc has a macro that divides logarithms; log2.c is exact for powers.
#undef log2

#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)

// The language
#define MICROPY_ENABLE_COMPILER (1)
#define MICROPY_ENABLE_GC       (1)
#define MICROPY_LONGINT_IMPL    (MICROPY_LONGINT_IMPL_MPZ)
#define MICROPY_FLOAT_IMPL      (MICROPY_FLOAT_IMPL_DOUBLE)
#define MICROPY_HELPER_REPL     (1)
#define MICROPY_REPL_INFO       (1)
#define MICROPY_STACK_CHECK     (1)
// What a C function may need below the deepest Python call: the signature
// check takes 4 KiB, the partition table 4 KiB, an interrupt some 300 bytes.
#define MICROPY_STACK_CHECK_MARGIN             (10 * 1024)
#define MICROPY_ENABLE_EMERGENCY_EXCEPTION_BUF (1)
#define MICROPY_EMERGENCY_EXCEPTION_BUF_SIZE   (0)
#define MICROPY_WARNINGS                       (1)
#define MICROPY_SCHEDULER_DEPTH                (8)
// Timers are served between bytecodes: event.h.
#define MICROPY_PY_PENDSV_ENTER
#define MICROPY_PY_PENDSV_EXIT

// nlr_push in assembly: py/nlrxtensa.c saves what the call0 ABI preserves.
#define MICROPY_NLR_XTENSA (1)

// The file system: littlefs on the fs partition (modfs.h).
#define MICROPY_ENABLE_FINALISER (1)

// Modules
#define MICROPY_VFS                        (1)
#define MICROPY_READER_VFS                 (1)
#define MICROPY_PY_ASYNCIO                 (1) // its Python half: manifest.py
#define MICROPY_PERSISTENT_CODE_LOAD       (1) // .mpy files
#define MICROPY_PY_RE_MATCH_GROUPS         (1)
#define MICROPY_PY_RE_MATCH_SPAN_START_END (1)
#define MICROPY_PY_FRAMEBUF                (0) // no board of the family has one

#define MICROPY_PY_MACHINE                        (1)
#define MICROPY_PY_MACHINE_RESET                  (1)
#define MICROPY_PY_MACHINE_MEMX                   (1)
#define MICROPY_PY_MACHINE_BARE_METAL_FUNCS       (1)
#define MICROPY_PY_MACHINE_DISABLE_IRQ_ENABLE_IRQ (1)
#define MICROPY_PY_MACHINE_PIN_BASE               (1)
#define MICROPY_PY_MACHINE_TIMER                  (1)
#define MICROPY_PY_MACHINE_UART                   (1)
#define MICROPY_PY_MACHINE_UART_INCLUDEFILE       "firmware/app/moduart.c"
#define MICROPY_PY_MACHINE_WDT                    (1)
#define MICROPY_PY_MACHINE_WDT_TIMEOUT_MS         (1)
#define MICROPY_PY_MACHINE_WDT_INCLUDEFILE        "firmware/app/modwdt.c"
#define MICROPY_PY_MACHINE_INCLUDEFILE            "firmware/app/modmachine.c"
#define MICROPY_PY_OS_UNAME                       (1)
#define MICROPY_PY_OS_URANDOM                     (1)
#define MICROPY_PY_OS_INCLUDEFILE                 "firmware/app/modos.c"
#define MICROPY_PY_RANDOM_SEED_INIT_FUNC          (rng_word())
#define MICROPY_PY_TIME_TIME_TIME_NS              (1)
#define MICROPY_PY_TIME_GMTIME_LOCALTIME_MKTIME   (1)
#define MICROPY_PY_TIME_INCLUDEFILE               "firmware/app/modtime.c"
#define MICROPY_EPOCH_IS_1970                     (1)
#define MICROPY_PY_SYS_PLATFORM                   MICROPY_HW_BOARD_NAME
#define MICROPY_HW_MCU_NAME                       "ESP32"
// MICROPY_HW_BOARD_NAME comes from the makefile.

uint32_t rng_word(void);

// What interrupts leave behind: event.h.
#include "firmware/app/event.h"
void mp_hal_handle_events(void);
#define MICROPY_VM_HOOK_LOOP                                                   \
    if (event_pending != 0) {                                                  \
        mp_hal_handle_events();                                                \
    }
#define MICROPY_INTERNAL_EVENT_HOOK                                            \
    do {                                                                       \
        if (event_pending != 0) {                                              \
            mp_hal_handle_events();                                            \
        }                                                                      \
    } while (0)
void mp_hal_wait_ms(int timeout_ms);
#define MICROPY_INTERNAL_WFE(timeout_ms) mp_hal_wait_ms(timeout_ms)

typedef intptr_t mp_int_t;
typedef uintptr_t mp_uint_t;
typedef intptr_t mp_off_t;

#define MP_SSIZE_MAX INT32_MAX

#define MP_STATE_PORT MP_STATE_VM
