// SPDX-License-Identifier: Apache-2.0

#include <limits.h>
#include <string.h>

#include "lib/fb/bytes.h"
#include "tools/esptool/changes.h"
#include "tools/esptool/erase.h"
#include "tools/esptool/guards.h"

static void print_rate(size_t bytes, double seconds)
{
    cli_print(" in %.1f seconds", seconds);
    if (seconds > 0) {
        cli_print(" (%.1f kbit/s)", (double)bytes / seconds * 8 / 1000);
    }
    cli_print(".\n");
}

// How many files --diff-with names. Like the reference tool's it takes all
// words that follow, but the first address begins the files to write.
static unsigned old_files(const struct cli *cli)
{
    uint64_t address;
    unsigned n = 0;
    while (n < cli_values(cli, "diff-with") &&
           !cli_parse_uint(cli_value(cli, "diff-with", n), &address)) {
        n++;
    }
    return n;
}

// What the flash held before in place of this file; NULL: not known.
static const char *old_file(const struct cli *cli,
                            const struct esptool_part *part)
{
    const char *name = part->pair < old_files(cli)
                           ? cli_value(cli, "diff-with", part->pair)
                           : NULL;
    return name && strcmp(name, "skip") != 0 ? name : NULL;
}

// What of it is not there already.
static int find_changes(struct esptool *e, const struct esptool_part *part,
                        struct changes *c)
{
    const char *old = old_file(e->cli, part);
    if (part->encrypt || (!old && !cli_flag(e->cli, "skip-flashed"))) {
        changes_all(c, part);
        return CLI_OK;
    }
    cli_print("Comparing flash contents against new data...\n");
    int status =
        old ? changes_from_file(c, e, part, old,
                                cli_flag(e->cli, "trust-flash-content"))
            : changes_from_flash(c, e, part);
    if (status != CLI_OK) {
        return status;
    }
    if (c->changed == 0) {
        cli_print("'%s' at 0x%08x already in flash, skipping write.\n",
                  part->name, (unsigned)part->flash_off);
    } else if (c->changed < c->sectors) {
        cli_print("%u of %u sectors are to be written.\n", c->changed,
                  c->sectors);
    }
    return CLI_OK;
}

static int verify(struct esptool *e, const struct esptool_part *part)
{
    if (part->encrypt) {
        cli_print("Not verified: the chip encrypted it with a key that only "
                  "the chip knows.\n");
        return CLI_OK;
    }
    cli_print("Verifying written data...\n");
    int status = host_loader_flash_verify(&e->loader, part->flash_off,
                                          part->file.data, part->file.size);
    if (status != HOST_LOADER_OK) {
        return esptool_fail(e, status);
    }
    cli_print("Hash of data verified.\n");
    return CLI_OK;
}

// n bytes of the part from its offset `from`, whole sectors but for its end.
static int write_run(struct esptool *e, const struct esptool_part *part,
                     size_t from, size_t n, bool compress)
{
    const uint32_t at = part->flash_off + (uint32_t)from;
    struct esptool_progress progress;
    cli_print("Flash will be erased from 0x%08x to 0x%08x...\n", (unsigned)at,
              (unsigned)(at + align_up32((uint32_t)n, ESPTOOL_SECTOR) - 1));
    esptool_progress_start(&progress, "Writing at", e->cli);
    progress.off |= cli_flag(e->cli, "no-progress");
    uint64_t start = esptool_now_ms();
    e->loader.encrypt = part->encrypt;
    int wrote =
        host_loader_flash_write(&e->loader, at, part->file.data + from, n,
                                compress, esptool_progress_show, &progress);
    e->loader.encrypt = false;
    double seconds = (double)(esptool_now_ms() - start) / 1000;
    esptool_progress_end(&progress);
    if (wrote != HOST_LOADER_OK) {
        return esptool_fail(e, wrote);
    }
    cli_print("Wrote %zu bytes", n);
    if (e->loader.sent != n) {
        cli_print(" (%zu compressed)", e->loader.sent);
    }
    cli_print(" at 0x%08x", (unsigned)at);
    print_rate(n, seconds);
    return CLI_OK;
}

static int write_part(struct esptool *e, const struct esptool_part *part,
                      bool compress)
{
    struct changes changes;
    size_t n;
    int status = find_changes(e, part, &changes);
    for (size_t from = 0;
         status == CLI_OK && changes_next(&changes, part, &from, &n);
         from += n) {
        status = write_run(e, part, from, n, compress);
    }
    // The whole, also what was left out.
    return status == CLI_OK && changes.changed > 0 ? verify(e, part) : status;
}

