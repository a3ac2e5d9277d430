// SPDX-License-Identifier: Apache-2.0
//
// The text of a plan file. Lines that begin with a space or a '#' are notes:
// where a file lies, what a line means. All others below the hash are hashed.

#define _XOPEN_SOURCE 700 // realpath()

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "host/file.h"
#include "lib/fb/bytes.h"
#include "lib/fb/crypto.h"
#include "tools/cli/cli.h"
#include "tools/fusebox/plan/plan_file.h"

#define TITLE      "fusebox plan 2"
#define TEXT_MAX   0x100000u
#define LINE_WORDS 16

static const char *const form_names[] = {
    [PLAN_AS_IS] = "as-is",
    [PLAN_HOST_ENCRYPTED] = "host-encrypted",
    [PLAN_CHIP_ENCRYPTED] = "chip-encrypted",
};
#define FORMS (sizeof form_names / sizeof form_names[0])

// SHA-256 of every line of text that is no note, with its newline.
static void hash_lines(const char *text, uint8_t hash[32])
{
    struct fb_sha256 sha;
    fb_sha256_init(&sha);
    while (*text != '\0') {
        size_t n = strcspn(text, "\n");
        n += text[n] == '\n';
        if (text[0] != ' ' && text[0] != '#' && text[0] != '\n') {
            fb_sha256_update(&sha, text, n);
        }
        text += n;
    }
    fb_sha256_final(&sha, hash);
}

// --- writing ---

static void put_words(FILE *out, const uint32_t *word, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        (void)fprintf(out, " %08" PRIx32, word[i]);
    }
    (void)fputc('\n', out);
}

static void put_hex(FILE *out, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        (void)fprintf(out, "%02x", p[i]);
    }
}

// A path as it is found from the plan's folder.
static void put_path(FILE *out, const char *plan, const char *path)
{
    char dir[PLAN_PATH_MAX];
    (void)snprintf(dir, sizeof dir, "%s", plan);
    char *slash = strrchr(dir, '/');
    (void)snprintf(slash == NULL ? dir : slash + (slash == dir), 2, "%s",
                   slash == NULL ? "." : "");
    char *base = realpath(dir, NULL);
    char *full = realpath(path, NULL);
    const char *shown = full == NULL ? path : full;
    size_t n = base == NULL ? 0 : strlen(base);
    if (n > 1 && full != NULL && strncmp(full, base, n) == 0 &&
        full[n] == '/') {
        shown = full + n + 1;
    }
    (void)fprintf(out, "  from %s\n", shown);
    free(base);
    free(full);
}

static void put_board(FILE *out, const struct plan_file *f)
{
    const uint8_t *mac = f->ini.mac;
    (void)fprintf(out,
                  "recipe %s\ntool %s\nboard %s revision %" PRIu32
                  " flash 0x%" PRIx32 "\n",
                  f->recipe, f->tool, f->ini.name, f->ini.revision,
                  f->ini.flash_size);
    (void)fprintf(out, "mac %02x:%02x:%02x:%02x:%02x:%02x\n", mac[0], mac[1],
                  mac[2], mac[3], mac[4], mac[5]);
    (void)fputs("fuses 0", out);
    put_words(out, f->fuses.word[0], FB_EFUSE_BLOCK0_WORDS);
    (void)fputs("known 0", out);
    put_words(out, f->known.word[0], FB_EFUSE_BLOCK0_WORDS);
    for (unsigned block = 1; block <= 2; block++) {
        (void)fprintf(out, "fuses %u ", block);
        if (!f->block_print[block].known) {
            (void)fputs("unknown\n", out);
        } else if (f->block_print[block].blank) {
            (void)fputs("blank\n", out);
        } else {
            (void)fputs("fingerprint ", out);
            put_hex(out, f->block_print[block].fingerprint, 32);
            (void)fputc('\n', out);
        }
    }
    (void)fputs("fuses 3", out);
    if (f->known.word[3][0] == 0) {
        (void)fputs(" unknown\n", out);
    } else {
        put_words(out, f->fuses.word[3], FB_EFUSE_BLOCK_WORDS);
    }
    (void)fputs("flash ", out);
    if (f->flash_known) {
        put_hex(out, f->flash_sha256, 32);
    }
    (void)fputs(f->flash_known ? "\n" : "unknown\n", out);
}

