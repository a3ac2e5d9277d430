// SPDX-License-Identifier: Apache-2.0

#include "tools/cli/cli.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

// What the last run's commands saw, as text: one line a command.
static char seen[1024];

static void note(const char *format, ...)
{
    size_t n = strlen(seen);
    va_list ap;

    va_start(ap, format);
    vsnprintf(seen + n, sizeof(seen) - n, format, ap);
    va_end(ap);
}

static int run_sign(const struct cli *cli)
{
    note("%s%s", cli_command_spelling(cli), cli_spelled_old(cli) ? "!" : "");
    for (unsigned i = 0; i < cli_values(cli, "keyfile"); i++) {
        note(" key=%s", cli_value(cli, "keyfile", i));
    }
    if (cli_string(cli, "output") != NULL) {
        note(" out=%s", cli_string(cli, "output"));
    }
    note(" version=%s%s", cli_string(cli, "version"),
         cli_given(cli, "version") ? "" : "?");
    note(" baud=%llu", (unsigned long long)cli_uint(cli, "baud"));
    note(" size=%llx", (unsigned long long)cli_uint(cli, "size"));
    note("%s", cli_flag(cli, "append") ? " append" : "");
    if (cli_given(cli, "secure")) {
        note(" secure=%s", cli_string(cli, "secure"));
    }
    for (unsigned i = 0; i < cli_args(cli); i++) {
        note(" [%s]", cli_arg(cli, i));
    }
    note("\n");
    return CLI_OK;
}

static int run_fail(const struct cli *cli)
{
    note("fail %u\n", cli_args(cli));
    return 7;
}

static int begin(const struct cli *cli)
{
    note("begin %s\n", cli_flag(cli, "quiet") ? "quiet" : "loud");
    return CLI_OK;
}

static int end(const struct cli *cli, int status)
{
    (void)cli;
    note("end %d\n", status);
    return status;
}

static const struct cli_option sign_options[] = {
    {.name = "keyfile",
     .shorts = "k",
     .kind = CLI_MULTI,
     .value = "FILE",
     .help = "Keys."},
    {.name = "output",
     .shorts = "o",
     .kind = CLI_STRING,
     .value = "FILE",
     .help = "Result."},
    {.name = "version",
     .shorts = "v",
     .kind = CLI_CHOICE,
     .choices = "one-a|two",
     .fallback = "two",
     .help = "Scheme."},
    {.name = "size", .shorts = "s|fs", .kind = CLI_SIZE, .help = "Size."},
    {.name = "secure",
     .kind = CLI_MAYBE,
     .choices = "v1|v2",
     .help = "Secure."},
    {.name = "append", .shorts = "a", .kind = CLI_FLAG, .help = "Append."},
    {0}};

static const struct cli_option need_options[] = {
    {.name = "must", .kind = CLI_STRING, .required = true, .help = "Must."},
    {0}};

static const struct cli_option globals[] = {
    {.name = "baud",
     .shorts = "b",
     .kind = CLI_UINT,
     .fallback = "115200",
     .env = "CLI_TEST_BAUD",
     .help = "Speed."},
    {.name = "quiet", .shorts = "q", .kind = CLI_FLAG, .help = "Less text."},
    {0}};

static const struct cli_command sign = {.name = "sign-data",
                                        .aliases = "sign|write-sig",
                                        .arguments = "DATAFILE [MORE]",
                                        .min_args = 1,
                                        .max_args = 2,
                                        .options = sign_options,
                                        .help = "Sign.",
                                        .run = run_sign};
static const struct cli_command fail = {
    .name = "fail", .max_args = UINT_MAX, .help = "Fail.", .run = run_fail};
static const struct cli_command need = {
    .name = "need", .options = need_options, .help = "Need.", .run = run_fail};
static const struct cli_command *const commands[] = {&sign, &fail, &need, NULL};

static const struct cli_tool plain = {.name = "tool",
                                      .summary = "A tool.",
                                      .options = globals,
                                      .commands = commands};
static const struct cli_tool chained = {.name = "tool",
                                        .summary = "A tool.",
                                        .options = globals,
                                        .commands = commands,
                                        .chained = true,
                                        .begin = begin,
                                        .end = end};
static const struct cli_tool only = {
    .name = "sign-data", .summary = "A tool.", .only = &sign};

// Run a command line given as one string; stdout and stderr go to out.
static int run_out(const struct cli_tool *tool, const char *line, char *out,
                   size_t cap)
{
    char copy[512];
    char *argv[32] = {0};
    int argc = 0;
    FILE *capture = tmpfile();
    int saved[2] = {dup(1), dup(2)};

    assert_non_null(capture);
    snprintf(copy, sizeof(copy), "%s", line);
    for (char *w = strtok(copy, " "); w != NULL; w = strtok(NULL, " ")) {
        argv[argc++] = w;
    }
    seen[0] = '\0';
    fflush(stdout);
    dup2(fileno(capture), 1);
    dup2(fileno(capture), 2);
    int status = cli_main(tool, argc, argv);
    fflush(stdout);
    dup2(saved[0], 1);
    dup2(saved[1], 2);
    close(saved[0]);
    close(saved[1]);
    rewind(capture);
    out[fread(out, 1, cap - 1, capture)] = '\0';
    fclose(capture);
    return status;
}