static int write_all(struct esptool *e, const struct esptool_parts *parts)
{
    // Deflated where the stub unpacks it, plain where the ROM does: as the
    // reference tool chooses.
    bool compress = cli_flag(e->cli, "compress") ||
                    (e->loader.stub && !cli_flag(e->cli, "no-compress"));
    for (unsigned i = 0; i < parts->count; i++) {
        const struct esptool_part *part = &parts->part[i];
        if (parts->count > 1) {
            cli_print("\nWriting '%s' at 0x%08x...\n", part->name,
                      (unsigned)part->flash_off);
        }
        if (part->file.size == 0) {
            cli_warning(part->name, "is empty");
            continue;
        }
        int status = write_part(e, part, compress);
        if (status != CLI_OK) {
            return status;
        }
    }
    return CLI_OK;
}

// The header of a plain bootloader follows --flash-*; a chip with secure boot
// checks a digest over it.
static void patch_headers(struct esptool *e, struct esptool_parts *parts)
{
    struct esptool_flash_params params;
    esptool_flash_params(e->cli, e->flash_bytes, &params);
    if (esptool_secure_boot_on(e)) {
        cli_print("Security features enabled, so not changing any flash "
                  "settings.\n");
        return;
    }
    for (unsigned i = 0; i < parts->count; i++) {
        struct esptool_part *p = &parts->part[i];
        esptool_patch_image(p->file.data, p->file.size, p->flash_off, p->name,
                            &params);
    }
}

static uint32_t usable_bytes(const struct esptool *e)
{
    uint32_t set = esptool_size_bytes(cli_string(e->cli, "flash-size"));
    if (set && e->flash_bytes && set > e->flash_bytes) {
        cli_warning(e->port_name,
                    "--flash-size %s is more than the flash has (%s)",
                    cli_string(e->cli, "flash-size"),
                    esptool_size_name(e->flash_bytes));
    }
    return set && (set < e->flash_bytes || !e->flash_bytes) ? set
                                                            : e->flash_bytes;
}

static int check_chip(struct esptool *e, const struct esptool_parts *parts)
{
    bool force = cli_flag(e->cli, "force");
    int status = esptool_guard_encrypt(e, parts);
    if (status == CLI_OK && !force) {
        status = esptool_guard_chip(e, parts, cli_spelled_old(e->cli));
    }
    if (status == CLI_OK && cli_flag(e->cli, "erase-all")) {
        status = esptool_erase_allowed(e, force);
    }
    return status == CLI_OK ? esptool_parts_check_fit(parts, usable_bytes(e))
                            : status;
}

static int erase_first(struct esptool *e)
{
    if (!cli_flag(e->cli, "erase-all")) {
        return CLI_OK;
    }
    if (e->flash_bytes == 0) {
        return cli_error(e->port_name, "the size of the flash is not known");
    }
    cli_print("Erasing flash memory (this may take a while)...\n");
    return esptool_erase(e, 0, e->flash_bytes);
}

// Before the chip is asked for anything.
static int check_old_files(const struct cli *cli)
{
    for (unsigned i = 0; i < old_files(cli); i++) {
        const char *name = cli_value(cli, "diff-with", i);
        struct host_file_in in = {.fd = -1};
        int error = strcmp(name, "skip") == 0
                        ? 0
                        : host_file_open(name, ESPTOOL_FILE_MAX, &in);
        if (error) {
            return cli_error(name, "%s", strerror(error));
        }
        host_file_close(&in);
    }
    return CLI_OK;
}

static int load_files(const struct cli *cli, struct esptool_parts *parts)
{
    if (cli_flag(cli, "compress") && cli_flag(cli, "no-compress")) {
        return cli_error("--compress", "excludes --no-compress");
    }
    if (cli_flag(cli, "encrypt") && cli_values(cli, "encrypt-files")) {
        return cli_error("--encrypt", "excludes --encrypt-files");
    }
    if (cli_flag(cli, "skip-flashed") && cli_values(cli, "diff-with") > 0) {
        return cli_error("--skip-flashed", "excludes --diff-with");
    }
    if (cli_flag(cli, "trust-flash-content") && old_files(cli) == 0) {
        return cli_error("--trust-flash-content", "requires --diff-with");
    }
    int status = check_old_files(cli);
    if (status == CLI_OK) {
        status = esptool_parts_load(parts, cli);
    }
    if (status == CLI_OK) {
        status = esptool_parts_load_option(parts, cli, "diff-with",
                                           old_files(cli), false);
    }
    if (status == CLI_OK && old_files(cli) > parts->pairs) {
        status = cli_error("--diff-with", "names more files than are written");
    }
    if (status == CLI_OK) {
        status =
            esptool_parts_load_option(parts, cli, "encrypt-files", 0, true);
    }
    if (status == CLI_OK && parts->count == 0) {
        status = cli_error(NULL, "ADDRESS FILE pairs are missing");
    }
    for (unsigned i = 0; i < parts->count; i++) {
        parts->part[i].encrypt |= cli_flag(cli, "encrypt");
    }
    if (status == CLI_OK) {
        status = esptool_guard_files(parts);
    }
    return status == CLI_OK ? esptool_parts_pad(parts) : status;
}

