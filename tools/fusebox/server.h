// SPDX-License-Identifier: Apache-2.0
//
// Runs boards, any number in one process: the virtual chip on one side, on the
// other its UART0 as
//     DIR/uart        symlink to a pty, no modem lines
//     socket://       raw TCP on the loopback interface, no modem lines
//     rfc2217://      TCP with DTR and RTS, which drive EN and GPIO0
//     DIR/uart.sock   the same RFC 2217 line as a UNIX socket (port board:DIR)
// and DIR/control, a UNIX socket that takes one command a line.
//
// With a GDB port, a debugger finds the chip there (chip/debug/gdb.h): it
// stands still when one connects, and goes on when it leaves.
//
// DIR/console.log is what UART0 has said since the last power-on or reset by
// command; DIR/board.log what the chip reports about itself.

#ifndef TOOLS_FUSEBOX_SERVER_H
#define TOOLS_FUSEBOX_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chip/debug/faults.h"
#include "tools/fusebox/board.h"

struct server_options {
    uint16_t socket_port;  // TCP, 0: any free one
    uint16_t rfc2217_port; // TCP, 0: any free one
    bool gdb;              // a port for GDB
    uint16_t gdb_port;     // TCP, 0: any free one
    bool line_rate;        // bytes take their time at UART0's baud rate
    struct faults *faults; // what is to go wrong (chip/debug/faults.h), or NULL
    const void *rom;       // struct mask_rom, NULL: the built-in model
    // A folder to make, with the board as it is now and what comes to it from
    // outside from now on (tools/fusebox/recording.h); NULL: no recording.
    const char *record;
    const char *const *fault_specs; // record: what `faults` was made of
    unsigned fault_count;
    // A flash or eFuse operation (enum chip_op) is done; download: by a loader,
    // not by the board's firmware. NULL: nobody wants to know.
    void (*operated)(void *ctx, const struct chip *chip, unsigned op,
                     uint32_t address, uint32_t n, bool download);
    void *operated_ctx;
};

// Serve until every board was told to stop (by command; SIGTERM and SIGINT stop
// all of them). options[i] are those of boards[i]; each board is closed when it
// stops. ready() is called once when every endpoint exists and every board is
// powered. Returns an exit status.
int server_run(struct board *boards, const struct server_options *options,
               size_t n, void (*ready)(void *ctx), void *ctx);

#endif
