// SPDX-License-Identifier: Apache-2.0

#include "tools/esptool/esptool.h"

static int run(const struct cli *cli)
{
    struct esptool e;
    uint32_t vaddr, value;
    int status = esptool_uint_arg(cli, 0, &vaddr);
    if (status == CLI_OK && vaddr % 4 != 0) {
        status = cli_error(cli_arg(cli, 0), "not a multiple of 4");
    }
    if (status != CLI_OK) {
        return status;
    }
    status = esptool_open(&e, cli);
    if (status == CLI_OK) {
        int read = host_loader_read_reg(&e.loader, vaddr, &value);
        if (read == HOST_LOADER_OK) {
            cli_print("0x%08x = 0x%08x\n", (unsigned)vaddr, (unsigned)value);
        } else {
            status = esptool_fail(&e, read);
        }
    }
    return esptool_close(&e, status);
}

const struct cli_command esptool_read_mem = {
    .name = "read-mem",
    .arguments = "ADDRESS",
    .min_args = 1,
    .max_args = 1,
    .help = "print a 32-bit word of memory or a register",
    .run = run,
};
