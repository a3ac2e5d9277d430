// SPDX-License-Identifier: Apache-2.0
//
// The cryptolib module of MicroPython ("cryptolib -- cryptographic ciphers" in
// its documentation) on the AES accelerator: aes(key, mode[, IV]) with
// encrypt(in[, out]) and decrypt(in[, out]).

#include <string.h>

#include "py/runtime.h"

#include "firmware/drivers/aes.h"

// Numbers of PEP 272.
enum { MODE_ECB = 1, MODE_CBC = 2, MODE_CTR = 6 };

enum direction { UNDECIDED, ENCRYPT, DECRYPT };

struct aes_obj {
    mp_obj_base_t base;
    uint8_t mode;
    uint8_t direction; // a chained cipher goes one way
    uint8_t key_len;
    uint8_t used; // CTR: bytes of `stream` that are used up
    uint8_t key[32];
    uint8_t iv[AES_BLOCK]; // CTR: the next counter
    uint8_t stream[AES_BLOCK];
};

static void take_key(struct aes_obj *self, mp_obj_t key)
{
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(key, &buffer, MP_BUFFER_READ);
    if (buffer.len != 16 && buffer.len != 32) {
        mp_raise_ValueError(MP_ERROR_TEXT("key"));
    }
    self->key_len = (uint8_t)buffer.len;
    memcpy(self->key, buffer.buf, buffer.len);
}

static mp_obj_t aes_make_new(const mp_obj_type_t *type, size_t n_args,
                             size_t n_kw, const mp_obj_t *args)
{
    mp_arg_check_num(n_args, n_kw, 2, 3, false);
    mp_int_t mode = mp_obj_get_int(args[1]);
    if (mode != MODE_ECB && mode != MODE_CBC && mode != MODE_CTR) {
        mp_raise_ValueError(MP_ERROR_TEXT("mode"));
    }
    struct aes_obj *self = mp_obj_malloc(struct aes_obj, type);
    self->mode = (uint8_t)mode;
    self->direction = UNDECIDED;
    self->used = AES_BLOCK;
    take_key(self, args[0]);
    if (mode != MODE_ECB) {
        mp_buffer_info_t iv = {.buf = NULL, .len = 0};
        if (n_args > 2 && args[2] != mp_const_none) {
            mp_get_buffer_raise(args[2], &iv, MP_BUFFER_READ);
        }
        if (iv.len != AES_BLOCK) {
            mp_raise_ValueError(MP_ERROR_TEXT("IV"));
        }
        memcpy(self->iv, iv.buf, AES_BLOCK);
    }
    return MP_OBJ_FROM_PTR(self);
}

static void xor_block(uint8_t *to, const uint8_t *with)
{
    for (unsigned i = 0; i < AES_BLOCK; i++) {
        to[i] ^= with[i];
    }
}

static void cbc_block(struct aes_obj *self, const uint8_t *in, uint8_t *out)
{
    uint8_t block[AES_BLOCK];
    memcpy(block, in, AES_BLOCK);
    if (self->direction == ENCRYPT) {
        xor_block(block, self->iv);
        aes_block(block, out);
        memcpy(self->iv, out, AES_BLOCK);
    } else {
        uint8_t plain[AES_BLOCK];
        aes_block(block, plain);
        xor_block(plain, self->iv);
        memcpy(self->iv, block, AES_BLOCK);
        memcpy(out, plain, AES_BLOCK);
    }
}

static void ctr_byte(struct aes_obj *self, const uint8_t *in, uint8_t *out)
{
    if (self->used == AES_BLOCK) {
        aes_block(self->iv, self->stream);
        self->used = 0;
        for (unsigned i = AES_BLOCK; i-- > 0 && ++self->iv[i] == 0;) {
        }
    }
    *out = *in ^ self->stream[self->used++];
}

static void work(struct aes_obj *self, const uint8_t *in, uint8_t *out,
                 size_t n)
{
    // A counter is encrypted both ways.
    aes_set_key(self->key, self->key_len,
                self->direction == DECRYPT && self->mode != MODE_CTR);
    for (size_t i = 0; i < n; i += self->mode == MODE_CTR ? 1 : AES_BLOCK) {
        if (self->mode == MODE_ECB) {
            aes_block(in + i, out + i);
        } else if (self->mode == MODE_CBC) {
            cbc_block(self, in + i, out + i);
        } else {
            ctr_byte(self, in + i, out + i);
        }
    }
    aes_forget_key();
}

static mp_obj_t process(size_t n_args, const mp_obj_t *args,
                        enum direction direction)
{
    struct aes_obj *self = MP_OBJ_TO_PTR(args[0]);
    mp_buffer_info_t in, out;
    vstr_t vstr;
    mp_get_buffer_raise(args[1], &in, MP_BUFFER_READ);
    if (self->mode != MODE_CTR && in.len % AES_BLOCK != 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("blksize % 16"));
    }
    if (self->direction != UNDECIDED && self->direction != direction) {
        mp_raise_ValueError(MP_ERROR_TEXT("can't encrypt & decrypt"));
    }
    self->direction = (uint8_t)direction;
    if (n_args == 3) {
        mp_get_buffer_raise(args[2], &out, MP_BUFFER_WRITE);
        if (out.len < in.len) {
            mp_raise_ValueError(MP_ERROR_TEXT("output too small"));
        }
        work(self, in.buf, out.buf, in.len);
        return args[2];
    }
    vstr_init_len(&vstr, in.len);
    work(self, in.buf, (uint8_t *)vstr.buf, in.len);
    return mp_obj_new_bytes_from_vstr(&vstr);
}

static mp_obj_t aes_encrypt(size_t n_args, const mp_obj_t *args)
{
    return process(n_args, args, ENCRYPT);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(aes_encrypt_obj, 2, 3, aes_encrypt);

static mp_obj_t aes_decrypt(size_t n_args, const mp_obj_t *args)
{
    return process(n_args, args, DECRYPT);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(aes_decrypt_obj, 2, 3, aes_decrypt);

static const mp_rom_map_elem_t aes_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_encrypt), MP_ROM_PTR(&aes_encrypt_obj)},
    {MP_ROM_QSTR(MP_QSTR_decrypt), MP_ROM_PTR(&aes_decrypt_obj)},
};
static MP_DEFINE_CONST_DICT(aes_locals, aes_locals_table);

static MP_DEFINE_CONST_OBJ_TYPE(aes_type, MP_QSTR_aes, MP_TYPE_FLAG_NONE,
                                make_new, aes_make_new, locals_dict,
                                &aes_locals);

static const mp_rom_map_elem_t cryptolib_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_cryptolib)},
    {MP_ROM_QSTR(MP_QSTR_aes), MP_ROM_PTR(&aes_type)},
    {MP_ROM_QSTR(MP_QSTR_MODE_ECB), MP_ROM_INT(MODE_ECB)},
    {MP_ROM_QSTR(MP_QSTR_MODE_CBC), MP_ROM_INT(MODE_CBC)},
    {MP_ROM_QSTR(MP_QSTR_MODE_CTR), MP_ROM_INT(MODE_CTR)},
};
static MP_DEFINE_CONST_DICT(cryptolib_globals, cryptolib_globals_table);

const mp_obj_module_t cryptolib_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&cryptolib_globals,
};

MP_REGISTER_EXTENSIBLE_MODULE(MP_QSTR_cryptolib, cryptolib_module);
