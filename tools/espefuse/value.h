// SPDX-License-Identifier: Apache-2.0
//
// The meaning of a field's bits, as summary shows it.

#ifndef TOOLS_ESPEFUSE_VALUE_H
#define TOOLS_ESPEFUSE_VALUE_H

#include "tools/espefuse/session.h"

#define VALUE_TEXT_MAX 160

// How a value is written in JSON.
enum value_kind { VALUE_BOOL, VALUE_NUMBER, VALUE_STRING };

struct value {
    enum value_kind kind;
    char text[VALUE_TEXT_MAX]; // "True", "15", "1.8V"
    char raw[VALUE_TEXT_MAX];  // "0b1", "0xf"; empty for bytes
    char hex[VALUE_TEXT_MAX];  // "0x1", for JSON
};

void value_of(const struct session *s, const struct fb_efuse_field *field,
              struct value *v);

// "0x0f" for whole hexadecimal digits, else "0b00101".
void value_raw(uint32_t bits, unsigned width, char *out, size_t cap);

// Values put together from several fields.
struct value_computed {
    const char *name;
    const char *category;
    const char *description;
    unsigned bits;
    unsigned (*get)(const struct session *s);
};

extern const struct value_computed value_computed[]; // ends with a NULL name

// "R/W", "-/-", ... of a field.
const char *value_access(const struct session *s,
                         const struct fb_efuse_field *field);

// The line on VDD_SDIO that ends a summary.
const char *value_flash_voltage(const struct session *s);

#endif
