// SPDX-License-Identifier: Apache-2.0
//
// What the commands of espsecure share: files, keys and their refusals. Each
// function that can fail has told why on stderr when it returns CLI_FAILURE.

#ifndef TOOLS_ESPSECURE_SECURE_H
#define TOOLS_ESPSECURE_SECURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/file.h"
#include "host/key.h"
#include "tools/cli/cli.h"

#define SECURE_DATA_MAX 0x10000000u // bytes; no ESP32 has more flash

// Rows that several commands have.
#define SECURE_OPTION_KEYFILE(text)                                            \
    {                                                                          \
        .name = "keyfile", .shorts = "k", .kind = CLI_STRING, .value = "FILE", \
        .help = text " \"-\": standard input.",                                \
    }
#define SECURE_OPTION_KEY_FD                                                   \
    {                                                                          \
        .name = "key-fd", .kind = CLI_UINT, .value = "N",                      \
        .help = "Read the key from this open file descriptor instead.",        \
    }
// Keys that stay on a token.
#define SECURE_OPTIONS_TOKEN                                                   \
    {.name = "hsm",                                                            \
     .kind = CLI_FLAG,                                                         \
     .help = "Use the key on a PKCS#11 token that --hsm-config names."},       \
        {.name = "hsm-config",                                                 \
         .kind = CLI_STRING,                                                   \
         .value = "FILE",                                                      \
         .help = "Section [hsm_config] with pkcs11_lib, slot, label, "         \
                 "label_pubkey and credentials (the PIN)."},                   \
        {.name = "pkcs11-module",                                              \
         .kind = CLI_STRING,                                                   \
         .value = "PATH",                                                      \
         .env = "PKCS11_MODULE_PATH",                                          \
         .help = "Library of the token, for a key named by a PKCS#11 URI."},   \
    {                                                                          \
        .name = "pin-file", .kind = CLI_STRING, .value = "FILE",               \
        .help = "Read the token's PIN from here instead of the terminal.",     \
    }

// Read a whole file; "-" is standard input, which can be read once.
int secure_read(const char *path, struct host_file *file);
// The same for a file that is read in parts; close it with host_file_close().
int secure_open(const char *path, struct host_file_in *in);

// The bytes of --keyfile or --key-fd; *name receives what to call it.
int secure_read_key(const struct cli *cli, struct host_file *key,
                    const char **name);
// One key file by name, as secure_read_key() does.
int secure_read_key_file(const char *path, struct host_file *key);

// What a signing key is for: V1 wants P-256, V2 any kind that it knows.
enum secure_version { SECURE_V1 = 1, SECURE_V2 = 2 };

// --version of a command.
enum secure_version secure_version(const struct cli *cli);

// A signing key from bytes that were read; they are wiped and released.
int secure_parse_key(struct host_file *bytes, const char *name,
                     enum secure_version version, bool need_private,
                     struct host_key **key);

// Refuse and release a key of a kind that the version does not know.
int secure_check_kind(const char *name, enum secure_version version,
                      struct host_key **key);

// A signing key of a command with SECURE_OPTIONS_TOKEN: from path (a file, or
// a PKCS#11 URI), or where that is NULL, from --key-fd or --hsm.
int secure_load_key(const struct cli *cli, const char *path,
                    enum secure_version version, bool need_private,
                    struct host_key **key, const char **name);

// Refuse an output file that is one of the inputs (NULL or "-": none).
int secure_check_output(const char *input, const char *output);

int secure_write(const char *path, const void *data, size_t n);
int secure_write_made(const char *path, size_t n, host_file_make *make,
                      void *ctx);
// A new key file, 0600. What exists with other content is not replaced.
int secure_write_secret(const char *path, const void *data, size_t n);

// A status line: on stdout, or stderr when the output is stdout.
void secure_say(const char *output, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// Tell the length of a hardware key in use, as scripts expect it.
void secure_say_key(const char *output, size_t bytes);

extern const struct cli_command cmd_decrypt_flash_data;
extern const struct cli_command cmd_digest_private_key;
extern const struct cli_command cmd_digest_sbv2_public_key;
extern const struct cli_command cmd_digest_secure_bootloader;
extern const struct cli_command cmd_encrypt_flash_data;
extern const struct cli_command cmd_extract_public_key;
extern const struct cli_command cmd_generate_flash_encryption_key;
extern const struct cli_command cmd_generate_signing_key;
extern const struct cli_command cmd_sign_data;
extern const struct cli_command cmd_signature_info_v2;
extern const struct cli_command cmd_verify_signature;

#endif
