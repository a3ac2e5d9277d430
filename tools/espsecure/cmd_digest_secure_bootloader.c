// SPDX-License-Identifier: Apache-2.0

#include "tools/espsecure/secure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/random.h"
#include "lib/fb/bytes.h"
#include "lib/fb/image.h"
#include "lib/fb/secure_boot_v1.h"

// The IV: random, or the first 128 bytes of --iv. Shorter ones make a file
// that no chip accepts, but the reference tool takes them.
struct iv {
    uint8_t bytes[FB_SECURE_BOOT_V1_IV_SIZE];
    size_t size;
};

static int make_iv(const struct cli *cli, struct iv *iv)
{
    const char *path = cli_string(cli, "iv");
    struct host_file file;

    iv->size = sizeof(iv->bytes);
    if (path == NULL) {
        int error = host_random(iv->bytes, iv->size);
        return error != 0
                   ? cli_error(NULL, "no random numbers: %s", strerror(error))
                   : CLI_OK;
    }
    if (secure_read(path, &file) != CLI_OK) {
        return CLI_FAILURE;
    }
    cli_warning(NULL, "--iv is for testing only: an IV must never repeat");
    if (file.size < iv->size) {
        iv->size = file.size;
        cli_warning(path,
                    "has only %zu of 128 bytes: no chip will accept the "
                    "result",
                    file.size);
    }
    if (iv->size > 0) {
        memcpy(iv->bytes, file.data, iv->size);
    }
    host_file_free(&file);
    if (iv->size % 16 != 0) {
        return cli_error(path,
                         "has %zu bytes; 128 are needed (or a multiple "
                         "of 16, for tests)",
                         iv->size);
    }
    return CLI_OK;
}

static int check_key(const struct host_file *key, const char *name)
{
    if (key->size == HOST_KEY_RAW_SIZE) {
        return cli_error(name, "has 64 bytes: that is a public key as "
                               "extract_public_key writes it. The secure boot "
                               "key is secret, 32 or 24 bytes, made by "
                               "digest_private_key");
    }
    if (key->size > 10 && memcmp(key->data, "-----BEGIN", 10) == 0) {
        return cli_error(name, "is a signing key in PEM form. The secure boot "
                               "key is 32 or 24 raw bytes, made from it by "
                               "digest_private_key");
    }
    if (key->size != 16 && key->size != 24 && key->size != 32) {
        return cli_error(name,
                         "Key file contains wrong length (%zu bytes), 24 or 32 "
                         "expected",
                         key->size);
    }
    return CLI_OK;
}

// How many bytes of flash the digest covers: those of the image, rounded up,
// which may include the first part of the appended SHA-256.
static int check_image(const char *path, const struct host_file *file,
                       uint32_t *covered)
{
    struct fb_image image;
    struct fb_fault fault = {0};
    enum fb_status status =
        fb_image_parse(file->data, file->size, &image, &fault);

    if (status != FB_OK) {
        return cli_error(path, "is not a bootloader image: %s (at 0x%x)",
                         fb_status_text(status), (unsigned)fault.offset);
    }
    *covered = fb_secure_boot_v1_covered(image.len, image.header.hash_appended);
    size_t end = image.len > *covered ? image.len : *covered;
    size_t rest = file->size > image.len ? file->size - image.len : 0;
    if (file->size > end || !fb_bytes_all(file->data + image.len, rest, 0xFF)) {
        return cli_error(path,
                         "has %zu bytes after the image: the chip does not "
                         "hash them, the digest would never match",
                         rest);
    }
    return CLI_OK;
}

// IV, digest, 0xFF to 0x1000, the image as hashed.
static uint8_t *build(const struct host_file *key, const struct iv *iv,
                      const struct host_file *image, uint32_t covered,
                      size_t *size)
{
    struct fb_secure_boot_v1 engine;
    uint8_t *out;
    size_t have = image->size < covered ? image->size : covered;

    *size = FB_SECURE_BOOT_V1_IMAGE_OFF + covered;
    out = malloc(*size);
    if (out == NULL) {
        return NULL;
    }
    memset(out, 0xFF, *size);
    memcpy(out, iv->bytes, iv->size);
    memcpy(out + FB_SECURE_BOOT_V1_IMAGE_OFF, image->data, have);
    fb_secure_boot_v1_init(&engine, key->data, key->size);
    fb_secure_boot_v1_update(&engine, iv->bytes, iv->size);
    fb_secure_boot_v1_update(&engine, out + FB_SECURE_BOOT_V1_IMAGE_OFF,
                             covered);
    fb_secure_boot_v1_final(&engine, out + iv->size);
    return out;
}

