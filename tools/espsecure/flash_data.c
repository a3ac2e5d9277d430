// SPDX-License-Identifier: Apache-2.0

#include "tools/espsecure/flash_data.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/aes_xts.h"
#include "host/random.h"
#include "lib/fb/bytes.h"
#include "lib/fb/flash_encryption.h"

static int check_key(const struct host_file *key, const char *name, bool xts)
{
    size_t n = key->size;

    if (xts ? n == 16 || n == 32 || n == 64 : n == 24 || n == 32) {
        return CLI_OK;
    }
    if (n > 10 && memcmp(key->data, "-----BEGIN", 10) == 0) {
        return cli_error(name, "is a key in PEM form; a flash encryption key "
                               "is 32 or 24 raw bytes");
    }
    if (xts) {
        return cli_error(name,
                         "Key file contains wrong length (%zu bytes), AES-XTS "
                         "expects 16, 32 or 64",
                         n);
    }
    if (n == 16 || n == 64) {
        return cli_error(name,
                         "ESP32 supports only 192 and 256-bit keys, this has "
                         "%zu bits (--aes-xts is for other chips)",
                         n * 8);
    }
    return cli_error(name,
                     "Key file contains wrong length (%zu bytes), 24 or 32 "
                     "expected",
                     n);
}

static int check_place(const char *path, uint64_t address, size_t n, bool xts)
{
    unsigned long long at = address;

    if (address % FB_FLASH_ENCRYPTION_BLOCK != 0) {
        return cli_error("--address", "0x%llx is not a multiple of 16", at);
    }
    if (xts && address > UINT32_MAX) {
        return cli_error("--address", "0x%llx is beyond any flash", at);
    }
    if (!xts && (address >= FB_FLASH_ENCRYPTION_END ||
                 n > FB_FLASH_ENCRYPTION_END - address)) {
        return cli_error(path,
                         "%zu bytes at 0x%llx reach beyond 16 MiB, where the "
                         "ESP32's key tweak is not defined",
                         n, at);
    }
    return CLI_OK;
}

// The data, filled up to a multiple of 16.
struct input {
    struct host_file_in file;
    uint8_t pad[FB_FLASH_ENCRYPTION_BLOCK];
    size_t pad_n, size; // size: with the padding
};

static int read_input(const struct input *in, size_t at, uint8_t *p, size_t n)
{
    size_t left = in->file.size > at ? in->file.size - at : 0;
    size_t part = left < n ? left : n;
    int error = host_file_read_at(&in->file, at, p, part);

    // Padding follows the file's last byte, in whichever piece that is.
    for (size_t i = part; i < n; i++) {
        p[i] = in->pad[at + i - in->file.size];
    }
    return error;
}

static int pad(const struct cli *cli, const char *output, struct input *in)
{
    const char *with = cli_string(cli, "pad");
    size_t rest = in->file.size % FB_FLASH_ENCRYPTION_BLOCK;

    if (rest == 0) {
        return CLI_OK;
    }
    in->pad_n = FB_FLASH_ENCRYPTION_BLOCK - rest;
    in->size += in->pad_n;
    if (strcmp(with, "random") == 0) {
        int error = host_random(in->pad, in->pad_n);
        if (error != 0) {
            return cli_error(NULL, "no random numbers: %s", strerror(error));
        }
    } else {
        memset(in->pad, strcmp(with, "ff") == 0 ? 0xFF : 0, in->pad_n);
    }
    secure_say(output,
               "Note: Padding with %zu bytes of %s data (encrypted data must "
               "be multiple of 16 bytes long).\n",
               in->pad_n, strcmp(with, "ff") == 0 ? "0xFF" : with);
    return CLI_OK;
}

struct job {
    struct fb_flash_encryption_key key;
    uint32_t address;
    const struct input *in;
    bool encrypt;
};

