// SPDX-License-Identifier: Apache-2.0

#include "tools/espefuse/fields.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/file.h"
#include "tools/cli/cli.h"

#define USER_MAX   128u
#define TEXT_MAX   96u
#define FILE_MAX   65536u
#define BLOCK_BITS 256u

static struct user {
    struct fb_efuse_field field;
    char name[TEXT_MAX], alias[TEXT_MAX], description[2 * TEXT_MAX];
} users[USER_MAX];
static size_t user_count;

size_t fields_count(void)
{
    return FB_EFUSE_FIELDS + user_count;
}

const struct fb_efuse_field *fields_at(size_t i)
{
    return i < FB_EFUSE_FIELDS ? &fb_efuse_map[i]
                               : &users[i - FB_EFUSE_FIELDS].field;
}

bool fields_is_user(const struct fb_efuse_field *field)
{
    for (size_t i = 0; i < user_count; i++) {
        if (field == &users[i].field) {
            return true;
        }
    }
    return false;
}

const struct fb_efuse_field *fields_find(const char *name)
{
    for (size_t i = 0; i < user_count; i++) {
        if (strcmp(users[i].name, name) == 0 ||
            strcmp(users[i].alias, name) == 0) {
            return &users[i].field;
        }
    }
    return fb_efuse_find(name, strlen(name));
}

// One line being read.
struct row {
    const char *path;
    unsigned line;
    char *cell[5]; // name, block, first bit, bits, comment
    char text[256];
};

static int refuse(const struct row *r, const char *what)
{
    char about[300];
    (void)snprintf(about, sizeof about, "%.200s: line %u", r->path, r->line);
    return cli_error(about, "%s", what);
}

static char *trimmed(char *text)
{
    while (isspace((unsigned char)*text)) {
        text++;
    }
    size_t n = strlen(text);
    while (n > 0 && isspace((unsigned char)text[n - 1])) {
        text[--n] = '\0';
    }
    return text;
}

static void split(struct row *r)
{
    char *rest = r->text;
    for (size_t i = 0; i < 5; i++) {
        char *cell = rest;
        char *comma = strchr(cell, ',');
        rest = comma != NULL ? comma + 1 : cell + strlen(cell);
        if (comma != NULL) {
            *comma = '\0';
        }
        r->cell[i] = trimmed(cell);
    }
}

// Structured names become flat ones.
static void copy_name(char out[TEXT_MAX], const char *in, size_t n)
{
    size_t i = 0;
    for (; i < n && i < TEXT_MAX - 1 && in[i] != '\0'; i++) {
        out[i] = in[i] == '.' ? '_' : in[i];
    }
    out[i] = '\0';
}

static void set_texts(struct user *u, const char *comment)
{
    struct fb_efuse_field *f = &u->field;
    unsigned first = f->word * 32u + f->bit;
    const char *end = comment[0] == '[' ? strchr(comment, ']') : NULL;
    if (end != NULL) {
        copy_name(u->alias, comment + 1, (size_t)(end - comment) - 1);
    }
    (void)snprintf(u->description, sizeof u->description, "%s (%u-%u)", comment,
                   first, first + f->width - 1);
    f->name = u->name;
    f->alias = u->alias;
    f->category = "User";
    f->description = u->description;
}

static int set_place(const struct row *r, struct user *u, unsigned block,
                     uint64_t first, uint64_t width)
{
    if (width == 0 || width > BLOCK_BITS || first > BLOCK_BITS - width) {
        return refuse(r, "bits outside the block's 256");
    }
    if (width > 32 && width % 8 != 0) {
        return refuse(r, "more than 32 bits that are no whole bytes");
    }
    struct fb_efuse_field *f = &u->field;
    f->block = (uint8_t)block;
    f->word = (uint8_t)(first / 32);
    f->bit = (uint8_t)(first % 32);
    f->width = (uint16_t)width;
    f->type = width == 1   ? FB_EFUSE_BOOL
              : width > 32 ? FB_EFUSE_BYTES
                           : FB_EFUSE_UINT;
    static const enum fb_efuse_id whole[] = {FB_EFUSE_WR_DIS, FB_EFUSE_BLOCK1,
                                             FB_EFUSE_BLOCK2, FB_EFUSE_BLOCK3};
    f->wr_dis =
        block == 0 ? FB_EFUSE_NO_BIT : fb_efuse_map[whole[block]].wr_dis;
    f->rd_dis =
        block == 0 ? FB_EFUSE_NO_BIT : fb_efuse_map[whole[block]].rd_dis;
    return 0;
}

