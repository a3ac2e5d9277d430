// SPDX-License-Identifier: Apache-2.0
//
// burn_bit BLOCK BIT ...

#include <limits.h>

#include "tools/espefuse/commands.h"
#include "tools/espefuse/session.h"

static int run(const struct cli *cli)
{
    uint32_t words[FB_EFUSE_BLOCK_WORDS] = {0};
    int block = session_find_block(cli_arg(cli, 0));
    if (block < 0) {
        return cli_error(cli_arg(cli, 0), "not a block: BLOCK0 to BLOCK3");
    }
    unsigned bits = 32 * fb_efuse_block_words((unsigned)block);
    for (unsigned i = 1; i < cli_args(cli); i++) {
        uint64_t bit;
        if (!cli_parse_uint(cli_arg(cli, i), &bit) || bit >= bits) {
            return cli_error(cli_arg(cli, i), "not a bit of %s: 0 to %u",
                             session_block_name((unsigned)block), bits - 1);
        }
        words[bit / 32] |= 1u << bit % 32;
    }
    return session_queue_bits(session_get(), (unsigned)block, words);
}

static const struct cli_option options[] = {
    {.name = "force-write-always",
     .kind = CLI_FLAG,
     .help = "accepted for scripts; bits are always added"},
    {.name = NULL}};

const struct cli_command command_burn_bit = {
    .name = "burn-bit",
    .arguments = "BLOCK BIT ...",
    .min_args = 2,
    .max_args = UINT_MAX,
    .options = options,
    .help = "burn single bits of a block by number",
    .run = run,
};
