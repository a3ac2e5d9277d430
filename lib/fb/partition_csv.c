// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/partition_csv.h"

#include <stdio.h>
#include <string.h>

#include "lib/fb/flash.h"

#define SECTOR FB_FLASH_SECTOR

// A stretch of text, not terminated.
struct span {
    const char *p;
    size_t n;
};

struct keyword {
    const char *name;
    uint8_t value;
};

// ESP-IDF docs, "Partition Tables", and esp_partition.h.
static const struct keyword types[] = {
    {"app", FB_PARTITION_APP},
    {"data", FB_PARTITION_DATA},
    {"bootloader", FB_PARTITION_BOOTLOADER},
    {"partition_table", FB_PARTITION_TABLE},
    {NULL, 0},
};

static const struct keyword bootloader_subtypes[] = {
    {"primary", FB_PARTITION_PRIMARY},
    {"ota", 0x01},
    {"recovery", FB_PARTITION_RECOVERY},
    {NULL, 0},
};

static const struct keyword table_subtypes[] = {
    {"primary", FB_PARTITION_PRIMARY},
    {"ota", 0x01},
    {NULL, 0},
};

static const struct keyword app_subtypes[] = {
    {"factory", 0x00}, {"test", 0x20},   {"ota_0", 0x10},  {"ota_1", 0x11},
    {"ota_2", 0x12},   {"ota_3", 0x13},  {"ota_4", 0x14},  {"ota_5", 0x15},
    {"ota_6", 0x16},   {"ota_7", 0x17},  {"ota_8", 0x18},  {"ota_9", 0x19},
    {"ota_10", 0x1A},  {"ota_11", 0x1B}, {"ota_12", 0x1C}, {"ota_13", 0x1D},
    {"ota_14", 0x1E},  {"ota_15", 0x1F}, {NULL, 0},
};

static const struct keyword data_subtypes[] = {
    {"ota", 0x00},       {"phy", 0x01},      {"nvs", 0x02},
    {"coredump", 0x03},  {"nvs_keys", 0x04}, {"efuse", 0x05},
    {"undefined", 0x06}, {"esphttpd", 0x80}, {"fat", 0x81},
    {"spiffs", 0x82},    {"littlefs", 0x83}, {NULL, 0},
};

static const struct keyword flags[] = {
    {"encrypted", FB_PARTITION_ENCRYPTED},
    {"readonly", FB_PARTITION_READONLY},
    {NULL, 0},
};

static const struct keyword no_keywords[] = {{NULL, 0}};

