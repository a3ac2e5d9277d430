// SPDX-License-Identifier: Apache-2.0

#include "host/reset.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "host/fake_chip.h"

static void expect(const char *sequence, int status, const char *lines)
{
    struct fake_chip *chip = fake_new();
    struct host_port *port = fake_port(chip, true);
    assert_int_equal(host_reset_run(port, sequence), status);
    assert_string_equal(chip->lines, lines);
    host_port_close(port);
    free(chip);
}

// esptool docs, "Configuration File": the two sequences it names.
static void test_documented(void **state)
{
    (void)state;
    expect("D0|R1|W0.1|D1|R0|W0.05|D0", 0,
           "D0R1 D0R1 W100 D1R1 D1R0 W50 D0R0 ");
    expect("U1,1|U0,1|W0.1|U1,0|W0.05|U0,0", 0,
           "D1R1 D0R1 W100 D1R0 W50 D0R0 ");
}

static void test_waits(void **state)
{
    (void)state;
    expect("W1", 0, "W1000 ");
    expect("W0.001", 0, "W1 ");
    expect("W.5", 0, "W500 ");
    expect("W2.25", 0, "W2250 ");
    expect("W0.0019", 0, "W1 ");
}

// Nothing moves when the text is wrong, not even what precedes the mistake.
static void test_syntax(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",      "D",      "D2",     "R",  "X1",     "D0|",  "|D0", "D0||R1",
        "U1",    "U1,",    "U1,2",   "W",  "W.",     "Wx",   "D00", "U1,0,1",
        "D0 R1", "D0|W-1", "R1|D0x", "d0", "D0|R1|", "W1e3",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        expect(wrong[i], HOST_RESET_E_SYNTAX, "");
    }
}

// EN must go low with IO0 high and come up with IO0 low, whichever circuit.
static void test_download(void **state)
{
    (void)state;
    for (unsigned attempt = 0; attempt < 8; attempt++) {
        struct fake_chip *chip = fake_new();
        struct host_port *port = fake_port(chip, true);
        assert_int_equal(host_reset_download(port, attempt, 50), 0);
        assert_true(chip->in_download);
        assert_false(chip->dtr || chip->rts);
        assert_int_equal(chip->slept_ms, attempt % 2 ? 650 : 150);
        assert_int_equal(host_reset_hard(port), 0);
        assert_false(chip->in_download);
        host_port_close(port);
        free(chip);
    }
}

static void test_no_lines(void **state)
{
    (void)state;
    struct fake_chip *chip = fake_new();
    struct host_port *port = fake_port(chip, false);
    assert_int_equal(host_reset_hard(port), HOST_PORT_E_NO_LINES);
    host_port_close(port);
    free(chip);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_documented), cmocka_unit_test(test_waits),
        cmocka_unit_test(test_syntax),     cmocka_unit_test(test_download),
        cmocka_unit_test(test_no_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
