// SPDX-License-Identifier: Apache-2.0

#define _XOPEN_SOURCE 700 // realpath()

#include "host/port_kinds.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct host_port {
    const struct host_port_kind *kind;
    void *ctx;
    char *name;
};

void host_port_why(char why[256], const char *text)
{
    snprintf(why, 256, "%s", text);
}

struct host_port *host_port_new(const char *name,
                                const struct host_port_kind *kind, void *ctx)
{
    struct host_port *port = malloc(sizeof *port);
    if (!port) {
        return NULL;
    }
    *port = (struct host_port){.kind = kind, .ctx = ctx, .name = strdup(name)};
    if (!port->name) {
        free(port);
        return NULL;
    }
    return port;
}

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

// Ptys live in /dev/pts on Linux and the BSDs, or are /dev/ttys* on macOS.
// The name may be a symlink.
static bool is_pty(const char *name)
{
    char *path = realpath(name, NULL);
    bool pty = path && (starts_with(path, "/dev/pts/") ||
                        starts_with(path, "/dev/ttys"));
    free(path);
    return pty;
}

int host_port_open(const char *name, struct host_port **port, char why[256])
{
    assert(name && port && why);
    if (starts_with(name, "socket://")) {
        return host_port_open_socket(name, port, why);
    }
    if (starts_with(name, "rfc2217://")) {
        return host_port_open_rfc2217(name, port, why);
    }
    if (starts_with(name, "board:")) {
        return host_port_open_board(name, port, why);
    }
    if (is_pty(name)) {
        return host_port_open_pty(name, port, why);
    }
    return host_port_open_tty(name, port, why);
}

void host_port_close(struct host_port *port)
{
    if (port) {
        port->kind->close(port->ctx);
        free(port->name);
        free(port);
    }
}

int host_port_read(struct host_port *port, uint8_t *p, size_t n,
                   unsigned timeout_ms)
{
    assert(n != 0 && n <= INT_MAX);
    return port->kind->read(port->ctx, p, n, timeout_ms);
}

int host_port_write(struct host_port *port, const uint8_t *p, size_t n)
{
    return port->kind->write(port->ctx, p, n);
}

void host_port_flush_input(struct host_port *port)
{
    port->kind->flush_input(port->ctx);
}

int host_port_set_baud(struct host_port *port, uint32_t baud)
{
    return port->kind->set_baud ? port->kind->set_baud(port->ctx, baud)
                                : HOST_PORT_OK;
}

bool host_port_has_rate(const struct host_port *port)
{
    return host_port_sets_rate(port) && !port->kind->instant;
}

bool host_port_sets_rate(const struct host_port *port)
{
    return port->kind->set_baud != NULL;
}

bool host_port_has_lines(const struct host_port *port)
{
    return port->kind->set_lines != NULL;
}

int host_port_set_lines(struct host_port *port, bool dtr, bool rts)
{
    return port->kind->set_lines ? port->kind->set_lines(port->ctx, dtr, rts)
                                 : HOST_PORT_E_NO_LINES;
}

const char *host_port_name(const struct host_port *port)
{
    return port->name;
}

uint64_t host_port_now_ms(const struct host_port *port)
{
    if (port->kind->now_ms) {
        return port->kind->now_ms(port->ctx);
    }
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void host_port_sleep(struct host_port *port, unsigned ms)
{
    if (port->kind->sleep) {
        port->kind->sleep(port->ctx, ms);
        return;
    }
    struct timespec left = {.tv_sec = ms / 1000,
                            .tv_nsec = (long)(ms % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

void host_port_settle(struct host_port *port, unsigned ms)
{
    if (!port->kind->instant) {
        host_port_sleep(port, ms);
    }
}

int host_port_fd_read(int fd, uint8_t *p, size_t n, unsigned timeout_ms)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    int limit = timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms;
    for (;;) {
        int ready = poll(&wait, 1, limit);
        if (ready == 0) {
            return 0;
        }
        if (ready < 0 && errno != EINTR) {
            return HOST_PORT_E_LOST;
        }
        if (ready < 0) {
            continue;
        }
        ssize_t got = read(fd, p, n);
        if (got > 0) {
            return (int)got;
        }
        if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
            return HOST_PORT_E_LOST;
        }
    }
}

// A peer that takes nothing for this long is as good as gone.
static unsigned write_limit_ms = 10000;

void host_port_set_write_limit(unsigned ms)
{
    write_limit_ms = ms;
}

unsigned host_port_write_limit(void)
{
    return write_limit_ms;
}

int host_port_fd_write(int fd, const uint8_t *p, size_t n)
{
    while (n != 0) {
        ssize_t put = write(fd, p, n);
        if (put > 0) {
            p += put;
            n -= (size_t)put;
            continue;
        }
        if (put == 0 || (errno != EAGAIN && errno != EINTR)) {
            return HOST_PORT_E_LOST;
        }
        struct pollfd wait = {.fd = fd, .events = POLLOUT};
        if (poll(&wait, 1, (int)write_limit_ms) == 0) {
            return HOST_PORT_E_LOST;
        }
    }
    return HOST_PORT_OK;
}
