// SPDX-License-Identifier: Apache-2.0
//
// fusebox ls: what is in a folder of a board.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/fusebox/commands.h"
#include "tools/fusebox/remote.h"

static int list(struct repl *r, const char *quoted)
{
    int status = remote_run(
        r,
        "import os\n"
        "for e in sorted(os.ilistdir(%s)):\n"
        "    d = e[1] & 0x4000\n"
        "    print('%%10s  %%s' %% ('' if d else e[3] if len(e) > 3 else '?',"
        " e[0] + '/' if d else e[0]))\n",
        quoted);
    if (status == 0) {
        (void)fputs(r->output, stdout);
    }
    return status;
}

static int run(const struct cli *cli)
{
    struct repl r;
    const char *name = cli_args(cli) > 0 ? cli_arg(cli, 0) : ".";
    char *quoted = malloc(REMOTE_QUOTED(strlen(name)));
    int status = quoted == NULL ? cli_error(NULL, "out of memory")
                                : repl_open(&r, cli_string(cli, "port"));
    if (status == 0) {
        remote_quote(name, quoted);
        status = list(&r, quoted);
        repl_close(&r);
    }
    free(quoted);
    return status;
}

static const struct cli_option options[] = {REPL_OPTION_PORT, {.name = NULL}};

const struct cli_command command_ls = {
    .name = "ls",
    .arguments = "[FOLDER]",
    .min_args = 0,
    .max_args = 1,
    .options = options,
    .help = "list a folder of a board's file system",
    .details = "FOLDER is a path on the board, by default the current one,\n"
               "/flash.",
    .run = run,
};
