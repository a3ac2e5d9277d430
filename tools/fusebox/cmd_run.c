// SPDX-License-Identifier: Apache-2.0
//
// fusebox run: run a MicroPython file on a board.

#include <stdlib.h>
#include <string.h>

#include "host/file.h"
#include "tools/fusebox/commands.h"
#include "tools/fusebox/repl.h"

#define SCRIPT_MAX 0x100000u

static int run_on(struct repl *r, const struct host_file *script,
                  unsigned timeout_s)
{
    char *code = malloc(script->size + 1);
    if (code == NULL) {
        return cli_error(NULL, "out of memory");
    }
    memcpy(code, script->data, script->size);
    code[script->size] = '\0';
    int status = repl_run_shown(r, code, timeout_s);
    free(code);
    return status;
}

static int run(const struct cli *cli)
{
    struct host_file script;
    struct repl r;
    const char *path = cli_arg(cli, 0);
    int error = host_file_read(path, SCRIPT_MAX, &script);
    if (error != 0) {
        return cli_error(path, "%s", strerror(error));
    }
    int status = memchr(script.data, '\0', script.size) != NULL
                     ? cli_error(path, "not a text")
                     : repl_open(&r, cli_string(cli, "port"));
    if (status == 0) {
        status = run_on(&r, &script, (unsigned)cli_uint(cli, "timeout"));
        repl_close(&r);
    }
    host_file_free(&script);
    return status;
}

static const struct cli_option options[] = {
    REPL_OPTION_PORT,
    {.name = "timeout",
     .kind = CLI_UINT,
     .value = "SECONDS",
     .fallback = "60",
     .help = "how long the program may be silent"},
    {.name = NULL}};

const struct cli_command command_run = {
    .name = "run",
    .arguments = "FILE",
    .min_args = 1,
    .max_args = 1,
    .options = options,
    .help = "run a MicroPython file on a board and print what it prints",
    .details =
        "Nothing is stored on the board. Exit status 1 when the program\n"
        "raised an exception.",
    .run = run,
};
