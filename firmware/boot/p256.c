// SPDX-License-Identifier: Apache-2.0
//
// BearSSL's P-256 (ec_p256_m15) for verifying only, without the table of
// multiples of the generator: the generator is a point like any other. That
// saves 2 KiB and costs some time. Compiled with -fwhole-program, so that what
// nobody calls any more goes away.

#include <inner.h>

#define br_ec_p256_m15 p256_with_table
#include "src/ec/ec_p256_m15.c"
#undef br_ec_p256_m15

// B == NULL: the generator.
static uint32_t muladd(unsigned char *a, const unsigned char *b, size_t len,
                       const unsigned char *x, size_t xlen,
                       const unsigned char *y, size_t ylen, int curve)
{
    return api_muladd(a, b != NULL ? b : P256_G, len, x, xlen, y, ylen, curve);
}

__attribute__((externally_visible)) const br_ec_impl br_ec_p256_m15 = {
    .supported_curves = 1u << BR_EC_secp256r1,
    .generator = api_generator,
    .order = api_order,
    .xoff = api_xoff,
    .muladd = muladd,
};
