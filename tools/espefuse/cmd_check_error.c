// SPDX-License-Identifier: Apache-2.0
//
// check_error: what the decoder of coding scheme 3/4 says.

#include <inttypes.h>

#include "tools/espefuse/commands.h"
#include "tools/espefuse/session.h"

static int run(const struct cli *cli)
{
    struct session *s = session_get();
    (void)cli;
    int status = session_burn(s);
    if (status != 0) {
        return status;
    }
    if (s->dec_status != 0) {
        return cli_error(s->device.name,
                         "the decoder reports errors: DEC_STATUS 0x%03" PRIx32,
                         s->dec_status);
    }
    cli_print("No errors detected.\n");
    return 0;
}

static const struct cli_option options[] = {
    {.name = "recovery",
     .kind = CLI_FLAG,
     .help = "accepted: fuses of this chip cannot be repaired"},
    {.name = NULL}};

const struct cli_command command_check_error = {
    .name = "check-error",
    .arguments = "",
    .options = options,
    .help = "look for coding errors",
    .run = run,
};