static const struct keyword *subtypes_of(uint8_t type)
{
    static const struct keyword *const lists[] = {
        [FB_PARTITION_APP] = app_subtypes,
        [FB_PARTITION_DATA] = data_subtypes,
        [FB_PARTITION_BOOTLOADER] = bootloader_subtypes,
        [FB_PARTITION_TABLE] = table_subtypes,
    };
    return type < sizeof lists / sizeof lists[0] ? lists[type] : no_keywords;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_keyword(const char *name, struct span s)
{
    size_t i = 0;
    while (i < s.n && name[i] != '\0' && lower(s.p[i]) == name[i]) {
        i++;
    }
    return i == s.n && name[i] == '\0';
}

static bool find_keyword(const struct keyword *list, struct span s,
                         uint8_t *value)
{
    for (; list->name != NULL; list++) {
        if (is_keyword(list->name, s)) {
            *value = list->value;
            return true;
        }
    }
    return false;
}

static bool find_extra(const struct fb_partition_extra *extra, uint8_t type,
                       struct span s, uint8_t *subtype)
{
    for (; extra != NULL && extra->name != NULL; extra++) {
        if (extra->type == type && is_keyword(extra->name, s)) {
            *subtype = extra->subtype;
            return true;
        }
    }
    return false;
}

static const char *keyword_of(const struct keyword *list, uint32_t value)
{
    while (list->name != NULL && list->value != value) {
        list++;
    }
    return list->name;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct span trim(struct span s)
{
    while (s.n != 0 && is_space(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n != 0 && is_space(s.p[s.n - 1])) {
        s.n--;
    }
    return s;
}

// What is before the next separator; *rest becomes what is behind it.
static struct span split(struct span *rest, char separator)
{
    struct span field = {rest->p, 0};
    while (field.n < rest->n && rest->p[field.n] != separator) {
        field.n++;
    }
    size_t used = field.n + (field.n < rest->n);
    rest->p += used;
    rest->n -= used;
    return field;
}

// The next line without its end; false after the last one.
static bool next_line(struct span *text, struct span *line)
{
    if (text->n == 0) {
        return false;
    }
    size_t n = 0;
    while (n < text->n && text->p[n] != '\n' && text->p[n] != '\r') {
        n++;
    }
    *line = (struct span){text->p, n};
    if (n < text->n) {
        bool both =
            text->p[n] == '\r' && n + 1 < text->n && text->p[n + 1] == '\n';
        n += both ? 2 : 1;
    }
    text->p += n;
    text->n -= n;
    return true;
}

static int digit_of(char c)
{
    c = lower(c);
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : 99;
}

// An integer as Python's int(text, 0) takes it, here up to 2^40.
static bool parse_integer(struct span s, int64_t *value)
{
    bool negative = s.n != 0 && s.p[0] == '-';
    if (s.n != 0 && (s.p[0] == '-' || s.p[0] == '+')) {
        s.p++;
        s.n--;
    }
    int base = 10;
    if (s.n > 2 && s.p[0] == '0') {
        char c = lower(s.p[1]);
        base = c == 'x' ? 16 : c == 'o' ? 8 : c == 'b' ? 2 : 10;
        if (base != 10) {
            s.p += 2;
            s.n -= 2;
        }
    }
    uint64_t sum = 0;
    bool zeros = true; // so far
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '_' && i > 0 && i + 1 < s.n && s.p[i - 1] != '_') {
            continue;
        }
        int digit = digit_of(s.p[i]);
        // 010 could mean 8 or 10: neither.
        if (digit >= base ||
            (base == 10 && i > 0 && zeros && digit != 0 && s.p[0] == '0')) {
            return false;
        }
        zeros = zeros && digit == 0;
        sum = sum * (uint64_t)base + (uint64_t)digit;
        sum = sum < UINT64_C(1) << 40 ? sum : UINT64_C(1) << 40;
    }
    *value = negative ? -(int64_t)sum : (int64_t)sum;
    return s.n != 0;
}

// The same with suffixes K and M.
static bool parse_number(struct span s, int64_t *value)
{
    int64_t scale = 1;
    if (s.n != 0 &&
        (lower(s.p[s.n - 1]) == 'k' || lower(s.p[s.n - 1]) == 'm')) {
        scale = lower(s.p[s.n - 1]) == 'k' ? 1024 : 1024 * 1024;
        s = trim((struct span){s.p, s.n - 1});
    }
    if (!parse_integer(s, value)) {
        return false;
    }
    *value *= scale; // at most 2^60
    return true;
}

enum column { NAME = 1, TYPE, SUBTYPE, OFFSET, SIZE, FLAGS, COLUMNS };

struct parser {
    const struct fb_partition_csv_options *options;
    struct fb_partition_table *table;
    struct fb_fault *fault;
    uint32_t line;                    // from 1
    uint32_t lines[FB_PARTITION_MAX]; // where the partitions stand
    uint64_t end;                     // of the previous partition
};

static enum fb_status fail(struct parser *p, enum fb_status status,
                           uint64_t got, uint64_t want)
{
    return fb_fault_set(p->fault, status, p->line, (uint32_t)got,
                        (uint32_t)want);
}

// A byte: a number or a keyword.
static enum fb_status parse_byte(struct parser *p, enum column column,
                                 struct span s, const struct keyword *keywords,
                                 uint8_t *byte)
{
    int64_t number;
    if (find_keyword(keywords, s, byte)) {
        return FB_OK;
    }
    if (!parse_number(s, &number)) {
        return fail(p, FB_E_UNKNOWN, column, 0);
    }
    if (number < 0 || number > UINT8_MAX) {
        return fail(p, FB_E_RANGE, column, 0);
    }
    *byte = (uint8_t)number;
    return FB_OK;
}

static enum fb_status parse_flags(struct parser *p, struct span s,
                                  uint32_t *bits)
{
    *bits = 0;
    while (s.n != 0) {
        struct span name = split(&s, ':');
        uint8_t bit;
        if (name.n == 0) {
            continue;
        }
        if (!find_keyword(flags, name, &bit)) {
            return fail(p, FB_E_UNKNOWN, FLAGS, 0);
        }
        *bits |= bit;
    }
    return FB_OK;
}

// What the options say of a row's place; < 0: nothing. ESP-IDF's generator
// takes offset and size of these rows from nowhere else.
struct known_place {
    int64_t from, len;
};

static struct known_place known_place(const struct parser *p,
                                      const struct fb_partition *part)
{
    const struct fb_partition_csv_options *o = p->options;
    struct known_place known = {-1, -1};
    bool primary = part->subtype == FB_PARTITION_PRIMARY;
    if (part->type == FB_PARTITION_TABLE) {
        known.len = SECTOR;
        known.from = primary ? (int64_t)o->table_off : -1;
    } else if (part->type == FB_PARTITION_BOOTLOADER) {
        const uint32_t *from = primary ? o->bootloader_off
                               : part->subtype == FB_PARTITION_RECOVERY
                                   ? o->recovery_off
                                   : NULL;
        known.from = from != NULL ? (int64_t)*from : -1;
        if (o->bootloader_off != NULL && *o->bootloader_off < o->table_off) {
            known.len = (int64_t)o->table_off - *o->bootloader_off;
        }
    }
    return known;
}

// Such a row has no place of its own to go to.
static bool needs_offset(const struct fb_partition *part)
{
    return part->type == FB_PARTITION_BOOTLOADER &&
           (part->subtype == FB_PARTITION_PRIMARY ||
            part->subtype == FB_PARTITION_RECOVERY);
}

// Where it lies: after the previous partition, or where the line says.
static enum fb_status parse_place(struct parser *p, struct span offset,
                                  struct span size, struct fb_partition *part)
{
    uint32_t align = part->type == FB_PARTITION_APP ? FB_PARTITION_APP_ALIGN
                                                    : p->options->data_align;
    struct known_place known = known_place(p, part);
    bool apart = fb_partition_is_before_table(part);
    int64_t from = (int64_t)p->end, len = known.len;
    if (align > 1) {
        from = (from + align - 1) / align * align;
    }
    if (known.from >= 0) {
        from = known.from;
    } else if (offset.n == 0 ? needs_offset(part)
                             : !parse_number(offset, &from)) {
        return fail(p, needs_offset(part) ? FB_E_UNKNOWN : FB_E_SYNTAX, OFFSET,
                    0);
    }
    if (len < 0 && (size.n == 0 || !parse_number(size, &len))) {
        return fail(p, FB_E_SYNTAX, SIZE, 0);
    }
    if (from < 0 || from > UINT32_MAX) {
        return fail(p, FB_E_RANGE, OFFSET, 0);
    }
    if (!apart && (uint64_t)from < p->end) {
        return fail(p, FB_E_OVERLAP, (uint64_t)from, p->end);
    }
    if (align > 1 && from % align != 0 && !p->options->unverified) {
        return fail(p, FB_E_ALIGN, (uint64_t)from, align);
    }
    if (len < 0) { // up to there
        len = -len - from;
    }
    if (len < 0 || len > UINT32_MAX || from + len > UINT32_MAX) {
        return fail(p, FB_E_RANGE, SIZE, 0);
    }
    if (p->options->secure && part->type == FB_PARTITION_APP &&
        len % FB_PARTITION_APP_ALIGN != 0) {
        return fail(p, FB_E_ALIGN, (uint64_t)len, FB_PARTITION_APP_ALIGN);
    }
    if (p->options->flash_size != 0 && from + len > p->options->flash_size) {
        return fail(p, FB_E_RANGE, (uint64_t)(from + len),
                    p->options->flash_size);
    }
    part->offset = (uint32_t)from;
    part->size = (uint32_t)len;
    if (!apart) {
        p->end = (uint64_t)(from + len);
    }
    return FB_OK;
}

static enum fb_status parse_partition(struct parser *p, struct span line)
{
    struct fb_partition part = {0};
    struct span field[COLUMNS];
    for (unsigned i = NAME; i < COLUMNS; i++) {
        field[i] = trim(split(&line, ','));
    }
    size_t n = field[NAME].n < 16 ? field[NAME].n : 16;
    memcpy(part.label, field[NAME].p, n);

    if (field[TYPE].n == 0) {
        return fail(p, FB_E_SYNTAX, TYPE, 0);
    }
    enum fb_status s = parse_byte(p, TYPE, field[TYPE], types, &part.type);
    if (s == FB_OK && field[SUBTYPE].n != 0 &&
        !find_extra(p->options->extra, part.type, field[SUBTYPE],
                    &part.subtype)) {
        s = parse_byte(p, SUBTYPE, field[SUBTYPE], subtypes_of(part.type),
                       &part.subtype);
    }
    if (s == FB_OK) {
        s = parse_flags(p, field[FLAGS], &part.flags);
    }
    if (s == FB_OK) {
        s = parse_place(p, field[OFFSET], field[SIZE], &part);
    }
    if (s != FB_OK) {
        return s;
    }
    struct fb_partition_table *table = p->table;
    for (uint32_t i = 0; i < table->count; i++) {
        if (strcmp(table->part[i].label, part.label) == 0 &&
            !p->options->unverified) {
            return fail(p, FB_E_DUPLICATE, 0, p->lines[i]);
        }
    }
    if (table->count == FB_PARTITION_MAX) {
        return fail(p, FB_E_NO_SPACE, table->count + 1, FB_PARTITION_MAX);
    }
    p->lines[table->count] = p->line;
    table->part[table->count++] = part;
    return FB_OK;
}

static bool is_name(char c)
{
    c = lower(c);
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

// The variable at the start of s, a '$'. Returns how long it is, 0 if that is
// none.
static size_t variable(struct span s, struct span *name)
{
    size_t n = 1;
    bool braces = s.n > 1 && s.p[1] == '{';
    n += braces;
    size_t start = n;
    while (n < s.n && (braces ? s.p[n] != '}' : is_name(s.p[n]))) {
        n++;
    }
    *name = (struct span){s.p + start, n - start};
    if (name->n == 0 || (braces && n == s.n)) {
        return 0;
    }
    return n + braces;
}

// Copy a line with the values of its variables.
static enum fb_status expand(struct parser *p, struct span line, char *out,
                             struct span *expanded)
{
    size_t len = 0;
    while (line.n != 0) {
        struct span name, value = {line.p, 1};
        size_t used = line.p[0] == '$' ? variable(line, &name) : 0;
        char key[FB_PARTITION_LINE];
        if (used != 0) {
            if (name.n >= sizeof(key)) {
                return fail(p, FB_E_SIZE, FB_PARTITION_LINE, 0);
            }
            memcpy(key, name.p, name.n);
            key[name.n] = '\0';
            value.p = p->options->getenv != NULL
                          ? p->options->getenv(p->options->ctx, key)
                          : NULL;
            if (value.p == NULL) {
                return fail(p, FB_E_UNKNOWN, 0, 0);
            }
            value.n = strlen(value.p);
        } else {
            used = 1;
        }
        if (value.n > FB_PARTITION_LINE - len) {
            return fail(p, FB_E_SIZE, FB_PARTITION_LINE, 0);
        }
        memcpy(out + len, value.p, value.n);
        len += value.n;
        line.p += used;
        line.n -= used;
    }
    *expanded = trim((struct span){out, len});
    return FB_OK;
}

enum fb_status
fb_partition_csv_parse(const char *text, size_t n,
                       const struct fb_partition_csv_options *options,
                       struct fb_partition_table *table, struct fb_fault *fault)
{
    struct parser p = {
        .options = options,
        .table = table,
        .fault = fault,
        .end = (uint64_t)options->table_off + SECTOR,
    };
    struct span rest = {text, n}, line;
    table->count = 0;
    table->has_md5 = true;
    while (next_line(&rest, &line)) {
        char buffer[FB_PARTITION_LINE];
        p.line++;
        line = trim(line);
        if (line.n == 0 || line.p[0] == '#') {
            continue;
        }
        enum fb_status s = expand(&p, line, buffer, &line);
        if (s == FB_OK && line.n != 0 && line.p[0] != '#') {
            s = parse_partition(&p, line);
        }
        if (s != FB_OK) {
            return s;
        }
    }
    return FB_OK;
}

// Text being written; len counts on when cap is reached.
struct text {
    char *out;
    size_t cap;
    size_t len;
};

static void put(struct text *text, const char *s)
{
    size_t n = strlen(s);
    if (text->len < text->cap && n < text->cap - text->len) {
        memcpy(text->out + text->len, s, n + 1);
    }
    text->len += n;
}

static void put_number(struct text *text, const char *format, uint32_t number)
{
    char s[24];
    snprintf(s, sizeof(s), format, (unsigned)number);
    put(text, s);
}

static void put_keyword(struct text *text, const struct keyword *list,
                        uint8_t value)
{
    const char *name = keyword_of(list, value);
    if (name != NULL) {
        put(text, name);
        put(text, ",");
    } else {
        put_number(text, "%u,", value);
    }
}

static void put_size(struct text *text, uint32_t size)
{
    if (size % 0x100000 == 0) {
        put_number(text, "%uM,", size / 0x100000);
    } else if (size % 0x400 == 0) {
        put_number(text, "%uK,", size / 0x400);
    } else {
        put_number(text, "0x%x,", size);
    }
}

static void put_flags(struct text *text, uint32_t bits)
{
    const char *separator = "";
    for (const struct keyword *flag = flags; flag->name != NULL; flag++) {
        if (bits & flag->value) {
            put(text, separator);
            put(text, flag->name);
            separator = ":";
        }
    }
}

static void put_subtype(struct text *text,
                        const struct fb_partition_extra *extra,
                        const struct fb_partition *part)
{
    for (; extra != NULL && extra->name != NULL; extra++) {
        if (extra->type == part->type && extra->subtype == part->subtype) {
            put(text, extra->name);
            put(text, ",");
            return;
        }
    }
    put_keyword(text, subtypes_of(part->type), part->subtype);
}

size_t fb_partition_csv_print(const struct fb_partition_table *table,
                              const struct fb_partition_extra *extra, char *out,
                              size_t cap)
{
    struct text text = {out, cap, 0};
    put(&text, "# Espressif ESP32 Partition Table\n"
               "# Name, Type, SubType, Offset, Size, Flags\n");
    for (uint32_t i = 0; i < table->count; i++) {
        const struct fb_partition *part = &table->part[i];
        put(&text, part->label);
        put(&text, ",");
        put_keyword(&text, types, part->type);
        put_subtype(&text, extra, part);
        put_number(&text, "0x%x,", part->offset);
        put_size(&text, part->size);
        put_flags(&text, part->flags);
        put(&text, "\n");
    }
    return text.len < cap ? text.len : 0;
}
