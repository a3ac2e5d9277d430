// SPDX-License-Identifier: Apache-2.0

#include "tools/esptool/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct host_loader loader(void)
{
    return (struct host_loader){.limits = {.command = 3000,
                                           .sync = 100,
                                           .md5_per_mb = 8000,
                                           .block_attempts = 3}};
}

static void test_values(void **state)
{
    (void)state;
    unsigned line;
    struct host_loader l = loader();
    assert_true(esptool_config_parse("[other]\ntimeout = 1\n"
                                     "# comment\n; comment\n\n"
                                     "[esptool]\r\n"
                                     "timeout = 4.5\n"
                                     "  sync_timeout:0.05  \n"
                                     "write_block_attempts=7\n"
                                     "connect_attempts = -1\n"
                                     "custom_reset_sequence = D0|R1|W0.1\n"
                                     "max_timeout = 100\n"
                                     "reset_delay = 0.25\n"
                                     "serial_write_timeout = 2.5\n"
                                     "no_such_key = 1\n"
                                     "[tail]\nmd5_timeout_per_mb = x\n",
                                     &line));
    assert_int_equal(line, 0);
    esptool_config_apply(&l);
    assert_int_equal(l.limits.command, 4500);
    assert_int_equal(l.limits.sync, 50);
    assert_int_equal(l.limits.md5_per_mb, 8000);
    assert_int_equal(l.limits.block_attempts, 7);
    assert_int_equal(l.limits.longest, 100000);
    assert_int_equal(l.reset_delay_ms, 250);
    assert_int_equal(host_port_write_limit(), 2500);
    assert_string_equal(l.download_sequence, "D0|R1|W0.1");
    assert_null(l.hard_reset_sequence);
    assert_int_equal(esptool_config_connect_attempts(3), -1);
    assert_int_equal(esptool_config_open_attempts(3), 3);
}

static void test_no_section(void **state)
{
    (void)state;
    unsigned line;
    struct host_loader l = loader();
    assert_false(esptool_config_parse("", &line));
    assert_false(esptool_config_parse("timeout = 9\n[esptoolx]\n", &line));
    esptool_config_apply(&l);
    assert_int_equal(l.limits.command, 3000);
}

static void test_mistakes(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "[esptool]\n\ntimeout = soon\n", "[esptool]\n\ntimeout\n",
        "[esptool]\n\ntimeout =\n",      "[esptool]\n\ntimeout = 3s\n",
        "[esptool]\n\ntimeout = 1e99\n", "[esptool]\n\ntimeout = nan\n",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned line = 0;
        assert_true(esptool_config_parse(rows[i], &line));
        assert_int_equal(line, 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_no_section),
        cmocka_unit_test(test_mistakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
