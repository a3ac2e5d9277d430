// SPDX-License-Identifier: Apache-2.0
//
// Everything the board says is in DIR/console.log, so nothing is lost between
// two commands of a script; only what is sent goes through the UART itself.

#define _DEFAULT_SOURCE // BSD calls: flock(), strsep(), cfmakeraw()

#include "tools/fusebox/console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "host/port.h"
#include "tools/fusebox/board.h"
#include "tools/fusebox/control.h"

#define TICK_MS  5
#define ESCAPE   0x1D // Ctrl-]
#define TAIL_MAX 4096u

struct tail {
    const char *dir;
    FILE *log;
    ino_t inode;
    char seen[2 * TAIL_MAX]; // the last bytes, for matching across reads
    size_t seen_len;
};

static int open_log(struct tail *t)
{
    char path[BOARD_PATH_MAX];
    struct stat info;
    t->log = fopen(board_path(t->dir, "console.log", path), "re");
    if (t->log == NULL || fstat(fileno(t->log), &info) != 0) {
        return cli_error(path, "%s", strerror(errno));
    }
    t->inode = info.st_ino;
    return 0;
}

// A reset truncates the log: begin again.
static void follow_truncation(struct tail *t)
{
    struct stat info;
    if (fstat(fileno(t->log), &info) == 0 && info.st_size < ftell(t->log)) {
        rewind(t->log);
    }
    clearerr(t->log);
}

// Copy what is new to stdout and remember its end. Returns the bytes copied.
static size_t copy_new(struct tail *t)
{
    char buffer[TAIL_MAX];
    follow_truncation(t);
    size_t n = fread(buffer, 1, sizeof buffer, t->log);
    if (n == 0) {
        return 0;
    }
    (void)fwrite(buffer, 1, n, stdout);
    (void)fflush(stdout);
    if (t->seen_len > TAIL_MAX) {
        size_t drop = t->seen_len - TAIL_MAX;
        memmove(t->seen, t->seen + drop, TAIL_MAX);
        t->seen_len = TAIL_MAX;
    }
    memcpy(t->seen + t->seen_len, buffer, n);
    t->seen_len += n;
    return n;
}

static bool has_said(const struct tail *t, const char *text)
{
    size_t n = strlen(text);
    for (size_t i = 0; i + n <= t->seen_len; i++) {
        if (memcmp(t->seen + i, text, n) == 0) {
            return true;
        }
    }
    return false;
}

static int wait_for(struct tail *t, const char *text, uint64_t seconds)
{
    struct timespec tick = {.tv_nsec = TICK_MS * 1000000L};
    for (uint64_t left = seconds * 1000 / TICK_MS; left > 0;) {
        size_t n = copy_new(t);
        if (has_said(t, text)) {
            return 0;
        }
        if (n == 0) {
            (void)nanosleep(&tick, NULL);
            left--;
        }
    }
    (void)fputc('\n', stdout);
    return cli_error(t->dir, "the board did not say `%s` in time", text);
}

static int send_line(const char *dir, const char *line)
{
    char name[BOARD_PATH_MAX + 8];
    char why[256];
    struct host_port *port;
    (void)snprintf(name, sizeof name, "board:%s", dir);
    if (host_port_open(name, &port, why) != 0) {
        return cli_error(name, "%s", why);
    }
    size_t n = strlen(line);
    int status = host_port_write(port, (const uint8_t *)line, n);
    if (status == 0) {
        status = host_port_write(port, (const uint8_t *)"\r", 1);
    }
    if (status != 0) {
        status = cli_error(name, "the board went away");
    }
    host_port_close(port);
    return status;
}

static void raw_terminal(struct termios *saved)
{
    if (tcgetattr(STDIN_FILENO, saved) == 0) {
        struct termios raw = *saved;
        cfmakeraw(&raw);
        raw.c_oflag |= OPOST;
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    }
}

static int talk(struct tail *t)
{
    char name[BOARD_PATH_MAX + 8];
    char why[256];
    struct host_port *port;
    (void)snprintf(name, sizeof name, "board:%s", t->dir);
    if (host_port_open(name, &port, why) != 0) {
        return cli_error(name, "%s", why);
    }
    struct termios saved;
    bool terminal = isatty(STDIN_FILENO);
    if (terminal) {
        (void)fprintf(stderr, "Ctrl-] ends the console.\n");
        raw_terminal(&saved);
    }
    bool input = true;
    int status = 0;
    for (;;) {
        uint8_t keys[64];
        struct pollfd p = {.fd = input ? STDIN_FILENO : -1, .events = POLLIN};
        size_t copied = copy_new(t);
        if (poll(&p, 1, copied > 0 ? 0 : TICK_MS) <= 0) {
            continue;
        }
        ssize_t n = read(STDIN_FILENO, keys, sizeof keys);
        if (n <= 0 || memchr(keys, ESCAPE, (size_t)n) != NULL) {
            break;
        }
        if (host_port_write(port, keys, (size_t)n) != 0) {
            status = cli_error(name, "the board went away");
            break;
        }
    }
    if (terminal) {
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &saved);
    }
    host_port_close(port);
    return status;
}

int console_run(const struct cli *cli, const char *dir)
{
    const char *line = cli_string(cli, "send");
    const char *text = cli_string(cli, "expect");
    struct tail t = {.dir = dir};
    int status = control_send(dir, "ping");
    if (status == 0) {
        status = open_log(&t);
    }
    if (status == 0 && line != NULL) {
        (void)fseek(t.log, 0, SEEK_END); // the answer is what comes now
        status = send_line(dir, line);
    }
    if (status == 0 && text != NULL) {
        status = wait_for(&t, text, cli_uint(cli, "timeout"));
    } else if (status == 0 && line == NULL) {
        status = talk(&t);
    }
    if (t.log != NULL) {
        (void)fclose(t.log);
    }
    return status;
}
