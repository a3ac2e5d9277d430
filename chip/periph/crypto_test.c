// SPDX-License-Identifier: Apache-2.0
//
// The four accelerators: SHA, AES, RSA, Secure Boot.

#define _DEFAULT_SOURCE // for testing.h

#include "chip/periph/aes.h"
#include "chip/periph/rsa.h"
#include "chip/periph/secure_boot.h"
#include "chip/periph/sha.h"

#include "chip/testing.h"

#define AES 0x3FF01000u
#define RSA 0x3FF02000u
#define SHA 0x3FF03000u
#define SB  0x3FF04000u

static struct rig *powered(void)
{
    struct rig *rig = rig_new(0, CHIP_STRAP_FLASH_BOOT);

    chip_power_on(rig->chip);
    return rig;
}

static void text_be(struct rig *rig, const uint8_t *p, size_t n)
{
    for (uint32_t i = 0; i < n; i += 4) {
        rig_put(rig, SHA + i, load32_be(p + i));
    }
}

static void digest_is(struct rig *rig, uint32_t load, const char *hex)
{
    uint8_t want[64];
    size_t n = testing_hex(want, sizeof want, hex);

    rig_put(rig, load, 1);
    assert_int_equal(rig_get(rig, load + 4), 0); // BUSY
    for (uint32_t i = 0; i < n; i += 4) {
        assert_int_equal(rig_get(rig, SHA + i), load32_be(want + i));
    }
}

