// SPDX-License-Identifier: Apache-2.0
//
// What was done to a board, one file for each MAC, only ever appended to. A
// line is on the disk before the step it announces begins, so that after any
// interruption the same command knows where it was. docs/FORMATS.md, "Journal".

#ifndef TOOLS_FUSEBOX_PLAN_JOURNAL_H
#define TOOLS_FUSEBOX_PLAN_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/fusebox/plan/plan_file.h"

struct journal {
    int fd; // -1: in memory only, as a rehearsal wants it
    char path[PLAN_PATH_MAX];
    char plan[65]; // hash, in hex
    // What it says of this plan on this board:
    bool begun;
    bool began[PLAN_STEPS_MAX];
    bool done[PLAN_STEPS_MAX];
    bool ended; // provisioned
};

// One that is kept nowhere.
void journal_none(struct journal *j, const struct plan_file *plan);
// Open, and make if need be, the journal of the plan's board in dir (NULL: in
// $XDG_STATE_HOME/fusebox/journal). A second process is refused. Prints its own
// one-line error and returns an exit status.
int journal_open(struct journal *j, const char *dir,
                 const struct plan_file *plan);
void journal_close(struct journal *j);

// Each returns 0, or an errno value when the line is not safely on the disk.
int journal_begin(struct journal *j);
int journal_step(struct journal *j, size_t step, bool done);
int journal_end(struct journal *j);
// A remark, one line: an accepted check.
int journal_note(struct journal *j, const char *text);

#endif
