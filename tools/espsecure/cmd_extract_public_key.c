// SPDX-License-Identifier: Apache-2.0

#include "tools/espsecure/secure.h"

static int write_pem(const struct host_key *key, const char *name,
                     const char *path)
{
    struct host_file pem = {0};
    const char *why = host_key_public_pem(key, &pem);

    if (why != NULL) {
        return cli_error(name, "%s", why);
    }
    int status = secure_write(path, pem.data, pem.size);
    host_file_free(&pem);
    return status;
}

static int write_raw(const struct host_key *key, const char *name,
                     const char *path)
{
    uint8_t xy[HOST_KEY_POINT_MAX];

    if (!host_key_point(key, xy)) {
        return cli_error(name, "has no public part");
    }
    return secure_write(path, xy, HOST_KEY_RAW_SIZE);
}

static int run(const struct cli *cli)
{
    const char *path = cli_arg(cli, 0);
    const char *keyfile = cli_string(cli, "keyfile");
    enum secure_version version = secure_version(cli);
    struct host_key *key = NULL;
    const char *name;

    if (secure_check_output(keyfile, path) != CLI_OK ||
        secure_load_key(cli, keyfile, version, true, &key, &name) != CLI_OK) {
        return CLI_FAILURE;
    }
    int status = version == SECURE_V1 ? write_raw(key, name, path)
                                      : write_pem(key, name, path);
    host_key_free(key);
    if (status == CLI_OK) {
        secure_say(path, "\"%s\" public key extracted to \"%s\".\n", name,
                   path);
    }
    return status;
}

static const struct cli_option options[] = {
    SECURE_OPTION_KEYFILE("Private signing key, PEM."),
    SECURE_OPTION_KEY_FD,
    SECURE_OPTIONS_TOKEN,
    {.name = "version",
     .shorts = "v",
     .kind = CLI_CHOICE,
     .choices = "1|2",
     .fallback = "1",
     .help = "Version of Secure Boot: 1 writes 64 raw bytes, 2 writes PEM."},
    {0}};

const struct cli_command cmd_extract_public_key = {
    .name = "extract-public-key",
    .arguments = "PUBLIC_KEYFILE",
    .min_args = 1,
    .max_args = 1,
    .options = options,
    .help = "Write the public half of a signing key.",
    .details = "Version 1: X and Y, 32 bytes each, big-endian, as bootloader "
               "and application embed it. It is public, and it is not the "
               "secure boot key of the eFuses: digest-private-key makes that.",
    .run = run,
};
