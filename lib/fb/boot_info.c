// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/boot_info.h"

#include <string.h>

#include "lib/fb/bytes.h"
#include "lib/fb/crc.h"

#define CRC_OFF  36u
#define CRC_SEED 0xFFFFFFFFu // of the ROM's crc32_le()

#define STATE_BLANK 0xFFFFFFFFu // an erased sector

void fb_boot_info_fresh(struct fb_boot_info *info)
{
    // The record the Pycom bootloader makes over an erased sector: it leaves
    // size and signature as it finds them.
    info->active = FB_BOOT_FACTORY;
    info->state = FB_BOOT_READY;
    info->previous = FB_BOOT_FACTORY;
    info->size = 0xFFFFFFFF;
    info->safeboot = FB_SAFEBOOT_NO;
    memset(info->signature, 0xFF, sizeof(info->signature));
}

enum fb_status fb_boot_info_parse(const uint8_t bytes[FB_BOOT_INFO_SIZE],
                                  struct fb_boot_info *info)
{
    uint32_t state = load32_le(bytes + 4);
    if (state == STATE_BLANK) {
        return FB_E_BLANK;
    }
    if (fb_crc32(CRC_SEED, bytes, CRC_OFF) != load32_le(bytes + CRC_OFF)) {
        return FB_E_BAD_CRC;
    }
    info->active = load32_le(bytes);
    info->state = state;
    info->previous = load32_le(bytes + 8);
    info->size = load32_le(bytes + 12);
    info->safeboot = load32_le(bytes + 16);
    memcpy(info->signature, bytes + 20, sizeof(info->signature));
    return FB_OK;
}

void fb_boot_info_encode(const struct fb_boot_info *info,
                         uint8_t bytes[FB_BOOT_INFO_SIZE])
{
    store32_le(bytes, info->active);
    store32_le(bytes + 4, info->state);
    store32_le(bytes + 8, info->previous);
    store32_le(bytes + 12, info->size);
    store32_le(bytes + 16, info->safeboot);
    memcpy(bytes + 20, info->signature, sizeof(info->signature));
    store32_le(bytes + CRC_OFF, fb_crc32(CRC_SEED, bytes, CRC_OFF));
}

uint32_t fb_boot_info_trial(const struct fb_boot_info *info)
{
    return load32_le(info->signature);
}

void fb_boot_info_set_trial(struct fb_boot_info *info, enum fb_boot_trial trial)
{
    store32_le(info->signature, trial);
}
