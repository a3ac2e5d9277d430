// SPDX-License-Identifier: Apache-2.0

#include "tools/fusebox/plan/recipe.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "host/file.h"
#include "host/key_v2.h"
#include "lib/fb/bytes.h"
#include "lib/fb/content.h"
#include "lib/fb/flash_encryption.h"
#include "lib/fb/partition_table.h"
#include "tools/cli/cli.h"

enum row_kind {
    ROW_KEY,    // burn it, unless it is there
    ROW_DIGEST, // of the V2 signing key, into block 2
    ROW_PROVE,
    ROW_BITS, // OR value into field
    ROW_NEXT, // the lowest zero bit of field, if the count is even
    ROW_IMAGES,
    ROW_BOOT,
};

// When a row counts.
enum row_when {
    ALWAYS,
    IF_FLASH_ENCRYPTION, // on, or turned on by this plan
    IF_PLAIN,            // the images can be booted before anything is enabled
    IF_REVISION_3,
};

struct row {
    enum fb_stage stage;
    enum row_kind kind;
    enum fb_efuse_id field;
    uint32_t value;
    enum plan_key_kind key;
    enum row_when when;
    bool merge; // into the program command of the row before
};

// clang-format off
#define KEY(k)            {.stage = FB_STAGE_KEYS, .kind = ROW_KEY, .key = k}
#define DIGEST()          {.stage = FB_STAGE_KEYS, .kind = ROW_DIGEST}
#define PROVE(k)          {.stage = FB_STAGE_PROVE, .kind = ROW_PROVE, .key = k}
#define BITS(s, f, v)     {.stage = FB_STAGE_##s, .kind = ROW_BITS, .field = FB_EFUSE_##f, .value = v}
#define AND_BITS(s, f, v) {.stage = FB_STAGE_##s, .kind = ROW_BITS, .field = FB_EFUSE_##f, .value = v, .merge = true}
#define NEXT(s, f)        {.stage = FB_STAGE_##s, .kind = ROW_NEXT, .field = FB_EFUSE_##f}
#define IMAGES()          {.stage = FB_STAGE_FLASH, .kind = ROW_IMAGES}
#define BOOT(s)           {.stage = FB_STAGE_##s, .kind = ROW_BOOT}
#define BOOT_PLAIN()      {.stage = FB_STAGE_BOOT, .kind = ROW_BOOT, .when = IF_PLAIN}

// Development: the count still allows three plaintext cycles.
static const struct row flash_encryption[] = {
    KEY(PLAN_KEY_FLASH),
    BITS(CONFIG, FLASH_CRYPT_CONFIG, 0xF),
    PROVE(PLAN_KEY_FLASH),
    BITS(PROTECT, RD_DIS, 1u << 0),
    BITS(PROTECT, WR_DIS, 1u << 7),
    IMAGES(),
    NEXT(ENABLE, FLASH_CRYPT_CNT),
    BOOT(ENABLE),
};

// Reflashable: the key stays with its owner.
static const struct row secure_boot_v1[] = {
    KEY(PLAN_KEY_SECURE_BOOT),
    PROVE(PLAN_KEY_SECURE_BOOT),
    BITS(PROTECT, RD_DIS, 1u << 1),
    BITS(PROTECT, WR_DIS, 1u << 8),
    IMAGES(),
    BOOT_PLAIN(),
    BITS(ENABLE, ABS_DONE_0, 1),
    BOOT(ENABLE),
};

// The digest has to stay readable, and RD_DIS may not hide it later.
static const struct row secure_boot_v2[] = {
    DIGEST(),
    BITS(PROTECT, WR_DIS, 1u << 8),
    IMAGES(),
    BOOT_PLAIN(),
    BITS(ENABLE, ABS_DONE_1, 1),
    BOOT(ENABLE),
    BITS(LOCK, WR_DIS, 1u << 0),
};

// The chip stays reachable by UART: raw reads and writes only.
static const struct row lock[] = {
    BOOT_PLAIN(),
    {.stage = FB_STAGE_LOCK, .kind = ROW_BITS, .field = FB_EFUSE_FLASH_CRYPT_CNT,
     .value = 0x7F, .when = IF_FLASH_ENCRYPTION},
    BITS(LOCK, DISABLE_DL_ENCRYPT, 1),
    AND_BITS(LOCK, DISABLE_DL_DECRYPT, 1),
    AND_BITS(LOCK, DISABLE_DL_CACHE, 1),
    AND_BITS(LOCK, CONSOLE_DEBUG_DISABLE, 1),
    AND_BITS(LOCK, JTAG_DISABLE, 1),
    BOOT(LOCK),
};

