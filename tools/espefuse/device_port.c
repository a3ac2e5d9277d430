// SPDX-License-Identifier: Apache-2.0
//
// The eFuses of a chip behind a port (host/loader_efuse.h).

#include <stdlib.h>
#include <string.h>

#include "host/loader_efuse.h"
#include "host/port.h"
#include "tools/espefuse/device.h"

struct device_private {
    struct host_port *port;
    struct host_loader loader;
    enum host_reset_after after;
};

static int lost(struct device *d)
{
    return cli_error(d->name, "%s", d->priv->loader.why);
}

static int port_read(struct device *d, struct fb_efuse_words *shadow,
                     uint32_t *dec_status)
{
    return host_loader_efuse_read(&d->priv->loader, shadow, dec_status) == 0
               ? 0
               : lost(d);
}

static int port_program(struct device *d, const struct fb_efuse_words *data)
{
    return host_loader_efuse_program(&d->priv->loader, data) == 0 ? 0 : lost(d);
}

static void port_close(struct device *d)
{
    (void)host_loader_reset(&d->priv->loader, d->priv->after);
    host_loader_free(&d->priv->loader);
    host_port_close(d->priv->port);
    free(d->priv);
    d->priv = NULL;
}

static enum host_reset_before before_of(const char *name)
{
    if (name[0] == 'n') {
        return name[sizeof "no-reset" - 1] == '\0' ? HOST_BEFORE_NONE
                                                   : HOST_BEFORE_NO_SYNC;
    }
    return HOST_BEFORE_DEFAULT;
}

// A watchdog reset is what a hard reset is on a line without RTS.
static enum host_reset_after after_of(const char *name)
{
    if (strcmp(name, "hard-reset") == 0 ||
        strcmp(name, "watchdog-reset") == 0) {
        return HOST_AFTER_HARD;
    }
    return strcmp(name, "soft-reset") == 0 ? HOST_AFTER_SOFT : HOST_AFTER_NONE;
}

int device_open_port(struct device *d, const struct cli *cli)
{
    static const struct device_ops ops = {port_read, port_program, port_close};
    char why[256];
    *d = (struct device){.ops = &ops,
                         .name = cli_string(cli, "port"),
                         .priv = calloc(1, sizeof *d->priv)};
    if (d->priv == NULL) {
        return cli_error(NULL, "out of memory");
    }
    if (host_port_open(d->name, &d->priv->port, why) != 0) {
        free(d->priv);
        return cli_error(d->name,
                         "Could not open %s, the port is busy or doesn't exist "
                         "(%s)",
                         d->name, why);
    }
    if (host_loader_init(&d->priv->loader, d->priv->port) != 0) {
        host_port_close(d->priv->port);
        free(d->priv);
        return cli_error(NULL, "out of memory");
    }
    d->priv->after = HOST_AFTER_NONE; // unless all goes well
    d->priv->loader.trace = cli_flag(cli, "debug");
    int status = host_loader_connect(&d->priv->loader,
                                     before_of(cli_string(cli, "before"))) == 0
                     ? 0
                     : lost(d);
    if (status == 0) {
        status = host_loader_syscon_date(&d->priv->loader, &d->syscon_date) == 0
                     ? 0
                     : lost(d);
    }
    if (status != 0) {
        port_close(d);
        return status;
    }
    d->priv->after = after_of(cli_string(cli, "after"));
    return 0;
}
