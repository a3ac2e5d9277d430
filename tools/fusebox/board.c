// SPDX-License-Identifier: Apache-2.0

#define _DEFAULT_SOURCE // BSD calls: flock(), strsep(), cfmakeraw()

#include "tools/fusebox/board.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/efuse_file.h"
#include "host/file.h"
#include "tools/cli/cli.h"

const char *board_path(const char *dir, const char *name,
                       char out[BOARD_PATH_MAX])
{
    (void)snprintf(out, BOARD_PATH_MAX, "%.*s/%s", BOARD_PATH_MAX - 32, dir,
                   name);
    return out;
}

static int complain(const char *path, int error)
{
    return cli_error(path, "%s", strerror(error));
}

// Fuses as they leave the factory: MAC, revision, calibration; the values that
// no software may depend on are those of an ordinary module.
static void factory_fuses(const struct board_ini *ini,
                          struct fb_efuse_words *fuses)
{
    memset(fuses, 0, sizeof *fuses);
    fb_efuse_set_mac(fuses, ini->mac);
    fb_efuse_or(fuses, FB_EFUSE_CHIP_VER_REV1, ini->revision >= 1);
    fb_efuse_or(fuses, FB_EFUSE_CHIP_VER_REV2, ini->revision >= 2);
    fb_efuse_or(fuses, FB_EFUSE_CLK8M_FREQ, 52);
    fb_efuse_or(fuses, FB_EFUSE_ADC_VREF, 8);
}

static int write_fuses(const char *dir, const struct fb_efuse_words *fuses)
{
    char path[BOARD_PATH_MAX];
    int error = host_efuse_file_store(board_path(dir, "efuse.bin", path), fuses,
                                      HOST_EFUSE_QEMU);
    return error == 0 ? 0 : complain(path, error);
}

static const struct {
    const char *name;
    unsigned bit;
} unknowns[] = {
    {"BLOCK1", BOARD_UNKNOWN_BLOCK1}, {"BLOCK2", BOARD_UNKNOWN_BLOCK2},
    {"BLOCK3", BOARD_UNKNOWN_BLOCK3}, {"CONFIG", BOARD_UNKNOWN_CONFIG},
    {"FLASH", BOARD_UNKNOWN_FLASH},
};
#define UNKNOWNS (sizeof unknowns / sizeof unknowns[0])

// Append "KEY = BLOCK1,FLASH\n", or nothing.
static void print_bits(const char *key, unsigned bits, char *text, size_t cap)
{
    const char *before = " = ";
    size_t n = strlen(text);
    if (bits == 0) {
        return;
    }
    n += (size_t)snprintf(text + n, cap - n, "%s", key);
    for (size_t i = 0; i < UNKNOWNS; i++) {
        if (bits & unknowns[i].bit) {
            n += (size_t)snprintf(text + n, cap - n, "%s%s", before,
                                  unknowns[i].name);
            before = ",";
        }
    }
    (void)snprintf(text + n, cap - n, "\n");
}

static bool parse_bits(char *value, unsigned *bits)
{
    char *rest = value;
    for (char *name; (name = strsep(&rest, ",")) != NULL;) {
        size_t i = 0;
        while (i < UNKNOWNS && strcmp(name, unknowns[i].name) != 0) {
            i++;
        }
        if (i == UNKNOWNS) {
            return false;
        }
        *bits |= unknowns[i].bit;
    }
    return true;
}

// "flash_voltage = 3.3\nmtdi = low\n", as far as it is known.
static void print_part(const struct fb_flash_part *part, char *text, size_t cap)
{
    size_t n = strlen(text);
    if (part->needs != FB_FLASH_SUPPLY_UNKNOWN) {
        (void)snprintf(
            text + n, cap - n,
            "flash_voltage = %s\nmtdi = %s\nflash_pads = 0x%" PRIx32 "\n%s",
            fb_flash_supply_name(part->needs), part->mtdi ? "high" : "low",
            part->pads, part->destroyed ? "flash = destroyed\n" : "");
    }
}

