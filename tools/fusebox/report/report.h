// SPDX-License-Identifier: Apache-2.0
//
// What a report is about, gathered before a line of it is written, and the
// parts of the page.

#ifndef TOOLS_FUSEBOX_REPORT_REPORT_H
#define TOOLS_FUSEBOX_REPORT_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/fb/flash_map.h"
#include "tools/fusebox/check/subject.h"
#include "tools/fusebox/plan/record.h"
#include "tools/fusebox/report/html.h"
#include "tools/fusebox/report/replay.h"

#define REPORT_KEYS 4u

// A key by its fingerprint. The bytes are a secret: no part of the page has
// them.
struct report_key {
    char name[64]; // "BLOCK1", or a file's name
    uint8_t bytes[32];
    size_t len;
    uint8_t fingerprint[32];
};

struct report_region {
    struct fb_flash_region now;     // on the board of the report
    struct fb_flash_content before; // the same place before the plan
    bool written;                   // by the plan
    // Of what proves it: a digest or a signature. proof is FB_OK or why not;
    // FB_E_KEY: there is no key to check it with.
    bool has_proof;
    enum fb_status proof;
    char proof_text[120]; // "digest for the key in BLOCK2"
};

enum report_answer { REPORT_NO, REPORT_YES, REPORT_UNKNOWN };

// Why it does not boot, in the words of `board why` (chip/debug/why.h): the
// verdict, then the evidence, indented by two blanks or more.
#define REPORT_WHY_LINES 80u
struct report_why {
    size_t lines;
    char line[REPORT_WHY_LINES][304];
};

// Will it live?
struct report_verdict {
    enum report_answer boots;
    char head[64];     // "Boots"
    char reason[2000]; // how that is known, or why not
};

struct report {
    struct subject s;           // the board, keys, plan, what the checks found
    const char *source;         // the plan's file, the board's folder or port
    const struct fb_plan *plan; // NULL: the board as it is
    unsigned revision;          // of the chip, major
    struct fb_board_state before;
    struct fb_board_state after; // with a flash of its own
    size_t refused; // first step that cannot be made; all steps: none
    enum fb_status refusal;
    struct report_key key[REPORT_KEYS]; // that may have encrypted something
    unsigned keys;
    int block1;       // index of what BLOCK1 holds, -1: blank or not known
    uint8_t *scratch; // private: a flash
    struct fb_flash_key flash_key[REPORT_KEYS]; // of `key`
    struct fb_flash_view view;                  // of `after`
    struct fb_partition_table table;            // after
    struct report_region *region;
    size_t regions;
    struct target_goal goal;
    const char *rom;        // as asked for, NULL: the built-in model
    const char *cannot_run; // why it was not booted; NULL: it was
    struct replay *replay;
    struct report_why why;
    struct fb_advice advice; // of a board that does not start
    bool rehearsed;
    struct record record; // of the plan, if rehearsed
    struct report_verdict verdict;
};

// Gather everything that the command line asks for. Prints its own one-line
// error and returns an exit status; *r is to be freed in any case and large:
// allocate it.
int report_load(struct report *r, const struct cli *cli);
void report_free(struct report *r);

// --- small questions, facts.c ---

// Is a field known, in the state after; its value.
bool report_knows(const struct report *r, enum fb_efuse_id id);
uint32_t report_value(const struct report *r, enum fb_efuse_id id);
// A yes-or-no fuse.
enum report_answer report_flag(const struct report *r, enum fb_efuse_id id);
// Are a block's bits a secret? BLOCK1 and BLOCK2 are, BLOCK3 if it is a key or
// hidden.
bool report_is_secret(const struct report *r, unsigned block);
// Flash encryption on, in the state after.
enum report_answer report_encrypts(const struct report *r);
// Is it known whether there is a partition table?
bool report_knows_table(const struct report *r);
// Was it booted, and came to nothing?
bool report_is_dead(const struct report *r);
// Checks with that verdict.
unsigned report_count(const struct report *r, enum fb_check_verdict verdict);
// "5f0c 12ab 93d1 77e0"
const char *report_print(const uint8_t fingerprint[32], char text[20]);

// --- what is gathered elsewhere ---

// r->view, r->table and r->region, regions.c. False: out of memory.
bool report_map_flash(struct report *r);
// Digests and signatures of r->region, proof.c.
void report_prove(struct report *r);
// r->why of a dead board, as the boot left fuses and flash (after.flash_size
// bytes), why.c. False: out of memory.
bool report_explain(struct report *r, const struct fb_efuse_words *fuses,
                    const uint8_t *flash);
// What all of that says, verdict.c.
void report_judge(struct report *r);

// --- the page, one file each ---

void report_page(struct html *h, const struct report *r);
void report_changes(struct html *h, const struct report *r);
void report_checks(struct html *h, const struct report *r);
void report_threats(struct html *h, const struct report *r);
void report_advice(struct html *h, const struct report *r);
void report_afterwards(struct html *h, const struct report *r);
void report_timeline(struct html *h, const struct report *r);
void report_why(struct html *h, const struct report *r);
void report_cuts(struct html *h, const struct report *r);
void report_flash_map(struct html *h, const struct report *r);
void report_efuse_map(struct html *h, const struct report *r);

// One line a list item, for the head of the page.
void report_changes_brief(struct html *h, const struct report *r);
void report_afterwards_brief(struct html *h, const struct report *r);

extern const char report_css[];

#endif
