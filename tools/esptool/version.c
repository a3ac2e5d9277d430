// SPDX-License-Identifier: Apache-2.0

#include "tools/esptool/esptool.h"

static int run(const struct cli *cli)
{
    (void)cli;
    cli_print("%s\n", ESPTOOL_VERSION);
    return CLI_OK;
}

const struct cli_command esptool_version = {
    .name = "version",
    .arguments = "",
    .help = "print the version of the reference tool that this one follows",
    .run = run,
};
