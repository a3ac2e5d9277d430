// SPDX-License-Identifier: Apache-2.0
//
// read_protect_efuse and write_protect_efuse NAME ...

#include <limits.h>
#include <string.h>

#include "tools/espefuse/commands.h"
#include "tools/espefuse/fields.h"
#include "tools/espefuse/session.h"

// One bit protects several fields: name the others.
static void name_companions(const struct fb_efuse_field *field, bool reading)
{
    for (size_t i = 0; i < FB_EFUSE_FIELDS; i++) {
        const struct fb_efuse_field *f = &fb_efuse_map[i];
        bool shares =
            reading ? f->rd_dis == field->rd_dis : f->wr_dis == field->wr_dis;
        if (shares && f != field) {
            cli_print("    this protects %s as well\n", f->name);
        }
    }
}

static int protect(const char *name, bool reading)
{
    struct session *s = session_get();
    const struct fb_efuse_field *field = fields_find(name);
    if (field == NULL) {
        return cli_error(name, "no eFuse of this name");
    }
    unsigned bit = reading ? field->rd_dis : field->wr_dis;
    if (bit == FB_EFUSE_NO_BIT) {
        return cli_error(name, "cannot be %s-protected",
                         reading ? "read" : "write");
    }
    if (reading && field->block == 2 &&
        fb_efuse_get(&s->now, FB_EFUSE_ABS_DONE_1) != 0) {
        return cli_error(name,
                         "Secure Boot V2 is on: the ROM must be able to "
                         "read this block, or the chip never boots again");
    }
    if (reading ? fb_efuse_is_hidden(&s->now, field)
                : fb_efuse_is_frozen(&s->now, field)) {
        cli_print("Efuse %s is already %s protected.\n", name,
                  reading ? "read" : "write");
        s->asked = true;
        return 0;
    }
    cli_print("Permanently %s-disabling eFuse %s\n", reading ? "read" : "write",
              name);
    name_companions(field, reading);
    return session_queue_field(
        s, &fb_efuse_map[reading ? FB_EFUSE_RD_DIS : FB_EFUSE_WR_DIS],
        1u << bit);
}

static int run(const struct cli *cli, bool reading)
{
    for (unsigned i = 0; i < cli_args(cli); i++) {
        int status = protect(cli_arg(cli, i), reading);
        if (status != 0) {
            return status;
        }
    }
    return 0;
}

static int run_read(const struct cli *cli)
{
    return run(cli, true);
}

static int run_write(const struct cli *cli)
{
    return run(cli, false);
}

const struct cli_command command_read_protect_efuse = {
    .name = "read-protect-efuse",
    .arguments = "NAME ...",
    .min_args = 1,
    .max_args = UINT_MAX,
    .help = "hide fields from software for ever",
    .run = run_read,
};

const struct cli_command command_write_protect_efuse = {
    .name = "write-protect-efuse",
    .arguments = "NAME ...",
    .min_args = 1,
    .max_args = UINT_MAX,
    .help = "freeze fields as they are for ever",
    .run = run_write,
};
