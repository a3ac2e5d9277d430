// SPDX-License-Identifier: Apache-2.0
//
// Why a boot failed, in words: which check, which bytes, expected and got. It
// looks at what the board said since its last reset, its fuses and its flash,
// so it serves the built-in ROM, the mask ROM, and a console log alike.

#ifndef CHIP_DEBUG_WHY_H
#define CHIP_DEBUG_WHY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/fb/efuse.h"

struct why {
    const char *console;                // what UART0 said, ends with NUL
    const struct fb_efuse_words *fuses; // the true ones
    uint32_t revision;                  // 0, 1 or 3
    const uint8_t *flash;
    uint32_t flash_size; // bytes, 64 KiB at least
    // chip_flash_trouble(): "" or NULL: the flash answers, as far as is known.
    const char *flash_trouble;
    uint8_t *scratch; // flash_size bytes, overwritten; holds plaintext
    // Say also what to do about it: the commands for this port (NULL: a
    // placeholder).
    bool advise;
    const char *port;
    // Public keys that a bootloader of n bytes carries (host_key_search());
    // NULL: signatures behind the bootloader are not checked.
    size_t (*find_keys)(const uint8_t *p, size_t n, uint8_t (*pub)[64],
                        size_t max);
};

// Call say() with lines: first the verdict, then the evidence, indented by two
// blanks; commands are indented by four. Of a key nothing is said but whether
// it fits; of a public one, its digest.
void why_explain(const struct why *why,
                 void (*say)(void *ctx, const char *line), void *ctx);

#endif
