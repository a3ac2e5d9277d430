// SPDX-License-Identifier: Apache-2.0
//
// From what is wanted to the steps that get there: flash-encryption,
// secure-boot-v1, secure-boot-v2, lock, lock-uart, alone or together. Each is a
// table of rows; rows of several recipes are sorted by stage. What the board
// already has is left out; what it can no longer have is refused.

#ifndef TOOLS_FUSEBOX_PLAN_RECIPE_H
#define TOOLS_FUSEBOX_PLAN_RECIPE_H

#include "tools/fusebox/plan/plan_file.h"

#define RECIPE_IMAGES_MAX 24u

struct recipe_image {
    uint32_t flash_off;
    const char *path;
};

struct recipe_input {
    const char *const *recipe; // names
    unsigned recipes;
    const struct board_ini *ini;
    const struct fb_board_state *state;
    const char *flash_key;       // file, or NULL
    const char *secure_boot_key; // raw or PEM (then its digest), or NULL
    const char *signing_key;     // V2: PEM, or NULL
    struct recipe_image image[RECIPE_IMAGES_MAX];
    unsigned images;
    struct {
        uint32_t flash_off, len;
    } erase[RECIPE_IMAGES_MAX];
    unsigned erases;
    bool boot; // boot and look; false: flash and fuses only
};

// "a, b, c", for messages.
const char *recipe_names(void);

// Fill f, which is to be freed also after a failure. Prints its own one-line
// error and returns an exit status.
int recipe_make(const struct recipe_input *in, struct plan_file *f);

#endif
