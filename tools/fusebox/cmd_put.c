// SPDX-License-Identifier: Apache-2.0
//
// fusebox put: copy a file to a board's file system.

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "host/file.h"
#include "tools/fusebox/commands.h"
#include "tools/fusebox/remote.h"

#define CHUNK    1536u // bytes in one piece of code, a multiple of 3
#define FILE_MAX 0x1000000u

// Written beside and renamed, so that a broken line leaves the file before.
static int send(struct repl *r, const struct host_file *file,
                const char *quoted)
{
    char base64[2 * CHUNK];
    int status = remote_run(r,
                            "import os\n"
                            "from binascii import a2b_base64 as d\n"
                            "n = %s\n"
                            "f = open(n + '.part', 'wb')\n"
                            "w = f.write",
                            quoted);
    for (size_t done = 0; status == 0 && done < file->size; done += CHUNK) {
        size_t n = file->size - done < CHUNK ? file->size - done : CHUNK;
        (void)EVP_EncodeBlock((unsigned char *)base64, file->data + done,
                              (int)n);
        status = remote_run(r, "w(d('%s'))", base64);
    }
    return status != 0 ? status
                       : remote_run(r, "f.close(); os.rename(n + '.part', n)");
}

static int run(const struct cli *cli)
{
    struct host_file file;
    struct repl r;
    const char *path = cli_arg(cli, 0);
    const char *name = cli_args(cli) > 1 ? cli_arg(cli, 1) : strrchr(path, '/');
    int error = host_file_read(path, FILE_MAX, &file);
    if (error != 0) {
        return cli_error(path, "%s", strerror(error));
    }
    name = name == NULL ? path : cli_args(cli) > 1 ? name : name + 1;
    char *quoted = malloc(REMOTE_QUOTED(strlen(name)));
    int status = quoted == NULL ? cli_error(NULL, "out of memory")
                                : repl_open(&r, cli_string(cli, "port"));
    if (status == 0) {
        remote_quote(name, quoted);
        status = send(&r, &file, quoted);
        repl_close(&r);
    }
    free(quoted);
    host_file_free(&file);
    return status;
}

static const struct cli_option options[] = {REPL_OPTION_PORT, {.name = NULL}};

const struct cli_command command_put = {
    .name = "put",
    .arguments = "FILE [NAME]",
    .min_args = 1,
    .max_args = 2,
    .options = options,
    .help = "copy a file to a board's file system",
    .details = "NAME is where it goes: a path on the board, by default the\n"
               "file's own name in the current folder, /flash.",
    .run = run,
};
