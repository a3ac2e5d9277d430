// SPDX-License-Identifier: Apache-2.0

#include "firmware/app/ota.h"

#include <string.h>

#include "firmware/app/partitions.h"
#include "firmware/boot/signing_key.h"
#include "firmware/drivers/boot_flash.h"
#include "firmware/drivers/efuse.h"
#include "firmware/drivers/flash.h"
#include "firmware/drivers/mmu.h"
#include "lib/fb/boot_store.h"
#include "lib/fb/bytes.h"
#include "lib/fb/image.h"
#include "lib/fb/signature.h"

struct layout {
    struct fb_partition slot; // where the next update goes
    unsigned index;           // of that slot
    struct fb_boot_store store;
};

// The slot that this program runs from, as the MMU knows.
static unsigned running_slot(const struct fb_partition_table *table,
                             const struct fb_boot_store *store)
{
    uint32_t at = mmu_app_flash_off();
    for (unsigned i = 0; i < store->place.slots; i++) {
        const struct fb_partition *part = fb_partition_app_slot(table, i);
        if (part != NULL && at >= part->offset &&
            at - part->offset < part->size) {
            return i;
        }
    }
    return fb_boot_store_active(store);
}

static int find_store(const struct fb_partition_table *table,
                      struct fb_boot_store *store)
{
    struct fb_boot_place place;
    fb_boot_store_find(table, flash_size(), &place);
    if (place.kind == FB_BOOT_KIND_NONE) {
        return OTA_E_TABLE;
    }
    return fb_boot_store_read(&boot_flash, &place, store) == 0 ? 0
                                                               : OTA_E_FLASH;
}

static int find_layout(struct layout *layout)
{
    struct fb_partition_table table;
    if (!partitions_load(&table)) {
        return OTA_E_TABLE;
    }
    int err = find_store(&table, &layout->store);
    if (err != 0) {
        return err;
    }
    int next = fb_boot_store_next_slot(&layout->store,
                                       running_slot(&table, &layout->store));
    const struct fb_partition *slot =
        next < 0 ? NULL : fb_partition_app_slot(&table, (unsigned)next);
    if (slot == NULL) {
        return OTA_E_TABLE;
    }
    layout->slot = *slot;
    layout->index = (unsigned)next;
    return 0;
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
    if (fb_boot_store_on_trial(&layout.store)) {
        return OTA_E_TRIAL;
    }
    *ota = (struct ota){
        .started = true,
        .slot_off = layout.slot.offset,
        .slot_size = layout.slot.size,
    };
    return 0;
}

// --- is it for this slot? ---

// What the bootloader would refuse at the first look.
static bool is_image_head(const uint8_t head[OTA_HEAD])
{
    struct fb_image_header header;
    return fb_image_header_parse(head, &header, NULL) == FB_OK &&
           header.chip_id == FB_IMAGE_CHIP_ESP32;
}

static bool seen_is_image_head(uint32_t slot_off)
{
    uint8_t head[OTA_HEAD];
    const void *p = mmu_map(slot_off, OTA_HEAD);
    if (p == NULL) {
        return false;
    }
    memcpy(head, p, OTA_HEAD);
    mmu_unmap();
    return is_image_head(head);
}

static int put_back(uint32_t slot_off, const uint8_t *sector)
{
    if (flash_erase_sector(slot_off) != 0 ||
        flash_write(slot_off, sector, FLASH_SECTOR) != 0) {
        return OTA_E_FLASH;
    }
    return OTA_E_IMAGE;
}

// The head is in the flash afterwards and its sector is otherwise erased, or
// the sector holds what it did.
static int try_head(struct ota *ota)
{
    uint8_t old[FLASH_SECTOR];
    if (!efuse_flash_encryption_on() && !is_image_head(ota->head)) {
        return OTA_E_IMAGE;
    }
    if (flash_read(ota->slot_off, old, sizeof old) != 0 ||
        flash_erase_sector(ota->slot_off) != 0 ||
        flash_write(ota->slot_off, ota->head, OTA_HEAD) != 0) {
        return OTA_E_FLASH;
    }
    if (!seen_is_image_head(ota->slot_off)) {
        return put_back(ota->slot_off, old);
    }
    ota->erased = FLASH_SECTOR;
    return 0;
}

