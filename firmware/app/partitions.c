// SPDX-License-Identifier: Apache-2.0

#include "firmware/app/partitions.h"

#include <stddef.h>

#include "firmware/drivers/efuse.h"
#include "firmware/drivers/flash.h"
#include "firmware/drivers/mmu.h"

bool partitions_load(struct fb_partition_table *table)
{
    const uint8_t *bin =
        mmu_map(FB_PARTITION_TABLE_OFF, FB_PARTITION_TABLE_SIZE);
    bool good = bin != NULL &&
                fb_partition_table_parse(bin, FB_PARTITION_TABLE_SIZE,
                                         flash_size(), table, NULL) == FB_OK;
    mmu_unmap();
    return good;
}

bool partitions_encrypted(const struct fb_partition *part)
{
    return efuse_flash_encryption_on() && fb_partition_encrypted(part);
}
