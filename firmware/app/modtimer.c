// SPDX-License-Identifier: Apache-2.0
//
// machine.Timer: MicroPython's (extmod/machine_timer.c), with Pycom's
// Timer.Alarm and Timer.Chrono.

#include "extmod/modmachine.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "shared/runtime/softtimer.h"

#include "firmware/app/modtimer.h"
#include "firmware/drivers/clock.h"

// --- Timer.Alarm ---

// pairheap first, as softtimer.h wants it; its base holds the type.
struct alarm_obj {
    soft_timer_entry_t timer;
    mp_obj_t handler;
    mp_obj_t arg;
};

static void alarm_due(mp_obj_t self_in)
{
    struct alarm_obj *self = MP_OBJ_TO_PTR(self_in);
    mp_sched_schedule(self->handler, self->arg);
}

static void alarm_expired(soft_timer_entry_t *timer)
{
    alarm_due(MP_OBJ_FROM_PTR(timer));
}

static uint64_t alarm_us(const mp_arg_val_t *s, mp_int_t ms, mp_int_t us)
{
    if (ms < 0 || us < 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("a time in the past"));
    }
    if (s->u_obj == mp_const_none) {
        return (uint64_t)ms * 1000 + (uint64_t)us;
    }
    mp_float_t seconds = mp_obj_get_float(s->u_obj);
    if (seconds < 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("a time in the past"));
    }
    return (uint64_t)(seconds * 1000000) + (uint64_t)ms * 1000 + (uint64_t)us;
}

static mp_obj_t alarm_make_new(const mp_obj_type_t *type, size_t n_args,
                               size_t n_kw, const mp_obj_t *all)
{
    enum { ARG_handler, ARG_s, ARG_ms, ARG_us, ARG_arg, ARG_periodic };
    static const mp_arg_t allowed[] = {
        {MP_QSTR_handler, MP_ARG_REQUIRED | MP_ARG_OBJ, {.u_int = 0}},
        {MP_QSTR_s, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_ms, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = 0}},
        {MP_QSTR_us, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = 0}},
        {MP_QSTR_arg, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_periodic, MP_ARG_KW_ONLY | MP_ARG_BOOL, {.u_bool = false}},
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all_kw_array(n_args, n_kw, all, MP_ARRAY_SIZE(allowed),
                              allowed, args);
    uint64_t ms =
        (alarm_us(&args[ARG_s], args[ARG_ms].u_int, args[ARG_us].u_int) + 999) /
        1000;
    if (ms == 0 || ms >= 0x40000000) {
        mp_raise_ValueError(MP_ERROR_TEXT("1 ms .. 12 days"));
    }
    struct alarm_obj *self = m_new0(struct alarm_obj, 1);
    self->timer.pairheap.base.type = type;
    self->timer.flags = SOFT_TIMER_FLAG_GC_ALLOCATED;
    self->timer.mode = args[ARG_periodic].u_bool ? SOFT_TIMER_MODE_PERIODIC
                                                 : SOFT_TIMER_MODE_ONE_SHOT;
    self->timer.delta_ms = (uint32_t)ms;
    self->timer.c_callback = alarm_expired;
    self->handler = args[ARG_handler].u_obj;
    self->arg = args[ARG_arg].u_obj == mp_const_none ? MP_OBJ_FROM_PTR(self)
                                                     : args[ARG_arg].u_obj;
    if (self->handler != mp_const_none) {
        soft_timer_insert(&self->timer, self->timer.delta_ms);
    }
    return MP_OBJ_FROM_PTR(self);
}

