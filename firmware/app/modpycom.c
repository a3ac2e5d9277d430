// SPDX-License-Identifier: Apache-2.0
//
// The pycom module: names, arguments and results are those of Pycom's firmware
// (esp32/mods/modpycom.c of pycom-micropython-sigfox). Flash, ota_on_trial and
// ota_confirm are ours.

#include <string.h>

#include "py/gc.h"
#include "py/mperrno.h"
#include "py/objstr.h"
#include "py/runtime.h"

#include "firmware/app/heartbeat.h"
#include "firmware/app/modfs.h"
#include "firmware/app/ota.h"
#include "firmware/app/settings.h"

static struct ota update;

static const struct {
    int number;
    const char *why;
} errors[] = {
    [-OTA_E_TABLE] = {MP_ENODEV, "no partition table with app slots"},
    [-OTA_E_STATE] = {MP_EPERM, "ota_start() and ota_write() come first"},
    [-OTA_E_FULL] = {MP_ENOSPC, "larger than the slot"},
    [-OTA_E_FLASH] = {MP_EIO, "the flash chip failed"},
    [-OTA_E_TRIAL] = {MP_EBUSY, "the running image is on trial: ota_confirm()"},
    [-OTA_E_IMAGE] = {MP_EINVAL, "not an image for this slot: ota_slot()"},
    [-OTA_E_VERSION] = {MP_EINVAL, "older than the eFuses' SECURE_VERSION"},
};

static int checked(int err)
{
    if (err < 0) {
        const char *why = errors[-err].why;
        mp_obj_t args[] = {MP_OBJ_NEW_SMALL_INT(errors[-err].number),
                           mp_obj_new_str(why, strlen(why))};
        nlr_raise(mp_obj_new_exception_args(&mp_type_OSError, 2, args));
    }
    return err;
}

