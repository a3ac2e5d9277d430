// SPDX-License-Identifier: Apache-2.0

#include "tools/fusebox/check/subject.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/key_v2.h"
#include "lib/fb/bytes.h"
#include "lib/fb/crypto.h"
#include "lib/fb/efuse_coding.h"
#include "lib/fb/flash.h"
#include "tools/fusebox/plan/record.h"
#include "tools/fusebox/plan/target.h"

#define SECTOR  FB_FLASH_SECTOR
#define KEY_MAX 0x10000u

// --- the board ---

static int scratch_for(struct subject *s)
{
    size_t n = s->state.flash_size;

    s->scratch.flash = malloc(n);
    s->in.plain = malloc(n);
    s->plan = calloc(1, sizeof *s->plan);
    if (s->scratch.flash == NULL || s->in.plain == NULL || s->plan == NULL) {
        return cli_error(NULL, "out of memory");
    }
    s->in.before = &s->state;
    s->in.scratch = &s->scratch;
    plan_file_init(s->plan, "check", &s->board.ini, &s->state);
    s->in.plan = &s->plan->plan;
    return 0;
}

static int open_board(struct subject *s, const char *dir)
{
    int status = board_open(&s->board, dir);

    if (status != 0) {
        return status;
    }
    s->open = true;
    s->name = dir;
    (void)snprintf(s->port, sizeof s->port, "board:%s", dir);
    board_state(&s->board, &s->state);
    return scratch_for(s);
}

// Over a port; it becomes a board in memory of whose flash nothing is known
// yet.
static int open_port(struct subject *s, const char *name, uint32_t baud)
{
    int status;

    if (target_open(&s->target, name, baud) != TARGET_OK) {
        return cli_error(name, "%s", s->target.why);
    }
    s->connected = true;
    if (snapshot_take(&s->target, SNAPSHOT_NONE, &s->snapshot) != TARGET_OK) {
        return cli_error(name, "%s", s->target.why);
    }
    s->board.ini = s->snapshot.ini;
    s->board.fuses = s->snapshot.fuses;
    s->board.flash = s->snapshot.flash;
    s->name = name;
    (void)snprintf(s->port, sizeof s->port, "%s", name);
    board_state(&s->board, &s->state);
    status = scratch_for(s);
    s->state.flash_wanted = s->wanted;
    return status;
}

static void let_go(struct subject *s)
{
    if (s->connected) {
        target_close(&s->target);
    }
    s->connected = false;
}

// What is wanted of the flash. *more: there was something to be read.
static int read_wanted(struct subject *s, bool *more)
{
    *more = false;
    if (!s->connected) {
        return 0;
    }
    if (snapshot_read(&s->target, &s->snapshot, s->wanted, more) != TARGET_OK) {
        return cli_error(s->name, "%s", s->target.why);
    }
    memcpy(s->state.flash_unread, s->snapshot.unread,
           sizeof s->state.flash_unread);
    return 0;
}

int subject_read_all(struct subject *s)
{
    bool more;
    int status;

    if (!s->connected) {
        return 0;
    }
    memset(s->wanted, true, sizeof s->wanted);
    status = read_wanted(s, &more);
    let_go(s);
    return status;
}

// --- keys ---

static int read_key(const char *path, struct host_file *file)
{
    int error = host_file_read_secret(path, KEY_MAX, file);

    return error == 0 ? 0 : cli_error(path, "%s", strerror(error));
}

static struct fb_check_key key_of(const uint8_t *p, size_t n, const char *path)
{
    return (struct fb_check_key){.bytes = p, .len = n, .name = path};
}

static bool is_pem(const struct host_file *file)
{
    static const char begin[] = "-----BEGIN";

    return file->size > sizeof begin &&
           memcmp(file->data, begin, sizeof begin - 1) == 0;
}

static void fault(struct subject *s, struct fb_check_key *key, const char *path,
                  const char *why)
{
    (void)snprintf(s->key_fault, sizeof s->key_fault, "%s", why);
    *key = (struct fb_check_key){.name = path, .fault = s->key_fault};
}

// A key in PEM form: what its public half says goes into the subject.
static void use_signing_key(struct subject *s, const struct host_key *key,
                            const char *path)
{
    char why[120];

    if (host_key_kind(key) == HOST_KEY_RSA3072) {
        if (host_key_v2_digest(key, s->boot_key_bytes)) {
            s->in.secure_v2 = true;
            s->in.secure_boot_key = key_of(s->boot_key_bytes, 32, path);
            s->in.secure_boot_key.custody = true; // it is public
        }
        return;
    }
    if (host_key_kind(key) != HOST_KEY_P256 || !host_key_point(key, s->pub)) {
        (void)snprintf(why, sizeof why, "is %s; V1 wants P-256, V2 RSA-3072",
                       host_key_describe(key));
        fault(s, &s->in.signing_pub, path, why);
        return;
    }
    s->in.signing_pub = key_of(s->pub, 64, path);
}

