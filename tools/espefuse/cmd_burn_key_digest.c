// SPDX-License-Identifier: Apache-2.0
//
// burn_key_digest KEYFILE: the digest of a Secure Boot V2 public key.

#include <errno.h>
#include <string.h>

#include "host/file.h"
#include "host/key.h"
#include "host/key_v2.h"
#include "tools/espefuse/commands.h"
#include "tools/espefuse/session.h"

static int refuse_chip(const struct session *s)
{
    if (session_revision(s) < 3) {
        return cli_error(s->device.name,
                         "chip revision %u has no Secure Boot V2; it came with "
                         "revision 3",
                         session_revision(s));
    }
    if (session_block_bytes(s) != 32) {
        return cli_error(s->device.name, "this chip's coding scheme leaves no "
                                         "room for a 32-byte digest");
    }
    return 0;
}

static int read_digest(const char *path, uint8_t digest[32])
{
    const char *why = host_key_v2_file_digest(path, digest);
    return why == NULL ? 0 : cli_error(path, "%s", why);
}

static int run(const struct cli *cli)
{
    struct session *s = session_get();
    uint8_t digest[32];
    bool same = false;
    int status = refuse_chip(s);
    if (status == 0) {
        status = read_digest(cli_arg(cli, 0), digest);
    }
    if (status == 0) {
        status = session_queue_block(
            s, 2, digest, cli_flag(cli, "force-write-always"), &same);
    }
    if (status == 0 && !cli_flag(cli, "no-protect-key")) {
        const struct fb_efuse_field *block = &fb_efuse_map[FB_EFUSE_BLOCK2];
        status = session_queue_field(s, &fb_efuse_map[FB_EFUSE_WR_DIS],
                                     1u << block->wr_dis);
    }
    return status;
}

static const struct cli_option options[] = {
    {.name = "no-protect-key",
     .kind = CLI_FLAG,
     .help = "leave the block writeable"},
    {.name = "force-write-always",
     .kind = CLI_FLAG,
     .help = "burn over a block that is not empty"},
    {.name = "show-sensitive-info",
     .kind = CLI_FLAG,
     .help = "accepted for scripts"},
    {.name = NULL}};

const struct cli_command command_burn_key_digest = {
    .name = "burn-key-digest",
    .arguments = "KEYFILE",
    .min_args = 1,
    .max_args = 1,
    .options = options,
    .help = "burn the digest of a Secure Boot V2 key (revision 3)",
    .run = run,
};
