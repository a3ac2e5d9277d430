// SPDX-License-Identifier: Apache-2.0
//
// The auto-program circuit between a host and the chip's EN and GPIO0: two
// transistors driven by DTR and RTS (esptool docs, "Boot Mode Selection"). On
// lines without them (a pty, a plain socket) a SYNC frame, which only a
// downloader sends, takes their place.

#ifndef TOOLS_FUSEBOX_LINE_H
#define TOOLS_FUSEBOX_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct line {
    bool dtr; // asserted
    bool rts;
    size_t sync; // bytes of a SYNC frame seen so far
};

enum line_event {
    LINE_NOTHING,
    LINE_HOLD,     // EN went low: the chip is held in reset
    LINE_BOOT,     // EN went high with GPIO0 high
    LINE_DOWNLOAD, // EN went high with GPIO0 low
};

// New levels, true: asserted. EN is low while RTS is asserted and DTR is not;
// it rises slowly (there is a capacitor), so DTR at the moment RTS is released
// decides over GPIO0, however the two lines were ordered before.
enum line_event line_set(struct line *line, bool dtr, bool rts);

// Watch bytes from the host. True when a whole SYNC frame has gone by.
bool line_saw_sync(struct line *line, const uint8_t *p, size_t n);

#endif
