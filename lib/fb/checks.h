// SPDX-License-Identifier: Apache-2.0
//
// The checks before a burn: will this board live? P1 to P25, a table. Each says
// PASS, FAIL or UNKNOWN; none says PASS on what it could not read. They look at
// the whole plan against the whole board, before the first burn. No I/O.

#ifndef FB_CHECKS_H
#define FB_CHECKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/fb/board_view.h"
#include "lib/fb/boot_log.h"
#include "lib/fb/plan.h"

// A key as far as it is known; each may be absent.
struct fb_check_key {
    const uint8_t *bytes; // as the key file holds them; NULL: not given
    size_t len;
    const char *name;  // of the file, for people; may be NULL
    const char *fault; // why the file is no such key ("is a key on the curve
                       // secp256k1"); NULL: the bytes are what counts
    bool custody;      // stored, and read back equal from a second place
};

enum fb_check_verdict {
    FB_CHECK_PASS,
    FB_CHECK_FAIL,
    FB_CHECK_UNKNOWN, // could not be looked at: blocks like FAIL
    FB_CHECK_NONE,    // does not concern this board and plan
};
// "PASS", "FAIL", "UNKNOWN", "-"
const char *fb_check_verdict_name(enum fb_check_verdict verdict);

// Does the application confirm an update on trial? As a rehearsal saw it.
enum fb_confirms {
    FB_CONFIRMS_UNKNOWN, // nobody looked
    FB_CONFIRMS_YES,
    FB_CONFIRMS_NO,       // it is taken back at the next start
    FB_CONFIRMS_NEEDLESS, // the bootloader knows no trials
};

struct fb_check_input {
    const struct fb_board_state *before; // the board as it is
    const struct fb_plan *plan;          // may have no steps
    // Scratch of the caller for the board in between and afterwards; its flash
    // has before->flash_size bytes. The checks overwrite it; then it is the
    // board after the plan.
    struct fb_board_state *scratch;
    // Scratch of before->flash_size bytes for what the CPU would see.
    uint8_t *plain;
    struct fb_check_key flash_key;       // flash encryption key
    struct fb_check_key secure_boot_key; // V1: symmetric; V2: 32-byte digest
    struct fb_check_key signing_pub;     // V1 app key: 64 bytes X || Y
    // How `before` started last, with the flash that it holds: of use where
    // keys cannot be read. NULL: nobody looked.
    const struct fb_boot_log *boot_log;
    uint8_t mac[6]; // that the plan is for
    bool has_mac;
    bool release;   // the plan is meant to be final: nothing may stay open
    bool ota;       // its writes go through the application's update path
    bool secure_v2; // the secure boot key is one of V2
    enum fb_confirms confirms; // the application after the plan
};

#define FB_CHECK_TEXT 240u

struct fb_check_result {
    enum fb_check_verdict verdict;
    size_t step;             // of the plan, that decided; plan->steps: none
    char saw[FB_CHECK_TEXT]; // the values it saw: "FLASH_CRYPT_CNT 0x01, ..."
};

struct fb_check_facts; // private: what the board holds before and after

struct fb_check {
    const char *id;      // "P8"
    const char *title;   // what must hold
    const char *why;     // what happens if it does not
    const char *remedy;  // what to do
    const char *stories; // numbers of the reports it comes from: "7, 31"
    void (*run)(const struct fb_check_facts *f, struct fb_check_result *out);
};

#define FB_CHECKS 25u
extern const struct fb_check fb_checks[FB_CHECKS];

// All checks; out[i] belongs to fb_checks[i]. Takes some milliseconds: the
// images in flash are decrypted and verified before and after the plan.
void fb_checks_run(const struct fb_check_input *in,
                   struct fb_check_result out[FB_CHECKS]);

// The keys of an input as fb_board_view() takes them, for a board with these
// fuses: ABS_DONE_1 says that images are signed for V2.
struct fb_board_keys fb_check_keys(const struct fb_check_input *in,
                                   const struct fb_efuse_words *fuses);

// "P14" or "14" to an index, -1: there is no such check.
int fb_check_find(const char *id);

#endif
