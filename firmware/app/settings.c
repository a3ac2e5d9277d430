// SPDX-License-Identifier: Apache-2.0

#include "firmware/app/settings.h"

#include "firmware/app/partitions.h"
#include "firmware/drivers/flash.h"

static uint32_t base; // flash_off of the partition

static int nvs_read(void *user, uint32_t off, void *p, size_t n)
{
    return flash_read(*(uint32_t *)user + off, p, n);
}

static int nvs_write(void *user, uint32_t off, const void *p, size_t n)
{
    return flash_write(*(uint32_t *)user + off, p, n);
}

static int nvs_erase(void *user, uint32_t off)
{
    return flash_erase_sector(*(uint32_t *)user + off);
}

static const struct fb_nvs_flash flash = {&base, nvs_read, nvs_write,
                                          nvs_erase};

enum fb_status settings_open(struct fb_nvs *nvs)
{
    struct fb_partition_table table;
    const struct fb_partition *part = NULL;
    if (partitions_load(&table)) {
        part = fb_partition_find(&table, FB_PARTITION_DATA, FB_PARTITION_NVS);
    }
    if (part == NULL || partitions_encrypted(part) ||
        part->size / FB_NVS_PAGE < FB_NVS_PAGES_MIN) {
        return FB_E_NOT_FOUND;
    }
    base = part->offset;
    unsigned pages = part->size / FB_NVS_PAGE;
    return fb_nvs_open(nvs, &flash,
                       pages < FB_NVS_PAGES_MAX ? pages : FB_NVS_PAGES_MAX);
}
