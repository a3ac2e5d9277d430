// SPDX-License-Identifier: Apache-2.0

#include "host/key_v2.h"
#include "tools/espsecure/secure.h"

static int run(const struct cli *cli)
{
    const char *output = cli_string(cli, "output");
    const char *keyfile = cli_string(cli, "keyfile");
    struct host_key *key = NULL;
    uint8_t digest[32];
    const char *name;

    if (secure_check_output(keyfile, output) != CLI_OK ||
        secure_load_key(cli, keyfile, SECURE_V2, false, &key, &name) !=
            CLI_OK) {
        return CLI_FAILURE;
    }
    int status =
        host_key_v2_digest(key, digest)
            ? secure_write(output, digest, sizeof(digest))
            : cli_error(name, "cannot be digested: %s", host_key_describe(key));
    host_key_free(key);
    if (status == CLI_OK) {
        secure_say(output,
                   "Writing the public key digest of \"%s\" to \"%s\".\n", name,
                   output);
    }
    return status;
}

static const struct cli_option options[] = {
    SECURE_OPTION_KEYFILE("Public or private key, PEM."),
    SECURE_OPTION_KEY_FD,
    SECURE_OPTIONS_TOKEN,
    {.name = "output",
     .shorts = "o",
     .kind = CLI_STRING,
     .value = "FILE",
     .required = true,
     .help = "Digest, 32 bytes."},
    {0}};

const struct cli_command cmd_digest_sbv2_public_key = {
    .name = "digest-sbv2-public-key",
    .aliases = "digest-rsa-public-key",
    .min_args = 0,
    .max_args = 0,
    .options = options,
    .help = "Digest a public key for the eFuses of Secure Boot V2.",
    .details = "digest-rsa-public-key is the older name.",
    .run = run,
};
