// SPDX-License-Identifier: Apache-2.0

#include "tools/esptool/esptool.h"

static int run(const struct cli *cli)
{
    struct esptool e;
    int status = esptool_open(&e, cli);
    if (status == CLI_OK) {
        esptool_print_mac(&e);
    }
    return esptool_close(&e, status);
}

const struct cli_command esptool_read_mac = {
    .name = "read-mac",
    .arguments = "",
    .help = "print the MAC address",
    .run = run,
};
