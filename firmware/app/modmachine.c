// SPDX-License-Identifier: Apache-2.0
//
// The board's part of the machine module, included by extmod/modmachine.c.
// Names and numbers are those of Pycom's machine module.

#include "py/mphal.h"
#include "py/runtime.h"

#include "firmware/app/modpin.h"
#include "firmware/app/modrtc.h"
#include "firmware/app/modtimer.h"
#include "firmware/drivers/clock.h"
#include "firmware/drivers/efuse.h"
#include "firmware/drivers/reset.h"
#include "firmware/drivers/rng.h"
#include "firmware/drivers/rtc.h"
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
static mp_obj_t mp_machine_unique_id(void)
{
    uint32_t low = efuse_word(0, 1), high = efuse_word(0, 2);
    byte mac[6];
    for (unsigned i = 0; i < 6; i++) {
        mac[5 - i] = (byte)(i < 4 ? low >> (8 * i) : high >> (8 * (i - 4)));
    }
    return mp_obj_new_bytes(mac, sizeof mac);
}

static mp_obj_t mp_machine_get_freq(void)
{
    return mp_obj_new_int_from_uint(clock_cpu_hz());
}

static void mp_machine_set_freq(size_t n_args, const mp_obj_t *args)
{
    (void)n_args;
    if ((mp_uint_t)mp_obj_get_int(args[0]) != clock_cpu_hz()) {
        mp_raise_ValueError(MP_ERROR_TEXT("the frequency is fixed"));
    }
}

// --- sleep ---

enum { PWRON_WAKE, PIN_WAKE, RTC_WAKE, ULP_WAKE };

// The CPU stands still; clocks and peripherals go on.
static void mp_machine_lightsleep(size_t n_args, const mp_obj_t *args)
{
    if (n_args == 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("for how many ms?"));
    }
    mp_hal_delay_ms((mp_uint_t)mp_obj_get_int(args[0]));
}

static NORETURN void mp_machine_deepsleep(size_t n_args, const mp_obj_t *args)
{
    mp_int_t ms = n_args == 0 ? 0 : mp_obj_get_int(args[0]);
    if (ms < 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("a time in the past"));
    }
    uart_flush();
    rtc_deep_sleep((uint64_t)ms * 1000);
}

// Why the board is awake, and the pins that woke it: none can yet.
static mp_obj_t board_wake_reason(void)
{
    bool timer = reset_cause() == RESET_DEEPSLEEP && rtc_woken_by_timer();
    mp_obj_t items[] = {MP_OBJ_NEW_SMALL_INT(timer ? RTC_WAKE : PWRON_WAKE),
                        mp_obj_new_list(0, NULL)};
    return mp_obj_new_tuple(2, items);
}
static MP_DEFINE_CONST_FUN_OBJ_0(board_wake_reason_obj, board_wake_reason);

// --- security ---

static mp_obj_t board_flash_encrypt(void)
{
    return mp_obj_new_bool(efuse_flash_encryption_on());
}
static MP_DEFINE_CONST_FUN_OBJ_0(board_flash_encrypt_obj, board_flash_encrypt);

static mp_obj_t board_secure_boot(void)
{
    return mp_obj_new_bool(efuse_secure_boot_on());
}
static MP_DEFINE_CONST_FUN_OBJ_0(board_secure_boot_obj, board_secure_boot);

static mp_obj_t board_rng(void)
{
    return MP_OBJ_NEW_SMALL_INT(rng_word() >> 8);
}
static MP_DEFINE_CONST_FUN_OBJ_0(board_rng_obj, board_rng);

// clang-format off
#define MICROPY_PY_MACHINE_EXTRA_GLOBALS                                       \
    { MP_ROM_QSTR(MP_QSTR_Pin), MP_ROM_PTR(&modpin_type) },                    \
    { MP_ROM_QSTR(MP_QSTR_RTC), MP_ROM_PTR(&modrtc_type) },                    \
    { MP_ROM_QSTR(MP_QSTR_Timer), MP_ROM_PTR(&modtimer_type) },                \
    { MP_ROM_QSTR(MP_QSTR_sleep), MP_ROM_PTR(&machine_lightsleep_obj) },       \
    { MP_ROM_QSTR(MP_QSTR_wake_reason), MP_ROM_PTR(&board_wake_reason_obj) },  \
    { MP_ROM_QSTR(MP_QSTR_flash_encrypt), MP_ROM_PTR(&board_flash_encrypt_obj) }, \
    { MP_ROM_QSTR(MP_QSTR_secure_boot), MP_ROM_PTR(&board_secure_boot_obj) },  \
    { MP_ROM_QSTR(MP_QSTR_rng), MP_ROM_PTR(&board_rng_obj) },                  \
    { MP_ROM_QSTR(MP_QSTR_PWRON_WAKE), MP_ROM_INT(PWRON_WAKE) },               \
    { MP_ROM_QSTR(MP_QSTR_PIN_WAKE), MP_ROM_INT(PIN_WAKE) },                   \
    { MP_ROM_QSTR(MP_QSTR_RTC_WAKE), MP_ROM_INT(RTC_WAKE) },                   \
    { MP_ROM_QSTR(MP_QSTR_ULP_WAKE), MP_ROM_INT(ULP_WAKE) },                   \
    { MP_ROM_QSTR(MP_QSTR_PWRON_RESET), MP_ROM_INT(PWRON_RESET) },             \
    { MP_ROM_QSTR(MP_QSTR_HARD_RESET), MP_ROM_INT(HARD_RESET) },               \
    { MP_ROM_QSTR(MP_QSTR_WDT_RESET), MP_ROM_INT(WDT_RESET) },                 \
    { MP_ROM_QSTR(MP_QSTR_DEEPSLEEP_RESET), MP_ROM_INT(DEEPSLEEP_RESET) },     \
    { MP_ROM_QSTR(MP_QSTR_SOFT_RESET), MP_ROM_INT(SOFT_RESET) },               \
    { MP_ROM_QSTR(MP_QSTR_BROWN_OUT_RESET), MP_ROM_INT(BROWN_OUT_RESET) },
// clang-format on
