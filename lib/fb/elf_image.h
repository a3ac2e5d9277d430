// SPDX-License-Identifier: Apache-2.0
//
// ELF file to firmware image, byte for byte as `esptool elf2image` writes it
// (rules: docs/FORMATS.md).

#ifndef FB_ELF_IMAGE_H
#define FB_ELF_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/fb/image.h"
#include "lib/fb/status.h"

enum fb_secure_pad { FB_PAD_NONE, FB_PAD_V1, FB_PAD_V2 };

struct fb_elf_image_options {
    struct fb_image_header header; // segments, entry: filled from the ELF
    enum fb_secure_pad secure_pad;
    bool no_hash;            // --dont-append-digest
    bool use_segments;       // program headers in place of sections
    bool no_merge;           // as tools before 3.0: neighbours stay apart
    uint32_t elf_sha256_off; // --elf-sha256-offset, 0: none
    uint32_t pad_to_size;    // bytes, 0: none
};

// What elf2image sets when no option is given.
void fb_elf_image_defaults(struct fb_elf_image_options *options);

// Build the image of the n-byte ELF file at elf into out. *len receives its
// size. FB_E_NOT_ELF, FB_E_TRUNCATED, FB_E_SEGMENTS, FB_E_OVERLAP (two mapped
// segments in one 64 KiB page: fault->got and ->want are their addresses),
// FB_E_NO_SPACE. out is scratch on failure.
enum fb_status fb_elf_image_build(const uint8_t *elf, size_t n,
                                  const struct fb_elf_image_options *options,
                                  uint8_t *out, size_t cap, size_t *len,
                                  struct fb_fault *fault);

// A capacity that always suffices for this ELF file and options.
size_t fb_elf_image_bound(size_t elf_size,
                          const struct fb_elf_image_options *options);

#endif
