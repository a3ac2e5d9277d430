// SPDX-License-Identifier: Apache-2.0
//
// fusebox board: a virtual board in a folder.

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "chip/chip.h"
#include "host/file.h"
#include "tools/cli/cli.h"
#include "tools/fusebox/board.h"
#include "tools/fusebox/board_rom.h"
#include "tools/fusebox/board_run.h"
#include "tools/fusebox/commands.h"
#include "tools/fusebox/console.h"
#include "tools/fusebox/control.h"
#include "tools/fusebox/server.h"

#define START_TIMEOUT_S 10

// Boards as they are sold; `fusebox board start --board NAME`.
static const struct model {
    const char *name;
    uint32_t revision;
    uint32_t flash_size;
} models[] = {
    {"GPY", 0, 0x400000},  {"FIPY", 0, 0x400000}, {"LOPY4", 1, 0x800000},
    {"LOPY", 0, 0x400000}, {"SIPY", 0, 0x400000}, {"WIPY", 0, 0x400000},
};

static const struct model *find_model(const char *name)
{
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++) {
        if (strcmp(models[i].name, name) == 0) {
            return &models[i];
        }
    }
    return NULL;
}

static int describe_new_board(const struct cli *cli, struct board_ini *ini)
{
    const struct model *model = find_model(cli_string(cli, "board"));
    if (model == NULL) {
        return cli_error(cli_string(cli, "board"), "not a board Fusebox knows");
    }
    memset(ini, 0, sizeof *ini);
    (void)snprintf(ini->name, sizeof ini->name, "%s", model->name);
    ini->revision = cli_given(cli, "revision")
                        ? (uint32_t)cli_uint(cli, "revision")
                        : model->revision;
    uint64_t mib = cli_given(cli, "flash-size") ? cli_uint(cli, "flash-size")
                                                : model->flash_size >> 20;
    if (ini->revision == 2 || ini->revision > 3) {
        return cli_error(NULL, "--revision: the virtual ESP32 has 0, 1 and 3");
    }
    if (mib == 0 || mib > 16 || (mib & (mib - 1)) != 0) {
        return cli_error(NULL, "--flash-size: 1, 2, 4, 8 or 16 (MiB)");
    }
    ini->flash_size = (uint32_t)mib << 20;
    const char *mac = cli_string(cli, "mac");
    if (mac == NULL) {
        // A locally administered address: no vendor's.
        (void)!getrandom(ini->mac, sizeof ini->mac, 0);
        ini->mac[0] = 0x02;
        return 0;
    }
    if (!cli_parse_mac(mac, ini->mac)) {
        return cli_error(mac, "not a MAC address like 24:0a:c4:00:11:22");
    }
    return 0;
}

// --- start ---

// Print the value of a line `key = value`, with text around it.
static void print_value(const char *text, const char *key, const char *before)
{
    const char *value = strstr(text, key);
    if (value != NULL) {
        value += strlen(key);
        cli_print("%s%.*s\n", before, (int)strcspn(value, "\n"), value);
    }
}

static void print_endpoints(const char *dir)
{
    char path[BOARD_PATH_MAX];
    char text[4097];
    struct host_file run;
    if (host_file_read(board_path(dir, "board.run", path), 4096, &run) != 0) {
        return;
    }
    memcpy(text, run.data, run.size);
    text[run.size] = '\0';
    host_file_free(&run);
    cli_print("pty      %s", board_path(dir, "uart", path));
    print_value(text, "pty = ", " -> ");
    print_value(text, "socket = ", "TCP      socket://127.0.0.1:");
    print_value(text, "rfc2217 = ", "RFC 2217 rfc2217://127.0.0.1:");
    print_value(text, "gdb = ", "GDB      target remote 127.0.0.1:");
}

// Boards that start together, in one process.
struct fleet {
    size_t n;
    const char *const *dirs; // n names
    struct board *boards;
    struct server_options *options;
    struct faults *faults;    // n, or NULL
    const char **fault_specs; // what they were made of
    struct mask_rom *roms[4]; // by revision, NULL: not asked for
};

static void print_fleet(const struct fleet *f)
{
    for (size_t i = 0; i < f->n; i++) {
        if (f->n > 1) {
            cli_print("%s:\n", f->dirs[i]);
        }
        print_endpoints(f->dirs[i]);
    }
}

static void show_endpoints(void *ctx)
{
    print_fleet(ctx);
    (void)fflush(stdout);
}

// The child's errors reach the terminal until it is ready; then it lets go.
static void detach(void *ctx)
{
    int null = open("/dev/null", O_RDWR);
    if (null >= 0) {
        (void)dup2(null, STDIN_FILENO);
        (void)dup2(null, STDOUT_FILENO);
        (void)dup2(null, STDERR_FILENO);
    }
    const int *parent = ctx;
    (void)!write(*parent, "", 1);
}

// What --fault asks for, for each board; NULL when it is not given.
static int parse_faults(const struct cli *cli, struct fleet *f)
{
    if (cli_values(cli, "fault") == 0) {
        return 0;
    }
    f->faults = malloc(f->n * sizeof *f->faults);
    f->fault_specs = calloc(cli_values(cli, "fault"), sizeof *f->fault_specs);
    if (f->faults == NULL || f->fault_specs == NULL) {
        return cli_error(NULL, "out of memory");
    }
    faults_init(&f->faults[0], 1);
    for (unsigned i = 0; i < cli_values(cli, "fault"); i++) {
        const char *spec = cli_value(cli, "fault", i);
        const char *why = "";
        f->fault_specs[i] = spec;
        if (!faults_parse(&f->faults[0], spec, &why)) {
            return cli_error(spec, "--fault: %s", why);
        }
    }
    for (size_t i = 1; i < f->n; i++) {
        f->faults[i] = f->faults[0];
    }
    return 0;
}