static void expect_run(const struct cli_tool *tool, const char *line,
                       const char *want)
{
    char out[4096];

    assert_int_equal(run_out(tool, line, out, sizeof(out)), CLI_OK);
    assert_string_equal(out, "");
    assert_string_equal(seen, want);
}

static void expect_usage(const struct cli_tool *tool, const char *line,
                         const char *want)
{
    char out[4096];

    assert_int_equal(run_out(tool, line, out, sizeof(out)), CLI_FAILURE);
    assert_string_equal(out, want);
    assert_string_equal(seen, "");
}

static void spellings_mean_the_same(void **state)
{
    (void)state;
    const char *want = "sign-data key=k out=o version=one-a baud=9600 "
                       "size=1000 append [f]\n";

    expect_run(&plain,
               "t sign-data --keyfile k --output o --version one-a "
               "--baud 9600 --size 4k --append f",
               want);
    expect_run(&plain, "t sign-data f -k k -o o -v one_a -b 9600 -s 4K -a",
               want);
    expect_run(&plain,
               "t --baud=9600 sign-data -kk -oo --version=one-a -fs 0x1000 -a "
               "-- f",
               want);
    expect_run(&plain,
               "t -b=9600 sign-data --key k --out o --ver one-a "
               "--si 0x1000 --app f",
               want);
    expect_run(&plain, "t sign_data f",
               "sign_data! version=two? baud=115200 size=0 [f]\n");
    expect_run(&plain, "t write_sig f",
               "write_sig! version=two? baud=115200 size=0 [f]\n");
    expect_run(&plain, "t sign-data - -s ALL",
               "sign-data version=two? baud=115200 size=ffffffffffffffff "
               "[-]\n");
}

static void greedy_option_gives_back(void **state)
{
    (void)state;
    expect_run(&plain, "t sign-data --keyfile k1 k2 data",
               "sign-data key=k1 key=k2 version=two? baud=115200 size=0 "
               "[data]\n");
    expect_run(&plain, "t sign-data data --keyfile k1 k2",
               "sign-data key=k1 key=k2 version=two? baud=115200 size=0 "
               "[data]\n");
    expect_run(&plain, "t sign-data -k k1 k2 -o o data",
               "sign-data key=k1 key=k2 out=o version=two? baud=115200 size=0 "
               "[data]\n");
    expect_usage(&plain, "t sign-data -k k1",
                 "tool: sign-data: DATAFILE is missing\n"
                 "Try 'tool sign-data --help'.\n");
}

static void optional_value_takes_only_a_choice(void **state)
{
    (void)state;
    expect_run(&plain, "t sign-data --secure v2 f",
               "sign-data version=two? baud=115200 size=0 secure=v2 [f]\n");
    expect_run(&plain, "t sign-data --secure f",
               "sign-data version=two? baud=115200 size=0 secure=v1 [f]\n");
    expect_run(&plain, "t sign-data f --secure",
               "sign-data version=two? baud=115200 size=0 secure=v1 [f]\n");
    expect_run(&plain, "t sign-data --secure=v2 f",
               "sign-data version=two? baud=115200 size=0 secure=v2 [f]\n");
}

static void usage_errors(void **state)
{
    (void)state;
    const char *hint = "Try 'tool sign-data --help'.\n";
    char want[512];
    const char *cases[][2] = {
        {"t sign-data --nope f", "unknown option --nope"},
        {"t sign-data -x f", "unknown option -x"},
        {"t sign-data --output", "--output needs a value"},
        {"t sign-data f -o -a", "-o needs a value"},
        {"t sign-data --append=1 f", "--append takes no value"},
        {"t sign-data f g h", "'h' is one argument too many"},
        {"t sign-data f -v three", "-v: 'three' is none of one-a|two"},
        {"t sign-data f -b 12z", "-b: '12z' is not a number"},
        {"t sign-data f -s 1g", "-s: '1g' is not a size"},
    };

    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(want, sizeof(want), "tool: sign-data: %s\n%s", cases[i][1],
                 hint);
        expect_usage(&plain, cases[i][0], want);
    }
    expect_usage(&plain, "t frob",
                 "tool: unknown command 'frob'\nTry 'tool --help'.\n");
    expect_usage(&plain, "t need",
                 "tool: need: --must is missing\nTry 'tool need --help'.\n");
    expect_usage(&only, "t --nope",
                 "sign-data: unknown option --nope\n"
                 "Try 'sign-data --help'.\n");
}

