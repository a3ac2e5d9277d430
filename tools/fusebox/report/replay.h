// SPDX-License-Identifier: Apache-2.0
//
// A cold boot of a board on the virtual chip, recorded: what the console says
// and what the chip does, by the chip's own clock. The same board gives the
// same record, however busy the host is.

#ifndef TOOLS_FUSEBOX_REPORT_REPLAY_H
#define TOOLS_FUSEBOX_REPORT_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/fb/efuse.h"
#include "tools/fusebox/board.h"

#define REPLAY_TEXT  65536u // bytes of console and notes that are kept
#define REPLAY_LINES 600u
#define REPLAY_SPANS 24u

enum replay_stage {
    REPLAY_ROM,
    REPLAY_BOOTLOADER,
    REPLAY_APPLICATION, // code runs from the flash
    REPLAY_STAGES
};

struct replay_line {
    uint64_t ns;    // chip time since power-on
    bool note;      // the chip's own report, not the console
    uint32_t start; // of `text`
    uint32_t len;
    enum replay_stage stage;
};

struct replay_span {
    enum replay_stage stage;
    unsigned boot; // 0: after power-on, 1: after the first reset, ...
    uint64_t from_ns, to_ns;
};

enum replay_end {
    REPLAY_NOT_RUN,
    REPLAY_GOAL,   // the console said it
    REPLAY_WAITS,  // nothing will happen any more without a byte from outside
    REPLAY_TIME,   // ran to the end of the time it was given
    REPLAY_RESETS, // again and again
};

struct replay_wish {
    const char *goal; // console text that ends the run
    uint32_t ms;      // chip time at most
    const void *rom;  // struct mask_rom, NULL: the built-in model
};

struct replay {
    enum replay_end end;
    uint64_t ns; // when it ended
    uint64_t instructions;
    unsigned resets;
    char trouble[160];                      // chip_flash_trouble() at the end
    char why[80];                           // what the ROM decided last
    enum replay_stage stage;                // reached in the last boot
    unsigned burned_bits, programs, erases; // by the boot itself
    bool flash_destroyed;
    unsigned unmodelled; // places that the virtual chip does not know
    size_t lines, spans, n;
    bool cut; // not everything was kept
    struct replay_line line[REPLAY_LINES];
    struct replay_span span[REPLAY_SPANS];
    char text[REPLAY_TEXT];
};

// Boot. flash (ini->flash_size bytes) and *fuses are changed as the boot
// changes them. False: out of memory.
bool replay_run(struct replay *r, const struct replay_wish *wish,
                const struct board_ini *ini, uint8_t *flash,
                struct fb_efuse_words *fuses);

// What the console said, lines ended by newlines, without the chip's notes.
// Release with free(); NULL: out of memory.
char *replay_console(const struct replay *r);

#endif
