// SPDX-License-Identifier: Apache-2.0
//
// fusebox get: copy a file from a board's file system.

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "host/file.h"
#include "tools/fusebox/commands.h"
#include "tools/fusebox/remote.h"

// Decode the lines of base64 in place. The bytes, or -1.
static long decode(char *text)
{
    unsigned char *out = (unsigned char *)text;
    long n = 0;
    for (char *line = strtok(text, "\n"); line != NULL;
         line = strtok(NULL, "\n")) {
        size_t len = strlen(line);
        int bytes =
            len % 4 != 0
                ? -1
                : EVP_DecodeBlock(out + n, (unsigned char *)line, (int)len);
        if (bytes < 0 || len == 0) {
            return -1;
        }
        n += bytes - (line[len - 1] == '=') - (line[len - 2] == '=');
    }
    return n;
}

static int receive(struct repl *r, const char *quoted, const char *path)
{
    int status = remote_run(r,
                            "import sys\n"
                            "from binascii import b2a_base64\n"
                            "with open(%s, 'rb') as f:\n"
                            "    while True:\n"
                            "        b = f.read(768)\n"
                            "        if not b: break\n"
                            "        sys.stdout.write(b2a_base64(b))\n",
                            quoted);
    if (status != 0) {
        return status;
    }
    long n = decode(r->output);
    if (n < 0) {
        return cli_error(host_port_name(r->port),
                         "what the board sent is not base64");
    }
    int error = host_file_write(path, r->output, (size_t)n, HOST_FILE_PUBLIC);
    return error == 0 ? 0 : cli_error(path, "%s", strerror(error));
}

static int run(const struct cli *cli)
{
    struct repl r;
    const char *name = cli_arg(cli, 0);
    const char *slash = strrchr(name, '/');
    const char *path = cli_args(cli) > 1 ? cli_arg(cli, 1)
                       : slash != NULL   ? slash + 1
                                         : name;
    char *quoted = malloc(REMOTE_QUOTED(strlen(name)));
    int status = quoted == NULL ? cli_error(NULL, "out of memory")
                                : repl_open(&r, cli_string(cli, "port"));
    if (status == 0) {
        remote_quote(name, quoted);
        status = receive(&r, quoted, path);
        repl_close(&r);
    }
    free(quoted);
    return status;
}

static const struct cli_option options[] = {REPL_OPTION_PORT, {.name = NULL}};

const struct cli_command command_get = {
    .name = "get",
    .arguments = "NAME [FILE]",
    .min_args = 1,
    .max_args = 2,
    .options = options,
    .help = "copy a file from a board's file system",
    .details = "FILE is where it goes, by default NAME's last part; - is\n"
               "standard output.",
    .run = run,
};
