// SPDX-License-Identifier: Apache-2.0
//
// A recorded run as a folder: a board as it was at the beginning (board.ini,
// efuse.bin, flash.bin) and `inputs`, a text: lines that say how the chip was
// set up, then the lines of chip/debug/record.h.

#ifndef TOOLS_FUSEBOX_RECORDING_H
#define TOOLS_FUSEBOX_RECORDING_H

#include <stdio.h>

#include "chip/debug/faults.h"
#include "tools/fusebox/board.h"
#include "tools/fusebox/server.h"

// Make the folder and begin `inputs`. Returns 0 and the open file, or prints
// its one-line error and returns an exit status.
int recording_create(const struct board *board,
                     const struct server_options *options, uint64_t seed,
                     FILE **inputs);

struct recording {
    FILE *inputs; // at the first line of chip/debug/record.h
    char path[BOARD_PATH_MAX];
    unsigned line; // lines read so far
    uint64_t seed;
    uint32_t strap;
    bool mask_rom;         // it ran with one
    struct faults *faults; // or NULL
};

// Open the `inputs` of a folder. The same errors.
int recording_open(const char *dir, struct recording *recording);
void recording_close(struct recording *recording);

#endif
