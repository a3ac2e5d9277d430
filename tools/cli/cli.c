// SPDX-License-Identifier: Apache-2.0

#include "tools/cli/parsed.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct cli_slot *find_in(const struct cli_slots *slots,
                                      const char *name)
{
    for (unsigned i = 0; i < slots->count; i++) {
        if (strcmp(slots->slot[i].option->name, name) == 0) {
            return &slots->slot[i];
        }
    }
    return NULL;
}

static const struct cli_slot *slot_of(const struct cli *cli, const char *name)
{
    const struct cli_slot *s = find_in(&cli->own, name);

    if (s == NULL) {
        s = find_in(cli->global, name);
    }
    assert(s != NULL && "no row declares this option");
    return s;
}

const char *cli_string(const struct cli *cli, const char *option)
{
    const struct cli_slot *s = slot_of(cli, option);

    return s->count > 0 ? s->values[s->count - 1] : NULL;
}

uint64_t cli_uint(const struct cli *cli, const char *option)
{
    const struct cli_slot *s = slot_of(cli, option);
    const char *text = cli_string(cli, option);
    uint64_t value = 0;

    if (text == NULL) {
        return 0;
    }
    bool ok = s->option->kind == CLI_SIZE ? cli_parse_size(text, &value)
                                          : cli_parse_uint(text, &value);
    assert(ok && "the option's values are no numbers");
    return ok ? value : 0;
}

bool cli_flag(const struct cli *cli, const char *option)
{
    return slot_of(cli, option)->count > 0;
}

bool cli_given(const struct cli *cli, const char *option)
{
    return slot_of(cli, option)->given;
}

unsigned cli_values(const struct cli *cli, const char *option)
{
    return slot_of(cli, option)->count;
}

const char *cli_value(const struct cli *cli, const char *option, unsigned n)
{
    const struct cli_slot *s = slot_of(cli, option);

    return n < s->count ? s->values[n] : NULL;
}

unsigned cli_args(const struct cli *cli)
{
    return cli->arg_count;
}

const char *cli_arg(const struct cli *cli, unsigned n)
{
    return n < cli->arg_count ? cli->args[n].text : NULL;
}

bool cli_arg_dashed(const struct cli *cli, unsigned n)
{
    return n < cli->arg_count && cli->dashes != 0 &&
           cli->args[n].at > cli->dashes;
}

const char *cli_command_name(const struct cli *cli)
{
    return cli->command->name;
}

const char *cli_command_spelling(const struct cli *cli)
{
    return cli->spelling;
}

bool cli_spelled_old(const struct cli *cli)
{
    return strchr(cli->spelling, '_') != NULL;
}

static int run_commands(const struct cli_run *run)
{
    const struct cli_tool *tool = run->tool;
    const struct cli *first = run->commands[0];
    const struct cli_slot *quiet = find_in(&run->global, "silent");
    int status = CLI_OK;

    cli_report_silent(quiet != NULL && quiet->count > 0);
    if (tool->begin != NULL) {
        status = tool->begin(first);
        if (status != CLI_OK) {
            return status;
        }
    }
    for (unsigned i = 0; i < run->count && status == CLI_OK; i++) {
        if (tool->step != NULL) {
            tool->step(run->commands[i]);
        }
        status = run->commands[i]->command->run(run->commands[i]);
    }
    if (tool->end != NULL) {
        status = tool->end(first, status);
    }
    return status;
}

int cli_main(const struct cli_tool *tool, int argc, char **argv)
{
    struct cli_run run = {.tool = tool};
    int status;

    cli_report_init(tool->name);
    status = cli_parse(&run, argc, argv);
    if (status == CLI_OK) {
        switch (run.what) {
        case CLI_RUN:
            status = run_commands(&run);
            break;
        case CLI_HELP:
            cli_help(tool, run.help_for);
            break;
        case CLI_VERSION:
            printf("%s (Fusebox) %s\n", tool->name, CLI_TOOLS_VERSION);
            break;
        case CLI_COMPLETION:
            cli_bash_completion(tool);
            break;
        }
    }
    cli_run_free(&run);
    // A full disk or a closed pipe behind stdout is a failure too.
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        int told = cli_error("standard output", "%s", strerror(errno));
        status = status != CLI_OK ? status : told;
    }
    return status;
}
