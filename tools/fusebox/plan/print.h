// SPDX-License-Identifier: Apache-2.0
//
// Where an execution and a verdict put their lines in a command for people:
// callbacks of execute.h and verdict.h, ctx is not used.

#ifndef TOOLS_FUSEBOX_PLAN_PRINT_H
#define TOOLS_FUSEBOX_PLAN_PRINT_H

// A line at once, also into a pipe: a burn takes its time.
void print_line(void *ctx, const char *line);
// An indented line below a heading.
void print_bullet(void *ctx, const char *line);

#endif
