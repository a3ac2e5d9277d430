// SPDX-License-Identifier: Apache-2.0
//
// What the checks found, for people and as JSON, on stdout.

#ifndef TOOLS_FUSEBOX_CHECK_PRINT_H
#define TOOLS_FUSEBOX_CHECK_PRINT_H

#include "tools/fusebox/check/accept.h"
#include "tools/fusebox/check/subject.h"

// advice: NULL when there is a plan; the board as it is otherwise.
void print_check_text(const struct subject *s, const struct accepted *accepted,
                      const struct fb_advice *advice);
void print_check_json(const struct subject *s, const struct accepted *accepted,
                      const struct fb_advice *advice);
void print_advice_text(const struct subject *s, const struct fb_advice *a);
void print_advice_json(const struct subject *s, const struct fb_advice *a);

// Checks that fail or are unknown, and were not accepted.
unsigned check_count(const struct subject *s, const struct accepted *accepted,
                     enum fb_check_verdict verdict);

#endif
