// SPDX-License-Identifier: Apache-2.0

#define _XOPEN_SOURCE 700 // glob()

#include "tools/fusebox/board_rom.h"

#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/file.h"
#include "tools/cli/cli.h"
#include "tools/fusebox/board.h"

#define ROM_FILE_MAX (4u << 20)

// Revisions 0 to 2 share a ROM; the files carry the revision times 100.
static unsigned rom_of(uint32_t revision)
{
    return revision < 3 ? 0 : 3;
}

// ESP-IDF installs TOOL/VERSION/ below $IDF_TOOLS_PATH/tools ("idf_tools.py").
static int find_installed(uint32_t revision, char path[BOARD_PATH_MAX])
{
    const char *tools = getenv("IDF_TOOLS_PATH");
    const char *home = getenv("HOME");
    char pattern[BOARD_PATH_MAX];
    glob_t found;
    int n =
        snprintf(pattern, sizeof pattern,
                 "%s%s/tools/esp-rom-elfs/*/esp32_rev%u_rom.elf",
                 tools != NULL  ? tools
                 : home != NULL ? home
                                : "",
                 tools != NULL ? "" : "/.espressif", rom_of(revision) * 100);
    if (n >= (int)sizeof pattern || glob(pattern, 0, NULL, &found) != 0) {
        return cli_error(pattern, "no such file: give --rom the file's name, "
                                  "or install ESP-IDF's esp-rom-elfs");
    }
    // Versions are dates: the last is the newest.
    n = snprintf(path, BOARD_PATH_MAX, "%s",
                 found.gl_pathv[found.gl_pathc - 1]);
    globfree(&found);
    return n < BOARD_PATH_MAX ? 0 : cli_error(pattern, "path is too long");
}

static int refuse(const char *path, enum fb_status status)
{
    switch (status) {
    case FB_E_BAD_MAGIC:
    case FB_E_BLANK:
        return cli_error(path, "not the ROM of an ESP32");
    case FB_E_BAD_HASH:
        return cli_error(path, "damaged: neither the ROM of revision 0 nor "
                               "that of revision 3");
    default:
        return cli_error(path, "%s", fb_status_text(status));
    }
}

int board_rom_load(const char *path, uint32_t revision, struct mask_rom **rom)
{
    char installed[BOARD_PATH_MAX];
    struct host_file file;
    unsigned made_for = 0;

    if (strcmp(path, "auto") == 0) {
        int status = find_installed(revision, installed);
        if (status != 0) {
            return status;
        }
        path = installed;
    }
    int error = host_file_read(path, ROM_FILE_MAX, &file);
    if (error != 0) {
        return cli_error(path, "%s", strerror(error));
    }
    struct mask_rom *loaded = malloc(sizeof *loaded);
    if (loaded == NULL) {
        host_file_free(&file);
        return cli_error(path, "out of memory");
    }
    enum fb_status status = mask_rom_load(loaded, file.data, file.size);
    host_file_free(&file);
    if (status == FB_OK) {
        status = mask_rom_identify(loaded, &made_for);
    }
    int result = 0;
    if (status != FB_OK) {
        result = refuse(path, status);
    } else if (made_for != rom_of(revision)) {
        result = cli_error(path,
                           "ROM of revision %u, but the board is revision "
                           "%" PRIu32,
                           made_for, revision);
    }
    if (result != 0) {
        free(loaded);
        return result;
    }
    *rom = loaded;
    return 0;
}
