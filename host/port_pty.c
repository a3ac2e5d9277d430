// SPDX-License-Identifier: Apache-2.0
//
// The slave side of a pseudo terminal: bytes, no rate, no modem lines.

#define _DEFAULT_SOURCE // flock()

#include "host/port_kinds.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <termios.h>
#include <unistd.h>

static int fd_of(void *ctx)
{
    return (int)(intptr_t)ctx;
}

static int pty_read(void *ctx, uint8_t *p, size_t n, unsigned timeout_ms)
{
    return host_port_fd_read(fd_of(ctx), p, n, timeout_ms);
}

static int pty_write(void *ctx, const uint8_t *p, size_t n)
{
    return host_port_fd_write(fd_of(ctx), p, n);
}

static void pty_flush_input(void *ctx)
{
    tcflush(fd_of(ctx), TCIFLUSH);
}

static void pty_close(void *ctx)
{
    close(fd_of(ctx));
}

static const struct host_port_kind pty = {
    .read = pty_read,
    .write = pty_write,
    .flush_input = pty_flush_input,
    .close = pty_close,
    .instant = true,
};

// Bytes as they are: no echo, no line editing, no translation.
static bool make_raw(int fd)
{
    struct termios t;
    if (tcgetattr(fd, &t) != 0) {
        return false;
    }
    t.c_iflag = IGNBRK;
    t.c_oflag = 0;
    t.c_lflag = 0;
    t.c_cflag &= ~(tcflag_t)(CSIZE | PARENB | CSTOPB);
    t.c_cflag |= CS8 | CREAD | CLOCAL;
    t.c_cc[VMIN] = 1;
    t.c_cc[VTIME] = 0;
    return tcsetattr(fd, TCSANOW, &t) == 0;
}

int host_port_open_pty(const char *name, struct host_port **port, char why[256])
{
    int fd = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        host_port_why(why, errno == EIO ? "nobody is at its other end"
                                        : strerror(errno));
        return HOST_PORT_E_OPEN;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        host_port_why(why, "busy: another program has it open");
    } else if (!make_raw(fd)) {
        host_port_why(why, strerror(errno));
    } else {
        *port = host_port_new(name, &pty, (void *)(intptr_t)fd);
        if (*port) {
            return HOST_PORT_OK;
        }
        host_port_why(why, strerror(ENOMEM));
    }
    close(fd);
    return HOST_PORT_E_OPEN;
}
