// SPDX-License-Identifier: Apache-2.0
//
// A serial port of the operating system, by libserialport.

#define _DEFAULT_SOURCE // TIOCMSET

#include "host/port_kinds.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <libserialport.h>

static int tty_read(void *ctx, uint8_t *p, size_t n, unsigned timeout_ms)
{
    // a timeout of 0 means for ever to libserialport
    enum sp_return got = timeout_ms
                             ? sp_blocking_read_next(ctx, p, n, timeout_ms)
                             : sp_nonblocking_read(ctx, p, n);
    if (got < 0) {
        return HOST_PORT_E_LOST;
    }
    // An unplugged adapter reads as an end of file; its lines are gone too.
    enum sp_signal lines;
    if (got == 0 && timeout_ms && sp_get_signals(ctx, &lines) != SP_OK) {
        return HOST_PORT_E_LOST;
    }
    return (int)got;
}

static int tty_write(void *ctx, const uint8_t *p, size_t n)
{
    enum sp_return put = sp_blocking_write(ctx, p, n, host_port_write_limit());
    return put >= 0 && (size_t)put == n ? HOST_PORT_OK : HOST_PORT_E_LOST;
}

static void tty_flush_input(void *ctx)
{
    sp_flush(ctx, SP_BUF_INPUT);
}

static int tty_set_baud(void *ctx, uint32_t baud)
{
    sp_drain(ctx);
    return sp_set_baudrate(ctx, (int)baud) == SP_OK ? HOST_PORT_OK
                                                    : HOST_PORT_E_BAUD;
}

#ifdef TIOCMSET
// Both lines in one step: the reset circuit sees no state in between.
static bool set_both(struct sp_port *port, bool dtr, bool rts)
{
    int fd;
    int bits;
    if (sp_get_port_handle(port, &fd) != SP_OK ||
        ioctl(fd, TIOCMGET, &bits) != 0) {
        return false;
    }
    bits = dtr ? bits | TIOCM_DTR : bits & ~TIOCM_DTR;
    bits = rts ? bits | TIOCM_RTS : bits & ~TIOCM_RTS;
    return ioctl(fd, TIOCMSET, &bits) == 0;
}
#else
static bool set_both(struct sp_port *port, bool dtr, bool rts)
{
    (void)port, (void)dtr, (void)rts;
    return false;
}
#endif

static int tty_set_lines(void *ctx, bool dtr, bool rts)
{
    if (set_both(ctx, dtr, rts) ||
        (sp_set_dtr(ctx, dtr ? SP_DTR_ON : SP_DTR_OFF) == SP_OK &&
         sp_set_rts(ctx, rts ? SP_RTS_ON : SP_RTS_OFF) == SP_OK)) {
        return HOST_PORT_OK;
    }
    return errno == ENOTTY || errno == EINVAL ? HOST_PORT_E_NO_LINES
                                              : HOST_PORT_E_LOST;
}

static void tty_close(void *ctx)
{
    sp_close(ctx);
    sp_free_port(ctx);
}

static const struct host_port_kind tty = {
    .read = tty_read,
    .write = tty_write,
    .flush_input = tty_flush_input,
    .set_baud = tty_set_baud,
    .set_lines = tty_set_lines,
    .close = tty_close,
};

static void explain(char why[256])
{
    int error = sp_last_error_code();
    if (error == EBUSY || error == EWOULDBLOCK) {
        host_port_why(why, "busy: another program has it open");
    } else {
        host_port_why(why, error ? strerror(error) : "not a serial port");
    }
}

static bool configure(struct sp_port *port)
{
    return sp_set_baudrate(port, 115200) == SP_OK &&
           sp_set_bits(port, 8) == SP_OK &&
           sp_set_parity(port, SP_PARITY_NONE) == SP_OK &&
           sp_set_stopbits(port, 1) == SP_OK &&
           sp_set_flowcontrol(port, SP_FLOWCONTROL_NONE) == SP_OK;
}

int host_port_open_tty(const char *name, struct host_port **port, char why[256])
{
    // libserialport looks ports up by the name of the device itself, not of a
    // symlink such as /dev/serial/by-id/...
    char *path = realpath(name, NULL);
    if (!path && strchr(name, '/')) {
        host_port_why(why, strerror(errno));
        return HOST_PORT_E_OPEN;
    }
    struct sp_port *sp = NULL;
    enum sp_return found = sp_get_port_by_name(path ? path : name, &sp);
    free(path);
    if (found != SP_OK) {
        host_port_why(why, found == SP_ERR_ARG ? "not a serial port"
                                               : strerror(errno));
        return HOST_PORT_E_OPEN;
    }
    if (sp_open(sp, SP_MODE_READ_WRITE) != SP_OK) {
        explain(why);
    } else if (!configure(sp)) {
        explain(why);
        sp_close(sp);
    } else {
        *port = host_port_new(name, &tty, sp);
        if (*port) {
            return HOST_PORT_OK;
        }
        host_port_why(why, strerror(ENOMEM));
        sp_close(sp);
    }
    sp_free_port(sp);
    return HOST_PORT_E_OPEN;
}

static bool matches(const struct host_port_filter *filter,
                    const struct sp_port *port)
{
    int vid = 0;
    int pid = 0;
    sp_get_port_usb_vid_pid(port, &vid, &pid);
    const char *serial = sp_get_port_usb_serial(port);
    return (!filter->vid || filter->vid == vid) &&
           (!filter->pid || filter->pid == pid) &&
           (!filter->name || strstr(sp_get_port_name(port), filter->name)) &&
           (!filter->serial || (serial && strstr(serial, filter->serial)));
}

void host_port_list(const struct host_port_filter *filter,
                    struct host_port_list *list)
{
    struct sp_port **all = NULL;
    *list = (struct host_port_list){0};
    if (sp_list_ports(&all) != SP_OK) {
        return;
    }
    unsigned n = 0;
    while (all[n]) {
        n++;
    }
    list->name = calloc(n + 1, sizeof(char *));
    for (unsigned i = 0; i < n && list->name; i++) {
        if (matches(filter, all[i])) {
            char *name = strdup(sp_get_port_name(all[i]));
            list->name[list->count] = name;
            list->count += name != NULL;
        }
    }
    sp_free_port_list(all);
}

void host_port_list_free(struct host_port_list *list)
{
    for (unsigned i = 0; i < list->count; i++) {
        free(list->name[i]);
    }
    free(list->name);
    *list = (struct host_port_list){0};
}
