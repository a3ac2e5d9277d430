// SPDX-License-Identifier: Apache-2.0

#include "tools/esptool/esptool.h"

static int run(const struct cli *cli)
{
    struct esptool e;
    int status = esptool_open(&e, cli);
    if (status == CLI_OK) {
        cli_warning(NULL, "the ESP32 has no chip ID; its MAC address follows");
        esptool_print_mac(&e);
    }
    return esptool_close(&e, status);
}

const struct cli_command esptool_chip_id = {
    .name = "chip-id",
    .arguments = "",
    .help = "print the MAC address (the ESP32 has no other id)",
    .run = run,
};
