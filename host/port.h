// SPDX-License-Identifier: Apache-2.0
//
// A serial line to a chip, by name:
//     /dev/ttyUSB0, COM3         libserialport, with DTR and RTS
//     /dev/pts/7, a symlink      a pty: no modem lines
//     socket://HOST:PORT         raw TCP
//     rfc2217://HOST:PORT        TCP with modem lines (RFC 2217)
//     board:DIR                  the virtual board in DIR (its UART socket)
// All calls that can fail return 0 or a negative host_port_error.

#ifndef HOST_PORT_H
#define HOST_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum host_port_error {
    HOST_PORT_OK = 0,
    HOST_PORT_E_OPEN = -1,     // does not exist, busy, no permission
    HOST_PORT_E_LOST = -2,     // vanished while in use
    HOST_PORT_E_BAUD = -3,     // rate not possible on this line
    HOST_PORT_E_NO_LINES = -4, // this line has no DTR and RTS
};

struct host_port;

// Opens at 115200 8N1. On failure *why (static or inside the caller's 256-byte
// buffer) receives one clause: "No such file or directory".
int host_port_open(const char *name, struct host_port **port, char why[256]);
void host_port_close(struct host_port *port);

// Read 1 to n bytes, waiting at most timeout_ms. Returns the number, 0 on
// timeout, or HOST_PORT_E_LOST.
int host_port_read(struct host_port *port, uint8_t *p, size_t n,
                   unsigned timeout_ms);
// Write all n bytes. HOST_PORT_E_LOST also when the line takes none of them for
// the write limit: 10 s, or what was set, for all ports of this process.
void host_port_set_write_limit(unsigned ms);
unsigned host_port_write_limit(void);
int host_port_write(struct host_port *port, const uint8_t *p, size_t n);
// Drop what has been received and not been read.
void host_port_flush_input(struct host_port *port);

int host_port_set_baud(struct host_port *port, uint32_t baud);
// Does the rate matter on this line? Not on a pty, a socket, a virtual board.
bool host_port_has_rate(const struct host_port *port);
// Can it be set? Then it can be raised, whether it matters or not.
bool host_port_sets_rate(const struct host_port *port);
bool host_port_has_lines(const struct host_port *port);
// true: asserted (line low), as pySerial's dtr=True.
int host_port_set_lines(struct host_port *port, bool dtr, bool rts);

const char *host_port_name(const struct host_port *port);

// The serial ports of this machine. In a filter 0 and NULL match everything;
// name and serial are parts of the text.
struct host_port_filter {
    int vid, pid;
    const char *name, *serial;
};
struct host_port_list {
    unsigned count;
    char **name;
};
void host_port_list(const struct host_port_filter *filter,
                    struct host_port_list *list);
void host_port_list_free(struct host_port_list *list);

// The port's clock; it never runs backwards.
uint64_t host_port_now_ms(const struct host_port *port);
// Sleep. On a line that needs no settling time (pty, socket, virtual board)
// host_port_settle() returns at once.
void host_port_sleep(struct host_port *port, unsigned ms);
void host_port_settle(struct host_port *port, unsigned ms);

#endif
