// SPDX-License-Identifier: Apache-2.0
//
// Pieces of Python that the file commands send to a board.

#ifndef TOOLS_FUSEBOX_REMOTE_H
#define TOOLS_FUSEBOX_REMOTE_H

#include <stddef.h>
#include <stdint.h>

#include "tools/fusebox/repl.h"

#define REMOTE_QUOTED(n) (4 * (n) + 3) // bytes at most for n bytes

// text as a Python string literal. out holds REMOTE_QUOTED(strlen(text)).
void remote_quote(const char *text, char *out);

// Run a printf-like piece of code that must not raise; what it prints is in
// r->output. Prints the exception's last line and returns 1 when it did.
int remote_run(struct repl *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
