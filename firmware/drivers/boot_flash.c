// SPDX-License-Identifier: Apache-2.0

#include "firmware/drivers/boot_flash.h"

#include <string.h>

#include "firmware/drivers/efuse.h"
#include "firmware/drivers/flash.h"
#include "firmware/drivers/mmu.h"

static int read_seen(void *user, uint32_t flash_off, void *p, size_t n)
{
    const void *mapped = mmu_map(flash_off, (uint32_t)n);

    (void)user;
    if (mapped == NULL) {
        return FLASH_E_RANGE;
    }
    memcpy(p, mapped, n);
    mmu_unmap();
    return 0;
}

static int read_raw(void *user, uint32_t flash_off, void *p, size_t n)
{
    (void)user;
    return flash_read(flash_off, p, n);
}

static int erase_sector(void *user, uint32_t flash_off)
{
    (void)user;
    return flash_erase_sector(flash_off);
}

static int write_seen(void *user, uint32_t flash_off, const void *p, size_t n)
{
    (void)user;
    return efuse_flash_encryption_on() ? flash_write_encrypted(flash_off, p, n)
                                       : flash_write(flash_off, p, n);
}

static int write_raw(void *user, uint32_t flash_off, const void *p, size_t n)
{
    (void)user;
    return flash_write(flash_off, p, n);
}

const struct fb_boot_flash boot_flash = {NULL,         read_seen,  read_raw,
                                         erase_sector, write_seen, write_raw};
