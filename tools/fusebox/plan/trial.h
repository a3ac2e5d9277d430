// SPDX-License-Identifier: Apache-2.0
//
// Does an application confirm an update? Seen by running one: its own image,
// copied to the slot that the next update goes to and announced on trial, as an
// updater does. So it is known of any application, whoever wrote it.

#ifndef TOOLS_FUSEBOX_PLAN_TRIAL_H
#define TOOLS_FUSEBOX_PLAN_TRIAL_H

#include "lib/fb/checks.h"
#include "tools/fusebox/plan/rehearsal.h"

// On the board of a rehearsal, as it is now; it runs the copy afterwards, or
// the old image again. why[] says what was seen.
enum fb_confirms trial_run(struct rehearsal *r, char *why, size_t cap);

#endif