// FIPS 180-4 examples "abc" and, over two blocks, the longer ones.
static void hashes(void **state)
{
    static const struct {
        uint32_t start;
        size_t block;
        const char *digest;
    } abc[] = {
        {SHA + 0x80, 64, "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {SHA + 0x90, 64,
         "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {SHA + 0xA0, 128,
         "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
         "8086072ba1e7cc2358baeca134c825a7"},
        {SHA + 0xB0, 128,
         "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
         "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
    };
    struct rig *rig = powered();
    uint8_t block[128];

    (void)state;
    for (size_t i = 0; i < sizeof abc / sizeof abc[0]; i++) {
        memset(block, 0, sizeof block);
        memcpy(block, "abc\x80", 4);
        block[abc[i].block - 1] = 24;
        text_be(rig, block, abc[i].block);
        rig_put(rig, abc[i].start, 1);
        digest_is(rig, abc[i].start + 8, abc[i].digest);
    }
    memset(block, 0, sizeof block);
    memcpy(block,
           "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq\x80", 57);
    text_be(rig, block, 64);
    rig_put(rig, SHA + 0x90, 1);
    memset(block, 0, 64);
    store32_be(block + 60, 448);
    text_be(rig, block, 64);
    rig_put(rig, SHA + 0x94, 1);
    digest_is(
        rig, SHA + 0x98,
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    rig_free(rig);
}

// FIPS 197, appendix C.
static void ciphers(void **state)
{
    static const char *const cipher[] = {"69c4e0d86a7b0430d8cdb78070b4c55a",
                                         "dda97ca4864cdfe06eaf70a0ec0d7191",
                                         "8ea2b7ca516745bfeafc49904b496089"};
    struct rig *rig = powered();
    uint8_t want[16];

    (void)state;
    for (uint32_t mode = 0; mode < 3; mode++) {
        testing_hex(want, sizeof want, cipher[mode]);
        for (uint32_t i = 0; i < 8; i++) {
            rig_put(rig, AES + 0x10 + 4 * i, 0x03020100 + i * 0x04040404);
        }
        for (uint32_t i = 0; i < 4; i++) {
            rig_put(rig, AES + 0x30 + 4 * i, 0x33221100 + i * 0x44444444);
        }
        rig_put(rig, AES + 0x08, mode);
        rig_put(rig, AES, 1);
        assert_int_equal(rig_get(rig, AES + 4), 1); // idle
        for (uint32_t i = 0; i < 4; i++) {
            assert_int_equal(rig_get(rig, AES + 0x30 + 4 * i),
                             load32_le(want + 4 * i));
        }
        rig_put(rig, AES + 0x08, mode | 4);
        rig_put(rig, AES, 1);
        for (uint32_t i = 0; i < 4; i++) {
            assert_int_equal(rig_get(rig, AES + 0x30 + 4 * i),
                             0x33221100 + i * 0x44444444);
        }
    }
    rig_free(rig);
}

// Random numbers by Python 3: r2 = pow(2, 1024, m), power = pow(x, y, m),
// product = x * y, montgomery = x * r2 * pow(2, -512, m) % m.
static const uint32_t m[16] = {0x52E6B439, 0xF2A74DE4, 0x269E0D37, 0x6513270E,
                               0xA6A3A450, 0x0C5C7FD0, 0x128B2F33, 0xD23F0824,
                               0x892F902B, 0x1818E811, 0x5D9DC9F8, 0x9531985D,
                               0x0ED90475, 0xE8E25D94, 0x81E74EF5, 0xB6F675CC};
static const uint32_t x[16] = {0x099950D8, 0x1600A35A, 0x6F03675A, 0x6B0D549B,
                               0x11E20B8F, 0x3D9C1724, 0x1738F7D9, 0x8D116ECE,
                               0x6CAD4A26, 0x0F21DDB6, 0xD3AC94AF, 0x90C192CF,
                               0x1FB17C23, 0xF28C105D, 0x39263059, 0x50B8599C};
static const uint32_t y[16] = {0xA09F76B5, 0x953F48F1, 0xF29D0DA9, 0x0FD630F1,
                               0x93BD04CF, 0x95E60AF5, 0x658CDA14, 0x0CB1E29C,
                               0xF9EBDACC, 0x3898D190, 0x0BECD7B0, 0x8E81973E,
                               0xDBC496CB, 0x2217BEAD, 0x4A23D596, 0x6B4CB242};
static const uint32_t r2[16] = {0xA2917445, 0x9483ADD9, 0xE08FE227, 0x2A497D51,
                                0xA6A3B8B6, 0x36A59156, 0xD66CC236, 0x2ED94EC8,
                                0x28D9CD8F, 0x71C20461, 0x8042D613, 0x37951B30,
                                0x759632A2, 0x0ADE8AD7, 0x097F70F4, 0x40D2639E};
static const uint32_t power[16] = {
    0x22E6459C, 0xA0047EF4, 0xD7991797, 0x658EEEEC, 0x4860492F, 0xC093B008,
    0x53E2E04C, 0xB73892E7, 0xF86384CE, 0xE5F1B613, 0x14D6F103, 0x0BEE0E31,
    0x084AF414, 0xDAEB991D, 0xC0803583, 0x679B4267};
static const uint32_t product[32] = {
    0xAAD1B8B8, 0x59E4A32D, 0xF0D2B32A, 0xBBA7CBB8, 0x01A514F5, 0xC5CDC85F,
    0xE06F99BB, 0x61E80D76, 0xB639E978, 0xEDC5D450, 0x2418C2D9, 0x2FD636C8,
    0x0386DB93, 0x050274D9, 0x2A8D3B3E, 0xF5B17AA9, 0xCB61241A, 0xE6B69564,
    0xB86128D7, 0x73D3106B, 0xDEE99EAB, 0x77C5A211, 0x326FD1F6, 0x3A0B9B68,
    0x9AEA0C9A, 0xDADB6F07, 0x552CFE4D, 0xD0D2498C, 0x0367C833, 0x5EBFDE21,
    0xFB7A3E03, 0x21D53C63};
static const uint32_t montgomery[16] = {
    0x1441A32D, 0x5E44F11E, 0xCC19E154, 0x2DC7EC4D, 0xCBF1369B, 0xF0EE8DE6,
    0x9BC9AC95, 0x0EECF568, 0xC102510A, 0x211CCDAD, 0xE48DB080, 0x08C47508,
    0x7EA585E6, 0x4B3A2FAE, 0xEEB91211, 0x5BF4FAF2};
#define M_DASH 0x3EFB05F7u

static void put_number(struct rig *rig, uint32_t at, const uint32_t *p,
                       unsigned n)
{
    for (uint32_t i = 0; i < n; i++) {
        rig_put(rig, RSA + at + 4 * i, p[i]);
    }
}

static void result_is(struct rig *rig, const uint32_t *want, unsigned n)
{
    assert_int_equal(rig_get(rig, RSA + 0x814), 1);
    for (uint32_t i = 0; i < n; i++) {
        assert_int_equal(rig_get(rig, RSA + 0x200 + 4 * i), want[i]);
    }
    rig_put(rig, RSA + 0x814, 1);
    assert_int_equal(rig_get(rig, RSA + 0x814), 0);
}

static void multiplies(void **state)
{
    static const uint32_t zero[16];
    struct rig *rig = powered();

    (void)state;
    assert_int_equal(rig_get(rig, RSA + 0x818), 1); // memory is clean
    put_number(rig, 0x000, m, 16);
    put_number(rig, 0x600, x, 16);
    put_number(rig, 0x400, y, 16);
    put_number(rig, 0x200, r2, 16);
    rig_put(rig, RSA + 0x800, M_DASH);
    rig_put(rig, RSA + 0x804, 0);
    rig_put(rig, RSA + 0x808, 1);
    result_is(rig, power, 16);
    put_number(rig, 0x200, r2, 16);
    rig_put(rig, RSA + 0x80C, 0);
    rig_put(rig, RSA + 0x810, 1);
    result_is(rig, montgomery, 16);
    put_number(rig, 0x200, zero, 16);
    put_number(rig, 0x240, y, 16);
    rig_put(rig, RSA + 0x80C, 9);
    rig_put(rig, RSA + 0x810, 1);
    result_is(rig, product, 32);
    rig_free(rig);
}

static void put_block(struct rig *rig, const uint8_t block[128])
{
    for (uint32_t i = 0; i < 128; i += 4) {
        rig_put(rig, SB + 0x80 + i, load32_le(block + i));
    }
    rig_put(rig, SB + 0x1C4, 1);
    assert_int_equal(rig_get(rig, SB + 0x1D4), 0);
}

static void absorb(struct rig *rig)
{
    uint8_t block[128];

    rig_put(rig, SB + 0x1C0, 1);
    for (unsigned i = 0; i < 128; i++) {
        block[i] = (uint8_t)i; // the IV
    }
    put_block(rig, block);
    for (unsigned part = 0; part < 256; part += 128) {
        for (unsigned i = 0; i < 128; i++) {
            block[i] = (uint8_t)(7 * (part + i) + 3);
        }
        put_block(rig, block);
    }
}

// Key 00..1f, IV 00..7f, 256 bytes (7 i + 3) mod 256: digest as espsecure
// digest_secure_bootloader makes it (tests/vectors/secure_boot_v1).
static void computes_the_bootloader_digest(void **state)
{
    struct rig *rig = powered();
    uint8_t want[64];

    (void)state;
    testing_hex(
        want, sizeof want,
        "722b550c81234aa81222c9b38ce84a54b7f4675e3e8164c71a227c21ca105944"
        "63ef9a0e66d247a331704482404a4715140d3464c8f8238e48f2b800c07d0ff9");
    for (unsigned i = 0; i < 8; i++) {
        rig_burn(rig, 2, i, 0x1C1D1E1Fu - i * 0x04040404u);
    }
    absorb(rig);
    rig_put(rig, SB + 0x1C8, 1);
    for (uint32_t i = 0; i < 64; i += 4) {
        assert_int_equal(rig_get(rig, SB + 0x100 + i), load32_le(want + i));
        rig_put(rig, SB + 0x140 + i, load32_le(want + i));
    }
    rig_put(rig, SB + 0x1CC, 1);
    assert_int_equal(rig_get(rig, SB + 0x180), 0);
    rig_put(rig, SB + 0x140 + 60, load32_le(want + 60) ^ 1);
    rig_put(rig, SB + 0x1CC, 1);
    assert_int_not_equal(rig_get(rig, SB + 0x180), 0);
    rig_put(rig, SB + 0x1D0, 1);

    // Once enabled, the digest can be compared and not be read.
    rig_burn(rig, 0, 6, 1u << 4);
    absorb(rig);
    rig_put(rig, SB + 0x1C8, 1);
    for (uint32_t i = 0; i < 64; i += 4) {
        assert_int_equal(rig_get(rig, SB + 0x100 + i), 0);
    }
    rig_put(rig, SB + 0x140 + 60, load32_le(want + 60));
    rig_put(rig, SB + 0x1CC, 1);
    assert_int_equal(rig_get(rig, SB + 0x180), 0);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes),
        cmocka_unit_test(ciphers),
        cmocka_unit_test(multiplies),
        cmocka_unit_test(computes_the_bootloader_digest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
