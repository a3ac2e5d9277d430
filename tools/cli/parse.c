// SPDX-License-Identifier: Apache-2.0

#include "tools/cli/parsed.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *p)
{
    if (p == NULL) {
        fputs("out of memory\n", stderr);
        exit(CLI_FAILURE);
    }
    return p;
}

bool cli_same_name(const char *a, const char *b, size_t n)
{
    size_t i;

    for (i = 0; i < n && a[i] != '\0'; i++) {
        char x = a[i] == '_' ? '-' : a[i];
        char y = b[i] == '_' ? '-' : b[i];
        if (x != y) {
            return false;
        }
    }
    return i == n && a[i] == '\0';
}

// Is word one of names, separated by '|'? Returns its place and length.
static const char *in_list(const char *names, const char *word, size_t *len)
{
    size_t n = strlen(word);

    while (names != NULL && *names != '\0') {
        *len = strcspn(names, "|");
        if (*len == n && cli_same_name(word, names, n)) {
            return names;
        }
        names += *len;
        names += *names == '|';
    }
    return NULL;
}

const struct cli_command *cli_find_command(const struct cli_tool *tool,
                                           const char *word)
{
    size_t len;

    for (unsigned i = 0; tool->commands[i] != NULL; i++) {
        const struct cli_command *c = tool->commands[i];
        if (cli_same_name(c->name, word, strlen(word)) ||
            in_list(c->aliases, word, &len) != NULL) {
            return c;
        }
    }
    return NULL;
}

static void slots_init(struct cli_slots *slots,
                       const struct cli_option *options)
{
    unsigned n = 0;

    while (options != NULL && options[n].name != NULL) {
        n++;
    }
    slots->count = n;
    slots->slot = must(calloc(n + 1, sizeof(slots->slot[0])));
    for (unsigned i = 0; i < n; i++) {
        slots->slot[i].option = &options[i];
    }
}

static void slots_free(struct cli_slots *slots)
{
    for (unsigned i = 0; i < slots->count; i++) {
        struct cli_slot *s = &slots->slot[i];
        for (unsigned v = 0; v < s->count; v++) {
            free(s->values[v]);
        }
        free(s->values);
        free(s->at);
    }
    free(slots->slot);
    *slots = (struct cli_slots){0};
}

void cli_run_free(struct cli_run *run)
{
    for (unsigned i = 0; i < run->count; i++) {
        slots_free(&run->commands[i]->own);
        free(run->commands[i]->args);
        free(run->commands[i]);
    }
    free(run->commands);
    slots_free(&run->global);
}

// The parser: where it stands in argv, and the command it fills.
struct parser {
    struct cli_run *run;
    struct cli *current;
    int argc;
    char **argv;
    int i;
};

static const struct cli_command *command_of(const struct parser *p)
{
    return p->current != NULL ? p->current->command : NULL;
}

static bool before_command(const struct parser *p)
{
    return p->current == NULL || p->run->tool->only != NULL;
}

static void slot_push(struct cli_slot *s, char *value, int at)
{
    s->values = must(realloc(s->values, (s->count + 1) * sizeof(char *)));
    s->at = must(realloc(s->at, (s->count + 1) * sizeof(int)));
    s->values[s->count] = value;
    s->at[s->count] = at;
    s->count++;
}

// Check text for the option's kind and keep it. source: how the user gave it,
// for the error.
static int slot_add(const struct cli_command *command, struct cli_slot *s,
                    const char *text, int at, const char *source)
{
    const struct cli_option *o = s->option;
    const char *kept = text;
    size_t len = strlen(text);
    uint64_t number;

    if (o->kind == CLI_UINT && !cli_parse_uint(text, &number)) {
        return cli_usage_error(command, "%s: '%s' is not a number", source,
                               text);
    }
    if (o->kind == CLI_SIZE && !cli_parse_size(text, &number)) {
        return cli_usage_error(command, "%s: '%s' is not a size", source, text);
    }
    if (o->kind == CLI_CHOICE || o->kind == CLI_MAYBE) {
        kept = in_list(o->choices, text, &len);
        if (kept == NULL) {
            return cli_usage_error(command, "%s: '%s' is none of %s", source,
                                   text, o->choices);
        }
    }
    slot_push(s, must(strndup(kept, len)), at);
    return CLI_OK;
}

