// SPDX-License-Identifier: Apache-2.0

#include "tools/fusebox/remote.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/cli/cli.h"

#define SILENCE_S 60u

void remote_quote(const char *text, char *out)
{
    char *p = out;
    *p++ = '\'';
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < ' ' || c == '\'' || c == '\\') {
            p += sprintf(p, "\\x%02x", c);
        } else {
            *p++ = (char)c;
        }
    }
    *p++ = '\'';
    *p = '\0';
}

// The line that names the exception.
static const char *last_line(char *traceback)
{
    size_t n = strlen(traceback);
    while (n > 0 && traceback[n - 1] == '\n') {
        traceback[--n] = '\0';
    }
    char *line = strrchr(traceback, '\n');
    return line == NULL ? traceback : line + 1;
}

int remote_run(struct repl *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *code = malloc((size_t)n + 1);
    if (code == NULL) {
        return cli_error(NULL, "out of memory");
    }
    va_start(args, format);
    (void)vsnprintf(code, (size_t)n + 1, format, args);
    va_end(args);
    int status = repl_run(r, code, SILENCE_S);
    free(code);
    if (status == 0 && r->raised) {
        return cli_error(host_port_name(r->port), "%s", last_line(r->output));
    }
    return status;
}
