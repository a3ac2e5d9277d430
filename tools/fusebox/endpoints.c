// SPDX-License-Identifier: Apache-2.0

#define _DEFAULT_SOURCE     // cfmakeraw()
#define _XOPEN_SOURCE   700 // posix_openpt()

#include "tools/fusebox/endpoints.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "host/file.h"
#include "tools/cli/cli.h"

// --- clients ---

bool client_has_uart(const struct client *c)
{
    return c->kind != CLIENT_CONTROL && c->kind != CLIENT_GDB;
}

void client_drop(struct client *c)
{
    if (c->fd >= 0) {
        (void)close(c->fd);
    }
    c->fd = -1;
    c->out_len = 0;
}

void client_flush(struct client *c)
{
    while (c->fd >= 0 && c->out_len > 0) {
        ssize_t n = write(c->fd, c->out, c->out_len);
        if (n > 0) {
            c->out_len -= (size_t)n;
            memmove(c->out, c->out + n, c->out_len);
        } else if (n < 0 && errno == EINTR) {
            continue;
        } else if (n < 0 && errno == EAGAIN) {
            return;
        } else {
            // Nobody reads any more. What such a client sent before it left is
            // still to be read; that read finds its end.
            c->out_len = 0;
        }
    }
}

void client_queue(struct client *c, const uint8_t *p, size_t n)
{
    if (c->fd < 0) {
        return;
    }
    if (n > sizeof c->out - c->out_len) {
        client_flush(c);
    }
    if (n > sizeof c->out - c->out_len) {
        n = sizeof c->out - c->out_len; // cannot be kept for this reader
    }
    memcpy(c->out + c->out_len, p, n);
    c->out_len += n;
}

void endpoints_send_uart(struct endpoints *e, uint8_t byte)
{
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        struct client *c = &e->client[i];
        if (c->kind == CLIENT_RFC2217) {
            uint8_t coded[2];
            client_queue(c, coded, rfc2217_encode(coded, &byte, 1));
        } else if (client_has_uart(c)) {
            client_queue(c, &byte, 1);
        }
    }
}

bool endpoints_lag(const struct endpoints *e)
{
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        if (e->client[i].fd >= 0 && e->client[i].out_len > BACKLOG_PAUSE) {
            return true;
        }
    }
    return false;
}

// --- where they come from ---

static int set_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

struct client *endpoints_accept(struct endpoints *e, enum listener which)
{
    static const enum client_kind kinds[LISTENERS] = {
        [LISTEN_RAW] = CLIENT_RAW,         [LISTEN_RFC2217] = CLIENT_RFC2217,
        [LISTEN_GDB] = CLIENT_GDB,         [LISTEN_UNIX] = CLIENT_RFC2217,
        [LISTEN_CONTROL] = CLIENT_CONTROL,
    };
    struct client *c = NULL;
    int one = 1;
    int fd = accept(e->listen[which], NULL, NULL);
    if (fd < 0) {
        return NULL;
    }
    for (size_t i = 1; i < CLIENTS_MAX && c == NULL; i++) {
        c = e->client[i].fd < 0 ? &e->client[i] : NULL;
    }
    if (c == NULL || set_nonblocking(fd) != 0) {
        (void)close(fd);
        return NULL;
    }
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    c->fd = fd;
    c->kind = kinds[which];
    c->line = (struct line){0};
    c->out_len = 0;
    c->command_len = 0;
    rfc2217_init(&c->telnet);
    return c;
}

static int listen_tcp(struct endpoints *e, enum listener which, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
        bind(fd, (struct sockaddr *)&address, size) != 0 ||
        listen(fd, 4) != 0 || set_nonblocking(fd) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        int error = errno;
        if (fd >= 0) {
            (void)close(fd);
        }
        return cli_error(NULL, "TCP port %u: %s", port, strerror(error));
    }
    e->listen[which] = fd;
    e->port[which] = ntohs(address.sin_port);
    return 0;
}

