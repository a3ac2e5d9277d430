// SPDX-License-Identifier: Apache-2.0
//
// A board at the other end of a port, real or virtual, and all that a plan may
// do to it. Calls return an enum target_status; t->why then has one clause.

#ifndef TOOLS_FUSEBOX_PLAN_TARGET_H
#define TOOLS_FUSEBOX_PLAN_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "host/loader_session.h"
#include "lib/fb/boot_log.h"
#include "lib/fb/efuse.h"
#include "tools/fusebox/plan/goal.h"
#include "tools/fusebox/plan/progress.h"
#include "lib/fb/flash_supply.h"

enum target_status {
    TARGET_OK = 0,
    TARGET_E_LOST = -1,     // the port, or no answer: try again
    TARGET_E_UNSTEADY = -2, // three readings of the fuses differ
    TARGET_E_WEAK = -3,     // a bit does not take
    TARGET_E_PROOF = -4,    // the chip computes something else than we do
    TARGET_E_VERIFY = -5,   // the flash does not hold what was written
    TARGET_E_GOAL = -6,     // the board did not get where it should
    TARGET_E_HOST = -7,     // this machine
};

struct target {
    struct host_port *port;
    struct host_loader loader;
    uint32_t baud;   // for the flash, where the line has a rate
    bool connected;  // the chip is in download mode and answers
    bool flash;      // the flash is attached, the stub runs if there is one
    bool pins_known; // of the flash, from the fuses
    uint32_t pins;
    uint32_t flash_size; // bytes; 0: by its id
    struct progress progress;
    char why[300];
};

// What three readings of the fuses say.
struct target_fuses {
    // As software sees them: decoded, hidden: 0. A bit that was not 1 in all
    // readings is 0 here, and 1 in `unsteady`.
    struct fb_efuse_words shadow;
    struct fb_efuse_words unsteady;
    uint32_t dec_status; // of any reading
    uint32_t syscon_date;
    bool steady; // all readings are equal; else t->why tells the difference
};

// The port stays the caller's.
int target_init(struct target *t, struct host_port *port);
void target_free(struct target *t);
// A port by its name, with the flash's rate; a terminal sees progress. Not to
// be closed after a failure.
int target_open(struct target *t, const char *name, uint32_t baud);
// A board that was connected starts from its flash again.
void target_close(struct target *t);

// Into the download mode, unless the chip is there already.
int target_connect(struct target *t);
int target_read_fuses(struct target *t, struct target_fuses *fuses);
// TARGET_E_UNSTEADY unless all readings are equal.
int target_steady_fuses(struct target *t, struct target_fuses *fuses);
// One program command of one block.
int target_burn(struct target *t, unsigned block,
                const uint32_t word[FB_EFUSE_BLOCK_WORDS]);

// Attach the flash, start the stub, raise the rate. The calls below do it too.
int target_flash(struct target *t);
int target_flash_bytes(struct target *t, uint32_t *bytes);
// Which supply the flash has, and so needs, since it answers.
int target_flash_part(struct target *t, struct fb_flash_part *part);
int target_write(struct target *t, uint32_t flash_off, const uint8_t *p,
                 size_t n, bool encrypt);
int target_erase(struct target *t, uint32_t flash_off, size_t n);
int target_read(struct target *t, uint32_t flash_off, uint8_t *p, size_t n);
// Of n bytes of flash, computed by the chip: as they lie there.
int target_md5(struct target *t, uint32_t flash_off, size_t n, uint8_t md5[16]);
// erased[i]: is sector i from flash_off on erased? Asked in pieces as the chip
// can answer; false where it was not worth asking.
int target_erased(struct target *t, uint32_t flash_off, size_t sectors,
                  bool *erased);
// *same: does the flash hold these n bytes?
int target_same(struct target *t, uint32_t flash_off, const uint8_t *p,
                size_t n, bool *same);

// Key proofs. The chip uses the key in its fuses, readable or not, and its
// result has to be ours.
//
// Block 1: a sector of known rows goes through the chip's encryptor into
// scratch (flash_off, its content is lost) and is read back as it lies there.
int target_prove_flash_key(struct target *t, const uint8_t *key, size_t n,
                           unsigned config, uint32_t scratch);
// Block 2 with Secure Boot V1: the engine hashes a known IV.
int target_prove_secure_boot_key(struct target *t, const uint8_t *key,
                                 size_t n);

// Reset it into its flash and look. The chip is then not connected.
int target_boot(struct target *t, const struct target_goal *goal,
                struct target_console *console);
// The same up to the ROM's last line. That it does not start is no error.
int target_boot_log(struct target *t, struct fb_boot_log *log);

#endif