// Nothing comes in by UART any more.
static const struct row lock_uart[] = {
    BOOT_PLAIN(),
    {.stage = FB_STAGE_LOCK, .kind = ROW_BITS, .field = FB_EFUSE_UART_DOWNLOAD_DIS,
     .value = 1, .when = IF_REVISION_3},
    BOOT(LOCK),
};

// Images only.
static const struct row flash_only[] = {
    IMAGES(),
    BOOT(FLASH),
};

#define ROWS(r) r, sizeof r / sizeof r[0]
static const struct {
    const char *name;
    const struct row *row;
    size_t rows;
} recipes[] = {
    {"flash", ROWS(flash_only)},
    {"flash-encryption", ROWS(flash_encryption)},
    {"secure-boot-v1", ROWS(secure_boot_v1)},
    {"secure-boot-v2", ROWS(secure_boot_v2)},
    {"lock", ROWS(lock)},
    {"lock-uart", ROWS(lock_uart)},
};
// clang-format on
#define RECIPES (sizeof recipes / sizeof recipes[0])

const char *recipe_names(void)
{
    return "flash, flash-encryption, secure-boot-v1, secure-boot-v2, lock, "
           "lock-uart";
}

struct maker {
    const struct recipe_input *in;
    struct plan_file *f;
    struct fb_efuse_words fuses; // as they are after the steps so far
    bool chosen[RECIPES];
    bool flash_encryption; // on at the end
    bool images_done;
    const struct row *last; // that made a step
};

static bool wants(const struct maker *m, const char *name)
{
    for (size_t i = 0; i < RECIPES; i++) {
        if (strcmp(recipes[i].name, name) == 0) {
            return m->chosen[i];
        }
    }
    return false;
}

static struct fb_step *add(struct maker *m, enum fb_step_kind kind,
                           const struct row *row, const char *label)
{
    struct fb_step *step = plan_file_add(m->f, kind, row->stage, label);
    if (step == NULL) {
        (void)cli_error(NULL, "too many steps for one plan");
    }
    m->last = row;
    return step;
}

// --- burns ---

// Apply a burn to the fuses; what a WR_DIS bit freezes is refused.
static int apply(struct maker *m, const struct fb_step *step)
{
    struct fb_board_state s = {.fuses = m->fuses};
    if (fb_plan_apply(&s, step, NULL, 0) != FB_OK) {
        return cli_error(step->label,
                         "can no longer be burned: write-protected");
    }
    m->fuses = s.fuses;
    return 0;
}

static int add_bits(struct maker *m, const struct row *row, uint32_t value)
{
    const struct fb_efuse_field *field = &fb_efuse_map[row->field];
    uint32_t before = fb_efuse_get(&m->fuses, row->field);
    struct fb_efuse_words bits;
    struct plan_file *f = m->f;
    char label[PLAN_LABEL_MAX];
    struct fb_step *step =
        f->plan.steps == 0 ? NULL : &f->step[f->plan.steps - 1];
    if ((value & ~before) == 0) {
        return 0;
    }
    if (row->merge && step != NULL && m->last != NULL &&
        m->last->stage == row->stage && m->last->kind == ROW_BITS) {
        struct plan_source *source = plan_file_source(f, step);
        size_t n = strlen(source->label);
        (void)snprintf(source->label + n, sizeof source->label - n, ", %s",
                       field->name);
        m->last = row;
    } else {
        (void)snprintf(label, sizeof label,
                       field->width == 1 ? "%s"
                                         : "%s 0x%" PRIx32 " -> 0x%" PRIx32,
                       field->name, before, before | value);
        step = add(m, FB_STEP_BURN, row, label);
        if (step == NULL) {
            return CLI_FAILURE;
        }
    }
    memset(&bits, 0, sizeof bits);
    fb_efuse_or(&bits, row->field, value & ~before);
    for (unsigned w = 0; w < FB_EFUSE_BLOCK_WORDS; w++) {
        step->word[w] |= bits.word[0][w];
    }
    return apply(m, step);
}