static int write_ini(const char *dir, const struct board_ini *ini)
{
    char path[BOARD_PATH_MAX];
    char text[300];
    (void)snprintf(text, sizeof text,
                   "board = %s\nrevision = %" PRIu32 "\nflash_size = %" PRIu32
                   "\n",
                   ini->name, ini->revision, ini->flash_size);
    print_part(&ini->part, text, sizeof text);
    print_bits("unknown", ini->unknown, text, sizeof text);
    print_bits("unproven", ini->unproven, text, sizeof text);
    int error = host_file_write(board_path(dir, "board.ini", path), text,
                                strlen(text), HOST_FILE_PUBLIC);
    return error == 0 ? 0 : complain(path, error);
}

static int write_flash(const char *dir, const uint8_t *flash, uint32_t size)
{
    char path[BOARD_PATH_MAX];
    int error = host_file_write(board_path(dir, "flash.bin", path), flash, size,
                                HOST_FILE_PUBLIC);
    return error == 0 ? 0 : complain(path, error);
}

bool board_exists(const char *dir)
{
    char path[BOARD_PATH_MAX];
    return access(board_path(dir, "board.ini", path), F_OK) == 0;
}

static int create(const char *dir, mode_t mode, const struct board_ini *ini,
                  const struct fb_efuse_words *fuses, const uint8_t *flash)
{
    if (strlen(dir) > BOARD_PATH_MAX - 32) {
        return cli_error(dir, "path is too long");
    }
    if (board_exists(dir)) {
        return cli_error(dir, "holds a board already");
    }
    if (mkdir(dir, mode) != 0 && errno != EEXIST) {
        return complain(dir, errno);
    }
    // What makes it a board comes last.
    int status = write_flash(dir, flash, ini->flash_size);
    if (status == 0) {
        status = write_fuses(dir, fuses);
    }
    return status != 0 ? status : write_ini(dir, ini);
}

int board_create_from(const char *dir, const struct board_ini *ini,
                      const struct fb_efuse_words *fuses, const uint8_t *flash)
{
    return create(dir, 0700, ini, fuses, flash);
}

int board_create(const char *dir, const struct board_ini *ini)
{
    struct fb_efuse_words fuses;
    uint8_t *erased = malloc(ini->flash_size);
    if (erased == NULL) {
        return cli_error(dir, "out of memory");
    }
    memset(erased, 0xFF, ini->flash_size);
    factory_fuses(ini, &fuses);
    int status = create(dir, 0777, ini, &fuses, erased);
    free(erased);
    return status;
}

static bool is_one_of(const char *value, const char *one, const char *other,
                      bool *is)
{
    *is = strcmp(value, one) == 0;
    return *is || strcmp(value, other) == 0;
}

// Where board.ini does not say it, the flash is on the pins that the fuses
// name.
#define PADS_OF_FUSES UINT32_MAX

// Lines that need not be there.
struct ini_given {
    bool mtdi, pads;
};

static bool parse_ini_line(char *line, struct board_ini *ini,
                           struct ini_given *given)
{
    char key[32];
    char value[64];
    if (line[strspn(line, " \t")] == '\0' || line[0] == '#') {
        return true;
    }
    if (sscanf(line, " %31[a-z_] = %63s", key, value) != 2) {
        return false;
    }
    uint64_t number = 0;
    bool is_number = cli_parse_uint(value, &number) && number <= UINT32_MAX;
    if (strcmp(key, "board") == 0) {
        if (strlen(value) >= sizeof ini->name) {
            return false;
        }
        memcpy(ini->name, value, strlen(value) + 1);
        return true;
    }
    if (strcmp(key, "revision") == 0) {
        ini->revision = (uint32_t)number;
        return is_number && number <= 3;
    }
    if (strcmp(key, "unknown") == 0) {
        return parse_bits(value, &ini->unknown);
    }
    if (strcmp(key, "unproven") == 0) {
        return parse_bits(value, &ini->unproven);
    }
    if (strcmp(key, "flash_voltage") == 0) {
        return fb_flash_supply_parse(value, &ini->part.needs);
    }
    if (strcmp(key, "mtdi") == 0) {
        given->mtdi = true;
        return is_one_of(value, "high", "low", &ini->part.mtdi);
    }
    if (strcmp(key, "flash_pads") == 0) {
        ini->part.pads = (uint32_t)number;
        given->pads = true;
        return is_number && number < 1u << 30;
    }
    if (strcmp(key, "flash") == 0) {
        return is_one_of(value, "destroyed", "whole", &ini->part.destroyed);
    }
    if (strcmp(key, "flash_size") == 0) {
        ini->flash_size = (uint32_t)number;
        return is_number && number >= 0x100000 && number <= 0x1000000 &&
               (number & (number - 1)) == 0;
    }
    return false;
}