static int run(const struct cli *cli)
{
    struct esptool e = {0};
    struct esptool_parts parts = {0};
    int status = load_files(cli, &parts);
    if (status == CLI_OK) {
        status = esptool_open(&e, cli);
    }
    if (status == CLI_OK) {
        status = esptool_attach_flash(&e, cli_string(cli, "spi-connection"));
    }
    if (status == CLI_OK) {
        status = check_chip(&e, &parts);
    }
    if (status == CLI_OK) {
        cli_print("Configuring flash size...\n");
        if (strcmp(cli_string(cli, "flash-size"), "detect") == 0 &&
            esptool_size_name(e.flash_bytes)) {
            cli_print("Auto-detected flash size: %s\n",
                      esptool_size_name(e.flash_bytes));
        }
        status = esptool_configure_flash(&e, cli_string(cli, "flash-size"));
    }
    if (status == CLI_OK) {
        patch_headers(&e, &parts);
        status = erase_first(&e);
    }
    if (status == CLI_OK) {
        status = write_all(&e, &parts);
    }
    status = esptool_close(&e, status);
    esptool_parts_free(&parts);
    return status;
}

static const struct cli_option options[] = {
    {.name = "erase-all",
     .shorts = "e",
     .kind = CLI_FLAG,
     .help = "erase the whole flash first"},
    {.name = "no-progress",
     .shorts = "p",
     .kind = CLI_FLAG,
     .help = "no progress bar"},
    {.name = "verify",
     .kind = CLI_FLAG,
     .help = "accepted: what was written is always verified",
     .hidden = true},
    {.name = "encrypt",
     .kind = CLI_FLAG,
     .help = "let the chip encrypt what it writes (needs the stub)"},
    {.name = "encrypt-files",
     .kind = CLI_MULTI,
     .value = "ADDRESS FILE ...",
     .help = "let the chip encrypt these files only"},
    {.name = "ignore-flash-enc-efuse",
     .kind = CLI_FLAG,
     .help = "do not ask the eFuses whether --encrypt can work"},
    {.name = "ignore-flash-encryption-efuse-setting",
     .kind = CLI_FLAG,
     .help = "the same",
     .hidden = true},
    {.name = "force",
     .kind = CLI_FLAG,
     .help = "write what would be refused to protect the board"},
    {.name = "compress",
     .shorts = "z",
     .kind = CLI_FLAG,
     .help = "send deflated data"},
    {.name = "no-compress",
     .shorts = "u",
     .kind = CLI_FLAG,
     .help = "send data as they are (default without a stub)"},
    {.name = "skip-flashed",
     .shorts = "s",
     .kind = CLI_FLAG,
     .help = "skip what the flash holds already, sector by sector"},
    {.name = "diff-with",
     .kind = CLI_MULTI,
     .value = "FILE",
     .help = "write only what differs from these, which the flash holds now, "
             "one for each file; skip: none"},
    {.name = "trust-flash-content",
     .kind = CLI_FLAG,
     .help = "with --diff-with: do not look at the flash where both files are "
             "the same"},
    ESPTOOL_OPT_FREQ("keep|", "keep"),
    ESPTOOL_OPT_MODE("keep|", "keep"),
    ESPTOOL_OPT_SIZE("detect|keep|", "keep"),
    ESPTOOL_OPT_SPI_CONNECTION,
    {0},
};

const struct cli_command esptool_write_flash = {
    .name = "write-flash",
    .arguments = "ADDRESS FILE [ADDRESS FILE ...]",
    .min_args = 0,
    .max_args = UINT_MAX,
    .options = options,
    .help = "write files into the flash",
    .details =
        "A file at 0x1000 that is a plain bootloader image gets the flash\n"
        "parameters of the command line in its header, unless secure boot is\n"
        "on. Every other file is written byte for byte. All files are checked\n"
        "before anything is erased.",
    .run = run,
};
