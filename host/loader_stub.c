// SPDX-License-Identifier: Apache-2.0
//
// The stub's part of host/loader_session.h.

#include <assert.h>
#include <string.h>

#include "host/loader_command.h"

static const uint8_t greeting[] = {'O', 'H', 'A', 'I'};

// The ROM may or may not get its answer out before it jumps; what counts is the
// stub's greeting.
static int wait_greeting(struct host_loader *l)
{
    uint64_t end = host_port_now_ms(l->port) + l->limits.command;
    for (;;) {
        const uint8_t *p;
        size_t n;
        struct fb_loader_response r;
        uint64_t now = host_port_now_ms(l->port);
        int status = host_loader_raw_frame(
            l, now < end ? (unsigned)(end - now) : 0, &p, &n);
        if (status == HOST_LOADER_E_TIMEOUT) {
            return host_loader_fail(l, status,
                                    "the flasher stub does not "
                                    "start (--no-stub does without)");
        }
        if (status != HOST_LOADER_OK) {
            return status;
        }
        if (n == sizeof greeting && memcmp(p, greeting, n) == 0) {
            return HOST_LOADER_OK;
        }
        if (fb_loader_response_parse(p, n, &r) == FB_OK &&
            r.op == FB_LOADER_MEM_END && r.len >= 2 && r.data[0] != 0) {
            l->error = r.data[1];
            return host_loader_fail(l, HOST_LOADER_E_REFUSED,
                                    "the chip refused to start the flasher "
                                    "stub: %s (0x%02x)",
                                    fb_loader_error_text(l->error), l->error);
        }
    }
}

int host_loader_run_stub(struct host_loader *l, const struct host_stub *stub)
{
    const uint32_t words[] = {0, stub->entry};
    uint8_t packet[FB_LOADER_HEADER + sizeof words];
    if (l->stub) {
        return HOST_LOADER_OK;
    }
    int status =
        host_loader_mem_write(l, stub->text_vaddr, stub->text, stub->text_len);
    if (status == HOST_LOADER_OK) {
        status = host_loader_mem_write(l, stub->data_vaddr, stub->data,
                                       stub->data_len);
    }
    if (status != HOST_LOADER_OK) {
        return status;
    }
    size_t n =
        fb_loader_request(packet, sizeof packet, FB_LOADER_MEM_END, words, 2);
    assert(n == sizeof packet);
    status = host_loader_send_frame(l, packet, n);
    if (status == HOST_LOADER_OK) {
        status = wait_greeting(l);
    }
    l->stub = status == HOST_LOADER_OK;
    return status;
}
