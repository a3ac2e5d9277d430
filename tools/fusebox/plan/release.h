// SPDX-License-Identifier: Apache-2.0
//
// The files of a build (build/GPY/release) and where they go.

#ifndef TOOLS_FUSEBOX_PLAN_RELEASE_H
#define TOOLS_FUSEBOX_PLAN_RELEASE_H

#include "tools/fusebox/plan/recipe.h"

struct release {
    char path[4][PLAN_PATH_MAX];
};

// Bootloader (with its Secure Boot V1 digest if digest), partition table and
// application into the input, and otadata to be erased. The paths live in *r.
// Prints its own one-line error and returns an exit status.
int release_add(struct release *r, const char *dir, bool digest,
                struct recipe_input *in);

#endif
