// SPDX-License-Identifier: Apache-2.0
//
// Partition tables, text form: `Name, Type, SubType, Offset, Size, Flags`.

#ifndef FB_PARTITION_CSV_H
#define FB_PARTITION_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/fb/partition_table.h"

struct fb_partition_csv_options {
    uint32_t table_off;  // flash_off of the table, 0x8000; first free byte is
                         // one sector later
    uint32_t data_align; // 4, or 0x1000 as newer ESP-IDF demands
    bool secure;         // app sizes must be multiples of 64 KiB
    uint32_t flash_size; // 0: no limit
    // Value of ${NAME}; NULL (or a NULL answer): FB_E_UNKNOWN.
    const char *(*getenv)(void *ctx, const char *name);
    void *ctx;
};

// Parse n bytes of text. On failure fault->offset is the line number (from 1),
// fault->got and fault->want are the numbers that disagree (for FB_E_OVERLAP:
// offset set, end of the previous; for FB_E_ALIGN: offset, alignment).
enum fb_status fb_partition_csv_parse(
    const char *text, size_t n, const struct fb_partition_csv_options *options,
    struct fb_partition_table *table, struct fb_fault *fault);

// Write the table as the reference generator does. Returns the bytes written
// without the NUL, or 0 when cap is too small.
size_t fb_partition_csv_print(const struct fb_partition_table *table, char *out,
                              size_t cap);

#endif
