// SPDX-License-Identifier: Apache-2.0
//
// The fields that commands know: those of the map (lib/fb/efuse_esp32.def), and
// those that --extend-efuse-table adds.

#ifndef TOOLS_ESPEFUSE_FIELDS_H
#define TOOLS_ESPEFUSE_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/fb/efuse.h"

// Read a table as ESP-IDF's efuse_table_gen.py takes it (esp-idf docs, "eFuse
// Manager": "Description CSV file"). Told errors; 0 or CLI_FAILURE.
int fields_load(const char *path);

// All of them, by number.
size_t fields_count(void);
const struct fb_efuse_field *fields_at(size_t i);
// By name or alias; NULL when there is none.
const struct fb_efuse_field *fields_find(const char *name);
bool fields_is_user(const struct fb_efuse_field *field);

#endif
