// SPDX-License-Identifier: Apache-2.0

#include "tools/fusebox/board_run.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chip/chip.h"
#include "chip/cpu/disasm.h"
#include "chip/debug/record.h"
#include "chip/debug/why.h"
#include "host/key_search.h"
#include "tools/fusebox/board.h"
#include "tools/fusebox/board_rom.h"
#include "tools/fusebox/elf_lines.h"
#include "tools/fusebox/recording.h"

#define SLICE_CYCLES 20000u
#define ELFS_MAX     8u
#define CONSOLE_MAX  (1u << 20)
#define WHY_MS       3000u // long enough for every bootloader to decide

struct run {
    const struct cli *cli;
    struct board board; // a copy in memory
    struct chip *chip;
    struct mask_rom *rom;
    struct faults *faults;
    struct recording recording;
    struct record record;
    char *console; // the last CONSOLE_MAX / 2 bytes at least, a NUL behind
    size_t console_n;
    bool quiet; // its console is not shown
    struct elf_lines *elf[ELFS_MAX];
    unsigned elfs;
    FILE *trace, *calls;
    const char *last_call[2]; // of each CPU: the function it was in
};

// --- what comes out ---

static void on_uart_tx(void *ctx, unsigned uart, uint8_t byte)
{
    struct run *r = ctx;
    if (uart != 0) {
        return;
    }
    record_said(&r->record, byte);
    if (!r->quiet) {
        (void)fputc(byte, stdout);
    }
    if (r->console_n == CONSOLE_MAX) {
        r->console_n /= 2;
        memmove(r->console, r->console + r->console_n, r->console_n);
    }
    r->console[r->console_n++] = (char)byte;
    r->console[r->console_n] = '\0';
}

static void on_log(void *ctx, const char *line)
{
    (void)ctx;
    (void)fflush(stdout);
    (void)fprintf(stderr, "[%s]\n", line);
}

static struct elf_lines *elf_of(struct run *r, unsigned cpu, uint32_t pc)
{
    uint8_t byte = 0;
    (void)chip_fetch(r->chip, cpu, pc, &byte, 1);
    for (unsigned i = 0; i < r->elfs; i++) {
        if (elf_lines_has(r->elf[i], pc, byte)) {
            return r->elf[i];
        }
    }
    return NULL;
}

static void print_time(struct run *r, FILE *out, unsigned cpu)
{
    uint64_t ns = chip_time_ns(r->chip);
    (void)fprintf(out, "%6" PRIu64 ".%06" PRIu64 " %s ", ns / 1000000000u,
                  ns / 1000u % 1000000u, cpu == 0 ? "PRO" : "APP");
}

static void print_instruction(struct run *r, unsigned cpu, uint32_t pc,
                              const char *function, uint32_t offset)
{
    uint8_t bytes[3] = {0};
    char text[64];
    (void)chip_fetch(r->chip, cpu, pc, bytes, sizeof bytes);
    (void)cpu_disasm(pc, bytes, text, sizeof text);
    print_time(r, r->trace, cpu);
    (void)fprintf(r->trace, "%08" PRIx32 " ", pc);
    if (function != NULL) {
        (void)fprintf(r->trace, "%s+0x%" PRIx32 " ", function, offset);
    }
    (void)fprintf(r->trace, "%s\n", text);
}

static void on_instruction(void *ctx, unsigned cpu, uint32_t pc)
{
    struct run *r = ctx;
    struct elf_lines *elf = elf_of(r, cpu, pc);
    const char *function = NULL;
    uint32_t offset = 0;
    if (elf != NULL) {
        elf_lines_count(elf, pc);
        function = elf_lines_function(elf, pc, &offset);
    }
    if (r->trace != NULL) {
        print_instruction(r, cpu, pc, function, offset);
    }
    if (r->calls != NULL && function != r->last_call[cpu]) {
        print_time(r, r->calls, cpu);
        (void)fprintf(r->calls, "%08" PRIx32 " %s\n", pc,
                      function != NULL ? function : "?");
        r->last_call[cpu] = function;
    }
}

// --- setting up ---

static int open_output(const char *path, FILE **file)
{
    if (path != NULL) {
        *file = fopen(path, "we");
        if (*file == NULL) {
            return cli_error(path, "%s", strerror(errno));
        }
    }
    return 0;
}

static int open_elfs(struct run *r)
{
    unsigned n = cli_values(r->cli, "elf");
    if (n > ELFS_MAX) {
        return cli_usage(r->cli, "--elf: at most %u files", ELFS_MAX);
    }
    for (; r->elfs < n; r->elfs++) {
        int status =
            elf_lines_open(cli_value(r->cli, "elf", r->elfs), &r->elf[r->elfs]);
        if (status != 0) {
            return status;
        }
    }
    return 0;
}

