// SPDX-License-Identifier: Apache-2.0
//
// How far a board has to get when it is started, and whether its console shows
// that it did.

#ifndef TOOLS_FUSEBOX_PLAN_GOAL_H
#define TOOLS_FUSEBOX_PLAN_GOAL_H

#include <stddef.h>
#include <stdint.h>

struct target_goal {
    const char *text;    // on the console; NULL: only time counts
    unsigned seconds;    // text NULL: alive for so long, without a reset or a
                         // panic
    unsigned timeout_ms; // for text
};

#define TARGET_CONSOLE 16384u
struct target_console {
    size_t n;
    char text[TARGET_CONSOLE]; // printable, with \n; the first of it
    unsigned resets;           // banners of the ROM after the first
    unsigned ms;               // until the goal, or until it was given up
};

// What came from the board, until the console is full.
void goal_hear(struct target_console *c, const uint8_t *p, size_t n);

enum goal_state { GOAL_REACHED, GOAL_PENDING, GOAL_MISSED };
// After so much time. *why: of MISSED, one clause.
enum goal_state goal_judge(const struct target_goal *goal,
                           struct target_console *c, uint64_t ms,
                           const char **why);

#endif
