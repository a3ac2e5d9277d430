// SPDX-License-Identifier: Apache-2.0
//
// fusebox burn: a rehearsed plan, on the board it was made for.

#include <stdlib.h>
#include <string.h>

#include "lib/fb/bytes.h"
#include "tools/fusebox/check/print.h"
#include "tools/fusebox/commands.h"
#include "tools/fusebox/plan/compare.h"
#include "tools/fusebox/plan/print.h"
#include "tools/fusebox/plan/record.h"
#include "tools/fusebox/repl.h"

#define EXIT_INTERRUPTED 3
#define HASH_DIGITS      12u

// --- the consent ---

// What the steps from `next` on burn. False: nothing.
static bool show_bits(const struct plan_file *plan, size_t next)
{
    const struct fb_plan done = {.step = plan->step, .steps = next};
    struct fb_efuse_words before = plan->fuses;
    struct fb_efuse_words after = plan->fuses;
    const uint8_t *mac = plan->ini.mac;
    char hash[65];
    fb_plan_burn(&done, &before);
    fb_plan_burn(&plan->plan, &after);
    bool burns = memcmp(&before, &after, sizeof before) != 0;
    plan_hex(plan->hash, 32, hash);
    cli_print("Board %02x:%02x:%02x:%02x:%02x:%02x, plan %.*s (%s).\n", mac[0],
              mac[1], mac[2], mac[3], mac[4], mac[5], (int)HASH_DIGITS, hash,
              plan->recipe);
    if (!burns) {
        cli_print("Nothing is left to burn.\n");
    } else {
        cli_print("This changes for ever:\n");
        verdict_changes(&before, &after, print_bullet, NULL);
        cli_print("Burning needs a steady 3.3 V supply: no long USB cable, no "
                  "hub, nothing else to be powered.\n");
    }
    fb_bytes_wipe(&before, sizeof before);
    fb_bytes_wipe(&after, sizeof after);
    return burns;
}

static int consent(const struct cli *cli, const struct plan_file *plan,
                   size_t next)
{
    char hash[65];
    const char *yes = cli_string(cli, "yes-burn");
    plan_hex(plan->hash, 32, hash);
    bool burns = show_bits(plan, next);
    if (yes == NULL && !burns) {
        return 0;
    }
    if (yes == NULL) {
        return cli_confirm_burn(false)
                   ? 0
                   : cli_error(NULL, "aborted: nothing was burned");
    }
    if (strlen(yes) < HASH_DIGITS || strncmp(yes, hash, strlen(yes)) != 0) {
        return cli_error(yes,
                         "--yes-burn: not this plan's hash (%.*s or "
                         "more of it)",
                         (int)HASH_DIGITS, hash);
    }
    return 0;
}

// --- the checks ---

static int judge(const struct cli *cli, const struct subject *s,
                 const struct accepted *accepted, struct journal *journal)
{
    unsigned bad = check_count(s, accepted, FB_CHECK_FAIL) +
                   check_count(s, accepted, FB_CHECK_UNKNOWN);
    if (bad > 0) {
        print_check_text(s, accepted, NULL);
        return cli_error(cli_arg(cli, 0),
                         "checks that do not pass: %u; nothing was burned "
                         "(--accept takes one upon you)",
                         bad);
    }
    cli_print("All checks pass%s.\n",
              cli_values(cli, "accept") > 0 ? ", or were accepted" : "");
    for (unsigned i = 0; i < FB_CHECKS; i++) {
        char note[400];
        if (accepted->reason[i] == NULL) {
            continue;
        }
        (void)snprintf(
            note, sizeof note, "accepted %s (%s): %.200s", fb_checks[i].id,
            fb_check_verdict_name(s->result[i].verdict), accepted->reason[i]);
        if (journal_note(journal, note) != 0) {
            return cli_error(journal->path, "cannot be written");
        }
    }
    return 0;
}

// Read the board and look at all of it, before the first burn.
static int check(const struct cli *cli, struct journal *journal)
{
    struct accepted accepted;
    struct subject s;
    int status = accepted_read(&accepted, cli);
    if (status != 0) {
        return status;
    }
    status = subject_open_port(&s, cli);
    if (status == 0) {
        status = subject_plan(&s, cli_arg(cli, 0));
    }
    if (status == 0) {
        status = subject_check(&s);
    }
    if (status == 0) {
        status = judge(cli, &s, &accepted, journal);
    }
    subject_close(&s);
    return status;
}

// --- the burn ---

