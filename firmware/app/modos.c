// SPDX-License-Identifier: Apache-2.0
//
// Part of the os module, included by extmod/modos.c.

#include "py/runtime.h"

#include "firmware/drivers/rng.h"

static mp_obj_t mp_os_urandom(mp_obj_t count)
{
    vstr_t vstr;
    mp_int_t n = mp_obj_get_int(count);
    if (n < 0) {
        mp_raise_ValueError(NULL);
    }
    vstr_init_len(&vstr, (size_t)n);
    uint32_t word = 0;
    for (size_t i = 0; i < (size_t)n; i++) {
        word = i % 4 == 0 ? rng_word() : word >> 8;
        vstr.buf[i] = (char)word;
    }
    return mp_obj_new_bytes_from_vstr(&vstr);
}
static MP_DEFINE_CONST_FUN_OBJ_1(mp_os_urandom_obj, mp_os_urandom);