// Is the block free for a key? 1: yes, 0: it holds just that key, or one that
// only a proof can tell; negative: no, told.
static int block_is_free(const struct maker *m, unsigned block,
                         const uint8_t fingerprint[32])
{
    const struct plan_file *f = m->f;
    char name[8];
    (void)snprintf(name, sizeof name, "BLOCK%u", block);
    if (fb_efuse_block_hidden(&m->fuses, block) ||
        !f->block_print[block].known) {
        return 0;
    }
    if (f->block_print[block].blank) {
        if (fb_efuse_get(&m->fuses, FB_EFUSE_WR_DIS) & 1u << (6 + block)) {
            (void)cli_error(name, "is blank and write-protected: no key can be "
                                  "burned any more");
            return -1;
        }
        return 1;
    }
    if (memcmp(f->block_print[block].fingerprint, fingerprint, 32) != 0) {
        (void)cli_error(name, "holds another key already");
        return -1;
    }
    return 0;
}

static int add_key(struct maker *m, const struct row *row)
{
    struct plan_key *key = &m->f->key[row->key];
    unsigned block = plan_key_block(row->key);
    char label[PLAN_LABEL_MAX];
    if (!key->used) {
        return cli_error(
            NULL, "the %s key is needed: --%s", plan_key_name(row->key),
            row->key == PLAN_KEY_FLASH ? "flash-key" : "secure-boot-key");
    }
    int is_free = block_is_free(m, block, key->fingerprint);
    if (is_free <= 0) {
        return is_free == 0 ? 0 : CLI_FAILURE;
    }
    (void)snprintf(label, sizeof label, "%s key %02x%02x%02x%02x into BLOCK%u",
                   row->key == PLAN_KEY_FLASH ? "flash encryption"
                                              : "secure boot",
                   key->fingerprint[0], key->fingerprint[1],
                   key->fingerprint[2], key->fingerprint[3], block);
    struct fb_step *step = add(m, FB_STEP_BURN, row, label);
    int status =
        step == NULL ? CLI_FAILURE : plan_file_burn_key(m->f, step, row->key);
    return status != 0 ? status : apply(m, step);
}

static int v2_digest(const char *path, uint8_t digest[32])
{
    if (path == NULL) {
        return cli_error(NULL, "secure-boot-v2 needs --signing-key");
    }
    const char *why = host_key_v2_file_digest(path, digest);
    return why == NULL ? 0 : cli_error(path, "%s", why);
}

static int add_digest(struct maker *m, const struct row *row)
{
    uint8_t digest[32] = {0};
    uint8_t reversed[32];
    uint8_t print[32];
    char label[PLAN_LABEL_MAX];
    if (m->in->ini->revision < 3) {
        return cli_error("secure-boot-v2",
                         "needs chip revision 3, this one "
                         "has %" PRIu32,
                         m->in->ini->revision);
    }
    if (fb_efuse_get(&m->fuses, FB_EFUSE_CODING_SCHEME) == 1) {
        return cli_error("secure-boot-v2", "does not work with coding scheme "
                                           "3/4");
    }
    int status = v2_digest(m->in->signing_key, digest);
    if (status != 0) {
        return status;
    }
    fb_bytes_reverse(reversed, digest, sizeof digest);
    fb_key_fingerprint(reversed, sizeof reversed, print);
    int is_free = block_is_free(m, 2, print);
    if (is_free <= 0) {
        return is_free == 0 ? 0 : CLI_FAILURE;
    }
    (void)snprintf(label, sizeof label,
                   "digest %02x%02x%02x%02x of the signing key into BLOCK2",
                   digest[0], digest[1], digest[2], digest[3]);
    struct fb_step *step = add(m, FB_STEP_BURN, row, label);
    if (step == NULL) {
        return CLI_FAILURE;
    }
    step->block = 2;
    for (unsigned w = 0; w < FB_EFUSE_BLOCK_WORDS; w++) {
        step->word[w] = load32_le(digest + (size_t)4 * w);
    }
    return apply(m, step);
}

// An erased sector from the end of the flash down, where nothing is planned.
// None, or the flash is not known: the last sector of the last image, which is
// written anew.
static bool find_scratch(const struct recipe_input *in, uint32_t *flash_off)
{
    const struct fb_board_state *s = in->state;
    bool known = fb_board_state_knows_flash(s, 0, s->flash_size);
    for (uint32_t at = s->flash_size; known && at > 0x9000;) {
        at -= FB_FLASH_SECTOR;
        if (fb_bytes_all(s->flash + at, FB_FLASH_SECTOR, 0xFF)) {
            *flash_off = at;
            return true;
        }
    }
    if (in->images > 0) {
        *flash_off = in->image[in->images - 1].flash_off;
        return true;
    }
    return false;
}