// A label comes out of a flash: any byte may be in it.
static void put_label(FILE *out, const char *label)
{
    (void)fputs("  is ", out);
    for (const char *c = label; *c != '\0'; c++) {
        (void)fputc(*c >= ' ' && *c <= '~' ? *c : '?', out);
    }
    (void)fputc('\n', out);
}

static void put_keeps(FILE *out, const struct plan_file *f)
{
    for (size_t i = 0; i < f->keeps; i++) {
        const struct plan_keep *k = &f->keep[i];
        (void)fprintf(out, "keep 0x%" PRIx32 " 0x%" PRIx32 " ", k->flash_off,
                      k->len);
        put_hex(out, k->md5, sizeof k->md5);
        (void)fputc('\n', out);
        put_label(out, k->label);
    }
}

static void put_keys(FILE *out, const struct plan_file *f, const char *plan)
{
    for (unsigned k = 0; k < PLAN_KEYS; k++) {
        const struct plan_key *key = &f->key[k];
        if (key->used) {
            (void)fprintf(out, "key %s %zu ", plan_key_name(k), key->n);
            put_hex(out, key->fingerprint, 32);
            (void)fputc('\n', out);
            put_path(out, plan, key->path);
        }
    }
}

static void put_step(FILE *out, const struct fb_step *step,
                     const struct plan_source *source, const char *plan)
{
    (void)fprintf(out, "step %s ", fb_stage_name(step->stage));
    switch (step->kind) {
    case FB_STEP_BURN:
        (void)fprintf(out, "burn %u", step->block);
        if (step->fingerprint != NULL) {
            (void)fprintf(out, " key %s\n", plan_key_name(source->key));
        } else {
            put_words(out, step->word, fb_efuse_block_words(step->block));
        }
        break;
    case FB_STEP_WRITE:
        (void)fprintf(out, "write 0x%" PRIx32 " 0x%" PRIx32 " %s ",
                      step->flash_off, step->len, form_names[source->form]);
        put_hex(out, source->sha256, 32);
        (void)fputc('\n', out);
        put_path(out, plan, source->path);
        break;
    case FB_STEP_ERASE:
        (void)fprintf(out, "erase 0x%" PRIx32 " 0x%" PRIx32 "\n",
                      step->flash_off, step->len);
        break;
    case FB_STEP_PROVE_KEY:
        (void)fprintf(out, "prove %u", step->block);
        if (step->block == 1) {
            (void)fprintf(out, " 0x%" PRIx32, step->flash_off);
        }
        (void)fputc('\n', out);
        break;
    case FB_STEP_BOOT:
        (void)fputs("boot\n", out);
        break;
    }
    put_label(out, step->label);
}

int plan_file_write(struct plan_file *f, const char *path)
{
    char *body = NULL;
    char *text = NULL;
    size_t body_n = 0;
    size_t n = 0;
    FILE *out = open_memstream(&body, &body_n);
    if (out == NULL) {
        return cli_error(path, "out of memory");
    }
    put_board(out, f);
    put_keeps(out, f);
    put_keys(out, f, path);
    for (size_t i = 0; i < f->plan.steps; i++) {
        put_step(out, &f->step[i], &f->source[i], path);
    }
    int error = fclose(out) == 0 ? 0 : ENOMEM;
    if (error == 0 && (out = open_memstream(&text, &n)) == NULL) {
        error = ENOMEM;
    }
    if (error == 0) {
        hash_lines(body, f->hash);
        (void)fputs(TITLE "\nhash ", out);
        put_hex(out, f->hash, 32);
        (void)fprintf(out, "\n%s", body);
        error = fclose(out) == 0 ? 0 : ENOMEM;
    }
    if (error == 0) {
        error = host_file_write(path, text, n, HOST_FILE_PUBLIC);
    }
    free(body);
    free(text);
    return error == 0 ? 0 : cli_error(path, "%s", strerror(error));
}

// --- reading ---

struct reader {
    struct plan_file *f;
    const char *path; // of the plan
    unsigned line;
    char *word[LINE_WORDS];
    unsigned words;
    enum { NO_FILE, KEY_FILE, DATA_FILE } wants; // what "from" is for
    enum plan_key_kind key;
    char *label; // "is" goes there, label_cap bytes; NULL: nowhere
    size_t label_cap;
};

static bool get_u32(const char *text, uint32_t *value)
{
    uint64_t wide = 0;
    if (!cli_parse_uint(text, &wide) || wide > UINT32_MAX) {
        return false;
    }
    *value = (uint32_t)wide;
    return true;
}

