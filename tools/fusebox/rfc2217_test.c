// SPDX-License-Identifier: Apache-2.0

#include "tools/fusebox/rfc2217.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct seen {
    uint8_t data[256];
    size_t data_len;
    uint8_t reply[256];
    size_t reply_len;
    unsigned line_changes;
    bool dtr;
    bool rts;
};

static void on_data(void *ctx, const uint8_t *p, size_t n)
{
    struct seen *s = ctx;
    memcpy(s->data + s->data_len, p, n);
    s->data_len += n;
}

static void on_reply(void *ctx, const uint8_t *p, size_t n)
{
    struct seen *s = ctx;
    memcpy(s->reply + s->reply_len, p, n);
    s->reply_len += n;
}

static void on_lines(void *ctx, bool dtr, bool rts)
{
    struct seen *s = ctx;
    s->line_changes++;
    s->dtr = dtr;
    s->rts = rts;
}

// Push in pieces of every size up to n and compare what comes out.
static void push_all_ways(const uint8_t *p, size_t n, const struct seen *want)
{
    for (size_t piece = 1; piece <= n; piece++) {
        struct rfc2217 r;
        struct seen seen = {0};
        struct rfc2217_callbacks cb = {&seen, on_data, on_reply, on_lines};
        rfc2217_init(&r);
        for (size_t i = 0; i < n; i += piece) {
            rfc2217_push(&r, p + i, n - i < piece ? n - i : piece, &cb);
        }
        assert_int_equal(seen.data_len, want->data_len);
        assert_memory_equal(seen.data, want->data, want->data_len);
        assert_int_equal(seen.reply_len, want->reply_len);
        assert_memory_equal(seen.reply, want->reply, want->reply_len);
        assert_int_equal(seen.line_changes, want->line_changes);
        assert_int_equal(seen.dtr, want->dtr);
        assert_int_equal(seen.rts, want->rts);
    }
}

static void test_data_and_doubled_iac(void **state)
{
    (void)state;
    static const uint8_t in[] = {'a', 0xFF, 0xFF, 'b', 0, 0xFF, 0xFF};
    struct seen want = {.data = {'a', 0xFF, 'b', 0, 0xFF}, .data_len = 5};
    push_all_ways(in, sizeof in, &want);
}

static void test_options(void **state)
{
    (void)state;
    // DO BINARY, WILL BINARY, WILL COM-PORT, DO ECHO (RFC 854, 856, 2217).
    static const uint8_t in[] = {255, 253, 0,  255, 251, 0,
                                 255, 251, 44, 255, 253, 1};
    struct seen want = {
        .reply = {255, 251, 0, 255, 253, 0, 255, 253, 44, 255, 252, 1},
        .reply_len = 12};
    push_all_ways(in, sizeof in, &want);
}

static void test_an_option_is_answered_once(void **state)
{
    (void)state;
    static const uint8_t in[] = {255, 251, 44, 255, 251, 44};
    struct seen want = {.reply = {255, 253, 44}, .reply_len = 3};
    push_all_ways(in, sizeof in, &want);
}

static void test_baud_rate(void **state)
{
    (void)state;
    // RFC 2217, SET-BAUDRATE 921600: answered as command 101.
    static const uint8_t in[] = {255,  250,  44,   1,   0x00,
                                 0x0E, 0x10, 0x00, 255, 240};
    struct seen want = {
        .reply = {255, 250, 44, 101, 0x00, 0x0E, 0x10, 0x00, 255, 240},
        .reply_len = 10};
    push_all_ways(in, sizeof in, &want);
}

static void test_lines(void **state)
{
    (void)state;
    // SET-CONTROL 8 (DTR on), 11 (RTS on), 9 (DTR off).
    static const uint8_t in[] = {255, 250, 44, 5, 8,  255, 240,
                                 255, 250, 44, 5, 11, 255, 240,
                                 255, 250, 44, 5, 9,  255, 240};
    struct seen want = {.reply = {255, 250, 44, 105, 8,  255, 240,
                                  255, 250, 44, 105, 11, 255, 240,
                                  255, 250, 44, 105, 9,  255, 240},
                        .reply_len = 21,
                        .line_changes = 3,
                        .dtr = false,
                        .rts = true};
    push_all_ways(in, sizeof in, &want);
}

static void test_garbage_does_no_harm(void **state)
{
    (void)state;
    struct rfc2217 r;
    uint32_t x = 1;
    rfc2217_init(&r);
    for (int i = 0; i < 20000; i++) {
        struct seen seen = {0};
        struct rfc2217_callbacks cb = {&seen, on_data, on_reply, on_lines};
        uint8_t in[8];
        for (size_t k = 0; k < sizeof in; k++) {
            x = x * 1664525u + 1013904223u;
            in[k] = (x >> 28) < 6 ? (uint8_t)(240 + (x >> 24 & 15))
                                  : (uint8_t)(x >> 16);
        }
        rfc2217_push(&r, in, sizeof in, &cb);
        assert_true(seen.data_len <= sizeof in);
        assert_true(seen.reply_len <= 100);
    }
}

static void test_encode(void **state)
{
    (void)state;
    uint8_t out[6];
    assert_int_equal(rfc2217_encode(out, (const uint8_t *)"\x01\xFF\x02", 3),
                     4);
    assert_memory_equal(out, "\x01\xFF\xFF\x02", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_data_and_doubled_iac),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_an_option_is_answered_once),
        cmocka_unit_test(test_baud_rate),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_garbage_does_no_harm),
        cmocka_unit_test(test_encode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
