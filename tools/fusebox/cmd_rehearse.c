// SPDX-License-Identifier: Apache-2.0
//
// fusebox rehearse: a plan on a copy of the board.

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/fb/bytes.h"
#include "lib/fb/crypto.h"
#include "tools/fusebox/board_rom.h"
#include "tools/fusebox/commands.h"
#include "tools/fusebox/plan/cuts.h"
#include "tools/fusebox/plan/print.h"
#include "tools/fusebox/plan/record.h"
#include "tools/fusebox/plan/rehearsal.h"
#include "tools/fusebox/plan/trial.h"

static void show_console(const struct target_console *c)
{
    const char *p = c->text;
    cli_print("Boot log:\n");
    while (*p != '\0') {
        size_t n = strcspn(p, "\n");
        if (n > 0) {
            cli_print("    | %.*s\n", (int)n, p);
        }
        p += n + (p[n] == '\n');
    }
}

static void show(const struct rehearsal *r)
{
    const struct fb_efuse_words *after = chip_efuses(r->chip->chip);
    show_console(&r->run.console);
    cli_print("Changed for ever:\n");
    verdict_changes(&r->before, after, print_bullet, NULL);
    if (!fb_bytes_all((const uint8_t *)&r->firmware, sizeof r->firmware, 0)) {
        static const struct fb_efuse_words nothing;
        cli_print("Of these the board's own firmware burned:\n");
        verdict_changes(&nothing, &r->firmware, print_bullet, NULL);
    }
    cli_print("From now on:\n");
    verdict_outlook(r->plan, after, print_bullet, NULL);
}

static void show_ways(const struct fb_advice *a)
{
    for (unsigned w = 0; w < a->ways; w++) {
        cli_print("Way back: %s\n", a->way[w].title);
        for (unsigned i = 0; i < a->way[w].lines; i++) {
            cli_print("    %s\n", a->way[w].line[i]);
        }
    }
}

// --- --then ---

static void note_then(struct record *record, const char *what, bool works)
{
    size_t n = strlen(record->then);
    (void)snprintf(record->then + n, sizeof record->then - n, "%s%s %s",
                   n > 0 ? ", " : "", what, works ? "ok" : "failed");
}

static int run_then(const struct cli *cli, struct rehearsal *r,
                    struct record *record)
{
    int status = 0;
    for (unsigned i = 0; i < cli_values(cli, "then") && status == 0; i++) {
        const char *what = cli_value(cli, "then", i);
        char why[300] = "";
        if (strcmp(what, "reflash") == 0) {
            status = rehearsal_reflash(r, why, sizeof why);
        } else if (strcmp(what, "confirm") == 0) {
            record->confirms = trial_run(r, why, sizeof why);
            status = record->confirms == FB_CONFIRMS_YES ||
                             record->confirms == FB_CONFIRMS_NEEDLESS
                         ? 0
                         : CLI_FAILURE;
        } else if (strcmp(what, "ota") == 0 &&
                   i + 1 < cli_values(cli, "then")) {
            status =
                rehearsal_ota(r, cli_value(cli, "then", ++i), why, sizeof why);
        } else {
            return cli_usage(
                cli, "--then: reflash, confirm, or ota FILE, not `%s`", what);
        }
        note_then(record, what, status == 0);
        if (status == 0) {
            cli_print("then %s: works%s%s\n", what, why[0] != '\0' ? ": " : "",
                      why);
        } else {
            cli_print("then %s: FAILS: %s\n", what, why);
        }
    }
    return status;
}

// --- --power-cuts ---

static void on_cut(void *ctx, const struct cut *cut)
{
    struct record *record = ctx;
    struct record_cut *row = &record->cut[cut->step];
    bool good = cut->again == EXECUTE_DONE && cut->fuses_as_planned;
    row->tried++;
    row->boots += cut->boots_as_is;
    row->provisioned += good;
    if (!good) {
        cli_print("%s in step %zu: %s\n", cut_kind_name(cut->kind),
                  cut->step + 1, cut->why);
    }
}

static void show_table(const struct plan_file *plan,
                       const struct record *record, const struct cuts_count *n)
{
    cli_print(
        "Interrupted %u times (of %u requests %u times the host died, at "
        "%u flash and eFuse operations the power was cut %u times, before, "
        "during and after):\n",
        n->cut + n->died, n->requests, n->died, n->operations, n->cut);
    cli_print("  step  tried  boots as it is  provisioned by the same again\n");
    for (size_t i = 0; i < plan->plan.steps; i++) {
        const struct record_cut *row = &record->cut[i];
        if (row->tried > 0) {
            cli_print("  %4zu  %5u  %14u  %29u  %s\n", i + 1, row->tried,
                      row->boots, row->provisioned, plan->step[i].label);
        }
    }
}

// On a board of its own, which is as the first one was.
static int cut_everywhere(const struct cli *cli, struct plan_file *plan,
                          const struct board *board, const struct mask_rom *rom,
                          const struct target_goal *goal, struct record *record)
{
    bool all = strcmp(cli_string(cli, "power-cuts"), "all") == 0;
    const struct cuts_config config = {.ops = all ? 0 : 2,
                                       .requests = all ? 0 : 1,
                                       .look = true,
                                       .cut = on_cut,
                                       .ctx = record};
    struct cuts_count n = {0};
    struct rehearsal *r = calloc(1, sizeof *r);
    if (r == NULL) {
        return cli_error(NULL, "out of memory");
    }
    int status = rehearsal_open(r, plan, board, rom, goal);
    if (status == 0 && !cuts_run(r, &config, &n)) {
        status = cli_error(cli_arg(cli, 0), "--power-cuts: %s", r->run.why);
    }
    if (status == 0) {
        show_table(plan, record, &n);
        (void)snprintf(record->cuts, sizeof record->cuts,
                       "%u of %u interruptions end provisioned", n.provisioned,
                       n.cut + n.died);
        status = n.provisioned == n.cut + n.died ? 0 : 1;
    }
    rehearsal_free(r);
    free(r);
    return status;
}

