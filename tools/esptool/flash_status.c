// SPDX-License-Identifier: Apache-2.0
//
// read-flash-status and write-flash-status: the flash chip's status registers.

#include "tools/esptool/esptool.h"

// Opcodes common to SPI NOR flash (as in the data sheets of Winbond's W25Q
// family).
enum opcode {
    WRSR = 0x01,
    WRDI = 0x04,
    RDSR = 0x05,
    WREN = 0x06,
    WRSR3 = 0x11,
    RDSR3 = 0x15,
    WRSR2 = 0x31,
    RDSR2 = 0x35,
    WREN_VOLATILE = 0x50,
};

static int read_status(struct esptool *e, unsigned bytes, uint32_t *value)
{
    static const uint8_t opcodes[] = {RDSR, RDSR2, RDSR3};
    *value = 0;
    for (unsigned i = 0; i < bytes; i++) {
        const struct host_spi_command c = {.opcode = opcodes[i], .in_bits = 8};
        uint32_t byte = 0;
        int status = host_loader_spi(&e->loader, &c, &byte);
        if (status != HOST_LOADER_OK) {
            return status;
        }
        *value |= (byte & 0xFF) << 8 * i;
    }
    return HOST_LOADER_OK;
}

static int enabled(struct esptool *e, bool lasting, uint8_t opcode,
                   const uint8_t *out, size_t n)
{
    const struct host_spi_command enable = {.opcode =
                                                lasting ? WREN : WREN_VOLATILE};
    const struct host_spi_command write = {
        .opcode = opcode, .out = out, .out_len = n};
    int status = host_loader_spi(&e->loader, &enable, NULL);
    return status ? status : host_loader_spi(&e->loader, &write, NULL);
}

static int write_status(struct esptool *e, unsigned bytes, uint32_t value,
                        bool lasting)
{
    static const uint8_t opcodes[] = {WRSR, WRSR2, WRSR3};
    const uint8_t out[3] = {(uint8_t)value, (uint8_t)(value >> 8),
                            (uint8_t)(value >> 16)};
    int status = HOST_LOADER_OK;
    // Some chips take two bytes after one opcode, others have one for each.
    if (bytes == 2) {
        status = enabled(e, lasting, WRSR, out, 2);
    }
    for (unsigned i = 0; i < bytes && status == HOST_LOADER_OK; i++) {
        status = enabled(e, lasting, opcodes[i], out + i, 1);
    }
    if (status == HOST_LOADER_OK) {
        const struct host_spi_command disable = {.opcode = WRDI};
        status = host_loader_spi(&e->loader, &disable, NULL);
    }
    return status;
}

static unsigned bytes_of(const struct cli *cli)
{
    switch (cli_string(cli, "bytes")[0]) {
    case '1':
        return 1;
    case '2':
        return 2;
    default:
        return 3;
    }
}

static int open_flash(struct esptool *e, const struct cli *cli)
{
    int status = esptool_open(e, cli);
    return status == CLI_OK
               ? esptool_attach_flash(e, cli_string(cli, "spi-connection"))
               : status;
}

static int run_read(const struct cli *cli)
{
    struct esptool e;
    int status = open_flash(&e, cli);
    if (status == CLI_OK) {
        uint32_t value = 0;
        int read = read_status(&e, bytes_of(cli), &value);
        if (read == HOST_LOADER_OK) {
            cli_print("Flash memory status: 0x%04x\n", (unsigned)value);
        } else {
            status = esptool_fail(&e, read);
        }
    }
    return esptool_close(&e, status);
}

static int change(struct esptool *e, uint32_t value)
{
    unsigned bytes = bytes_of(e->cli);
    int digits = (int)bytes * 2;
    uint32_t now = 0;
    value &= bytes == 3 ? 0xFFFFFF : bytes == 2 ? 0xFFFF : 0xFF;
    int status = read_status(e, bytes, &now);
    if (status != HOST_LOADER_OK) {
        return esptool_fail(e, status);
    }
    cli_print("Initial flash memory status: 0x%0*x\n", digits, (unsigned)now);
    cli_print("Setting flash memory status: 0x%0*x\n", digits, (unsigned)value);
    status = write_status(e, bytes, value, cli_flag(e->cli, "non-volatile"));
    if (status == HOST_LOADER_OK) {
        status = read_status(e, bytes, &now);
    }
    if (status != HOST_LOADER_OK) {
        return esptool_fail(e, status);
    }
    cli_print("After flash memory status:   0x%0*x\n", digits, (unsigned)now);
    return CLI_OK;
}

static int run_write(const struct cli *cli)
{
    struct esptool e;
    uint32_t value = 0;
    int status = esptool_uint_arg(cli, 0, &value);
    if (status != CLI_OK) {
        return status;
    }
    status = open_flash(&e, cli);
    if (status == CLI_OK) {
        status = change(&e, value);
    }
    return esptool_close(&e, status);
}

#define OPT_BYTES                                                              \
    {                                                                          \
        .name = "bytes", .kind = CLI_CHOICE, .value = "N", .fallback = "2",    \
        .choices = "1|2|3", .help = "status bytes",                            \
    }

static const struct cli_option read_options[] = {
    OPT_BYTES,
    ESPTOOL_OPT_SPI_CONNECTION,
    {0},
};

static const struct cli_option write_options[] = {
    {.name = "non-volatile",
     .kind = CLI_FLAG,
     .help = "write the bits that stay (use with care)"},
    OPT_BYTES,
    ESPTOOL_OPT_SPI_CONNECTION,
    {0},
};

const struct cli_command esptool_read_flash_status = {
    .name = "read-flash-status",
    .arguments = "",
    .options = read_options,
    .help = "print the flash chip's status registers",
    .run = run_read,
};

const struct cli_command esptool_write_flash_status = {
    .name = "write-flash-status",
    .arguments = "VALUE",
    .min_args = 1,
    .max_args = 1,
    .options = write_options,
    .help = "write the flash chip's status registers",
    .run = run_write,
};