// "dir/bootloader.bin" to "dir/bootloader-digest-0x0000.bin".
static char *default_output(const char *image)
{
    static const char suffix[] = "-digest-0x0000.bin";
    const char *base = strrchr(image, '/');
    const char *dot = strrchr(image, '.');
    size_t n = strlen(image);
    char *name;

    base = base != NULL ? base + 1 : image;
    if (dot != NULL && dot > base) {
        n = (size_t)(dot - image);
    }
    name = malloc(n + sizeof(suffix));
    if (name != NULL) {
        memcpy(name, image, n);
        memcpy(name + n, suffix, sizeof(suffix));
    }
    return name;
}

static int digest(const struct cli *cli, const struct host_file *key,
                  const char *output)
{
    const char *path = cli_arg(cli, 0);
    struct host_file image;
    struct iv iv;
    uint32_t covered = 0;
    size_t size = 0;
    uint8_t *out = NULL;

    if (secure_read(path, &image) != CLI_OK) {
        return CLI_FAILURE;
    }
    int status = check_image(path, &image, &covered);
    if (status == CLI_OK) {
        status = make_iv(cli, &iv);
    }
    if (status == CLI_OK) {
        out = build(key, &iv, &image, covered, &size);
        status = out != NULL ? secure_write(output, out, size)
                             : cli_error(NULL, "out of memory");
    }
    free(out);
    host_file_free(&image);
    return status;
}

static int run_to(const struct cli *cli, const char *output)
{
    struct host_file key;
    const char *name;

    if (secure_check_output(cli_string(cli, "keyfile"), output) != CLI_OK ||
        secure_check_output(cli_string(cli, "iv"), output) != CLI_OK ||
        secure_check_output(cli_arg(cli, 0), output) != CLI_OK ||
        secure_read_key(cli, &key, &name) != CLI_OK) {
        return CLI_FAILURE;
    }
    size_t key_size = key.size;
    int status = check_key(&key, name);
    if (status == CLI_OK) {
        status = digest(cli, &key, output);
    }
    host_file_free(&key);
    if (status == CLI_OK) {
        secure_say_key(output, key_size);
        secure_say(output, "Digest + image written to \"%s\"\n", output);
    }
    return status;
}

static int run(const struct cli *cli)
{
    char *fallback = NULL;
    const char *output = cli_string(cli, "output");
    int status;

    if (output == NULL) {
        if (strcmp(cli_arg(cli, 0), "-") == 0) {
            return cli_usage(cli, "--output is needed for an image from "
                                  "standard input");
        }
        fallback = default_output(cli_arg(cli, 0));
        if (fallback == NULL) {
            return cli_error(NULL, "out of memory");
        }
        output = fallback;
    }
    status = run_to(cli, output);
    free(fallback);
    return status;
}

static const struct cli_option options[] = {
    SECURE_OPTION_KEYFILE("Secure boot key, 32 or 24 raw bytes."),
    SECURE_OPTION_KEY_FD,
    {.name = "output",
     .shorts = "o",
     .kind = CLI_STRING,
     .value = "FILE",
     .help = "Digest and image, for flash address 0x0. Default: IMAGE with "
             "-digest-0x0000.bin in place of its extension."},
    {.name = "iv",
     .kind = CLI_STRING,
     .value = "FILE",
     .help = "128 bytes to use as IV, for tests; random unless given."},
    {0}};

const struct cli_command cmd_digest_secure_bootloader = {
    .name = "digest-secure-bootloader",
    .arguments = "IMAGE",
    .min_args = 1,
    .max_args = 1,
    .options = options,
    .help = "Make the Secure Boot V1 digest of a bootloader.",
    .details = "The result holds IV and digest, 0xFF up to 0x1000, and the "
               "bootloader as the chip hashes it. Flash it at 0x0 of a chip "
               "whose BLOCK2 holds the same key.",
    .run = run,
};
