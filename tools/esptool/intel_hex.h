// SPDX-License-Identifier: Apache-2.0
//
// Intel HEX files, both ways (Intel, "Hexadecimal Object File Format
// Specification", 1988).

#ifndef TOOLS_ESPTOOL_INTEL_HEX_H
#define TOOLS_ESPTOOL_INTEL_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/fb/status.h"

struct intel_hex_region {
    uint32_t address;
    uint8_t *data; // malloc
    size_t size;
};

struct intel_hex {
    struct intel_hex_region *region; // sorted, none touches the next
    size_t count;
};

// FB_E_SYNTAX, FB_E_BAD_CHECKSUM, FB_E_OVERLAP, FB_E_NO_END (no end record),
// FB_E_NO_SPACE (no memory); fault->offset is the line's number. Free hex only
// after FB_OK.
enum fb_status intel_hex_parse(const uint8_t *p, size_t n,
                               struct intel_hex *hex, struct fb_fault *fault);
void intel_hex_free(struct intel_hex *hex);

// A text being written; free p (malloc) at the end. Start with all zero.
struct intel_hex_text {
    char *p;
    size_t len, cap;
    uint32_t upper; // bits 31:16 of the address in force, plus 1; 0: none yet
};

// Append n bytes at address; addresses must rise. far: some address is 64 KiB
// or more, so that records for bits 31:16 are needed. FB_E_NO_SPACE.
enum fb_status intel_hex_write(struct intel_hex_text *text, bool far,
                               uint32_t address, const uint8_t *p, size_t n);
enum fb_status intel_hex_end(struct intel_hex_text *text);

#endif