// Words from word `at` on, exactly n of them.
static bool get_words(const struct reader *r, unsigned at, uint32_t *out,
                      unsigned n)
{
    if (r->words != at + n) {
        return false;
    }
    for (unsigned i = 0; i < n; i++) {
        uint8_t be[4];
        if (!plan_unhex(r->word[at + i], be, 4)) {
            return false;
        }
        out[i] = load32_be(be);
    }
    return true;
}

static bool get_name(const struct reader *r, char out[PLAN_NAME_MAX])
{
    return r->words == 2 &&
           snprintf(out, PLAN_NAME_MAX, "%s", r->word[1]) < (int)PLAN_NAME_MAX;
}

static bool on_recipe(struct reader *r)
{
    return get_name(r, r->f->recipe);
}

static bool on_tool(struct reader *r)
{
    return get_name(r, r->f->tool);
}

static bool on_board(struct reader *r)
{
    struct board_ini *ini = &r->f->ini;
    return r->words == 6 &&
           snprintf(ini->name, sizeof ini->name, "%s", r->word[1]) <
               (int)sizeof ini->name &&
           get_u32(r->word[3], &ini->revision) && ini->revision <= 3 &&
           get_u32(r->word[5], &ini->flash_size) &&
           ini->flash_size >= 0x100000 && ini->flash_size <= 0x1000000;
}

static bool on_mac(struct reader *r)
{
    return r->words == 2 && cli_parse_mac(r->word[1], r->f->ini.mac);
}

static bool get_block(const char *text, unsigned *block)
{
    *block = (unsigned)(text[0] - '0');
    return text[1] == '\0' && *block < FB_EFUSE_BLOCKS;
}

// "blank", "unknown", "fingerprint HEX"
static bool get_print(struct reader *r, unsigned block)
{
    bool known = strcmp(r->word[2], "unknown") != 0;
    bool blank = strcmp(r->word[2], "blank") == 0;
    r->f->block_print[block].known = known;
    r->f->block_print[block].blank = blank;
    memset(r->f->known.word[block], blank ? 0xFF : 0,
           sizeof r->f->known.word[block]);
    if (!known || blank) {
        return r->words == 3;
    }
    return r->words == 4 && strcmp(r->word[2], "fingerprint") == 0 &&
           plan_unhex(r->word[3], r->f->block_print[block].fingerprint, 32);
}

static bool on_fuses(struct reader *r)
{
    unsigned block = 0;
    if (r->words < 3 || !get_block(r->word[1], &block)) {
        return false;
    }
    if (block == 1 || block == 2) {
        return get_print(r, block);
    }
    if (block == 3) {
        bool unknown = r->words == 3 && strcmp(r->word[2], "unknown") == 0;
        memset(r->f->known.word[3], unknown ? 0 : 0xFF,
               sizeof r->f->known.word[3]);
        if (unknown) {
            return true;
        }
    }
    return get_words(r, 2, r->f->fuses.word[block],
                     fb_efuse_block_words(block));
}

static bool on_known(struct reader *r)
{
    return r->words > 1 && strcmp(r->word[1], "0") == 0 &&
           get_words(r, 2, r->f->known.word[0], FB_EFUSE_BLOCK0_WORDS);
}

static bool on_flash(struct reader *r)
{
    if (r->words == 2 && strcmp(r->word[1], "unknown") == 0) {
        return true;
    }
    r->f->flash_known = true;
    return r->words == 2 && plan_unhex(r->word[1], r->f->flash_sha256, 32);
}

static void takes_label(struct reader *r, char *label, size_t cap)
{
    r->label = label;
    r->label_cap = cap;
}

static bool on_keep(struct reader *r)
{
    struct plan_file *f = r->f;
    if (r->words != 4 || f->keeps == PLAN_KEEPS_MAX) {
        return false;
    }
    struct plan_keep *k = &f->keep[f->keeps++];
    takes_label(r, k->label, sizeof k->label);
    return get_u32(r->word[1], &k->flash_off) && get_u32(r->word[2], &k->len) &&
           k->flash_off < f->ini.flash_size && k->len != 0 &&
           k->len <= f->ini.flash_size - k->flash_off &&
           plan_unhex(r->word[3], k->md5, sizeof k->md5);
}

static bool find_key(const char *name, enum plan_key_kind *kind)
{
    for (unsigned k = 0; k < PLAN_KEYS; k++) {
        if (strcmp(name, plan_key_name(k)) == 0) {
            *kind = (enum plan_key_kind)k;
            return true;
        }
    }
    return false;
}

