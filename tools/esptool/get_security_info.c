// SPDX-License-Identifier: Apache-2.0

#include "tools/esptool/esptool.h"

static int run(const struct cli *cli)
{
    struct esptool e;
    int status = esptool_open(&e, cli);
    if (status == CLI_OK) {
        status = cli_error(e.port_name, "the ESP32 has no such command; "
                                        "`espefuse summary` shows its security "
                                        "eFuses");
    }
    return esptool_close(&e, status);
}

const struct cli_command esptool_get_security_info = {
    .name = "get-security-info",
    .arguments = "",
    .help = "not on the ESP32: see espefuse summary",
    .run = run,
};
