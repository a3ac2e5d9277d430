// SPDX-License-Identifier: Apache-2.0

#include "tools/esptool/erase.h"

int esptool_erase_allowed(const struct esptool *e, bool force)
{
    bool encrypted = esptool_flash_encryption_on(e);
    bool secure = esptool_secure_boot_on(e);
    if (force || (!encrypted && !secure)) {
        return CLI_OK;
    }
    return cli_error(
        e->port_name,
        "%s%s%s on: a chip that was erased may never start again, "
        "so nothing is erased (--force does it)",
        secure ? "secure boot" : "", secure && encrypted ? " and " : "",
        encrypted ? secure ? "flash encryption are" : "flash encryption is"
                  : " is");
}

int esptool_erase(struct esptool *e, uint32_t flash_off, uint32_t size)
{
    int status = host_loader_flash_erase(&e->loader, flash_off, size);
    return status == HOST_LOADER_OK ? CLI_OK : esptool_fail(e, status);
}

static int erase_range(struct esptool *e)
{
    uint32_t flash_off, size;
    int status = esptool_flash_range(e, 0, &flash_off, &size);
    if (status != CLI_OK) {
        return status;
    }
    if (flash_off % ESPTOOL_SECTOR != 0) {
        return cli_error(cli_arg(e->cli, 0), "not a multiple of 0x1000: only "
                                             "whole sectors can be erased");
    }
    if (size % ESPTOOL_SECTOR != 0) {
        return cli_error(cli_arg(e->cli, 1), "not a multiple of 0x1000: only "
                                             "whole sectors can be erased");
    }
    status = esptool_erase_allowed(e, cli_flag(e->cli, "force"));
    if (status != CLI_OK) {
        return status;
    }
    cli_print("Erasing flash memory region (this may take a while depending "
              "on size)...\n");
    uint64_t start = esptool_now_ms();
    status = esptool_configure_flash(e, "detect");
    if (status == CLI_OK) {
        status = esptool_erase(e, flash_off, size);
    }
    if (status == CLI_OK) {
        cli_print("Flash memory region erased successfully in %.1f seconds.\n",
                  (double)(esptool_now_ms() - start) / 1000);
    }
    return status;
}

static int run(const struct cli *cli)
{
    return esptool_on_flash(cli, erase_range);
}

static const struct cli_option options[] = {
    ESPTOOL_OPT_ERASE_FORCE,
    ESPTOOL_OPT_SPI_CONNECTION,
    {0},
};

const struct cli_command esptool_erase_region = {
    .name = "erase-region",
    .arguments = "ADDRESS SIZE",
    .min_args = 2,
    .max_args = 2,
    .options = options,
    .help = "erase whole sectors; SIZE may be ALL",
    .run = run,
};
