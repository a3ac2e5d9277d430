// SPDX-License-Identifier: Apache-2.0

#include "chip/cpu/disasm.h"

#include "chip/cpu/isa.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct text {
    char *out;
    size_t cap;
    size_t len;
};

static void put(struct text *text, const char *format, ...)
{
    va_list args;
    size_t room = text->cap - text->len;

    va_start(args, format);
    int n = vsnprintf(text->out + text->len, room, format, args);
    va_end(args);
    if (n > 0) {
        text->len += (size_t)n < room ? (size_t)n : room - 1;
    }
}

static void put_booleans(struct text *text, int first, int n)
{
    for (int i = 0; i < n; i++) {
        put(text, "%sb%d", i == 0 ? "" : ":", first + i);
    }
}

static void put_operand(struct text *text, char kind, int32_t value)
{
    if (strchr("rst", kind) != NULL) {
        put(text, "a%d", (int)value);
    } else if (strchr("RST", kind) != NULL) {
        put(text, "f%d", (int)value);
    } else if (strchr("xyz", kind) != NULL) {
        put(text, "b%d", (int)value);
    } else if (strchr("wmn", kind) != NULL) {
        put(text, "m%d", (int)value);
    } else if (kind == 'Y') {
        put_booleans(text, value, 4);
    } else if (kind == 'W') {
        put_booleans(text, value, 8);
    } else if (strchr("jc826Ll", kind) != NULL ||
               (value <= -256 || value >= 256)) {
        put(text, "0x%x", (unsigned)value);
    } else {
        put(text, "%d", (int)value);
    }
}

// What stands for the `*` of a mnemonic; kind is NUL if it has none.
static const char *suffix(const struct isa_row *row, char kind, int32_t value)
{
    static const char *const halves[4] = {"ll", "hl", "lh", "hh"};

    switch (kind) {
    case 'G':
        return isa_sr_name((unsigned)value, row->name[0]);
    case 'H':
    case 'I':
        return isa_ur_name((unsigned)value);
    case 'U':
        return halves[value];
    default:
        return "";
    }
}

static void put_mnemonic(struct text *text, const struct isa_row *row,
                         uint32_t word)
{
    char kind = row->operands[0];
    const char *star = strchr(row->name, '*');

    if (star == NULL) {
        put(text, "%s", row->name);
        return;
    }
    put(text, "%.*s%s%s", (int)(star - row->name), row->name,
        suffix(row, kind, isa_operand(kind, 0, word)), star + 1);
}

int cpu_disasm(uint32_t pc, const uint8_t *bytes, char *out, size_t cap)
{
    struct text text = {out, cap, 0};
    unsigned len = isa_length(bytes[0]);
    uint32_t word = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8;
    struct isa_insn insn;

    if (len == 3) {
        word |= (uint32_t)bytes[2] << 16;
    }
    isa_decode(pc, word, &insn);
    const struct isa_row *row = &isa_rows[insn.row];
    if ((word & row->mask) != row->value) {
        put(&text, ".byte\t0x%02x, 0x%02x", bytes[0], bytes[1]);
        if (len == 3) {
            put(&text, ", 0x%02x", bytes[2]);
        }
        return (int)len;
    }
    put_mnemonic(&text, row, word);
    const char *k = row->operands + (strchr(row->name, '*') != NULL);
    for (const char *sep = "\t"; *k != '\0'; k++, sep = ", ") {
        put(&text, "%s", sep);
        put_operand(&text, *k, isa_operand(*k, pc, word));
    }
    return (int)len;
}
