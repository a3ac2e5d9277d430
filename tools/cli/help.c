// SPDX-License-Identifier: Apache-2.0
//
// --help and bash completion, from the rows.

#include "tools/cli/parsed.h"

#include <stdio.h>
#include <string.h>

enum { WIDTH = 79, COLUMN = 30, COMMAND_COLUMN = 34 };

// Print words wrapped, the first line starting at column at, the others
// indented. A newline in text ends a line.
static void wrap(const char *text, int at, int indent)
{
    while (*text != '\0') {
        int n = (int)strcspn(text, " \n");
        if (at > indent && at + 1 + n > WIDTH) {
            printf("\n%*s", indent, "");
            at = indent;
        } else if (at > indent) {
            putchar(' ');
            at++;
        }
        printf("%.*s", n, text);
        at += n;
        text += n;
        if (*text == '\n') {
            printf("\n%*s", indent, "");
            at = indent;
        }
        text += *text != '\0';
    }
    putchar('\n');
}

// An entry of a list: name in the left column, text in the right one.
static void entry(const char *name, const char *text, int column)
{
    int at = printf("  %s", name);

    if (at + 1 >= column) {
        putchar('\n');
        at = 0;
    }
    printf("%*s", column - at, "");
    wrap(text, column, column);
}

static void option_name(const struct cli_option *o, char *out, size_t cap)
{
    const char *value = o->value;
    int n = 0;

    if (o->shorts != NULL) {
        n = snprintf(out, cap, "-%.*s, ", (int)strcspn(o->shorts, "|"),
                     o->shorts);
    }
    if (value == NULL) {
        value = o->choices != NULL ? o->choices : "VALUE";
    }
    if (o->kind == CLI_FLAG) {
        value = "";
    }
    bool maybe = o->kind == CLI_MAYBE;
    snprintf(out + n, cap - (size_t)n, "--%s%s%s%s%s", o->name,
             *value != '\0' ? " " : "", maybe ? "[" : "", value,
             maybe                  ? "]"
             : o->kind == CLI_MULTI ? "..."
                                    : "");
}

static void option_help(const struct cli_option *o)
{
    char name[160];
    char text[1024];
    int n = snprintf(text, sizeof(text), "%s", o->help != NULL ? o->help : "");
    size_t used = (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1;

    option_name(o, name, sizeof(name));
    if (o->choices != NULL && o->value != NULL) {
        n = snprintf(text + used, sizeof(text) - used, " (%s)", o->choices);
        used += (size_t)n;
    }
    if (o->required) {
        snprintf(text + used, sizeof(text) - used, " (required)");
    } else if (o->fallback != NULL && o->env != NULL) {
        snprintf(text + used, sizeof(text) - used, " (default: $%s or %s)",
                 o->env, o->fallback);
    } else if (o->fallback != NULL) {
        snprintf(text + used, sizeof(text) - used, " (default: %s)",
                 o->fallback);
    } else if (o->env != NULL) {
        snprintf(text + used, sizeof(text) - used, " (default: $%s)", o->env);
    }
    entry(name, text, COLUMN);
}

static void options_help(const char *title, const struct cli_option *options)
{
    printf("\n%s:\n", title);
    for (; options != NULL && options->name != NULL; options++) {
        if (!options->hidden) {
            option_help(options);
        }
    }
    entry("-h, --help", "Show this help and exit.", COLUMN);
}

static void common_options(void)
{
    entry("--version", "Show the version and exit.", COLUMN);
    entry("--bash-completion", "Print a completion script for bash and exit.",
          COLUMN);
}

static void command_help(const struct cli_tool *tool,
                         const struct cli_command *c)
{
    bool only = tool->only == c;

    printf("Usage: %s%s%s [OPTIONS]%s%s\n\n", tool->name, only ? "" : " ",
           only ? "" : c->name, c->arguments != NULL ? " " : "",
           c->arguments != NULL ? c->arguments : "");
    wrap(c->help, 0, 0);
    if (c->details != NULL) {
        putchar('\n');
        wrap(c->details, 0, 0);
    }
    options_help("Options", c->options);
    if (only) {
        common_options();
    }
    if (tool->options != NULL && tool->options->name != NULL) {
        printf("\nGlobal options: see '%s --help'.\n", tool->name);
    }
}

static void tool_help(const struct cli_tool *tool)
{
    printf("Usage: %s [OPTIONS] COMMAND ...\n\n", tool->name);
    wrap(tool->summary, 0, 0);
    printf("\nCommands:\n");
    for (unsigned i = 0; tool->commands[i] != NULL; i++) {
        entry(tool->commands[i]->name, tool->commands[i]->help, COMMAND_COLUMN);
    }
    options_help("Options", tool->options);
    common_options();
    printf("\n'%s COMMAND --help' explains a command.\n", tool->name);
    printf("Names may be written with hyphens or underscores.\n");
}

void cli_help(const struct cli_tool *tool, const struct cli_command *command)
{
    if (command != NULL) {
        command_help(tool, command);
    } else {
        tool_help(tool);
    }
}

static void completion_options(const struct cli_option *o)
{
    for (; o != NULL && o->name != NULL; o++) {
        if (!o->hidden) {
            printf(" --%s", o->name);
        }
    }
}

// A case label for each option with a choice of values.
static void completion_choices(const char *command, const struct cli_option *o)
{
    for (; o != NULL && o->name != NULL; o++) {
        if (o->choices == NULL) {
            continue;
        }
        printf("    %s:--%s) words='", command, o->name);
        for (const char *p = o->choices; *p != '\0'; p++) {
            putchar(*p == '|' ? ' ' : *p);
        }
        printf("' ;;\n");
    }
}

static void completion_words(const struct cli_tool *tool)
{
    for (unsigned i = 0; tool->commands[i] != NULL; i++) {
        printf("    %s:-*) words='", tool->commands[i]->name);
        completion_options(tool->commands[i]->options);
        completion_options(tool->options);
        printf(" --help' ;;\n");
    }
    printf("    :*) words='");
    for (unsigned i = 0; tool->commands[i] != NULL; i++) {
        printf("%s ", tool->commands[i]->name);
    }
    completion_options(tool->options);
    printf(" --help --version' ;;\n");
}

void cli_bash_completion(const struct cli_tool *tool)
{
    const struct cli_command *none[] = {NULL};
    struct cli_tool t = *tool;

    if (tool->only != NULL) {
        t.commands = none;
        t.options = tool->only->options;
    }
    printf("# bash completion for %s\n_fusebox_%s()\n{\n", t.name, t.name);
    printf("    local cur=${COMP_WORDS[COMP_CWORD]}\n"
           "    local prev=${COMP_WORDS[COMP_CWORD-1]}\n"
           "    local command= words= word i\n"
           "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
           "        word=${COMP_WORDS[i]//_/-}\n"
           "        case $word in\n");
    for (unsigned i = 0; t.commands[i] != NULL; i++) {
        printf("        %s) command=$word ;;\n", t.commands[i]->name);
    }
    printf("        esac\n    done\n    case $command:$prev in\n");
    completion_choices("*", t.options);
    for (unsigned i = 0; t.commands[i] != NULL; i++) {
        completion_choices(t.commands[i]->name, t.commands[i]->options);
    }
    printf("    *) case $command:$cur in\n");
    completion_words(&t);
    printf("    esac ;;\n    esac\n"
           "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
           "}\n"
           "complete -o default -F _fusebox_%s %s\n",
           t.name, t.name);
}
