// SPDX-License-Identifier: Apache-2.0
//
// What clients reach a board through: a pty, TCP ports on the loopback
// interface and UNIX sockets in its folder (server.h names them). Bytes for a
// client wait here until it takes them.

#ifndef TOOLS_FUSEBOX_ENDPOINTS_H
#define TOOLS_FUSEBOX_ENDPOINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/fusebox/line.h"
#include "tools/fusebox/rfc2217.h"
#include "tools/fusebox/server.h"

// A reader that lags behind this far stops the chip until it has caught up.
#define BACKLOG_PAUSE 65536u
#define BACKLOG_MAX   (4u * BACKLOG_PAUSE)
#define CLIENTS_MAX   12

enum client_kind {
    CLIENT_RAW,
    CLIENT_RFC2217,
    CLIENT_PTY,
    CLIENT_CONTROL,
    CLIENT_GDB
};

struct client {
    int fd; // -1: free
    enum client_kind kind;
    struct line line;
    struct rfc2217 telnet;
    uint8_t out[BACKLOG_MAX];
    size_t out_len;
    char command[64]; // control clients
    size_t command_len;
};

// Does UART0 speak to it?
bool client_has_uart(const struct client *c);
void client_drop(struct client *c);
// Send what the client takes without waiting.
void client_flush(struct client *c);
// Append n bytes to what is sent; what a reader leaves too long is lost.
void client_queue(struct client *c, const uint8_t *p, size_t n);

enum listener {
    LISTEN_RAW,
    LISTEN_RFC2217,
    LISTEN_GDB,
    LISTEN_UNIX,
    LISTEN_CONTROL,
    LISTENERS
};

struct endpoints {
    const char *dir;       // the board's folder
    struct client *client; // CLIENTS_MAX, the first is the pty
    int listen[LISTENERS]; // -1: there is none
    uint16_t port[3];      // of LISTEN_RAW, LISTEN_RFC2217, LISTEN_GDB
    char pty[64];
    bool has_run_file; // DIR/board.run, which names all of that
};

// Open all that the options ask for. The folder's lock is held; dir stays the
// caller's. Prints its own one-line error and returns an exit status; to be
// closed in any case. endpoints_init() is enough for that.
void endpoints_init(struct endpoints *e, const char *dir);
int endpoints_open(struct endpoints *e, const struct server_options *options);
// Flush and close all but the run file, which says that somebody is there.
void endpoints_close(struct endpoints *e);
// The next client of a listener, NULL: there is none, or no room for it.
struct client *endpoints_accept(struct endpoints *e, enum listener which);
// A byte of UART0 for everybody who listens to it.
void endpoints_send_uart(struct endpoints *e, uint8_t byte);
// Does a reader hold the chip up?
bool endpoints_lag(const struct endpoints *e);

#endif
