// SPDX-License-Identifier: Apache-2.0

#include "firmware/app/ota.h"

#include <assert.h>
#include <string.h>

#include "firmware/boot/signing_key.h"
#include "firmware/drivers/efuse.h"
#include "firmware/drivers/flash.h"
#include "firmware/drivers/mmu.h"
#include "lib/fb/boot_info.h"
#include "lib/fb/boot_policy.h"
#include "lib/fb/bytes.h"
#include "lib/fb/image.h"
#include "lib/fb/partition_table.h"
#include "lib/fb/signature.h"

struct layout {
    struct fb_partition slot; // where the next update goes
    struct fb_partition otadata;
    struct fb_boot_info info;
};

// The table is as the bootloader checked it; 4 KB of it live only here.
static int find_partitions(struct layout *layout)
{
    struct fb_partition_table table;
    const uint8_t *bin =
        mmu_map(FB_PARTITION_TABLE_OFF, FB_PARTITION_TABLE_SIZE);
    if (bin == NULL ||
        fb_partition_table_parse(bin, FB_PARTITION_TABLE_SIZE, flash_size(),
                                 &table, NULL) != FB_OK) {
        return OTA_E_TABLE;
    }
    const struct fb_partition *otadata =
        fb_partition_find(&table, FB_PARTITION_DATA, FB_PARTITION_OTADATA);
    if (otadata == NULL || otadata->size < FLASH_SECTOR) {
        return OTA_E_TABLE;
    }
    const uint8_t *record = mmu_map(otadata->offset, FB_BOOT_INFO_SIZE);
    if (record == NULL) {
        return OTA_E_TABLE;
    }
    if (fb_boot_info_parse(record, &layout->info) != FB_OK) {
        fb_boot_info_fresh(&layout->info);
    }
    const struct fb_partition *slot =
        fb_partition_app_slot(&table, fb_boot_policy_next_slot(&layout->info));
    if (slot == NULL) {
        return OTA_E_TABLE;
    }
    layout->slot = *slot;
    layout->otadata = *otadata;
    return 0;
}

static int find_layout(struct layout *layout)
{
    int err = find_partitions(layout);
    mmu_unmap();
    return err;
}

int ota_slot(uint32_t *flash_off)
{
    struct layout layout;
    int err = find_layout(&layout);
    if (err != 0) {
        return err;
    }
    *flash_off = layout.slot.offset;
    return 0;
}

int ota_start(struct ota *ota)
{
    struct layout layout;
    int err = find_layout(&layout);
    if (err != 0) {
        return err;
    }
    *ota = (struct ota){
        .started = true,
        .slot_off = layout.slot.offset,
        .slot_size = layout.slot.size,
    };
    return 0;
}

// The sectors up to img_off, and the one after: what follows the image is
// never the rest of an older one.
static int erase_ahead(struct ota *ota, uint32_t img_off)
{
    uint32_t end = align_up32(img_off, FLASH_SECTOR) + FLASH_SECTOR;
    if (end > ota->slot_size) {
        end = ota->slot_size;
    }
    for (; ota->erased < end; ota->erased += FLASH_SECTOR) {
        if (flash_erase_sector(ota->slot_off + ota->erased) != 0) {
            return OTA_E_FLASH;
        }
    }
    return 0;
}

int ota_write(struct ota *ota, const void *data, size_t n)
{
    if (!ota->started) {
        return OTA_E_STATE;
    }
    if (n > ota->slot_size - ota->written) {
        return OTA_E_FULL;
    }
    int err = erase_ahead(ota, ota->written + (uint32_t)n);
    if (err != 0) {
        return err;
    }
    if (flash_write(ota->slot_off + ota->written, data, n) != 0) {
        return OTA_E_FLASH;
    }
    ota->written += (uint32_t)n;
    return 0;
}

// Two rows of the encryptor hold the record; the rest of the second stays
// erased to a reader.
static int store_boot_info(uint32_t flash_off, const struct fb_boot_info *info)
{
    uint8_t rows[2 * FLASH_ENCRYPTED_ROW];
    static_assert(FB_BOOT_INFO_SIZE <= sizeof rows, "two rows");
    memset(rows, 0xFF, sizeof rows);
    fb_boot_info_encode(info, rows);
    if (flash_erase_sector(flash_off) != 0) {
        return OTA_E_FLASH;
    }
    int err = efuse_flash_encryption_on()
                  ? flash_write_encrypted(flash_off, rows, sizeof rows)
                  : flash_write(flash_off, rows, FB_BOOT_INFO_SIZE);
    if (err != 0) {
        return OTA_E_FLASH;
    }
    const void *stored = mmu_map(flash_off, FB_BOOT_INFO_SIZE);
    bool same = stored != NULL && memcmp(stored, rows, FB_BOOT_INFO_SIZE) == 0;
    mmu_unmap();
    return same ? 0 : OTA_E_FLASH;
}

int ota_finish(struct ota *ota)
{
    struct layout layout;
    struct fb_boot_info updated;
    if (!ota->started || ota->written == 0) {
        return OTA_E_STATE;
    }
    int err = find_layout(&layout);
    if (err != 0) {
        return err;
    }
    fb_boot_policy_update(&layout.info, ota->written, &updated);
    err = store_boot_info(layout.otadata.offset, &updated);
    if (err == 0) {
        ota->started = false;
    }
    return err;
}

static bool signature_good(const uint8_t *p, uint32_t len, uint32_t slot_size)
{
    if (boot_signing_key_size == 0 || slot_size - len < FB_SIGNATURE_V1_SIZE) {
        return false;
    }
    return fb_signature_v1_verify(boot_signing_key, p, len, p + len, NULL) ==
           FB_OK;
}

static bool image_good(const struct fb_partition *slot)
{
    struct fb_image image;
    const uint8_t *p = mmu_map(slot->offset, slot->size);
    return p != NULL && fb_image_parse(p, slot->size, &image, NULL) == FB_OK &&
           fb_image_check_loadable(&image, slot->offset, NULL) == FB_OK &&
           fb_image_check_sums(p, &image, NULL) == FB_OK &&
           (!efuse_secure_boot_on() ||
            signature_good(p, image.len, slot->size));
}

int ota_verify(void)
{
    struct layout layout;
    int err = find_layout(&layout);
    if (err != 0) {
        return err;
    }
    bool good = image_good(&layout.slot);
    mmu_unmap();
    return good;
}
