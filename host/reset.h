// SPDX-License-Identifier: Apache-2.0
//
// Resets by DTR and RTS. The usual circuit has two transistors: EN is low when
// RTS alone is asserted, IO0 is low when DTR alone is (esptool docs, "Boot Mode
// Selection").

#ifndef HOST_RESET_H
#define HOST_RESET_H

#include <stdbool.h>

#include "host/port.h"

// A sequence in the form that esptool.cfg has: D0 D1 R0 R1 set a line, U1,0
// both (DTR, RTS), W0.1 waits 0.1 s; steps are separated by '|'. Returns 0, a
// host_port_error, or HOST_RESET_E_SYNTAX, which is found before any line
// moves.
#define HOST_RESET_E_SYNTAX (-100)
int host_reset_run(struct host_port *port, const char *sequence);

// Into the download mode. Circuits differ: attempt 0, 1, ... goes through both
// sequences with a short and a long wait after EN is released: delay_ms
// (usually 50) and half a second more.
int host_reset_download(struct host_port *port, unsigned attempt,
                        unsigned delay_ms);
// EN low for 0.1 s with IO0 high: a normal start.
int host_reset_hard(struct host_port *port);

#endif
