// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE // close_range()

#include "tools/fusebox/board_start.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chip/chip.h"
#include "host/file.h"
#include "tools/fusebox/board.h"
#include "tools/fusebox/board_rom.h"
#include "tools/fusebox/server.h"

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
    (void)fb_flash_supply_parse(cli_string(cli, "flash-voltage"),
                                &ini->part.needs);
    ini->part.mtdi = cli_given(cli, "mtdi")
                         ? strcmp(cli_string(cli, "mtdi"), "high") == 0
                         : ini->part.needs == FB_FLASH_SUPPLY_1V8;
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

// --- where they can be reached ---

// Print the value of a line `key = value`, with text around it.
static void print_value(const char *text, const char *key, const char *before)
{
    const char *value = strstr(text, key);
    if (value != NULL) {
        value += strlen(key);
        cli_print("%s%.*s\n", before, (int)strcspn(value, "\n"), value);
    }
}

void board_print_endpoints(const char *dir)
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

// --- boards that start together, in one process ---

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
        board_print_endpoints(f->dirs[i]);
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

// Whoever waits for the end of a pipe must not wait for the board's.
static void keep_only(int *fd)
{
    const int kept = STDERR_FILENO + 1;
    if (*fd != kept && dup2(*fd, kept) == kept) {
        *fd = kept;
    }
    (void)close_range((unsigned)kept + 1, ~0u, 0);
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
        keep_only(&fds[1]);
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

int board_start(const struct cli *cli, const char *const *dirs, size_t n)
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
