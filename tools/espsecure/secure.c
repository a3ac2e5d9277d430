// SPDX-License-Identifier: Apache-2.0

#include "tools/espsecure/secure.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/fb/bytes.h"

static const char *display(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

// Standard input serves one of several files that may be named "-".
static int claim_stdin(const char *path)
{
    static bool claimed;

    if (strcmp(path, "-") != 0) {
        return CLI_OK;
    }
    if (claimed) {
        return cli_error("standard input", "can be read only once");
    }
    claimed = true;
    return CLI_OK;
}

static int read_failed(const char *path, int error)
{
    return cli_error(display(path), "cannot be read: %s", strerror(error));
}

int secure_read(const char *path, struct host_file *file)
{
    if (claim_stdin(path) != CLI_OK) {
        return CLI_FAILURE;
    }
    int error = host_file_read(path, SECURE_DATA_MAX, file);

    return error != 0 ? read_failed(path, error) : CLI_OK;
}

int secure_open(const char *path, struct host_file_in *in)
{
    if (claim_stdin(path) != CLI_OK) {
        return CLI_FAILURE;
    }
    int error = host_file_open(path, SECURE_DATA_MAX, in);

    return error != 0 ? read_failed(path, error) : CLI_OK;
}

int secure_read_key_file(const char *path, struct host_file *key)
{
    if (claim_stdin(path) != CLI_OK) {
        return CLI_FAILURE;
    }
    int error = host_file_read_secret(path, HOST_KEY_MAX, key);

    if (error == EFBIG) {
        return cli_error(display(path), "is too large for a key file");
    }
    return error != 0 ? read_failed(path, error) : CLI_OK;
}

int secure_read_key(const struct cli *cli, struct host_file *key,
                    const char **name)
{
    static char fd_name[40];
    const char *path = cli_string(cli, "keyfile");

    if (cli_given(cli, "key-fd")) {
        uint64_t fd = cli_uint(cli, "key-fd");
        if (path != NULL) {
            return cli_usage(cli, "--keyfile and --key-fd exclude each other");
        }
        snprintf(fd_name, sizeof(fd_name), "file descriptor %llu",
                 (unsigned long long)fd);
        *name = fd_name;
        int error = fd > INT_MAX
                        ? EBADF
                        : host_file_read_fd((int)fd, HOST_KEY_MAX, key);
        return error != 0 ? read_failed(fd_name, error) : CLI_OK;
    }
    if (path == NULL) {
        return cli_usage(cli, "--keyfile is missing");
    }
    *name = display(path);
    return secure_read_key_file(path, key);
}

// Parse and release the bytes of a key file.
static int parse_key(struct host_file *bytes, const char *name,
                     bool need_private, struct host_key **key)
{
    size_t size = bytes->size;
    const char *why = host_key_parse(bytes->data, bytes->size, key);

    host_file_free(bytes);
    if (why != NULL && need_private && (size == 24 || size == 32)) {
        return cli_error(name,
                         "is %zu bytes of raw key; a signing key in PEM "
                         "form is needed",
                         size);
    }
    if (why != NULL) {
        return cli_error(name, "%s", why);
    }
    if (need_private && !host_key_is_private(*key)) {
        host_key_free(*key);
        *key = NULL;
        return cli_error(name,
                         "is a public key; the private signing key is needed");
    }
    return CLI_OK;
}

enum secure_version secure_version(const struct cli *cli)
{
    return cli_uint(cli, "version") == 1 ? SECURE_V1 : SECURE_V2;
}

int secure_parse_key(struct host_file *bytes, const char *name,
                     enum secure_version version, bool need_private,
                     struct host_key **key)
{
    if (parse_key(bytes, name, need_private, key) != CLI_OK) {
        return CLI_FAILURE;
    }
    return secure_check_kind(name, version, key);
}

int secure_check_kind(const char *name, enum secure_version version,
                      struct host_key **key)
{
    enum host_key_kind kind = host_key_kind(*key);

    if (version == SECURE_V1 ? kind == HOST_KEY_P256 : kind != HOST_KEY_OTHER) {
        return CLI_OK;
    }
    cli_error(name, "is %s; Secure Boot V%d needs %s", host_key_describe(*key),
              (int)version,
              version == SECURE_V1
                  ? "ECDSA on NIST P-256 (OpenSSL: prime256v1)"
                  : "RSA-3072 or ECDSA on NIST P-192, P-256 or P-384");
    host_key_free(*key);
    *key = NULL;
    return CLI_FAILURE;
}

int secure_check_output(const char *input, const char *output)
{
    if (input == NULL || output == NULL || strcmp(input, "-") == 0 ||
        strcmp(output, "-") == 0) {
        return CLI_OK;
    }
    if (strcmp(input, output) != 0 && !host_file_same(input, output)) {
        return CLI_OK;
    }
    return cli_error(output, "is an input file and will not be overwritten");
}

static int write_failed(const char *path, int error)
{
    return cli_error(strcmp(path, "-") == 0 ? "standard output" : path,
                     "cannot be written: %s", strerror(error));
}

int secure_write(const char *path, const void *data, size_t n)
{
    int error = host_file_write(path, data, n, HOST_FILE_PUBLIC);

    return error != 0 ? write_failed(path, error) : CLI_OK;
}

int secure_write_made(const char *path, size_t n, host_file_make *make,
                      void *ctx)
{
    int error = host_file_write_made(path, n, make, ctx, HOST_FILE_PUBLIC);

    return error != 0 ? write_failed(path, error) : CLI_OK;
}

// Making a derived key once more is no loss.
static bool has_content(const char *path, const void *data, size_t n)
{
    struct host_file file;

    if (host_file_read_secret(path, HOST_KEY_MAX, &file) != 0) {
        return false;
    }
    bool same = file.size == n && memcmp(file.data, data, n) == 0;
    host_file_free(&file);
    return same;
}

int secure_write_secret(const char *path, const void *data, size_t n)
{
    int error = host_file_write(path, data, n, HOST_FILE_SECRET);

    if (error == EEXIST && has_content(path, data, n)) {
        return CLI_OK;
    }
    if (error == EEXIST) {
        return cli_error(path, "already exists; a key is never overwritten");
    }
    return error != 0 ? write_failed(path, error) : CLI_OK;
}

void secure_say(const char *output, const char *format, ...)
{
    bool to_stderr = output != NULL && strcmp(output, "-") == 0;
    va_list ap;

    va_start(ap, format);
    vfprintf(to_stderr ? stderr : stdout, format, ap);
    va_end(ap);
}

void secure_say_key(const char *output, size_t bytes)
{
    bool extended = bytes == 16 || bytes == 24;

    secure_say(output, "Using %zu-bit key%s.\n", bytes * 8,
               extended ? " (extended)" : "");
}
