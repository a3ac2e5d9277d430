// SPDX-License-Identifier: Apache-2.0

#include "tools/espsecure/secure.h"

#include "lib/fb/signature.h"
#include "tools/espsecure/sign.h"

static int check_v1(const struct host_key *key, const char *path,
                    const struct host_file *data)
{
    struct fb_fault fault;
    uint8_t xy[HOST_KEY_POINT_MAX];

    if (data->size < FB_SIGNATURE_V1_SIZE) {
        return cli_error(path,
                         "is too short: %zu bytes, the signature block alone "
                         "has %u",
                         data->size, FB_SIGNATURE_V1_SIZE);
    }
    if (!host_key_point(key, xy)) {
        return cli_error(path, "cannot be verified: the key has no public "
                               "part");
    }
    size_t n = data->size - FB_SIGNATURE_V1_SIZE;
    cli_print("Verifying %zu bytes of data...\n", n);
    switch (fb_signature_v1_verify(xy, data->data, n, data->data + n, &fault)) {
    case FB_OK:
        cli_print("Signature is valid.\n");
        return CLI_OK;
    case FB_E_BAD_VERSION:
        return cli_error(path,
                         "Signature block has version %u, only version 0 is "
                         "known (is the file signed at all?)",
                         (unsigned)fault.got);
    default:
        return cli_error(path, "Signature is not valid.");
    }
}

static int run(const struct cli *cli)
{
    const char *path = cli_arg(cli, 0);
    enum secure_version version = secure_version(cli);
    struct host_key *key = NULL;
    struct host_file data = {0};
    const char *name;

    if (secure_load_key(cli, cli_string(cli, "keyfile"), version, false, &key,
                        &name) != CLI_OK) {
        return CLI_FAILURE;
    }
    int status = secure_read(path, &data);
    if (status == CLI_OK) {
        status =
            version == SECURE_V1
                ? check_v1(key, path, &data)
                : verify_v2(key, path, &data, cli_flag(cli, "skip-padding"));
        host_file_free(&data);
    }
    host_key_free(key);
    return status;
}

static const struct cli_option options[] = {
    {.name = "version",
     .shorts = "v",
     .kind = CLI_CHOICE,
     .choices = "1|2",
     .fallback = "1",
     .help = "Version of Secure Boot."},
    SECURE_OPTION_KEYFILE("Public or private key: PEM, or 64 raw bytes "
                          "(version 1)."),
    SECURE_OPTION_KEY_FD,
    SECURE_OPTIONS_TOKEN,
    {.name = "skip-padding",
     .kind = CLI_FLAG,
     .help = "Version 2: the file was signed with --skip-padding, its length "
             "need not be a multiple of 4096."},
    {0}};

const struct cli_command cmd_verify_signature = {
    .name = "verify-signature",
    .arguments = "DATAFILE",
    .min_args = 1,
    .max_args = 1,
    .options = options,
    .help = "Check the signature at the end of a file.",
    .run = run,
};