static int make(void *ctx, size_t at, uint8_t *p, size_t n)
{
    const struct job *j = ctx;
    int error = read_input(j->in, at, p, n);

    if (error == 0 &&
        (j->encrypt ? fb_flash_encrypt : fb_flash_decrypt)(
            &j->key, j->address + (uint32_t)at, p, p, n) != FB_OK) {
        error = EINVAL; // the place was checked
    }
    return error;
}

static int crypt_esp32(const struct cli *cli, const struct host_file *key,
                       const struct input *in, bool encrypt)
{
    struct job j = {.address = (uint32_t)cli_uint(cli, "address"),
                    .in = in,
                    .encrypt = encrypt};
    enum fb_status status = fb_flash_encryption_key_init(
        &j.key, key->data, key->size,
        (unsigned)cli_uint(cli, "flash-crypt-conf"));
    int done = status == FB_OK ? secure_write_made(cli_string(cli, "output"),
                                                   in->size, make, &j)
                               : cli_error(NULL, "%s", fb_status_text(status));

    fb_bytes_wipe(&j.key, sizeof(j.key));
    return done;
}

static int crypt_xts(const struct cli *cli, const struct host_file *key,
                     const struct input *in, bool encrypt)
{
    const char *path = cli_arg(cli, 0);
    uint8_t *data;
    int status = CLI_OK;

    if (in->size == 0) {
        return cli_error(path, "is empty");
    }
    data = malloc(in->size);
    int error = data == NULL ? ENOMEM : read_input(in, 0, data, in->size);
    if (error != 0) {
        status = cli_error(path, "cannot be read: %s", strerror(error));
    } else if (!host_aes_xts(key->data, key->size,
                             (uint32_t)cli_uint(cli, "address"), data, in->size,
                             encrypt)) {
        status = cli_error(path, "cannot be %s: the key's halves are equal",
                           encrypt ? "encrypted" : "decrypted");
    } else {
        status = secure_write(cli_string(cli, "output"), data, in->size);
    }
    free(data);
    return status;
}

static int convert(const struct cli *cli, const struct host_file *key,
                   struct input *in, bool encrypt)
{
    const char *path = cli_arg(cli, 0);
    const char *output = cli_string(cli, "output");
    uint64_t conf = cli_uint(cli, "flash-crypt-conf");
    bool xts = cli_flag(cli, "aes-xts");

    in->size = in->file.size;
    if (conf > 15) {
        return cli_error("--flash-crypt-conf", "0x%llx has more than 4 bits",
                         (unsigned long long)conf);
    }
    if (check_place(path, cli_uint(cli, "address"), in->size, xts) != CLI_OK) {
        return CLI_FAILURE;
    }
    secure_say_key(output, key->size);
    if (conf == 0 && !xts) {
        cli_warning(NULL, "Setting FLASH_CRYPT_CONF to zero is not "
                          "recommended: all rows share one key");
    }
    if (in->size % FB_FLASH_ENCRYPTION_BLOCK != 0 && (!encrypt || xts)) {
        return cli_error(
            path, "Data length (%zu) is not a multiple of 16 bytes.", in->size);
    }
    if (encrypt && pad(cli, output, in) != CLI_OK) {
        return CLI_FAILURE;
    }
    return (xts ? crypt_xts : crypt_esp32)(cli, key, in, encrypt);
}

int flash_data_run(const struct cli *cli, bool encrypt)
{
    const char *path = cli_arg(cli, 0);
    const char *output = cli_string(cli, "output");
    struct host_file key;
    struct input in = {0};
    const char *name;
    int status;

    if (secure_check_output(cli_string(cli, "keyfile"), output) != CLI_OK ||
        secure_check_output(path, output) != CLI_OK ||
        secure_read_key(cli, &key, &name) != CLI_OK) {
        return CLI_FAILURE;
    }
    status = check_key(&key, name, cli_flag(cli, "aes-xts"));
    if (status == CLI_OK) {
        status = secure_open(path, &in.file);
    }
    if (status == CLI_OK) {
        status = convert(cli, &key, &in, encrypt);
        host_file_close(&in.file);
    }
    host_file_free(&key);
    return status;
}
