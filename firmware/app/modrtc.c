// SPDX-License-Identifier: Apache-2.0
//
// machine.RTC: init() and now() as Pycom's, datetime() and memory() as
// MicroPython's.

#include "firmware/app/modrtc.h"

#include "py/runtime.h"
#include "shared/timeutils/timeutils.h"

#include "firmware/app/calendar.h"

#define US 1000000u

static const mp_obj_base_t rtc_obj = {&modrtc_type};

// items: year, month, day[, hour[, minute[, second[, microsecond[, tz]]]]]
static void set(size_t n, const mp_obj_t *items)
{
    mp_int_t part[7] = {0};
    if (n < 3 || n > 8) {
        mp_raise_ValueError(MP_ERROR_TEXT("a date is (year, month, day, ...)"));
    }
    for (size_t i = 0; i < n && i < 7; i++) {
        part[i] = mp_obj_get_int(items[i]);
    }
    if (part[0] < 1970 || part[0] > 2099 || part[1] < 1 || part[1] > 12 ||
        part[2] < 1 || part[2] > 31 || part[6] < 0 || part[6] >= (mp_int_t)US) {
        mp_raise_ValueError(MP_ERROR_TEXT("no such date"));
    }
    // Before 2000 it is off by 2^32.
    uint32_t s = (uint32_t)timeutils_seconds_since_epoch(
        (mp_uint_t)part[0], (mp_uint_t)part[1], (mp_uint_t)part[2],
        (mp_uint_t)part[3], (mp_uint_t)part[4], (mp_uint_t)part[5]);
    calendar_set((uint64_t)s * US + (uint64_t)part[6]);
}

static void set_from(mp_obj_t tuple)
{
    size_t n;
    mp_obj_t *items;
    mp_obj_get_array(tuple, &n, &items);
    set(n, items);
}

static mp_obj_t rtc_make_new(const mp_obj_type_t *type, size_t n_args,
                             size_t n_kw, const mp_obj_t *all)
{
    (void)type;
    enum { ARG_id, ARG_datetime };
    static const mp_arg_t allowed[] = {
        {MP_QSTR_id, MP_ARG_INT, {.u_int = 0}},
        {MP_QSTR_datetime, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all_kw_array(n_args, n_kw, all, MP_ARRAY_SIZE(allowed),
                              allowed, args);
    if (args[ARG_id].u_int != 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("there is RTC(0) only"));
    }
    if (args[ARG_datetime].u_obj != mp_const_none) {
        set_from(args[ARG_datetime].u_obj);
    }
    return MP_OBJ_FROM_PTR(&rtc_obj);
}

static mp_obj_t rtc_init(size_t n_args, const mp_obj_t *args)
{
    if (n_args > 1 && args[1] != mp_const_none) {
        set_from(args[1]);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(rtc_init_obj, 1, 3, rtc_init);

static mp_obj_t rtc_now(mp_obj_t self)
{
    (void)self;
    uint64_t us = calendar_us();
    timeutils_struct_time_t tm;
    timeutils_seconds_since_epoch_to_struct_time(us / US, &tm);
    mp_obj_t items[] = {
        MP_OBJ_NEW_SMALL_INT(tm.tm_year), MP_OBJ_NEW_SMALL_INT(tm.tm_mon),
        MP_OBJ_NEW_SMALL_INT(tm.tm_mday), MP_OBJ_NEW_SMALL_INT(tm.tm_hour),
        MP_OBJ_NEW_SMALL_INT(tm.tm_min),  MP_OBJ_NEW_SMALL_INT(tm.tm_sec),
        MP_OBJ_NEW_SMALL_INT(us % US),    mp_const_none,
    };
    return mp_obj_new_tuple(MP_ARRAY_SIZE(items), items);
}
static MP_DEFINE_CONST_FUN_OBJ_1(rtc_now_obj, rtc_now);

// (year, month, day, weekday, hour, minute, second, microsecond)
static mp_obj_t rtc_datetime(size_t n_args, const mp_obj_t *args)
{
    if (n_args == 1) {
        uint64_t us = calendar_us();
        timeutils_struct_time_t tm;
        timeutils_seconds_since_epoch_to_struct_time(us / US, &tm);
        mp_obj_t items[] = {
            MP_OBJ_NEW_SMALL_INT(tm.tm_year), MP_OBJ_NEW_SMALL_INT(tm.tm_mon),
            MP_OBJ_NEW_SMALL_INT(tm.tm_mday), MP_OBJ_NEW_SMALL_INT(tm.tm_wday),
            MP_OBJ_NEW_SMALL_INT(tm.tm_hour), MP_OBJ_NEW_SMALL_INT(tm.tm_min),
            MP_OBJ_NEW_SMALL_INT(tm.tm_sec),  MP_OBJ_NEW_SMALL_INT(us % US),
        };
        return mp_obj_new_tuple(MP_ARRAY_SIZE(items), items);
    }
    mp_obj_t *items;
    mp_obj_get_array_fixed_n(args[1], 8, &items);
    mp_obj_t date[] = {items[0], items[1], items[2], items[4],
                       items[5], items[6], items[7]};
    set(MP_ARRAY_SIZE(date), date);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(rtc_datetime_obj, 1, 2,
                                           rtc_datetime);

static mp_obj_t rtc_synced(mp_obj_t self)
{
    (void)self;
    return mp_obj_new_bool(calendar_is_set());
}
static MP_DEFINE_CONST_FUN_OBJ_1(rtc_synced_obj, rtc_synced);

static mp_obj_t rtc_memory(size_t n_args, const mp_obj_t *args)
{
    if (n_args == 1) {
        const uint8_t *data;
        size_t n = calendar_memory(&data);
        return mp_obj_new_bytes(data, n);
    }
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(args[1], &buffer, MP_BUFFER_READ);
    if (buffer.len > CALENDAR_MEMORY) {
        mp_raise_ValueError(MP_ERROR_TEXT("more than 2048 bytes"));
    }
    calendar_memory_set(buffer.buf, buffer.len);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(rtc_memory_obj, 1, 2, rtc_memory);

static const mp_rom_map_elem_t rtc_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_init), MP_ROM_PTR(&rtc_init_obj)},
    {MP_ROM_QSTR(MP_QSTR_now), MP_ROM_PTR(&rtc_now_obj)},
    {MP_ROM_QSTR(MP_QSTR_datetime), MP_ROM_PTR(&rtc_datetime_obj)},
    {MP_ROM_QSTR(MP_QSTR_synced), MP_ROM_PTR(&rtc_synced_obj)},
    {MP_ROM_QSTR(MP_QSTR_memory), MP_ROM_PTR(&rtc_memory_obj)},
};
static MP_DEFINE_CONST_DICT(rtc_locals, rtc_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(modrtc_type, MP_QSTR_RTC, MP_TYPE_FLAG_NONE, make_new,
                         rtc_make_new, locals_dict, &rtc_locals);
