// SPDX-License-Identifier: Apache-2.0

#define _DEFAULT_SOURCE     // mkdtemp()
#define _XOPEN_SOURCE   700 // realpath(), readlink()

#include "tools/fusebox/plan/script.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/fence.h"
#include "host/file.h"
#include "lib/fb/bytes.h"
#include "lib/fb/flash.h"
#include "tools/cli/cli.h"
#include "tools/fusebox/control.h"
#include "tools/fusebox/server.h"

#define SECTOR FB_FLASH_SECTOR

struct recorder {
    const struct script_input *in;
    struct plan_file *f;
    struct board board; // the copy
    char dir[64];       // of the copy, and of what helps the script
    char copy[80];
    struct fb_efuse_words fuses; // as they were after the last burn
    uint8_t *flash;              // as it was at the last flush
    uint8_t *dirty;              // a byte a sector: written by a loader
    unsigned writes;
    bool firmware_burned;
    int status;
    pid_t script;
};

// --- steps ---

// What a burn is for, from the bits it sets.
static enum fb_stage stage_of_burn(unsigned block, const uint32_t *word)
{
    static const struct {
        enum fb_efuse_id id;
        enum fb_stage stage;
    } stages[] = {
        {FB_EFUSE_FLASH_CRYPT_CONFIG, FB_STAGE_CONFIG},
        {FB_EFUSE_RD_DIS, FB_STAGE_PROTECT},
        {FB_EFUSE_WR_DIS, FB_STAGE_PROTECT},
        {FB_EFUSE_FLASH_CRYPT_CNT, FB_STAGE_ENABLE},
        {FB_EFUSE_ABS_DONE_0, FB_STAGE_ENABLE},
        {FB_EFUSE_ABS_DONE_1, FB_STAGE_ENABLE},
        {FB_EFUSE_JTAG_DISABLE, FB_STAGE_LOCK},
        {FB_EFUSE_CONSOLE_DEBUG_DISABLE, FB_STAGE_LOCK},
        {FB_EFUSE_DISABLE_DL_ENCRYPT, FB_STAGE_LOCK},
        {FB_EFUSE_DISABLE_DL_DECRYPT, FB_STAGE_LOCK},
        {FB_EFUSE_DISABLE_DL_CACHE, FB_STAGE_LOCK},
        {FB_EFUSE_UART_DOWNLOAD_DIS, FB_STAGE_LOCK},
    };
    enum fb_stage stage = block == 0 ? FB_STAGE_CONFIG : FB_STAGE_KEYS;
    struct fb_efuse_words words;
    memset(&words, 0, sizeof words);
    memcpy(words.word[block], word, sizeof words.word[block]);
    for (size_t i = 0; block == 0 && i < sizeof stages / sizeof stages[0];
         i++) {
        if (fb_efuse_get(&words, stages[i].id) != 0 &&
            stages[i].stage > stage) {
            stage = stages[i].stage;
        }
    }
    return stage;
}

// A script knows no stages; they may only not go back.
static struct fb_step *add(struct recorder *r, enum fb_step_kind kind,
                           enum fb_stage stage, const char *label)
{
    size_t n = r->f->plan.steps;
    if (n > 0 && r->f->step[n - 1].stage > stage) {
        stage = r->f->step[n - 1].stage;
    }
    struct fb_step *step = plan_file_add(r->f, kind, stage, label);
    if (step == NULL) {
        r->status = cli_error(NULL, "the script does more than a plan holds");
    }
    return step;
}

static void label_burn(unsigned block, const uint32_t *word, char *text,
                       size_t cap)
{
    struct fb_efuse_words words;
    size_t n = 0;
    memset(&words, 0, sizeof words);
    memcpy(words.word[block], word, sizeof words.word[block]);
    (void)snprintf(text, cap, "BLOCK%u", block);
    for (size_t i = 0; block == 0 && i < FB_EFUSE_FIELDS; i++) {
        const struct fb_efuse_field *f = &fb_efuse_map[i];
        if (f->block != 0 || f->width > 32 ||
            fb_efuse_get(&words, (enum fb_efuse_id)i) == 0) {
            continue;
        }
        (void)snprintf(text + n, cap - n, "%s%s 0x%" PRIx32, n > 0 ? ", " : "",
                       f->name, fb_efuse_get(&words, (enum fb_efuse_id)i));
        n = strlen(text);
    }
}

