// SPDX-License-Identifier: Apache-2.0
//
// Fuses in a file, in either of the two formats that exist:
// - WINDOW, 288 bytes, as the reference tool's --virt writes it: the register
//   window 0x000 to 0x11F as one string of bytes, reversed (the last register
//   comes first, most significant byte first). It holds what software can
//   read: a key that is read-protected is stored as zeros, and lost;
// - QEMU, 124 bytes, as QEMU's eFuse drive: BLK0 (7 words), then BLK1 to BLK3
//   (8 words each), little-endian.

#ifndef HOST_EFUSE_FILE_H
#define HOST_EFUSE_FILE_H

#include "lib/fb/efuse.h"

enum host_efuse_format { HOST_EFUSE_WINDOW, HOST_EFUSE_QEMU };

#define HOST_EFUSE_WINDOW_BYTES 288u
#define HOST_EFUSE_QEMU_BYTES   124u

// Returns 0, an errno value, or -1 when the file has neither size.
int host_efuse_file_load(const char *path, struct fb_efuse_words *fuses,
                         enum host_efuse_format *format);

// Replace the file atomically. Returns 0 or an errno value.
int host_efuse_file_store(const char *path, const struct fb_efuse_words *fuses,
                          enum host_efuse_format format);

#endif
