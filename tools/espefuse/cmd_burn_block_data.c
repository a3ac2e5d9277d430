// SPDX-License-Identifier: Apache-2.0
//
// burn_block_data BLOCK FILE ...: bytes as they are, lowest bits first.

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "host/file.h"
#include "lib/fb/bytes.h"
#include "tools/espefuse/commands.h"
#include "tools/espefuse/session.h"

static int queue_file(const struct cli *cli, unsigned block, const char *path,
                      const struct host_file *file)
{
    struct session *s = session_get();
    size_t room =
        block == 0 ? (size_t)4 * FB_EFUSE_BLOCK0_WORDS : session_block_bytes(s);
    uint64_t offset = cli_uint(cli, "offset");
    bool whole = file->size == room && offset == 0;
    if (file->size == 0 || offset > room || file->size > room - offset) {
        return cli_error(path,
                         "%zu bytes at offset %u do not fit in %s, which "
                         "has %zu bytes",
                         file->size, (unsigned)offset,
                         session_block_name(block), room);
    }
    uint8_t data[32] = {0};
    uint32_t words[FB_EFUSE_BLOCK_WORDS];
    memcpy(data + offset, file->data, file->size);
    for (unsigned i = 0; i < FB_EFUSE_BLOCK_WORDS; i++) {
        words[i] = load32_le(data + (size_t)4 * i);
    }
    bool same = false;
    cli_print("%s: %s, %zu bytes at offset %u\n", session_block_name(block),
              path, file->size, (unsigned)offset);
    int status =
        block != 0 && whole
            ? session_queue_block(s, block, data,
                                  cli_flag(cli, "force-write-always"), &same)
            : session_queue_bits(s, block, words);
    fb_bytes_wipe(data, sizeof data);
    fb_bytes_wipe(words, sizeof words);
    return status;
}

static int run(const struct cli *cli)
{
    if (cli_args(cli) % 2 != 0) {
        return cli_error(cli_arg(cli, cli_args(cli) - 1),
                         "blocks and files come in pairs");
    }
    for (unsigned i = 0; i < cli_args(cli); i += 2) {
        const char *path = cli_arg(cli, i + 1);
        int block = session_find_block(cli_arg(cli, i));
        struct host_file file;
        if (block < 0) {
            return cli_error(cli_arg(cli, i), "not a block: BLOCK0 to BLOCK3");
        }
        int error = host_file_read_secret(path, 4096, &file);
        if (error != 0) {
            return cli_error(path, "%s", strerror(error));
        }
        int status = queue_file(cli, (unsigned)block, path, &file);
        host_file_free(&file);
        if (status != 0) {
            return status;
        }
    }
    return 0;
}

static const struct cli_option options[] = {
    {.name = "offset",
     .shorts = "o",
     .kind = CLI_UINT,
     .value = "BYTES",
     .fallback = "0",
     .help = "first byte of the block to burn"},
    {.name = "force-write-always",
     .kind = CLI_FLAG,
     .help = "burn over a block that is not empty"},
    {.name = NULL}};

const struct cli_command command_burn_block_data = {
    .name = "burn-block-data",
    .arguments = "BLOCK FILE ...",
    .min_args = 2,
    .max_args = UINT_MAX,
    .options = options,
    .help = "burn bytes into a block as they are (never for keys)",
    .details = "Keys are burned with burn-key: it reverses and protects them.",
    .run = run,
};
