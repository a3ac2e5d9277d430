// SPDX-License-Identifier: Apache-2.0

#include "firmware/app/modfs.h"

#include "extmod/vfs.h"
#include "extmod/vfs_lfs.h"
#include "py/mperrno.h"
#include "py/mphal.h"
#include "py/objlist.h"
#include "py/runtime.h"

#include "firmware/app/fs.h"

#define MOUNT_POINT MP_QSTR__slash_flash
#define LIB_FOLDER  MP_QSTR__slash_flash_slash_lib

// pycom.Flash: MicroPython's block device protocol, extended interface
// ("class AbstractBlockDev" in its documentation).
struct flash_obj {
    mp_obj_base_t base;
    struct fs_area area;
};

static mp_obj_t flash_make_new(const mp_obj_type_t *type, size_t n_args,
                               size_t n_kw, const mp_obj_t *args)
{
    (void)args;
    mp_arg_check_num(n_args, n_kw, 0, 0, false);
    struct flash_obj *self = mp_obj_malloc(struct flash_obj, type);
    if (!fs_find(&self->area)) {
        mp_raise_OSError(MP_ENODEV);
    }
    return MP_OBJ_FROM_PTR(self);
}

// Where (block, buffer[, offset]) is; raises what reaches beyond the end.
static uint32_t range(const struct flash_obj *self, size_t n_args,
                      const mp_obj_t *args, mp_buffer_info_t *buffer,
                      mp_uint_t flags)
{
    mp_get_buffer_raise(args[2], buffer, flags);
    uint32_t size = self->area.blocks * FS_BLOCK;
    mp_int_t block = mp_obj_get_int(args[1]);
    mp_int_t off = n_args > 3 ? mp_obj_get_int(args[3]) : 0;
    if (block < 0 || (mp_uint_t)block >= self->area.blocks || off < 0 ||
        (mp_uint_t)off > size - (uint32_t)block * FS_BLOCK ||
        buffer->len > size - (uint32_t)block * FS_BLOCK - (uint32_t)off) {
        mp_raise_OSError(MP_EINVAL);
    }
    return (uint32_t)block * FS_BLOCK + (uint32_t)off;
}

static mp_obj_t result(int err)
{
    return MP_OBJ_NEW_SMALL_INT(err == 0 ? 0 : -MP_EIO);
}

static mp_obj_t flash_readblocks(size_t n_args, const mp_obj_t *args)
{
    struct flash_obj *self = MP_OBJ_TO_PTR(args[0]);
    mp_buffer_info_t buffer;
    uint32_t off = range(self, n_args, args, &buffer, MP_BUFFER_WRITE);
    return result(fs_read(&self->area, off, buffer.buf, buffer.len));
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(flash_readblocks_obj, 3, 4,
                                           flash_readblocks);

// Without an offset the blocks are erased first.
static mp_obj_t flash_writeblocks(size_t n_args, const mp_obj_t *args)
{
    struct flash_obj *self = MP_OBJ_TO_PTR(args[0]);
    mp_buffer_info_t buffer;
    uint32_t off = range(self, n_args, args, &buffer, MP_BUFFER_READ);
    int err = 0;
    if (n_args == 3) {
        for (uint32_t at = 0; at < buffer.len && err == 0; at += FS_BLOCK) {
            err = fs_erase(&self->area, (off + at) / FS_BLOCK);
        }
    }
    return result(
        err != 0 ? err : fs_write(&self->area, off, buffer.buf, buffer.len));
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(flash_writeblocks_obj, 3, 4,
                                           flash_writeblocks);

static mp_obj_t flash_ioctl(mp_obj_t self_in, mp_obj_t op, mp_obj_t arg)
{
    struct flash_obj *self = MP_OBJ_TO_PTR(self_in);
    mp_int_t block;
    switch (mp_obj_get_int(op)) {
    case MP_BLOCKDEV_IOCTL_INIT:
    case MP_BLOCKDEV_IOCTL_DEINIT:
    case MP_BLOCKDEV_IOCTL_SYNC:
        return MP_OBJ_NEW_SMALL_INT(0);
    case MP_BLOCKDEV_IOCTL_BLOCK_COUNT:
        return mp_obj_new_int_from_uint(self->area.blocks);
    case MP_BLOCKDEV_IOCTL_BLOCK_SIZE:
        return MP_OBJ_NEW_SMALL_INT(FS_BLOCK);
    case MP_BLOCKDEV_IOCTL_BLOCK_ERASE:
        block = mp_obj_get_int(arg);
        if (block < 0 || (mp_uint_t)block >= self->area.blocks) {
            return MP_OBJ_NEW_SMALL_INT(-MP_EINVAL);
        }
        return result(fs_erase(&self->area, (uint32_t)block));
    default:
        return mp_const_none;
    }
}
static MP_DEFINE_CONST_FUN_OBJ_3(flash_ioctl_obj, flash_ioctl);

static const mp_rom_map_elem_t flash_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_readblocks), MP_ROM_PTR(&flash_readblocks_obj)},
    {MP_ROM_QSTR(MP_QSTR_writeblocks), MP_ROM_PTR(&flash_writeblocks_obj)},
    {MP_ROM_QSTR(MP_QSTR_ioctl), MP_ROM_PTR(&flash_ioctl_obj)},
};
static MP_DEFINE_CONST_DICT(flash_locals, flash_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(modfs_flash_type, MP_QSTR_Flash, MP_TYPE_FLAG_NONE,
                         make_new, flash_make_new, locals_dict, &flash_locals);

static void format(mp_obj_t flash)
{
    mp_obj_t mkfs[3];
    mp_load_method(MP_OBJ_FROM_PTR(&mp_type_vfs_lfs2), MP_QSTR_mkfs, mkfs);
    mkfs[2] = flash;
    mp_call_method_n_kw(1, 0, mkfs);
}

static void search_for_modules(void)
{
    mp_obj_list_append(mp_sys_path, MP_OBJ_NEW_QSTR(MOUNT_POINT));
    mp_obj_list_append(mp_sys_path, MP_OBJ_NEW_QSTR(LIB_FOLDER));
}

static void mount(void)
{
    struct flash_obj *flash =
        MP_OBJ_TO_PTR(flash_make_new(&modfs_flash_type, 0, 0, NULL));
    mp_obj_t args[] = {MP_OBJ_FROM_PTR(flash), MP_OBJ_NEW_QSTR(MOUNT_POINT)};
    enum fs_content content = fs_probe(&flash->area);
    if (content == FS_NOTHING) {
        format(args[0]);
    } else if (content == FS_FAT) {
        mp_hal_stdout_tx_str(
            "/flash: a FAT file system, which this firmware cannot read; "
            "vfs.VfsLfs2.mkfs(pycom.Flash()) replaces it\r\n");
        return;
    }
    mp_vfs_mount(2, args, (mp_map_t *)&mp_const_empty_map);
    mp_vfs_chdir(args[1]);
    search_for_modules();
}

void modfs_mount(void)
{
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mount();
        nlr_pop();
    } else {
        mp_hal_stdout_tx_str("/flash: not mounted: ");
        mp_obj_print_exception(&mp_plat_print, MP_OBJ_FROM_PTR(nlr.ret_val));
    }
}
