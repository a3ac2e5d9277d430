// SPDX-License-Identifier: Apache-2.0
//
// Is it the board that a plan was made for, in a state that the plan knows, and
// how far has the plan come? The executor asks before it begins, goes on, and
// after each boot.

#ifndef TOOLS_FUSEBOX_PLAN_COMPARE_H
#define TOOLS_FUSEBOX_PLAN_COMPARE_H

#include "tools/fusebox/plan/execution.h"

// Compare the board with the plan: its MAC, revision and fuses, and how far the
// plan has come. *next receives the first step that is not done.
enum execute_result compare_board(struct execution *e, size_t *next);

// Compare the flash that the plan leaves as it is (plan_keep) with the board's,
// for a plan that has not begun: an update may come between what follows.
enum execute_result compare_flash(struct execution *e);

// Has the board's firmware burned what it did not when this was rehearsed?
enum execute_result compare_after_boot(struct execution *e);

// What the words of a burn look like when they are read back.
void compare_read_back(const struct plan_file *plan, const struct fb_step *step,
                       uint32_t out[FB_EFUSE_BLOCK_WORDS]);

#endif