static int listen_unix(struct endpoints *e, enum listener which,
                       const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char path[BOARD_PATH_MAX];
    board_path(e->dir, name, path);
    if (strlen(path) >= sizeof address.sun_path) {
        return cli_error(path, "path is too long for a socket");
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    (void)unlink(path); // a stale one: the folder's lock is ours
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(fd, 4) != 0 || set_nonblocking(fd) != 0) {
        int error = errno;
        if (fd >= 0) {
            (void)close(fd);
        }
        return cli_error(path, "%s", strerror(error));
    }
    e->listen[which] = fd;
    return 0;
}

// The slave is opened once to set it raw, and closed: from then on a hang-up
// on the master says that nobody has it open.
static int open_pty(struct endpoints *e)
{
    char link[BOARD_PATH_MAX];
    board_path(e->dir, "uart", link);
    struct termios raw;
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    const char *name = NULL;
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0 ||
        (name = ptsname(master)) == NULL) {
        return cli_error(link, "no pty: %s", strerror(errno));
    }
    (void)snprintf(e->pty, sizeof e->pty, "%s", name);
    int slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0 || tcgetattr(slave, &raw) != 0) {
        return cli_error(name, "%s", strerror(errno));
    }
    cfmakeraw(&raw);
    (void)cfsetspeed(&raw, B115200);
    (void)tcsetattr(slave, TCSANOW, &raw);
    (void)close(slave);
    (void)unlink(link);
    if (symlink(name, link) != 0 || set_nonblocking(master) != 0) {
        return cli_error(link, "%s", strerror(errno));
    }
    e->client[0].fd = master;
    e->client[0].kind = CLIENT_PTY;
    return 0;
}

static int write_run_file(struct endpoints *e)
{
    char path[BOARD_PATH_MAX];
    char text[300];
    int n = snprintf(
        text, sizeof text, "pid = %ld\npty = %s\nsocket = %u\nrfc2217 = %u\n",
        (long)getpid(), e->pty, e->port[LISTEN_RAW], e->port[LISTEN_RFC2217]);
    if (e->listen[LISTEN_GDB] >= 0) {
        n += snprintf(text + n, sizeof text - (size_t)n, "gdb = %u\n",
                      e->port[LISTEN_GDB]);
    }
    int error = host_file_write(board_path(e->dir, "board.run", path), text,
                                (size_t)n, HOST_FILE_PUBLIC);
    e->has_run_file = error == 0;
    return error == 0 ? 0 : cli_error(path, "%s", strerror(error));
}

void endpoints_init(struct endpoints *e, const char *dir)
{
    *e = (struct endpoints){.dir = dir};
    for (size_t i = 0; i < LISTENERS; i++) {
        e->listen[i] = -1;
    }
}

static int make_clients(struct endpoints *e)
{
    e->client = calloc(CLIENTS_MAX, sizeof *e->client);
    if (e->client == NULL) {
        return cli_error(NULL, "out of memory");
    }
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        e->client[i].fd = -1;
    }
    return 0;
}

int endpoints_open(struct endpoints *e, const struct server_options *options)
{
    int status = make_clients(e);
    if (status == 0) {
        status = open_pty(e);
    }
    if (status == 0) {
        status = listen_tcp(e, LISTEN_RAW, options->socket_port);
    }
    if (status == 0) {
        status = listen_tcp(e, LISTEN_RFC2217, options->rfc2217_port);
    }
    if (status == 0 && options->gdb) {
        status = listen_tcp(e, LISTEN_GDB, options->gdb_port);
    }
    if (status == 0) {
        status = listen_unix(e, LISTEN_UNIX, "uart.sock");
    }
    if (status == 0) {
        status = listen_unix(e, LISTEN_CONTROL, "control");
    }
    return status != 0 ? status : write_run_file(e);
}

void endpoints_close(struct endpoints *e)
{
    static const char *const names[] = {"uart", "uart.sock", "control"};
    char path[BOARD_PATH_MAX];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)unlink(board_path(e->dir, names[i], path));
    }
    for (size_t i = 0; i < CLIENTS_MAX && e->client != NULL; i++) {
        client_flush(&e->client[i]);
        client_drop(&e->client[i]);
    }
    free(e->client);
    e->client = NULL;
    for (size_t i = 0; i < LISTENERS; i++) {
        if (e->listen[i] >= 0) {
            (void)close(e->listen[i]);
            e->listen[i] = -1;
        }
    }
}
