// SPDX-License-Identifier: Apache-2.0
//
// fusebox ota: an update over the air, here over the REPL.

#include "tools/fusebox/commands.h"
#include "tools/fusebox/ota.h"

#define FILES_MAX 64

static int run(const struct cli *cli)
{
    struct repl r;
    const char *file[FILES_MAX];
    const struct ota o = {.file = file,
                          .files = cli_args(cli),
                          .no_verify = cli_flag(cli, "no-verify")};
    for (unsigned i = 0; i < cli_args(cli); i++) {
        file[i] = cli_arg(cli, i);
    }
    int status = repl_open(&r, cli_string(cli, "port"));
    if (status != 0) {
        return status;
    }
    status = ota_update(&o, &r);
    if (status == 0) {
        status = ota_verify(&o, &r);
    }
    if (status == 0 && cli_flag(cli, "reset")) {
        status = repl_start(&r, "machine.reset()");
    }
    repl_close(&r);
    return status;
}

static const struct cli_option options[] = {
    REPL_OPTION_PORT,
    {.name = "reset",
     .kind = CLI_FLAG,
     .help = "restart the board into the new image"},
    {.name = "no-verify",
     .kind = CLI_FLAG,
     .help = "go on when the board finds the image bad; it will roll back"},
    {.name = NULL}};

const struct cli_command command_ota = {
    .name = "ota",
    .arguments = "IMAGE...",
    .min_args = 1,
    .max_args = FILES_MAX,
    .options = options,
    .help = "update a running board: the image for the slot it names",
    .details =
        "Give the images of all slots (gpy.bin_enc_0x10000\n"
        "gpy.bin_enc_0x1A0000): the one for the slot that the board names is\n"
        "sent through pycom.ota_start, ota_write, ota_finish and checked with\n"
        "ota_verify.",
    .run = run,
};
