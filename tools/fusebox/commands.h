// SPDX-License-Identifier: Apache-2.0
//
// The commands of fusebox, one file each.

#ifndef TOOLS_FUSEBOX_COMMANDS_H
#define TOOLS_FUSEBOX_COMMANDS_H

#include "tools/cli/cli.h"

extern const struct cli_command command_board;
extern const struct cli_command command_exec;
extern const struct cli_command command_ota;

#endif
