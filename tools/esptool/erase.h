// SPDX-License-Identifier: Apache-2.0

#ifndef TOOLS_ESPTOOL_ERASE_H
#define TOOLS_ESPTOOL_ERASE_H

#include "tools/esptool/esptool.h"

// Refuse to erase a chip whose security fuses are on, unless forced. 0 or
// CLI_FAILURE, which is told.
int esptool_erase_allowed(const struct esptool *e, bool force);
// Erase whole sectors and say so.
int esptool_erase(struct esptool *e, uint32_t flash_off, uint32_t size);

#define ESPTOOL_OPT_ERASE_FORCE                                                \
    {                                                                          \
        .name = "force", .kind = CLI_FLAG,                                     \
        .help = "also when secure boot or flash encryption is on"              \
    }

#endif
