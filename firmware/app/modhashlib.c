// SPDX-License-Identifier: Apache-2.0
//
// The hashlib module of MicroPython with sha256, sha1 and md5. The first whole
// blocks that a sha256 object is given go through the SHA accelerator: all of
// them where the data come in one piece. The accelerator cannot be given a
// state, so what comes later is hashed by BearSSL from the state it has left.

#include <string.h>

#include <bearssl.h>
#include "py/runtime.h"

#include "firmware/drivers/sha.h"

struct hash_obj {
    mp_obj_base_t base;
    bool final;
    br_hash_compat_context context;
};

static const mp_obj_type_t sha256_type, sha1_type, md5_type;

static const br_hash_class *class_of(const mp_obj_type_t *type)
{
    return type == &sha256_type ? &br_sha256_vtable
           : type == &sha1_type ? &br_sha1_vtable
                                : &br_md5_vtable;
}

// The bytes that the accelerator has taken.
static size_t accelerate(struct hash_obj *self, const uint8_t *p, size_t n)
{
    uint8_t state[32];
    size_t done = n - n % SHA256_BLOCK;
    if (self->base.type != &sha256_type || self->context.sha256.count != 0 ||
        done == 0) {
        return 0;
    }
    sha_init();
    for (size_t i = 0; i < done; i += SHA256_BLOCK) {
        sha256_block(p + i, i == 0);
    }
    sha256_state(state);
    br_sha256_set_state(&self->context.sha256, state, done);
    return done;
}

static void check_open(const struct hash_obj *self)
{
    if (self->final) {
        mp_raise_ValueError(MP_ERROR_TEXT("hash is final"));
    }
}

static mp_obj_t hash_update(mp_obj_t self_in, mp_obj_t data)
{
    struct hash_obj *self = MP_OBJ_TO_PTR(self_in);
    mp_buffer_info_t buffer;
    check_open(self);
    mp_get_buffer_raise(data, &buffer, MP_BUFFER_READ);
    size_t done = accelerate(self, buffer.buf, buffer.len);
    self->context.vtable->update(&self->context.vtable,
                                 (const uint8_t *)buffer.buf + done,
                                 buffer.len - done);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(hash_update_obj, hash_update);

static mp_obj_t hash_make_new(const mp_obj_type_t *type, size_t n_args,
                              size_t n_kw, const mp_obj_t *args)
{
    mp_arg_check_num(n_args, n_kw, 0, 1, false);
    struct hash_obj *self = mp_obj_malloc(struct hash_obj, type);
    self->final = false;
    class_of(type)->init(&self->context.vtable);
    if (n_args == 1) {
        hash_update(MP_OBJ_FROM_PTR(self), args[0]);
    }
    return MP_OBJ_FROM_PTR(self);
}

static mp_obj_t hash_digest(mp_obj_t self_in)
{
    struct hash_obj *self = MP_OBJ_TO_PTR(self_in);
    vstr_t vstr;
    check_open(self);
    self->final = true;
    vstr_init_len(&vstr, self->base.type == &sha256_type ? 32
                         : self->base.type == &sha1_type ? 20
                                                         : 16);
    self->context.vtable->out(&self->context.vtable, vstr.buf);
    return mp_obj_new_bytes_from_vstr(&vstr);
}
static MP_DEFINE_CONST_FUN_OBJ_1(hash_digest_obj, hash_digest);

static const mp_rom_map_elem_t hash_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_update), MP_ROM_PTR(&hash_update_obj)},
    {MP_ROM_QSTR(MP_QSTR_digest), MP_ROM_PTR(&hash_digest_obj)},
};
static MP_DEFINE_CONST_DICT(hash_locals, hash_locals_table);

static MP_DEFINE_CONST_OBJ_TYPE(sha256_type, MP_QSTR_sha256, MP_TYPE_FLAG_NONE,
                                make_new, hash_make_new, locals_dict,
                                &hash_locals);
static MP_DEFINE_CONST_OBJ_TYPE(sha1_type, MP_QSTR_sha1, MP_TYPE_FLAG_NONE,
                                make_new, hash_make_new, locals_dict,
                                &hash_locals);
static MP_DEFINE_CONST_OBJ_TYPE(md5_type, MP_QSTR_md5, MP_TYPE_FLAG_NONE,
                                make_new, hash_make_new, locals_dict,
                                &hash_locals);

static const mp_rom_map_elem_t hashlib_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_hashlib)},
    {MP_ROM_QSTR(MP_QSTR_sha256), MP_ROM_PTR(&sha256_type)},
    {MP_ROM_QSTR(MP_QSTR_sha1), MP_ROM_PTR(&sha1_type)},
    {MP_ROM_QSTR(MP_QSTR_md5), MP_ROM_PTR(&md5_type)},
};
static MP_DEFINE_CONST_DICT(hashlib_globals, hashlib_globals_table);

const mp_obj_module_t hashlib_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&hashlib_globals,
};

MP_REGISTER_EXTENSIBLE_MODULE(MP_QSTR_hashlib, hashlib_module);
