// SPDX-License-Identifier: Apache-2.0
//
// summary: every field, by category.

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/file.h"
#include "tools/espefuse/commands.h"
#include "tools/espefuse/fields.h"
#include "tools/espefuse/value.h"

// Calibration values stand in BLOCK3 only if the factory says so.
static bool exists(const struct session *s, const struct fb_efuse_field *field)
{
    bool tp = field >= &fb_efuse_map[FB_EFUSE_ADC1_TP_LOW] &&
              field <= &fb_efuse_map[FB_EFUSE_ADC2_TP_HIGH];
    return !tp || fb_efuse_get(&s->now, FB_EFUSE_BLK3_PART_RESERVE) != 0;
}

static bool wanted(const struct cli *cli, const struct fb_efuse_field *field)
{
    for (unsigned i = 0; i < cli_args(cli); i++) {
        const char *name = cli_arg(cli, i);
        if (fields_find(name) == field) {
            return true;
        }
    }
    return cli_args(cli) == 0 && exists(session_get(), field);
}

#define COLUMN 50

// One eFuse: a long value has a line of its own, a long description several.
static void text_line(FILE *out, const char *name, unsigned block,
                      const char *description, const char *value,
                      const char *access, const char *raw)
{
    char info[128];
    (void)snprintf(info, sizeof info, "%s (%s)", name,
                   session_block_name(block));
    (void)fprintf(out, "%-*s %-*.*s%s = %s %s %s%s%s\n", COLUMN, info, COLUMN,
                  COLUMN, description, strlen(value) > 20 ? "\n  " : "", value,
                  access, raw[0] != '\0' ? "(" : "", raw,
                  raw[0] != '\0' ? ")" : "");
    for (size_t at = COLUMN; at < strlen(description); at += COLUMN) {
        (void)fprintf(out, "%*s %-*.*s\n", COLUMN, "", COLUMN, COLUMN,
                      description + at);
    }
}

static void text_field(FILE *out, const struct session *s,
                       const struct fb_efuse_field *field)
{
    struct value v;
    value_of(s, field, &v);
    text_line(out, field->name, field->block, field->description, v.text,
              value_access(s, field), v.raw);
}

static void text_computed(FILE *out, const struct session *s,
                          const struct value_computed *c)
{
    struct fb_efuse_field like = {.width = (uint16_t)c->bits};
    char value[16];
    char raw[16];
    (void)snprintf(value, sizeof value, "%u", c->get(s));
    value_raw(c->get(s), like.width, raw, sizeof raw);
    text_line(out, c->name, 0, c->description, value, "R/W", raw);
}

// Headings as they follow each other; the user's fields have their own.
static const char *const categories[] = {
    "calibration", "config",   "flash",   "identity", "jtag",
    "MAC",         "security", "spi pad", "User",     "vdd",
};

static void heading(FILE *out, const char *category)
{
    bool start = true;
    for (const char *p = category; *p != '\0'; p++) {
        (void)fputc(start ? toupper((unsigned char)*p)
                          : tolower((unsigned char)*p),
                    out);
        start = *p == ' ';
    }
    (void)fputs(" fuses:\n", out);
}

// Whole blocks and the custom MAC follow the others of their category.
static bool comes_last(const struct fb_efuse_field *field)
{
    return field->width == 256 ||
           field == &fb_efuse_map[FB_EFUSE_CUSTOM_MAC_CRC] ||
           field == &fb_efuse_map[FB_EFUSE_CUSTOM_MAC];
}

static bool computed_wanted(const struct cli *cli,
                            const struct value_computed *c)
{
    for (unsigned i = 0; i < cli_args(cli); i++) {
        if (strcmp(cli_arg(cli, i), c->name) == 0) {
            return true;
        }
    }
    return cli_args(cli) == 0;
}

