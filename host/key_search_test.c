// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/testing.h"

#include "host/key_search.h"

// The generator of P-256 (SEC 2, 2.4.2) and its double (NIST's point
// multiplication vectors, k = 2).
#define G                                                                      \
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"         \
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
#define G2                                                                     \
    "7cf27b188d034f7e8a52380304b51ac3c08969e277f21b35a60b48fc47669978"         \
    "07775510db8ed040293d9ac69f7430dbba7dade63ce982299e04b79d227873d1"

static void test_points_are_found_in_noise(void **state)
{
    uint8_t noise[4096], pub[4][64], want[64];
    uint64_t seed = 1;

    (void)state;
    testing_random(&seed, noise, sizeof noise);
    assert_int_equal(host_key_search(noise, sizeof noise, pub, 4), 0);
    (void)testing_hex(noise + 100, 64, G2);
    (void)testing_hex(noise + 1000, 64, G);
    (void)testing_hex(noise + 2000, 64, G2); // the same once more
    (void)testing_hex(noise + 4032, 64, G);  // and at the end
    assert_int_equal(host_key_search(noise, sizeof noise, pub, 4), 2);
    (void)testing_hex(want, 64, G2);
    assert_memory_equal(pub[0], want, 64);
    (void)testing_hex(want, 64, G);
    assert_memory_equal(pub[1], want, 64);
    assert_int_equal(host_key_search(noise, sizeof noise, pub, 1), 1);
    noise[100] ^= 1;
    noise[2063] ^= 1;
    assert_int_equal(host_key_search(noise, sizeof noise, pub, 4), 1);
}

static void test_short_input(void **state)
{
    uint8_t bytes[64], pub[64];

    (void)state;
    (void)testing_hex(bytes, 64, G);
    for (size_t n = 0; n < 64; n++) {
        assert_int_equal(host_key_search(testing_guarded(bytes, n), n, &pub, 1),
                         0);
    }
    assert_int_equal(host_key_search(testing_guarded(bytes, 64), 64, &pub, 1),
                     1);
}

int main(void)
{
    const struct CMUnitTest t[] = {
        cmocka_unit_test(test_points_are_found_in_noise),
        cmocka_unit_test(test_short_input),
    };
    return cmocka_run_group_tests(t, NULL, NULL);
}
