// SPDX-License-Identifier: Apache-2.0
//
// A plan run on a copy of the board, in the virtual chip, by the same code that
// burns.

#ifndef TOOLS_FUSEBOX_PLAN_REHEARSAL_H
#define TOOLS_FUSEBOX_PLAN_REHEARSAL_H

#include "tools/fusebox/board.h"
#include "tools/fusebox/plan/chip_port.h"
#include "tools/fusebox/plan/execute.h"
#include "tools/fusebox/plan/verdict.h"

struct rehearsal {
    struct plan_file *plan; // loaded, the caller's
    struct chip_port *chip;
    struct host_port *port;
    struct target target;
    struct journal journal;
    struct execution run;
    struct fb_efuse_words before;   // true fuses
    struct fb_flash_part part;      // of the board
    struct fb_efuse_words firmware; // burned by the board's own firmware
    enum execute_result result;
    enum verdict verdict;
    char why[600];           // of a verdict other than BOOTS
    struct fb_advice advice; // the ways back of RECOVERABLE
};

// A copy of the board that can be written to. Its state has to be the plan's.
// Keys that the folder does not know are taken from the plan, where it has
// them. Prints its own one-line error and returns an exit status; free *r in
// any case.
int rehearsal_open(struct rehearsal *r, struct plan_file *plan,
                   const struct board *board, const void *rom,
                   const struct target_goal *goal);
void rehearsal_free(struct rehearsal *r);

// The plan, a look at the board, and the verdict.
void rehearsal_run(struct rehearsal *r);

// What the user wants to do next, on the board as it is now. Each returns 0, or
// an exit status when it does not work any more; why[] then says so.
int rehearsal_reflash(struct rehearsal *r, char *why, size_t cap);
int rehearsal_ota(struct rehearsal *r, const char *file, char *why, size_t cap);
// (trial.h has the third: does the application confirm an update?)

// SHA-256 of fuses and flash before the plan.
void rehearsal_state_hash(const struct board *board, uint8_t hash[32]);

#endif
