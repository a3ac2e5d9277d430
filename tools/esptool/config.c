// SPDX-License-Identifier: Apache-2.0

#include "tools/esptool/config.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/file.h"
#include "tools/cli/cli.h"

// Seconds become ms.
enum key {
    TIMEOUT,
    CHIP_ERASE_TIMEOUT,
    SYNC_TIMEOUT,
    MD5_TIMEOUT_PER_MB,
    ERASE_REGION_TIMEOUT_PER_MB,
    ERASE_WRITE_TIMEOUT_PER_MB,
    MEM_END_ROM_TIMEOUT,
    CONNECT_ATTEMPTS,
    WRITE_BLOCK_ATTEMPTS,
    OPEN_PORT_ATTEMPTS,
    CUSTOM_RESET_SEQUENCE,
    CUSTOM_HARD_RESET_SEQUENCE,
    MAX_TIMEOUT,
    SERIAL_WRITE_TIMEOUT,
    RESET_DELAY,
    KEYS,
};

static const char *const names[KEYS] = {
    [TIMEOUT] = "timeout",
    [CHIP_ERASE_TIMEOUT] = "chip_erase_timeout",
    [SYNC_TIMEOUT] = "sync_timeout",
    [MD5_TIMEOUT_PER_MB] = "md5_timeout_per_mb",
    [ERASE_REGION_TIMEOUT_PER_MB] = "erase_region_timeout_per_mb",
    [ERASE_WRITE_TIMEOUT_PER_MB] = "erase_write_timeout_per_mb",
    [MEM_END_ROM_TIMEOUT] = "mem_end_rom_timeout",
    [CONNECT_ATTEMPTS] = "connect_attempts",
    [WRITE_BLOCK_ATTEMPTS] = "write_block_attempts",
    [OPEN_PORT_ATTEMPTS] = "open_port_attempts",
    [CUSTOM_RESET_SEQUENCE] = "custom_reset_sequence",
    [CUSTOM_HARD_RESET_SEQUENCE] = "custom_hard_reset_sequence",
    [MAX_TIMEOUT] = "max_timeout",
    [SERIAL_WRITE_TIMEOUT] = "serial_write_timeout",
    [RESET_DELAY] = "reset_delay",
};

#define VALUE_MAX 256

// One program reads one file: its values live as long as the program.
static char values[KEYS][VALUE_MAX];

static bool is_text(enum key key)
{
    return key == CUSTOM_RESET_SEQUENCE || key == CUSTOM_HARD_RESET_SEQUENCE;
}

static bool is_number(const char *text)
{
    char *end;
    double value = strtod(text, &end);
    return end != text && *end == 0 && value > -1e6 && value < 1e6;
}

static bool set_value(const char *name, size_t name_len, const char *value,
                      size_t len)
{
    for (int key = 0; key < KEYS; key++) {
        if (strlen(names[key]) != name_len ||
            strncmp(names[key], name, name_len) != 0) {
            continue;
        }
        if (len >= VALUE_MAX) {
            return false;
        }
        memcpy(values[key], value, len);
        values[key][len] = 0;
        return is_text((enum key)key) || is_number(values[key]);
    }
    return true; // the reference tool ignores what it does not know, too
}

static bool parse_line(const char *line, size_t n)
{
    size_t split = 0;
    while (split < n && line[split] != '=' && line[split] != ':') {
        split++;
    }
    if (split == n) {
        return false;
    }
    size_t name_len = split;
    while (name_len && isspace((unsigned char)line[name_len - 1])) {
        name_len--;
    }
    split++;
    while (split < n && isspace((unsigned char)line[split])) {
        split++;
    }
    return set_value(line, name_len, line + split, n - split);
}

bool esptool_config_parse(const char *text, unsigned *bad_line)
{
    bool inside = false;
    bool found = false;
    *bad_line = 0;
    memset(values, 0, sizeof values);
    for (unsigned number = 1; *text; number++) {
        size_t n = strcspn(text, "\n");
        const char *next = text + n + (text[n] == '\n');
        while (n && isspace((unsigned char)text[n - 1])) {
            n--;
        }
        while (n && isspace((unsigned char)*text)) {
            text++;
            n--;
        }
        if (n && *text == '[') {
            inside = n == 9 && strncmp(text, "[esptool]", 9) == 0;
            found |= inside;
        } else if (inside && n && *text != '#' && *text != ';' &&
                   !parse_line(text, n) && *bad_line == 0) {
            *bad_line = number;
        }
        text = next;
    }
    return found;
}

