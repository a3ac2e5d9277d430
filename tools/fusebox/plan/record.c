// SPDX-License-Identifier: Apache-2.0

#include "tools/fusebox/plan/record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/file.h"
#include "lib/fb/bytes.h"
#include "lib/fb/crypto.h"
#include "tools/cli/cli.h"

#define TITLE    "fusebox rehearsal 1\nhash "
#define PROMPT   "\n>>> "
#define GOAL_MS  60000u
#define TEXT_MAX 8192u

bool record_parse_goal(const char *spec, struct target_goal *goal)
{
    *goal = (struct target_goal){.timeout_ms = GOAL_MS};
    if (strcmp(spec, "prompt") == 0) {
        goal->text = PROMPT;
        return true;
    }
    if (strncmp(spec, "seconds:", 8) == 0) {
        uint64_t seconds = 0;
        if (!cli_parse_uint(spec + 8, &seconds) || seconds == 0 ||
            seconds > 3600) {
            return false;
        }
        goal->seconds = (unsigned)seconds;
        return true;
    }
    goal->text = spec;
    return spec[0] != '\0' && strlen(spec) < RECORD_GOAL_MAX &&
           strchr(spec, '\n') == NULL;
}

static int path_of(const char *plan_path, char out[PLAN_PATH_MAX])
{
    return snprintf(out, PLAN_PATH_MAX, "%s.rehearsal", plan_path) <
                   (int)PLAN_PATH_MAX
               ? 0
               : cli_error(plan_path, "path is too long");
}

static void put_words(FILE *out, const char *name, const uint32_t *word,
                      unsigned n)
{
    (void)fputs(name, out);
    for (unsigned i = 0; i < n; i++) {
        (void)fprintf(out, " %08" PRIx32, word[i]);
    }
    (void)fputc('\n', out);
}

static const char *const confirms[] = {
    [FB_CONFIRMS_UNKNOWN] = "unknown",
    [FB_CONFIRMS_YES] = "yes",
    [FB_CONFIRMS_NO] = "no",
    [FB_CONFIRMS_NEEDLESS] = "needless",
};

static void put_body(FILE *out, const struct record *r)
{
    char hex[65];
    plan_hex(r->plan, 32, hex);
    (void)fprintf(out, "plan %s\n", hex);
    plan_hex(r->state, 32, hex);
    (void)fprintf(out, "state %s\nrom %s\ngoal %s\nverdict %s\n", hex, r->rom,
                  r->goal, verdict_name(r->verdict));
    if (r->why[0] != '\0') {
        (void)fprintf(out, "why %s\n", r->why);
    }
    put_words(out, "firmware", r->firmware.word[0], FB_EFUSE_BLOCK0_WORDS);
    put_words(out, "after", r->after, FB_EFUSE_BLOCK0_WORDS);
    if (r->cuts[0] != '\0') {
        (void)fprintf(out, "cuts %s\n", r->cuts);
    }
    for (size_t i = 0; i < PLAN_STEPS_MAX; i++) {
        const struct record_cut *cut = &r->cut[i];
        if (cut->tried > 0) {
            (void)fprintf(out, "cut %zu %u %u %u\n", i + 1, cut->tried,
                          cut->boots, cut->provisioned);
        }
    }
    if (r->confirms != FB_CONFIRMS_UNKNOWN) {
        (void)fprintf(out, "confirms %s\n", confirms[r->confirms]);
    }
    if (r->then[0] != '\0') {
        (void)fprintf(out, "then %s\n", r->then);
    }
}

