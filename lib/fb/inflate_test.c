// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/inflate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "lib/fb/testing.h"

#define MAX (1u << 18)

static uint8_t data[MAX], stream[2 * MAX], got[MAX];

// Input in parts of `part` bytes.
struct source {
    const uint8_t *p;
    size_t n, part;
    struct fb_inflate *i;
    bool ended; // more() has answered -1
};

static int more(void *ctx)
{
    struct source *s = ctx;
    size_t n = s->n < s->part ? s->n : s->part;

    assert_false(s->ended);
    if (n == 0) {
        s->ended = true;
        return -1;
    }
    s->i->in = s->p + 1;
    s->i->in_end = s->p + n;
    s->p += n;
    s->n -= n;
    return s->p[-(ptrdiff_t)n];
}

// Bytes that came out, SIZE_MAX for a stream that is bad. *left: input bytes
// that were not wanted.
static size_t inflate_all(const uint8_t *p, size_t n, size_t part, size_t *left)
{
    static struct fb_inflate i;
    static uint8_t window[FB_INFLATE_WINDOW];
    struct source s = {p, n, part, &i, false};
    size_t total = 0;

    memset(&i, 0xA5, sizeof(i));
    fb_inflate_init(&i, window, more, &s);
    for (;;) {
        const uint8_t *out;
        size_t len;
        enum fb_inflate_event event = fb_inflate_next(&i, &out, &len);

        if (event == FB_INFLATE_BAD) {
            return SIZE_MAX;
        }
        assert_true(len <= FB_INFLATE_PIECE);
        if (len > MAX - total) {
            return SIZE_MAX; // damaged, and longer than all we made
        }
        memcpy(got + total, out, len);
        total += len;
        if (event == FB_INFLATE_DONE) {
            *left = s.n + (size_t)(i.in_end - i.in);
            return total;
        }
    }
}

static size_t deflate_with(const uint8_t *p, size_t n, int level, int strategy,
                           int window_bits)
{
    z_stream z = {0};

    assert_int_equal(
        deflateInit2(&z, level, Z_DEFLATED, window_bits, 9, strategy), Z_OK);
    z.next_in = (uint8_t *)(uintptr_t)p;
    z.avail_in = (uInt)n;
    z.next_out = stream;
    z.avail_out = sizeof(stream);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return z.total_out;
}

// Noise, text-like and runs: all kinds of blocks and matches.
static void fill(size_t n, unsigned seed)
{
    uint32_t x = seed * 2654435761u + 1;

    for (size_t i = 0; i < n; i++) {
        x = x * 1664525 + 1013904223;
        switch (i / 9000 % 4) {
        case 0:
            data[i] = (uint8_t)(x >> 24);
            break;
        case 1:
            data[i] = (uint8_t)('a' + (x >> 28) % 7);
            break;
        case 2:
            data[i] = i > 32768 && x >> 31 ? data[i - 32768] : 0;
            break;
        default:
            data[i] = i >= 300 ? data[i - 1 - (x >> 30)] : 0;
            break;
        }
    }
}

static void test_equals_zlib(void **state)
{
    static const size_t sizes[] = {0,    1,     2,     4095,   4096,
                                   4097, 32768, 70001, 150000, MAX};
    static const int levels[] = {0, 1, 9};
    static const int strategies[] = {Z_DEFAULT_STRATEGY, Z_FIXED,
                                     Z_HUFFMAN_ONLY, Z_RLE};

    (void)state;
    for (unsigned k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
        fill(sizes[k], k);
        for (unsigned a = 0; a < 3; a++) {
            for (unsigned b = 0; b < 4; b++) {
                size_t left;
                size_t n = deflate_with(data, sizes[k], levels[a],
                                        strategies[b], a == 1 ? 9 : 15);

                memset(got, 0, sizeof(got));
                // 5 bytes follow the stream: they are left alone
                assert_int_equal(
                    inflate_all(stream, n + 5, b == 0 ? 1 : 16384, &left),
                    sizes[k]);
                assert_memory_equal(got, data, sizes[k]);
                assert_int_equal(left, 5);
            }
        }
    }
}

