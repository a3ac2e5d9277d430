// SPDX-License-Identifier: Apache-2.0
//
// `fusebox board run`: a copy of a board in this process, as fast as it goes,
// looked at closely; and recorded runs again.

#ifndef TOOLS_FUSEBOX_BOARD_RUN_H
#define TOOLS_FUSEBOX_BOARD_RUN_H

#include "tools/cli/cli.h"

int board_run(const struct cli *cli, const char *dir);
// Boots such a copy in silence and explains how far it came.
int board_why(const struct cli *cli, const char *dir);

#endif
