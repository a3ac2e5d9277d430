// SPDX-License-Identifier: Apache-2.0

#include "tools/esptool/erase.h"

static int erase_all(struct esptool *e)
{
    int status = esptool_erase_allowed(e, cli_flag(e->cli, "force"));
    if (status != CLI_OK) {
        return status;
    }
    if (e->flash_bytes == 0) {
        return cli_error(e->port_name, "the size of the flash is not known");
    }
    cli_print("Erasing flash memory (this may take a while)...\n");
    uint64_t start = esptool_now_ms();
    status = esptool_configure_flash(e, "detect");
    // The ROM has no command for it, but erases any range.
    if (status == CLI_OK) {
        status = esptool_erase(e, 0, e->flash_bytes);
    }
    if (status == CLI_OK) {
        cli_print("Flash memory erased successfully in %.1f seconds.\n",
                  (double)(esptool_now_ms() - start) / 1000);
    }
    return status;
}

static int run(const struct cli *cli)
{
    return esptool_on_flash(cli, erase_all);
}

static const struct cli_option options[] = {
    ESPTOOL_OPT_ERASE_FORCE,
    ESPTOOL_OPT_SPI_CONNECTION,
    {0},
};

const struct cli_command esptool_erase_flash = {
    .name = "erase-flash",
    .arguments = "",
    .options = options,
    .help = "erase the whole flash",
    .run = run,
};