static int add_prove(struct maker *m, const struct row *row)
{
    uint32_t scratch = 0;
    // Once the enabling bit is there, only the board's boot can tell.
    if (row->key == PLAN_KEY_FLASH &&
        fb_efuse_get(&m->fuses, FB_EFUSE_DISABLE_DL_ENCRYPT) != 0) {
        return 0;
    }
    if (row->key == PLAN_KEY_FLASH && !find_scratch(m->in, &scratch)) {
        return cli_error(NULL, "no erased sector is left for the key proof, "
                               "and no image is to be written");
    }
    struct fb_step *step =
        add(m, FB_STEP_PROVE_KEY, row,
            row->key == PLAN_KEY_FLASH
                ? "the chip encrypts a known sector as we do"
                : "the chip's secure boot engine digests a known IV as we do");
    if (step == NULL) {
        return CLI_FAILURE;
    }
    step->block = plan_key_block(row->key);
    step->flash_off = scratch;
    return 0;
}

static int add_next(struct maker *m, const struct row *row)
{
    uint32_t count = fb_efuse_get(&m->fuses, row->field);
    uint32_t limit = (1u << fb_efuse_map[row->field].width) - 1;
    if (fb_efuse_flash_encryption_on(&m->fuses)) {
        return 0;
    }
    uint32_t next = ~count & (count + 1) & limit;
    return next == 0
               ? cli_error(fb_efuse_map[row->field].name, "has no bit left")
               : add_bits(m, row, next);
}

// --- images ---

static int choose_form(struct maker *m, const struct recipe_image *image,
                       enum plan_form *form)
{
    struct host_file file;
    *form = PLAN_AS_IS;
    if (!m->flash_encryption) {
        return 0;
    }
    int error = host_file_read(image->path, m->in->ini->flash_size, &file);
    if (error != 0) {
        return cli_error(image->path, "%s", strerror(error));
    }
    // What is no plaintext is encrypted already, or wants to stay as it is.
    if (fb_content_of_file(file.data, file.size) != FB_CONTENT_UNKNOWN) {
        *form = PLAN_HOST_ENCRYPTED;
    }
    host_file_free(&file);
    if (*form == PLAN_HOST_ENCRYPTED && !m->f->key[PLAN_KEY_FLASH].loaded) {
        return cli_error(image->path, "is plain and has to be encrypted: "
                                      "--flash-key");
    }
    return 0;
}

static int add_image(struct maker *m, const struct row *row,
                     const struct recipe_image *image)
{
    char label[PLAN_LABEL_MAX];
    enum plan_form form;
    const char *name = strrchr(image->path, '/');
    const uint32_t flash_size = m->in->ini->flash_size;
    int status = choose_form(m, image, &form);
    if (status != 0) {
        return status;
    }
    (void)snprintf(label, sizeof label, "0x%" PRIx32 " %.100s%s",
                   image->flash_off, name == NULL ? image->path : name + 1,
                   form == PLAN_HOST_ENCRYPTED ? ", encrypted here" : "");
    struct fb_step *step = add(m, FB_STEP_WRITE, row, label);
    if (step == NULL) {
        return CLI_FAILURE;
    }
    step->flash_off = image->flash_off;
    status = plan_file_set_data(m->f, step, image->path, form);
    if (status == 0 && (step->flash_off % 4096 != 0 || step->len == 0 ||
                        step->flash_off >= flash_size ||
                        step->len > flash_size - step->flash_off)) {
        status = cli_error(image->path,
                           "does not fit at 0x%" PRIx32
                           " (whole sectors, 0x%" PRIx32 " bytes of flash)",
                           step->flash_off, flash_size);
    }
    return status;
}

static int add_images(struct maker *m, const struct row *row)
{
    int status = 0;
    if (m->images_done) {
        return 0;
    }
    m->images_done = true;
    for (unsigned i = 0; i < m->in->erases && status == 0; i++) {
        char label[PLAN_LABEL_MAX];
        (void)snprintf(label, sizeof label,
                       "0x%" PRIx32 " erased, %" PRIu32 " KiB",
                       m->in->erase[i].flash_off, m->in->erase[i].len / 1024);
        struct fb_step *step = add(m, FB_STEP_ERASE, row, label);
        if (step == NULL) {
            return CLI_FAILURE;
        }
        step->flash_off = m->in->erase[i].flash_off;
        step->len = m->in->erase[i].len;
    }
    for (unsigned i = 0; i < m->in->images && status == 0; i++) {
        status = add_image(m, row, &m->in->image[i]);
    }
    return status;
}

