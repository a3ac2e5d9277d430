// SPDX-License-Identifier: Apache-2.0
//
// The flash that a plan leaves as it is, and that a board has to hold when the
// plan begins: what was rehearsed is what will run.

#ifndef TOOLS_FUSEBOX_PLAN_KEEP_H
#define TOOLS_FUSEBOX_PLAN_KEEP_H

#include "tools/fusebox/plan/plan_file.h"

// Fill f->keep for the board that f was made for: all flash that no step
// touches, cut where regions end, without the data partitions that firmware
// writes to as it runs (all but otadata and nvs_keys). A table that cannot be
// read has no partitions. Flash that is not known has no such pieces. Prints
// its own one-line error and returns an exit status.
int plan_keep(struct plan_file *f, const struct fb_board_state *state);

#endif
