// SPDX-License-Identifier: Apache-2.0
//
// dump: the registers of all blocks.

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "host/file.h"
#include "lib/fb/bytes.h"
#include "tools/espefuse/commands.h"
#include "tools/espefuse/session.h"

static const char *const uses[FB_EFUSE_BLOCKS] = {"", "flash_encryption",
                                                  "secure_boot_v1 s", ""};

// Words that hold data: fewer with coding scheme 3/4.
static unsigned data_words(const struct session *s, unsigned block)
{
    return block == 0 ? FB_EFUSE_BLOCK0_WORDS
                      : (unsigned)session_block_bytes(s) / 4;
}

static void print_blocks(const struct session *s)
{
    for (unsigned block = 0; block < FB_EFUSE_BLOCKS; block++) {
        unsigned words = data_words(s, block);
        cli_print("%-15s (%-16s) [%-2u] dump:", session_block_name(block),
                  uses[block], block);
        for (unsigned i = 0; i < words; i++) {
            cli_print(" %08" PRIx32, s->now.word[block][i]);
        }
        cli_print("\n");
    }
}

static size_t block_bytes(const struct session *s, unsigned block, uint8_t *out)
{
    for (unsigned i = 0; i < data_words(s, block); i++) {
        store32_le(out + (size_t)4 * i, s->now.word[block][i]);
    }
    return (size_t)4 * data_words(s, block);
}

static int write_file(const char *path, const uint8_t *p, size_t n)
{
    int error = host_file_write(path, p, n, HOST_FILE_PUBLIC);
    return error == 0 ? 0 : cli_error(path, "%s", strerror(error));
}

// name.bin -> name0.bin ... name3.bin
static int write_split(const struct session *s, const char *name)
{
    const char *dot = strrchr(name, '.');
    size_t stem = dot == NULL ? strlen(name) : (size_t)(dot - name);
    for (unsigned block = 0; block < FB_EFUSE_BLOCKS; block++) {
        char path[4096];
        uint8_t bytes[32];
        if (snprintf(path, sizeof path, "%.*s%u%s", (int)stem, name, block,
                     dot == NULL ? "" : dot) >= (int)sizeof path) {
            return cli_error(name, "path is too long");
        }
        cli_print("Dump eFuse block%u -> %s\n", block, path);
        int status = write_file(path, bytes, block_bytes(s, block, bytes));
        if (status != 0) {
            return status;
        }
    }
    return 0;
}

static int write_joint(const struct session *s, const char *name)
{
    uint8_t bytes[4 * 32];
    size_t n = 0;
    for (unsigned block = 0; block < FB_EFUSE_BLOCKS; block++) {
        n += block_bytes(s, block, bytes + n);
    }
    cli_print("Dump eFuse blocks -> %s\n", name);
    return write_file(name, bytes, n);
}

static int run(const struct cli *cli)
{
    struct session *s = session_get();
    const char *format = cli_string(cli, "format");
    const char *name = cli_string(cli, "file-name");
    int status = session_burn(s);
    if (status != 0) {
        return status;
    }
    if (strcmp(format, "default") == 0 && name == NULL) {
        print_blocks(s);
        return 0;
    }
    if (name == NULL) {
        return cli_error(NULL, "--format %s needs --file-name", format);
    }
    return strcmp(format, "joint") == 0 ? write_joint(s, name)
                                        : write_split(s, name);
}

static const struct cli_option options[] = {
    {.name = "format",
     .kind = CLI_CHOICE,
     .value = "FORMAT",
     .fallback = "default",
     .choices = "default|split|joint",
     .help = "registers as text, a file a block, or one file"},
    {.name = "file-name",
     .kind = CLI_STRING,
     .value = "FILE",
     .help = "where split and joint go"},
    {.name = NULL}};

const struct cli_command command_dump = {
    .name = "dump",
    .arguments = "",
    .options = options,
    .help = "show the eFuse registers in hexadecimal",
    .run = run,
};
