// SPDX-License-Identifier: Apache-2.0
//
// The pycom module, as far as updates go: names, arguments and results are
// those of Pycom's firmware (esp32/mods/modpycom.c of
// pycom-micropython-sigfox).

#include <string.h>

#include "py/mperrno.h"
#include "py/runtime.h"

#include "firmware/app/modfs.h"
#include "firmware/app/ota.h"

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

static const mp_rom_map_elem_t pycom_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_pycom)},
    {MP_ROM_QSTR(MP_QSTR___init__), MP_ROM_PTR(&pycom_init_obj)},
    {MP_ROM_QSTR(MP_QSTR_Flash), MP_ROM_PTR(&modfs_flash_type)},
    {MP_ROM_QSTR(MP_QSTR_ota_start), MP_ROM_PTR(&pycom_ota_start_obj)},
    {MP_ROM_QSTR(MP_QSTR_ota_write), MP_ROM_PTR(&pycom_ota_write_obj)},
    {MP_ROM_QSTR(MP_QSTR_ota_finish), MP_ROM_PTR(&pycom_ota_finish_obj)},
    {MP_ROM_QSTR(MP_QSTR_ota_verify), MP_ROM_PTR(&pycom_ota_verify_obj)},
    {MP_ROM_QSTR(MP_QSTR_ota_slot), MP_ROM_PTR(&pycom_ota_slot_obj)},
    {MP_ROM_QSTR(MP_QSTR_ota_on_trial), MP_ROM_PTR(&pycom_ota_on_trial_obj)},
    {MP_ROM_QSTR(MP_QSTR_ota_confirm), MP_ROM_PTR(&pycom_ota_confirm_obj)},
};
static MP_DEFINE_CONST_DICT(pycom_globals, pycom_globals_table);

const mp_obj_module_t pycom_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&pycom_globals,
};

MP_REGISTER_MODULE(MP_QSTR_pycom, pycom_module);
