// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/signature_v2.h"

#include <assert.h>
#include <string.h>

#include "lib/fb/bytes.h"
#include "lib/fb/crc.h"
#include "lib/fb/crypto.h"

enum {
    MAGIC = 0xE7,
    VERSION_RSA = 2,
    VERSION_ECDSA = 3,
    HASH_SHA256 = 0,
    HASH_SHA384 = 1,
    DIGEST_OFF = 4,
    CRC_OFF = 1196,
    RSA_N_OFF = 36,
    RSA_E_OFF = 420,
    RSA_R_OFF = 424,
    RSA_M_OFF = 808,
    RSA_SIG_OFF = 812,
    RSA_SIZE = 384,
    RSA_WORDS = RSA_SIZE / 4,
};

// Where an ECDSA block has its fields. The key field is wider than the numbers
// of P-192 need; the rest is zero.
static const struct ecdsa_layout {
    uint8_t hash;
    uint8_t digest_size;
    uint8_t number_size;
    uint8_t field_size; // of the key and of the signature
    uint8_t curve_off;
} layouts[] = {
    [FB_SIGNATURE_V2_P192] = {HASH_SHA256, 32, 24, 64, 36},
    [FB_SIGNATURE_V2_P256] = {HASH_SHA256, 32, 32, 64, 36},
    [FB_SIGNATURE_V2_P384] = {HASH_SHA384, 48, 48, 96, 52},
};

static enum fb_status parse_ecdsa(const uint8_t *block,
                                  struct fb_signature_v2 *s)
{
    uint8_t curve = block[2] == HASH_SHA384 ? block[52] : block[36];

    if (curve < FB_SIGNATURE_V2_P192 || curve > FB_SIGNATURE_V2_P384 ||
        layouts[curve].hash != block[2]) {
        return FB_E_UNKNOWN;
    }
    const struct ecdsa_layout *l = &layouts[curve];
    s->kind = (enum fb_signature_v2_kind)curve;
    s->digest_size = l->digest_size;
    s->key = block + l->curve_off;
    s->key_size = 1u + l->field_size;
    s->numbers = s->key + s->key_size;
    s->number_size = l->number_size;
    return FB_OK;
}

enum fb_status fb_signature_v2_parse(const uint8_t block[FB_SIGNATURE_V2_BLOCK],
                                     struct fb_signature_v2 *s)
{
    struct fb_signature_v2 found = {.digest = block + DIGEST_OFF};
    enum fb_status status = FB_OK;

    if (block[0] != MAGIC) {
        return FB_E_BAD_MAGIC;
    }
    if (block[1] != VERSION_RSA && block[1] != VERSION_ECDSA) {
        return FB_E_BAD_VERSION;
    }
    if (fb_crc32(0, block, CRC_OFF) != load32_le(block + CRC_OFF)) {
        return FB_E_BAD_CRC;
    }
    if (block[1] == VERSION_ECDSA) {
        status = parse_ecdsa(block, &found);
    } else {
        found.kind = FB_SIGNATURE_V2_RSA3072;
        found.digest_size = 32;
        found.key = block + RSA_N_OFF;
        found.key_size = RSA_SIG_OFF - RSA_N_OFF;
        found.numbers = block + RSA_SIG_OFF;
        found.number_size = RSA_SIZE;
    }
    if (status == FB_OK) {
        *s = found;
    }
    return status;
}

size_t fb_signature_v2_numbers(const struct fb_signature_v2 *s,
                               uint8_t out[384])
{
    fb_bytes_reverse(out, s->numbers, s->number_size);
    if (s->kind == FB_SIGNATURE_V2_RSA3072) {
        return s->number_size;
    }
    fb_bytes_reverse(out + s->number_size, s->numbers + s->number_size,
                     s->number_size);
    return 2 * s->number_size;
}

void fb_signature_v2_key_digest(const struct fb_signature_v2 *s,
                                uint8_t out[32])
{
    struct fb_sha256 sha;

    fb_sha256_init(&sha);
    fb_sha256_update(&sha, s->key, s->key_size);
    fb_sha256_final(&sha, out);
}

