// SPDX-License-Identifier: Apache-2.0
//
// machine.WDT, included by extmod/machine_wdt.c. Once started it cannot be
// stopped; the board restarts with reset cause WDT_RESET.

#include "firmware/drivers/wdt.h"

struct _machine_wdt_obj_t {
    mp_obj_base_t base;
};

static machine_wdt_obj_t wdt_singleton = {{&machine_wdt_type}};

static void mp_machine_wdt_timeout_ms_set(machine_wdt_obj_t *self,
                                          mp_int_t timeout_ms)
{
    (void)self;
    if (timeout_ms < 1 || timeout_ms > WDT_TIMEOUT_MAX_MS) {
        mp_raise_ValueError(MP_ERROR_TEXT("1 ms .. 12 days"));
    }
    wdt_start((uint32_t)timeout_ms);
}

static machine_wdt_obj_t *mp_machine_wdt_make_new_instance(mp_int_t id,
                                                           mp_int_t timeout_ms)
{
    if (id != 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("there is WDT(0) only"));
    }
    mp_machine_wdt_timeout_ms_set(&wdt_singleton, timeout_ms);
    return &wdt_singleton;
}

static void mp_machine_wdt_feed(machine_wdt_obj_t *self)
{
    (void)self;
    wdt_feed();
}
