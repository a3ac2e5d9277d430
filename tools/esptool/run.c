// SPDX-License-Identifier: Apache-2.0

#include "tools/esptool/esptool.h"

static int run(const struct cli *cli)
{
    struct esptool e;
    int status = esptool_open(&e, cli);
    if (status == CLI_OK) {
        status = esptool_attach_flash(&e, NULL);
    }
    if (status == CLI_OK) {
        int left = host_loader_run_user_code(&e.loader);
        status = left == HOST_LOADER_OK ? CLI_OK : esptool_fail(&e, left);
        e.left = true; // the loader is gone
        // A line with RTS can still start the chip afresh, as the reference
        // tool then does.
        if (status == CLI_OK && host_port_has_lines(e.port)) {
            e.left = false;
        }
    }
    return esptool_close(&e, status);
}

const struct cli_command esptool_run = {
    .name = "run",
    .arguments = "",
    .help = "leave the loader and run the application in flash",
    .run = run,
};