static void record_burn(struct recorder *r, unsigned block,
                        const uint32_t *word)
{
    char label[PLAN_LABEL_MAX];
    label_burn(block, word, label, sizeof label);
    struct fb_step *step =
        add(r, FB_STEP_BURN, stage_of_burn(block, word), label);
    if (step != NULL) {
        step->block = block;
        memcpy(step->word, word, sizeof step->word);
    }
}

// --- flash ---

static int make_data_dir(struct recorder *r, char dir[PLAN_PATH_MAX])
{
    if (snprintf(dir, PLAN_PATH_MAX, "%s.d", r->in->plan) >=
        (int)PLAN_PATH_MAX - 64) {
        return cli_error(r->in->plan, "path is too long");
    }
    return mkdir(dir, 0777) == 0 || errno == EEXIST
               ? 0
               : cli_error(dir, "%s", strerror(errno));
}

static void record_write(struct recorder *r, uint32_t from, uint32_t len)
{
    char dir[PLAN_PATH_MAX];
    char path[PLAN_PATH_MAX + 64];
    char label[PLAN_LABEL_MAX];
    const uint8_t *p = r->board.flash + from;
    while (len > 4 && fb_bytes_all(p + len - 4, 4, 0xFF)) {
        len -= 4; // erased, as the rest of its sector
    }
    r->status = make_data_dir(r, dir);
    if (r->status != 0) {
        return;
    }
    (void)snprintf(path, sizeof path, "%s/%02u-0x%" PRIx32 ".bin", dir,
                   ++r->writes, from);
    int error = host_file_write(path, p, len, HOST_FILE_PUBLIC);
    if (error != 0) {
        r->status = cli_error(path, "%s", strerror(error));
        return;
    }
    (void)snprintf(label, sizeof label, "0x%" PRIx32 ", %" PRIu32 " bytes",
                   from, len);
    struct fb_step *step = add(r, FB_STEP_WRITE, FB_STAGE_FLASH, label);
    if (step != NULL) {
        step->flash_off = from;
        r->status = plan_file_set_data(r->f, step, path, PLAN_AS_IS);
    }
}

static void record_erase(struct recorder *r, uint32_t from, uint32_t len)
{
    char label[PLAN_LABEL_MAX];
    (void)snprintf(label, sizeof label, "0x%" PRIx32 " erased, %" PRIu32 " KiB",
                   from, len / 1024);
    struct fb_step *step = add(r, FB_STEP_ERASE, FB_STAGE_FLASH, label);
    if (step != NULL) {
        step->flash_off = from;
        step->len = len;
    }
}

// What a sector needs: nothing, an erase, a write.
enum need { NOTHING, ERASE, WRITE };

static enum need need_of(const struct recorder *r, uint32_t sector)
{
    assert(r->board.flash != NULL && r->flash != NULL);
    const uint8_t *now = r->board.flash + sector * SECTOR;
    if (!r->dirty[sector] ||
        memcmp(now, r->flash + sector * SECTOR, SECTOR) == 0) {
        return NOTHING;
    }
    return fb_bytes_all(now, SECTOR, 0xFF) ? ERASE : WRITE;
}

// Runs of sectors that need the same become steps.
static void flush_flash(struct recorder *r)
{
    assert(r->board.flash != NULL && r->flash != NULL && r->dirty != NULL);
    uint32_t sectors = r->board.ini.flash_size / SECTOR;
    for (uint32_t from = 0; from < sectors && r->status == 0;) {
        enum need need = need_of(r, from);
        uint32_t to = from + 1;
        while (to < sectors && need_of(r, to) == need) {
            to++;
        }
        if (need == ERASE) {
            record_erase(r, from * SECTOR, (to - from) * SECTOR);
        } else if (need == WRITE) {
            record_write(r, from * SECTOR, (to - from) * SECTOR);
        }
        from = to;
    }
    memcpy(r->flash, r->board.flash, r->board.ini.flash_size);
    memset(r->dirty, 0, sectors);
}

// --- watching ---