static mp_obj_t alarm_cancel(mp_obj_t self_in)
{
    struct alarm_obj *self = MP_OBJ_TO_PTR(self_in);
    soft_timer_remove(&self->timer);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(alarm_cancel_obj, alarm_cancel);

static mp_obj_t alarm_callback(size_t n_args, const mp_obj_t *pos_args,
                               mp_map_t *kw_args)
{
    enum { ARG_handler, ARG_arg };
    static const mp_arg_t allowed[] = {
        {MP_QSTR_handler, MP_ARG_REQUIRED | MP_ARG_OBJ, {.u_int = 0}},
        {MP_QSTR_arg, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args - 1, pos_args + 1, kw_args, MP_ARRAY_SIZE(allowed),
                     allowed, args);
    struct alarm_obj *self = MP_OBJ_TO_PTR(pos_args[0]);
    self->handler = args[ARG_handler].u_obj;
    if (args[ARG_arg].u_obj != mp_const_none) {
        self->arg = args[ARG_arg].u_obj;
    }
    soft_timer_remove(&self->timer);
    if (self->handler != mp_const_none) {
        soft_timer_insert(&self->timer, self->timer.delta_ms);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_KW(alarm_callback_obj, 1, alarm_callback);

static const mp_rom_map_elem_t alarm_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_callback), MP_ROM_PTR(&alarm_callback_obj)},
    {MP_ROM_QSTR(MP_QSTR_cancel), MP_ROM_PTR(&alarm_cancel_obj)},
};
static MP_DEFINE_CONST_DICT(alarm_locals, alarm_locals_table);

static MP_DEFINE_CONST_OBJ_TYPE(alarm_type, MP_QSTR_Alarm, MP_TYPE_FLAG_NONE,
                                make_new, alarm_make_new, locals_dict,
                                &alarm_locals);

// --- Timer.Chrono ---

struct chrono_obj {
    mp_obj_base_t base;
    bool running;
    uint64_t passed; // microseconds, up to `from`
    uint64_t from;
};

static mp_obj_t chrono_make_new(const mp_obj_type_t *type, size_t n_args,
                                size_t n_kw, const mp_obj_t *args)
{
    (void)args;
    mp_arg_check_num(n_args, n_kw, 0, 0, false);
    struct chrono_obj *self = mp_obj_malloc(struct chrono_obj, type);
    self->running = false;
    self->passed = 0;
    return MP_OBJ_FROM_PTR(self);
}

static uint64_t chrono_us(mp_obj_t self_in)
{
    struct chrono_obj *self = MP_OBJ_TO_PTR(self_in);
    return self->passed + (self->running ? clock_us() - self->from : 0);
}

static mp_obj_t chrono_start(mp_obj_t self_in)
{
    struct chrono_obj *self = MP_OBJ_TO_PTR(self_in);
    if (!self->running) {
        self->running = true;
        self->from = clock_us();
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(chrono_start_obj, chrono_start);

static mp_obj_t chrono_stop(mp_obj_t self_in)
{
    struct chrono_obj *self = MP_OBJ_TO_PTR(self_in);
    self->passed = chrono_us(self_in);
    self->running = false;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(chrono_stop_obj, chrono_stop);

static mp_obj_t chrono_reset(mp_obj_t self_in)
{
    struct chrono_obj *self = MP_OBJ_TO_PTR(self_in);
    self->passed = 0;
    self->from = clock_us();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(chrono_reset_obj, chrono_reset);

static mp_obj_t chrono_read(mp_obj_t self_in)
{
    return mp_obj_new_float((mp_float_t)chrono_us(self_in) / 1000000);
}
static MP_DEFINE_CONST_FUN_OBJ_1(chrono_read_obj, chrono_read);

static mp_obj_t chrono_read_ms(mp_obj_t self_in)
{
    return mp_obj_new_float((mp_float_t)chrono_us(self_in) / 1000);
}
static MP_DEFINE_CONST_FUN_OBJ_1(chrono_read_ms_obj, chrono_read_ms);

static mp_obj_t chrono_read_us(mp_obj_t self_in)
{
    return mp_obj_new_float((mp_float_t)chrono_us(self_in));
}
static MP_DEFINE_CONST_FUN_OBJ_1(chrono_read_us_obj, chrono_read_us);

static const mp_rom_map_elem_t chrono_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_start), MP_ROM_PTR(&chrono_start_obj)},
    {MP_ROM_QSTR(MP_QSTR_stop), MP_ROM_PTR(&chrono_stop_obj)},
    {MP_ROM_QSTR(MP_QSTR_reset), MP_ROM_PTR(&chrono_reset_obj)},
    {MP_ROM_QSTR(MP_QSTR_read), MP_ROM_PTR(&chrono_read_obj)},
    {MP_ROM_QSTR(MP_QSTR_read_ms), MP_ROM_PTR(&chrono_read_ms_obj)},
    {MP_ROM_QSTR(MP_QSTR_read_us), MP_ROM_PTR(&chrono_read_us_obj)},
};
static MP_DEFINE_CONST_DICT(chrono_locals, chrono_locals_table);

static MP_DEFINE_CONST_OBJ_TYPE(chrono_type, MP_QSTR_Chrono, MP_TYPE_FLAG_NONE,
                                make_new, chrono_make_new, locals_dict,
                                &chrono_locals);

// --- Timer ---

// Objects are of MicroPython's own type.
static mp_obj_t timer_make_new(const mp_obj_type_t *type, size_t n_args,
                               size_t n_kw, const mp_obj_t *args)
{
    (void)type;
    return MP_OBJ_TYPE_GET_SLOT(&machine_timer_type, make_new)(
        &machine_timer_type, n_args, n_kw, args);
}

static const mp_rom_map_elem_t timer_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_Alarm), MP_ROM_PTR(&alarm_type)},
    {MP_ROM_QSTR(MP_QSTR_Chrono), MP_ROM_PTR(&chrono_type)},
    {MP_ROM_QSTR(MP_QSTR_ONE_SHOT), MP_ROM_INT(SOFT_TIMER_MODE_ONE_SHOT)},
    {MP_ROM_QSTR(MP_QSTR_PERIODIC), MP_ROM_INT(SOFT_TIMER_MODE_PERIODIC)},
};
static MP_DEFINE_CONST_DICT(timer_locals, timer_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(modtimer_type, MP_QSTR_Timer, MP_TYPE_FLAG_NONE,
                         make_new, timer_make_new, locals_dict, &timer_locals);
