// SPDX-License-Identifier: Apache-2.0
//
// The commands of fusebox, one file each.

#ifndef TOOLS_FUSEBOX_COMMANDS_H
#define TOOLS_FUSEBOX_COMMANDS_H

#include "tools/cli/cli.h"

extern const struct cli_command command_advise;
extern const struct cli_command command_board;
extern const struct cli_command command_burn;
extern const struct cli_command command_check;
extern const struct cli_command command_exec;
extern const struct cli_command command_get;
extern const struct cli_command command_ls;
extern const struct cli_command command_monitor;
extern const struct cli_command command_ota;
extern const struct cli_command command_plan;
extern const struct cli_command command_put;
extern const struct cli_command command_rehearse;
extern const struct cli_command command_run;
extern const struct cli_command command_report;
extern const struct cli_command command_snapshot;

// Rows that several commands have.
#define PLAN_OPTION_BAUD                                                       \
    {                                                                          \
        .name = "baud", .shorts = "b", .kind = CLI_UINT, .value = "RATE",      \
        .env = "ESPBAUD", .fallback = "921600",                                \
        .help = "rate for the flash, where the line has one"                   \
    }

#define FORMAT_OPTION                                                          \
    {                                                                          \
        .name = "format", .kind = CLI_CHOICE, .value = "FORMAT",               \
        .choices = "text|json", .fallback = "text",                            \
        .help = "for people or for machines"                                   \
    }

// What record_parse_goal() reads.
#define GOAL_OPTION                                                            \
    {                                                                          \
        .name = "goal", .kind = CLI_STRING, .value = "GOAL",                   \
        .fallback = "prompt",                                                  \
        .help = "how far it has to boot: prompt (MicroPython's), seconds:N "   \
                "without a reset, or a text on the console"                    \
    }

#endif
