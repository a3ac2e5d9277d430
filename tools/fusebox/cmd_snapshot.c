// SPDX-License-Identifier: Apache-2.0
//
// fusebox snapshot: read a board into a board folder.

#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/fusebox/commands.h"
#include "tools/fusebox/plan/snapshot.h"
#include "tools/fusebox/repl.h"

static enum snapshot_flash how_of(const struct cli *cli)
{
    const char *how = cli_string(cli, "flash");
    if (strcmp(how, "none") == 0) {
        return SNAPSHOT_NONE;
    }
    return strcmp(how, "used") == 0 ? SNAPSHOT_USED : SNAPSHOT_ALL;
}

static int supply_keys(const struct cli *cli, struct snapshot *s)
{
    int status = 0;
    if (cli_given(cli, "flash-key")) {
        status =
            snapshot_supply(s, PLAN_KEY_FLASH, cli_string(cli, "flash-key"));
    }
    if (status == 0 && cli_given(cli, "secure-boot-key")) {
        status = snapshot_supply(s, PLAN_KEY_SECURE_BOOT,
                                 cli_string(cli, "secure-boot-key"));
    }
    return status;
}

// hidden: blocks that the chip does not show.
static void tell_keys(const struct cli *cli, const struct snapshot *s,
                      unsigned hidden)
{
    static const char *const option[] = {NULL, "flash-key", "secure-boot-key",
                                         NULL};
    for (unsigned block = 1; block < FB_EFUSE_BLOCKS; block++) {
        unsigned bit = 1u << block;
        if ((hidden & bit) == 0) {
            continue;
        }
        cli_print("BLOCK%u is read-protected: ", block);
        if ((s->ini.unknown & bit) == 0) {
            cli_print("%s, %s\n", cli_string(cli, option[block]),
                      s->ini.unproven & bit
                          ? "unproven: the chip was not seen to boot with it"
                          : "which the chip boots with");
        } else if (option[block] != NULL) {
            cli_print("unknown (--%s supplies it)\n", option[block]);
        } else {
            cli_print("unknown\n");
        }
    }
}

static void tell(const struct cli *cli, const struct snapshot *s,
                 unsigned hidden)
{
    const char *dir = cli_string(cli, "output");
    const uint8_t *mac = s->ini.mac;
    cli_print("%s: %s %02x:%02x:%02x:%02x:%02x:%02x, chip revision %" PRIu32
              ", %" PRIu32 " MiB flash%s, supply %s\n",
              dir, s->ini.name, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5],
              s->ini.revision, s->ini.flash_size >> 20,
              s->ini.unknown & BOARD_UNKNOWN_FLASH ? " (not read)" : "",
              fb_flash_supply_text(s->ini.part.needs));
    tell_keys(cli, s, hidden);
    if (s->ini.unknown & BOARD_UNKNOWN_CONFIG) {
        cli_print("FLASH_CRYPT_CONFIG and CODING_SCHEME are read-protected: "
                  "unknown\n");
    }
}

static int complain(const struct cli *cli, const struct target *t)
{
    return cli_error(cli_string(cli, "port"), "%s", t->why);
}

// What can be refused is refused before the flash is read: that takes a while.
static int take(const struct cli *cli, struct target *t)
{
    struct snapshot s;
    const char *dir = cli_string(cli, "output");
    if (snapshot_take(t, SNAPSHOT_NONE, &s) != TARGET_OK) {
        snapshot_free(&s);
        return complain(cli, t);
    }
    (void)snprintf(s.ini.name, sizeof s.ini.name, "%s",
                   cli_string(cli, "name"));
    unsigned hidden = s.ini.unknown;
    int status = supply_keys(cli, &s);
    if (status == 0 && (snapshot_take_flash(t, how_of(cli), &s) != TARGET_OK ||
                        snapshot_prove(t, &s) != TARGET_OK)) {
        status = complain(cli, t);
    }
    if (status == 0) {
        status = board_create_from(dir, &s.ini, &s.fuses, s.flash);
    }
    if (status == 0) {
        tell(cli, &s, hidden);
    }
    snapshot_free(&s);
    return status;
}

// Can the folder be made, or filled?
static int look_at_output(const char *dir)
{
    char parent[BOARD_PATH_MAX];
    if (board_exists(dir)) {
        return cli_error(dir, "holds a board already");
    }
    (void)snprintf(parent, sizeof parent, "%s", dir);
    return access(dir, W_OK) == 0 ||
                   (errno == ENOENT && access(dirname(parent), W_OK) == 0)
               ? 0
               : cli_error(dir, "%s", strerror(errno));
}

static int run(const struct cli *cli)
{
    struct target t;
    int status = look_at_output(cli_string(cli, "output"));
    if (status != 0) {
        return status;
    }
    const char *name = cli_string(cli, "name");
    if (strlen(name) >= sizeof((struct board_ini *)0)->name ||
        strpbrk(name, " \t\n=") != NULL || name[0] == '\0') {
        return cli_error(name, "--name: one short word");
    }
    if (target_open(&t, cli_string(cli, "port"),
                    (uint32_t)cli_uint(cli, "baud")) != TARGET_OK) {
        return cli_error(cli_string(cli, "port"), "%s", t.why);
    }
    status = take(cli, &t);
    target_close(&t);
    return status;
}

static const struct cli_option options[] = {
    REPL_OPTION_PORT,
    PLAN_OPTION_BAUD,
    {.name = "output",
     .shorts = "o",
     .kind = CLI_STRING,
     .value = "DIR",
     .required = true,
     .help = "the board folder to make"},
    {.name = "flash",
     .kind = CLI_CHOICE,
     .value = "HOW",
     .choices = "all|used|none",
     .fallback = "used",
     .help = "all: read every byte; used: ask the chip what is erased first"},
    {.name = "name",
     .kind = CLI_STRING,
     .value = "NAME",
     .fallback = "ESP32",
     .help = "what the board is: GPY"},
    {.name = "flash-key",
     .kind = CLI_STRING,
     .value = "FILE",
     .help = "flash encryption key, where BLOCK1 cannot be read"},
    {.name = "secure-boot-key",
     .kind = CLI_STRING,
     .value = "FILE",
     .help = "secure boot key, or the signing key it comes from"},
    {.name = NULL}};

const struct cli_command command_snapshot = {
    .name = "snapshot",
    .arguments = "",
    .options = options,
    .help = "read a board into a board folder; nothing is written to it",
    .details = "eFuses (three equal readings), MAC, revision and flash become\n"
               "DIR/efuse.bin, DIR/flash.bin and DIR/board.ini, which names\n"
               "what could not be read. `fusebox board start DIR` boots it.\n"
               "The folder may hold keys: it is readable by its owner only.",
    .run = run,
};