static int load_signing_key(struct subject *s, const char *path,
                            struct host_file *file)
{
    struct host_key *key = NULL;
    const char *why;
    int status = read_key(path, file);

    if (status != 0) {
        return status;
    }
    if (file->size == 64 && !is_pem(file)) {
        s->in.signing_pub = key_of(file->data, file->size, path);
        return 0;
    }
    why = host_key_parse(file->data, file->size, &key);
    if (why != NULL) {
        fault(s, &s->in.signing_pub, path, why);
        return 0;
    }
    use_signing_key(s, key, path);
    host_key_free(key);
    return 0;
}

// The V1 key that digest_private_key makes of a P-256 key in PEM form. False:
// that is none.
static bool derive_boot_key(const struct host_file *file, uint8_t out[32])
{
    struct host_key *key = NULL;
    uint8_t scalar[32];
    bool derived;

    if (file->data == NULL || !is_pem(file) ||
        host_key_parse(file->data, file->size, &key) != NULL) {
        return false;
    }
    derived = host_key_scalar(key, scalar);
    if (derived) {
        fb_sha256(scalar, sizeof scalar, out);
    }
    fb_bytes_wipe(scalar, sizeof scalar);
    host_key_free(key);
    return derived;
}

// A V1 key file, or the key that it follows from.
static int load_boot_key(struct subject *s, const char *path)
{
    int status = read_key(path, &s->boot_key);

    if (status != 0) {
        return status;
    }
    s->in.secure_boot_key =
        derive_boot_key(&s->boot_key, s->boot_key_bytes)
            ? key_of(s->boot_key_bytes,
                     fb_efuse_coding_bytes(fb_efuse_coding_of(&s->state.fuses)),
                     path)
            : key_of(s->boot_key.data, s->boot_key.size, path);
    return 0;
}

// Does a V1 key follow from what a file holds? A short one (coding scheme 3/4)
// is the beginning of the long one.
static bool follows_from(const struct fb_check_key *key,
                         const struct host_file *file)
{
    uint8_t derived[32];
    bool same = (key->len == 24 || key->len == 32) &&
                derive_boot_key(file, derived) &&
                memcmp(derived, key->bytes, key->len) == 0;

    fb_bytes_wipe(derived, sizeof derived);
    return same;
}

// A second file with the same key is custody; the same file is none.
static int look_at_copy(struct fb_check_key *key, const char *copy)
{
    struct host_file file;
    int error;

    if (key->bytes == NULL || key->name == NULL || key->custody ||
        host_file_same(key->name, copy)) {
        return 0;
    }
    error = host_file_read_secret(copy, KEY_MAX, &file);
    if (error != 0) {
        return cli_error(copy, "%s", strerror(error));
    }
    key->custody = (file.size == key->len &&
                    memcmp(file.data, key->bytes, key->len) == 0) ||
                   follows_from(key, &file);
    host_file_free(&file);
    return 0;
}

static int load_copies(struct subject *s, const struct cli *cli)
{
    int status = 0;

    for (unsigned i = 0; i < cli_values(cli, "key-copy") && status == 0; i++) {
        const char *copy = cli_value(cli, "key-copy", i);

        status = look_at_copy(&s->in.flash_key, copy);
        if (status == 0) {
            status = look_at_copy(&s->in.secure_boot_key, copy);
        }
    }
    return status;
}

static int load_keys(struct subject *s, const struct cli *cli)
{
    const char *path = cli_string(cli, "flash-key");
    int status = 0;

    if (path != NULL) {
        status = read_key(path, &s->flash_key);
        s->in.flash_key = key_of(s->flash_key.data, s->flash_key.size, path);
    }
    path = cli_string(cli, "secure-boot-key");
    if (status == 0 && path != NULL) {
        status = load_boot_key(s, path);
    }
    path = cli_string(cli, "signing-key");
    if (status == 0 && path != NULL) {
        status = load_signing_key(s, path, &s->signing_key);
    }
    path = cli_string(cli, "public-key");
    if (status == 0 && path != NULL) {
        status = load_signing_key(s, path, &s->public_key);
    }
    s->fleet_key = status == 0 && s->in.secure_boot_key.bytes != NULL &&
                   follows_from(&s->in.secure_boot_key, &s->signing_key);
    return status == 0 ? load_copies(s, cli) : status;
}