static void environment_gives_defaults(void **state)
{
    (void)state;
    setenv("CLI_TEST_BAUD", "921_600", 1);
    expect_run(&plain, "t sign-data f",
               "sign-data version=two? baud=921600 size=0 [f]\n");
    expect_run(&plain, "t sign-data f -b 1",
               "sign-data version=two? baud=1 size=0 [f]\n");
    setenv("CLI_TEST_BAUD", "fast", 1);
    expect_usage(&plain, "t sign-data f",
                 "tool: CLI_TEST_BAUD: 'fast' is not a number\n"
                 "Try 'tool --help'.\n");
    unsetenv("CLI_TEST_BAUD");
}

static void commands_chain(void **state)
{
    char out[4096];
    (void)state;

    expect_run(&chained, "t -q sign-data a sign-data b -o x",
               "begin quiet\n"
               "sign-data version=two? baud=115200 size=0 [a]\n"
               "sign-data out=x version=two? baud=115200 size=0 [b]\n"
               "end 0\n");
    // A word is an argument while the command still needs one.
    expect_run(&chained, "t sign-data fail",
               "begin loud\n"
               "sign-data version=two? baud=115200 size=0 [fail]\n"
               "end 0\n");
    assert_int_equal(run_out(&chained, "t fail x sign-data a", out, 4096), 7);
    assert_string_equal(seen, "begin loud\nfail 1\nend 7\n");
    // Nothing runs when a later command cannot be parsed.
    expect_usage(&chained, "t sign-data a need",
                 "tool: need: --must is missing\nTry 'tool need --help'.\n");
}

static void help_comes_from_the_rows(void **state)
{
    char out[4096];
    (void)state;

    assert_int_equal(run_out(&plain, "t sign-data --help", out, 4096), 0);
    assert_string_equal(
        out, "Usage: tool sign-data [OPTIONS] DATAFILE [MORE]\n\n"
             "Sign.\n\n"
             "Options:\n"
             "  -k, --keyfile FILE...       Keys.\n"
             "  -o, --output FILE           Result.\n"
             "  -v, --version one-a|two     Scheme. (default: two)\n"
             "  -s, --size VALUE            Size.\n"
             "  --secure [v1|v2]            Secure.\n"
             "  -a, --append                Append.\n"
             "  -h, --help                  Show this help and exit.\n\n"
             "Global options: see 'tool --help'.\n");
    assert_int_equal(run_out(&plain, "t", out, 4096), 0);
    assert_non_null(strstr(out, "\nCommands:\n  sign-data "));
    assert_non_null(strstr(out, "(default: $CLI_TEST_BAUD or 115200)"));
    assert_int_equal(run_out(&plain, "t --version", out, 4096), 0);
    assert_string_equal(out, "tool (Fusebox) " CLI_TOOLS_VERSION "\n");
    assert_int_equal(run_out(&plain, "t --bash-completion", out, 4096), 0);
    assert_non_null(strstr(out, "sign-data:--version) words='one-a two' ;;"));
}

static void messages_stay_one_line(void **state)
{
    (void)state;
    expect_usage(&plain, "t sign-data f -b 1\n2",
                 "tool: sign-data: -b: '1?2' is not a number\n"
                 "Try 'tool sign-data --help'.\n");
}

static void numbers_as_python_reads_them(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool ok;
        uint64_t value;
    } cases[] = {
        {"0", true, 0},
        {"00", true, 0},
        {"10", true, 10},
        {"+10", true, 10},
        {"0x10", true, 16},
        {"0XfF", true, 255},
        {"0o17", true, 15},
        {"0b101", true, 5},
        {"1_000", true, 1000},
        {"0x_10", true, 16},
        {"18446744073709551615", true, UINT64_MAX},
        {"18446744073709551616", false, 0},
        {"010", false, 0},
        {"", false, 0},
        {"0x", false, 0},
        {"-1", false, 0},
        {"1__0", false, 0},
        {"1_", false, 0},
        {"_1", false, 0},
        {"12k", false, 0},
        {"0b2", false, 0},
        {"1 ", false, 0},
    };

    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t value = 0;
        assert_int_equal(cli_parse_uint(cases[i].text, &value), cases[i].ok);
        assert_int_equal(value, cases[i].value);
    }
}

static void sizes_have_suffixes(void **state)
{
    uint64_t value = 0;
    (void)state;

    assert_true(cli_parse_size("4M", &value));
    assert_int_equal(value, 0x400000);
    assert_true(cli_parse_size("0x10k", &value));
    assert_int_equal(value, 0x4000);
    assert_true(cli_parse_size("ALL", &value));
    assert_int_equal(value, UINT64_MAX);
    assert_false(cli_parse_size("k", &value));
    assert_false(cli_parse_size("18446744073709551615k", &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spellings_mean_the_same),
        cmocka_unit_test(greedy_option_gives_back),
        cmocka_unit_test(optional_value_takes_only_a_choice),
        cmocka_unit_test(usage_errors),
        cmocka_unit_test(environment_gives_defaults),
        cmocka_unit_test(commands_chain),
        cmocka_unit_test(help_comes_from_the_rows),
        cmocka_unit_test(messages_stay_one_line),
        cmocka_unit_test(numbers_as_python_reads_them),
        cmocka_unit_test(sizes_have_suffixes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
