// SPDX-License-Identifier: Apache-2.0
//
// One board that is served: its chip, the line between UART0 and its clients, a
// debugger, and what is written down of all that (server.h). It never waits;
// the server does, for any number of boards at once.

#ifndef TOOLS_FUSEBOX_SERVED_H
#define TOOLS_FUSEBOX_SERVED_H

#include <poll.h>
#include <stdio.h>

#include "chip/chip.h"
#include "chip/debug/gdb.h"
#include "chip/debug/record.h"
#include "tools/fusebox/endpoints.h"
#include "tools/fusebox/pace.h"

// What a board has to be waited for.
#define SERVED_POLLS (LISTENERS + CLIENTS_MAX)

struct served {
    struct board *board;
    const struct server_options *options;
    struct endpoints endpoints;
    struct chip *chip;    // NULL: it is not served, or no more
    struct record record; // what goes to the chip goes through it
    FILE *inputs;         // what it tells, NULL: nothing is recorded
    struct gdb *gdb;
    struct client *debugger; // who has the chip, NULL: nobody
    FILE *console;
    FILE *log;
    uint8_t rx[4096]; // from clients, not yet taken by the UART
    size_t rx_len;
    size_t rx_due; // of them, how many have come down the line
    // With --line-rate, what the UART sent and is still on the line.
    struct pace rx_pace, tx_pace;
    uint8_t tx[BACKLOG_MAX];
    size_t tx_len;
    unsigned syncs;        // SYNC frames since the chip said anything
    bool held;             // EN is low
    bool dark;             // a fault has taken the power away
    int64_t idle_until_ms; // host time until which the chip has nothing to do
    bool stop;             // it was told to
};

// Power the board and open its endpoints; board and options stay the caller's.
// Prints its own one-line error and returns an exit status. *s is to be closed
// in any case.
int served_open(struct served *s, struct board *board,
                const struct server_options *options);
// Save, close everything, the board too, and free the folder.
int served_close(struct served *s);

// One turn of a board. Returns how long it can be waited for, in ns.
uint64_t served_turn(struct served *s);
// What to wait for. Returns how long at most, in ms, timeout_ms or less.
int served_gather(struct served *s, struct pollfd p[SERVED_POLLS],
                  int timeout_ms);
// Move the bytes that have come.
void served_move(struct served *s, const struct pollfd p[SERVED_POLLS]);

#endif
