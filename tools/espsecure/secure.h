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

// Read a whole file; "-" is standard input, which can be read once.
int secure_read(const char *path, struct host_file *file);

// The bytes of --keyfile or --key-fd; *name receives what to call it.
int secure_read_key(const struct cli *cli, struct host_file *key,
                    const char **name);
// One key file by name, as secure_read_key() does.
int secure_read_key_file(const char *path, struct host_file *key);

// The key of --keyfile or --key-fd as a signing key of that kind: V1 wants
// P-256. for_what: "sign", in the refusal; need_private as it says.
int secure_load_v1_key(const struct cli *cli, bool need_private,
                       struct host_key **key, const char **name);
// The same from bytes already read; they are wiped and released.
int secure_parse_v1_key(struct host_file *bytes, const char *name,
                        bool need_private, struct host_key **key);
// Any key that Secure Boot V2 knows.
int secure_parse_v2_key(struct host_file *bytes, const char *name,
                        bool need_private, struct host_key **key);

// Refuse an output file that is one of the inputs (NULL or "-": none).
int secure_check_output(const char *input, const char *output);

int secure_write(const char *path, const void *data, size_t n);
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
