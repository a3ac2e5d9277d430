// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/partition_csv.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const char *value(void *ctx, const char *name)
{
    (void)ctx;
    return name[0] == 'A' ? "0x1000,4K" : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    const struct fb_partition_csv_options options = {
        .table_off = 0x8000,
        .data_align = n % 2 ? 4 : 0x1000,
        .secure = n % 3 == 0,
        .getenv = value,
    };
    struct fb_partition_table table;
    struct fb_fault fault;
    if (fb_partition_csv_parse((const char *)p, n, &options, &table, &fault) ==
            FB_OK &&
        fb_partition_table_verify(&table, &fault) != FB_OK) {
        abort();
    }
    return 0;
}
