// SPDX-License-Identifier: Apache-2.0
//
// What became of a board, in words: does it live, what is different for ever,
// and what can still be done with it.

#ifndef TOOLS_FUSEBOX_PLAN_VERDICT_H
#define TOOLS_FUSEBOX_PLAN_VERDICT_H

#include "lib/fb/advice.h"
#include "tools/fusebox/plan/execute.h"

enum verdict {
    VERDICT_BOOTS,
    VERDICT_STOPS,       // the plan ends early, the board still boots
    VERDICT_RECOVERABLE, // it does not boot, but can be brought back
    VERDICT_BRICKS,
};
// "boots", ...
const char *verdict_name(enum verdict v);

// A board that does not get there: RECOVERABLE and the ways, or BRICKS and the
// reason, from everything it holds (nothing is unknown in the virtual chip) and
// the plan's keys. flash: what is in it; advice: filled.
enum verdict verdict_of_dead(const struct plan_file *plan,
                             const struct fb_flash_part *part,
                             const struct fb_efuse_words *fuses, uint8_t *flash,
                             struct fb_advice *advice, char *text, size_t cap);

// Is there no UART download mode any more?
bool verdict_uart_is_closed(const struct plan_file *plan,
                            const struct fb_efuse_words *fuses);

// Lines for people, each handed to line().
typedef void verdict_line(void *ctx, const char *line);
// Fields that are different: "FLASH_CRYPT_CNT 0x0 -> 0x1".
void verdict_changes(const struct fb_efuse_words *before,
                     const struct fb_efuse_words *after, verdict_line *line,
                     void *ctx);
// What is possible from now on: plaintext flashes, what UART and JTAG still do,
// who can read and write what.
void verdict_outlook(const struct plan_file *plan,
                     const struct fb_efuse_words *fuses, verdict_line *line,
                     void *ctx);

#endif
