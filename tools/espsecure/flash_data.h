// SPDX-License-Identifier: Apache-2.0
//
// encrypt-flash-data and decrypt-flash-data: the same work in two directions.

#ifndef TOOLS_ESPSECURE_FLASH_DATA_H
#define TOOLS_ESPSECURE_FLASH_DATA_H

#include <stdbool.h>

#include "tools/espsecure/secure.h"

#define FLASH_DATA_OPTIONS(what)                                               \
    SECURE_OPTION_KEYFILE("Flash encryption key, 32 or 24 raw bytes."),        \
        SECURE_OPTION_KEY_FD,                                                  \
        {.name = "output",                                                     \
         .shorts = "o",                                                        \
         .kind = CLI_STRING,                                                   \
         .value = "FILE",                                                      \
         .required = true,                                                     \
         .help = what},                                                        \
        {.name = "address",                                                    \
         .shorts = "a",                                                        \
         .kind = CLI_UINT,                                                     \
         .value = "ADDRESS",                                                   \
         .required = true,                                                     \
         .help = "Flash address of the first byte, a multiple of 16."},        \
        {.name = "flash-crypt-conf",                                           \
         .kind = CLI_UINT,                                                     \
         .value = "CONF",                                                      \
         .fallback = "0xF",                                                    \
         .help = "FLASH_CRYPT_CONFIG of the chip's eFuses, 0 to 15."},         \
    {                                                                          \
        .name = "aes-xts", .shorts = "x", .kind = CLI_FLAG,                    \
        .help = "AES-XTS, as other chips use it; keys of 32, 64 or 16 bytes.", \
    }

int flash_data_run(const struct cli *cli, bool encrypt);

#endif
