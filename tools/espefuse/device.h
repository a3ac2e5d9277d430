// SPDX-License-Identifier: Apache-2.0
//
// Where the eFuses are: in a chip behind a port, or in a file (--virt). Both
// answer what the controller answers: shadows on reading, no error when a
// frozen bit is programmed.

#ifndef TOOLS_ESPEFUSE_DEVICE_H
#define TOOLS_ESPEFUSE_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/fb/efuse.h"
#include "tools/cli/cli.h"

struct device;

struct device_ops {
    // Refresh and fetch the shadows and DEC_STATUS.
    int (*read)(struct device *d, struct fb_efuse_words *shadow,
                uint32_t *dec_status);
    // One program command with these (already encoded) words.
    int (*program)(struct device *d, const struct fb_efuse_words *data);
    void (*close)(struct device *d);
};

struct device {
    const struct device_ops *ops;
    const char *name;     // port or file, for messages
    uint32_t syscon_date; // bit 31 is part of the chip revision
    struct device_private *priv;
};

// Each prints its own error and returns an exit status. The port's options
// come from the tool's table: port, baud, before, connect-attempts.
int device_open_port(struct device *d, const struct cli *cli);
// The file is 288 bytes as the reference tool writes it (register window,
// highest address first), or 124 bytes as QEMU reads it. NULL: blank fuses
// that vanish with the process. A file that does not exist is created.
int device_open_file(struct device *d, const char *path);

#endif
