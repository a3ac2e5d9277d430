// SPDX-License-Identifier: Apache-2.0
//
// The bootloader's side of lib/fb/crypto.h against numbers of others. The
// accelerator is played by BearSSL; the real driver runs in boot_chip_test.c.

#define _DEFAULT_SOURCE // for testing.h

#include "lib/fb/testing.h"

#include <bearssl.h>

#include "firmware/boot/crypto.c"
#include "firmware/boot/p256.c"
#include "firmware/stub/md5.c"

static br_sha256_context engine;

void sha_init(void)
{
}

void sha256_block(const uint8_t p[SHA256_BLOCK], bool first)
{
    if (first) {
        br_sha256_init(&engine);
    }
    br_sha256_update(&engine, p, SHA256_BLOCK);
}

void sha256_state(uint8_t out[32])
{
    (void)br_sha256_state(&engine, out);
}

static void hex_equal(const uint8_t *p, size_t n, const char *text)
{
    uint8_t want[64];

    assert_int_equal(testing_hex(want, sizeof(want), text), n);
    assert_memory_equal(p, want, n);
}

// FIPS 180-4 examples.
static void test_sha256_examples(void **state)
{
    static const char text[] =
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    struct fb_sha256 c;
    uint8_t out[32];

    (void)state;
    fb_sha256_init(&c);
    fb_sha256_update(&c, "abc", 3);
    fb_sha256_final(&c, out);
    hex_equal(out, 32,
              "ba7816bf8f01cfea414140de5dae2223"
              "b00361a396177a9cb410ff61f20015ad");
    fb_sha256_init(&c);
    fb_sha256_update(&c, text, sizeof(text) - 1);
    fb_sha256_final(&c, out);
    hex_equal(out, 32,
              "248d6a61d20638b8e5c026930c3e6039"
              "a33ce45964ff2167f6ecedd419db06c1");
}

// Every length up to some blocks, in one piece, byte by byte, and cut at every
// position.
static void test_sha256_pieces(void **state)
{
    uint8_t data[200], want[32], out[32];
    struct fb_sha256 c;

    (void)state;
    for (unsigned i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(7 * i);
    }
    for (unsigned n = 0; n <= sizeof(data); n++) {
        br_sha256_context other;

        br_sha256_init(&other);
        br_sha256_update(&other, data, n);
        br_sha256_out(&other, want);
        for (unsigned cut = 0; cut <= n; cut++) {
            fb_sha256_init(&c);
            fb_sha256_update(&c, data, cut);
            fb_sha256_update(&c, data + cut, n - cut);
            fb_sha256_final(&c, out);
            assert_memory_equal(out, want, 32);
        }
        fb_sha256_init(&c);
        for (unsigned i = 0; i < n; i++) {
            fb_sha256_update(&c, data + i, 1);
        }
        fb_sha256_final(&c, out);
        assert_memory_equal(out, want, 32);
    }
}

// RFC 1321, A.5.
static void test_md5(void **state)
{
    uint8_t out[16];

    (void)state;
    fb_md5("", 0, out);
    hex_equal(out, 16, "d41d8cd98f00b204e9800998ecf8427e");
    fb_md5("message digest", 14, out);
    hex_equal(out, 16, "f96b697d7cb7938d525a2f31aaf161d0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha256_examples),
        cmocka_unit_test(test_sha256_pieces),
        cmocka_unit_test(test_md5),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
