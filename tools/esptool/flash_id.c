// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/flash_supply.h"
#include "tools/esptool/esptool.h"

// TRM, chapters "Low-Power Management" and "IO_MUX and GPIO Matrix".
#define RTC_CNTL_SDIO_CONF 0x3FF48074u
#define GPIO_STRAP         0x3FF44038u
#define GPIO_STRAP_MTDI    (1u << 5)

void esptool_print_flash_id(const struct esptool *e)
{
    const char *size = esptool_size_name(e->flash_bytes);
    cli_print("Manufacturer: %02x\n", (unsigned)(e->flash_id & 0xFF));
    cli_print("Device: %02x%02x\n", (unsigned)(e->flash_id >> 8 & 0xFF),
              (unsigned)(e->flash_id >> 16 & 0xFF));
    cli_print("Detected flash size: %s\n", size ? size : "Unknown");
}

static int print_voltage(struct esptool *e)
{
    uint32_t conf, strap;
    int status = host_loader_read_reg(&e->loader, RTC_CNTL_SDIO_CONF, &conf);
    if (status == HOST_LOADER_OK) {
        status = host_loader_read_reg(&e->loader, GPIO_STRAP, &strap);
    }
    if (status != HOST_LOADER_OK) {
        return status;
    }
    static const char *const source[] = {
        [FB_VDD_SDIO_STRAP] = "a strapping pin",
        [FB_VDD_SDIO_EFUSE] = "eFuse",
        [FB_VDD_SDIO_REGISTER] = "RTC_CNTL",
    };
    struct fb_vdd_sdio vdd =
        fb_vdd_sdio(&e->fuses, (strap & GPIO_STRAP_MTDI) != 0, conf);
    if (vdd.mv == 0) {
        cli_print("Flash voltage set by %s: OFF\n", source[vdd.by]);
    } else {
        cli_print("Flash voltage set by %s: %u.%uV\n", source[vdd.by],
                  vdd.mv / 1000, vdd.mv / 100 % 10);
    }
    return HOST_LOADER_OK;
}

static int show(struct esptool *e)
{
    cli_print("Flash Memory Information:\n=========================\n");
    esptool_print_flash_id(e);
    int read = print_voltage(e);
    return read == HOST_LOADER_OK ? CLI_OK : esptool_fail(e, read);
}

static int run(const struct cli *cli)
{
    return esptool_on_flash(cli, show);
}

static const struct cli_option options[] = {
    ESPTOOL_OPT_SPI_CONNECTION,
    {0},
};

const struct cli_command esptool_flash_id = {
    .name = "flash-id",
    .arguments = "",
    .options = options,
    .help = "print the flash chip's id, size and voltage",
    .run = run,
};