static bool on_key(struct reader *r)
{
    uint32_t n = 0;
    if (r->words != 4 || !find_key(r->word[1], &r->key) ||
        !get_u32(r->word[2], &n) || (n != 32 && n != 24)) {
        return false;
    }
    struct plan_key *key = &r->f->key[r->key];
    key->used = true;
    key->n = n;
    r->wants = KEY_FILE;
    return plan_unhex(r->word[3], key->fingerprint, 32);
}

// --- steps ---

static bool on_burn(struct reader *r, struct fb_step *step)
{
    struct plan_source *source = plan_file_source(r->f, step);
    if (r->words < 5 || !get_block(r->word[3], &step->block)) {
        return false;
    }
    if (r->words == 6 && strcmp(r->word[4], "key") == 0) {
        if (!find_key(r->word[5], &source->key) ||
            !r->f->key[source->key].used ||
            step->block != plan_key_block(source->key)) {
            return false;
        }
        step->fingerprint = r->f->key[source->key].fingerprint;
        return true;
    }
    return get_words(r, 4, step->word, fb_efuse_block_words(step->block));
}

static bool on_range(struct reader *r, struct fb_step *step)
{
    return r->words >= 5 && get_u32(r->word[3], &step->flash_off) &&
           get_u32(r->word[4], &step->len) && step->flash_off % 4096 == 0 &&
           step->flash_off < r->f->ini.flash_size && step->len != 0 &&
           step->len <= r->f->ini.flash_size - step->flash_off;
}

static bool on_write(struct reader *r, struct fb_step *step)
{
    struct plan_source *source = plan_file_source(r->f, step);
    if (r->words != 7 || !on_range(r, step)) {
        return false;
    }
    unsigned form = 0;
    while (form < FORMS && strcmp(r->word[5], form_names[form]) != 0) {
        form++;
    }
    source->form = (enum plan_form)form;
    step->encrypt = form == PLAN_CHIP_ENCRYPTED;
    r->wants = DATA_FILE;
    return form < FORMS && plan_unhex(r->word[6], source->sha256, 32);
}

static bool on_erase(struct reader *r, struct fb_step *step)
{
    return r->words == 5 && on_range(r, step) && step->len % 4096 == 0;
}

static bool on_prove(struct reader *r, struct fb_step *step)
{
    if (r->words < 4 || !get_block(r->word[3], &step->block)) {
        return false;
    }
    if (step->block == 1) {
        return r->words == 5 && get_u32(r->word[4], &step->flash_off) &&
               step->flash_off % 4096 == 0 &&
               step->flash_off < r->f->ini.flash_size;
    }
    return r->words == 4 && step->block == 2;
}

static bool on_boot(struct reader *r, struct fb_step *step)
{
    (void)step;
    return r->words == 3;
}

static const struct {
    const char *name;
    enum fb_step_kind kind;
    bool (*read)(struct reader *r, struct fb_step *step);
} step_kinds[] = {
    {"burn", FB_STEP_BURN, on_burn},    {"write", FB_STEP_WRITE, on_write},
    {"erase", FB_STEP_ERASE, on_erase}, {"prove", FB_STEP_PROVE_KEY, on_prove},
    {"boot", FB_STEP_BOOT, on_boot},
};

static bool find_stage(const char *name, enum fb_stage *stage)
{
    for (unsigned s = 0; s < FB_STAGES; s++) {
        if (strcmp(name, fb_stage_name((enum fb_stage)s)) == 0) {
            *stage = (enum fb_stage)s;
            return true;
        }
    }
    return false;
}

static bool on_step(struct reader *r)
{
    enum fb_stage stage = FB_STAGE_KEYS;
    size_t steps = r->f->plan.steps;
    if (r->words < 3 || !find_stage(r->word[1], &stage) ||
        (steps > 0 && stage < r->f->step[steps - 1].stage)) {
        return false;
    }
    for (size_t i = 0; i < sizeof step_kinds / sizeof step_kinds[0]; i++) {
        if (strcmp(r->word[2], step_kinds[i].name) == 0) {
            struct fb_step *step =
                plan_file_add(r->f, step_kinds[i].kind, stage, r->word[2]);
            if (step == NULL) {
                return false;
            }
            takes_label(r, plan_file_source(r->f, step)->label, PLAN_LABEL_MAX);
            return step_kinds[i].read(r, step);
        }
    }
    return false;
}

