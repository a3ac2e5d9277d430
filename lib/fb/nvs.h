// SPDX-License-Identifier: Apache-2.0
//
// Named values in flash, in the format of ESP-IDF's NVS library, version 2
// (ESP-IDF docs, "Non-Volatile Storage Library", "Internals"; docs/FORMATS.md),
// so that what a board had stored stays readable. Integers and strings are read
// and written; what else is there (blobs) is kept as it is.
//
// Values are appended; what they replace is marked erased afterwards. A loss of
// power at any moment leaves the value before or the value after.
//
// A key is 1 .. 15 bytes, a namespace too.

#ifndef FB_NVS_H
#define FB_NVS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/fb/status.h"

#define FB_NVS_PAGE      4096u // bytes, erased together
#define FB_NVS_PAGES_MIN 2u    // one is always kept free
#define FB_NVS_PAGES_MAX 64u
#define FB_NVS_KEY_MAX   15u   // bytes
#define FB_NVS_TEXT_MAX  1984u // bytes, with the NUL (Pycom's limit)

// The partition. All return 0, or anything else on failure; off: bytes from its
// start.
struct fb_nvs_flash {
    void *user;
    int (*read)(void *user, uint32_t off, void *p, size_t n);
    int (*write)(void *user, uint32_t off, const void *p, size_t n); // 1 to 0
    int (*erase)(void *user, uint32_t off);                          // one page
};

// Set up with fb_nvs_open(); private.
struct fb_nvs {
    const struct fb_nvs_flash *flash;
    unsigned pages;
};

struct fb_nvs_value {
    bool is_text;
    int64_t number; // of an integer
    size_t len;     // of a text, without its NUL
};

// pages: FB_NVS_PAGES_MIN .. FB_NVS_PAGES_MAX. Finishes what a loss of power
// interrupted. FB_E_FLASH.
enum fb_status fb_nvs_open(struct fb_nvs *nvs, const struct fb_nvs_flash *flash,
                           unsigned pages);

// text receives at most cap bytes of a text, NUL included. FB_E_NOT_FOUND,
// FB_E_NO_SPACE (a text of more than cap bytes; value->len is set),
// FB_E_BAD_CRC, FB_E_FLASH.
enum fb_status fb_nvs_get(const struct fb_nvs *nvs, const char *space,
                          const char *key, struct fb_nvs_value *value,
                          char *text, size_t cap);

// FB_E_SIZE (of a key, a namespace or a text), FB_E_NO_SPACE, FB_E_FLASH.
enum fb_status fb_nvs_set_u32(const struct fb_nvs *nvs, const char *space,
                              const char *key, uint32_t number);
enum fb_status fb_nvs_set_text(const struct fb_nvs *nvs, const char *space,
                               const char *key, const char *text);

// FB_E_NOT_FOUND, FB_E_FLASH.
enum fb_status fb_nvs_erase(const struct fb_nvs *nvs, const char *space,
                            const char *key);
// All keys of a namespace. FB_E_FLASH.
enum fb_status fb_nvs_erase_all(const struct fb_nvs *nvs, const char *space);

#endif
