// SPDX-License-Identifier: Apache-2.0
//
// MicroPython's raw REPL as programs use it (MicroPython docs, "The
// MicroPython Interactive Interpreter Mode"), raw-paste with flow control
// where the board offers it.

#ifndef TOOLS_FUSEBOX_REPL_H
#define TOOLS_FUSEBOX_REPL_H

#include <stdbool.h>
#include <stddef.h>

#include "host/port.h"

struct repl {
    struct host_port *port;
    char *output; // of the last repl_run(), NUL-terminated
    size_t len;
    size_t cap;
    bool raised; // the code ended with an exception: output is its traceback
    bool lent;   // the port is somebody else's
};

// The row of --port in a command's options.
#define REPL_OPTION_PORT                                                       \
    {                                                                          \
        .name = "port", .shorts = "p", .kind = CLI_STRING, .value = "PORT",    \
        .env = "ESPPORT", .required = true,                                    \
        .help = "serial port, socket://, rfc2217:// or board:DIR"              \
    }

// Open the port and interrupt what runs there. Each call prints its own error
// and returns an exit status.
int repl_open(struct repl *r, const char *port);
// On a port that is open already and stays the caller's.
int repl_open_on(struct repl *r, struct host_port *port);
void repl_close(struct repl *r);

// Run code and collect what it prints. 0 also when it raised: see `raised`.
int repl_run(struct repl *r, const char *code, unsigned timeout_s);
// The same for a person: its output on stdout, or a traceback on stderr and 1.
int repl_run_shown(struct repl *r, const char *code, unsigned timeout_s);
// Start code whose end will not be seen, such as a reset.
int repl_start(struct repl *r, const char *code);

#endif
