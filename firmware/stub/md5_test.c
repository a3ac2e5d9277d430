// SPDX-License-Identifier: Apache-2.0

#include "firmware/stub/md5.c"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/fb/crypto.h"
#include "lib/fb/testing.h"

static void sum(const void *p, size_t n, size_t part, uint8_t out[16])
{
    const uint8_t *bytes = p;
    struct md5 c;

    md5_init(&c);
    for (size_t i = 0; i < n; i += part) {
        md5_update(&c, bytes + i, n - i < part ? n - i : part);
    }
    md5_final(&c, out);
}

// RFC 1321, A.5.
static void test_rfc1321(void **state)
{
    static const char *const vectors[][2] = {
        {"", "d41d8cd98f00b204e9800998ecf8427e"},
        {"a", "0cc175b9c0f1b6a831c399e269772661"},
        {"abc", "900150983cd24fb0d6963f7d28e17f72"},
        {"message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
        {"abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
         "d174ab98d277d9f5a5611c2c9f419d9f"},
        {"1234567890123456789012345678901234567890123456789012345678901234567"
         "8901234567890",
         "57edf4a22be3c955ac49da2e2107b67a"},
    };

    (void)state;
    for (unsigned i = 0; i < 7; i++) {
        uint8_t want[16], got[16];

        testing_hex(want, sizeof(want), vectors[i][1]);
        sum(vectors[i][0], strlen(vectors[i][0]), 1, got);
        assert_memory_equal(got, want, 16);
    }
}

static void test_every_length(void **state)
{
    uint8_t data[300];

    (void)state;
    for (unsigned i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i * 7 + i / 11);
    }
    for (size_t n = 0; n <= sizeof(data); n++) {
        uint8_t want[16], got[16];

        fb_md5(data, n, want);
        sum(data, n, 1 + n % 97, got);
        assert_memory_equal(got, want, 16);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc1321),
        cmocka_unit_test(test_every_length),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
