// SPDX-License-Identifier: Apache-2.0
//
// burn_key BLOCK KEYFILE ...

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "host/file.h"
#include "lib/fb/bytes.h"
#include "tools/espefuse/commands.h"
#include "tools/espefuse/session.h"

// What a key's name means. Old tools reversed and protected every block; newer
// ones only those that are named by their use (esptool docs, "Burn Key").
static const struct purpose {
    const char *name;
    unsigned block;
    bool reverse;
    bool read_protect;
    bool secure_boot_v1;
} purposes[] = {
    {"flash_encryption", 1, true, true, false},
    {"secure_boot_v1", 2, true, true, true},
    {"secure_boot", 2, true, true, true}, // espefuse 2.8
    {"secure_boot_v2", 2, false, false, false},
    {"BLK1", 1, true, true, false}, // espefuse 2.8
    {"BLK2", 2, true, true, true},
    {"BLK3", 3, true, true, false},
    {"BLOCK1", 1, false, false, false},
    {"BLOCK2", 2, false, false, false},
    {"BLOCK3", 3, false, false, false},
};

static const struct purpose *find_purpose(const char *name)
{
    for (size_t i = 0; i < sizeof purposes / sizeof purposes[0]; i++) {
        if (strcmp(name, purposes[i].name) == 0) {
            return &purposes[i];
        }
    }
    return NULL;
}

static int refuse_size(const char *path, const struct host_file *key,
                       const struct purpose *p, size_t want)
{
    if (key->size == 64 && p->secure_boot_v1) {
        return cli_error(
            path,
            "64 bytes: this is the public key (extract_public_key), "
            "which is no secret. The secure boot key is the output of "
            "`espsecure digest_private_key`, SHA-256 of the private "
            "key, %zu bytes",
            want);
    }
    if (key->size > 10 && memcmp(key->data, "-----BEGIN", 10) == 0) {
        return cli_error(path, "a PEM file; %s takes %zu raw bytes", p->name,
                         want);
    }
    return cli_error(path,
                     "Incorrect key file size %zu. Key file must be %zu "
                     "bytes (%zu bits) of raw binary key data",
                     key->size, want, want * 8);
}

static int check_key(const char *path, const struct host_file *key,
                     const struct purpose *p, size_t want)
{
    if (key->size != want) {
        return refuse_size(path, key, p, want);
    }
    if (fb_bytes_all(key->data, want, 0x00) ||
        fb_bytes_all(key->data, want, 0xFF)) {
        return cli_error(path, "all bytes are 0x%02x: this is no key",
                         key->data[0]);
    }
    return 0;
}

static int protect(struct session *s, const struct purpose *p, bool same)
{
    const struct fb_efuse_field *wr_dis = &fb_efuse_map[FB_EFUSE_WR_DIS];
    const struct fb_efuse_field *rd_dis = &fb_efuse_map[FB_EFUSE_RD_DIS];
    const enum fb_efuse_id ids[] = {0, FB_EFUSE_BLOCK1, FB_EFUSE_BLOCK2,
                                    FB_EFUSE_BLOCK3};
    const struct fb_efuse_field *block = &fb_efuse_map[ids[p->block]];
    (void)same;
    int status = session_queue_field(s, wr_dis, 1u << block->wr_dis);
    if (status == 0 && p->read_protect) {
        status = session_queue_field(s, rd_dis, 1u << block->rd_dis);
    }
    return status;
}

static int queue_key(const struct cli *cli, const struct purpose *p,
                     const char *path, const struct host_file *key)
{
    struct session *s = session_get();
    size_t want = session_block_bytes(s);
    uint8_t data[32];
    bool same = false;
    int status = check_key(path, key, p, want);
    if (status != 0) {
        return status;
    }
    if (p->reverse) {
        fb_bytes_reverse(data, key->data, want);
    } else {
        memcpy(data, key->data, want);
    }
    cli_print("%s: %s -> %s, %s, %s\n", p->name, path,
              session_block_name(p->block),
              p->reverse ? "bytes reversed" : "bytes in file order",
              cli_flag(cli, "no-protect-key") ? "not protected"
              : p->read_protect               ? "read- and write-protected"
                                : "write-protected, stays readable");
    status = session_queue_block(s, p->block, data,
                                 cli_flag(cli, "force-write-always"), &same);
    fb_bytes_wipe(data, sizeof data);
    if (status == 0 && !cli_flag(cli, "no-protect-key")) {
        status = protect(s, p, same);
    }
    return status;
}

static int burn_one(const struct cli *cli, const char *name, const char *path)
{
    const struct purpose *p = find_purpose(name);
    struct host_file key;
    if (p == NULL) {
        return cli_error(name, "not a key: flash_encryption, secure_boot_v1, "
                               "secure_boot_v2 or BLOCK1 to BLOCK3");
    }
    if (strncmp(name, "BLOCK", 5) == 0 && p->block < 3) {
        cli_warning(name,
                    "burned in file order and left readable; the chip "
                    "uses it as a key only under the name %s",
                    p->block == 1 ? "flash_encryption" : "secure_boot_v1");
    }
    int error = host_file_read_secret(path, 4096, &key);
    if (error != 0) {
        return cli_error(path, "%s", strerror(error));
    }
    int status = queue_key(cli, p, path, &key);
    host_file_free(&key);
    return status;
}

static int run(const struct cli *cli)
{
    if (cli_args(cli) % 2 != 0) {
        return cli_error(cli_arg(cli, cli_args(cli) - 1),
                         "names and key files come in pairs");
    }
    for (unsigned i = 0; i < cli_args(cli); i += 2) {
        int status = burn_one(cli, cli_arg(cli, i), cli_arg(cli, i + 1));
        if (status != 0) {
            return status;
        }
    }
    return 0;
}

static const struct cli_option options[] = {
    {.name = "no-protect-key",
     .kind = CLI_FLAG,
     .help = "leave the key readable and writeable (for experiments)"},
    {.name = "force-write-always",
     .kind = CLI_FLAG,
     .help = "burn over a block that is not empty"},
    {.name = "show-sensitive-info",
     .kind = CLI_FLAG,
     .help = "accepted for scripts; keys are never shown"},
    {.name = NULL}};

const struct cli_command command_burn_key = {
    .name = "burn-key",
    .arguments = "NAME KEYFILE ...",
    .min_args = 2,
    .max_args = UINT_MAX,
    .options = options,
    .help = "burn keys: flash_encryption, secure_boot_v1, secure_boot_v2",
    .details =
        "flash_encryption and secure_boot_v1 (also secure_boot) are burned\n"
        "byte-reversed and become read- and write-protected. secure_boot_v2\n"
        "keeps its order and stays readable, as the ROM needs.\n"
        "The key is read back and compared before it is protected.",
    .run = run,
};
