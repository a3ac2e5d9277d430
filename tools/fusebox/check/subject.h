// SPDX-License-Identifier: Apache-2.0
//
// What the checks look at, gathered from a board, key files, a plan or files
// and burns named on the command line. Nothing here writes to a board. Each
// call prints its own one-line error and returns an exit status.

#ifndef TOOLS_FUSEBOX_CHECK_SUBJECT_H
#define TOOLS_FUSEBOX_CHECK_SUBJECT_H

#include "host/key.h"
#include "lib/fb/advice.h"
#include "lib/fb/checks.h"
#include "lib/fb/threats.h"
#include "tools/cli/cli.h"
#include "tools/fusebox/plan/plan_file.h"
#include "tools/fusebox/plan/snapshot.h"

// Options that a command with a subject has.
#define SUBJECT_KEY_OPTIONS                                                    \
    {.name = "flash-key",                                                      \
     .kind = CLI_STRING,                                                       \
     .value = "FILE",                                                          \
     .help = "flash encryption key"},                                          \
        {.name = "secure-boot-key",                                            \
         .kind = CLI_STRING,                                                   \
         .value = "FILE",                                                      \
         .help = "Secure Boot V1 key, or the PEM file it follows from"},       \
        {.name = "signing-key",                                                \
         .kind = CLI_STRING,                                                   \
         .value = "FILE",                                                      \
         .help = "signing key (PEM): P-256 for V1, RSA-3072 for V2"},          \
        {.name = "public-key",                                                 \
         .kind = CLI_STRING,                                                   \
         .value = "FILE",                                                      \
         .help = "its public half, PEM or 64 raw bytes"},                      \
        {.name = "key-copy",                                                   \
         .kind = CLI_MULTI,                                                    \
         .value = "FILE",                                                      \
         .help = "second copies of keys, from where they are kept"},           \
    {                                                                          \
        .name = "flash-voltage", .kind = CLI_CHOICE, .value = "V",             \
        .choices = "1.8|3.3|external",                                         \
        .help = "supply that the module's flash chip needs"                    \
    }

#define SUBJECT_OPTIONS                                                        \
    {.name = "port",                                                           \
     .shorts = "p",                                                            \
     .kind = CLI_STRING,                                                       \
     .value = "PORT",                                                          \
     .help = "read a board: serial port, socket://, rfc2217:// or board:DIR"}, \
        {.name = "board",                                                      \
         .kind = CLI_STRING,                                                   \
         .value = "DIR",                                                       \
         .help = "a board folder, virtual or from a snapshot"},                \
        SUBJECT_KEY_OPTIONS

struct subject {
    const struct cli *cli;
    const char *name; // of board or port, for people
    char port[420];   // as tools take it: "board:DIR"
    bool open;
    struct board board;       // of a folder; of a port: what was read
    struct snapshot snapshot; // of a port
    struct target target;     // the port, while more can be read
    bool connected;
    struct fb_board_state state, scratch;
    bool wanted[FB_FLASH_SECTORS]; // of a port
    struct host_file flash_key, boot_key, signing_key, public_key;
    uint8_t boot_key_bytes[32]; // made of a PEM file
    uint8_t pub[HOST_KEY_POINT_MAX];
    char key_fault[120];
    struct fb_boot_log boot_log;
    bool fleet_key; // the V1 key follows from the signing key
    struct plan_file *plan;
    struct fb_check_input in;
    struct fb_check_result result[FB_CHECKS];
};

// The board and the keys that the options name. *s is to be closed also after
// a failure. Of a board at a port the fuses are read, and its flash only as far
// as subject_check() and subject_advise() look at it.
int subject_open(struct subject *s, const struct cli *cli);
// The same for a command that has no --board.
int subject_open_port(struct subject *s, const struct cli *cli);
// The same for a folder named otherwise; NULL: --port names the board.
int subject_open_board(struct subject *s, const struct cli *cli,
                       const char *dir);
void subject_close(struct subject *s);
// A plan file.
int subject_plan(struct subject *s, const char *path);
// ADDR FILE pairs are written, then NAME=VALUE burned: numbers into fields,
// key files into blocks.
int subject_write(struct subject *s, const char *address, const char *path);
int subject_burn(struct subject *s, const char *assignment);

// All of the flash; the board at the port then starts again.
int subject_read_all(struct subject *s);
// Run the checks: s->result.
int subject_check(struct subject *s);
// What the board is now, without the plan.
int subject_advise(struct subject *s, struct fb_advice *a);

#endif
