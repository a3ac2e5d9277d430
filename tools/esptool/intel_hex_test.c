// SPDX-License-Identifier: Apache-2.0

#include "tools/esptool/intel_hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static enum fb_status parse(const char *text, struct intel_hex *hex,
                            struct fb_fault *fault)
{
    return intel_hex_parse((const uint8_t *)text, strlen(text), hex, fault);
}

// The example that Wikipedia and Intel's specification share.
static void test_example(void **state)
{
    (void)state;
    struct intel_hex hex;
    assert_int_equal(parse(":10010000214601360121470136007EFE09D2190140\n"
                           ":100110002146017E17C20001FF5F16002148011928\r\n"
                           ":10012000194E79234623965778239EDA3F01B2CAA7\n"
                           "\n"
                           ":100130003F0156702B5E712B722B732146013421C7\n"
                           ":00000001FF\n"
                           "what follows the end does not count\n",
                           &hex, NULL),
                     FB_OK);
    assert_int_equal(hex.count, 1);
    assert_int_equal(hex.region[0].address, 0x100);
    assert_int_equal(hex.region[0].size, 64);
    assert_int_equal(hex.region[0].data[0], 0x21);
    assert_int_equal(hex.region[0].data[63], 0x21);
    intel_hex_free(&hex);
}

static void test_addresses(void **state)
{
    (void)state;
    struct intel_hex hex;
    assert_int_equal(parse(":020000040001F9\n" // bits 31:16 = 1
                           ":0100040055A6\n"
                           ":020000021000EC\n" // segment 0x1000: 0x10000
                           ":0100000033CC\n"
                           ":0100010044BA\n"
                           ":0400000500000000F7\n" // a start address
                           ":00000001FF\n",
                           &hex, NULL),
                     FB_OK);
    assert_int_equal(hex.count, 2);
    assert_int_equal(hex.region[0].address, 0x10000);
    assert_int_equal(hex.region[0].size, 2);
    assert_int_equal(hex.region[1].address, 0x10004);
    assert_int_equal(hex.region[1].data[0], 0x55);
    intel_hex_free(&hex);
}

// Regions that come in any order are joined where they touch.
static void test_joins(void **state)
{
    (void)state;
    struct intel_hex hex;
    assert_int_equal(parse(":0100020003FA\n:0100000001FE\n:0100010002FC\n"
                           ":0100100009E6\n:00000001FF\n",
                           &hex, NULL),
                     FB_OK);
    assert_int_equal(hex.count, 2);
    assert_int_equal(hex.region[0].size, 3);
    assert_memory_equal(hex.region[0].data, "\1\2\3", 3);
    assert_int_equal(hex.region[1].address, 0x10);
    intel_hex_free(&hex);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum fb_status status;
        unsigned line;
    } rows[] = {
        {"", FB_E_NO_END, 0},
        {":0100000001FE\n", FB_E_NO_END, 1},
        {":0100000001FE\n:0100000001FD\n:00000001FF\n", FB_E_BAD_CHECKSUM, 2},
        {":0100000001FE\n:0100000001FE\n:00000001FF\n", FB_E_OVERLAP, 3},
        {":0100000001\n", FB_E_SYNTAX, 1},
        {":0200000001FE\n", FB_E_SYNTAX, 1},
        {":010000000GFE\n", FB_E_SYNTAX, 1},
        {":0100000601F8\n", FB_E_SYNTAX, 1}, // no such record
        {":01000004FFFC\n", FB_E_SYNTAX, 1}, // too short an address
        {"0100000001FE\n", FB_E_SYNTAX, 1},
        {":\n", FB_E_SYNTAX, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct intel_hex hex;
        struct fb_fault fault = {0};
        assert_int_equal(parse(rows[i].text, &hex, &fault), rows[i].status);
        assert_int_equal(fault.offset, rows[i].line);
    }
}

// Cut anywhere, a file is refused and nothing leaks.
static void test_cut(void **state)
{
    (void)state;
    const char text[] = ":0400000001020304F2\n:020000040001F9\n"
                        ":0400000005060708E2\n:00000001FF";
    for (size_t n = 0; n < sizeof text - 1; n++) {
        struct intel_hex hex;
        assert_int_not_equal(
            intel_hex_parse((const uint8_t *)text, n, &hex, NULL), FB_OK);
    }
    struct intel_hex hex;
    assert_int_equal(parse(text, &hex, NULL), FB_OK);
    intel_hex_free(&hex);
}

static void test_write(void **state)
{
    (void)state;
    uint8_t p[0x20];
    struct intel_hex_text text = {0};
    struct intel_hex hex;
    for (unsigned i = 0; i < sizeof p; i++) {
        p[i] = (uint8_t)(i * 37);
    }
    assert_int_equal(intel_hex_write(&text, true, 0xFFF5, p, sizeof p), FB_OK);
    assert_int_equal(intel_hex_end(&text), FB_OK);
    assert_int_equal(intel_hex_parse((uint8_t *)text.p, text.len, &hex, NULL),
                     FB_OK);
    assert_int_equal(hex.count, 1);
    assert_int_equal(hex.region[0].address, 0xFFF5);
    assert_memory_equal(hex.region[0].data, p, sizeof p);
    intel_hex_free(&hex);
    free(text.p);

    text = (struct intel_hex_text){0};
    assert_int_equal(intel_hex_write(&text, false, 0x100, p, 2), FB_OK);
    assert_int_equal(intel_hex_end(&text), FB_OK);
    assert_int_equal(text.len, strlen(":020100000025D8\n:00000001FF\n"));
    assert_memory_equal(text.p, ":020100000025D8\n:00000001FF\n", text.len);
    free(text.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_example), cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_joins),   cmocka_unit_test(test_refused),
        cmocka_unit_test(test_cut),     cmocka_unit_test(test_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
