// SPDX-License-Identifier: Apache-2.0

#include "tools/fusebox/commands.h"

static const struct cli_command *const commands[] = {
    &command_board,    &command_snapshot, &command_check,   &command_plan,
    &command_rehearse, &command_burn,     &command_advise,  &command_report,
    &command_exec,     &command_ota,      &command_run,     &command_put,
    &command_get,      &command_ls,       &command_monitor, NULL,
};

int main(int argc, char **argv)
{
    static const struct cli_tool tool = {
        .name = "fusebox",
        .summary =
            "an ESP32 from blank to locked, rehearsed before it is burned",
        .commands = commands,
    };
    return cli_main(&tool, argc, argv);
}