static int parse_faults(struct run *r)
{
    for (unsigned i = 0; i < cli_values(r->cli, "fault"); i++) {
        const char *why = "";
        if (r->faults == NULL) {
            r->faults = malloc(sizeof *r->faults);
            if (r->faults == NULL) {
                return cli_error(NULL, "out of memory");
            }
            faults_init(r->faults, 1);
        }
        if (!faults_parse(r->faults, cli_value(r->cli, "fault", i), &why)) {
            return cli_error(cli_value(r->cli, "fault", i), "--fault: %s", why);
        }
    }
    return 0;
}

static int open_replay(struct run *r, const char *dir)
{
    int status = recording_open(dir, &r->recording);
    if (status != 0) {
        return status;
    }
    if (cli_given(r->cli, "fault")) {
        return cli_usage(r->cli, "a replay has the faults of the recording");
    }
    if (r->recording.mask_rom != cli_given(r->cli, "rom")) {
        return cli_error(dir, r->recording.mask_rom
                                  ? "was recorded with a mask ROM: give --rom"
                                  : "was recorded with the built-in ROM");
    }
    r->faults = r->recording.faults;
    r->recording.faults = NULL;
    return 0;
}

static int make_chip(struct run *r)
{
    bool replay = r->recording.inputs != NULL;
    struct chip_config config = board_chip(&r->board.ini);
    config.flash = r->board.flash;
    config.seed = replay ? r->recording.seed : 1;
    config.strap = replay ? r->recording.strap : config.strap;
    config.rom = r->rom;
    struct chip_callbacks callbacks = {.ctx = r, .uart_tx = on_uart_tx};
    if (cli_flag(r->cli, "verbose")) {
        callbacks.log = on_log;
    }
    r->chip = malloc(chip_sizeof());
    r->console = malloc(CONSOLE_MAX + 1);
    if (r->chip == NULL || r->console == NULL) {
        return cli_error(NULL, "out of memory");
    }
    r->console[0] = '\0';
    if (r->faults != NULL) {
        callbacks = faults_wrap(r->faults, &callbacks);
    }
    chip_init(r->chip, &config, &callbacks);
    chip_set_efuses(r->chip, &r->board.fuses);
    if (r->faults != NULL && !faults_attach(r->faults, r->chip)) {
        return cli_error("--fault", "outside the board's flash");
    }
    record_init(&r->record, r->chip, r->faults, config.strap, NULL, NULL);
    if (r->elfs > 0 || r->trace != NULL) {
        chip_trace(r->chip, on_instruction, r);
    }
    return 0;
}

static int set_up(struct run *r, const char *dir)
{
    const struct cli *cli = r->cli;
    int status = board_load(&r->board, dir);
    if (status == 0 && cli_flag(cli, "replay")) {
        status = open_replay(r, dir);
    }
    if (status == 0) {
        status = parse_faults(r);
    }
    if (status == 0 && cli_given(cli, "rom")) {
        status = board_rom_load(cli_string(cli, "rom"), r->board.ini.revision,
                                &r->rom);
    }
    if (status == 0) {
        status = open_elfs(r);
    }
    if (status == 0 && r->elfs == 0 &&
        (cli_given(cli, "coverage") || cli_given(cli, "calls"))) {
        status = cli_usage(cli, "--coverage and --calls need --elf");
    }
    if (status == 0) {
        status = open_output(cli_string(cli, "trace"), &r->trace);
    }
    if (status == 0) {
        status = open_output(cli_string(cli, "calls"), &r->calls);
    }
    return status != 0 ? status : make_chip(r);
}

static void tear_down(struct run *r)
{
    for (unsigned i = 0; i < ELFS_MAX; i++) {
        elf_lines_close(r->elf[i]);
    }
    if (r->trace != NULL) {
        (void)fclose(r->trace);
    }
    if (r->calls != NULL) {
        (void)fclose(r->calls);
    }
    recording_close(&r->recording);
    free(r->faults);
    free(r->rom);
    free(r->chip);
    free(r->console);
    board_close(&r->board);
}

// --- running ---

static bool has_said(const struct run *r, const char *text)
{
    size_t n = strlen(text);
    // Only the end can be new.
    size_t back = n + SLICE_CYCLES;
    return strstr(r->console + (r->console_n > back ? r->console_n - back : 0),
                  text) != NULL;
}