// At the first import after a start or soft reset: no update is under way.
static mp_obj_t pycom_init(void)
{
    update = (struct ota){0};
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(pycom_init_obj, pycom_init);

static mp_obj_t pycom_ota_start(void)
{
    checked(ota_start(&update));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(pycom_ota_start_obj, pycom_ota_start);

static mp_obj_t pycom_ota_write(mp_obj_t data)
{
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(data, &buffer, MP_BUFFER_READ);
    checked(ota_write(&update, buffer.buf, buffer.len));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(pycom_ota_write_obj, pycom_ota_write);

static mp_obj_t pycom_ota_finish(void)
{
    checked(ota_finish(&update));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(pycom_ota_finish_obj, pycom_ota_finish);

static mp_obj_t pycom_ota_verify(void)
{
    return mp_obj_new_bool(checked(ota_verify()));
}
static MP_DEFINE_CONST_FUN_OBJ_0(pycom_ota_verify_obj, pycom_ota_verify);

static mp_obj_t pycom_ota_slot(void)
{
    uint32_t flash_off;
    checked(ota_slot(&flash_off));
    return mp_obj_new_int_from_uint(flash_off);
}
static MP_DEFINE_CONST_FUN_OBJ_0(pycom_ota_slot_obj, pycom_ota_slot);

static mp_obj_t pycom_ota_on_trial(void)
{
    return mp_obj_new_bool(checked(ota_on_trial()));
}
static MP_DEFINE_CONST_FUN_OBJ_0(pycom_ota_on_trial_obj, pycom_ota_on_trial);

static mp_obj_t pycom_ota_confirm(void)
{
    checked(ota_confirm());
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(pycom_ota_confirm_obj, pycom_ota_confirm);

// --- nvs ---

static void open_settings(struct fb_nvs *nvs)
{
    enum fb_status status = settings_open(nvs);
    if (status != FB_OK) {
        mp_raise_OSError(status == FB_E_NOT_FOUND ? MP_ENODEV : MP_EIO);
    }
}

// What Pycom's firmware raises.
static void check_stored(enum fb_status status)
{
    switch (status) {
    case FB_OK:
        return;
    case FB_E_SIZE:
        mp_raise_ValueError(MP_ERROR_TEXT("Key is invalid or too long"));
    case FB_E_NO_SPACE:
        mp_raise_msg(&mp_type_OSError,
                     MP_ERROR_TEXT("No free space available"));
    default:
        mp_raise_OSError(MP_EIO);
    }
}

static mp_obj_t pycom_nvs_set(mp_obj_t key_in, mp_obj_t value)
{
    struct fb_nvs nvs;
    const char *key = mp_obj_str_get_str(key_in);
    open_settings(&nvs);
    if (mp_obj_is_str_or_bytes(value)) {
        size_t n;
        const char *text = mp_obj_str_get_data(value, &n);
        if (n >= FB_NVS_TEXT_MAX) {
            mp_raise_ValueError(MP_ERROR_TEXT("value too long (max: 1984)"));
        }
        if (strlen(text) != n) {
            mp_raise_ValueError(MP_ERROR_TEXT("value with a zero byte"));
        }
        check_stored(fb_nvs_set_text(&nvs, SETTINGS_SPACE, key, text));
    } else if (mp_obj_is_int(value)) {
        check_stored(fb_nvs_set_u32(&nvs, SETTINGS_SPACE, key,
                                    (uint32_t)mp_obj_get_int_truncated(value)));
    } else {
        mp_raise_ValueError(
            MP_ERROR_TEXT("Value must be string, bytes or integer"));
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(pycom_nvs_set_obj, pycom_nvs_set);

static mp_obj_t pycom_nvs_get(size_t n_args, const mp_obj_t *args)
{
    struct fb_nvs nvs;
    struct fb_nvs_value value;
    char text[FB_NVS_TEXT_MAX];
    open_settings(&nvs);
    enum fb_status status =
        fb_nvs_get(&nvs, SETTINGS_SPACE, mp_obj_str_get_str(args[0]), &value,
                   text, sizeof text);
    if (status == FB_E_NOT_FOUND) {
        if (n_args > 1) {
            return args[1];
        }
        mp_raise_ValueError(
            MP_ERROR_TEXT("No matching object for the provided key"));
    }
    check_stored(status);
    return value.is_text ? mp_obj_new_str(text, value.len)
                         : mp_obj_new_int_from_ll(value.number);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(pycom_nvs_get_obj, 1, 2,
                                           pycom_nvs_get);

static mp_obj_t pycom_nvs_erase(mp_obj_t key)
{
    struct fb_nvs nvs;
    open_settings(&nvs);
    enum fb_status status =
        fb_nvs_erase(&nvs, SETTINGS_SPACE, mp_obj_str_get_str(key));
    if (status == FB_E_NOT_FOUND) {
        mp_raise_msg(&mp_type_KeyError, MP_ERROR_TEXT("key not found"));
    }
    check_stored(status);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(pycom_nvs_erase_obj, pycom_nvs_erase);

static mp_obj_t pycom_nvs_erase_all(void)
{
    struct fb_nvs nvs;
    open_settings(&nvs);
    check_stored(fb_nvs_erase_all(&nvs, SETTINGS_SPACE));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(pycom_nvs_erase_all_obj, pycom_nvs_erase_all);

// --- board ---

static mp_obj_t pycom_heartbeat(size_t n_args, const mp_obj_t *args)
{
    if (n_args == 0) {
        return mp_obj_new_bool(heartbeat_is_on());
    }
    heartbeat_set(mp_obj_is_true(args[0]));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(pycom_heartbeat_obj, 0, 1,
                                           pycom_heartbeat);

static mp_obj_t pycom_rgbled(size_t n_args, const mp_obj_t *args)
{
    if (heartbeat_is_on()) {
        mp_raise_msg(&mp_type_OSError,
                     MP_ERROR_TEXT("the LED shows the heartbeat"));
    }
    if (n_args == 0) {
        return mp_obj_new_int_from_uint(heartbeat_color());
    }
    heartbeat_color_set((uint32_t)mp_obj_get_int(args[0]) & 0xFFFFFFu);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(pycom_rgbled_obj, 0, 1,
                                           pycom_rgbled);

// Free bytes of internal RAM and of external RAM, as Pycom says that there is
// none.
static mp_obj_t pycom_get_free_heap(void)
{
    gc_info_t info;
    gc_info(&info);
    mp_obj_t items[] = {mp_obj_new_int_from_uint(info.free),
                        MP_OBJ_NEW_QSTR(MP_QSTR_NO_EXT_RAM)};
    return mp_obj_new_tuple(2, items);
}
static MP_DEFINE_CONST_FUN_OBJ_0(pycom_get_free_heap_obj, pycom_get_free_heap);

static const mp_rom_map_elem_t pycom_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_pycom)},
    {MP_ROM_QSTR(MP_QSTR___init__), MP_ROM_PTR(&pycom_init_obj)},
    {MP_ROM_QSTR(MP_QSTR_Flash), MP_ROM_PTR(&modfs_flash_type)},
    {MP_ROM_QSTR(MP_QSTR_ota_start), MP_ROM_PTR(&pycom_ota_start_obj)},
    {MP_ROM_QSTR(MP_QSTR_ota_write), MP_ROM_PTR(&pycom_ota_write_obj)},
    {MP_ROM_QSTR(MP_QSTR_ota_finish), MP_ROM_PTR(&pycom_ota_finish_obj)},
    {MP_ROM_QSTR(MP_QSTR_ota_verify), MP_ROM_PTR(&pycom_ota_verify_obj)},
    {MP_ROM_QSTR(MP_QSTR_ota_slot), MP_ROM_PTR(&pycom_ota_slot_obj)},
    {MP_ROM_QSTR(MP_QSTR_nvs_set), MP_ROM_PTR(&pycom_nvs_set_obj)},
    {MP_ROM_QSTR(MP_QSTR_nvs_get), MP_ROM_PTR(&pycom_nvs_get_obj)},
    {MP_ROM_QSTR(MP_QSTR_nvs_erase), MP_ROM_PTR(&pycom_nvs_erase_obj)},
    {MP_ROM_QSTR(MP_QSTR_nvs_erase_all), MP_ROM_PTR(&pycom_nvs_erase_all_obj)},
    {MP_ROM_QSTR(MP_QSTR_heartbeat), MP_ROM_PTR(&pycom_heartbeat_obj)},
    {MP_ROM_QSTR(MP_QSTR_rgbled), MP_ROM_PTR(&pycom_rgbled_obj)},
    {MP_ROM_QSTR(MP_QSTR_get_free_heap), MP_ROM_PTR(&pycom_get_free_heap_obj)},
    {MP_ROM_QSTR(MP_QSTR_ota_on_trial), MP_ROM_PTR(&pycom_ota_on_trial_obj)},
    {MP_ROM_QSTR(MP_QSTR_ota_confirm), MP_ROM_PTR(&pycom_ota_confirm_obj)},
};
static MP_DEFINE_CONST_DICT(pycom_globals, pycom_globals_table);

const mp_obj_module_t pycom_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&pycom_globals,
};

MP_REGISTER_MODULE(MP_QSTR_pycom, pycom_module);
