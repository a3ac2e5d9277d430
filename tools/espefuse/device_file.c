// SPDX-License-Identifier: Apache-2.0
//
// --virt: fuses in a file. Rules are lib's, so this device behaves as a chip
// without a serial line in between.

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/efuse_file.h"
#include "lib/fb/bytes.h"
#include "tools/espefuse/device.h"

struct device_private {
    struct fb_efuse_words fuses;
    const char *path;
    enum host_efuse_format format;
};

static int store(const struct device_private *v)
{
    if (v->path == NULL) {
        return 0;
    }
    int error = host_efuse_file_store(v->path, &v->fuses, v->format);
    return error == 0 ? 0 : cli_error(v->path, "%s", strerror(error));
}

static int load(struct device_private *v)
{
    int error = host_efuse_file_load(v->path, &v->fuses, &v->format);
    if (error == ENOENT) {
        return store(v); // a blank chip
    }
    if (error < 0) {
        return cli_error(v->path,
                         "not an eFuse file: those have %u bytes, or %u for "
                         "QEMU",
                         HOST_EFUSE_WINDOW_BYTES, HOST_EFUSE_QEMU_BYTES);
    }
    return error == 0 ? 0 : cli_error(v->path, "%s", strerror(error));
}

static int file_read(struct device *d, struct fb_efuse_words *shadow,
                     uint32_t *dec_status)
{
    fb_efuse_read(&d->priv->fuses, shadow, dec_status);
    return 0;
}

static int file_program(struct device *d, const struct fb_efuse_words *data)
{
    fb_efuse_program(&d->priv->fuses, data);
    return store(d->priv);
}

static void file_close(struct device *d)
{
    fb_bytes_wipe(d->priv, sizeof *d->priv);
    free(d->priv);
    d->priv = NULL;
}

int device_open_file(struct device *d, const char *path)
{
    static const struct device_ops ops = {file_read, file_program, file_close};
    *d = (struct device){.ops = &ops,
                         .name = path == NULL ? "virtual eFuses" : path,
                         .priv = calloc(1, sizeof *d->priv)};
    if (d->priv == NULL) {
        return cli_error(NULL, "out of memory");
    }
    d->priv->path = path;
    int status = path == NULL ? 0 : load(d->priv);
    if (status != 0) {
        file_close(d);
    }
    return status;
}