static void text_category(FILE *out, const struct cli *cli,
                          const struct session *s, const char *category)
{
    unsigned lines = 0;
    for (unsigned pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < fields_count(); i++) {
            const struct fb_efuse_field *f = fields_at(i);
            if (strcmp(f->category, category) != 0 || !wanted(cli, f) ||
                comes_last(f) != (pass == 1)) {
                continue;
            }
            if (lines++ == 0) {
                heading(out, category);
            }
            text_field(out, s, f);
        }
    }
    for (const struct value_computed *c = value_computed; c->name != NULL;
         c++) {
        if (strcmp(c->category, category) != 0 || !computed_wanted(cli, c)) {
            continue;
        }
        if (lines++ == 0) {
            heading(out, category);
        }
        text_computed(out, s, c);
    }
    if (lines > 0) {
        (void)fputc('\n', out);
    }
}

static void print_text(FILE *out, const struct cli *cli,
                       const struct session *s)
{
    (void)fprintf(out, "EFUSE_NAME (Block) Description  = [Meaningful Value] "
                       "[Readable/Writeable] (Hex Value)\n");
    for (int i = 0; i < 88; i++) {
        (void)fputc('-', out);
    }
    (void)fputc('\n', out);
    for (size_t i = 0; i < sizeof categories / sizeof categories[0]; i++) {
        text_category(out, cli, s, categories[i]);
    }
    (void)fprintf(out, "Flash voltage (VDD_SDIO) %s\n", value_flash_voltage(s));
}

// A row of the JSON object: a field or a computed value.
struct row {
    const char *name;
    const struct fb_efuse_field *field;
    const struct value_computed *computed;
};

static int by_name(const void *a, const void *b)
{
    const struct row *x = a;
    const struct row *y = b;
    return strcmp(x->name, y->name);
}

static const char *json_value(const struct value *v,
                              char out[VALUE_TEXT_MAX + 2])
{
    if (v->kind == VALUE_BOOL) {
        return v->text[0] == 'T' ? "true" : "false";
    }
    (void)snprintf(out, VALUE_TEXT_MAX + 2,
                   v->kind == VALUE_STRING ? "\"%s\"" : "%s", v->text);
    return out;
}

// A user's table may hold anything.
static const char *json_text(const char *text, char *out, size_t cap)
{
    size_t n = 0;
    for (; *text != '\0' && n + 3 < cap; text++) {
        if (*text == '"' || *text == '\\') {
            out[n++] = '\\';
        }
        out[n++] = (unsigned char)*text < ' ' ? ' ' : *text;
    }
    out[n] = '\0';
    return out;
}

static void json_field(FILE *out, const struct session *s,
                       const struct fb_efuse_field *f)
{
    struct value v;
    char text[VALUE_TEXT_MAX + 2];
    char type[16];
    // A whole block is as long as its coding leaves it.
    unsigned bits =
        f->width == 256 ? (unsigned)session_block_bytes(s) * 8 : f->width;
    char name[200];
    char description[400];
    value_of(s, f, &v);
    if (f->type == FB_EFUSE_BOOL) {
        (void)snprintf(type, sizeof type, "bool");
    } else {
        (void)snprintf(type, sizeof type, "%s:%u", bits > 32 ? "bytes" : "uint",
                       bits > 32 ? bits / 8u : bits);
    }
    (void)fprintf(
        out,
        "    \"%s\": {\n        \"bit_len\": %u,\n        \"block\": %u,\n"
        "        \"category\": \"%s\",\n        \"description\": \"%s\",\n"
        "        \"efuse_type\": \"%s\",\n        \"name\": \"%s\",\n"
        "        \"pos\": %u,\n        \"raw_value\": \"%s\",\n"
        "        \"readable\": %s,\n        \"value\": %s,\n"
        "        \"word\": %u,\n        \"writeable\": %s\n    }",
        json_text(f->name, name, sizeof name), bits, f->block, f->category,
        json_text(f->description, description, sizeof description), type, name,
        f->bit, v.hex, fb_efuse_is_hidden(&s->now, f) ? "false" : "true",
        json_value(&v, text), f->word,
        fb_efuse_is_frozen(&s->now, f) ? "false" : "true");
}

