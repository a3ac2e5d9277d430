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

// An app is always encrypted, otadata too (esp-idf, esp_flash_encrypt.h).
bool partitions_encrypted(const struct fb_partition *part)
{
    return efuse_flash_encryption_on() &&
           ((part->flags & FB_PARTITION_ENCRYPTED) != 0 ||
            part->type == FB_PARTITION_APP ||
            (part->type == FB_PARTITION_DATA &&
             part->subtype == FB_PARTITION_OTADATA));
}
