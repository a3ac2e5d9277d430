// SPDX-License-Identifier: Apache-2.0
//
// fusebox advise: what state is a board in, and which commands bring it back?

#include <string.h>

#include "tools/fusebox/check/print.h"
#include "tools/fusebox/commands.h"

static int run(const struct cli *cli)
{
    struct fb_advice advice;
    struct subject s;
    int status = subject_open(&s, cli);

    if (status == 0) {
        status = subject_advise(&s, &advice);
    }
    if (status == 0) {
        if (strcmp(cli_string(cli, "format"), "json") == 0) {
            print_advice_json(&s, &advice);
        } else {
            print_advice_text(&s, &advice);
        }
        status = advice.condition == FB_BOARD_BOOTS ? CLI_OK : 1;
    }
    subject_close(&s);
    return status;
}

static const struct cli_option options[] = {
    SUBJECT_OPTIONS, PLAN_OPTION_BAUD, FORMAT_OPTION, {.name = NULL}};

const struct cli_command command_advise = {
    .name = "advise",
    .arguments = "",
    .options = options,
    .help = "what state is a board in, and which commands bring it back",
    .details = "Nothing is written to the board. Give the keys that are at "
               "hand: with\nthem more can be told, and more can be done.\n"
               "Exit status 0 only for a board that boots.",
    .run = run,
};
