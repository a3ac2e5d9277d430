// SPDX-License-Identifier: Apache-2.0
//
// A plan that is being carried out on a board: what goes on, and what came of
// it. compare.h and execute.h work with it.

#ifndef TOOLS_FUSEBOX_PLAN_EXECUTION_H
#define TOOLS_FUSEBOX_PLAN_EXECUTION_H

#include "tools/fusebox/plan/journal.h"
#include "tools/fusebox/plan/plan_file.h"
#include "tools/fusebox/plan/target.h"

enum execute_result {
    EXECUTE_DONE,
    EXECUTE_INTERRUPTED, // the same again goes on from here
    EXECUTE_REFUSED,     // not the board that was planned for
    EXECUTE_FAILED,      // a proof, a weak bit, flash that does not hold
    EXECUTE_NO_BOOT,     // the board did not reach the goal
};

struct execution {
    struct plan_file *plan; // loaded
    struct target *target;
    struct journal *journal;
    struct target_goal goal;
    // Bits that the board's own firmware burned when this was rehearsed. Others
    // stop a plan, unless it is the rehearsal that finds them out.
    struct fb_efuse_words firmware;
    bool learns;
    void (*say)(void *ctx, const char *line); // progress; NULL: silent
    void *ctx;

    // What came of it:
    size_t step; // the one that was being done
    bool again;  // it had been begun before
    char why[400];
    struct target_console console; // of the last boot
    bool booted;
};

// Say why it ends, in e->why. Returns `result`.
enum execute_result execution_stop(struct execution *e,
                                   enum execute_result result,
                                   const char *format, ...)
    __attribute__((format(printf, 3, 4)));
// The same for what a target function returned; TARGET_OK is EXECUTE_DONE.
enum execute_result execution_of_target(struct execution *e, int status);
// And for a journal's errno; 0 is EXECUTE_DONE.
enum execute_result execution_of_journal(struct execution *e, int error);
// A line of progress.
void execution_say(struct execution *e, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
