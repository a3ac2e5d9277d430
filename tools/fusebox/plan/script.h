// SPDX-License-Identifier: Apache-2.0
//
// A plan made by watching: a script of espefuse and esptool calls runs against
// a copy of the board, and what it does to it becomes the steps. Ours or
// Python's tools; the script finds the copy's port in $ESPPORT and
// $ESPTOOL_PORT.

#ifndef TOOLS_FUSEBOX_PLAN_SCRIPT_H
#define TOOLS_FUSEBOX_PLAN_SCRIPT_H

#include "tools/fusebox/board.h"
#include "tools/fusebox/plan/plan_file.h"

struct script_input {
    const struct board *board;
    const void *rom;   // a loaded mask ROM, or NULL
    char *const *argv; // the command, NULL at the end
    const char *plan;  // where the plan will be: data goes into PLAN.d/
    // Key files that burned keys are looked for in; NULL: none.
    const char *flash_key, *secure_boot_key;
    bool boot; // boot and look at the end
};

// Run the command and fill f, which is to be freed also after a failure. What
// is written is kept in PLAN.d/, and so are (mode 0600) keys that are in no key
// file. Prints its own one-line error and returns an exit status.
int script_record(const struct script_input *in, struct plan_file *f);

#endif
