// SPDX-License-Identifier: Apache-2.0
//
// espsecure: keys, signatures, digests and encryption of files for the ESP32.

#include "tools/cli/cli.h"
#include "tools/espsecure/secure.h"

static const struct cli_command *const commands[] = {
    &cmd_digest_secure_bootloader,
    &cmd_generate_signing_key,
    &cmd_sign_data,
    &cmd_verify_signature,
    &cmd_extract_public_key,
    &cmd_digest_sbv2_public_key,
    &cmd_signature_info_v2,
    &cmd_digest_private_key,
    &cmd_generate_flash_encryption_key,
    &cmd_encrypt_flash_data,
    &cmd_decrypt_flash_data,
    NULL,
};

static const struct cli_tool espsecure = {
    .name = "espsecure",
    .summary = "Make the keys, signatures, digests and encrypted images that "
               "Secure Boot and Flash Encryption of the ESP32 need.",
    .commands = commands,
};

int main(int argc, char **argv)
{
    return cli_main(&espsecure, argc, argv);
}
