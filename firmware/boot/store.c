// SPDX-License-Identifier: Apache-2.0

#include "firmware/boot/store.h"

#include <stdint.h>
#include <string.h>

#include "firmware/boot/console.h"
#include "firmware/drivers/flash.h"
#include "firmware/drivers/mmu.h"

// Two rows of the encryptor, the least that holds a record.
#define RECORD_ROOM 64u

static bool usable(const struct fb_partition *otadata)
{
    return otadata != NULL && otadata->size >= RECORD_ROOM &&
           otadata->offset % FLASH_SECTOR == 0;
}

bool store_read(const struct fb_partition *otadata, struct fb_boot_info *info)
{
    const uint8_t *p = NULL;
    enum fb_status status;

    if (usable(otadata)) {
        p = mmu_map(otadata->offset, FB_BOOT_INFO_SIZE);
    }
    if (p == NULL) {
        console_print("No otadata partition for boot_info.\n");
        return false;
    }
    status = fb_boot_info_parse(p, info);
    if (status != FB_OK) {
        console_print("boot_info at 0x%08x is not valid, starting afresh "
                      "[%d]\n",
                      (unsigned)otadata->offset, status);
        return false;
    }
    return true;
}

static int write_record(uint32_t flash_off, bool encrypted,
                        const uint8_t record[RECORD_ROOM])
{
    int err = flash_erase_sector(flash_off);

    if (err != 0) {
        return err;
    }
    if (encrypted) {
        return flash_write_encrypted(flash_off, record, RECORD_ROOM);
    }
    return flash_write(flash_off, record, FB_BOOT_INFO_SIZE);
}

void store_write(const struct fb_partition *otadata, bool encrypted,
                 const struct fb_boot_info *info)
{
    uint8_t record[RECORD_ROOM];
    const uint8_t *p;
    int err;

    if (!usable(otadata)) {
        return;
    }
    memset(record, 0xFF, sizeof(record));
    fb_boot_info_encode(info, record);
    err = write_record(otadata->offset, encrypted, record);
    p = mmu_map(otadata->offset, FB_BOOT_INFO_SIZE);
    if (err != 0 || p == NULL || memcmp(p, record, FB_BOOT_INFO_SIZE) != 0) {
        console_print("boot_info at 0x%08x could not be written [%d]\n",
                      (unsigned)otadata->offset, err);
    }
}
