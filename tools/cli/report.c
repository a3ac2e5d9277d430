// SPDX-License-Identifier: Apache-2.0

#include "tools/cli/parsed.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *tool = "fusebox";
static bool silent;

void cli_report_init(const char *tool_name)
{
    tool = tool_name;
    silent = false;
}

void cli_report_silent(bool is_silent)
{
    silent = is_silent;
}

// A message stays one line whatever a file is called.
static void tell(const char *kind, const char *about, const char *format,
                 va_list ap)
{
    char text[1024];
    int n = snprintf(text, sizeof(text), "%s: %s%s%s", tool, kind,
                     about != NULL ? about : "", about != NULL ? ": " : "");
    size_t used = n < 0 ? 0 : (size_t)n;

    if (used < sizeof(text)) {
        vsnprintf(text + used, sizeof(text) - used, format, ap);
    }
    for (char *p = text; *p != '\0'; p++) {
        if ((unsigned char)*p < ' ' || *p == 0x7F) {
            *p = '?';
        }
    }
    fflush(stdout);
    fprintf(stderr, "%s\n", text);
}

int cli_error(const char *about, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    tell("", about, format, ap);
    va_end(ap);
    return CLI_FAILURE;
}

void cli_warning(const char *about, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    tell("warning: ", about, format, ap);
    va_end(ap);
}

static int usage(const struct cli_command *command, const char *format,
                 va_list ap)
{
    const char *name = command != NULL ? command->name : NULL;

    if (name != NULL && strcmp(name, tool) == 0) {
        name = NULL; // a tool without command words
    }
    tell("", name, format, ap);
    fprintf(stderr, "Try '%s%s%s --help'.\n", tool, name != NULL ? " " : "",
            name != NULL ? name : "");
    return CLI_FAILURE;
}

int cli_usage_error(const struct cli_command *command, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    usage(command, format, ap);
    va_end(ap);
    return CLI_FAILURE;
}

int cli_usage(const struct cli *cli, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    usage(cli->command, format, ap);
    va_end(ap);
    return CLI_FAILURE;
}

void cli_print(const char *format, ...)
{
    va_list ap;

    if (silent) {
        return;
    }
    va_start(ap, format);
    vprintf(format, ap);
    va_end(ap);
}

bool cli_confirm_burn(bool do_not_confirm)
{
    char answer[16];

    printf("This is an irreversible operation!\n");
    if (do_not_confirm) {
        return true;
    }
    printf("Type 'BURN' (all capitals) to continue.\n");
    fflush(stdout);
    if (fgets(answer, sizeof(answer), stdin) == NULL) {
        return false;
    }
    return strcmp(answer, "BURN\n") == 0 || strcmp(answer, "BURN") == 0 ||
           strcmp(answer, "BURN\r\n") == 0;
}
