// SPDX-License-Identifier: Apache-2.0

#include <string.h>

#include "tools/espefuse/commands.h"
#include "tools/espefuse/session.h"

#define ESPEFUSE_VERSION "5.3.1" // whose forms are printed

static const struct cli_option options[] = {
    {.name = "chip",
     .shorts = "c",
     .kind = CLI_CHOICE,
     .value = "CHIP",
     .fallback = "auto",
     .choices = "auto|esp32",
     .help = "esp32 (the only chip there is here)"},
    {.name = "baud",
     .shorts = "b",
     .kind = CLI_UINT,
     .value = "BAUD",
     .fallback = "115200",
     .env = "ESPTOOL_BAUD",
     .help = "serial speed; eFuse commands are short, 115200 is enough"},
    {.name = "port",
     .shorts = "p",
     .kind = CLI_STRING,
     .value = "PORT",
     .env = "ESPTOOL_PORT",
     .help = "serial port, socket://, rfc2217:// or board:DIR"},
    {.name = "before",
     .kind = CLI_CHOICE,
     .value = "HOW",
     .fallback = "default-reset",
     .choices = "default-reset|usb-reset|no-reset|no-reset-no-sync|esp32r1",
     .help = "how the chip gets into download mode"},
    {.name = "after",
     .shorts = "a",
     .kind = CLI_CHOICE,
     .value = "HOW",
     .fallback = "no-reset",
     .choices = "hard-reset|soft-reset|no-reset|no-reset-stub|watchdog-reset",
     .help = "what happens to the chip afterwards"},
    {.name = "debug",
     .shorts = "d",
     .kind = CLI_FLAG,
     .help = "show every packet on standard error"},
    {.name = "virt",
     .kind = CLI_FLAG,
     .help = "work on virtual eFuses, no chip is touched"},
    {.name = "path-efuse-file",
     .kind = CLI_STRING,
     .value = "FILE",
     .help = "with --virt: the file that holds them"},
    {.name = "extend-efuse-table",
     .kind = CLI_STRING,
     .value = "CSV",
     .help = "fields of your own, as ESP-IDF's eFuse tables define them"},
    {.name = "do-not-confirm",
     .kind = CLI_FLAG,
     .help = "burn without asking for BURN"},
    {.name = "postpone",
     .kind = CLI_FLAG,
     .help =
         "burn enabling and locking bits last, by themselves (the default)"},
    {.name = "no-postpone",
     .kind = CLI_FLAG,
     .help = "burn all of BLOCK0 at once"},
    {.name = NULL}};

static const struct cli_command *const commands[] = {
    &command_summary,
    &command_dump,
    &command_burn_efuse,
    &command_burn_key,
    &command_burn_key_digest,
    &command_burn_block_data,
    &command_burn_bit,
    &command_read_protect_efuse,
    &command_write_protect_efuse,
    &command_set_flash_voltage,
    &command_burn_custom_mac,
    &command_get_custom_mac,
    &command_adc_info,
    &command_check_error,
    &command_execute_scripts,
    NULL,
};

// What goes into another program has no heading.
static bool is_for_programs(const struct cli *cli)
{
    return strcmp(cli_command_name(cli), "summary") == 0 &&
           strcmp(cli_string(cli, "format"), "summary") != 0 &&
           cli_string(cli, "file") == NULL;
}

static void announce(const struct cli *cli)
{
    static bool introduced;
    if (is_for_programs(cli)) {
        return;
    }
    if (!introduced) {
        cli_print("espefuse v" ESPEFUSE_VERSION "\n");
        introduced = true;
    }
    cli_print("\n=== Run \"%s\" command ===\n", cli_command_name(cli));
}

// What was removed is told without a chip.
static int begin(const struct cli *cli)
{
    bool removed = strcmp(cli_command_name(cli), "execute-scripts") == 0;
    return removed ? command_execute_scripts.run(cli) : session_begin(cli);
}

int main(int argc, char **argv)
{
    static const struct cli_tool tool = {
        .name = "espefuse",
        .summary = "read and burn the eFuses of an ESP32",
        .options = options,
        .commands = commands,
        .chained = true,
        .begin = begin,
        .step = announce,
        .end = session_end,
    };
    return cli_main(&tool, argc, argv);
}