static void start(struct subject *s)
{
    memset(s, 0, sizeof *s);
    s->board.lock = -1;
}

static int load_options(struct subject *s, const struct cli *cli)
{
    const char *voltage = cli_string(cli, "flash-voltage");

    s->cli = cli;
    if (voltage != NULL) {
        struct fb_flash_part *part = &s->state.part;
        bool wired = part->needs != FB_FLASH_SUPPLY_UNKNOWN;

        (void)fb_flash_supply_parse(voltage, &part->needs);
        part->mtdi = wired ? part->mtdi : part->needs == FB_FLASH_SUPPLY_1V8;
    }
    return load_keys(s, cli);
}

int subject_open_port(struct subject *s, const struct cli *cli)
{
    int status;

    start(s);
    status =
        open_port(s, cli_string(cli, "port"), (uint32_t)cli_uint(cli, "baud"));
    return status != 0 ? status : load_options(s, cli);
}

int subject_open(struct subject *s, const struct cli *cli)
{
    return subject_open_board(s, cli, cli_string(cli, "board"));
}

int subject_open_board(struct subject *s, const struct cli *cli,
                       const char *dir)
{
    int status;

    if ((dir == NULL) == (cli_string(cli, "port") == NULL)) {
        start(s);
        return cli_usage(cli, "name one board: --port PORT or --board DIR");
    }
    if (dir == NULL) {
        return subject_open_port(s, cli);
    }
    start(s);
    status = open_board(s, dir);
    return status != 0 ? status : load_options(s, cli);
}

static void free_secret(uint8_t *p, size_t n)
{
    if (p != NULL) {
        fb_bytes_wipe(p, n);
        free(p);
    }
}

void subject_close(struct subject *s)
{
    if (s->plan != NULL) {
        plan_file_free(s->plan);
        free(s->plan);
    }
    free_secret(s->in.plain, s->state.flash_size);
    free(s->scratch.flash);
    host_file_free(&s->flash_key);
    host_file_free(&s->boot_key);
    host_file_free(&s->signing_key);
    host_file_free(&s->public_key);
    if (s->open) {
        board_close(&s->board);
    } else {
        let_go(s);
        snapshot_free(&s->snapshot);
    }
    fb_bytes_wipe(s, sizeof *s);
}

// --- the plan ---

int subject_plan(struct subject *s, const char *path)
{
    struct record record;
    int status;

    plan_file_free(s->plan);
    status = plan_file_read(path, s->plan);
    if (status == 0) {
        status = plan_file_load(s->plan);
    }
    if (status != 0) {
        return status;
    }
    memcpy(s->in.mac, s->plan->ini.mac, sizeof s->in.mac);
    s->in.has_mac = true;
    // A recipe that locks means to be final.
    s->in.release = strstr(s->plan->recipe, "lock") != NULL;
    // What a rehearsal saw of its application.
    if (record_find(&record, path, s->plan->hash)) {
        s->in.confirms = record.confirms;
    }
    // The plan has read its keys already.
    if (s->in.flash_key.bytes == NULL && s->plan->key[PLAN_KEY_FLASH].loaded) {
        s->in.flash_key = key_of(s->plan->key[PLAN_KEY_FLASH].bytes,
                                 s->plan->key[PLAN_KEY_FLASH].n,
                                 s->plan->key[PLAN_KEY_FLASH].path);
    }
    if (s->in.secure_boot_key.bytes == NULL &&
        s->plan->key[PLAN_KEY_SECURE_BOOT].loaded) {
        s->in.secure_boot_key = key_of(s->plan->key[PLAN_KEY_SECURE_BOOT].bytes,
                                       s->plan->key[PLAN_KEY_SECURE_BOOT].n,
                                       s->plan->key[PLAN_KEY_SECURE_BOOT].path);
    }
    return load_copies(s, s->cli);
}

int subject_write(struct subject *s, const char *address, const char *path)
{
    uint64_t flash_off;
    struct fb_step *step;

    if (!cli_parse_uint(address, &flash_off) || flash_off > UINT32_MAX) {
        return cli_error(address, "not an address");
    }
    step = plan_file_add(s->plan, FB_STEP_WRITE, FB_STAGE_FLASH, path);
    if (step == NULL) {
        return cli_error(NULL, "too many steps");
    }
    step->flash_off = (uint32_t)flash_off;
    return plan_file_set_data(s->plan, step, path, PLAN_AS_IS);
}