// What is typed is taken as the board has room for it.
static void type(struct run *r, const char *text)
{
    size_t n = strlen(text);
    while (n > 0) {
        size_t taken = record_rx(&r->record, 0, (const uint8_t *)text, n);
        text += taken;
        n -= taken;
        if (record_run(&r->record, SLICE_CYCLES) == CHIP_POWER_LOST) {
            return;
        }
    }
}

static int run_live(struct run *r)
{
    const char *until = cli_string(r->cli, "until");
    const char *send = cli_string(r->cli, "send");
    uint64_t ms =
        r->quiet && !cli_given(r->cli, "ms") ? WHY_MS : cli_uint(r->cli, "ms");
    uint64_t end_ns = ms * 1000000u;
    bool said = false;
    record_power_on(&r->record, r->record.strap);
    while (chip_time_ns(r->chip) < end_ns) {
        (void)record_deliver(&r->record, false);
        enum chip_stop stop = record_run(&r->record, SLICE_CYCLES);
        if (until != NULL && has_said(r, until)) {
            said = true;
            if (send == NULL) {
                return 0;
            }
            r->console_n = 0; // --until counts again after it
            type(r, send);
            type(r, "\r");
            send = NULL;
            said = false;
            continue;
        }
        if (stop == CHIP_POWER_LOST ||
            (stop == CHIP_IDLE && !record_deliver(&r->record, true) &&
             chip_idle_ns(r->chip) == UINT64_MAX)) {
            break;
        }
    }
    if (until != NULL && !said) {
        (void)fputc('\n', stdout);
        return cli_error(r->board.dir, "the board did not say `%s`", until);
    }
    return 0;
}

static int replay(struct run *r)
{
    char line[RECORD_LINE + 2];
    const char *why;
    bool ended = false;
    while (fgets(line, sizeof line, r->recording.inputs) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        r->recording.line++;
        if (!record_replay(&r->record, line, &why)) {
            (void)fputc('\n', stdout);
            return cli_error(r->recording.path, "line %u: %s",
                             r->recording.line, why);
        }
        ended = strstr(line, " end ") != NULL;
    }
    if (!ended) {
        cli_warning(r->recording.path, "ends without an end: the board was not "
                                       "stopped in good order");
    }
    return 0;
}

// --- afterwards ---

static void say(void *ctx, const char *line)
{
    (void)ctx;
    cli_print("%s\n", line);
}

static int explain(struct run *r, const char *dir)
{
    uint8_t *scratch = malloc(r->board.ini.flash_size);
    char trouble[160];
    chip_flash_trouble(r->chip, trouble, sizeof trouble);
    char port[BOARD_PATH_MAX + 8];
    struct why why = {.console = r->console,
                      .fuses = chip_efuses(r->chip),
                      .revision = r->board.ini.revision,
                      .flash = r->board.flash,
                      .flash_size = r->board.ini.flash_size,
                      .flash_trouble = trouble,
                      .scratch = scratch,
                      .advise = true,
                      .port = port,
                      .find_keys = host_key_search};
    if (scratch == NULL) {
        return cli_error(NULL, "out of memory");
    }
    (void)snprintf(port, sizeof port, "board:%s", dir);
    if (!r->quiet) {
        cli_print("\n");
    }
    why_explain(&why, say, NULL);
    free(scratch);
    return 0;
}

static int report_coverage(struct run *r)
{
    const char *path = cli_string(r->cli, "coverage");
    FILE *out = NULL;
    int status = open_output(path, &out);
    if (status != 0 || out == NULL) {
        return status;
    }
    for (unsigned i = 0; i < r->elfs; i++) {
        size_t executed;
        size_t lines = elf_lines_report(r->elf[i], out, &executed);
        cli_print("%s: %zu of %zu lines executed\n",
                  cli_value(r->cli, "elf", i), executed, lines);
    }
    if (fclose(out) != 0) {
        return cli_error(path, "%s", strerror(errno));
    }
    return 0;
}

int board_run(const struct cli *cli, const char *dir)
{
    struct run r = {.cli = cli, .board.lock = -1};
    int status = set_up(&r, dir);
    if (status == 0) {
        status = r.recording.inputs != NULL ? replay(&r) : run_live(&r);
        (void)fflush(stdout);
        int after = report_coverage(&r);
        if (cli_flag(cli, "why")) {
            int result = explain(&r, dir);
            after = after == 0 ? result : after;
        }
        status = status == 0 ? after : status;
    }
    tear_down(&r);
    return status;
}

int board_why(const struct cli *cli, const char *dir)
{
    struct run r = {.cli = cli, .board.lock = -1, .quiet = true};
    int status = set_up(&r, dir);
    if (status == 0) {
        status = run_live(&r);
    }
    if (status == 0) {
        status = explain(&r, dir);
    }
    tear_down(&r);
    return status;
}
