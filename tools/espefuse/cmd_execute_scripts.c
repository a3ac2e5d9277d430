// SPDX-License-Identifier: Apache-2.0
//
// execute_scripts: Python that versions 3 and 4 ran; version 5 has removed it.

#include <limits.h>

#include "tools/espefuse/commands.h"

static int run(const struct cli *cli)
{
    (void)cli;
    return cli_error(NULL,
                     "REMOVED: `execute_scripts` ran Python scripts in "
                     "versions 3 and 4; give all commands in one run instead");
}

static const struct cli_option options[] = {{.name = "index",
                                             .kind = CLI_STRING,
                                             .value = "N",
                                             .hidden = true,
                                             .help = "accepted"},
                                            {.name = "configfiles",
                                             .kind = CLI_MULTI,
                                             .value = "FILE",
                                             .hidden = true,
                                             .help = "accepted"},
                                            {.name = NULL}};

const struct cli_command command_execute_scripts = {
    .name = "execute-scripts",
    .arguments = "[SCRIPT ...]",
    .max_args = UINT_MAX,
    .options = options,
    .help = "removed: give several commands in one run",
    .run = run,
};