// CLI_OK: *used says whether this file counts.
static int try_file(const char *path, bool *used)
{
    struct host_file file;
    *used = false;
    int error = host_file_read(path, 1u << 20, &file);
    if (error == ENOENT || error == ENOTDIR) {
        return CLI_OK;
    }
    if (error) {
        return cli_error(path, "%s", strerror(error));
    }
    char *text = strndup((const char *)file.data, file.size);
    host_file_free(&file);
    if (!text) {
        return cli_error(path, "%s", strerror(ENOMEM));
    }
    unsigned line;
    *used = esptool_config_parse(text, &line);
    free(text);
    if (*used && line) {
        return cli_error(path, "line %u cannot be parsed", line);
    }
    return CLI_OK;
}

static int try_folder(const char *folder, bool *used)
{
    static const char *const files[] = {"esptool.cfg", "setup.cfg", "tox.ini"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[4096];
        int n = snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        if (n < 0 || (size_t)n >= sizeof path) {
            continue;
        }
        int status = try_file(path, used);
        if (status != CLI_OK || *used) {
            if (*used && status == CLI_OK) {
                cli_print("Loaded custom configuration from %s\n", path);
            }
            return status;
        }
    }
    return CLI_OK;
}

int esptool_config_load(void)
{
    bool used = false;
    const char *named = getenv("ESPTOOL_CFGFILE");
    if (named && *named) {
        int status = try_file(named, &used);
        if (status != CLI_OK || used) {
            if (used && status == CLI_OK) {
                cli_print("Loaded custom configuration from %s (set with "
                          "ESPTOOL_CFGFILE)\n",
                          named);
            }
            return status;
        }
    }
    int status = try_folder(".", &used);
    const char *home = getenv("HOME");
    char folder[4000];
    if (status != CLI_OK || used || !home || strlen(home) > 3900) {
        return status;
    }
    snprintf(folder, sizeof folder, "%s/.config/esptool", home);
    status = try_folder(folder, &used);
    return status != CLI_OK || used ? status : try_folder(home, &used);
}

static void set_ms(unsigned *limit, enum key key)
{
    double seconds = values[key][0] ? strtod(values[key], NULL) : 0;
    if (seconds > 0) {
        *limit = (unsigned)(seconds * 1000);
    }
}

// is_number() has seen the text.
static int attempts(enum key key, int fallback)
{
    return values[key][0] ? (int)strtol(values[key], NULL, 10) : fallback;
}

void esptool_config_apply(struct host_loader *l)
{
    set_ms(&l->limits.command, TIMEOUT);
    set_ms(&l->limits.sync, SYNC_TIMEOUT);
    set_ms(&l->limits.md5_per_mb, MD5_TIMEOUT_PER_MB);
    set_ms(&l->limits.erase_per_mb, ERASE_REGION_TIMEOUT_PER_MB);
    set_ms(&l->limits.write_per_mb, ERASE_WRITE_TIMEOUT_PER_MB);
    set_ms(&l->limits.chip_erase, CHIP_ERASE_TIMEOUT);
    set_ms(&l->limits.mem_end, MEM_END_ROM_TIMEOUT);
    set_ms(&l->limits.longest, MAX_TIMEOUT);
    set_ms(&l->reset_delay_ms, RESET_DELAY);
    unsigned write_limit = host_port_write_limit();
    set_ms(&write_limit, SERIAL_WRITE_TIMEOUT);
    host_port_set_write_limit(write_limit);
    int blocks = attempts(WRITE_BLOCK_ATTEMPTS, 0);
    if (blocks > 0) {
        l->limits.block_attempts = (unsigned)blocks;
    }
    if (values[CUSTOM_RESET_SEQUENCE][0]) {
        l->download_sequence = values[CUSTOM_RESET_SEQUENCE];
    }
    if (values[CUSTOM_HARD_RESET_SEQUENCE][0]) {
        l->hard_reset_sequence = values[CUSTOM_HARD_RESET_SEQUENCE];
    }
}

int esptool_config_connect_attempts(int fallback)
{
    return attempts(CONNECT_ATTEMPTS, fallback);
}

int esptool_config_open_attempts(int fallback)
{
    return attempts(OPEN_PORT_ATTEMPTS, fallback);
}
