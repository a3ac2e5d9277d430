// SPDX-License-Identifier: Apache-2.0
//
// What state a board is in and, when it does not start, the commands that bring
// it back, or why nothing can. The ways are the usual tools' command lines;
// each kind of advice is executed by tests/boot/advice.bats on a virtual board,
// which then has to boot.

#ifndef FB_ADVICE_H
#define FB_ADVICE_H

#include "lib/fb/board_view.h"

enum fb_condition {
    FB_BOARD_BOOTS,
    FB_BOARD_UNKNOWN,         // too little is known to tell
    FB_BOARD_NO_KEY,          // encryption on, BLOCK1 blank
    FB_BOARD_PLAIN_UNDER_ODD, // encryption on, plaintext in flash
    FB_BOARD_CIPHER_UNDER_EVEN,
    FB_BOARD_INTERRUPTED, // the same within a first boot: keys are in place
    FB_BOARD_WRONG_ADDRESS,
    FB_BOARD_WRONG_KEY, // noise: another key, or damaged ciphertext
    FB_BOARD_NO_BOOTLOADER,
    FB_BOARD_BAD_BOOTLOADER,
    FB_BOARD_NO_DIGEST_KEY, // ABS_DONE_0 with blank BLOCK2
    FB_BOARD_BAD_DIGEST,
    FB_BOARD_NO_DIGEST,     // V2: BLOCK2 is blank, and can be burned
    FB_BOARD_DIGEST_HIDDEN, // V2: the ROM will never read a digest in BLOCK2
    FB_BOARD_BAD_SIGNATURE, // V2: of the bootloader
    FB_BOARD_BAD_TABLE,
    FB_BOARD_BAD_APP,
    FB_BOARD_FLASH_SUPPLY,    // VDD_SDIO is too low for the flash
    FB_BOARD_FLASH_DESTROYED, // or above what it stands
    FB_BOARD_NO_CACHE,        // DIS_CACHE
    FB_BOARD_FLASH_MOVED,     // SPI_PAD_CONFIG_* name other pins than its own
    FB_CONDITIONS
};
// "plain-under-odd", for machines; a sentence for people.
const char *fb_condition_name(enum fb_condition condition);
const char *fb_condition_text(enum fb_condition condition);

// What the chip will do with the board as it is.
enum fb_condition fb_board_condition(const struct fb_board_view *v);
// What that hangs on: a key file that nothing shows to be the chip's, whose
// block cannot be read. NULL: nothing.
const char *fb_board_doubt(const struct fb_board_view *v,
                           enum fb_condition condition);

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
