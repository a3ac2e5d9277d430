// SPDX-License-Identifier: Apache-2.0
//
// Secure Boot V1: the data, then 68 bytes.

#include "tools/espsecure/sign.h"

#include <stdlib.h>
#include <string.h>

#include "lib/fb/crypto.h"
#include "lib/fb/bytes.h"
#include "lib/fb/signature.h"

// r || s by --signature and --pub-key: made elsewhere, checked here.
static int given_signature(const struct cli *cli,
                           uint8_t xy[HOST_KEY_POINT_MAX], uint8_t rs[64])
{
    struct host_file file;
    struct host_key *key;
    const char *sig_path = cli_value(cli, "signature", 0);
    const char *key_path = cli_value(cli, "pub-key", 0);

    if (cli_values(cli, "signature") != 1 || cli_values(cli, "pub-key") != 1) {
        return cli_usage(cli, "Secure Boot V1 takes one --signature and its "
                              "--pub-key");
    }
    if (secure_read_key_file(key_path, &file) != CLI_OK ||
        secure_parse_key(&file, key_path, SECURE_V1, false, &key) != CLI_OK) {
        return CLI_FAILURE;
    }
    bool ok = host_key_point(key, xy);
    host_key_free(key);
    if (!ok || secure_read(sig_path, &file) != CLI_OK) {
        return CLI_FAILURE;
    }
    ok = file.size == 64;
    if (ok) {
        memcpy(rs, file.data, 64);
    }
    host_file_free(&file);
    cli_print("Pre-calculated signatures found...\n");
    return ok ? CLI_OK
              : cli_error(sig_path, "is not a signature of 64 bytes, r and s");
}

static int own_signature(const struct cli *cli, const uint8_t hash[32],
                         uint8_t xy[HOST_KEY_POINT_MAX], uint8_t rs[64])
{
    struct host_key *key = NULL;
    const char *name = NULL;

    if (secure_load_key(cli, cli_value(cli, "keyfile", 0), SECURE_V1, true,
                        &key, &name) != CLI_OK) {
        return CLI_FAILURE;
    }
    bool ok = host_key_point(key, xy) && host_key_sign_v1(key, hash, rs);
    host_key_free(key);
    return ok ? CLI_OK : cli_error(name, "cannot sign");
}

// Signing what this key has signed already is almost always a mistake.
static void warn_signed_before(const char *path, const uint8_t xy[64],
                               const struct host_file *data)
{
    size_t n = data->size;

    if (n >= FB_SIGNATURE_V1_SIZE &&
        fb_signature_v1_verify(xy, data->data, n - FB_SIGNATURE_V1_SIZE,
                               data->data + n - FB_SIGNATURE_V1_SIZE,
                               NULL) == FB_OK) {
        cli_warning(path, "ends with a valid signature of this key already, "
                          "signed once more");
    }
}

static int append(const char *output, struct host_file *data,
                  const uint8_t rs[64])
{
    size_t n = data->size + FB_SIGNATURE_V1_SIZE;
    uint8_t *signed_data = malloc(n);

    if (signed_data == NULL) {
        return cli_error(NULL, "out of memory");
    }
    if (data->size > 0) {
        memcpy(signed_data, data->data, data->size);
    }
    fb_signature_v1_encode(rs, signed_data + data->size);
    int status = secure_write(output, signed_data, n);
    free(signed_data);
    return status;
}

static int sign_file(const struct cli *cli, const char *path,
                     struct host_file *data)
{
    const char *output = cli_string(cli, "output");
    uint8_t xy[HOST_KEY_POINT_MAX];
    uint8_t hash[32];
    uint8_t rs[64];
    uint8_t block[FB_SIGNATURE_V1_SIZE];
    struct fb_sha256 sha;
    int status;

    fb_sha256_init(&sha);
    fb_sha256_update(&sha, data->data, data->size);
    fb_sha256_final(&sha, hash);
    status = cli_values(cli, "signature") > 0
                 ? given_signature(cli, xy, rs)
                 : own_signature(cli, hash, xy, rs);
    if (status != CLI_OK) {
        return status;
    }
    fb_signature_v1_encode(rs, block);
    if (fb_signature_v1_verify_hash(xy, hash, block, NULL) != FB_OK) {
        return cli_error(path, "Signature is not valid: it does not belong to "
                               "this data and key");
    }
    warn_signed_before(path, xy, data);
    output = output != NULL ? output : path;
    status = append(output, data, rs);
    if (status == CLI_OK) {
        secure_say(output, "Signed %zu bytes of data from \"%s\".\n",
                   data->size, path);
    }
    return status;
}

int sign_v1(const struct cli *cli)
{
    const char *path = cli_arg(cli, 0);
    struct host_file data;

    if (cli_flag(cli, "append-signatures") || cli_flag(cli, "skip-padding")) {
        return cli_usage(cli, "--append-signatures and --skip-padding are for "
                              "--version 2");
    }
    if (cli_values(cli, "keyfile") > 1) {
        return cli_usage(cli, "Secure Boot V1 supports only one signing key");
    }
    if (secure_read(path, &data) != CLI_OK) {
        return CLI_FAILURE;
    }
    int status = sign_file(cli, path, &data);
    host_file_free(&data);
    return status;
}
