// SPDX-License-Identifier: Apache-2.0
//
// fusebox board: a virtual board in a folder.

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tools/cli/cli.h"
#include "tools/fusebox/board.h"
#include "tools/fusebox/board_run.h"
#include "tools/fusebox/board_start.h"
#include "tools/fusebox/commands.h"
#include "tools/fusebox/console.h"
#include "tools/fusebox/control.h"

#define STOP_TIMEOUT_S 10

static int stop(const struct cli *cli, const char *dir)
{
    (void)cli;
    int status = control_send(dir, "stop");
    if (status != 0) {
        return status;
    }
    // The folder is free when the lock is.
    struct timespec tick = {.tv_nsec = 5000000};
    for (int i = 0; i < STOP_TIMEOUT_S * 200; i++) {
        char path[BOARD_PATH_MAX];
        if (access(board_path(dir, "board.run", path), F_OK) != 0) {
            return 0;
        }
        (void)nanosleep(&tick, NULL);
    }
    return cli_error(dir, "the board does not stop");
}

static int reset(const struct cli *cli, const char *dir)
{
    return control_send(dir, cli_flag(cli, "download") ? "download" : "reset");
}

static int status(const struct cli *cli, const char *dir)
{
    (void)cli;
    if (!board_exists(dir)) {
        return cli_error(dir, "no board here");
    }
    if (control_send(dir, "ping") != 0) {
        return CLI_FAILURE;
    }
    board_print_endpoints(dir);
    return 0;
}

static int console(const struct cli *cli, const char *dir)
{
    return console_run(cli, dir);
}

static const struct action {
    const char *name;
    bool single;                                        // takes one DIR only
    int (*run)(const struct cli *cli, const char *dir); // NULL: all together
} actions[] = {
    // clang-format off
    {"start",   false, NULL},
    {"stop",    false, stop},
    {"reset",   false, reset},
    {"status",  false, status},
    {"console", true,  console},
    {"run",     true,  board_run},
    {"why",     true,  board_why},
    // clang-format on
};

static int run_each(const struct cli *cli, const struct action *action,
                    const char *const *dirs, size_t n)
{
    int status = 0;
    for (size_t i = 0; i < n; i++) {
        int result = action->run(cli, dirs[i]);
        status = status == 0 ? result : status;
    }
    return status;
}

static int run_action(const struct cli *cli, const struct action *action)
{
    size_t n = cli_args(cli) - 1;
    if (action->single && n > 1) {
        return cli_usage(cli, "%s takes one DIR", action->name);
    }
    const char **dirs = calloc(n, sizeof *dirs);
    if (dirs == NULL) {
        return cli_error(NULL, "out of memory");
    }
    for (size_t i = 0; i < n; i++) {
        dirs[i] = cli_arg(cli, (unsigned)i + 1);
    }
    int status = action->run == NULL ? board_start(cli, dirs, n)
                                     : run_each(cli, action, dirs, n);
    free(dirs);
    return status;
}

static int run(const struct cli *cli)
{
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        if (strcmp(cli_arg(cli, 0), actions[i].name) == 0) {
            return run_action(cli, &actions[i]);
        }
    }
    return cli_error(cli_arg(cli, 0),
                     "not one of start, stop, reset, status, console, run, "
                     "why");
}

