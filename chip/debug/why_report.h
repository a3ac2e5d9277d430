// SPDX-License-Identifier: Apache-2.0
//
// What the parts of why.h share: why.c has the ROM's checks, why_boot.c those
// of the bootloader.

#ifndef CHIP_DEBUG_WHY_REPORT_H
#define CHIP_DEBUG_WHY_REPORT_H

#include <stdbool.h>

#include "chip/debug/why.h"
#include "lib/fb/flash.h"
#include "lib/fb/flash_encryption.h"
#include "lib/fb/flash_map.h"

#define WHY_BOOTLOADER FB_FLASH_BOOTLOADER
#define WHY_TABLE      0x8000u

struct why_report {
    const struct why *why;
    void (*say)(void *ctx, const char *line);
    void *ctx;
    const char *boot; // the console since the last reset
    bool decrypts;
    uint8_t key[32];
    size_t key_len;
    unsigned config;
    struct fb_flash_encryption_key decryptor;
    struct fb_flash_key key_file;
    struct fb_flash_view view;
};

void why_line(struct why_report *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// n bytes of flash as the chip reads them when it boots.
void why_read(const struct why_report *r, uint32_t flash_off, uint8_t *out,
              size_t n);

// Is flash encryption on?
void why_say_encryption(struct why_report *r);
// What the chip finds at flash_off, where it wants `want` first.
void why_say_bytes(struct why_report *r, uint32_t flash_off, uint8_t want);
// What `size` bytes at flash_off look like. The scratch memory is used.
void why_say_content(struct why_report *r, uint32_t flash_off, uint32_t size);

// The checks of the bootloader: partition table, choice of a slot, slots.
void why_boot(struct why_report *r);

#endif
