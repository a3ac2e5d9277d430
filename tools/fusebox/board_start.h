// SPDX-License-Identifier: Apache-2.0
//
// fusebox board start: boards that are new or there already, in a process of
// their own.

#ifndef TOOLS_FUSEBOX_BOARD_START_H
#define TOOLS_FUSEBOX_BOARD_START_H

#include <stddef.h>

#include "tools/cli/cli.h"

// Start the boards in n folders as the options say; what is not there yet is
// made. Returns when they can be reached, with --foreground when they have
// stopped. Prints its own errors, returns an exit status.
int board_start(const struct cli *cli, const char *const *dirs, size_t n);

// Where a running board can be reached, a line each (DIR/board.run).
void board_print_endpoints(const char *dir);

#endif