static const struct cli_option options[] = {
    {.name = "board",
     .kind = CLI_STRING,
     .value = "NAME",
     .fallback = "GPY",
     .help = "start: what a new board is: GPY FIPY LOPY4 LOPY SIPY WIPY"},
    {.name = "revision",
     .kind = CLI_UINT,
     .value = "N",
     .help = "start: chip revision of a new board: 0, 1 or 3"},
    {.name = "flash-size",
     .kind = CLI_UINT,
     .value = "MIB",
     .help = "start: flash of a new board in MiB"},
    {.name = "flash-voltage",
     .kind = CLI_CHOICE,
     .value = "V",
     .choices = "1.8|3.3|external",
     .fallback = "3.3",
     .help = "start: supply that the flash of a new board needs"},
    {.name = "mtdi",
     .kind = CLI_CHOICE,
     .value = "LEVEL",
     .choices = "low|high",
     .help = "start: GPIO12 of a new board at reset (as its flash needs it)"},
    {.name = "mac",
     .kind = CLI_STRING,
     .value = "MAC",
     .help = "start: factory MAC of a new board (a random local one)"},
    {.name = "socket-port",
     .kind = CLI_UINT,
     .value = "PORT",
     .fallback = "0",
     .help = "start: TCP port of the raw UART (0: any free one)"},
    {.name = "rfc2217-port",
     .kind = CLI_UINT,
     .value = "PORT",
     .fallback = "0",
     .help = "start: TCP port of the RFC 2217 UART (0: any free one)"},
    {.name = "gdb",
     .kind = CLI_UINT,
     .value = "PORT",
     .fallback = "0",
     .help = "start: TCP port for GDB's `target remote` (0: any free one)"},
    {.name = "rom",
     .kind = CLI_STRING,
     .value = "FILE",
     .help = "start: run Espressif's mask ROM (ELF), auto: ESP-IDF's copy"},
    {.name = "fault",
     .kind = CLI_MULTI,
     .value = "SPEC",
     .help = "start: what is to go wrong: cut=during:burn:2, rx=lose:100 ..."},
    {.name = "line-rate",
     .kind = CLI_FLAG,
     .help = "start: bytes take their time at the UART's baud rate"},
    {.name = "record",
     .kind = CLI_STRING,
     .value = "NEWDIR",
     .help = "start: keep in NEWDIR the board as it is and what comes to it"},
    {.name = "replay",
     .kind = CLI_FLAG,
     .help = "run: DIR is a recording: the same again, bit for bit"},
    {.name = "ms",
     .kind = CLI_UINT,
     .value = "MS",
     .fallback = "10000",
     .help = "run: for so much of the board's time"},
    {.name = "until",
     .kind = CLI_STRING,
     .value = "TEXT",
     .help = "run: end when the board has said TEXT; with --send once more"},
    {.name = "why",
     .kind = CLI_FLAG,
     .help = "run: explain a boot that failed: check, bytes, expected and got"},
    {.name = "elf",
     .kind = CLI_MULTI,
     .value = "FILE",
     .help = "run: programs with symbols that run on the board"},
    {.name = "trace",
     .kind = CLI_STRING,
     .value = "FILE",
     .help = "run: write each instruction, with its function"},
    {.name = "calls",
     .kind = CLI_STRING,
     .value = "FILE",
     .help = "run: write each change of function"},
    {.name = "coverage",
     .kind = CLI_STRING,
     .value = "FILE",
     .help = "run: write lines executed, for lcov and genhtml"},
    {.name = "verbose",
     .kind = CLI_FLAG,
     .help = "run: say what the chip reports about itself"},
    {.name = "foreground",
     .kind = CLI_FLAG,
     .help = "start: do not go into the background"},
    {.name = "download",
     .kind = CLI_FLAG,
     .help = "reset: with GPIO0 low, into the ROM's download mode"},
    {.name = "send",
     .kind = CLI_STRING,
     .value = "LINE",
     .help = "console, run: send one line, then go on as told"},
    {.name = "expect",
     .kind = CLI_STRING,
     .value = "TEXT",
     .help = "console: end when the board has said TEXT"},
    {.name = "timeout",
     .kind = CLI_UINT,
     .value = "SECONDS",
     .fallback = "30",
     .help = "console: how long --expect waits"},
    {.name = NULL}};

const struct cli_command command_board = {
    .name = "board",
    .arguments = "start|stop|reset|status|console|run|why DIR ...",
    .min_args = 2,
    .max_args = UINT_MAX,
    .options = options,
    .help = "a virtual board in a folder: blank at first, alive while started",
    .details =
        "start    makes DIR a blank board if it is none, powers it, and goes\n"
        "         into the background; prints where its UART is\n"
        "stop     takes the power away; flash and eFuses stay in DIR\n"
        "reset    as the reset button does; --download holds GPIO0 as well\n"
        "console  shows what the board says since its last reset and sends\n"
        "         what you type; Ctrl-] ends it\n"
        "\n"
        "run      boots a copy of the board in this process as fast as it "
        "goes,\n"
        "         shows its console, and what is asked for of how it ran;\n"
        "         nothing is kept. DIR may run meanwhile\n"
        "why      boots such a copy and explains how far it came: which check, "
        "which\n"
        "         bytes, expected and got. --ms and --rom as for run\n"
        "\n"
        "All but console, run and why take several DIRs; boards that start "
        "together "
        "share\n"
        "a process, and each may be stopped on its own.\n"
        "\n"
        "Any tool that takes a port takes DIR/uart (a pty), socket://, \n"
        "rfc2217:// or board:DIR.",
    .run = run,
};
