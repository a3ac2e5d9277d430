// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/signature_v2.h"

#include "lib/fb/bytes.h"
#include "lib/fb/crc.h"
#include "lib/fb/crypto.h"

enum {
    MAGIC = 0xE7,
    VERSION_RSA = 2,
    VERSION_ECDSA = 3,
    CRC_OFF = 1196,

    // RSA
    MODULUS_OFF = 36,
    EXPONENT_OFF = 420,
    R_OFF = 424,       // 2^6144 mod n
    M_PRIME_OFF = 808, // -1 / n mod 2^32
    RSA_SIG_OFF = 812,
    RSA_BYTES = 384,
    LIMBS = RSA_BYTES / 4,
};

// ECDSA: hash id in byte 2, the digest at 4, then curve id, key and signature
// in fields wider than the curve may need.
static const struct ecdsa_layout {
    uint8_t hash_id;
    uint8_t curve_id;
    uint8_t digest_len;
    uint8_t field_len; // of the key, and of the signature
    uint8_t curve_bytes;
    enum fb_curve curve;
} layouts[] = {
    [FB_SIGNATURE_V2_P192] = {0, 1, 32, 64, 24, FB_CURVE_P192},
    [FB_SIGNATURE_V2_P256] = {0, 2, 32, 64, 32, FB_CURVE_P256},
    [FB_SIGNATURE_V2_P384] = {1, 3, 48, 96, 48, FB_CURVE_P384},
};

enum { DIGEST_OFF = 4 };

static unsigned curve_off(const struct ecdsa_layout *l)
{
    return DIGEST_OFF + l->digest_len;
}

static unsigned key_off(const struct ecdsa_layout *l)
{
    return curve_off(l) + 1;
}

static unsigned sig_off(const struct ecdsa_layout *l)
{
    return key_off(l) + l->field_len;
}

size_t fb_signature_v2_digest_len(enum fb_signature_v2_kind kind)
{
    return kind == FB_SIGNATURE_V2_P384 ? 48 : 32;
}

size_t fb_signature_v2_number_len(enum fb_signature_v2_kind kind)
{
    return kind == FB_SIGNATURE_V2_RSA3072 ? RSA_BYTES
                                           : 2u * layouts[kind].curve_bytes;
}

struct hash {
    bool is_384;
    struct fb_sha256 sha256;
    struct fb_sha512 sha384;
};

static void hash_update(struct hash *h, const uint8_t *p, size_t n)
{
    if (h->is_384) {
        fb_sha512_update(&h->sha384, p, n);
    } else {
        fb_sha256_update(&h->sha256, p, n);
    }
}

void fb_signature_v2_digest(enum fb_signature_v2_kind kind, const uint8_t *data,
                            size_t n, uint8_t digest[48])
{
    static const uint8_t erased[4] = {0xFF, 0xFF, 0xFF, 0xFF};
    struct hash h;

    h.is_384 = kind == FB_SIGNATURE_V2_P384;
    fb_sha256_init(&h.sha256);
    fb_sha384_init(&h.sha384);
    hash_update(&h, data, n);
    while (n % FB_SIGNATURE_V2_SECTOR != 0) {
        size_t part = n % 4 == 0 ? 4 : 1;

        hash_update(&h, erased, part);
        n += part;
    }
    if (h.is_384) {
        fb_sha384_final(&h.sha384, digest);
    } else {
        fb_sha256_final(&h.sha256, digest);
    }
}

// --- what the RSA accelerator wants precomputed ----------------------------

// -1 / n mod 2^32 by Newton's iteration; n is odd.
static uint32_t m_prime(uint32_t n)
{
    uint32_t inverse = n; // right in 3 bits

    for (unsigned bits = 3; bits < 32; bits *= 2) {
        inverse *= 2 - n * inverse;
    }
    return 0 - inverse;
}