// Not `-` (standard input) and not a negative number.
static bool is_option(const char *word)
{
    return word[0] == '-' && word[1] != '\0' &&
           !isdigit((unsigned char)word[1]);
}

static struct cli_slot *find_long(struct cli_slots *slots, const char *name,
                                  size_t n)
{
    for (unsigned i = 0; i < slots->count; i++) {
        if (cli_same_name(slots->slot[i].option->name, name, n)) {
            return &slots->slot[i];
        }
    }
    return NULL;
}

// How many options start with these n bytes? The first goes to *found.
static unsigned find_prefix(struct cli_slots *slots, const char *name, size_t n,
                            struct cli_slot **found)
{
    unsigned count = 0;

    for (unsigned i = 0; i < slots->count; i++) {
        const char *full = slots->slot[i].option->name;
        char head[64];
        if (strlen(full) <= n || n >= sizeof(head)) {
            continue;
        }
        memcpy(head, full, n);
        head[n] = '\0';
        if (cli_same_name(head, name, n)) {
            *found = count == 0 ? &slots->slot[i] : *found;
            count++;
        }
    }
    return count;
}

// The short option that word (without its hyphen) is, or starts with: *used
// receives the letters it took. The longest wins: -fm before -f.
static struct cli_slot *find_short(struct cli_slots *slots, const char *word,
                                   size_t *used)
{
    struct cli_slot *best = NULL;

    *used = 0;
    for (unsigned i = 0; i < slots->count; i++) {
        const char *s = slots->slot[i].option->shorts;
        while (s != NULL && *s != '\0') {
            size_t n = strcspn(s, "|");
            if (n > *used && strncmp(s, word, n) == 0) {
                best = &slots->slot[i];
                *used = n;
            }
            s += n;
            s += *s == '|';
        }
    }
    return best;
}

// The next word if it is one of the choices, else the first choice.
static int take_choice(struct parser *p, struct cli_slot *s)
{
    const char *choices = s->option->choices;
    const char *next = p->i + 1 < p->argc ? p->argv[p->i + 1] : "";
    size_t len;
    const char *kept = in_list(choices, next, &len);

    if (kept != NULL) {
        p->i++;
    } else {
        kept = choices;
        len = strcspn(choices, "|");
    }
    slot_push(s, must(strndup(kept, len)), p->i);
    return CLI_OK;
}

// Store what follows an option: the text after = (inline_value) or the next
// words.
static int take_value(struct parser *p, struct cli_slot *s,
                      const char *inline_value, const char *source)
{
    const struct cli_command *command = command_of(p);
    int status;

    s->given = true;
    if (s->option->kind == CLI_FLAG) {
        if (inline_value != NULL) {
            return cli_usage_error(command, "%s takes no value", source);
        }
        slot_push(s, must(strdup("")), p->i);
        return CLI_OK;
    }
    if (inline_value != NULL) {
        return slot_add(command, s, inline_value, p->i, source);
    }
    if (s->option->kind == CLI_MAYBE) {
        return take_choice(p, s);
    }
    if (p->i + 1 >= p->argc || is_option(p->argv[p->i + 1])) {
        return cli_usage_error(command, "%s needs a value", source);
    }
    p->i++;
    status = slot_add(command, s, p->argv[p->i], p->i, source);
    if (s->option->kind != CLI_MULTI) {
        return status;
    }
    if (p->current != NULL) {
        p->current->last_multi = s;
    }
    while (status == CLI_OK && p->i + 1 < p->argc &&
           !is_option(p->argv[p->i + 1])) {
        p->i++;
        status = slot_add(command, s, p->argv[p->i], p->i, source);
    }
    return status;
}

