// SPDX-License-Identifier: Apache-2.0

#include "tools/espefuse/commands.h"
#include "tools/espefuse/session.h"

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
    {.name = "do-not-confirm",
     .kind = CLI_FLAG,
     .help = "burn without asking for BURN"},
    {.name = "postpone",
     .kind = CLI_FLAG,
     .help = "accepted: enabling and locking bits are always burned last"},
    {.name = "no-postpone",
     .kind = CLI_FLAG,
     .hidden = true,
     .help = "accepted and ignored"},
    {.name = NULL}};

static const struct cli_command *const commands[] = {
    &command_summary,
    &command_dump,
    &command_burn_efuse,
    &command_burn_key,
    &command_read_protect_efuse,
    &command_write_protect_efuse,
    NULL,
};

int main(int argc, char **argv)
{
    static const struct cli_tool tool = {
        .name = "espefuse",
        .summary = "read and burn the eFuses of an ESP32",
        .options = options,
        .commands = commands,
        .chained = true,
        .begin = session_begin,
        .end = session_end,
    };
    return cli_main(&tool, argc, argv);
}
