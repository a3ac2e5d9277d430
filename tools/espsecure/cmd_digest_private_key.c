// SPDX-License-Identifier: Apache-2.0

#include "tools/espsecure/secure.h"

#include <string.h>

#include "lib/fb/bytes.h"
#include "lib/fb/crypto.h"

static void digest_scalar(const struct host_key *key, uint8_t digest[32])
{
    struct fb_sha256 sha;
    uint8_t scalar[32] = {0};

    host_key_scalar(key, scalar);
    fb_sha256_init(&sha);
    fb_sha256_update(&sha, scalar, sizeof(scalar));
    fb_sha256_final(&sha, digest);
    fb_bytes_wipe(scalar, sizeof(scalar));
    fb_bytes_wipe(&sha, sizeof(sha));
}

static int run(const struct cli *cli)
{
    const char *path = cli_arg(cli, 0);
    size_t bits = (size_t)cli_uint(cli, "keylen");
    const char *keyfile = cli_string(cli, "keyfile");
    struct host_file bytes = {0};
    struct host_key *key = NULL;
    uint8_t digest[32];
    const char *name;

    if (keyfile != NULL && strncmp(keyfile, "pkcs11:", 7) == 0) {
        return cli_error(keyfile, "cannot be digested: the private number "
                                  "never leaves a token");
    }
    if (secure_check_output(keyfile, path) != CLI_OK ||
        secure_read_key(cli, &bytes, &name) != CLI_OK ||
        secure_parse_key(&bytes, name, SECURE_V1, true, &key) != CLI_OK) {
        return CLI_FAILURE;
    }
    digest_scalar(key, digest);
    host_key_free(key);
    int status = secure_write_secret(path, digest, bits / 8);
    fb_bytes_wipe(digest, sizeof(digest));
    if (status == CLI_OK) {
        secure_say(path,
                   "SHA-256 digest of private key \"%s\"%s written to "
                   "\"%s\".\n",
                   name, bits == 192 ? " (truncated to 192 bits)" : "", path);
    }
    return status;
}

static const struct cli_option options[] = {
    SECURE_OPTION_KEYFILE("Private signing key, PEM."),
    SECURE_OPTION_KEY_FD,
    {.name = "keylen",
     .shorts = "l",
     .kind = CLI_CHOICE,
     .value = "BITS",
     .choices = "192|256",
     .fallback = "256",
     .help = "Length of the digest. Coding scheme 3/4 needs 192."},
    {0}};

const struct cli_command cmd_digest_private_key = {
    .name = "digest-private-key",
    .arguments = "DIGEST_FILE",
    .min_args = 1,
    .max_args = 1,
    .options = options,
    .help = "Derive the secure boot key of the eFuses from a signing key.",
    .details =
        "The SHA-256 of the private number: a secret, written with mode "
        "0600, for burn_key secure_boot_v1 and digest-secure-bootloader. "
        "A file that holds something else is not overwritten.",
    .run = run,
};
