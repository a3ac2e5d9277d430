// SPDX-License-Identifier: Apache-2.0
//
// The board's part of the machine module, included by extmod/modmachine.c.
// Names and numbers are those of Pycom's machine module.

#include "py/mphal.h"
#include "py/runtime.h"

#include "firmware/drivers/clock.h"
#include "firmware/drivers/efuse.h"
#include "firmware/drivers/reset.h"
#include "firmware/drivers/uart.h"

enum {
    PWRON_RESET,
    HARD_RESET,
    WDT_RESET,
    DEEPSLEEP_RESET,
    SOFT_RESET,
    BROWN_OUT_RESET,
};

static mp_int_t mp_machine_reset_cause(void)
{
    switch (reset_cause()) {
    case RESET_POWERON:
        return PWRON_RESET;
    case RESET_TG0WDT:
    case RESET_TG1WDT:
    case RESET_RTCWDT:
    case RESET_TGWDT_CPU:
    case RESET_RTCWDT_CPU:
    case RESET_RTCWDT_RTC:
        return WDT_RESET;
    case RESET_DEEPSLEEP:
        return DEEPSLEEP_RESET;
    case RESET_SW:
    case RESET_SW_CPU:
        return SOFT_RESET;
    case RESET_BROWN_OUT:
        return BROWN_OUT_RESET;
    default:
        return HARD_RESET;
    }
}

static NORETURN void mp_machine_reset(void)
{
    uart_flush();
    reset_system();
}

static void mp_machine_idle(void)
{
    mp_event_wait_ms(1);
}

// The MAC address as printed on the module: in BLK0 words 1 and 2, last byte
// lowest (esp-idf soc/efuse_reg.h).
static mp_obj_t board_unique_id(void)
{
    uint32_t low = efuse_word(0, 1), high = efuse_word(0, 2);
    byte mac[6];
    for (unsigned i = 0; i < 6; i++) {
        mac[5 - i] = (byte)(i < 4 ? low >> (8 * i) : high >> (8 * (i - 4)));
    }
    return mp_obj_new_bytes(mac, sizeof mac);
}
static MP_DEFINE_CONST_FUN_OBJ_0(board_unique_id_obj, board_unique_id);

static mp_obj_t board_freq(void)
{
    return mp_obj_new_int_from_uint(clock_cpu_hz());
}
static MP_DEFINE_CONST_FUN_OBJ_0(board_freq_obj, board_freq);

// clang-format off
#define MICROPY_PY_MACHINE_EXTRA_GLOBALS                                       \
    { MP_ROM_QSTR(MP_QSTR_unique_id), MP_ROM_PTR(&board_unique_id_obj) },    \
    { MP_ROM_QSTR(MP_QSTR_freq), MP_ROM_PTR(&board_freq_obj) },              \
    { MP_ROM_QSTR(MP_QSTR_PWRON_RESET), MP_ROM_INT(PWRON_RESET) },             \
    { MP_ROM_QSTR(MP_QSTR_HARD_RESET), MP_ROM_INT(HARD_RESET) },               \
    { MP_ROM_QSTR(MP_QSTR_WDT_RESET), MP_ROM_INT(WDT_RESET) },                 \
    { MP_ROM_QSTR(MP_QSTR_DEEPSLEEP_RESET), MP_ROM_INT(DEEPSLEEP_RESET) },     \
    { MP_ROM_QSTR(MP_QSTR_SOFT_RESET), MP_ROM_INT(SOFT_RESET) },               \
    { MP_ROM_QSTR(MP_QSTR_BROWN_OUT_RESET), MP_ROM_INT(BROWN_OUT_RESET) },
// clang-format on
