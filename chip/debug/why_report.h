// SPDX-License-Identifier: Apache-2.0
//
// What the parts of why.h share: why.c has the ROM's checks, why_v2.c those of
// Secure Boot V2, why_boot.c the bootloader's, why_advice.c what to do.

#ifndef CHIP_DEBUG_WHY_REPORT_H
#define CHIP_DEBUG_WHY_REPORT_H

#include <stdbool.h>

#include "chip/debug/why.h"
#include "lib/fb/advice.h"
#include "lib/fb/flash.h"
#include "lib/fb/flash_encryption.h"
#include "lib/fb/flash_map.h"

#define WHY_BOOTLOADER FB_FLASH_BOOTLOADER
#define WHY_TABLE      0x8000u

struct why_report {
    const struct why *why;
    void (*say)(void *ctx, const char *line);
    void *ctx;
    const char *boot;       // the console since the last reset
    bool muted;             // nothing is said
    enum fb_condition told; // by the verdict; FB_BOARD_BOOTS: none
    bool advised;           // it was said what to do
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

// n bytes as the hex digits of pairs, for at most 32 of them.
const char *why_hex(char out[96], const uint8_t *p, size_t n);

// Secure Boot V2 is on, and the chip obeys it.
bool why_v2_on(const struct why_report *r);
// Why the sector behind n bytes of data, which lie at flash_off, signs them
// not. False, and nothing is said, when it does.
bool why_v2_refused(struct why_report *r, uint32_t flash_off,
                    const uint8_t *data, uint32_t n, const uint8_t *sector);
// The ROM refused the bootloader: its signature, or before it came to that.
void why_v2_signature(struct why_report *r);
void why_v2_size(struct why_report *r);
void why_v2_segment(struct why_report *r);

// The checks of the bootloader: partition table, choice of a slot, slots. The
// first that nothing can be started for, FB_BOARD_BOOTS for none.
enum fb_condition why_boot(struct why_report *r);
// Public keys that the bootloader carries.
size_t why_find_keys(const struct why_report *r, uint8_t (*pub)[64],
                     size_t max);

// A condition's sentence as a verdict.
void why_condition(struct why_report *r, enum fb_condition condition);
// The commands that bring the board back, or why there are none. The scratch
// memory is used.
void why_advise(struct why_report *r);

#endif