// The bit behind the row before, where a row names none.
static uint64_t next_bit(unsigned block)
{
    const struct fb_efuse_field *f =
        user_count > 0 ? &users[user_count - 1].field : NULL;
    return f != NULL && f->block == block ? f->word * 32u + f->bit + f->width
                                          : 0;
}

static int take_row(struct row *r)
{
    static const char prefix[] = "EFUSE_BLK";
    uint64_t block, first, width = BLOCK_BITS;
    if (user_count == USER_MAX) {
        return refuse(r, "too many fields");
    }
    struct user *u = &users[user_count];
    memset(u, 0, sizeof *u);
    split(r);
    if (r->cell[0][0] == '\0' && user_count == 0) {
        return refuse(r, "the first field has no name");
    }
    // A row without a name is a further part of the field above.
    copy_name(u->name,
              r->cell[0][0] != '\0' ? r->cell[0] : users[user_count - 1].name,
              TEXT_MAX);
    const char *number = r->cell[1];
    if (strncmp(number, prefix, sizeof prefix - 1) == 0) {
        number += sizeof prefix - 1;
    }
    if (!cli_parse_uint(number, &block) || block >= FB_EFUSE_BLOCKS) {
        return refuse(r, "no block of the ESP32: EFUSE_BLK0 to EFUSE_BLK3");
    }
    if (r->cell[2][0] == '\0') {
        first = next_bit((unsigned)block);
    } else if (!cli_parse_uint(r->cell[2], &first)) {
        return refuse(r, "the first bit is no number");
    }
    if (strcmp(r->cell[3], "MAX_BLK_LEN") != 0 &&
        !cli_parse_uint(r->cell[3], &width)) {
        return refuse(r, "the number of bits is no number");
    }
    int status = set_place(r, u, (unsigned)block, first, width);
    if (status == 0) {
        set_texts(u, r->cell[4]);
        user_count++;
    }
    return status;
}

// Parts of a field share its name: each gets its number.
static void number_parts(void)
{
    for (size_t i = 0; i < user_count; i++) {
        char name[TEXT_MAX];
        unsigned part = 0;
        (void)snprintf(name, sizeof name, "%s", users[i].name);
        for (size_t k = i + 1; k < user_count; k++) {
            if (strcmp(users[k].name, name) != 0) {
                continue;
            }
            part++;
            (void)snprintf(users[k].name, TEXT_MAX, "%.80s_%u", name, part);
            if (users[k].alias[0] != '\0') {
                size_t n = strlen(users[k].alias);
                (void)snprintf(users[k].alias + n, TEXT_MAX - n, "_%u", part);
            }
        }
        if (part > 0) {
            (void)snprintf(users[i].name, TEXT_MAX, "%.80s_0", name);
            if (users[i].alias[0] != '\0') {
                size_t n = strlen(users[i].alias);
                (void)snprintf(users[i].alias + n, TEXT_MAX - n, "_0");
            }
        }
    }
}

static int check_names(const char *path)
{
    for (size_t i = 0; i < user_count; i++) {
        const char *const names[] = {users[i].name, users[i].alias};
        for (size_t k = 0; k < 2; k++) {
            if (names[k][0] != '\0' &&
                (fields_find(names[k]) != &users[i].field ||
                 fb_efuse_find(names[k], strlen(names[k])) != NULL)) {
                return cli_error(path, "%s is the name of two fields",
                                 names[k]);
            }
        }
    }
    return 0;
}

int fields_load(const char *path)
{
    struct host_file file;
    struct row r = {.path = path};
    int status = 0;
    int error = host_file_read(path, FILE_MAX, &file);
    if (error != 0) {
        return cli_error(path, "%s", strerror(error));
    }
    user_count = 0;
    const char *p = (const char *)file.data;
    const char *end = p + file.size;
    while (status == 0 && p < end) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        size_t n = (size_t)((newline != NULL ? newline : end) - p);
        r.line++;
        if (n >= sizeof r.text || memchr(p, '\0', n) != NULL) {
            status = refuse(&r, "not a line of a table");
            break;
        }
        memcpy(r.text, p, n);
        r.text[n] = '\0';
        const char *text = trimmed(r.text);
        if (text[0] != '\0' && text[0] != '#') {
            status = take_row(&r);
        }
        p += n + 1;
    }
    host_file_free(&file);
    if (status == 0) {
        number_parts();
        status = check_names(path);
    }
    return status;
}
