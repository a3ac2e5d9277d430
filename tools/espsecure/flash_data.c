// SPDX-License-Identifier: Apache-2.0

#include "tools/espsecure/flash_data.h"

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

// Fill up to a multiple of 16.
static int pad(const struct cli *cli, const char *output,
               struct host_file *data)
{
    const char *with = cli_string(cli, "pad");
    size_t rest = data->size % FB_FLASH_ENCRYPTION_BLOCK;
    size_t n = FB_FLASH_ENCRYPTION_BLOCK - rest;
    uint8_t *grown;

    if (rest == 0) {
        return CLI_OK;
    }
    grown = realloc(data->data, data->size + n);
    if (grown == NULL) {
        return cli_error(NULL, "out of memory");
    }
    data->data = grown;
    if (strcmp(with, "random") == 0) {
        int error = host_random(grown + data->size, n);
        if (error != 0) {
            return cli_error(NULL, "no random numbers: %s", strerror(error));
        }
    } else {
        memset(grown + data->size, strcmp(with, "ff") == 0 ? 0xFF : 0, n);
    }
    data->size += n;
    secure_say(output,
               "Note: Padding with %zu bytes of %s data (encrypted data must "
               "be multiple of 16 bytes long).\n",
               n, strcmp(with, "ff") == 0 ? "0xFF" : with);
    return CLI_OK;
}

static int crypt_esp32(const struct host_file *key, unsigned conf,
                       uint32_t address, struct host_file *data, bool encrypt)
{
    struct fb_flash_encryption_key k;
    enum fb_status status =
        fb_flash_encryption_key_init(&k, key->data, key->size, conf);

    if (status == FB_OK) {
        status = (encrypt ? fb_flash_encrypt : fb_flash_decrypt)(
            &k, address, data->data, data->data, data->size);
    }
    fb_bytes_wipe(&k, sizeof(k));
    return status == FB_OK ? CLI_OK
                           : cli_error(NULL, "%s", fb_status_text(status));
}

static int crypt_xts(const struct host_file *key, const char *path,
                     uint32_t address, struct host_file *data, bool encrypt)
{
    if (data->size == 0) {
        return cli_error(path, "is empty");
    }
    if (!host_aes_xts(key->data, key->size, address, data->data, data->size,
                      encrypt)) {
        return cli_error(path, "cannot be %s: the key's halves are equal",
                         encrypt ? "encrypted" : "decrypted");
    }
    return CLI_OK;
}

static int convert(const struct cli *cli, const struct host_file *key,
                   struct host_file *data, bool encrypt)
{
    const char *path = cli_arg(cli, 0);
    const char *output = cli_string(cli, "output");
    uint64_t address = cli_uint(cli, "address");
    uint64_t conf = cli_uint(cli, "flash-crypt-conf");
    bool xts = cli_flag(cli, "aes-xts");

    if (conf > 15) {
        return cli_error("--flash-crypt-conf", "0x%llx has more than 4 bits",
                         (unsigned long long)conf);
    }
    if (check_place(path, address, data->size, xts) != CLI_OK) {
        return CLI_FAILURE;
    }
    secure_say_key(output, key->size);
    if (conf == 0 && !xts) {
        cli_warning(NULL, "Setting FLASH_CRYPT_CONF to zero is not "
                          "recommended: all rows share one key");
    }
    if (data->size % FB_FLASH_ENCRYPTION_BLOCK != 0 && (!encrypt || xts)) {
        return cli_error(path,
                         "Data length (%zu) is not a multiple of 16 bytes.",
                         data->size);
    }
    if (encrypt && pad(cli, output, data) != CLI_OK) {
        return CLI_FAILURE;
    }
    return xts ? crypt_xts(key, path, (uint32_t)address, data, encrypt)
               : crypt_esp32(key, (unsigned)conf, (uint32_t)address, data,
                             encrypt);
}

int flash_data_run(const struct cli *cli, bool encrypt)
{
    const char *path = cli_arg(cli, 0);
    const char *output = cli_string(cli, "output");
    struct host_file key;
    struct host_file data;
    const char *name;
    int status;

    if (secure_check_output(cli_string(cli, "keyfile"), output) != CLI_OK ||
        secure_check_output(path, output) != CLI_OK ||
        secure_read_key(cli, &key, &name) != CLI_OK) {
        return CLI_FAILURE;
    }
    status = check_key(&key, name, cli_flag(cli, "aes-xts"));
    if (status == CLI_OK) {
        status = secure_read(path, &data);
    }
    if (status == CLI_OK) {
        status = convert(cli, &key, &data, encrypt);
        if (status == CLI_OK) {
            status = secure_write(output, data.data, data.size);
        }
        host_file_free(&data);
    }
    host_file_free(&key);
    return status;
}
