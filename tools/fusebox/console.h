// SPDX-License-Identifier: Apache-2.0
//
// fusebox board console: what a board says, and talking to it.

#ifndef TOOLS_FUSEBOX_CONSOLE_H
#define TOOLS_FUSEBOX_CONSOLE_H

#include "tools/cli/cli.h"

// Options: send, expect, timeout (seconds). With neither send nor expect it is
// interactive. Returns an exit status.
int console_run(const struct cli *cli, const char *dir);

#endif
