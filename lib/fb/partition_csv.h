// SPDX-License-Identifier: Apache-2.0
//
// Partition tables, text form: `Name, Type, SubType, Offset, Size, Flags`.

#ifndef FB_PARTITION_CSV_H
#define FB_PARTITION_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/fb/partition_table.h"

#define FB_PARTITION_LINE    512u // bytes of a line with its variables
#define FB_PARTITION_CSV_MAX 8192u

// A subtype that a project adds, by a name in lower case. A list ends with a
// NULL name.
struct fb_partition_extra {
    const char *name;
    uint8_t type, subtype;
};

struct fb_partition_csv_options {
    uint32_t table_off;  // flash_off of the table, 0x8000; first free byte is
                         // one sector later
    uint32_t data_align; // 4, or 0x1000 as newer ESP-IDF demands
    bool secure;         // app sizes must be multiples of 64 KiB
    uint32_t flash_size; // 0: no limit
    // Where ESP-IDF 5 says the bootloaders lie: such rows go there, and have
    // the primary one's size, up to the table. NULL: as their rows say.
    const uint32_t *bootloader_off, *recovery_off;
    bool unverified; // accept unaligned offsets and names used twice
    // Value of $NAME or ${NAME}; NULL (or a NULL answer): FB_E_UNKNOWN.
    const struct fb_partition_extra *extra; // NULL: none
    const char *(*getenv)(void *ctx, const char *name);
    void *ctx;
};

// Parse n bytes of text; table->has_md5 becomes true. *table is scratch on
// failure. fault->offset is the line number, from 1; the first line that is
// wrong in any way is reported.
//
// FB_E_SYNTAX     no number, or an empty type or size. got: column, from 1
// FB_E_UNKNOWN    unknown type, subtype, flag (got: column) or variable
//                 (got: 0); a bootloader whose offset nobody tells (got: 4)
// FB_E_SIZE       the line is too long with its variables
//                 (got: FB_PARTITION_LINE)
// FB_E_OVERLAP    got: the offset set, want: end of the previous partition, or
//                 of the table for the first one
// FB_E_ALIGN      got: the offset, or an app's size if options->secure; want:
//                 alignment
// FB_E_RANGE      a number too large (got: column, want: 0), or beyond the
//                 flash (got: end, want: flash_size)
// FB_E_DUPLICATE  the name is used before (want: on which line)
// FB_E_NO_SPACE   more partitions than a table holds
enum fb_status fb_partition_csv_parse(
    const char *text, size_t n, const struct fb_partition_csv_options *options,
    struct fb_partition_table *table, struct fb_fault *fault);

// Write the table as the reference generator does. Returns the bytes written
// without the NUL, or 0 when cap is too small; FB_PARTITION_CSV_MAX always
// suffices for names that are built in. extra may be NULL.
size_t fb_partition_csv_print(const struct fb_partition_table *table,
                              const struct fb_partition_extra *extra, char *out,
                              size_t cap);

#endif
