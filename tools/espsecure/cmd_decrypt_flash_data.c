// SPDX-License-Identifier: Apache-2.0

#include "tools/espsecure/flash_data.h"

static int run(const struct cli *cli)
{
    return flash_data_run(cli, false);
}

static const struct cli_option options[] = {
    FLASH_DATA_OPTIONS("Decrypted file."), {0}};

const struct cli_command cmd_decrypt_flash_data = {
    .name = "decrypt-flash-data",
    .arguments = "ENCRYPTED_FILE",
    .min_args = 1,
    .max_args = 1,
    .options = options,
    .help = "Decrypt what was read from encrypted flash.",
    .run = run,
};
