// SPDX-License-Identifier: Apache-2.0
//
// What a report is about, gathered before a line of it is written, and the
// parts of the page.

#ifndef TOOLS_FUSEBOX_REPORT_REPORT_H
#define TOOLS_FUSEBOX_REPORT_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/fb/efuse.h"
#include "lib/fb/flash_map.h"
#include "lib/fb/plan.h"
#include "tools/fusebox/board.h"
#include "tools/fusebox/plan/plan_file.h"
#include "tools/fusebox/plan/target.h"
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

// Will it live?
struct report_verdict {
    enum report_answer boots;
    char head[64];    // "Boots"
    char reason[400]; // how that is known, or why not
};

struct report {
    struct board board; // private: the folder, while it is open
    bool board_is_open;
    struct plan_file *plan_file; // private
    uint8_t *scratch;            // private
    const char *source;          // the board's folder, or the plan's file
    struct board_ini ini;
    uint8_t mac[6];
    bool mac_ok;                // MAC_CRC agrees
    unsigned revision;          // of the chip, major
    const struct fb_plan *plan; // NULL: the board as it is
    size_t refused;             // first step that cannot be made; plan->steps
    enum fb_status refusal;     // and why
    struct fb_board_state before, after; // `after` has a flash of its own; the
                                         // same as `before` without a plan
    struct report_key key[REPORT_KEYS];  // candidates, [block1] is BLOCK1's
    unsigned keys;
    int block1;                      // index, -1: blank or not known
    struct fb_partition_table table; // after
    struct report_region *region;    // FB_FLASH_REGIONS
    size_t regions;                  // 0: the flash is not known
    struct replay *replay;
    const char *rom; // file of the mask ROM, NULL: the built-in model
    struct target_goal goal;
    const char *cannot_run; // why the board was not booted; NULL: it was
    struct report_verdict verdict;
};

struct report_wish {
    const char *board;     // folder, for a plan: where its flash is; or NULL
    const char *flash_key; // key files, for what the board does not tell
    const char *boot_key;
    struct target_goal goal; // how far it has to boot
    const char *rom;         // --rom, NULL: the built-in model
};

// Gather everything. source: a board's folder or a plan's file. Prints its own
// one-line error and returns an exit status; *r is to be freed in any case and
// large: allocate it.
int report_load(struct report *r, const char *source,
                const struct report_wish *wish);
void report_free(struct report *r);

// --- small questions, report.c ---

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
// "5f0c 12ab 93d1 77e0"
const char *report_print(const uint8_t fingerprint[32], char text[20]);

// --- what is gathered elsewhere ---

// Digests and signatures of r->region, proof.c.
void report_prove(struct report *r);
// What the replay says, verdict.c.
void report_judge(struct report *r);

// --- the page, one file each ---

void report_page(struct html *h, const struct report *r);
void report_changes(struct html *h, const struct report *r);
void report_afterwards(struct html *h, const struct report *r);
void report_timeline(struct html *h, const struct report *r);
void report_flash_map(struct html *h, const struct report *r);
void report_efuse_map(struct html *h, const struct report *r);

// One line a list item, for the head of the page.
void report_changes_brief(struct html *h, const struct report *r);
void report_afterwards_brief(struct html *h, const struct report *r);

extern const char report_css[];

#endif
