// SPDX-License-Identifier: Apache-2.0

#include "tools/esptool/esptool.h"

static int print_sfdp(struct esptool *e, uint32_t addr, uint32_t n)
{
    // RDSFDP: 24-bit address, 8 dummy cycles (JESD216)
    const struct host_spi_command rdsfdp = {.opcode = 0x5A,
                                            .addr = addr,
                                            .addr_bits = 24,
                                            .dummy_bits = 8,
                                            .in_bits = (uint8_t)(8 * n)};
    uint32_t word = 0;
    int status = host_loader_spi(&e->loader, &rdsfdp, &word);
    if (status != HOST_LOADER_OK) {
        return esptool_fail(e, status);
    }
    esptool_print_flash_id(e);
    cli_print("Flash memory SFDP[%u..%u]: ", (unsigned)addr,
              (unsigned)(addr + n - 1));
    for (uint32_t i = 0; i < n; i++) {
        cli_print("0x%02x ", (unsigned)(word >> 8 * i & 0xFF));
    }
    cli_print("\n");
    return CLI_OK;
}

static int run(const struct cli *cli)
{
    struct esptool e;
    uint32_t addr, n;
    int status = esptool_uint_arg(cli, 0, &addr);
    if (status == CLI_OK) {
        status = esptool_uint_arg(cli, 1, &n);
    }
    if (status == CLI_OK && (n < 1 || n > 4)) {
        status = cli_error(cli_arg(cli, 1), "1 to 4 bytes can be read");
    }
    if (status == CLI_OK && addr > 0xFFFFFF) {
        status = cli_error(cli_arg(cli, 0), "larger than 24 bits");
    }
    if (status != CLI_OK) {
        return status;
    }
    status = esptool_open(&e, cli);
    if (status == CLI_OK) {
        status = esptool_attach_flash(&e, cli_string(cli, "spi-connection"));
    }
    if (status == CLI_OK) {
        status = print_sfdp(&e, addr, n);
    }
    return esptool_close(&e, status);
}

static const struct cli_option options[] = {
    ESPTOOL_OPT_FREQ("keep|", "keep"),
    ESPTOOL_OPT_MODE("keep|", "keep"),
    ESPTOOL_OPT_SIZE("detect|keep|", "keep"),
    ESPTOOL_OPT_SPI_CONNECTION,
    {0},
};

const struct cli_command esptool_read_flash_sfdp = {
    .name = "read-flash-sfdp",
    .arguments = "ADDRESS BYTES",
    .min_args = 2,
    .max_args = 2,
    .options = options,
    .help = "print 1 to 4 bytes of the flash chip's parameter table",
    .run = run,
};