// r -= n, the borrow is returned. Lowest limb first.
static uint32_t subtract(uint32_t r[LIMBS], const uint32_t n[LIMBS])
{
    uint64_t borrow = 0;

    for (unsigned i = 0; i < LIMBS; i++) {
        uint64_t d = (uint64_t)r[i] - n[i] - borrow;

        r[i] = (uint32_t)d;
        borrow = d >> 63;
    }
    return (uint32_t)borrow;
}

static bool less(const uint32_t a[LIMBS], const uint32_t b[LIMBS])
{
    for (unsigned i = LIMBS; i-- != 0;) {
        if (a[i] != b[i]) {
            return a[i] < b[i];
        }
    }
    return false;
}

// 2^6144 mod n: 2^3072 mod n doubled 3072 times. n has 3072 bits. Public
// numbers, so time may depend on them.
static void r_squared(const uint32_t n[LIMBS], uint32_t r[LIMBS])
{
    for (unsigned i = 0; i < LIMBS; i++) {
        r[i] = 0;
    }
    subtract(r, n); // 2^3072 - n, less than n
    for (unsigned doubling = 0; doubling < 32 * LIMBS; doubling++) {
        uint32_t carry = 0;

        for (unsigned i = 0; i < LIMBS; i++) {
            uint32_t out = r[i] >> 31;

            r[i] = r[i] << 1 | carry;
            carry = out;
        }
        if (carry != 0 || !less(r, n)) {
            subtract(r, n);
        }
    }
}

// The fields from MODULUS_OFF to RSA_SIG_OFF for a little-endian modulus.
static enum fb_status encode_rsa_key(const uint8_t *modulus_le,
                                     uint32_t exponent, uint8_t *block)
{
    uint32_t n[LIMBS], r[LIMBS];

    for (unsigned i = 0; i < LIMBS; i++) {
        n[i] = load32_le(modulus_le + 4 * i);
    }
    if ((n[0] & 1) == 0 || n[LIMBS - 1] >> 31 == 0) {
        return FB_E_KEY;
    }
    r_squared(n, r);
    for (unsigned i = 0; i < LIMBS; i++) {
        store32_le(block + MODULUS_OFF + 4 * i, n[i]);
        store32_le(block + R_OFF + 4 * i, r[i]);
    }
    store32_le(block + EXPONENT_OFF, exponent);
    store32_le(block + M_PRIME_OFF, m_prime(n[0]));
    return FB_OK;
}

// --- blocks ------------------------------------------------------------------

static void copy(uint8_t *out, const uint8_t *in, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = in[i];
    }
}

static enum fb_status encode_rsa(const struct fb_signature_v2 *s,
                                 uint8_t *block)
{
    uint8_t modulus[RSA_BYTES];

    block[1] = VERSION_RSA;
    fb_bytes_reverse(block + RSA_SIG_OFF, s->sig, RSA_BYTES);
    fb_bytes_reverse(modulus, s->pub, RSA_BYTES);
    return encode_rsa_key(modulus, s->exponent, block);
}

// Two numbers, each little-endian here and big-endian there.
static void reverse_pair(uint8_t *out, const uint8_t *in, unsigned bytes)
{
    fb_bytes_reverse(out, in, bytes);
    fb_bytes_reverse(out + bytes, in + bytes, bytes);
}

static void encode_ecdsa(const struct fb_signature_v2 *s, uint8_t *block)
{
    const struct ecdsa_layout *l = &layouts[s->kind];

    block[1] = VERSION_ECDSA;
    block[2] = l->hash_id;
    block[curve_off(l)] = l->curve_id;
    reverse_pair(block + key_off(l), s->pub, l->curve_bytes);
    reverse_pair(block + sig_off(l), s->sig, l->curve_bytes);
}

enum fb_status fb_signature_v2_encode(const struct fb_signature_v2 *s,
                                      uint8_t block[FB_SIGNATURE_V2_BLOCK])
{
    uint8_t b[FB_SIGNATURE_V2_BLOCK] = {MAGIC};
    enum fb_status status = FB_OK;

    copy(b + DIGEST_OFF, s->digest, fb_signature_v2_digest_len(s->kind));
    if (s->kind == FB_SIGNATURE_V2_RSA3072) {
        status = encode_rsa(s, b);
    } else {
        encode_ecdsa(s, b);
    }
    if (status == FB_OK) {
        store32_le(b + CRC_OFF, fb_crc32(0, b, CRC_OFF));
        copy(block, b, sizeof(b));
    }
    return status;
}

