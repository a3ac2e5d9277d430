// SPDX-License-Identifier: Apache-2.0
//
// boot_info in flash: the first bytes of the otadata partition.

#ifndef FIRMWARE_BOOT_STORE_H
#define FIRMWARE_BOOT_STORE_H

#include <stdbool.h>

#include "lib/fb/boot_info.h"
#include "lib/fb/partition_table.h"

// False when there is no valid record. otadata may be NULL.
bool store_read(const struct fb_partition *otadata, struct fb_boot_info *info);

// Erase the sector and write the record; encrypted: through the encryptor, 64
// bytes filled up with 0xFF. A failure is told and otherwise harmless: an
// invalid record means the factory image. otadata may be NULL.
void store_write(const struct fb_partition *otadata, bool encrypted,
                 const struct fb_boot_info *info);

#endif
