// SPDX-License-Identifier: Apache-2.0
//
// esptool: read, write and inspect an ESP32 through its serial boot loader,
// and make the images that it starts.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/esptool/args.h"
#include "tools/esptool/config.h"
#include "tools/esptool/esptool.h"

static const struct cli_option options[] = {
    {.name = "chip",
     .shorts = "c",
     .kind = CLI_STRING,
     .value = "CHIP",
     .fallback = "auto",
     .env = "ESPTOOL_CHIP",
     .help = "auto or esp32"},
    {.name = "port",
     .shorts = "p",
     .kind = CLI_STRING,
     .value = "PORT",
     .env = "ESPTOOL_PORT",
     .help = "serial port, socket://HOST:PORT, rfc2217://HOST:PORT or "
             "board:DIR (default: the first port where a chip answers)"},
    {.name = "baud",
     .shorts = "b",
     .kind = CLI_UINT,
     .value = "RATE",
     .fallback = "115200",
     .env = "ESPTOOL_BAUD",
     .help = "rate for transfers; the first words are spoken at 115200"},
    {.name = "port-filter",
     .kind = CLI_MULTI,
     .value = "KEY=VALUE",
     .help = "only ports with this vid=, pid=, name= or serial="},
    {.name = "before",
     .kind = CLI_CHOICE,
     .value = "RESET",
     .fallback = "default-reset",
     .choices =
         "default-reset|usb-reset|no-reset|no-reset-no-sync|esp32r1|no-sync",
     .env = "ESPTOOL_BEFORE",
     .help = "how to get the chip into its download mode"},
    {.name = "after",
     .shorts = "a",
     .kind = CLI_CHOICE,
     .value = "RESET",
     .fallback = "hard-reset",
     .choices = "hard-reset|soft-reset|no-reset|no-reset-stub|watchdog-reset",
     .env = "ESPTOOL_AFTER",
     .help = "what to do with the chip at the end"},
    {.name = "no-stub", .kind = CLI_FLAG, .help = "talk to the ROM only"},
    {.name = "stub-version",
     .kind = CLI_CHOICE,
     .value = "N",
     .choices = "1|2",
     .env = "ESPTOOL_STUB_VERSION",
     .help = "accepted and without effect",
     .hidden = true},
    {.name = "trace",
     .shorts = "t",
     .kind = CLI_FLAG,
     .help = "show every packet on standard error"},
    {.name = "verbose",
     .shorts = "v",
     .kind = CLI_FLAG,
     .help = "accepted: nothing is collapsed"},
    {.name = "silent",
     .shorts = "s",
     .kind = CLI_FLAG,
     .help = "print errors only"},
    {.name = "override-vddsdio",
     .kind = CLI_CHOICE,
     .value = "VOLTAGE",
     .choices = "1.8V|1.9V|OFF",
     .help = "set the regulator of the flash's supply (use with care)"},
    {.name = "connect-attempts",
     .kind = CLI_STRING,
     .value = "N",
     .fallback = "7",
     .env = "ESPTOOL_CONNECT_ATTEMPTS",
     .help = "how often to try; 0 or less: for ever"},
    {0},
};

static const struct cli_command *const commands[] = {
    &esptool_write_flash,
    &esptool_read_flash,
    &esptool_verify_flash,
    &esptool_erase_flash,
    &esptool_erase_region,
    &esptool_read_mac,
    &esptool_flash_id,
    &esptool_chip_id,
    &esptool_elf2image,
    &esptool_image_info,
    &esptool_merge_bin,
    &esptool_make_image,
    &esptool_load_ram,
    &esptool_dump_mem,
    &esptool_read_mem,
    &esptool_write_mem,
    &esptool_read_flash_status,
    &esptool_write_flash_status,
    &esptool_read_flash_sfdp,
    &esptool_get_security_info,
    &esptool_run,
    &esptool_version,
    NULL,
};

static bool is_esp32(const char *chip)
{
    return strcmp(chip, "auto") == 0 || strcmp(chip, "esp32") == 0 ||
           strcmp(chip, "ESP32") == 0;
}

static int begin(const struct cli *cli)
{
    const char *chip = cli_string(cli, "chip");
    if (!is_esp32(chip)) {
        return cli_error(chip, "this tool serves the ESP32 only");
    }
    if (cli_flag(cli, "silent") &&
        (cli_flag(cli, "verbose") || cli_flag(cli, "trace"))) {
        return cli_error("--silent", "excludes --verbose and --trace");
    }
    cli_print("esptool v%s\n", ESPTOOL_VERSION);
    return esptool_config_load();
}

static const struct cli_tool esptool = {
    .name = "esptool",
    .summary = "Read and write the flash of an ESP32 through its serial boot "
               "loader, and make firmware images.",
    .options = options,
    .commands = commands,
    .begin = begin,
};

int main(int argc, char **argv)
{
    struct esptool_args args;
    int status = esptool_args_expand(argc, argv, &args);
    if (status == CLI_OK) {
        status = cli_main(&esptool, args.argc, args.argv);
    }
    esptool_args_free(&args);
    return status;
}
