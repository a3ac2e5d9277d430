// SPDX-License-Identifier: Apache-2.0
//
// --accept P14:"reason": the user takes the verdict of one check upon himself.

#ifndef TOOLS_FUSEBOX_CHECK_ACCEPT_H
#define TOOLS_FUSEBOX_CHECK_ACCEPT_H

#include "lib/fb/checks.h"
#include "tools/cli/cli.h"

// Reasons for which a check's FAIL or UNKNOWN is taken; NULL: none.
struct accepted {
    const char *reason[FB_CHECKS];
};

// All of a command's --accept. The command line must outlive *accepted. Prints
// its own one-line error and returns an exit status.
int accepted_read(struct accepted *accepted, const struct cli *cli);

// The row of --accept in a command's options.
#define ACCEPT_OPTION                                                          \
    {                                                                          \
        .name = "accept", .kind = CLI_MULTI, .value = "ID:REASON",             \
        .help = "take the verdict of one check, with the reason on record"     \
    }

#endif
