// SPDX-License-Identifier: Apache-2.0

#include "tools/espsecure/flash_data.h"

static int run(const struct cli *cli)
{
    return flash_data_run(cli, true);
}

static const struct cli_option options[] = {
    FLASH_DATA_OPTIONS("Encrypted file."),
    {.name = "pad",
     .kind = CLI_CHOICE,
     .value = "WITH",
     .choices = "random|ff|zero",
     .fallback = "random",
     .help = "What fills the last 16 bytes of a file of another length. ff "
             "gives the same output each time."},
    {0}};

const struct cli_command cmd_encrypt_flash_data = {
    .name = "encrypt-flash-data",
    .arguments = "PLAINTEXT_FILE",
    .min_args = 1,
    .max_args = 1,
    .options = options,
    .help = "Encrypt a file for one flash address, as the chip does.",
    .details = "The result works only at that address and with that key.",
    .run = run,
};