static void json_computed(FILE *out, const struct session *s,
                          const struct value_computed *c)
{
    unsigned value = c->get(s);
    (void)fprintf(
        out,
        "    \"%s\": {\n        \"bit_len\": %u,\n        \"block\": 0,\n"
        "        \"category\": \"%s\",\n        \"description\": \"%s\",\n"
        "        \"efuse_type\": \"uint:%u\",\n        \"name\": \"%s\",\n"
        "        \"pos\": null,\n        \"raw_value\": \"0x%x\",\n"
        "        \"readable\": true,\n        \"value\": %u,\n"
        "        \"word\": null,\n        \"writeable\": true\n    }",
        c->name, c->bits, c->category, c->description, c->bits, c->name, value,
        value);
}

static void print_json(FILE *out, const struct cli *cli,
                       const struct session *s)
{
    struct row *rows = calloc(fields_count() + 8, sizeof *rows);
    size_t n = 0;
    if (rows == NULL) {
        return;
    }
    for (size_t i = 0; i < fields_count(); i++) {
        const struct fb_efuse_field *f = fields_at(i);
        if (wanted(cli, f)) {
            rows[n++] = (struct row){f->name, f, NULL};
        }
    }
    for (const struct value_computed *c = value_computed; c->name != NULL;
         c++) {
        if (computed_wanted(cli, c)) {
            rows[n++] = (struct row){c->name, NULL, c};
        }
    }
    qsort(rows, n, sizeof rows[0], by_name);
    (void)fputs("{\n", out);
    for (size_t i = 0; i < n; i++) {
        if (rows[i].field != NULL) {
            json_field(out, s, rows[i].field);
        } else {
            json_computed(out, s, rows[i].computed);
        }
        (void)fputs(i + 1 < n ? ",\n" : "\n", out);
    }
    (void)fputs("}\n", out);
    free(rows);
}

static void print_values(FILE *out, const struct cli *cli,
                         const struct session *s)
{
    for (unsigned i = 0; i < cli_args(cli); i++) {
        const char *name = cli_arg(cli, i);
        struct value v;
        value_of(s, fields_find(name), &v);
        (void)fprintf(out, "%s%s", i == 0 ? "" : " ", v.text);
    }
    (void)fputc('\n', out);
}

static int check_names(const struct cli *cli)
{
    for (unsigned i = 0; i < cli_args(cli); i++) {
        const char *name = cli_arg(cli, i);
        if (fields_find(name) == NULL) {
            return cli_error(name, "no eFuse of this name");
        }
    }
    if (cli_args(cli) == 0 &&
        strcmp(cli_string(cli, "format"), "value-only") == 0) {
        return cli_error(NULL, "--format value_only needs names of eFuses");
    }
    return 0;
}

static void print(FILE *out, const struct cli *cli, const struct session *s)
{
    const char *format = cli_string(cli, "format");
    if (strcmp(format, "json") == 0) {
        print_json(out, cli, s);
    } else if (strncmp(format, "value", 5) == 0) {
        print_values(out, cli, s);
    } else {
        print_text(out, cli, s);
    }
}

static int run(const struct cli *cli)
{
    struct session *s = session_get();
    const char *path = cli_string(cli, "file");
    char *text = NULL;
    size_t size = 0;
    int status = check_names(cli);
    if (status == 0) {
        status = session_burn(s);
    }
    if (status != 0) {
        return status;
    }
    if (path == NULL) {
        print(stdout, cli, s);
        return 0;
    }
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) {
        return cli_error(NULL, "out of memory");
    }
    print(out, cli, s);
    (void)fclose(out);
    cli_print("Saving eFuse values to %s\n", path);
    int error = host_file_write(path, text, size, HOST_FILE_PUBLIC);
    free(text);
    if (error != 0) {
        return cli_error(path, "%s", strerror(error));
    }
    cli_print("Done\n");
    return 0;
}

static const struct cli_option options[] = {
    {.name = "format",
     .kind = CLI_CHOICE,
     .value = "FORMAT",
     .fallback = "summary",
     .choices = "summary|json|value-only",
     .help = "text for people, JSON, or bare values of the names given"},
    {.name = "file",
     .kind = CLI_STRING,
     .value = "FILE",
     .help = "write there in place of standard output"},
    {.name = NULL}};

const struct cli_command command_summary = {
    .name = "summary",
    .arguments = "[NAME ...]",
    .max_args = UINT_MAX,
    .options = options,
    .help = "show all eFuses with their meaning",
    .run = run,
};
