// SPDX-License-Identifier: Apache-2.0
//
// A command line after parsing. Private to tools/cli.

#ifndef TOOLS_CLI_PARSED_H
#define TOOLS_CLI_PARSED_H

#include "tools/cli/cli.h"

// The values of one option. Its own copies, checked; choices are spelled as
// in the row.
struct cli_slot {
    const struct cli_option *option;
    char **values;
    int *at; // where in argv each value stood
    unsigned count;
    bool given; // on the command line
};

struct cli_slots {
    struct cli_slot *slot;
    unsigned count;
};

struct cli_word {
    const char *text;
    int at; // index in argv
};

struct cli {
    const struct cli_tool *tool;
    const struct cli_command *command;
    const char *spelling;
    struct cli_slots *global; // the run's, shared by chained commands
    struct cli_slots own;
    struct cli_word *args;
    unsigned arg_count;
    struct cli_slot *last_multi;
    int dashes; // index in argv of `--`, 0: none
};

// One run of a tool: one command, or several when the tool chains.
struct cli_run {
    const struct cli_tool *tool;
    struct cli_slots global;
    struct cli **commands;
    unsigned count;
    enum { CLI_RUN, CLI_HELP, CLI_VERSION, CLI_COMPLETION } what;
    const struct cli_command *help_for; // NULL: the tool
};

// Parse into an empty run. Usage errors are told here: CLI_FAILURE.
int cli_parse(struct cli_run *run, int argc, char **argv);
void cli_run_free(struct cli_run *run);

// Names are the same when they differ only in - and _. n: length of b.
bool cli_same_name(const char *a, const char *b, size_t n);
const struct cli_command *cli_find_command(const struct cli_tool *tool,
                                           const char *word);

void cli_help(const struct cli_tool *tool, const struct cli_command *command);
void cli_bash_completion(const struct cli_tool *tool);

// For cli_error() and its like.
void cli_report_init(const char *tool_name);
void cli_report_silent(bool silent);
// One line and the hint where help is.
int cli_usage_error(const struct cli_command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
