// SPDX-License-Identifier: Apache-2.0

#include "tools/esptool/esptool.h"

static int run(const struct cli *cli)
{
    struct esptool e;
    uint32_t vaddr, value, mask = UINT32_MAX;
    int status = esptool_uint_arg(cli, 0, &vaddr);
    if (status == CLI_OK && vaddr % 4 != 0) {
        status = cli_error(cli_arg(cli, 0), "not a multiple of 4");
    }
    if (status == CLI_OK) {
        status = esptool_uint_arg(cli, 1, &value);
    }
    if (status == CLI_OK && cli_args(cli) > 2) {
        status = esptool_uint_arg(cli, 2, &mask);
    }
    if (status != CLI_OK) {
        return status;
    }
    status = esptool_open(&e, cli);
    if (status == CLI_OK) {
        int wrote = host_loader_write_reg(&e.loader, vaddr, value, mask, 0);
        if (wrote == HOST_LOADER_OK) {
            cli_print("Wrote 0x%08x with mask 0x%08x to 0x%08x.\n",
                      (unsigned)value, (unsigned)mask, (unsigned)vaddr);
        } else {
            status = esptool_fail(&e, wrote);
        }
    }
    return esptool_close(&e, status);
}

const struct cli_command esptool_write_mem = {
    .name = "write-mem",
    .arguments = "ADDRESS VALUE [MASK]",
    .min_args = 2,
    .max_args = 3,
    .help = "write a 32-bit word of memory or a register",
    .run = run,
};