static enum fb_status parse_rsa(const uint8_t *block, struct fb_signature_v2 *s,
                                struct fb_fault *fault)
{
    uint8_t want[RSA_SIG_OFF];
    uint32_t exponent = load32_le(block + EXPONENT_OFF);

    if (encode_rsa_key(block + MODULUS_OFF, exponent, want) != FB_OK) {
        return fb_fault_set(fault, FB_E_KEY, MODULUS_OFF, 0, 0);
    }
    for (unsigned i = R_OFF; i < RSA_SIG_OFF; i++) {
        if (block[i] != want[i]) {
            return fb_fault_set(fault, FB_E_KEY, i, block[i], want[i]);
        }
    }
    s->kind = FB_SIGNATURE_V2_RSA3072;
    s->exponent = exponent;
    fb_bytes_reverse(s->pub, block + MODULUS_OFF, RSA_BYTES);
    fb_bytes_reverse(s->sig, block + RSA_SIG_OFF, RSA_BYTES);
    return FB_OK;
}

static enum fb_status parse_ecdsa(const uint8_t *block,
                                  struct fb_signature_v2 *s,
                                  struct fb_fault *fault)
{
    unsigned kind = block[2] == 1 ? FB_SIGNATURE_V2_P384 : FB_SIGNATURE_V2_P192;
    const struct ecdsa_layout *l = &layouts[kind];
    uint8_t curve_id = block[curve_off(l)];

    if (curve_id == 2 && kind == FB_SIGNATURE_V2_P192) {
        kind = FB_SIGNATURE_V2_P256;
        l = &layouts[kind];
    }
    if (block[2] != l->hash_id) {
        return fb_fault_set(fault, FB_E_UNKNOWN, 2, block[2], l->hash_id);
    }
    if (curve_id != l->curve_id) {
        return fb_fault_set(fault, FB_E_UNKNOWN, curve_off(l), curve_id,
                            l->curve_id);
    }
    s->kind = (enum fb_signature_v2_kind)kind;
    s->exponent = 0;
    reverse_pair(s->pub, block + key_off(l), l->curve_bytes);
    reverse_pair(s->sig, block + sig_off(l), l->curve_bytes);
    return FB_OK;
}

enum fb_status fb_signature_v2_parse(const uint8_t block[FB_SIGNATURE_V2_BLOCK],
                                     struct fb_signature_v2 *s,
                                     struct fb_fault *fault)
{
    struct fb_signature_v2 parsed = {0};
    uint32_t crc = fb_crc32(0, block, CRC_OFF);
    enum fb_status status;

    if (fb_bytes_all(block, FB_SIGNATURE_V2_BLOCK, 0xFF)) {
        return fb_fault_set(fault, FB_E_BLANK, 0, 0xFF, MAGIC);
    }
    if (block[0] != MAGIC) {
        return fb_fault_set(fault, FB_E_BAD_MAGIC, 0, block[0], MAGIC);
    }
    if (load32_le(block + CRC_OFF) != crc) {
        return fb_fault_set(fault, FB_E_BAD_CRC, CRC_OFF,
                            load32_le(block + CRC_OFF), crc);
    }
    switch (block[1]) {
    case VERSION_RSA:
        status = parse_rsa(block, &parsed, fault);
        break;
    case VERSION_ECDSA:
        status = parse_ecdsa(block, &parsed, fault);
        break;
    default:
        return fb_fault_set(fault, FB_E_BAD_VERSION, 1, block[1], VERSION_RSA);
    }
    if (status == FB_OK) {
        copy(parsed.digest, block + DIGEST_OFF,
             fb_signature_v2_digest_len(parsed.kind));
        *s = parsed;
    }
    return status;
}

enum fb_status fb_signature_v2_check(const struct fb_signature_v2 *s)
{
    bool good;

