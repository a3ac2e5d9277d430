// SPDX-License-Identifier: Apache-2.0
//
// Does what a plan says, step by step, to a board. A rehearsal and a burn run
// this same code. It can be interrupted anywhere and called again: what is done
// is found done, what is half done is continued, and a bit that neither the
// plan nor the board it was made for has, stops it.

#ifndef TOOLS_FUSEBOX_PLAN_EXECUTE_H
#define TOOLS_FUSEBOX_PLAN_EXECUTE_H

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

// Compare the board with the plan: its MAC, revision, flash size and fuses, and
// how far the plan has come. *next receives the first step that is not done.
enum execute_result execute_compare(struct execution *e, size_t *next);

// Compare the flash that the plan leaves as it is (plan_keep) with the board's,
// for a plan that has not begun: an update may come between what follows.
enum execute_result execute_compare_flash(struct execution *e);

// The board does not answer. Is it because the plan has closed the UART
// (UART_DOWNLOAD_DIS) and was interrupted then? True: it is, and boots.
bool execute_closed(struct execution *e);

// All of it.
enum execute_result execute_plan(struct execution *e);

#endif
