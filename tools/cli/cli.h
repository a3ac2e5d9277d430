// SPDX-License-Identifier: Apache-2.0
//
// Command lines of the tools, from tables. A tool is an array of commands; a
// command is one row with its options, help and function. --help, usage
// errors, bash completion and the man page check all come from these rows.
//
// Accepted everywhere: `write_flash` and `write-flash`, `--flash_mode` and
// `--flash-mode`, `--opt value` and `--opt=value`, `-o value`, `-ovalue`,
// options before, between and after positional arguments, global options
// before and after the command's name, unambiguous prefixes of long options
// (as argparse does), `--` to end options. No command: help. -h, --help,
// --version and --bash-completion need no rows.

#ifndef TOOLS_CLI_CLI_H
#define TOOLS_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cli_kind {
    CLI_FLAG,   // no value
    CLI_STRING, // any text
    CLI_UINT,   // decimal, 0x, 0o, 0b, underscores, as Python's int(x, 0)
    CLI_SIZE,   // CLI_UINT with optional suffix k or M, or ALL (UINT64_MAX)
    CLI_CHOICE, // one of `choices`, - and _ alike, case-sensitive
    CLI_MAYBE,  // CLI_CHOICE that may stand alone: then it is the first choice
    CLI_MULTI,  // one or more values up to the next option; the last ones
                // are positional arguments when the command lacks them
};

struct cli_option {
    const char *name;   // with hyphens, without the leading "--"
    const char *shorts; // "k", or several separated by '|': "fm"; may be NULL
    enum cli_kind kind;
    const char *value;    // name in the help: "FILE"
    const char *fallback; // default value as text, NULL: none
    const char *choices;  // CLI_CHOICE: "1|2"
    const char *env;      // environment variable that gives the default
    const char *help;
    bool required;
    bool hidden;
};

struct cli; // the parsed command line, see below

struct cli_command {
    const char *name;      // with hyphens
    const char *aliases;   // other names, separated by '|', may be NULL
    const char *arguments; // synopsis of the positional ones: "KEYFILE"
    unsigned min_args;     // positional arguments
    unsigned max_args;     // UINT_MAX: any number
    const struct cli_option *options; // ends with a NULL name; may be NULL
    const char *help;                 // one line
    const char *details; // paragraphs for `tool command --help`; may be NULL
    // 0 or an exit status. Errors are told with cli_error().
    int (*run)(const struct cli *cli);
};

struct cli_tool {
    const char *name;                 // "espsecure"
    const char *summary;              // one line
    const struct cli_option *options; // global ones; ends with a NULL name
    const struct cli_command *const *commands; // ends with NULL
    // A tool without command words: this one runs; commands is NULL then.
    const struct cli_command *only;
    // Several commands in one run (espefuse): a word that names a command
    // starts the next one, when the one before has the arguments it needs.
    // All are parsed before the first one runs.
    bool chained;
    // Bracket the run; may be NULL. Global options can be read there. A status
    // other than 0 from begin is final; end sees the commands' status and
    // returns the final one.
    int (*begin)(const struct cli *cli);
    void (*step)(const struct cli *cli); // before each command
    int (*end)(const struct cli *cli, int status);
};

#define CLI_TOOLS_VERSION "0.1.0"

#define CLI_OK      0
#define CLI_FAILURE 2 // every refusal and error, as the reference tools exit

// Parse and run; returns the exit status for main().
int cli_main(const struct cli_tool *tool, int argc, char **argv);

// Values of the command being run. An option that the row does not declare is
// a programming error (assert).
const char *cli_string(const struct cli *cli, const char *option); // or NULL
uint64_t cli_uint(const struct cli *cli, const char *option);
bool cli_flag(const struct cli *cli, const char *option);
// Was it given on the command line (not by default or environment)?
bool cli_given(const struct cli *cli, const char *option);
unsigned cli_values(const struct cli *cli, const char *option); // CLI_MULTI
const char *cli_value(const struct cli *cli, const char *option, unsigned n);

unsigned cli_args(const struct cli *cli);
const char *cli_arg(const struct cli *cli, unsigned n);
// Did that argument come after a `--`?
bool cli_arg_dashed(const struct cli *cli, unsigned n);
const char *cli_command_name(const struct cli *cli); // with hyphens
// The command's name as the user wrote it: old dialects differ in meaning.
const char *cli_command_spelling(const struct cli *cli);
bool cli_spelled_old(const struct cli *cli); // with underscores

// Numbers as the reference tools read them; false when text is none.
bool cli_parse_uint(const char *text, uint64_t *value);
bool cli_parse_size(const char *text, uint64_t *value);
// "24:0a:c4:00:11:22"; false when text is no MAC address.
bool cli_parse_mac(const char *text, uint8_t mac[6]);

// One line on stderr, "espsecure: key.pem: not a P-256 key", and the status
// CLI_FAILURE to return. `about` is a file, port or argument; NULL: none.
int cli_error(const char *about, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
// The same for a command line that the rows could not refuse: names the command
// and hints at its --help.
int cli_usage(const struct cli *cli, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void cli_warning(const char *about, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
// What the tool prints on stdout; silent with --silent where a tool has it.
void cli_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

// "Type 'BURN' (all capitals) to continue." from standard input. True only for
// exactly BURN. do_not_confirm skips the question but prints the notice.
bool cli_confirm_burn(bool do_not_confirm);

#endif
