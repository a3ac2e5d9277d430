// SPDX-License-Identifier: Apache-2.0

#include "tools/espsecure/sign.h"

static int run(const struct cli *cli)
{
    const char *path = cli_arg(cli, 0);
    struct host_file data;

    if (secure_read(path, &data) != CLI_OK) {
        return CLI_FAILURE;
    }
    int status = sign_v2_info(path, &data);
    host_file_free(&data);
    return status;
}

const struct cli_command cmd_signature_info_v2 = {
    .name = "signature-info-v2",
    .arguments = "DATAFILE",
    .min_args = 1,
    .max_args = 1,
    .help = "Show the Secure Boot V2 signatures of a file.",
    .run = run,
};
