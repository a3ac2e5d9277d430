// SPDX-License-Identifier: Apache-2.0
//
// Every way to interrupt a plan: the host dies at a request, the power goes
// away before, in or after a flash or eFuse operation. From each the plan is
// begun again, as its user would, and the board has to end provisioned.

#ifndef TOOLS_FUSEBOX_PLAN_CUTS_H
#define TOOLS_FUSEBOX_PLAN_CUTS_H

#include "tools/fusebox/plan/rehearsal.h"

enum cut_kind { CUT_HOST, CUT_BEFORE, CUT_DURING, CUT_AFTER, CUT_KINDS };
// "host dies", "power off before", ...
const char *cut_kind_name(enum cut_kind kind);

struct cut {
    size_t step; // of the plan
    enum cut_kind kind;
    unsigned op;               // enum chip_op; of CUT_HOST: 0
    bool boots_as_is;          // before the plan is begun again
    enum execute_result again; // what that came to
    bool fuses_as_planned;     // and the fuses are what the plan wants
    char why[200];
};

struct cuts_config {
    unsigned ops;      // flash operations a step that are cut, 0: all. Burns
                       // are cut always.
    unsigned requests; // requests a step at which the host dies, 0: all
    bool look;         // see whether the board boots before it goes on
    void (*cut)(void *ctx, const struct cut *cut); // each outcome
    void *ctx;
};

struct cuts_count {
    unsigned operations, requests; // of the plan
    unsigned cut, died;            // of these, tried (an operation three times)
    unsigned provisioned;          // that ended well
};

// Run the plan of an opened rehearsal, and each interruption on a copy. False:
// no memory, or the plan does not work even without.
bool cuts_run(struct rehearsal *r, const struct cuts_config *config,
              struct cuts_count *count);

#endif
