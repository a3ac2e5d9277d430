// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/slip.h"

#include "lib/fb/testing.h"

// The SYNC request on the wire (esptool docs, "Serial Protocol").
static size_t sync_wire(uint8_t wire[64])
{
    return testing_hex(wire, 64,
                       "c0 00 08 24 00 00 00 00 00 07 07 12 20"
                       "55555555555555555555555555555555"
                       "55555555555555555555555555555555 c0");
}

static void encodes_published_frames(void **state)
{
    (void)state;
    uint8_t wire[64], out[64];
    size_t n = sync_wire(wire);
    assert_int_equal(n, 46);
    assert_int_equal(fb_slip_encode(out, sizeof(out), wire + 1, n - 2), n);
    assert_memory_equal(out, wire, n);

    static const uint8_t special[] = {0xC0, 0x01, 0xDB, 0xDC, 0xDD};
    n = testing_hex(wire, sizeof(wire), "c0 dbdc 01 dbdd dc dd c0");
    assert_int_equal(fb_slip_encode(out, sizeof(out), special, 5), n);
    assert_memory_equal(out, wire, n);
    assert_int_equal(fb_slip_encode(out, sizeof(out), NULL, 0), 2);
}

static void encodes_at_every_capacity(void **state)
{
    (void)state;
    static const uint8_t in[] = {1, 0xC0, 2, 0xDB, 3, 0xC0, 0xDB};
    const size_t need = 2 + sizeof(in) + 4;
    for (size_t cap = 0; cap <= 2 * sizeof(in) + 2; cap++) {
        uint8_t *out = testing_guarded(NULL, cap);
        assert_int_equal(fb_slip_encode(out, cap, in, sizeof(in)),
                         cap >= need ? need : 0);
        testing_guarded_free(out, cap);
    }
}

// What came out of a receiver, as one string of bytes to compare.
struct log {
    uint8_t bytes[1024];
    size_t n;
};

static void log_events(struct log *log, struct fb_slip_rx *rx,
                       const uint8_t *in, size_t n)
{
    while (n != 0) {
        size_t used = n + 1;
        enum fb_slip_event event = fb_slip_rx_push(rx, in, n, &used);
        assert_true(used <= n);
        assert_true(event != FB_SLIP_MORE || used == n);
        in += used;
        n -= used;
        if (event == FB_SLIP_MORE) {
            continue;
        }
        assert_true(rx->len <= rx->cap);
        assert_true(log->n + rx->len + 3 < sizeof(log->bytes));
        log->bytes[log->n++] = (uint8_t)event;
        if (event == FB_SLIP_FRAME) {
            log->bytes[log->n++] = (uint8_t)rx->len;
            memcpy(log->bytes + log->n, rx->buf, rx->len);
            log->n += rx->len;
        }
    }
}

#define CAP 8u

// The stream in one shot, byte by byte, and cut in two at every position, the
// second part by a copy of the receiver: always the same events.
static void expect_log(const char *stream, const char *events)
{
    uint8_t in[256], want[256];
    size_t n = testing_hex(in, sizeof(in), stream);
    size_t want_n = testing_hex(want, sizeof(want), events);
    for (size_t cut = 0; cut <= n + 1; cut++) {
        struct fb_slip_rx rx;
        struct log log = {.n = 0};
        uint8_t *buf = testing_guarded(NULL, CAP);
        fb_slip_rx_init(&rx, buf, CAP);
        if (cut <= n) {
            uint8_t *part = testing_guarded(in, cut);
            log_events(&log, &rx, part, cut);
            testing_guarded_free(part, cut);
            struct fb_slip_rx copy = rx;
            log_events(&log, &copy, in + cut, n - cut);
        } else {
            for (size_t i = 0; i < n; i++) {
                log_events(&log, &rx, in + i, 1);
            }
        }
        assert_int_equal(log.n, want_n);
        assert_memory_equal(log.bytes, want, want_n);
        testing_guarded_free(buf, CAP);
    }
}

