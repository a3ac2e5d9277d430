// SPDX-License-Identifier: Apache-2.0
//
// fusebox monitor: the console of a board on any port.

#define _DEFAULT_SOURCE // cfmakeraw()

#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "host/port.h"
#include "tools/fusebox/commands.h"
#include "tools/fusebox/repl.h"

#define ESCAPE  0x1D // Ctrl-]
#define READ_MS 10

static bool raw_terminal(struct termios *saved)
{
    struct termios raw;
    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, saved) != 0) {
        return false;
    }
    raw = *saved;
    cfmakeraw(&raw);
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    (void)fprintf(stderr, "Ctrl-] ends the monitor.\r\n");
    return true;
}

// What is typed: 1 to go on, 0 at the end, negative when the port is gone.
static int pass_keys(struct host_port *port)
{
    uint8_t keys[64];
    struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
    if (poll(&p, 1, 0) <= 0) {
        return 1;
    }
    ssize_t n = read(STDIN_FILENO, keys, sizeof keys);
    if (n <= 0) {
        return 0;
    }
    const uint8_t *end = memchr(keys, ESCAPE, (size_t)n);
    size_t typed = end == NULL ? (size_t)n : (size_t)(end - keys);
    if (host_port_write(port, keys, typed) != 0) {
        return -1;
    }
    return end == NULL;
}

static int talk(struct host_port *port)
{
    int going = 1;
    while (going > 0) {
        uint8_t bytes[256];
        int n = host_port_read(port, bytes, sizeof bytes, READ_MS);
        if (n > 0) {
            (void)fwrite(bytes, 1, (size_t)n, stdout);
            (void)fflush(stdout);
        }
        going = n < 0 ? -1 : pass_keys(port);
    }
    return going;
}

static int run(const struct cli *cli)
{
    const char *name = cli_string(cli, "port");
    char why[256];
    struct host_port *port;
    struct termios saved;
    if (host_port_open(name, &port, why) != 0) {
        return cli_error(name, "%s", why);
    }
    bool raw = raw_terminal(&saved);
    int result = talk(port);
    if (raw) {
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &saved);
    }
    host_port_close(port);
    return result < 0 ? cli_error(name, "the board went away") : 0;
}

static const struct cli_option options[] = {REPL_OPTION_PORT, {.name = NULL}};

const struct cli_command command_monitor = {
    .name = "monitor",
    .arguments = "",
    .min_args = 0,
    .max_args = 0,
    .options = options,
    .help = "show what a board says and send what you type; Ctrl-] ends it",
    .run = run,
};
