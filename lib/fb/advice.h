// SPDX-License-Identifier: Apache-2.0
//
// For a board that does not start: the commands that bring it back, or why
// nothing can. The ways are the usual tools' command lines;
// each kind of advice is executed by tests/boot/advice.bats on a virtual board,
// which then has to boot.

#ifndef FB_ADVICE_H
#define FB_ADVICE_H

#include "lib/fb/board_condition.h"

// Names to put into commands; NULL: a placeholder in capitals.
struct fb_advice_names {
    const char *port;
    const char *flash_key;
    const char *boot_key;
};

#define FB_ADVICE_LINES 24u
#define FB_ADVICE_LINE  1000u
#define FB_ADVICE_WAYS  2u

struct fb_advice_way {
    const char *title;
    bool own_files; // needs files of the user: bootloader.bin, digest.bin,
                    // partitions.bin, app.bin
    unsigned lines;
    char line[FB_ADVICE_LINES][FB_ADVICE_LINE]; // commands for a shell
};

struct fb_advice {
    enum fb_condition condition;
    const char *doubt; // fb_board_doubt()
    unsigned ways;     // best first
    struct fb_advice_way way[FB_ADVICE_WAYS];
    const char *hopeless; // no way: why; NULL: there is one, or it boots
};

void fb_advise(const struct fb_board_view *v,
               const struct fb_advice_names *names, struct fb_advice *a);

#endif
