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
    // segments, entry and hash_appended are filled in by the build.
    struct fb_image_header header;
    enum fb_secure_pad secure_pad;
    bool no_hash;         // --dont-append-digest
    bool use_segments;    // program headers in place of sections
    bool ram_only_header; // --ram-only-header: the ROM sees RAM segments only,
                          // the mapped ones follow its checksum; no hash
    // The dialect of tools before 3.0: neighbouring sections stay apart, only
    // PROGBITS sections are taken, section names mean nothing, and the header
    // has no revisions times 100.
    bool no_merge;
    uint32_t elf_sha256_off; // --elf-sha256-offset, 0: at 0xB0 if there is an
                             // app description (.flash.appdesc), else nowhere
    uint32_t pad_to_size;    // 0xFF up to a multiple of this, 0: none
};

// What elf2image sets when no option is given.
void fb_elf_image_defaults(struct fb_elf_image_options *options);

// Build the image of the n-byte ELF file at elf into out. *len receives its
// size. out is scratch on failure.
//
// FB_E_NOT_ELF
// FB_E_TRUNCATED  a part of the ELF file lies beyond n (fault->offset, ->want)
// FB_E_SEGMENTS   none, or more than 16 (fault->got)
// FB_E_OVERLAP    two mapped segments in one 64 KiB page: fault->got and ->want
//                 are their addresses
// FB_E_ALIGN      a mapped segment whose address is not a multiple of 4
//                 (fault->got)
// FB_E_RANGE      a segment of 16 MiB or more (fault->got: its address); or the
//                 SHA-256 of the ELF file would cross a segment's border
//                 (fault->got: elf_sha256_off)
// FB_E_BAD_HASH   the place for that SHA-256 is not blank (fault->got: the
// same) FB_E_KEY        secure padding without an appended hash FB_E_NO_SPACE
// cap is too small
enum fb_status fb_elf_image_build(const uint8_t *elf, size_t n,
                                  const struct fb_elf_image_options *options,
                                  uint8_t *out, size_t cap, size_t *len,
                                  struct fb_fault *fault);

// A capacity that suffices for any ELF file of this size whose sections do not
// share bytes.
size_t fb_elf_image_bound(size_t elf_size,
                          const struct fb_elf_image_options *options);

#endif
