// SPDX-License-Identifier: Apache-2.0
//
// What state a board is in: what its chip will do with it as it stands.

#ifndef FB_BOARD_CONDITION_H
#define FB_BOARD_CONDITION_H

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

// Is a field write-protected?
bool fb_board_frozen(const struct fb_board_view *v, enum fb_efuse_id id);
// The chip has a key, nobody here does, and noise stands where the bootloader
// belongs, while nothing is decrypted.
bool fb_board_unread_ciphertext(const struct fb_board_view *v);

// Secure Boot V2. Digests are SHA-256 as BLOCK2 holds them.
//
// Will the ROM never read a digest in BLOCK2?
bool fb_board_digest_hidden(const struct fb_board_view *v);
// The digest of the key that signed the bootloader. False: nobody did.
bool fb_board_v2_signer(const struct fb_board_view *v, uint8_t digest[32]);
// Does BLOCK2 hold just that?
bool fb_board_block2_holds(const struct fb_board_view *v,
                           const uint8_t digest[32]);
// Or a part of it: nothing, or what a burn left that was cut?
bool fb_board_block2_may_become(const struct fb_board_view *v,
                                const uint8_t digest[32]);

#endif
