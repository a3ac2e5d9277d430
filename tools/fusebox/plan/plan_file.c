// SPDX-License-Identifier: Apache-2.0

#include "tools/fusebox/plan/plan_file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "host/file.h"
#include "host/key.h"
#include "lib/fb/bytes.h"
#include "lib/fb/crypto.h"
#include "lib/fb/flash_encryption.h"
#include "tools/cli/cli.h"

static const struct {
    const char *name;
    unsigned block;
} keys[PLAN_KEYS] = {
    [PLAN_KEY_FLASH] = {"flash_encryption", 1},
    [PLAN_KEY_SECURE_BOOT] = {"secure_boot_v1", 2},
};

const char *plan_key_name(enum plan_key_kind kind)
{
    return keys[kind].name;
}

unsigned plan_key_block(enum plan_key_kind kind)
{
    return keys[kind].block;
}

void plan_hex(const uint8_t *p, size_t n, char *text)
{
    for (size_t i = 0; i < n; i++) {
        (void)sprintf(text + 2 * i, "%02x", p[i]);
    }
    text[2 * n] = '\0';
}

static int digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool plan_unhex(const char *text, uint8_t *p, size_t n)
{
    if (strlen(text) != 2 * n) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        int high = digit(text[2 * i]);
        int low = digit(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        p[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static void print_blocks(struct plan_file *f, const struct fb_board_state *s)
{
    for (unsigned block = 1; block <= 2; block++) {
        uint8_t key[32];
        size_t n = fb_efuse_key(&s->fuses, block, key);
        f->block_print[block].known = fb_board_state_knows_block(s, block);
        f->block_print[block].blank = fb_efuse_block_blank(&s->fuses, block);
        fb_key_fingerprint(key, n, f->block_print[block].fingerprint);
        fb_bytes_wipe(key, sizeof key);
        memset(f->fuses.word[block], 0, sizeof f->fuses.word[block]);
    }
}

void plan_file_init(struct plan_file *f, const char *recipe,
                    const struct board_ini *ini,
                    const struct fb_board_state *state)
{
    memset(f, 0, sizeof *f);
    (void)snprintf(f->recipe, sizeof f->recipe, "%s", recipe);
    (void)snprintf(f->tool, sizeof f->tool, "%s", CLI_TOOLS_VERSION);
    f->ini = *ini;
    f->fuses = state->fuses;
    f->known = state->known;
    (void)fb_efuse_mac(&state->fuses, f->ini.mac);
    print_blocks(f, state);
    f->flash_known = fb_board_state_knows_flash(state, 0, state->flash_size);
    if (f->flash_known) {
        fb_sha256(state->flash, state->flash_size, f->flash_sha256);
    }
    f->plan.step = f->step;
}

void plan_file_free(struct plan_file *f)
{
    for (size_t i = 0; i < PLAN_STEPS_MAX; i++) {
        free(f->source[i].data);
    }
    fb_bytes_wipe(f, sizeof *f);
}

struct plan_source *plan_file_source(struct plan_file *f,
                                     const struct fb_step *step)
{
    return &f->source[step - f->step];
}

struct fb_step *plan_file_add(struct plan_file *f, enum fb_step_kind kind,
                              enum fb_stage stage, const char *label)
{
    if (f->plan.steps == PLAN_STEPS_MAX) {
        return NULL;
    }
    struct fb_step *step = &f->step[f->plan.steps++];
    struct plan_source *source = plan_file_source(f, step);
    memset(step, 0, sizeof *step);
    memset(source, 0, sizeof *source);
    (void)snprintf(source->label, sizeof source->label, "%s", label);
    step->kind = kind;
    step->stage = stage;
    step->label = source->label;
    return step;
}

// --- keys and data from their files ---

// A signing key stands for the Secure Boot V1 key that is derived from it: the
// SHA-256 of its private number, cut to what the coding scheme holds.
static const char *derive_key(const struct host_file *pem, struct plan_key *key,
                              size_t n)
{
    struct host_key *signing = NULL;
    uint8_t scalar[32];
    uint8_t digest[32];
    const char *why = host_key_parse(pem->data, pem->size, &signing);
    if (why == NULL && !host_key_scalar(signing, scalar)) {
        why = "is no private P-256 key";
    }
    host_key_free(signing);
    if (why == NULL) {
        fb_sha256(scalar, sizeof scalar, digest);
        memcpy(key->bytes, digest, n);
        key->n = n;
        fb_bytes_wipe(scalar, sizeof scalar);
        fb_bytes_wipe(digest, sizeof digest);
    }
    return why;
}

// The file's bytes, or those derived from it: n of them.
int plan_key_read(const char *path, struct plan_key *key,
                  enum plan_key_kind kind, size_t n)
{
    struct host_file file;
    const char *why = NULL;
    int error = host_file_read_secret(path, HOST_KEY_MAX, &file);
    if (error != 0) {
        return cli_error(path, "%s", strerror(error));
    }
    if (file.size == 32 || file.size == 24) {
        memcpy(key->bytes, file.data, file.size);
        key->n = file.size;
    } else if (kind == PLAN_KEY_SECURE_BOOT) {
        why = derive_key(&file, key, n);
    } else {
        why = "is no key: those have 32 bytes, or 24 with coding scheme 3/4";
    }
    host_file_free(&file);
    key->loaded = why == NULL;
    return why == NULL ? 0 : cli_error(path, "%s", why);
}

int plan_file_set_key(struct plan_file *f, enum plan_key_kind kind,
                      const char *path)
{
    struct plan_key *key = &f->key[kind];
    if (strlen(path) >= sizeof key->path) {
        return cli_error(path, "path is too long");
    }
    int status = plan_key_read(
        path, key, kind, fb_efuse_coding_bytes(fb_efuse_coding_of(&f->fuses)));
    if (status != 0) {
        return status;
    }
    if (key->n != fb_efuse_coding_bytes(fb_efuse_coding_of(&f->fuses))) {
        return cli_error(path,
                         "a key of %zu bytes does not fit this chip's "
                         "coding scheme, it wants %zu",
                         key->n,
                         fb_efuse_coding_bytes(fb_efuse_coding_of(&f->fuses)));
    }
    key->used = true;
    fb_key_fingerprint(key->bytes, key->n, key->fingerprint);
    (void)snprintf(key->path, sizeof key->path, "%s", path);
    return 0;
}

int plan_key_words(const struct plan_key *key, enum fb_efuse_coding coding,
                   uint32_t word[FB_EFUSE_BLOCK_WORDS])
{
    uint8_t data[32];
    fb_bytes_reverse(data, key->bytes, key->n);
    enum fb_status status = fb_efuse_encode(coding, data, key->n, word);
    fb_bytes_wipe(data, sizeof data);
    return status == FB_OK
               ? 0
               : cli_error(key->path, "does not fit the coding scheme");
}

static int fill_key_words(struct plan_file *f, struct fb_step *step)
{
    return plan_key_words(&f->key[plan_file_source(f, step)->key],
                          fb_efuse_coding_of(&f->fuses), step->word);
}

int plan_file_burn_key(struct plan_file *f, struct fb_step *step,
                       enum plan_key_kind kind)
{
    step->block = keys[kind].block;
    step->fingerprint = f->key[kind].fingerprint;
    plan_file_source(f, step)->key = kind;
    return fill_key_words(f, step);
}

static int load_key(struct plan_file *f, enum plan_key_kind kind)
{
    struct plan_key *key = &f->key[kind];
    uint8_t fingerprint[32];
    if (!key->used || key->loaded) {
        return 0;
    }
    int status = plan_key_read(key->path, key, kind, key->n);
    if (status != 0) {
        return status;
    }
    fb_key_fingerprint(key->bytes, key->n, fingerprint);
    if (memcmp(fingerprint, key->fingerprint, sizeof fingerprint) != 0) {
        return cli_error(key->path,
                         "not the key of this plan (fingerprint "
                         "%02x%02x%02x%02x..., planned "
                         "%02x%02x%02x%02x...)",
                         fingerprint[0], fingerprint[1], fingerprint[2],
                         fingerprint[3], key->fingerprint[0],
                         key->fingerprint[1], key->fingerprint[2],
                         key->fingerprint[3]);
    }
    return 0;
}

// The file's bytes in the form that goes over the line.
static int form_data(struct plan_file *f, const struct fb_step *step,
                     const struct host_file *file, uint8_t **data, size_t *n)
{
    const struct plan_source *source = plan_file_source(f, step);
    const struct plan_key *key = &f->key[PLAN_KEY_FLASH];
    struct fb_flash_encryption_key crypt;
    *n = source->form == PLAN_AS_IS
             ? file->size
             : align_up32((uint32_t)file->size, FB_FLASH_ENCRYPTION_ROW);
    uint8_t *p = malloc(*n == 0 ? 1 : *n);
    if (p == NULL) {
        return cli_error(source->path, "out of memory");
    }
    memset(p, 0xFF, *n);
    memcpy(p, file->data, file->size);
    *data = p;
    if (source->form != PLAN_HOST_ENCRYPTED) {
        return 0;
    }
    if (!key->loaded ||
        fb_flash_encryption_key_init(&crypt, key->bytes, key->n,
                                     FB_FLASH_CRYPT_CONFIG_DEFAULT) != FB_OK) {
        return cli_error(source->path, "is to be encrypted, but the plan has "
                                       "no flash encryption key");
    }
    enum fb_status status = fb_flash_encrypt(&crypt, step->flash_off, p, p, *n);
    fb_bytes_wipe(&crypt, sizeof crypt);
    return status == FB_OK
               ? 0
               : cli_error(source->path, "cannot be encrypted for 0x%" PRIx32,
                           step->flash_off);
}

static int take_data(struct plan_file *f, struct fb_step *step)
{
    struct plan_source *source = plan_file_source(f, step);
    struct host_file file;
    int error = host_file_read(source->path, 0x1000000, &file);
    if (error != 0) {
        return cli_error(source->path, "%s", strerror(error));
    }
    size_t n = 0;
    free(source->data);
    source->data = NULL;
    int status = form_data(f, step, &file, &source->data, &n);
    host_file_free(&file);
    step->data = source->data;
    step->len = (uint32_t)n;
    return status;
}

static int load_data(struct plan_file *f, struct fb_step *step)
{
    struct plan_source *source = plan_file_source(f, step);
    uint8_t hash[32];
    uint32_t planned = step->len;
    int status = take_data(f, step);
    if (status != 0) {
        return status;
    }
    fb_sha256(step->data, step->len, hash);
    if (step->len != planned ||
        memcmp(hash, source->sha256, sizeof hash) != 0) {
        step->data = NULL;
        step->len = planned;
        return cli_error(source->path, "has changed since the plan was made");
    }
    return 0;
}

int plan_file_load(struct plan_file *f)
{
    int status = 0;
    for (unsigned k = 0; k < PLAN_KEYS && status == 0; k++) {
        status = load_key(f, (enum plan_key_kind)k);
    }
    for (size_t i = 0; i < f->plan.steps && status == 0; i++) {
        struct fb_step *step = &f->step[i];
        if (step->kind == FB_STEP_BURN && step->fingerprint != NULL) {
            status = fill_key_words(f, step);
        } else if (step->kind == FB_STEP_WRITE && step->data == NULL) {
            status = load_data(f, step);
        }
    }
    return status;
}

int plan_file_set_data(struct plan_file *f, struct fb_step *step,
                       const char *path, enum plan_form form)
{
    struct plan_source *source = plan_file_source(f, step);
    if (strlen(path) >= sizeof source->path) {
        return cli_error(path, "path is too long");
    }
    (void)snprintf(source->path, sizeof source->path, "%s", path);
    source->form = form;
    step->encrypt = form == PLAN_CHIP_ENCRYPTED;
    int status = take_data(f, step);
    if (status == 0) {
        fb_sha256(step->data, step->len, source->sha256);
    }
    return status;
}