    if (s->kind == FB_SIGNATURE_V2_RSA3072) {
        good = fb_rsa3072_pss_verify(s->pub, s->exponent, s->digest, s->sig);
    } else {
        good = fb_ecdsa_verify(layouts[s->kind].curve, s->pub, s->digest,
                               fb_signature_v2_digest_len(s->kind), s->sig);
    }
    return good ? FB_OK : FB_E_BAD_SIGNATURE;
}

enum fb_status
fb_signature_v2_verify(const uint8_t *data, size_t n,
                       const uint8_t block[FB_SIGNATURE_V2_BLOCK],
                       struct fb_signature_v2 *s, struct fb_fault *fault)
{
    struct fb_signature_v2 parsed = {0};
    enum fb_status status = fb_signature_v2_parse(block, &parsed, fault);
    uint8_t digest[48] = {0};

    if (status != FB_OK) {
        return status;
    }
    fb_signature_v2_digest(parsed.kind, data, n, digest);
    for (unsigned i = 0; i < fb_signature_v2_digest_len(parsed.kind); i++) {
        if (digest[i] != parsed.digest[i]) {
            return fb_fault_set(fault, FB_E_BAD_HASH, DIGEST_OFF + i,
                                parsed.digest[i], digest[i]);
        }
    }
    if (fb_signature_v2_check(&parsed) != FB_OK) {
        return fb_fault_set(fault, FB_E_BAD_SIGNATURE, 0, 0, 0);
    }
    *s = parsed;
    return FB_OK;
}

void fb_signature_v2_key_digest(const uint8_t block[FB_SIGNATURE_V2_BLOCK],
                                uint8_t digest[32])
{
    unsigned from = MODULUS_OFF;
    unsigned to = RSA_SIG_OFF;
    struct fb_sha256 sha;

    if (block[1] == VERSION_ECDSA) { // the curve id and the whole key field
        const struct ecdsa_layout *l =
            &layouts[block[2] == 1 ? FB_SIGNATURE_V2_P384
                                   : FB_SIGNATURE_V2_P256];

        from = curve_off(l);
        to = sig_off(l);
    }
    fb_sha256_init(&sha);
    fb_sha256_update(&sha, block + from, to - from);
    fb_sha256_final(&sha, digest);
}

static enum fb_status verify_trusted(const uint8_t *data, size_t n,
                                     const uint8_t *block,
                                     const uint8_t *trusted,
                                     struct fb_fault *fault)
{
    struct fb_signature_v2 s;
    uint8_t key[32];
    enum fb_status status = fb_signature_v2_verify(data, n, block, &s, fault);

    if (status != FB_OK) {
        return status;
    }
    if (s.kind != FB_SIGNATURE_V2_RSA3072) {
        return fb_fault_set(fault, FB_E_BAD_VERSION, 1, block[1], VERSION_RSA);
    }
    fb_signature_v2_key_digest(block, key);
    for (unsigned i = 0; trusted != NULL && i < sizeof(key); i++) {
        if (key[i] != trusted[i]) {
            return fb_fault_set(fault, FB_E_BAD_DIGEST, MODULUS_OFF, key[i],
                                trusted[i]);
        }
    }
    return FB_OK;
}

enum fb_status fb_signature_v2_verify_sector(
    const uint8_t *data, size_t n, const uint8_t sector[FB_SIGNATURE_V2_SECTOR],
    const uint8_t *trusted, unsigned *block, struct fb_fault *fault)
{
    enum fb_status first = verify_trusted(data, n, sector, trusted, fault);

    *block = 0;
    // Without a first block the ROM looks at no other.
    if (first == FB_OK || sector[0] != MAGIC) {
        return first;
    }
    for (unsigned i = 1; i < FB_SIGNATURE_V2_BLOCKS; i++) {
        if (verify_trusted(data, n, sector + i * FB_SIGNATURE_V2_BLOCK, trusted,
                           NULL) == FB_OK) {
            *block = i;
            return FB_OK;
        }
    }
    return first;
}
