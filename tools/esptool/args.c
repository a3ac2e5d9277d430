// SPDX-License-Identifier: Apache-2.0

#include "tools/esptool/args.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/file.h"
#include "tools/cli/cli.h"

#define FILE_MAX (1u << 20)

// The command line is not parsed yet, so cli_error() does not know the tool.
static int fail(const char *name, const char *what)
{
    fprintf(stderr, "esptool: %s: %s\n", name, what);
    return CLI_FAILURE;
}

static bool push(struct esptool_args *args, char *word)
{
    char **grown =
        realloc(args->argv, ((size_t)args->argc + 2) * sizeof(char *));
    if (!grown) {
        return false;
    }
    args->argv = grown;
    args->argv[args->argc++] = word;
    args->argv[args->argc] = NULL;
    return true;
}

static bool push_owned(struct esptool_args *args, const char *text, size_t n)
{
    char **grown =
        realloc(args->owned, ((size_t)args->owned_count + 1) * sizeof(char *));
    if (!grown) {
        return false;
    }
    args->owned = grown;
    char *word = strndup(text, n);
    if (!word) {
        return false;
    }
    args->owned[args->owned_count++] = word;
    return push(args, word);
}

// Split text into words, in place. CLI_FAILURE: an open quote, no memory.
static int split(struct esptool_args *args, const char *name, char *text)
{
    char *in = text;
    for (;;) {
        while (isspace((unsigned char)*in)) {
            in++;
        }
        if (*in == '#') {
            in += strcspn(in, "\n");
            continue;
        }
        if (!*in) {
            return CLI_OK;
        }
        char *word = in;
        char *out = in;
        char quote = 0;
        for (; *in && (quote || !isspace((unsigned char)*in)); in++) {
            if (quote ? *in == quote : *in == '\'' || *in == '"') {
                quote = quote ? 0 : *in;
            } else if (*in == '\\' && quote != '\'' && in[1]) {
                *out++ = *++in;
            } else {
                *out++ = *in;
            }
        }
        if (quote) {
            return fail(name, "a quote is not closed");
        }
        if (!push_owned(args, word, (size_t)(out - word))) {
            return fail(name, strerror(ENOMEM));
        }
    }
}

static int expand_file(struct esptool_args *args, const char *name)
{
    struct host_file file;
    int error = host_file_read(name, FILE_MAX, &file);
    if (error) {
        return fail(name, strerror(error));
    }
    char *text = strndup((const char *)file.data, file.size);
    int status = text ? split(args, name, text) : fail(name, strerror(ENOMEM));
    free(text);
    host_file_free(&file);
    return status;
}

int esptool_args_expand(int argc, char **argv, struct esptool_args *args)
{
    *args = (struct esptool_args){0};
    bool expanded = false;
    for (int i = 0; i < argc; i++) {
        if (i != 0 && argv[i][0] == '@') {
            int status = expand_file(args, argv[i] + 1);
            if (status != CLI_OK) {
                return status;
            }
            expanded = true;
        } else if (!push(args, argv[i])) {
            return fail("arguments", strerror(ENOMEM));
        }
    }
    if (expanded) { // what is run is shown
        cli_print("esptool");
        for (int i = 1; i < args->argc; i++) {
            cli_print(" %s", args->argv[i]);
        }
        cli_print("\n");
    }
    return CLI_OK;
}

void esptool_args_free(struct esptool_args *args)
{
    for (int i = 0; i < args->owned_count; i++) {
        free(args->owned[i]);
    }
    free(args->owned);
    free(args->argv);
}
