// SPDX-License-Identifier: Apache-2.0
//
// What writes the command lines of a way: each call adds those that are needed
// for one thing. Only advice.c uses it.

#ifndef FB_ADVICE_PEN_H
#define FB_ADVICE_PEN_H

#include "lib/fb/advice.h"

struct fb_pen {
    const struct fb_board_view *v;
    const char *port;
    struct fb_advice_way *way;
    // The board as it will be when the parts are written.
    bool encrypted;
    unsigned config;       // FLASH_CRYPT_CONFIG
    const char *flash_key; // file of BLOCK1's key
    const char *boot_key;  // file of BLOCK2's
    bool has_flash_key;    // somebody has the former
    bool has_boot_key;
    bool read_flash_key; // it is in no file yet: read it out, or zeros
    bool read_boot_key;
    bool new_flash_key; // BLOCK1 changes: no ciphertext fits any more
    bool new_boot_key;  // BLOCK2 changes: no digest does
    const char *stuck;  // why it cannot be done; NULL: so far it can
};

extern const char fb_pen_no_encryptor[];

void fb_pen_line(struct fb_pen *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
// espefuse burn_efuse WHAT
void fb_pen_burn(struct fb_pen *p, const char *what);
void fb_pen_burn_key(struct fb_pen *p, const char *what, const char *file);
// Everything that a boot needs, as the fuses will stand.
void fb_pen_rewrite_all(struct fb_pen *p);

// The FLASH_CRYPT_CONFIG that what is there was made with.
unsigned fb_pen_config_of(const struct fb_board_view *v);

#endif