// x = 2 x mod n, little-endian words, for x < n.
static void double_mod(uint32_t x[RSA_WORDS], const uint32_t n[RSA_WORDS])
{
    uint32_t reduced[RSA_WORDS];
    uint32_t carry = 0;
    uint32_t borrow = 0;

    for (unsigned i = 0; i < RSA_WORDS; i++) {
        uint32_t top = x[i] >> 31;
        x[i] = x[i] << 1 | carry;
        carry = top;
        uint64_t d = (uint64_t)x[i] - n[i] - borrow;
        reduced[i] = (uint32_t)d;
        borrow = (uint32_t)(d >> 63);
    }
    if (carry >= borrow) {
        memcpy(x, reduced, sizeof(reduced));
    }
}

// 2^6144 mod n: the Montgomery constant that the RSA peripheral wants.
static void montgomery_r(const uint8_t n_le[RSA_SIZE], uint8_t r_le[RSA_SIZE])
{
    uint32_t n[RSA_WORDS];
    uint32_t x[RSA_WORDS] = {1};

    for (unsigned i = 0; i < RSA_WORDS; i++) {
        n[i] = load32_le(n_le + 4 * i);
    }
    for (unsigned i = 0; i < 2 * 8 * RSA_SIZE; i++) {
        double_mod(x, n);
    }
    for (unsigned i = 0; i < RSA_WORDS; i++) {
        store32_le(r_le + 4 * i, x[i]);
    }
}

// -1 / n modulo 2^32 by Newton's iteration; n is odd.
static uint32_t montgomery_m(uint32_t n)
{
    uint32_t inverse = n; // right in three bits

    for (unsigned bits = 3; bits < 32; bits *= 2) {
        inverse *= 2 - n * inverse;
    }
    return 0 - inverse;
}

static void seal(uint8_t block[FB_SIGNATURE_V2_BLOCK])
{
    store32_le(block + CRC_OFF, fb_crc32(0, block, CRC_OFF));
}

void fb_signature_v2_encode_rsa(const uint8_t digest[32], const uint8_t n[384],
                                uint32_t e, const uint8_t sig[384],
                                uint8_t block[FB_SIGNATURE_V2_BLOCK])
{
    assert((n[0] & 0x80) != 0 && (n[383] & 1) != 0);
    memset(block, 0, FB_SIGNATURE_V2_BLOCK);
    block[0] = MAGIC;
    block[1] = VERSION_RSA;
    memcpy(block + DIGEST_OFF, digest, 32);
    fb_bytes_reverse(block + RSA_N_OFF, n, RSA_SIZE);
    store32_le(block + RSA_E_OFF, e);
    montgomery_r(block + RSA_N_OFF, block + RSA_R_OFF);
    store32_le(block + RSA_M_OFF, montgomery_m(load32_le(block + RSA_N_OFF)));
    fb_bytes_reverse(block + RSA_SIG_OFF, sig, RSA_SIZE);
    seal(block);
}

void fb_signature_v2_encode_ecdsa(enum fb_signature_v2_kind kind,
                                  const uint8_t *digest, const uint8_t *xy,
                                  const uint8_t *rs,
                                  uint8_t block[FB_SIGNATURE_V2_BLOCK])
{
    assert(kind >= FB_SIGNATURE_V2_P192 && kind <= FB_SIGNATURE_V2_P384);
    const struct ecdsa_layout *l = &layouts[kind];
    uint8_t *key = block + l->curve_off + 1;
    uint8_t *sig = key + l->field_size;
    size_t n = l->number_size;

    memset(block, 0, FB_SIGNATURE_V2_BLOCK);
    block[0] = MAGIC;
    block[1] = VERSION_ECDSA;
    block[2] = l->hash;
    memcpy(block + DIGEST_OFF, digest, l->digest_size);
    block[l->curve_off] = (uint8_t)kind;
    fb_bytes_reverse(key, xy, n);
    fb_bytes_reverse(key + n, xy + n, n);
    fb_bytes_reverse(sig, rs, n);
    fb_bytes_reverse(sig + n, rs + n, n);
    seal(block);
}
