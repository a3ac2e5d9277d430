// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/boot_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

// As a board prints it (ESP-IDF docs, "Bootloader"; the lines `ho ...` come in
// between on some).
static const char board[] =
    "ets Jun  8 2016 00:22:57\r\n"
    "\r\n"
    "rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n"
    "configsip: 0, SPIWP:0xee\r\n"
    "clk_drv:0x00,q_drv:0x00,d_drv:0x00,cs0_drv:0x00,hd_drv:0x00,wp_drv:"
    "0x00\r\n"
    "mode:DIO, clock div:2\r\n"
    "load:0x3fff0018,len:4\r\n"
    "load:0x3fff001c,len:8452\r\n"
    "ho 0 tail 12 room 4\r\n"
    "load:0x40078000,len:13608\r\n"
    "load:0x40080400,len:6664\r\n"
    "entry 0x40080764\r\n"
    "load:0x11111111,len:1\r\n";

static const struct fb_image image = {
    .header = {.segments = 4},
    .segment = {{0x3FFF0018, 4, 0},
                {0x3FFF001C, 8452, 0},
                {0x40078000, 13608, 0},
                {0x40080400, 6664, 0}},
};

static void test_a_start(void **state)
{
    struct fb_boot_log log;

    (void)state;
    fb_boot_log_parse(board, &log);
    assert_true(log.started);
    assert_int_equal(log.loads, 4); // what the program says does not count
    assert_int_equal(log.load[3].vaddr, 0x40080400);
    assert_int_equal(log.load[3].len, 6664);
    assert_true(fb_boot_log_is(&log, &image));
}

static void test_another_image(void **state)
{
    struct fb_image other;
    struct fb_boot_log log;

    (void)state;
    fb_boot_log_parse(board, &log);
    for (unsigned i = 0; i < 4; i++) {
        other = image;
        other.segment[i].vaddr ^= 4;
        assert_false(fb_boot_log_is(&log, &other));
        other = image;
        other.segment[i].len += 4;
        assert_false(fb_boot_log_is(&log, &other));
    }
    other = image;
    other.header.segments = 3;
    assert_false(fb_boot_log_is(&log, &other));
    other.header.segments = 5;
    assert_false(fb_boot_log_is(&log, &other));
}

// The last start counts, and what was cut off does not.
static void test_starts_again(void **state)
{
    char text[2 * sizeof board] = "";
    struct fb_boot_log log;
    size_t cut = (size_t)(strstr(board, "entry") - board);

    (void)state;
    memcpy(text, board, sizeof board - 1);
    memcpy(text + sizeof board - 1, board, cut);
    fb_boot_log_parse(text, &log);
    assert_false(log.started);
    assert_true(fb_boot_log_is(&log, &image));
    (void)strcat(text, "secure boot check fail\r\nets_main.c 371 \r\n");
    fb_boot_log_parse(text, &log);
    assert_false(log.started);
    fb_boot_log_parse("rst:0x10 (RTCWDT_RTC_RESET),boot:0x13\n"
                      "invalid header: 0xffffffff\n",
                      &log);
    assert_int_equal(log.loads, 0);
    fb_boot_log_parse("", &log);
    assert_false(log.started);
}

// Revision 3 with Secure Boot V2.
static void test_v2(void **state)
{
    struct fb_boot_log log;

    (void)state;
    fb_boot_log_parse("load:0x3fff0018 len:0x4\nload:0x3fff001c len:0x2104\n"
                      "load:0x40078000 len:0x3528\nload:0x40080400 len:0x1a08\n"
                      "entry 0x40080764\n",
                      &log);
    assert_true(log.started && fb_boot_log_is(&log, &image));
}

static void test_nonsense(void **state)
{
    static const char *const lines[] = {"load:0x,len:4",
                                        "load:0x4,len",
                                        "load:0xfffffffff,len:4",
                                        "load:0x3fff0018",
                                        "load:0x3fff0018,len:99999999999",
                                        "load:3fff0018,len:4",
                                        " load:0x3fff0018,len:4"};
    char many[20 * 24 + 1] = "";
    struct fb_boot_log log;

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        fb_boot_log_parse(lines[i], &log);
        assert_int_equal(log.loads, 0);
    }
    for (unsigned i = 0; i < 20; i++) {
        (void)strcat(many, "load:0x3fff0018,len:4\n");
    }
    fb_boot_log_parse(many, &log);
    assert_int_equal(log.loads, FB_IMAGE_SEGMENTS_MAX);
    assert_false(fb_boot_log_is(&log, &image));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_start), cmocka_unit_test(test_another_image),
        cmocka_unit_test(test_starts_again), cmocka_unit_test(test_v2),
        cmocka_unit_test(test_nonsense)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