static void decodes_streams(void **state)
{
    (void)state;
    expect_log("", "");
    expect_log("65747320 0d0a", "");
    // FRAME (1), length, bytes; text before the first END is ignored.
    expect_log("657473 c0 0102 c0", "01 02 0102");
    // END alone, and END as both end and start.
    expect_log("c0 c0c0 01 c0c0 02 c0", "01 01 01 01 01 02");
    expect_log("c0 01 c0 02 c0", "01 01 01 01 01 02");
    expect_log("c0 dbdc dbdd c0", "01 02 c0db");
    // Exactly cap bytes fit; one more, or a long one, is TOO_LONG (2).
    expect_log("c0 0102030405060708 c0", "01 08 0102030405060708");
    expect_log("c0 01020304050607dbdc c0", "01 08 01020304050607c0");
    expect_log("c0 010203040506070809 c0 01 c0", "02 01 01 01");
    expect_log("c0 01020304050607080910111213141516 c0 01 c0", "02 01 01 01");
    expect_log("c0 0102030405060708dbdc c0 01 c0", "02 01 01 01");
    // A wrong escape, and an END where an escape should go on: BAD (3).
    expect_log("c0 01 db02 03 c0 04 c0", "03 01 01 04");
    expect_log("c0 01 db c0 04 c0", "03 01 01 04");
    expect_log("c0 db db dc c0", "03");
}

static void zero_capacity_takes_no_frame(void **state)
{
    (void)state;
    struct fb_slip_rx rx;
    fb_slip_rx_init(&rx, NULL, 0);
    static const uint8_t in[] = {0xC0, 1, 0xC0};
    size_t used;
    assert_int_equal(fb_slip_rx_push(&rx, in, 3, &used), FB_SLIP_TOO_LONG);
    assert_int_equal(used, 3);
}

static void round_trip_random(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (unsigned round = 0; round < 2000; round++) {
        uint8_t in[64], wire[130], buf[64];
        size_t n = testing_random32(&seed) % sizeof(in);
        for (size_t i = 0; i < n; i++) {
            // Special bytes are frequent.
            static const uint8_t some[] = {0xC0, 0xDB, 0xDC, 0xDD};
            uint32_t r = testing_random32(&seed) >> 8;
            in[i] = (uint8_t)(r & 4 ? some[r & 3] : r >> 8);
        }
        size_t wire_n = fb_slip_encode(wire, sizeof(wire), in, n);
        assert_true(wire_n != 0);
        struct fb_slip_rx rx;
        fb_slip_rx_init(&rx, buf, sizeof(buf));
        size_t used;
        enum fb_slip_event event = fb_slip_rx_push(&rx, wire, wire_n, &used);
        assert_int_equal(used, wire_n);
        assert_int_equal(event, n == 0 ? FB_SLIP_MORE : FB_SLIP_FRAME);
        assert_int_equal(rx.len, n);
        assert_memory_equal(buf, in, n);
    }
}

static void garbage_stays_inside(void **state)
{
    (void)state;
    uint64_t seed = 7;
    uint8_t *buf = testing_guarded(NULL, CAP);
    struct fb_slip_rx rx;
    fb_slip_rx_init(&rx, buf, CAP);
    for (unsigned round = 0; round < 20000; round++) {
        struct log log = {.n = 0};
        uint8_t in[16];
        for (size_t i = 0; i < sizeof(in); i++) {
            uint32_t r = testing_random32(&seed) >> 9;
            in[i] = (uint8_t)(r & 3 ? (r & 4 ? 0xC0 : 0xDB) : r >> 4);
        }
        log_events(&log, &rx, in, sizeof(in));
    }
    // And it still works.
    struct log log = {.n = 0};
    static const uint8_t in[] = {0xC0, 0xC0, 5, 0xC0};
    log_events(&log, &rx, in, 1);
    log.n = 0;
    log_events(&log, &rx, in + 1, 3);
    assert_memory_equal(log.bytes, "\x01\x01\x05", 3);
    testing_guarded_free(buf, CAP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encodes_published_frames),
        cmocka_unit_test(encodes_at_every_capacity),
        cmocka_unit_test(decodes_streams),
        cmocka_unit_test(zero_capacity_takes_no_frame),
        cmocka_unit_test(round_trip_random),
        cmocka_unit_test(garbage_stays_inside),
    };
    return cmocka_run_group_tests_name("slip", tests, NULL, NULL);
}
