// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/partition_table.h"

#include <stdlib.h>
#include <string.h>

#include "lib/fb/partition_csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct fb_partition_table table, again;
    struct fb_fault fault;
    uint8_t bin[FB_PARTITION_TABLE_SIZE], bin_again[sizeof(bin)];
    static char csv[FB_PARTITION_CSV_MAX];
    if (fb_partition_table_parse(p, n, 0, &table, &fault) != FB_OK) {
        return 0;
    }
    (void)fb_partition_table_verify(&table, &fault);
    (void)fb_partition_app_slot(&table, 1);
    if (fb_partition_csv_print(&table, NULL, csv, sizeof(csv)) == 0) {
        abort();
    }
    // What was read can be written and read again.
    if (fb_partition_table_encode(&table, bin) == FB_OK) {
        if (fb_partition_table_parse(bin, sizeof(bin), 0, &again, &fault) !=
                FB_OK ||
            fb_partition_table_encode(&again, bin_again) != FB_OK ||
            memcmp(bin, bin_again, sizeof(bin)) != 0) {
            abort();
        }
    }
    return 0;
}