static void on_burn(struct recorder *r, const struct fb_efuse_words *fuses,
                    bool download)
{
    // Blocks in the order in which tools burn them; block 0 last.
    for (unsigned i = 0; i < FB_EFUSE_BLOCKS && r->status == 0; i++) {
        unsigned block = FB_EFUSE_BLOCKS - 1 - i;
        uint32_t word[FB_EFUSE_BLOCK_WORDS];
        uint32_t any = 0;
        for (unsigned w = 0; w < FB_EFUSE_BLOCK_WORDS; w++) {
            word[w] = fuses->word[block][w] & ~r->fuses.word[block][w];
            any |= word[w];
        }
        if (any != 0 && download) {
            record_burn(r, block, word);
        }
        fb_bytes_wipe(word, sizeof word);
    }
    r->firmware_burned |= !download;
    r->fuses = *fuses;
}

static void on_operated(void *ctx, const struct chip *chip, unsigned op,
                        uint32_t address, uint32_t n, bool download)
{
    struct recorder *r = ctx;
    if (r->status != 0) {
        return;
    }
    if (op == CHIP_OP_EFUSE_BURN) {
        flush_flash(r);
        if (r->firmware_burned && r->status == 0) {
            (void)add(r, FB_STEP_BOOT, FB_STAGE_FLASH, "boot and look");
            r->firmware_burned = false;
        }
        on_burn(r, chip_efuses(chip), download);
    } else if (download && address < r->board.ini.flash_size) {
        uint32_t last = (address + n - 1) / SECTOR;
        for (uint32_t s = address / SECTOR;
             s <= last && s < r->board.ini.flash_size / SECTOR; s++) {
            r->dirty[s] = 1;
        }
    }
}

// --- the script ---

// A line of the copy's board.run, "rfc2217 = 4711".
static unsigned port_of(const char *copy)
{
    char path[BOARD_PATH_MAX];
    static const char key[] = "rfc2217 = ";
    char line[100];
    uint64_t port = 0;
    FILE *run = fopen(board_path(copy, "board.run", path), "r");
    while (run != NULL && port == 0 && fgets(line, sizeof line, run) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, key, sizeof key - 1) == 0 &&
            !cli_parse_uint(line + sizeof key - 1, &port)) {
            break;
        }
    }
    if (run != NULL) {
        (void)fclose(run);
    }
    return (unsigned)port;
}