static const struct {
    const char *name;
    bool (*read)(struct reader *r);
} lines[] = {
    {"recipe", on_recipe}, {"tool", on_tool},   {"board", on_board},
    {"mac", on_mac},       {"fuses", on_fuses}, {"known", on_known},
    {"flash", on_flash},   {"keep", on_keep},   {"key", on_key},
    {"step", on_step},
};

// "  from PATH", "  is LABEL"; other notes are for people only.
static bool read_note(struct reader *r, const char *line)
{
    struct plan_file *f = r->f;
    line += strspn(line, " ");
    if (strncmp(line, "is ", 3) == 0 && r->label != NULL) {
        (void)snprintf(r->label, r->label_cap, "%s", line + 3);
    }
    if (strncmp(line, "from ", 5) != 0) {
        return true;
    }
    if (r->wants == NO_FILE) {
        return false;
    }
    char *to = r->wants == KEY_FILE ? f->key[r->key].path
                                    : f->source[f->plan.steps - 1].path;
    const char *slash = strrchr(r->path, '/');
    int dir = slash == NULL || line[5] == '/' ? 0 : (int)(slash + 1 - r->path);
    r->wants = NO_FILE;
    return snprintf(to, PLAN_PATH_MAX, "%.*s%s", dir, r->path, line + 5) <
           (int)PLAN_PATH_MAX;
}

static bool read_line(struct reader *r, char *line)
{
    char *rest = line;
    if (line[0] == '#' || line[0] == '\0') {
        return true;
    }
    if (line[0] == ' ') {
        return read_note(r, line);
    }
    r->words = 0;
    r->wants = NO_FILE;
    r->label = NULL;
    for (char *w; (w = strtok_r(rest, " ", &rest)) != NULL;) {
        if (r->words == LINE_WORDS) {
            return false;
        }
        r->word[r->words++] = w;
    }
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        if (r->words > 0 && strcmp(r->word[0], lines[i].name) == 0) {
            return lines[i].read(r);
        }
    }
    return false;
}

static int read_lines(struct reader *r, char *text)
{
    while (text != NULL && *text != '\0') {
        size_t n = strcspn(text, "\n");
        bool more = text[n] == '\n';
        text[n] = '\0';
        r->line++;
        if (!read_line(r, text)) {
            return cli_error(r->path, "line %u: not a line of a plan", r->line);
        }
        text += n + more;
    }
    return 0;
}

// Title and hash line; *body is what follows.
static int check_hash(struct plan_file *f, const char *path, char *text,
                      char **body)
{
    static const char head[] = TITLE "\nhash ";
    uint8_t stated[32];
    char hex[65];
    if (strncmp(text, head, sizeof head - 1) != 0 ||
        strcspn(text + sizeof head - 1, "\n") != 64) {
        return cli_error(path, "not a plan of fusebox");
    }
    (void)snprintf(hex, sizeof hex, "%s", text + sizeof head - 1);
    *body = text + sizeof head - 1 + 64;
    hash_lines(*body + 1, f->hash);
    if (!plan_unhex(hex, stated, 32) || **body != '\n' ||
        memcmp(stated, f->hash, 32) != 0) {
        return cli_error(path, "has been changed since it was made: its hash "
                               "does not match");
    }
    (*body)++;
    return 0;
}

int plan_file_read(const char *path, struct plan_file *f)
{
    struct host_file file;
    memset(f, 0, sizeof *f);
    f->plan.step = f->step;
    int error = host_file_read(path, TEXT_MAX, &file);
    if (error != 0) {
        return cli_error(path, "%s", strerror(error));
    }
    char *text = malloc(file.size + 1);
    char *body = NULL;
    if (text == NULL) {
        host_file_free(&file);
        return cli_error(path, "out of memory");
    }
    memcpy(text, file.data, file.size);
    text[file.size] = '\0';
    struct reader r = {.f = f, .path = path, .line = 2};
    int status = memchr(text, '\0', file.size) != NULL
                     ? cli_error(path, "not a text file")
                     : check_hash(f, path, text, &body);
    if (status == 0) {
        status = read_lines(&r, body);
    }
    if (status == 0 && (f->ini.flash_size == 0 || f->recipe[0] == '\0')) {
        status = cli_error(path, "says nothing of its board");
    }
    free(text);
    host_file_free(&file);
    return status;
}
