// SPDX-License-Identifier: Apache-2.0
//
// The flasher stub (firmware/stub) as it is uploaded. The build makes it from
// the stub's ELF file; where the cross compiler is missing there is none
// (host/stub_none.c, mk/stub.mk).

#ifndef HOST_STUB_H
#define HOST_STUB_H

#include <stddef.h>
#include <stdint.h>

struct host_stub {
    uint32_t entry;
    uint32_t text_vaddr, data_vaddr;
    const uint8_t *text, *data;
    size_t text_len, data_len; // multiples of 4
};

// NULL: none is built in.
extern const struct host_stub *const host_stub;

#endif