static int read_ini(const char *dir, struct board_ini *ini)
{
    char path[BOARD_PATH_MAX];
    struct host_file file;
    int error = host_file_read(board_path(dir, "board.ini", path), 4096, &file);
    if (error == ENOENT) {
        return cli_error(dir, "no board here; `fusebox board start` makes one");
    }
    if (error != 0) {
        return complain(path, error);
    }
    char text[4097];
    memcpy(text, file.data, file.size);
    text[file.size] = '\0';
    host_file_free(&file);

    memset(ini, 0, sizeof *ini);
    struct ini_given given = {0};
    unsigned number = 0;
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        number++;
        if (!parse_ini_line(line, ini, &given)) {
            return cli_error(path, "line %u: cannot be understood", number);
        }
    }
    if (ini->flash_size == 0) {
        return cli_error(path, "flash_size is missing");
    }
    if (!given.pads) {
        ini->part.pads = PADS_OF_FUSES;
    }
    if (!given.mtdi) { // as modules with such flash are made
        ini->part.mtdi = ini->part.needs == FB_FLASH_SUPPLY_1V8;
    }
    return 0;
}

static int read_fuses(struct board *board)
{
    struct fb_efuse_words *fuses = &board->fuses;
    char path[BOARD_PATH_MAX];
    enum host_efuse_format format;
    int error = host_efuse_file_load(board_path(board->dir, "efuse.bin", path),
                                     fuses, &format);
    if (error > 0) {
        return complain(path, error);
    }
    if (error < 0 || format != HOST_EFUSE_QEMU) {
        return cli_error(path, "not an eFuse file of %u bytes",
                         HOST_EFUSE_QEMU_BYTES);
    }
    if (board->ini.part.pads == PADS_OF_FUSES) {
        board->ini.part.pads = fb_efuse_flash_pads(fuses);
    }
    return 0;
}

static int map_flash(struct board *board)
{
    char path[BOARD_PATH_MAX];
    struct stat info;
    int fd =
        open(board_path(board->dir, "flash.bin", path), O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return complain(path, errno);
    }
    int status = 0;
    if (fstat(fd, &info) != 0) {
        status = complain(path, errno);
    } else if (info.st_size != (off_t)board->ini.flash_size) {
        status = cli_error(path, "has %jd bytes, board.ini says %" PRIu32,
                           (intmax_t)info.st_size, board->ini.flash_size);
    } else {
        void *map = mmap(NULL, board->ini.flash_size, PROT_READ | PROT_WRITE,
                         MAP_SHARED, fd, 0);
        if (map == MAP_FAILED) {
            status = complain(path, errno);
        } else {
            board->flash = map;
        }
    }
    (void)close(fd);
    return status;
}