// Collect the head; *used of the n bytes belonged to it.
static int take_head(struct ota *ota, const uint8_t *p, size_t n, size_t *used)
{
    *used = 0;
    if (ota->written >= OTA_HEAD) {
        return 0;
    }
    size_t part = OTA_HEAD - ota->written;
    part = part < n ? part : n;
    memcpy(ota->head + ota->written, p, part);
    ota->written += (uint32_t)part;
    *used = part;
    if (ota->written < OTA_HEAD) {
        return 0;
    }
    int err = try_head(ota);
    if (err != 0) {
        *ota = (struct ota){0};
    }
    return err;
}

// --- is it too old? ---

// The eFuses name the least security version that a bootloader with
// ANTI_ROLLBACK=on starts; it minds where images are signed.
static bool is_outdated(const uint8_t *p, const struct fb_image *image)
{
    return efuse_secure_boot_on() &&
           fb_image_secure_version(p, image) < efuse_secure_version();
}

// False also for what is no image: the bootloader will say so.
static bool slot_outdated(uint32_t slot_off, uint32_t slot_size)
{
    struct fb_image image;
    const uint8_t *p = mmu_map(slot_off, slot_size);
    bool outdated = p != NULL &&
                    fb_image_parse(p, slot_size, &image, NULL) == FB_OK &&
                    is_outdated(p, &image);
    mmu_unmap();
    return outdated;
}

// --- the rest of it ---

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
    size_t used;
    if (!ota->started) {
        return OTA_E_STATE;
    }
    if (n > ota->slot_size - ota->written) {
        return OTA_E_FULL;
    }
    int err = take_head(ota, data, n, &used);
    n -= used;
    if (err != 0 || n == 0) {
        return err;
    }
    err = erase_ahead(ota, ota->written + (uint32_t)n);
    if (err != 0) {
        return err;
    }
    if (flash_write(ota->slot_off + ota->written, (const uint8_t *)data + used,
                    n) != 0) {
        return OTA_E_FLASH;
    }
    ota->written += (uint32_t)n;
    return 0;
}

int ota_finish(struct ota *ota)
{
    struct layout layout;
    struct fb_boot_change change;
    if (!ota->started || ota->written < OTA_HEAD) {
        return OTA_E_STATE;
    }
    if (slot_outdated(ota->slot_off, ota->slot_size)) {
        return OTA_E_VERSION;
    }
    int err = find_layout(&layout);
    if (err != 0) {
        return err;
    }
    if (!fb_boot_store_update(&layout.store, layout.index, ota->written, true,
                              &change)) {
        return OTA_E_TRIAL;
    }
    if (fb_boot_store_write(&boot_flash, &layout.store.place, &change) != 0) {
        return OTA_E_FLASH;
    }
    ota->started = false;
    return 0;
}

// --- trial ---

// The store, if the partition table has one.
static int load_store(struct fb_boot_store *store)
{
    struct fb_partition_table table;
    return partitions_load(&table) ? find_store(&table, store) : OTA_E_TABLE;
}

int ota_on_trial(void)
{
    struct fb_boot_store store;
    int err = load_store(&store);
    return err != 0 ? err : fb_boot_store_on_trial(&store);
}

int ota_safe_boot(void)
{
    struct fb_boot_store store;
    int err = load_store(&store);
    return err != 0 ? err
                    : store.place.kind == FB_BOOT_KIND_PYCOM &&
                          store.info.safeboot != FB_SAFEBOOT_NO;
}

int ota_confirm(void)
{
    struct fb_boot_store store;
    struct fb_boot_change change;
    int err = load_store(&store);
    if (err != 0) {
        return err;
    }
    fb_boot_store_confirm(&store, &change);
    return fb_boot_store_write(&boot_flash, &store.place, &change) == 0
               ? 0
               : OTA_E_FLASH;
}

// --- verification ---

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
           !is_outdated(p, &image) &&
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