static int tell(const struct cli *cli, const struct execution *e,
                enum execute_result result)
{
    const char *port = cli_string(cli, "port");
    switch (result) {
    case EXECUTE_DONE:
        cli_print("Done: the board is provisioned and boots.\n");
        return 0;
    case EXECUTE_INTERRUPTED:
        (void)cli_error(port,
                        "step %zu was interrupted: %s; the same command "
                        "goes on from there",
                        e->step + 1, e->why);
        return EXIT_INTERRUPTED;
    case EXECUTE_REFUSED:
        return cli_error(port, "%s", e->why);
    case EXECUTE_FAILED:
        return cli_error(port, "step %zu: %s; nothing after it was done",
                         e->step + 1, e->why);
    case EXECUTE_NO_BOOT:
        break;
    }
    return cli_error(port, "step %zu: %s; nothing after it was burned",
                     e->step + 1, e->why);
}

static int burn(const struct cli *cli, struct execution *e)
{
    size_t next = 0;
    enum execute_result result = compare_board(e, &next);
    if (result == EXECUTE_INTERRUPTED && execute_closed(e)) {
        cli_print("The UART is closed, as the plan's last burn does, and the "
                  "board boots.\n");
        return tell(cli, e, EXECUTE_DONE);
    }
    if (result == EXECUTE_DONE) {
        result = compare_flash(e);
    }
    if (result != EXECUTE_DONE) {
        return tell(cli, e, result);
    }
    int status = consent(cli, e->plan, next);
    if (status != 0) {
        return status;
    }
    return tell(cli, e, execute_plan(e));
}

static int on_port(const struct cli *cli, struct execution *e)
{
    const char *name = cli_string(cli, "port");
    if (target_open(e->target, name, (uint32_t)cli_uint(cli, "baud")) !=
        TARGET_OK) {
        return cli_error(name, "%s", e->target->why);
    }
    int status = burn(cli, e);
    target_close(e->target);
    return status;
}

static int with_record(const struct cli *cli, struct plan_file *plan)
{
    struct record record;
    struct journal journal;
    struct target target;
    struct execution e = {.plan = plan,
                          .target = &target,
                          .journal = &journal,
                          .say = print_line};
    int status = record_read(&record, cli_arg(cli, 0), plan->hash);
    if (status != 0) {
        return status;
    }
    if (record.verdict != VERDICT_BOOTS) {
        return cli_error(cli_arg(cli, 0), "its rehearsal ended with: %s, %s",
                         verdict_name(record.verdict), record.why);
    }
    if (!record_parse_goal(record.goal, &e.goal)) {
        return cli_error(cli_arg(cli, 0), "its rehearsal has no goal");
    }
    e.firmware = record.firmware;
    status = journal_open(&journal, cli_string(cli, "journal"), plan);
    if (status != 0) {
        return status;
    }
    if (!journal.begun) {
        status = check(cli, &journal);
    }
    if (status == 0) {
        status = on_port(cli, &e);
    }
    journal_close(&journal);
    return status;
}

static int run(const struct cli *cli)
{
    struct plan_file *plan = malloc(sizeof *plan);
    if (plan == NULL) {
        return cli_error(NULL, "out of memory");
    }
    int status = plan_file_read(cli_arg(cli, 0), plan);
    if (status == 0) {
        status = plan_file_load(plan);
    }
    if (status == 0) {
        status = with_record(cli, plan);
    }
    plan_file_free(plan);
    free(plan);
    return status;
}

static const struct cli_option options[] = {
    REPL_OPTION_PORT,
    PLAN_OPTION_BAUD,
    {.name = "journal",
     .kind = CLI_STRING,
     .value = "DIR",
     .help = "where the boards' journals are (~/.local/state/fusebox/journal)"},
    {.name = "yes-burn",
     .kind = CLI_STRING,
     .value = "HASH",
     .help = "do not ask: burn the plan with this hash (12 digits or more)"},
    ACCEPT_OPTION,
    SUBJECT_KEY_OPTIONS,
    {.name = NULL}};

const struct cli_command command_burn = {
    .name = "burn",
    .arguments = "PLAN",
    .min_args = 1,
    .max_args = 1,
    .options = options,
    .help = "do what a rehearsed plan says, on the board it was made for",
    .details =
        "Only a plan whose rehearsal ended with `boots`, that passes the "
        "checks\n"
        "of `fusebox check`, and only on the board whose MAC, revision, fuses\n"
        "and flash are those of the plan; of the flash, data partitions that\n"
        "firmware writes to and what the plan writes anew may differ.\n"
        "Every burn is read back three times, keys are proved before they are\n"
        "protected, the board has to boot before anything is locked.\n"
        "After an interruption (exit status 3) the same command goes on.",
    .run = run,
};