// The same bytes, in memory of our own.
static int read_flash(struct board *board)
{
    char path[BOARD_PATH_MAX];
    struct host_file file;
    int error = host_file_read(board_path(board->dir, "flash.bin", path),
                               16u << 20, &file);
    if (error != 0) {
        return complain(path, error);
    }
    int status = 0;
    if (file.size != board->ini.flash_size) {
        status = cli_error(path, "has %zu bytes, board.ini says %" PRIu32,
                           file.size, board->ini.flash_size);
    } else {
        void *map = mmap(NULL, file.size, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (map == MAP_FAILED) {
            status = complain(path, errno);
        } else {
            memcpy(map, file.data, file.size);
            board->flash = map;
        }
    }
    host_file_free(&file);
    return status;
}

static int take_lock(struct board *board)
{
    char path[BOARD_PATH_MAX];
    board->lock = open(board_path(board->dir, "lock", path),
                       O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (board->lock < 0) {
        return complain(path, errno);
    }
    if (flock(board->lock, LOCK_EX | LOCK_NB) != 0) {
        return cli_error(board->dir, "another process runs this board");
    }
    return 0;
}

static int begin(struct board *board, const char *dir)
{
    memset(board, 0, sizeof *board);
    board->lock = -1;
    if (strlen(dir) > BOARD_PATH_MAX - 32) {
        return cli_error(dir, "path is too long");
    }
    (void)snprintf(board->dir, sizeof board->dir, "%s", dir);
    return read_ini(dir, &board->ini);
}

int board_open(struct board *board, const char *dir)
{
    int status = begin(board, dir);
    if (status == 0) {
        status = take_lock(board);
    }
    if (status == 0) {
        status = read_fuses(board);
    }
    if (status == 0) {
        status = map_flash(board);
    }
    if (status != 0) {
        board_close(board);
    }
    return status;
}

int board_load(struct board *board, const char *dir)
{
    int status = begin(board, dir);
    if (status == 0) {
        status = read_fuses(board);
    }
    return status != 0 ? status : read_flash(board);
}

void board_close(struct board *board)
{
    if (board->flash != NULL) {
        (void)msync(board->flash, board->ini.flash_size, MS_ASYNC);
        (void)munmap(board->flash, board->ini.flash_size);
        board->flash = NULL;
    }
    if (board->lock >= 0) {
        (void)close(board->lock);
        board->lock = -1;
    }
}

int board_save(struct board *board, const struct chip *chip)
{
    int status = 0;
    if (memcmp(&board->fuses, chip_efuses(chip), sizeof board->fuses) != 0) {
        board->fuses = *chip_efuses(chip);
        status = write_fuses(board->dir, &board->fuses);
    }
    if (status == 0 && chip_flash_destroyed(chip) &&
        !board->ini.part.destroyed) {
        board->ini.part.destroyed = true;
        status = write_ini(board->dir, &board->ini);
    }
    return status;
}

struct chip_config board_chip(const struct board_ini *ini)
{
    return (struct chip_config){.flash_size = ini->flash_size,
                                .flash_supply = ini->part.needs,
                                .flash_destroyed = ini->part.destroyed,
                                .flash_pads = ini->part.pads,
                                .revision = ini->revision,
                                .strap =
                                    CHIP_STRAP_FLASH_BOOT |
                                    (ini->part.mtdi ? CHIP_STRAP_MTDI : 0)};
}

void board_state(const struct board *board, struct fb_board_state *s)
{
    const unsigned unknown = board->ini.unknown;
    *s = (struct fb_board_state){
        .fuses = board->fuses,
        .flash = board->flash,
        .flash_size = board->ini.flash_size,
        .syscon_date = board->ini.revision == 3 ? 1u << 31 : 0,
        .reads = 3,
        .part = board->ini.part,
    };
    s->unproven = board->ini.unproven;
    fb_board_state_know_all(s);
    for (unsigned block = 1; block < FB_EFUSE_BLOCKS; block++) {
        if (unknown & 1u << block) {
            memset(s->known.word[block], 0, sizeof s->known.word[block]);
        }
    }
    for (size_t i = 0; i < FB_EFUSE_FIELDS; i++) {
        const struct fb_efuse_field *f = &fb_efuse_map[i];
        if ((unknown & BOARD_UNKNOWN_CONFIG) && f->block == 0 &&
            f->rd_dis == 3) {
            struct fb_efuse_words mask;
            memset(&mask, 0, sizeof mask);
            fb_efuse_field_mask(f, &mask);
            s->known.word[0][f->word] &= ~mask.word[0][f->word];
        }
    }
    if (unknown & BOARD_UNKNOWN_FLASH) {
        memset(s->flash_unread, true, sizeof s->flash_unread);
    }
}
