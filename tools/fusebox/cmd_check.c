// SPDX-License-Identifier: Apache-2.0
//
// fusebox check: will this board live? Reads, never writes.

#include <limits.h>
#include <string.h>

#include "tools/fusebox/check/print.h"
#include "tools/fusebox/commands.h"

static int gather_plan(struct subject *s, const struct cli *cli)
{
    int status = 0;

    if (cli_args(cli) == 1) {
        status = subject_plan(s, cli_arg(cli, 0));
    } else if (cli_args(cli) % 2 != 0) {
        return cli_usage(cli, "a plan, or pairs of ADDRESS and FILE");
    } else {
        for (unsigned i = 0; i < cli_args(cli) && status == 0; i += 2) {
            status = subject_write(s, cli_arg(cli, i), cli_arg(cli, i + 1));
        }
    }
    for (unsigned i = 0; i < cli_values(cli, "burn") && status == 0; i++) {
        status = subject_burn(s, cli_value(cli, "burn", i));
    }
    return status;
}

static int look(struct subject *s, const struct cli *cli,
                const struct accepted *accepted)
{
    struct fb_advice advice;
    const struct fb_advice *shown = NULL;
    bool json = strcmp(cli_string(cli, "format"), "json") == 0;
    int status;

    s->in.release |= cli_flag(cli, "release");
    s->in.ota = cli_flag(cli, "ota");
    status = subject_check(s);
    if (status == 0 && s->in.plan->steps == 0) {
        status = subject_advise(s, &advice);
        shown = &advice;
    }
    if (status != 0) {
        return status;
    }
    if (json) {
        print_check_json(s, accepted, shown);
    } else {
        print_check_text(s, accepted, shown);
    }
    return check_count(s, accepted, FB_CHECK_FAIL) == 0 &&
                   check_count(s, accepted, FB_CHECK_UNKNOWN) == 0 &&
                   (shown == NULL || shown->condition == FB_BOARD_BOOTS)
               ? CLI_OK
               : 1;
}

static int run(const struct cli *cli)
{
    struct accepted accepted;
    struct subject s;
    int status = accepted_read(&accepted, cli);

    if (status != 0) {
        return status;
    }
    status = subject_open(&s, cli);
    if (status == 0) {
        status = gather_plan(&s, cli);
    }
    if (status == 0) {
        status = look(&s, cli, &accepted);
    }
    subject_close(&s);
    return status;
}

static const struct cli_option options[] = {
    SUBJECT_OPTIONS,
    PLAN_OPTION_BAUD,
    {.name = "burn",
     .kind = CLI_MULTI,
     .value = "NAME=VALUE",
     .help = "what if this was burned after the files: FLASH_CRYPT_CNT=1, "
             "flash_encryption=FILE"},
    {.name = "release",
     .kind = CLI_FLAG,
     .help = "the board is meant to be final: nothing may stay open"},
    {.name = "ota",
     .kind = CLI_FLAG,
     .help = "the files are an update through the application"},
    ACCEPT_OPTION,
    FORMAT_OPTION,
    {.name = NULL}};

const struct cli_command command_check = {
    .name = "check",
    .arguments = "[PLAN | ADDRESS FILE ...]",
    .min_args = 0,
    .max_args = UINT_MAX,
    .options = options,
    .help = "will this board live? 25 checks before anything is burned",
    .details =
        "A plan file, or files and burns named here, against the whole board.\n"
        "Without either, the board as it is. Nothing is written to a device.\n"
        "Exit status 0 only when no check says FAIL or UNKNOWN, and when a\n"
        "board that is looked at as it is boots.",
    .run = run,
};
