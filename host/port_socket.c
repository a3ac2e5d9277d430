// SPDX-License-Identifier: Apache-2.0
//
// A raw TCP connection that carries the serial line's bytes.

#include "host/port_kinds.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int fd_of(void *ctx)
{
    return (int)(intptr_t)ctx;
}

static int socket_read(void *ctx, uint8_t *p, size_t n, unsigned timeout_ms)
{
    return host_port_fd_read(fd_of(ctx), p, n, timeout_ms);
}

static int socket_write(void *ctx, const uint8_t *p, size_t n)
{
    return host_port_fd_write(fd_of(ctx), p, n);
}

static void socket_flush_input(void *ctx)
{
    uint8_t dropped[512];
    while (host_port_fd_read(fd_of(ctx), dropped, sizeof dropped, 0) > 0) {
    }
}

static void socket_close(void *ctx)
{
    close(fd_of(ctx));
}

static const struct host_port_kind raw_socket = {
    .read = socket_read,
    .write = socket_write,
    .flush_input = socket_flush_input,
    .close = socket_close,
    .instant = true,
};

// "HOST:PORT", "[::1]:PORT", anything from '/' or '?' on dropped.
static bool split(const char *text, char host[200], char service[16])
{
    size_t len = strcspn(text, "/?");
    const char *colon = NULL;
    for (size_t i = 0; i < len; i++) {
        colon = text[i] == ':' ? text + i : colon;
    }
    if (!colon || colon == text) {
        return false;
    }
    size_t host_len = (size_t)(colon - text);
    size_t service_len = len - host_len - 1;
    if (*text == '[' && colon[-1] == ']') {
        text++;
        host_len -= 2;
    }
    if (host_len >= 200 || service_len == 0 || service_len >= 16) {
        return false;
    }
    memcpy(host, text, host_len);
    host[host_len] = 0;
    memcpy(service, colon + 1, service_len);
    service[service_len] = 0;
    return true;
}

int host_port_connect(const char *host_and_port, char why[256])
{
    char host[200];
    char service[16];
    if (!split(host_and_port, host, service)) {
        host_port_why(why, "not HOST:PORT");
        return -1;
    }
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    int error = getaddrinfo(host, service, &hints, &list);
    if (error) {
        host_port_why(why, gai_strerror(error));
        return -1;
    }
    int fd = -1;
    int last = 0;
    for (struct addrinfo *a = list; a && fd < 0; a = a->ai_next) {
        fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
        if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
            last = errno;
            close(fd);
            fd = -1;
        } else if (fd < 0) {
            last = errno;
        }
    }
    freeaddrinfo(list);
    if (fd < 0) {
        host_port_why(why, strerror(last));
        return -1;
    }
    // Every packet waits for its answer: do not collect small ones.
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // A peer that went away is an error of write(), not the end of us.
    signal(SIGPIPE, SIG_IGN);
    return fd;
}

int host_port_open_socket(const char *name, struct host_port **port,
                          char why[256])
{
    int fd = host_port_connect(name + strlen("socket://"), why);
    if (fd < 0) {
        return HOST_PORT_E_OPEN;
    }
    *port = host_port_new(name, &raw_socket, (void *)(intptr_t)fd);
    if (!*port) {
        host_port_why(why, strerror(ENOMEM));
        close(fd);
        return HOST_PORT_E_OPEN;
    }
    return HOST_PORT_OK;
}
