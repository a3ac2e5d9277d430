// SPDX-License-Identifier: Apache-2.0
//
// The record of a rehearsal, beside its plan: PLAN.rehearsal. A burn wants one
// for just its plan. docs/FORMATS.md, "Rehearsal record".

#ifndef TOOLS_FUSEBOX_PLAN_RECORD_H
#define TOOLS_FUSEBOX_PLAN_RECORD_H

#include "lib/fb/checks.h"
#include "tools/fusebox/plan/verdict.h"

#define RECORD_GOAL_MAX 80u

// What interruptions in a step came to.
struct record_cut {
    unsigned tried;
    unsigned boots;       // as it was left
    unsigned provisioned; // by the same command again
};

struct record {
    uint8_t plan[32];           // hash of the plan
    uint8_t state[32];          // of fuses and flash that it was tried on
    char rom[80];               // "built-in", or the SHA-256 of the mask ROM
    char goal[RECORD_GOAL_MAX]; // as --goal takes it
    enum verdict verdict;
    char why[600];
    // Bits that the board's firmware burned by itself.
    struct fb_efuse_words firmware;
    // BLOCK0 afterwards.
    uint32_t after[FB_EFUSE_BLOCK0_WORDS];
    char cuts[80];                         // what --power-cuts found
    struct record_cut cut[PLAN_STEPS_MAX]; // in each step
    enum fb_confirms confirms;             // what --then confirm saw
    char then[200]; // steps tried afterwards: "ota ok, reflash ok"
};

// Each prints its own one-line error and returns an exit status.
int record_write(const struct record *r, const char *plan_path);
// Refuses a record that was changed, and one of another plan.
int record_read(struct record *r, const char *plan_path,
                const uint8_t plan_hash[32]);
// The same without a word: is there a good one?
bool record_find(struct record *r, const char *plan_path,
                 const uint8_t plan_hash[32]);

// "prompt", "seconds:5", or a text that the console has to say. The text of
// *goal lies in spec. False: not a goal.
bool record_parse_goal(const char *spec, struct target_goal *goal);

#endif
