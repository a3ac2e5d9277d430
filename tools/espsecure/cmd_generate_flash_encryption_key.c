// SPDX-License-Identifier: Apache-2.0

#include "tools/espsecure/secure.h"

#include <string.h>

#include "host/random.h"
#include "lib/fb/bytes.h"

static int run(const struct cli *cli)
{
    const char *path = cli_arg(cli, 0);
    size_t bits = (size_t)cli_uint(cli, "keylen");
    uint8_t key[64];

    int error = host_random(key, bits / 8);
    if (error != 0) {
        return cli_error(NULL, "no random numbers: %s", strerror(error));
    }
    int status = secure_write_secret(path, key, bits / 8);
    fb_bytes_wipe(key, sizeof(key));
    if (status == CLI_OK) {
        secure_say(path, "Writing %zu random bits to key file \"%s\".\n", bits,
                   path);
    }
    return status;
}

static const struct cli_option options[] = {
    {.name = "keylen",
     .shorts = "l",
     .kind = CLI_CHOICE,
     .value = "BITS",
     .choices = "128|192|256|512",
     .fallback = "256",
     .help = "Length of the key. Coding scheme 3/4 needs 192; 128 and 512 are "
             "for other chips."},
    {0}};

const struct cli_command cmd_generate_flash_encryption_key = {
    .name = "generate-flash-encryption-key",
    .arguments = "KEYFILE",
    .min_args = 1,
    .max_args = 1,
    .options = options,
    .help = "Make a flash encryption key of random bytes.",
    .details = "The file is created with mode 0600. One that exists is never "
               "overwritten: flash encrypted with a lost key is lost.",
    .run = run,
};
