// SPDX-License-Identifier: Apache-2.0
//
// fusebox exec: run MicroPython code on a board and print what it prints.

#include "tools/fusebox/commands.h"
#include "tools/fusebox/repl.h"

static int run(const struct cli *cli)
{
    struct repl r;
    int status = repl_open(&r, cli_string(cli, "port"));
    if (status != 0) {
        return status;
    }
    status =
        repl_run_shown(&r, cli_arg(cli, 0), (unsigned)cli_uint(cli, "timeout"));
    repl_close(&r);
    return status;
}

static const struct cli_option options[] = {
    REPL_OPTION_PORT,
    {.name = "timeout",
     .kind = CLI_UINT,
     .value = "SECONDS",
     .fallback = "60",
     .help = "how long the code may be silent"},
    {.name = NULL}};

const struct cli_command command_exec = {
    .name = "exec",
    .arguments = "CODE",
    .min_args = 1,
    .max_args = 1,
    .options = options,
    .help = "run MicroPython code on a board and print what it prints",
    .details = "Exit status 1 when the code raised an exception.",
    .run = run,
};