static void test_cut_anywhere(void **state)
{
    size_t left;
    size_t n;

    (void)state;
    fill(3000, 3);
    n = deflate_with(data, 3000, 9, Z_DEFAULT_STRATEGY, 15);
    for (size_t cut = 0; cut < n; cut++) {
        assert_int_equal(inflate_all(stream, cut, 100, &left), SIZE_MAX);
    }
    assert_int_equal(inflate_all(stream, n, 100, &left), 3000);
}

// Each bit of a stream flipped: zlib and we agree whether it is good, and none
// that is bad passes.
static void test_flipped_bits(void **state)
{
    static uint8_t other[MAX];

    (void)state;
    fill(400, 1);
    memcpy(data + 200, data, 200);
    for (int strategy = 0; strategy < 2; strategy++) {
        size_t n = deflate_with(data, 400, 9,
                                strategy ? Z_FIXED : Z_DEFAULT_STRATEGY, 15);

        for (size_t bit = 0; bit < 8 * n; bit++) {
            uLongf len = sizeof(other);
            size_t left;
            size_t ours;

            stream[bit / 8] ^= (uint8_t)(1u << bit % 8);
            ours = inflate_all(stream, n, 64, &left);
            if (uncompress(other, &len, stream, n) == Z_OK) {
                assert_int_equal(ours, len);
                assert_memory_equal(got, other, len);
            } else {
                assert_int_equal(ours, SIZE_MAX);
            }
            stream[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
}

// Streams made by hand, one fault each (RFC 1950, 1951). Their zlib verdict is
// asked for too.
static void test_bad_streams(void **state)
{
    static const struct {
        const char *what, *hex;
    } cases[] = {
        {"empty", ""},
        {"method 7", "779c0300000000001"},
        {"window of 64 KiB", "88 1c 03 00 00 00 00 01"},
        {"header check", "789d030000000001"},
        {"dictionary", "78bb0000000103000000000001"},
        {"block type 3", "789c0700000001"},
        {"stored length", "789c010100ffff6100620062"},
        {"distance too far", "789c4b04110000000000"},
        {"no end of block", "789c05c001010000008090fe"},
        {"too many literals", "789cfdff00000000000000000000"},
        {"repeat nothing", "789c0d8006080000000000000000"},
        {"checksum", "789c4b040000620063"},
    };
    uint8_t bytes[64], out[64];

    (void)state;
    for (unsigned k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        size_t n = testing_hex(bytes, sizeof(bytes), cases[k].hex);
        uLongf len = sizeof(out);
        size_t left;

        if (inflate_all(bytes, n, 1, &left) != SIZE_MAX ||
            uncompress(out, &len, bytes, n) == Z_OK) {
            fail_msg("accepted: %s", cases[k].what);
        }
    }
    assert_int_equal(inflate_all(bytes,
                                 testing_hex(bytes, 64, "789c4b040000620062"),
                                 1, &(size_t){0}),
                     1);
    assert_int_equal(got[0], 'a');
}

// Random bytes behind a good header: never a crash, never a wrong yes.
static void test_noise(void **state)
{
    static uint8_t other[MAX];
    uint32_t x = 7;

    (void)state;
    for (unsigned k = 0; k < 20000; k++) {
        uint8_t bytes[80] = {0x78, 0x9C};
        uLongf len = sizeof(other);
        size_t left;
        size_t ours;

        for (unsigned i = 2; i < sizeof(bytes); i++) {
            x = x * 1664525 + 1013904223;
            bytes[i] = (uint8_t)(x >> 24);
        }
        ours = inflate_all(bytes, sizeof(bytes), 7, &left);
        if (ours != SIZE_MAX) {
            assert_int_equal(uncompress(other, &len, bytes, sizeof(bytes)),
                             Z_OK);
            assert_int_equal(ours, len);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equals_zlib),
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_flipped_bits),
        cmocka_unit_test(test_bad_streams),
        cmocka_unit_test(test_noise),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
