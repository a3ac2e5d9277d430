// SPDX-License-Identifier: Apache-2.0
//
// fusebox report: a page to look at, about a board or a plan.

#include <stdlib.h>
#include <string.h>

#include "host/file.h"
#include "tools/fusebox/commands.h"
#include "tools/fusebox/report/report.h"

static int write_page(const struct report *r, const char *path)
{
    struct html page;

    html_init(&page);
    report_page(&page, r);
    int status = 0;
    if (page.failed) {
        status = cli_error(NULL, "out of memory");
    } else {
        int error = host_file_write(path, page.text, page.n, HOST_FILE_PUBLIC);
        if (error != 0) {
            status = cli_error(path, "%s", strerror(error));
        }
    }
    html_free(&page);
    return status;
}

static int run(const struct cli *cli)
{
    const char *path = cli_string(cli, "output");
    struct report *r = malloc(sizeof *r);

    if (r == NULL) {
        return cli_error(NULL, "out of memory");
    }
    int status = report_load(r, cli);
    if (status == 0) {
        status = write_page(r, path);
    }
    if (status == 0) {
        cli_print("%s: %s. %s\n", path, r->verdict.head, r->verdict.reason);
    }
    report_free(r);
    free(r);
    return status;
}

static const struct cli_option options[] = {
    {.name = "output",
     .shorts = "o",
     .kind = CLI_STRING,
     .value = "FILE",
     .required = true,
     .help = "the page, one HTML file"},
    SUBJECT_OPTIONS,
    PLAN_OPTION_BAUD,
    {.name = "release",
     .kind = CLI_FLAG,
     .help = "the board is meant to be final: nothing may stay open"},
    GOAL_OPTION,
    {.name = "rom",
     .kind = CLI_STRING,
     .value = "FILE",
     .help = "boot with Espressif's mask ROM, an ELF file or `auto`"},
    {.name = NULL}};

const struct cli_command command_report = {
    .name = "report",
    .arguments = "[PLAN | DIR]",
    .min_args = 0,
    .max_args = 1,
    .options = options,
    .help = "a page to look at: will it live, what changes for ever",
    .details =
        "About a plan and its board, or a board as it is: a folder, or what a\n"
        "port says. Boots a copy on the virtual chip and writes one HTML file\n"
        "that needs nothing else: the verdict, what is burned, what remains\n"
        "possible, the checks, the boot, the flash, the eFuses. Keys are "
        "named\n"
        "by fingerprint only. Nothing is written to a device.",
    .run = run,
};