int record_write(const struct record *r, const char *plan_path)
{
    char path[PLAN_PATH_MAX];
    char *body = NULL;
    char *text = NULL;
    size_t n = 0;
    uint8_t hash[32];
    char hex[65];
    int status = path_of(plan_path, path);
    if (status != 0) {
        return status;
    }
    FILE *out = open_memstream(&body, &n);
    int error = out == NULL ? ENOMEM : 0;
    if (error == 0) {
        put_body(out, r);
        error = fclose(out) == 0 ? 0 : ENOMEM;
    }
    if (error == 0 && (out = open_memstream(&text, &n)) == NULL) {
        error = ENOMEM;
    }
    if (error == 0) {
        fb_sha256(body, strlen(body), hash);
        plan_hex(hash, 32, hex);
        (void)fprintf(out, TITLE "%s\n%s", hex, body);
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

static bool get_hash(const char *text, uint8_t out[32])
{
    return plan_unhex(text, out, 32);
}

static bool get_words(const char *text, uint32_t *word, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        char hex[9];
        uint8_t be[4];
        (void)snprintf(hex, sizeof hex, "%.8s", text);
        if (!plan_unhex(hex, be, sizeof be)) {
            return false;
        }
        word[i] = load32_be(be);
        text += 8;
        if (i + 1 < n && *text++ != ' ') {
            return false;
        }
    }
    return *text == '\0';
}

static bool get_verdict(const char *text, enum verdict *v)
{
    for (unsigned i = VERDICT_BOOTS; i <= VERDICT_BRICKS; i++) {
        if (strcmp(text, verdict_name((enum verdict)i)) == 0) {
            *v = (enum verdict)i;
            return true;
        }
    }
    return false;
}

static bool get_text(const char *text, char *out, size_t cap)
{
    return snprintf(out, cap, "%s", text) < (int)cap;
}

static bool get_confirms(const char *text, enum fb_confirms *out)
{
    for (unsigned i = 0; i < sizeof confirms / sizeof confirms[0]; i++) {
        if (strcmp(text, confirms[i]) == 0) {
            *out = (enum fb_confirms)i;
            return true;
        }
    }
    return false;
}

// STEP TRIED BOOTS PROVISIONED
static bool get_cut(const char *text, struct record *r)
{
    unsigned long number[4];
    for (unsigned i = 0; i < 4; i++) {
        char *end;
        number[i] = strtoul(text, &end, 10);
        if (end == text || *end != (i < 3 ? ' ' : '\0')) {
            return false;
        }
        text = end + 1;
    }
    if (number[0] == 0 || number[0] > PLAN_STEPS_MAX) {
        return false;
    }
    r->cut[number[0] - 1] = (struct record_cut){
        (unsigned)number[1], (unsigned)number[2], (unsigned)number[3]};
    return true;
}

static bool read_line(struct record *r, const char *name, const char *value)
{
    if (strcmp(name, "plan") == 0) {
        return get_hash(value, r->plan);
    }
    if (strcmp(name, "state") == 0) {
        return get_hash(value, r->state);
    }
    if (strcmp(name, "rom") == 0) {
        return get_text(value, r->rom, sizeof r->rom);
    }
    if (strcmp(name, "goal") == 0) {
        return get_text(value, r->goal, sizeof r->goal);
    }
    if (strcmp(name, "verdict") == 0) {
        return get_verdict(value, &r->verdict);
    }
    if (strcmp(name, "why") == 0) {
        return get_text(value, r->why, sizeof r->why);
    }
    if (strcmp(name, "firmware") == 0) {
        return get_words(value, r->firmware.word[0], FB_EFUSE_BLOCK0_WORDS);
    }
    if (strcmp(name, "after") == 0) {
        return get_words(value, r->after, FB_EFUSE_BLOCK0_WORDS);
    }
    if (strcmp(name, "cuts") == 0) {
        return get_text(value, r->cuts, sizeof r->cuts);
    }
    if (strcmp(name, "confirms") == 0) {
        return get_confirms(value, &r->confirms);
    }
    if (strcmp(name, "cut") == 0) {
        return get_cut(value, r);
    }
    return strcmp(name, "then") == 0 &&
           get_text(value, r->then, sizeof r->then);
}

static bool read_body(struct record *r, char *text)
{
    r->verdict = VERDICT_BRICKS;
    while (*text != '\0') {
        size_t n = strcspn(text, "\n");
        bool more = text[n] == '\n';
        text[n] = '\0';
        char *value = strchr(text, ' ');
        if (value == NULL) {
            return false;
        }
        *value = '\0';
        if (!read_line(r, text, value + 1)) {
            return false;
        }
        text += n + more;
    }
    return true;
}

static bool read_text(struct record *r, char *text)
{
    const size_t head = sizeof TITLE - 1;
    uint8_t stated[32];
    uint8_t hash[32];
    if (strncmp(text, TITLE, head) != 0 || strlen(text) < head + 65 ||
        text[head + 64] != '\n') {
        return false;
    }
    text[head + 64] = '\0';
    fb_sha256(text + head + 65, strlen(text + head + 65), hash);
    return get_hash(text + head, stated) && memcmp(stated, hash, 32) == 0 &&
           read_body(r, text + head + 65);
}

// NULL: *r is the record of that plan. Else why not.
static const char *load(struct record *r, const char *path,
                        const uint8_t plan_hash[32])
{
    char text[TEXT_MAX + 1];
    struct host_file file;
    memset(r, 0, sizeof *r);
    int error = host_file_read(path, TEXT_MAX, &file);
    if (error != 0) {
        return strerror(error);
    }
    memcpy(text, file.data, file.size);
    text[file.size] = '\0';
    host_file_free(&file);
    if (!read_text(r, text)) {
        return "not the record of a rehearsal, or changed since";
    }
    return memcmp(r->plan, plan_hash, 32) == 0
               ? NULL
               : "is the rehearsal of another plan";
}

int record_read(struct record *r, const char *plan_path,
                const uint8_t plan_hash[32])
{
    char path[PLAN_PATH_MAX];
    int status = path_of(plan_path, path);
    if (status != 0) {
        return status;
    }
    if (access(path, F_OK) != 0) {
        return cli_error(plan_path, "was never rehearsed: `fusebox rehearse` "
                                    "first");
    }
    const char *why = load(r, path, plan_hash);
    return why == NULL ? 0 : cli_error(path, "%s", why);
}

bool record_find(struct record *r, const char *plan_path,
                 const uint8_t plan_hash[32])
{
    char path[PLAN_PATH_MAX];
    return snprintf(path, sizeof path, "%s.rehearsal", plan_path) <
               (int)sizeof path &&
           load(r, path, plan_hash) == NULL;
}