static int add_boot(struct maker *m, const struct row *row)
{
    // Twice in a row shows nothing new.
    if (!m->in->boot || (m->last != NULL && m->last->kind == ROW_BOOT)) {
        return 0;
    }
    return add(m, FB_STEP_BOOT, row, "boot and look") == NULL ? CLI_FAILURE : 0;
}

// --- rows ---

static bool counts(const struct maker *m, const struct row *row)
{
    switch (row->when) {
    case IF_FLASH_ENCRYPTION:
        return m->flash_encryption;
    case IF_PLAIN:
        return !m->flash_encryption ||
               fb_efuse_flash_encryption_on(&m->in->state->fuses);
    case IF_REVISION_3:
        return m->in->ini->revision >= 3;
    case ALWAYS:
        break;
    }
    return true;
}

static int add_row(struct maker *m, const struct row *row)
{
    switch (row->kind) {
    case ROW_KEY:
        return add_key(m, row);
    case ROW_DIGEST:
        return add_digest(m, row);
    case ROW_PROVE:
        return add_prove(m, row);
    case ROW_BITS:
        return add_bits(m, row, row->value);
    case ROW_NEXT:
        return add_next(m, row);
    case ROW_IMAGES:
        return add_images(m, row);
    case ROW_BOOT:
        return add_boot(m, row);
    }
    return CLI_FAILURE;
}

// Stage by stage; in a stage the recipes in the table's order.
static int add_rows(struct maker *m)
{
    int status = 0;
    for (unsigned stage = 0; stage < FB_STAGES; stage++) {
        for (size_t r = 0; r < RECIPES; r++) {
            for (size_t i = 0; m->chosen[r] && i < recipes[r].rows; i++) {
                const struct row *row = &recipes[r].row[i];
                if (row->stage != stage || !counts(m, row)) {
                    continue;
                }
                status = add_row(m, row);
                if (status != 0) {
                    return status;
                }
            }
        }
    }
    return 0;
}

static int choose(struct maker *m, char name[PLAN_NAME_MAX * 4])
{
    name[0] = '\0';
    for (unsigned k = 0; k < m->in->recipes; k++) {
        size_t r = 0;
        while (r < RECIPES && strcmp(recipes[r].name, m->in->recipe[k]) != 0) {
            r++;
        }
        if (r == RECIPES) {
            return cli_error(m->in->recipe[k], "not one of %s", recipe_names());
        }
        m->chosen[r] = true;
        if (k > 0) {
            (void)strncat(name, "+", 2);
        }
        (void)strncat(name, recipes[r].name, PLAN_NAME_MAX);
    }
    if (wants(m, "secure-boot-v1") && wants(m, "secure-boot-v2")) {
        return cli_error(NULL, "secure-boot-v1 and secure-boot-v2 share "
                               "BLOCK2: one of them");
    }
    if (wants(m, "lock-uart") && m->in->ini->revision < 3) {
        return cli_error("lock-uart",
                         "UART_DOWNLOAD_DIS works from chip "
                         "revision 3 on, this one has %" PRIu32,
                         m->in->ini->revision);
    }
    return 0;
}

int recipe_make(const struct recipe_input *in, struct plan_file *f)
{
    struct maker m = {.in = in, .f = f, .fuses = in->state->fuses};
    char name[PLAN_NAME_MAX * 4];
    memset(f, 0, sizeof *f);
    int status = in->recipes > 4 ? cli_error(NULL, "too many recipes")
                                 : choose(&m, name);
    if (status != 0) {
        return status;
    }
    if (strlen(name) >= sizeof f->recipe) {
        return cli_error(name, "too many recipes");
    }
    plan_file_init(f, name, in->ini, in->state);
    m.flash_encryption = wants(&m, "flash-encryption") ||
                         fb_efuse_flash_encryption_on(&in->state->fuses);
    if (in->flash_key != NULL) {
        status = plan_file_set_key(f, PLAN_KEY_FLASH, in->flash_key);
    }
    if (status == 0 && in->secure_boot_key != NULL) {
        status =
            plan_file_set_key(f, PLAN_KEY_SECURE_BOOT, in->secure_boot_key);
    }
    if (status == 0) {
        status = add_rows(&m);
    }
    if (status == 0 && f->plan.steps == 0) {
        status = cli_error(name, "nothing is left to do on this board");
    }
    fb_bytes_wipe(&m, sizeof m);
    return status;
}