static int parse_long(struct parser *p, const char *word)
{
    const char *name = word + 2;
    size_t n = strcspn(name, "=");
    const char *value = name[n] == '=' ? name + n + 1 : NULL;
    struct cli_slots none = {0};
    struct cli_slots *own = p->current != NULL ? &p->current->own : &none;
    struct cli_slot *s = find_long(own, name, n);
    struct cli_slot *other = NULL;
    char source[80];

    if (s == NULL) {
        s = find_long(&p->run->global, name, n);
    }
    if (s == NULL && n == 4 && strncmp(name, "help", n) == 0) {
        p->run->what = CLI_HELP;
        p->run->help_for = command_of(p);
        return CLI_OK;
    }
    if (s == NULL && before_command(p) && strcmp(name, "version") == 0) {
        p->run->what = CLI_VERSION;
        return CLI_OK;
    }
    if (s == NULL && before_command(p) &&
        strcmp(name, "bash-completion") == 0) {
        p->run->what = CLI_COMPLETION;
        return CLI_OK;
    }
    if (s == NULL) {
        unsigned found = find_prefix(own, name, n, &s);
        found += find_prefix(&p->run->global, name, n, &other);
        s = s != NULL ? s : other;
        if (found > 1) {
            return cli_usage_error(command_of(p),
                                   "--%.*s can mean --%s or "
                                   "others",
                                   (int)n, name, s->option->name);
        }
    }
    if (s == NULL) {
        return cli_usage_error(command_of(p), "unknown option --%.*s", (int)n,
                               name);
    }
    snprintf(source, sizeof(source), "--%s", s->option->name);
    return take_value(p, s, value, source);
}

// -k FILE, -kFILE, -k=FILE, -fm dio, and flags written together: -zp.
static int parse_short(struct parser *p, const char *word)
{
    const char *rest = word + 1;
    struct cli_slots none = {0};
    struct cli_slots *own = p->current != NULL ? &p->current->own : &none;

    while (*rest != '\0') {
        size_t used;
        size_t used_global;
        struct cli_slot *s = find_short(own, rest, &used);
        struct cli_slot *g = find_short(&p->run->global, rest, &used_global);
        char source[80];

        if (g != NULL && used_global > used) {
            s = g;
            used = used_global;
        }
        if (s == NULL && *rest == 'h') {
            p->run->what = CLI_HELP;
            p->run->help_for = command_of(p);
            return CLI_OK;
        }
        if (s == NULL) {
            return cli_usage_error(command_of(p), "unknown option %s", word);
        }
        snprintf(source, sizeof(source), "-%.*s", (int)used, rest);
        rest += used;
        if (s->option->kind != CLI_FLAG) {
            const char *value = *rest == '=' ? rest + 1 : rest;
            return take_value(p, s, *rest != '\0' ? value : NULL, source);
        }
        int status = take_value(p, s, NULL, source);
        if (status != CLI_OK) {
            return status;
        }
    }
    return CLI_OK;
}

static void start_command(struct parser *p, const struct cli_command *command,
                          const char *spelling)
{
    struct cli_run *run = p->run;
    struct cli *c = must(calloc(1, sizeof(*c)));

    c->tool = run->tool;
    c->command = command;
    c->spelling = spelling;
    c->global = &run->global;
    slots_init(&c->own, command->options);
    c->args = must(calloc((size_t)p->argc, sizeof(c->args[0])));
    run->commands =
        must(realloc(run->commands, (run->count + 1) * sizeof(struct cli *)));
    run->commands[run->count++] = c;
    p->current = c;
}

static int parse_word(struct parser *p, const char *word)
{
    const struct cli_tool *tool = p->run->tool;
    struct cli *c = p->current;
    const struct cli_command *command = NULL;

    if (c == NULL || (tool->chained && c->arg_count >= c->command->min_args)) {
        command = cli_find_command(tool, word);
    }
    if (command != NULL) {
        start_command(p, command, word);
        return CLI_OK;
    }
    if (c == NULL) {
        return cli_usage_error(NULL, "unknown command '%s'", word);
    }
    c->args[c->arg_count++] = (struct cli_word){word, p->i};
    return CLI_OK;
}

