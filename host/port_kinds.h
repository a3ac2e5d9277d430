// SPDX-License-Identifier: Apache-2.0
//
// How a kind of port plugs into host/port.h. A test writes its own kind: a
// scripted chip needs no socket.

#ifndef HOST_PORT_KINDS_H
#define HOST_PORT_KINDS_H

#include "host/port.h"

// ctx belongs to the kind; close() releases it. Results as in host/port.h.
struct host_port_kind {
    int (*read)(void *ctx, uint8_t *p, size_t n, unsigned timeout_ms);
    int (*write)(void *ctx, const uint8_t *p, size_t n);
    void (*flush_input)(void *ctx);
    int (*set_baud)(void *ctx, uint32_t baud); // NULL: the line has no rate
    int (*set_lines)(void *ctx, bool dtr, bool rts); // NULL: no lines
    void (*close)(void *ctx);
    bool instant; // nothing to wait for: no cable, no capacitor
    // NULL: the host's clock.
    uint64_t (*now_ms)(void *ctx);
    void (*sleep)(void *ctx, unsigned ms);
};

// Wrap a kind's context. NULL when there is no memory; ctx is then still the
// caller's.
struct host_port *host_port_new(const char *name,
                                const struct host_port_kind *kind, void *ctx);

// One file a kind.
int host_port_open_tty(const char *name, struct host_port **port,
                       char why[256]);
int host_port_open_pty(const char *name, struct host_port **port,
                       char why[256]);
int host_port_open_socket(const char *name, struct host_port **port,
                          char why[256]);
int host_port_open_rfc2217(const char *name, struct host_port **port,
                           char why[256]);
int host_port_open_board(const char *name, struct host_port **port,
                         char why[256]);
// An RFC 2217 client over a connected socket; fd is the port's from now on,
// also on failure.
int host_port_rfc2217_on(int fd, const char *name, bool instant,
                         struct host_port **port, char why[256]);

// Connect to HOST:PORT (a "?..." or "/..." tail is ignored). A descriptor, or
// -1 and why.
int host_port_connect(const char *host_and_port, char why[256]);
// Wait for input on fd and read it. As host_port_read(); end of file is
// HOST_PORT_E_LOST.
int host_port_fd_read(int fd, uint8_t *p, size_t n, unsigned timeout_ms);
int host_port_fd_write(int fd, const uint8_t *p, size_t n);

// why = text.
void host_port_why(char why[256], const char *text);

#endif
