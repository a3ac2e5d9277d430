// SPDX-License-Identifier: Apache-2.0
//
// set_flash_voltage 1.8V|3.3V|OFF (TRM, "VDD_SDIO"; esptool docs).

#include <string.h>

#include "tools/espefuse/commands.h"
#include "tools/espefuse/session.h"

static const struct voltage {
    const char *name;
    bool reg;
    bool tieh;
} voltages[] = {
    {"1.8V", true, false},
    {"3.3V", true, true},
    {"OFF", false, false},
};

static int refuse_conflict(const struct session *s, const struct voltage *v)
{
    if (!v->reg && fb_efuse_get(&s->now, FB_EFUSE_XPD_SDIO_REG) != 0) {
        return cli_error(v->name, "XPD_SDIO_REG is burned: the regulator "
                                  "cannot be switched off any more");
    }
    if (!v->tieh && fb_efuse_get(&s->now, FB_EFUSE_XPD_SDIO_TIEH) != 0) {
        return cli_error(v->name, "XPD_SDIO_TIEH is burned: only 3.3V is "
                                  "left");
    }
    return 0;
}

static int run(const struct cli *cli)
{
    struct session *s = session_get();
    for (size_t i = 0; i < sizeof voltages / sizeof voltages[0]; i++) {
        const struct voltage *v = &voltages[i];
        if (strcmp(v->name, cli_arg(cli, 0)) != 0) {
            continue;
        }
        int status = refuse_conflict(s, v);
        if (status == 0) {
            status = session_queue_field(
                s, &fb_efuse_map[FB_EFUSE_XPD_SDIO_FORCE], 1);
        }
        if (status == 0 && v->reg) {
            status =
                session_queue_field(s, &fb_efuse_map[FB_EFUSE_XPD_SDIO_REG], 1);
        }
        if (status == 0 && v->tieh) {
            status = session_queue_field(
                s, &fb_efuse_map[FB_EFUSE_XPD_SDIO_TIEH], 1);
        }
        if (status == 0) {
            cli_print("VDD_SDIO will be %s, whatever GPIO12 says. A flash chip "
                      "for another voltage will not work any more.\n",
                      v->name);
        }
        return status;
    }
    return cli_error(cli_arg(cli, 0), "not one of 1.8V, 3.3V, OFF");
}

const struct cli_command command_set_flash_voltage = {
    .name = "set-flash-voltage",
    .arguments = "1.8V|3.3V|OFF",
    .min_args = 1,
    .max_args = 1,
    .help = "fix VDD_SDIO for ever, so that GPIO12 is free",
    .run = run,
};
