// SPDX-License-Identifier: Apache-2.0

#include "tools/fusebox/plan/print.h"

#include <stdio.h>

#include "tools/cli/cli.h"

void print_line(void *ctx, const char *line)
{
    (void)ctx;
    cli_print("%s\n", line);
    (void)fflush(stdout);
}

void print_bullet(void *ctx, const char *line)
{
    (void)ctx;
    cli_print("    %s\n", line);
}
