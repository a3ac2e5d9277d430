// SPDX-License-Identifier: Apache-2.0
//
// The partition table that the bootloader has checked.

#ifndef FIRMWARE_APP_PARTITIONS_H
#define FIRMWARE_APP_PARTITIONS_H

#include <stdbool.h>

#include "lib/fb/partition_table.h"

// false: there is none. 3.5 KiB: the caller needs the stack for it.
bool partitions_load(struct fb_partition_table *table);

// Is this partition written through the encryptor and read decrypted?
bool partitions_encrypted(const struct fb_partition *part);

#endif
