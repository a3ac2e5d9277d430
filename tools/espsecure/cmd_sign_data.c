// SPDX-License-Identifier: Apache-2.0

#include "tools/espsecure/sign.h"

// A key or a signature must not be where the output goes.
static int check_outputs(const struct cli *cli, const char *option)
{
    for (unsigned i = 0; i < cli_values(cli, option); i++) {
        const char *input = cli_value(cli, option, i);
        if (secure_check_output(input, cli_string(cli, "output")) != CLI_OK ||
            secure_check_output(input, cli_arg(cli, 0)) != CLI_OK) {
            return CLI_FAILURE;
        }
    }
    return CLI_OK;
}

static int run(const struct cli *cli)
{
    if (check_outputs(cli, "keyfile") != CLI_OK ||
        check_outputs(cli, "pub-key") != CLI_OK ||
        check_outputs(cli, "signature") != CLI_OK) {
        return CLI_FAILURE;
    }
    if (cli_values(cli, "signature") > 0 &&
        (cli_values(cli, "keyfile") > 0 || cli_given(cli, "key-fd") ||
         cli_flag(cli, "hsm"))) {
        return cli_usage(cli, "--signature needs --pub-key and no --keyfile");
    }
    return secure_version(cli) == SECURE_V1 ? sign_v1(cli) : sign_v2(cli);
}

static const struct cli_option options[] = {
    {.name = "version",
     .shorts = "v",
     .kind = CLI_CHOICE,
     .choices = "1|2",
     .fallback = "1",
     .help = "Version of Secure Boot."},
    {.name = "keyfile",
     .shorts = "k",
     .kind = CLI_MULTI,
     .value = "FILE",
     .help = "Private signing key, PEM; version 2 takes up to three. \"-\": "
             "standard input."},
    SECURE_OPTION_KEY_FD,
    SECURE_OPTIONS_TOKEN,
    {.name = "output",
     .shorts = "o",
     .kind = CLI_STRING,
     .value = "FILE",
     .help = "Signed file. Default: DATAFILE itself."},
    {.name = "append-signatures",
     .shorts = "a",
     .kind = CLI_FLAG,
     .help = "Version 2: add to the signatures that the file has. The ESP32 "
             "looks only at the first."},
    {.name = "pub-key",
     .kind = CLI_MULTI,
     .value = "FILE",
     .help = "Public keys of the signatures given by --signature, PEM."},
    {.name = "signature",
     .kind = CLI_MULTI,
     .value = "FILE",
     .help = "Signatures made elsewhere: raw r and s (version 1), raw RSA-PSS "
             "or DER-encoded ECDSA (version 2)."},
    {.name = "skip-padding",
     .kind = CLI_FLAG,
     .help = "Version 2: do not pad the data to a multiple of 4096 bytes."},
    {0}};

const struct cli_command cmd_sign_data = {
    .name = "sign-data",
    .arguments = "DATAFILE",
    .min_args = 1,
    .max_args = 1,
    .options = options,
    .help = "Sign an application image or a partition table.",
    .details =
        "Version 1 appends 68 bytes: an ECDSA P-256 signature (RFC 6979, "
        "SHA-256) that is the same each time. Version 2 pads to 4096 "
        "bytes and appends a sector with up to three signatures.",
    .run = run,
};
