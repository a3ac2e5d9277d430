// SPDX-License-Identifier: Apache-2.0
//
// One run of espefuse: the device, what its fuses were at the start, and the
// burns that the commands have queued. Burns happen together, after all
// commands have been checked: key blocks first, then BLOCK0, and the bits that
// enable or lock something in a last burn of BLOCK0.

#ifndef TOOLS_ESPEFUSE_SESSION_H
#define TOOLS_ESPEFUSE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/fb/efuse.h"
#include "lib/fb/efuse_coding.h"
#include "tools/cli/cli.h"
#include "tools/espefuse/device.h"

#define SESSION_NOTES_MAX 4096

struct session {
    struct device device;
    struct fb_efuse_words now; // shadows as read last
    uint32_t dec_status;
    // Before a burn is queued, and after each, three readings are compared:
    // `now` has what is 1 in all of them, `unsteady` what differs.
    struct fb_efuse_words unsteady;
    bool dec_unsteady;
    bool certain;                // the readings before were taken
    struct fb_efuse_words queue; // program data, encoded
    // Blocks 1 to 3 as they will read, for those with a queued burn.
    struct fb_efuse_words expect;
    bool block_queued[FB_EFUSE_BLOCKS];
    bool block_secret[FB_EFUSE_BLOCKS]; // it is a key: never shown
    bool asked;                         // some command wants a burn
    bool do_not_confirm;
    bool at_once; // --no-postpone: BLOCK0 in one burn
};

// Bracket a run; main.c's table names them.
int session_begin(const struct cli *cli);
int session_end(const struct cli *cli, int status);

// The run's session.
struct session *session_get(void);

enum fb_efuse_coding session_coding(const struct session *s);
// Bytes of a key or data block with this chip's coding scheme.
size_t session_block_bytes(const struct session *s);
unsigned session_revision(const struct session *s);

// Queue bits of a BLOCK0 field. Refuses what cannot be burned. *changes
// receives how many new bits that makes.
int session_queue_field(struct session *s, const struct fb_efuse_field *field,
                        uint32_t value);

// Queue a whole key block: data as the fuses will hold it (already reversed
// where that is due), session_block_bytes() of it. force: burn over what is
// there. *same is set when the block holds exactly this already.
int session_queue_block(struct session *s, unsigned block, const uint8_t *data,
                        bool force, bool *same);

// Queue single bits of a block (program data, so without a coding scheme for
// blocks 1 to 3). Bits that are burned already are no error.
int session_queue_bits(struct session *s, unsigned block,
                       const uint32_t words[FB_EFUSE_BLOCK_WORDS]);

// The block that a name means (BLOCK0 to BLOCK3, BLK0 to BLK3, and the uses);
// -1 for none.
int session_find_block(const char *name);

// Carry out what is queued: show, confirm, burn, read back. Commands that only
// read call it first, so that they show the outcome.
int session_burn(struct session *s);

// Names of a block: "BLOCK1".
const char *session_block_name(unsigned block);

#endif
