// SPDX-License-Identifier: Apache-2.0
//
// What is to be done to a board, step by step, and what a board is known to
// hold. Pure bookkeeping: the checks, the rehearsal and the burn walk the same
// steps. The text form of a plan is docs/FORMATS.md.

#ifndef FB_PLAN_H
#define FB_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/fb/efuse.h"
#include "lib/fb/flash_supply.h"
#include "lib/fb/flash.h"
#include "lib/fb/status.h"

// What a board holds, as far as it is known. A copy shares the flash.
struct fb_board_state {
    struct fb_efuse_words fuses; // true fuses, encoded; unknown bits are 0
    struct fb_efuse_words known; // 1: that bit of `fuses` is known
    uint8_t *flash;              // raw bytes (ciphertext where encrypted),
                                 // the caller's; NULL: nothing is known
    uint32_t flash_size;         // bytes, at most FB_FLASH_MAX
    bool *flash_wanted;   // FB_FLASH_SECTORS, the caller's: who looks for
                          // a sector that is unread sets it; NULL: no
                          // more can be read
    uint32_t syscon_date; // bit 31 is part of the chip revision
    unsigned reads;       // equal readings of the fuses, one after another
    unsigned unproven; // bit B: what is known of block B came from a key file,
                       // and nothing showed that the chip holds that key
    struct fb_flash_part part;
    bool flash_unread[FB_FLASH_SECTORS]; // nothing is known of that sector
};

// Every bit of fuses and flash is known.
void fb_board_state_know_all(struct fb_board_state *s);
// Are all bits of a field, or all words of a block, known?
bool fb_board_state_knows(const struct fb_board_state *s,
                          const struct fb_efuse_field *field);
bool fb_board_state_knows_block(const struct fb_board_state *s, unsigned block);
// Are n bytes of flash known? Of what lies outside of the flash nothing is.
bool fb_board_state_knows_flash(const struct fb_board_state *s,
                                uint32_t flash_off, uint32_t n);

enum fb_step_kind {
    FB_STEP_BURN,      // one program command: one block
    FB_STEP_WRITE,     // bytes into flash, erased before
    FB_STEP_ERASE,     // sectors of flash
    FB_STEP_PROVE_KEY, // the chip computes with the key of `block`, and its
                       // result must equal ours
    FB_STEP_BOOT,      // cold boot, up to the plan's goal
};

// Stages, in the only order in which a plan may pass through them.
enum fb_stage {
    FB_STAGE_KEYS,    // key blocks
    FB_STAGE_CONFIG,  // FLASH_CRYPT_CONFIG and what else a proof needs
    FB_STAGE_PROVE,   // key proofs
    FB_STAGE_PROTECT, // RD_DIS and WR_DIS of the keys
    FB_STAGE_FLASH,   // images
    FB_STAGE_BOOT,    // boot and look
    FB_STAGE_ENABLE,  // FLASH_CRYPT_CNT, ABS_DONE_*
    FB_STAGE_LOCK,    // DISABLE_DL_*, JTAG_DISABLE, UART_DOWNLOAD_DIS, ...
    FB_STAGES
};
// "keys", "config", ...
const char *fb_stage_name(enum fb_stage stage);

struct fb_step {
    enum fb_step_kind kind;
    enum fb_stage stage;
    const char *label; // field names, file name: for people; never NULL
    unsigned block;    // BURN, PROVE_KEY
    uint32_t word[FB_EFUSE_BLOCK_WORDS]; // BURN: program data, encoded
    // On a sector. WRITE, ERASE; PROVE_KEY of block 1: of no use to anybody
    uint32_t flash_off;
    uint32_t len;        // WRITE, ERASE: bytes
    const uint8_t *data; // WRITE: len bytes, the caller's
    bool encrypt;        // WRITE: through the chip's encryptor
    // BURN: `word` is a secret with this fingerprint (32 bytes, the caller's)
    // and all 0 until its key file has been read; NULL: no secret.
    const uint8_t *fingerprint;
};

// Bytes of flash from step->flash_off on that the chip erases for a step: whole
// sectors; 0: it is a burn or a boot.
uint32_t fb_step_erases(const struct fb_step *step);
// Any of the n bytes from flash_off on?
bool fb_step_touches(const struct fb_step *step, uint32_t flash_off,
                     uint32_t n);

struct fb_plan {
    const struct fb_step *step;
    size_t steps;
};

// What names a key without giving it away: SHA-256 of the key file's n bytes.
void fb_key_fingerprint(const uint8_t *key, size_t n, uint8_t out[32]);

// What a step makes of a board: fuses |= word where the fuses before allow it
// (a burned bit is known; a key that was not read makes its block unknown),
// flash erased and written, and known then. PROVE_KEY and BOOT change nothing.
// `flash_key`: raw key file bytes for encrypted writes, n bytes, or NULL: then
// these sectors become unknown, which is told by FB_E_KEY. FB_E_PROTECTED: bits
// that a burned WR_DIS bit freezes; the other bits are applied. FB_E_RANGE,
// FB_E_ALIGN: outside of the flash or not on a sector; nothing is changed.
enum fb_status fb_plan_apply(struct fb_board_state *s,
                             const struct fb_step *step,
                             const uint8_t *flash_key, size_t key_len);

// The steps from `from` on, until one is told of by anything but FB_OK. Returns
// its index and sets *status; plan->steps: all went well.
size_t fb_plan_run(struct fb_board_state *s, const struct fb_plan *plan,
                   size_t from, const uint8_t *flash_key, size_t key_len,
                   enum fb_status *status);

// What all burns of a plan make of fuses; frozen bits stay as they are.
void fb_plan_burn(const struct fb_plan *plan, struct fb_efuse_words *fuses);

#endif
