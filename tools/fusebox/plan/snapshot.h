// SPDX-License-Identifier: Apache-2.0
//
// What a board holds, read over a port. Nothing is written to it.

#ifndef TOOLS_FUSEBOX_PLAN_SNAPSHOT_H
#define TOOLS_FUSEBOX_PLAN_SNAPSHOT_H

#include "tools/fusebox/plan/plan_file.h"
#include "tools/fusebox/plan/target.h"

enum snapshot_flash {
    SNAPSHOT_ALL,  // every byte
    SNAPSHOT_USED, // every byte; the chip tells which sectors are erased
    SNAPSHOT_NONE, // not yet: snapshot_read()
};

struct snapshot {
    struct board_ini ini;
    struct fb_efuse_words fuses;   // as burned; what is unknown is 0
    uint8_t *flash;                // ini.flash_size bytes; 0xFF if not known
    bool unread[FB_FLASH_SECTORS]; // of ini.flash_size: not known yet
    uint32_t read;                 // bytes that came over the line
};

// A target status; t->why then says why. *s is to be freed in any case.
int snapshot_take(struct target *t, enum snapshot_flash how,
                  struct snapshot *s);
// The flash of a snapshot that was taken without.
int snapshot_take_flash(struct target *t, enum snapshot_flash how,
                        struct snapshot *s);
// Read what is wanted and unread; erased sectors need not come over the line.
// *more: there was something.
int snapshot_read(struct target *t, struct snapshot *s,
                  const bool wanted[FB_FLASH_SECTORS], bool *more);
// Wipes the fuses.
void snapshot_free(struct snapshot *s);

// The key of a block that cannot be read, from its file (a PEM signing key for
// block 2). Refused when the block can be read and holds another one. It is
// unproven until snapshot_prove(). Prints
// its own one-line error and returns an exit status.
int snapshot_supply(struct snapshot *s, enum plan_key_kind kind,
                    const char *path);

// Start the board, and believe supplied keys that it starts with; those it was
// not seen to use stay in ini.unproven. A target status.
int snapshot_prove(struct target *t, struct snapshot *s);

#endif
