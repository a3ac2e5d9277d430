// SPDX-License-Identifier: Apache-2.0

#include "tools/espsecure/secure.h"

#include <string.h>
#include <sys/stat.h>

static const struct scheme {
    const char *name;
    const char *label;
    enum host_key_kind kind;
} schemes[] = {
    {"ecdsa256", "ECDSA NIST256p", HOST_KEY_P256},
    {"rsa3072", "RSA 3072", HOST_KEY_RSA3072},
    {"ecdsa192", "ECDSA NIST192p", HOST_KEY_P192},
    {"ecdsa384", "ECDSA NIST384p", HOST_KEY_P384},
};

static const struct scheme *find_scheme(const char *name)
{
    const struct scheme *s = schemes;

    while (strcmp(s->name, name) != 0) {
        s++;
    }
    return s;
}

static int generate(const struct scheme *scheme, const char *path)
{
    struct host_key *key = NULL;
    struct host_file pem = {0};
    const char *why = host_key_generate(scheme->kind, &key);
    int status = CLI_FAILURE;

    if (why == NULL) {
        why = host_key_private_pem(key, &pem);
    }
    if (why != NULL) {
        cli_error("new key", "%s", why);
    } else {
        status = secure_write_secret(path, pem.data, pem.size);
    }
    host_file_free(&pem);
    host_key_free(key);
    return status;
}

static int run(const struct cli *cli)
{
    const char *path = cli_arg(cli, 0);
    bool v1 = strcmp(cli_string(cli, "version"), "1") == 0;
    const char *name = cli_string(cli, "scheme");
    struct stat st;

    if (name == NULL) {
        name = v1 ? "ecdsa256" : "rsa3072";
    }
    if (v1 && strcmp(name, "ecdsa256") != 0) {
        return cli_usage(cli,
                         "Secure Boot V1 knows only ecdsa256; --version 2 "
                         "knows %s",
                         name);
    }
    // Before seconds go into an RSA key.
    if (strcmp(path, "-") != 0 && lstat(path, &st) == 0) {
        return cli_error(path, "already exists; a key is never overwritten");
    }
    const struct scheme *scheme = find_scheme(name);
    int status = generate(scheme, path);
    if (status == CLI_OK) {
        secure_say(path, "%s private key in PEM format written to \"%s\".\n",
                   scheme->label, path);
    }
    return status;
}

static const struct cli_option options[] = {
    {.name = "version",
     .shorts = "v",
     .kind = CLI_CHOICE,
     .choices = "1|2",
     .fallback = "1",
     .help = "Version of Secure Boot."},
    {.name = "scheme",
     .shorts = "s",
     .kind = CLI_CHOICE,
     .value = "SCHEME",
     .choices = "rsa3072|ecdsa192|ecdsa256|ecdsa384",
     .help = "Kind of key: ecdsa256 for version 1; for version 2 rsa3072 "
             "unless given."},
    {0}};

const struct cli_command cmd_generate_signing_key = {
    .name = "generate-signing-key",
    .arguments = "KEYFILE",
    .min_args = 1,
    .max_args = 1,
    .options = options,
    .help = "Make a private key for signing images.",
    .details = "The key is written in PEM form, as openssl writes it, with "
               "mode 0600. A file that exists is never overwritten.",
    .run = run,
};