// A key file as espefuse burns it: reversed by its purpose's name, in the
// file's order by the block's.
static int burn_file(struct subject *s, struct fb_step *step, const char *name,
                     const char *path)
{
    enum fb_efuse_coding coding = fb_efuse_coding_of(&s->state.fuses);
    bool reversed = strstr(name, "_v2") == NULL &&
                    strncmp(name, "BLOCK", 5) != 0 &&
                    strncmp(name, "BLK", 3) != 0;
    struct host_file file;
    uint8_t bytes[32];
    enum fb_status status = FB_E_SIZE;
    int error = read_key(path, &file);

    if (error != 0) {
        return error;
    }
    if (file.size <= sizeof bytes) {
        memcpy(bytes, file.data, file.size);
        if (reversed) {
            fb_bytes_reverse(bytes, file.data, file.size);
        }
        status = fb_efuse_encode(coding, bytes, file.size, step->word);
        fb_bytes_wipe(bytes, sizeof bytes);
    }
    error = status == FB_OK
                ? 0
                : cli_error(path, "has %zu bytes, a block takes %zu", file.size,
                            fb_efuse_coding_bytes(coding));
    host_file_free(&file);
    return error;
}

int subject_burn(struct subject *s, const char *assignment)
{
    const char *equals = strchr(assignment, '=');
    char name[40];
    const struct fb_efuse_field *field;
    struct fb_step *step;
    uint64_t value;

    if (equals == NULL || (size_t)(equals - assignment) >= sizeof name) {
        return cli_error(assignment, "not NAME=VALUE");
    }
    (void)snprintf(name, sizeof name, "%.*s", (int)(equals - assignment),
                   assignment);
    field = fb_efuse_find(name, strlen(name));
    if (field == NULL) {
        return cli_error(name, "no such eFuse");
    }
    step = plan_file_add(s->plan, FB_STEP_BURN, FB_STAGE_ENABLE, assignment);
    if (step == NULL) {
        return cli_error(NULL, "too many steps");
    }
    step->block = field->block;
    if (field->width > 32) {
        return burn_file(s, step, name, equals + 1);
    }
    if (!cli_parse_uint(equals + 1, &value) || value >> field->width != 0) {
        return cli_error(assignment, "%s takes a number of %u bits", name,
                         field->width);
    }
    step->word[field->word] = (uint32_t)value << field->bit;
    return 0;
}

// --- looking ---

// What is looked at tells what else there is to look at.
static int check(struct subject *s)
{
    bool more;
    int status;

    do {
        fb_checks_run(&s->in, s->result);
        status = read_wanted(s, &more);
    } while (status == 0 && more);
    return status;
}

// With key files at hand, does a start of the board tell whether they are the
// keys that cannot be read?
static bool boot_would_tell(const struct subject *s)
{
    const struct fb_efuse_words *fuses = &s->state.fuses;

    return s->connected &&
           s->result[fb_check_find("P2")].verdict == FB_CHECK_UNKNOWN &&
           (s->in.flash_key.bytes != NULL ||
            s->in.secure_boot_key.bytes != NULL) &&
           (fb_efuse_flash_encryption_on(fuses) ||
            fb_efuse_get(fuses, FB_EFUSE_ABS_DONE_0) != 0);
}

// It has to start again in any case; here somebody listens.
int subject_check(struct subject *s)
{
    int status = check(s);

    if (status != 0 || !boot_would_tell(s)) {
        return status;
    }
    if (target_boot_log(&s->target, &s->boot_log) != TARGET_OK) {
        return cli_error(s->name, "%s", s->target.why);
    }
    s->in.boot_log = &s->boot_log;
    return check(s);
}

int subject_advise(struct subject *s, struct fb_advice *a)
{
    struct fb_board_keys keys = fb_check_keys(&s->in, &s->state.fuses);
    struct fb_advice_names names = {
        .port = s->port,
        .flash_key = s->in.flash_key.name,
        .boot_key = s->in.secure_boot_key.name,
    };
    struct fb_board_view *v = malloc(sizeof *v);
    bool more;
    int status;

    if (v == NULL) {
        return cli_error(NULL, "out of memory");
    }
    do {
        fb_board_view(v, &s->state, &keys, s->in.plain);
        status = read_wanted(s, &more);
    } while (status == 0 && more);
    fb_advise(v, &names, a);
    free(v);
    return status;
}