// The folder of this program.
static bool own_folder(char out[PLAN_PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", out, PLAN_PATH_MAX - 1);
    if (n <= 0) {
        return false;
    }
    out[n] = '\0';
    char *slash = strrchr(out, '/');
    if (slash != NULL) {
        *slash = '\0';
    }
    return slash != NULL;
}

// Our tools first in PATH, also by the names with .py; ESP-IDF's folder where
// scripts look for the tools, unless there is a real one.
static void set_paths(const struct recorder *r)
{
    static const char *const tools[] = {"esptool", "espefuse", "espsecure",
                                        "gen_esp32part"};
    char bin[PLAN_PATH_MAX];
    char from[PLAN_PATH_MAX + 64];
    char to[200];
    char path[4096];
    const char *old = getenv("PATH");
    if (!own_folder(bin)) {
        return;
    }
    for (size_t i = 0; i < sizeof tools / sizeof tools[0]; i++) {
        (void)snprintf(from, sizeof from, "%s/%s", bin, tools[i]);
        (void)snprintf(to, sizeof to, "%s/%s.py", r->dir, tools[i]);
        (void)symlink(from, to);
    }
    (void)snprintf(path, sizeof path, "%s:%s:%s", bin, r->dir,
                   old == NULL ? "/usr/bin:/bin" : old);
    (void)setenv("PATH", path, 1);
    (void)snprintf(from, sizeof from, "%s/../../idf", bin);
    if (getenv("IDF_PATH") == NULL && access(from, F_OK) == 0) {
        (void)setenv("IDF_PATH", from, 1);
    }
}

static void set_port(const struct recorder *r)
{
    char port[64];
    (void)snprintf(port, sizeof port, "rfc2217://127.0.0.1:%u",
                   port_of(r->copy));
    (void)setenv("ESPPORT", port, 1);
    (void)setenv("ESPTOOL_PORT", port, 1);
}

// In a process of its own: run the script, then stop the board. Exits as the
// script does.
static void run_script(const struct recorder *r)
{
    int status = 0;
    set_paths(r);
    set_port(r);
    pid_t pid = fork();
    if (pid == 0) {
        if (host_fence_devices() != 0) {
            (void)cli_error(NULL, "this kernel cannot keep the script from "
                                  "real boards: it has to use $ESPPORT");
        }
        (void)execvp(r->in->argv[0], r->in->argv);
        (void)cli_error(r->in->argv[0], "%s", strerror(errno));
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        status = -1;
    }
    (void)control_send(r->copy, "stop");
    _exit(status != -1 && WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

static void on_ready(void *ctx)
{
    struct recorder *r = ctx;
    (void)fflush(NULL);
    r->script = fork();
    if (r->script == 0) {
        run_script(r);
    }
    if (r->script < 0) {
        r->status = cli_error(NULL, "fork: %s", strerror(errno));
    }
}

static int wait_for_script(struct recorder *r)
{
    int status = 0;
    if (r->script <= 0 || waitpid(r->script, &status, 0) != r->script) {
        return CLI_FAILURE;
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        return cli_error(r->in->argv[0], "ended with exit status %d: no plan",
                         WIFEXITED(status) ? WEXITSTATUS(status) : 128);
    }
    return 0;
}

// --- the copy ---

static int make_copy(struct recorder *r)
{
    const char *tmp = getenv("TMPDIR");
    const struct board *b = r->in->board;
    if (snprintf(r->dir, sizeof r->dir, "%s/fusebox-XXXXXX",
                 tmp != NULL && strlen(tmp) < 30 ? tmp : "/tmp") >=
            (int)sizeof r->dir ||
        mkdtemp(r->dir) == NULL) {
        r->dir[0] = '\0';
        return cli_error(NULL, "no temporary folder: %s", strerror(errno));
    }
    (void)snprintf(r->copy, sizeof r->copy, "%s/board", r->dir);
    int status = board_create_from(r->copy, &b->ini, &b->fuses, b->flash);
    return status == 0 ? board_open(&r->board, r->copy) : status;
}

static void remove_files(const char *dir, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char path[BOARD_PATH_MAX];
        (void)unlink(board_path(dir, names[i], path));
    }
    (void)rmdir(dir);
}

static void remove_copy(const struct recorder *r)
{
    static const char *const files[] = {"board.ini", "efuse.bin",
                                        "flash.bin", "lock",
                                        "board.log", "console.log"};
    static const char *const links[] = {"esptool.py", "espefuse.py",
                                        "espsecure.py", "gen_esp32part.py"};
    if (r->dir[0] != '\0') {
        remove_files(r->copy, files, sizeof files / sizeof files[0]);
        remove_files(r->dir, links, sizeof links / sizeof links[0]);
    }
}

// --- keys ---

// The words of a burn that is the first and only one of its block.
static struct fb_step *only_burn(struct plan_file *f, unsigned block)
{
    struct fb_step *found = NULL;
    for (size_t i = 0; i < f->plan.steps; i++) {
        if (f->step[i].kind == FB_STEP_BURN && f->step[i].block == block) {
            if (found != NULL) {
                return NULL;
            }
            found = &f->step[i];
        }
    }
    return found;
}

static bool burns(const struct plan_file *f, unsigned block)
{
    for (size_t i = 0; i < f->plan.steps; i++) {
        if (f->step[i].kind == FB_STEP_BURN && f->step[i].block == block) {
            return true;
        }
    }
    return false;
}

// Does that key file hold what was burned?
static bool is_key(struct recorder *r, enum plan_key_kind kind,
                   const char *path, const uint32_t *word)
{
    struct plan_file *f = r->f;
    uint32_t want[FB_EFUSE_BLOCK_WORDS];
    enum fb_efuse_coding coding = fb_efuse_coding_of(&f->fuses);
    if (path == NULL || plan_file_set_key(f, kind, path) != 0 ||
        plan_key_words(&f->key[kind], coding, want) != 0) {
        return false;
    }
    bool same = memcmp(want, word, sizeof want) == 0;
    fb_bytes_wipe(want, sizeof want);
    return same;
}

// A key that is in no file goes into one of its own.
static int keep_key(struct recorder *r, enum plan_key_kind kind,
                    const uint32_t *word)
{
    char dir[PLAN_PATH_MAX];
    char path[PLAN_PATH_MAX + 64];
    struct fb_efuse_words fuses = r->f->fuses;
    uint8_t key[32];
    unsigned block = plan_key_block(kind);
    memcpy(fuses.word[block], word, sizeof fuses.word[block]);
    size_t n = fb_efuse_key(&fuses, block, key);
    int status = make_data_dir(r, dir);
    if (status == 0) {
        (void)snprintf(path, sizeof path, "%s/%s.key", dir,
                       plan_key_name(kind));
        int error = host_file_write(path, key, n, HOST_FILE_SECRET);
        status = error == 0 ? 0 : cli_error(path, "%s", strerror(error));
    }
    if (status == 0) {
        cli_print("%s: the key burned into BLOCK%u, readable by you only\n",
                  path, block);
        status = plan_file_set_key(r->f, kind, path);
    }
    fb_bytes_wipe(key, sizeof key);
    fb_bytes_wipe(&fuses, sizeof fuses);
    return status;
}

static int name_key(struct recorder *r, enum plan_key_kind kind,
                    const char *path)
{
    unsigned block = plan_key_block(kind);
    struct fb_step *step = only_burn(r->f, block);
    if (!burns(r->f, block)) {
        return 0;
    }
    // A digest of Secure Boot V2 is no secret, and stays readable.
    if (block == 2 && (fb_efuse_get(&r->fuses, FB_EFUSE_RD_DIS) & 2) == 0) {
        return 0;
    }
    if (step == NULL) {
        return cli_error(r->in->argv[0],
                         "burns BLOCK%u in several pieces: no plan", block);
    }
    uint32_t word[FB_EFUSE_BLOCK_WORDS];
    memcpy(word, step->word, sizeof word);
    int status = is_key(r, kind, path, word) ? 0 : keep_key(r, kind, word);
    fb_bytes_wipe(word, sizeof word);
    if (status == 0) {
        (void)snprintf(plan_file_source(r->f, step)->label, PLAN_LABEL_MAX,
                       "%s key into BLOCK%u", plan_key_name(kind), block);
        status = plan_file_burn_key(r->f, step, kind);
    }
    return status;
}

// --- all of it ---

static int watch(struct recorder *r)
{
    struct board served = r->board;
    const struct server_options options = {
        .rom = r->in->rom, .operated = on_operated, .operated_ctx = r};
    int status = server_run(&served, &options, 1, on_ready, r);
    r->board.flash = NULL; // the server has closed the board
    r->board.lock = -1;
    int script = wait_for_script(r);
    status = status != 0 ? status : script;
    if (status == 0) {
        status = r->status;
    }
    return status == 0 ? board_open(&r->board, r->copy) : status;
}

static int finish(struct recorder *r)
{
    flush_flash(r);
    int status = r->status;
    if (status == 0) {
        status = name_key(r, PLAN_KEY_FLASH, r->in->flash_key);
    }
    if (status == 0) {
        status = name_key(r, PLAN_KEY_SECURE_BOOT, r->in->secure_boot_key);
    }
    if (status == 0 && r->f->plan.steps == 0) {
        status = cli_error(r->in->argv[0], "did nothing to the board");
    }
    if (status == 0 && r->in->boot &&
        add(r, FB_STEP_BOOT, FB_STAGE_FLASH, "boot and look") == NULL) {
        status = r->status;
    }
    return status;
}

int script_record(const struct script_input *in, struct plan_file *f)
{
    struct fb_board_state state;
    struct recorder r = {.in = in, .f = f, .fuses = in->board->fuses};
    uint32_t size = in->board->ini.flash_size;
    board_state(in->board, &state);
    plan_file_init(f, "script", &in->board->ini, &state);
    r.board.lock = -1;
    r.flash = malloc(size);
    r.dirty = calloc(1, size / SECTOR);
    int status = r.flash == NULL || r.dirty == NULL
                     ? cli_error(NULL, "out of memory")
                     : make_copy(&r);
    if (status == 0) {
        assert(r.flash != NULL && r.dirty != NULL);
        memcpy(r.flash, in->board->flash, size);
        status = watch(&r);
    }
    if (status == 0) {
        status = finish(&r);
    }
    board_close(&r.board);
    remove_copy(&r);
    free(r.flash);
    free(r.dirty);
    fb_bytes_wipe(&r, sizeof r);
    return status;
}
