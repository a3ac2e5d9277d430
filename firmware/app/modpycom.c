// SPDX-License-Identifier: Apache-2.0
//
// The pycom module, as far as updates go: names, arguments and results are
// those of Pycom's firmware (esp32/mods/modpycom.c of
// pycom-micropython-sigfox).

#include "py/mperrno.h"
#include "py/runtime.h"

#include "firmware/app/modfs.h"
#include "firmware/app/ota.h"

static struct ota update;

static int checked(int err)
{
    static const int errno_of[] = {
        [-OTA_E_TABLE] = MP_ENODEV,
        [-OTA_E_STATE] = MP_EPERM,
        [-OTA_E_FULL] = MP_ENOSPC,
        [-OTA_E_FLASH] = MP_EIO,
    };
    if (err < 0) {
        mp_raise_OSError(errno_of[-err]);
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

static const mp_rom_map_elem_t pycom_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_pycom)},
    {MP_ROM_QSTR(MP_QSTR___init__), MP_ROM_PTR(&pycom_init_obj)},
    {MP_ROM_QSTR(MP_QSTR_Flash), MP_ROM_PTR(&modfs_flash_type)},
    {MP_ROM_QSTR(MP_QSTR_ota_start), MP_ROM_PTR(&pycom_ota_start_obj)},
    {MP_ROM_QSTR(MP_QSTR_ota_write), MP_ROM_PTR(&pycom_ota_write_obj)},
    {MP_ROM_QSTR(MP_QSTR_ota_finish), MP_ROM_PTR(&pycom_ota_finish_obj)},
    {MP_ROM_QSTR(MP_QSTR_ota_verify), MP_ROM_PTR(&pycom_ota_verify_obj)},
    {MP_ROM_QSTR(MP_QSTR_ota_slot), MP_ROM_PTR(&pycom_ota_slot_obj)},
};
static MP_DEFINE_CONST_DICT(pycom_globals, pycom_globals_table);

const mp_obj_module_t pycom_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&pycom_globals,
};

MP_REGISTER_MODULE(MP_QSTR_pycom, pycom_module);