// `--keyfile key.pem data.bin`: an option with several values took the
// positional arguments that the command lacks. Give the last ones back.
static void give_back(struct cli *c)
{
    struct cli_slot *s = c->last_multi;

    while (s != NULL && c->arg_count < c->command->min_args && s->count > 1) {
        unsigned last = s->count - 1;
        unsigned to = c->arg_count++;
        // Values and arguments keep the order they were written in.
        while (to > 0 && c->args[to - 1].at > s->at[last]) {
            c->args[to] = c->args[to - 1];
            to--;
        }
        c->args[to].at = s->at[last];
        c->args[to].text = NULL; // filled by the caller from argv
        free(s->values[last]);
        s->count = last;
    }
}

// The n-th word of "ADDRESS FILE [ADDRESS FILE ...]", for the error text.
static void name_argument(const char *synopsis, unsigned n, char *out,
                          size_t cap)
{
    const char *p = synopsis != NULL ? synopsis : "argument";

    for (; n > 0 && *p != '\0'; n--) {
        p += strcspn(p, " ");
        p += strspn(p, " ");
    }
    snprintf(out, cap, "%.*s", (int)strcspn(p, " "), p);
    if (*out == '\0' || *out == '[') {
        snprintf(out, cap, "%s", synopsis != NULL ? synopsis : "argument");
    }
}

// Defaults of options that were not given: the environment, then the row.
static int fill_defaults(const struct cli_command *command,
                         struct cli_slots *slots)
{
    for (unsigned i = 0; i < slots->count; i++) {
        struct cli_slot *s = &slots->slot[i];
        const struct cli_option *o = s->option;
        const char *env = o->env != NULL ? getenv(o->env) : NULL;
        int status = CLI_OK;

        if (s->count > 0) {
            continue;
        }
        if (env != NULL && *env != '\0') {
            status = slot_add(command, s, env, 0, o->env);
        } else if (o->fallback != NULL) {
            status = slot_add(command, s, o->fallback, 0, o->name);
        } else if (o->required) {
            return cli_usage_error(command, "--%s is missing", o->name);
        }
        if (status != CLI_OK) {
            return status;
        }
    }
    return CLI_OK;
}

static int finish_command(struct parser *p, struct cli *c)
{
    const struct cli_command *command = c->command;
    char name[80];

    give_back(c);
    for (unsigned i = 0; i < c->arg_count; i++) {
        c->args[i].text = p->argv[c->args[i].at];
    }
    if (c->arg_count < command->min_args) {
        name_argument(command->arguments, c->arg_count, name, sizeof(name));
        return cli_usage_error(command, "%s is missing", name);
    }
    if (c->arg_count > command->max_args) {
        return cli_usage_error(command, "'%s' is one argument too many",
                               c->args[command->max_args].text);
    }
    return fill_defaults(command, &c->own);
}

int cli_parse(struct cli_run *run, int argc, char **argv)
{
    struct parser p = {.run = run, .argc = argc, .argv = argv, .i = 1};
    bool only_words = false;
    int status = CLI_OK;

    slots_init(&run->global, run->tool->options);
    if (run->tool->only != NULL) {
        start_command(&p, run->tool->only, run->tool->only->name);
    }
    for (; p.i < argc && status == CLI_OK && run->what == CLI_RUN; p.i++) {
        const char *word = argv[p.i];
        if (!only_words && strcmp(word, "--") == 0) {
            only_words = true;
            if (p.current != NULL) {
                p.current->dashes = p.i;
            }
        } else if (!only_words && strncmp(word, "--", 2) == 0) {
            status = parse_long(&p, word);
        } else if (!only_words && is_option(word)) {
            status = parse_short(&p, word);
        } else {
            status = parse_word(&p, word);
        }
    }
    if (status == CLI_OK && run->what == CLI_RUN &&
        (run->count == 0 || argc == 1)) {
        run->what = CLI_HELP;
        run->help_for = run->tool->only;
    }
    if (status != CLI_OK || run->what != CLI_RUN) {
        return status;
    }
    status = fill_defaults(NULL, &run->global);
    for (unsigned i = 0; i < run->count && status == CLI_OK; i++) {
        status = finish_command(&p, run->commands[i]);
    }
    return status;
}