static int load_rom(const struct cli *cli, struct fleet *f, uint32_t revision,
                    const void **rom)
{
    int status = 0;
    if (!cli_given(cli, "rom")) {
        return 0;
    }
    if (f->roms[revision] == NULL) {
        status = board_rom_load(cli_string(cli, "rom"), revision,
                                &f->roms[revision]);
    }
    *rom = f->roms[revision];
    return status;
}

// The first board's, and the next ones for those after it.
static uint16_t port_of(const struct cli *cli, const char *option, size_t i)
{
    uint64_t port = cli_uint(cli, option);
    return (uint16_t)(port == 0 ? 0 : port + i);
}

static int open_board(const struct cli *cli, struct fleet *f, size_t i)
{
    struct board *board = &f->boards[i];
    int status = board_open(board, f->dirs[i]);
    if (status != 0) {
        return status;
    }
    f->options[i] = (struct server_options){
        .socket_port = port_of(cli, "socket-port", i),
        .rfc2217_port = port_of(cli, "rfc2217-port", i),
        .gdb = cli_given(cli, "gdb"),
        .gdb_port = port_of(cli, "gdb", i),
        .strap = CHIP_STRAP_FLASH_BOOT,
        .line_rate = cli_flag(cli, "line-rate"),
        .faults = f->faults == NULL ? NULL : &f->faults[i],
        .record = cli_string(cli, "record"),
        .fault_specs = f->fault_specs,
        .fault_count = cli_values(cli, "fault")};
    return load_rom(cli, f, board->ini.revision, &f->options[i].rom);
}

static int serve(const struct cli *cli, struct fleet *f,
                 void (*ready)(void *ctx), void *ctx)
{
    int status = 0;
    size_t opened = 0;
    for (; opened < f->n && status == 0; opened++) {
        status = open_board(cli, f, opened);
    }
    if (status == 0) {
        status = server_run(f->boards, f->options, f->n, ready, ctx);
    }
    for (size_t i = 0; i < opened; i++) {
        board_close(&f->boards[i]);
    }
    for (size_t i = 0; i < sizeof f->roms / sizeof f->roms[0]; i++) {
        free(f->roms[i]);
    }
    return status;
}

static int start_in_background(const struct cli *cli, struct fleet *f)
{
    int fds[2];
    if (pipe(fds) != 0) {
        return cli_error(NULL, "pipe: %s", strerror(errno));
    }
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid < 0) {
        return cli_error(NULL, "fork: %s", strerror(errno));
    }
    if (pid == 0) {
        (void)close(fds[0]);
        (void)setsid();
        _exit(serve(cli, f, detach, &fds[1]));
    }
    (void)close(fds[1]);
    char byte;
    ssize_t n = read(fds[0], &byte, 1);
    (void)close(fds[0]);
    if (n == 1) {
        return 0;
    }
    (void)waitpid(pid, NULL, 0);
    return CLI_FAILURE; // the child has said why
}

static int create_if_new(const struct cli *cli, const char *dir)
{
    if (board_exists(dir)) {
        return 0;
    }
    struct board_ini ini = {0};
    int status = describe_new_board(cli, &ini);
    if (status == 0) {
        status = board_create(dir, &ini);
    }
    if (status != 0) {
        return status;
    }
    cli_print("%s: blank %s, ESP32 revision %" PRIu32 ", %" PRIu32
              " MiB flash\n",
              dir, ini.name, ini.revision, ini.flash_size >> 20);
    return 0;
}

static int start_fleet(const struct cli *cli, struct fleet *f)
{
    int status = parse_faults(cli, f);
    for (size_t i = 0; i < f->n && status == 0; i++) {
        status = create_if_new(cli, f->dirs[i]);
    }
    if (status != 0) {
        return status;
    }
    if (cli_flag(cli, "foreground")) {
        return serve(cli, f, show_endpoints, f);
    }
    status = start_in_background(cli, f);
    if (status == 0) {
        print_fleet(f);
    }
    return status;
}

static int start(const struct cli *cli, const char *const *dirs, size_t n)
{
    struct fleet f = {.n = n,
                      .dirs = dirs,
                      .boards = calloc(n, sizeof *f.boards),
                      .options = calloc(n, sizeof *f.options)};
    int status;
    if (n > 1 && cli_given(cli, "mac")) {
        status = cli_usage(cli, "--mac is for one board");
    } else if (cli_given(cli, "record") && (n > 1 || cli_given(cli, "gdb"))) {
        status = cli_usage(cli, "--record is for one board, without --gdb");
    } else if (f.boards == NULL || f.options == NULL) {
        status = cli_error(NULL, "out of memory");
    } else {
        status = start_fleet(cli, &f);
    }
    free(f.boards);
    free(f.options);
    free(f.faults);
    free(f.fault_specs);
    return status;
}

// --- the other actions ---

static int stop(const struct cli *cli, const char *dir)
{
    (void)cli;
    int status = control_send(dir, "stop");
    if (status != 0) {
        return status;
    }
    // The folder is free when the lock is.
    struct timespec tick = {.tv_nsec = 5000000};
    for (int i = 0; i < START_TIMEOUT_S * 200; i++) {
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
    print_endpoints(dir);
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
    int status = action->run == NULL ? start(cli, dirs, n)
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
