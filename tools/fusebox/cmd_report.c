// SPDX-License-Identifier: Apache-2.0
//
// fusebox report: a page to look at, about a board or a plan.

#include <stdlib.h>
#include <string.h>

#include "host/file.h"
#include "tools/fusebox/commands.h"
#include "tools/fusebox/plan/record.h"
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
    struct report_wish wish = {
        .board = cli_string(cli, "board"),
        .flash_key = cli_string(cli, "flash-key"),
        .boot_key = cli_string(cli, "secure-boot-key"),
        .rom = cli_string(cli, "rom"),
    };
    const char *path = cli_string(cli, "output");
    struct report *r;

    if (!record_parse_goal(cli_string(cli, "goal"), &wish.goal)) {
        return cli_error(cli_string(cli, "goal"),
                         "--goal: prompt, seconds:N, or a short text");
    }
    r = malloc(sizeof *r);
    if (r == NULL) {
        return cli_error(NULL, "out of memory");
    }
    int status = report_load(r, cli_arg(cli, 0), &wish);
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
    {.name = "board",
     .kind = CLI_STRING,
     .value = "DIR",
     .help = "the board that a plan is for, to know its flash"},
    {.name = "flash-key",
     .kind = CLI_STRING,
     .value = "FILE",
     .help = "flash encryption key, where the board does not tell it"},
    {.name = "secure-boot-key",
     .kind = CLI_STRING,
     .value = "FILE",
     .help = "Secure Boot V1 key, where the board does not tell it"},
    {.name = "goal",
     .kind = CLI_STRING,
     .value = "GOAL",
     .fallback = "prompt",
     .help = "how far it has to boot: prompt (MicroPython's), seconds:N "
             "without a reset, or a text on the console"},
    {.name = "rom",
     .kind = CLI_STRING,
     .value = "FILE",
     .help = "boot with Espressif's mask ROM, an ELF file or `auto`"},
    {.name = NULL}};

const struct cli_command command_report = {
    .name = "report",
    .arguments = "PLAN|BOARD",
    .min_args = 1,
    .max_args = 1,
    .options = options,
    .help = "a page to look at: will it live, what changes for ever",
    .details =
        "Reads a board's folder or a plan, boots a copy on the virtual chip, "
        "and writes one HTML file that needs nothing else: the verdict, what "
        "is burned, what remains possible, the boot, the flash, the eFuses. "
        "Keys are named by fingerprint only.",
    .run = run,
};