// --- the record ---

static void hash_rom(const struct mask_rom *rom, struct record *record)
{
    uint8_t hash[32];
    if (rom == NULL) {
        (void)snprintf(record->rom, sizeof record->rom, "built-in");
        return;
    }
    fb_sha256(rom->bytes, sizeof rom->bytes, hash);
    plan_hex(hash, 32, record->rom);
}

static void fill_record(struct record *record, const struct rehearsal *r,
                        const struct board *board, const char *goal,
                        const struct mask_rom *rom)
{
    memcpy(record->plan, r->plan->hash, 32);
    rehearsal_state_hash(board, record->state);
    (void)snprintf(record->goal, sizeof record->goal, "%s", goal);
    record->verdict = r->verdict;
    (void)snprintf(record->why, sizeof record->why, "%.*s",
                   (int)sizeof record->why - 1, r->why);
    memcpy(record->firmware.word[0], r->firmware.word[0],
           sizeof record->firmware.word[0]);
    memcpy(record->after, chip_efuses(r->chip->chip)->word[0],
           sizeof record->after);
    hash_rom(rom, record);
}

// --- the command ---

static int rehearse(const struct cli *cli, struct plan_file *plan,
                    const struct board *board, const struct mask_rom *rom,
                    const struct target_goal *goal)
{
    struct record record = {.then = ""};
    struct rehearsal *r = calloc(1, sizeof *r);
    if (r == NULL) {
        return cli_error(NULL, "out of memory");
    }
    int status = rehearsal_open(r, plan, board, rom, goal);
    if (status == 0) {
        r->run.say = print_line;
        rehearsal_run(r);
        show(r);
        if (r->verdict == VERDICT_BOOTS) {
            status = run_then(cli, r, &record);
        }
        if (status == 0 && r->verdict == VERDICT_BOOTS &&
            cli_given(cli, "power-cuts")) {
            status = cut_everywhere(cli, plan, board, rom, goal, &record);
        }
        fill_record(&record, r, board, cli_string(cli, "goal"), rom);
        if (record_write(&record, cli_arg(cli, 0)) != 0) {
            status = CLI_FAILURE;
        }
        cli_print("Verdict: %s%s%s\n", verdict_name(r->verdict),
                  r->why[0] != '\0' ? ", " : "", r->why);
        if (r->verdict != VERDICT_BOOTS) {
            show_ways(&r->advice);
            status = 1;
        }
    }
    rehearsal_free(r);
    free(r);
    return status;
}

static int on_board(const struct cli *cli, struct plan_file *plan,
                    const struct target_goal *goal)
{
    struct board board;
    struct mask_rom *rom = NULL;
    int status = board_open(&board, cli_string(cli, "board"));
    if (status != 0) {
        return status;
    }
    if (cli_given(cli, "rom")) {
        status =
            board_rom_load(cli_string(cli, "rom"), board.ini.revision, &rom);
    }
    if (status == 0) {
        status = rehearse(cli, plan, &board, rom, goal);
    }
    free(rom);
    board_close(&board);
    return status;
}

static int run(const struct cli *cli)
{
    struct target_goal goal;
    struct plan_file *plan;
    if (!record_parse_goal(cli_string(cli, "goal"), &goal)) {
        return cli_error(cli_string(cli, "goal"),
                         "--goal: prompt, seconds:N, or a short text");
    }
    plan = malloc(sizeof *plan);
    if (plan == NULL) {
        return cli_error(NULL, "out of memory");
    }
    int status = plan_file_read(cli_arg(cli, 0), plan);
    if (status == 0) {
        status = plan_file_load(plan);
    }
    if (status == 0) {
        status = on_board(cli, plan, &goal);
    }
    plan_file_free(plan);
    free(plan);
    return status;
}

static const struct cli_option options[] = {
    {.name = "board",
     .kind = CLI_STRING,
     .value = "DIR",
     .required = true,
     .help = "the board as it is now; it is copied, not changed"},
    GOAL_OPTION,
    {.name = "then",
     .kind = CLI_MULTI,
     .value = "WHAT ...",
     .help = "try afterwards: reflash (the plan's images over UART), ota FILE, "
             "confirm (does the application confirm an update?)"},
    {.name = "power-cuts",
     .kind = CLI_MAYBE,
     .value = "HOW",
     .choices = "sample|all",
     .help = "interrupt the plan everywhere and begin it again: at every burn "
             "and a sample of the rest, or at all of them (hours)"},
    {.name = "rom",
     .kind = CLI_STRING,
     .value = "FILE",
     .help = "run Espressif's mask ROM (ELF), auto: ESP-IDF's copy"},
    {.name = NULL}};

const struct cli_command command_rehearse = {
    .name = "rehearse",
    .arguments = "PLAN",
    .min_args = 1,
    .max_args = 1,
    .options = options,
    .help = "run a plan on a copy of the board, and say what becomes of it",
    .details =
        "The copy lives in the virtual chip in this process; nothing else is\n"
        "touched. Verdicts: boots; stops (the plan ends early, the board "
        "still\n"
        "boots); recoverable, and how; bricks, and why. Only with `boots` and\n"
        "all of --then working is the exit status 0. PLAN.rehearsal is what\n"
        "`fusebox burn` wants to see.",
    .run = run,
};
