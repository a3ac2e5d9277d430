// SPDX-License-Identifier: Apache-2.0

#include "tools/fusebox/repl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/fb/bytes.h"
#include "tools/cli/cli.h"

#define CTRL_A "\x01" // raw mode
#define CTRL_B "\x02" // friendly mode
#define CTRL_C "\x03" // interrupt
#define CTRL_D "\x04" // run
#define RAW_PASTE                                                              \
    "\x05"                                                                     \
    "A" CTRL_A

#define ANSWER_MS 3000
#define ATTEMPTS  5

static int lost(const struct repl *r)
{
    return cli_error(host_port_name(r->port), "the board went away");
}

static int silent(const struct repl *r, const char *what)
{
    return cli_error(host_port_name(r->port), "no answer to %s", what);
}

static int put(struct repl *r, const char *p, size_t n)
{
    return host_port_write(r->port, (const uint8_t *)p, n) == 0 ? 0 : lost(r);
}

// One byte: 1, 0 on timeout, negative when the port is gone.
static int get(struct repl *r, char *c, unsigned timeout_ms)
{
    return host_port_read(r->port, (uint8_t *)c, 1, timeout_ms);
}

// Read until `end`, keeping nothing. True when it came.
static bool skip_until(struct repl *r, const char *end, unsigned timeout_ms)
{
    char window[32] = "";
    size_t n = strlen(end);
    char c;
    while (get(r, &c, timeout_ms) == 1) {
        memmove(window, window + 1, n - 1);
        window[n - 1] = c;
        if (memcmp(window, end, n) == 0) {
            return true;
        }
    }
    return false;
}

static int append(struct repl *r, char c)
{
    if (r->len + 1 >= r->cap) {
        size_t cap = r->cap == 0 ? 256 : r->cap * 2;
        char *grown = realloc(r->output, cap);
        if (grown == NULL) {
            return cli_error(NULL, "out of memory");
        }
        r->output = grown;
        r->cap = cap;
    }
    r->output[r->len++] = c;
    r->output[r->len] = '\0';
    return 0;
}

// Collect until Ctrl-D.
static int collect(struct repl *r, unsigned timeout_ms)
{
    r->len = 0;
    for (;;) {
        char c;
        int n = get(r, &c, timeout_ms);
        if (n <= 0) {
            return n < 0 ? lost(r) : silent(r, "code that was sent");
        }
        if (c == CTRL_D[0]) {
            return append(r, '\0');
        }
        int status = c == '\r' ? 0 : append(r, c);
        if (status != 0) {
            return status;
        }
    }
}

static bool enter_raw_mode(struct repl *r)
{
    for (int i = 0; i < ATTEMPTS; i++) {
        host_port_flush_input(r->port);
        if (put(r, "\r" CTRL_C CTRL_C CTRL_A, 4) != 0) {
            return false;
        }
        if (skip_until(r, "raw REPL; CTRL-B to exit\r\n>", 500)) {
            return true;
        }
    }
    return false;
}

static int enter(struct repl *r)
{
    if (!enter_raw_mode(r)) {
        int status = silent(r, "the raw REPL; is MicroPython running?");
        repl_close(r);
        return status;
    }
    return 0;
}

int repl_open(struct repl *r, const char *name)
{
    char why[256];
    memset(r, 0, sizeof *r);
    if (host_port_open(name, &r->port, why) != 0) {
        return cli_error(name, "%s", why);
    }
    return enter(r);
}

int repl_open_on(struct repl *r, struct host_port *port)
{
    memset(r, 0, sizeof *r);
    r->port = port;
    r->lent = true;
    return enter(r);
}

void repl_close(struct repl *r)
{
    if (r->port != NULL) {
        (void)host_port_write(r->port, (const uint8_t *)CTRL_B, 1);
        if (!r->lent) {
            host_port_close(r->port);
        }
    }
    free(r->output);
    memset(r, 0, sizeof *r);
}

// In raw-paste mode the board grants `window` bytes at a time with Ctrl-A.
static int paste(struct repl *r, const char *code, size_t n)
{
    uint8_t size[2];
    for (size_t i = 0; i < sizeof size; i++) {
        if (get(r, (char *)&size[i], ANSWER_MS) != 1) {
            return silent(r, "raw-paste mode");
        }
    }
    size_t window = load16_le(size);
    size_t granted = window;
    while (n > 0) {
        char c;
        if (granted == 0) {
            if (get(r, &c, ANSWER_MS) != 1) {
                return silent(r, "pasted code");
            }
            if (c != CTRL_A[0]) {
                break; // the board has had enough: it will say why
            }
            granted += window;
            continue;
        }
        size_t now = n < granted ? n : granted;
        int status = put(r, code, now);
        if (status != 0) {
            return status;
        }
        code += now;
        n -= now;
        granted -= now;
    }
    int status = put(r, CTRL_D, 1);
    if (status != 0) {
        return status;
    }
    return skip_until(r, CTRL_D, ANSWER_MS) ? 0 : silent(r, "pasted code");
}

int repl_run_shown(struct repl *r, const char *code, unsigned timeout_s)
{
    int status = repl_run(r, code, timeout_s);
    if (status == 0) {
        (void)fputs(r->output, r->raised ? stderr : stdout);
        status = r->raised ? 1 : 0;
    }
    return status;
}

int repl_start(struct repl *r, const char *code)
{
    char answer[2];
    int status = put(r, RAW_PASTE, 3);
    if (status != 0) {
        return status;
    }
    if (get(r, &answer[0], ANSWER_MS) != 1 ||
        get(r, &answer[1], ANSWER_MS) != 1) {
        return silent(r, "raw-paste mode");
    }
    if (answer[0] == 'R' && answer[1] == 1) {
        return paste(r, code, strlen(code));
    }
    // An interpreter without raw-paste answers with another prompt, ends in >.
    if (!(answer[0] == 'R' && answer[1] == 0) &&
        !skip_until(r, ">", ANSWER_MS)) {
        return silent(r, "the raw REPL");
    }
    status = put(r, code, strlen(code));
    if (status == 0) {
        status = put(r, CTRL_D, 1);
    }
    if (status != 0) {
        return status;
    }
    return skip_until(r, "OK", ANSWER_MS) ? 0 : silent(r, "code that was sent");
}

// The board answers: output, Ctrl-D, traceback, Ctrl-D, prompt.
int repl_run(struct repl *r, const char *code, unsigned timeout_s)
{
    int status = repl_start(r, code);
    if (status == 0) {
        status = collect(r, timeout_s * 1000);
    }
    if (status != 0) {
        return status;
    }
    char *output = r->output;
    size_t len = r->len;
    size_t cap = r->cap;
    r->output = NULL;
    r->cap = 0;
    status = collect(r, ANSWER_MS);
    r->raised = status == 0 && r->len > 1;
    if (r->raised || status != 0) {
        free(output);
    } else {
        free(r->output);
        r->output = output;
        r->len = len;
        r->cap = cap;
    }
    if (status == 0 && !skip_until(r, ">", ANSWER_MS)) {
        status = silent(r, "the raw REPL");
    }
    return status;
}
