// SPDX-License-Identifier: Apache-2.0
//
// The crypto seam of lib on the host: OpenSSL 3 libcrypto. SHA-2 and AES use
// its low-level calls, deprecated but kept, because their contexts are plain
// memory that may be copied; EVP contexts live on the heap.

#define OPENSSL_API_COMPAT 0x10100000L
#define OPENSSL_SUPPRESS_DEPRECATED

#include "lib/fb/crypto.h"

#include <assert.h>

#include <openssl/aes.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/md5.h>
#include <openssl/obj_mac.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

static_assert(sizeof(SHA256_CTX) <= sizeof(struct fb_sha256), "fb_sha256");
static_assert(sizeof(SHA512_CTX) <= sizeof(struct fb_sha512), "fb_sha512");
static_assert(sizeof(AES_KEY) <= sizeof(struct fb_aes256), "fb_aes256");

void fb_sha256_init(struct fb_sha256 *c)
{
    SHA256_Init((SHA256_CTX *)c->opaque);
}

void fb_sha256_update(struct fb_sha256 *c, const void *p, size_t n)
{
    SHA256_Update((SHA256_CTX *)c->opaque, p, n);
}

void fb_sha256_final(struct fb_sha256 *c, uint8_t out[32])
{
    SHA256_Final(out, (SHA256_CTX *)c->opaque);
}

void fb_sha512_init(struct fb_sha512 *c)
{
    SHA512_Init((SHA512_CTX *)c->opaque);
}

void fb_sha512_update(struct fb_sha512 *c, const void *p, size_t n)
{
    SHA512_Update((SHA512_CTX *)c->opaque, p, n);
}

void fb_sha512_final(struct fb_sha512 *c, uint8_t out[64])
{
    SHA512_Final(out, (SHA512_CTX *)c->opaque);
}

void fb_sha384_init(struct fb_sha512 *c)
{
    SHA384_Init((SHA512_CTX *)c->opaque);
}

void fb_sha384_final(struct fb_sha512 *c, uint8_t out[48])
{
    SHA384_Final(out, (SHA512_CTX *)c->opaque);
}

void fb_md5(const void *p, size_t n, uint8_t out[16])
{
    MD5_CTX c;

    MD5_Init(&c);
    MD5_Update(&c, p, n);
    MD5_Final(out, &c);
}

void fb_aes256_encrypt_init(struct fb_aes256 *c, const uint8_t key[32])
{
    AES_set_encrypt_key(key, 256, (AES_KEY *)c->opaque);
}

void fb_aes256_encrypt(const struct fb_aes256 *c, const uint8_t in[16],
                       uint8_t out[16])
{
    AES_encrypt(in, out, (const AES_KEY *)c->opaque);
}

void fb_aes256_decrypt_init(struct fb_aes256 *c, const uint8_t key[32])
{
    AES_set_decrypt_key(key, 256, (AES_KEY *)c->opaque);
}

void fb_aes256_decrypt(const struct fb_aes256 *c, const uint8_t in[16],
                       uint8_t out[16])
{
    AES_decrypt(in, out, (const AES_KEY *)c->opaque);
}

static const struct {
    int nid;
    int bytes; // of the field
} curves[] = {
    [FB_CURVE_P192] = {NID_X9_62_prime192v1, 24},
    [FB_CURVE_P256] = {NID_X9_62_prime256v1, 32},
    [FB_CURVE_P384] = {NID_secp384r1, 48},
};

// X || Y as an OpenSSL key; NULL for a point off the curve.
static EC_KEY *ec_key(enum fb_curve curve, const uint8_t *pub)
{
    int n = curves[curve].bytes;
    EC_KEY *key = EC_KEY_new_by_curve_name(curves[curve].nid);
    BIGNUM *x = BN_bin2bn(pub, n, NULL);
    BIGNUM *y = BN_bin2bn(pub + n, n, NULL);

    if (key != NULL &&
        (x == NULL || y == NULL ||
         EC_KEY_set_public_key_affine_coordinates(key, x, y) != 1)) {
        EC_KEY_free(key);
        key = NULL;
    }
    BN_free(x);
    BN_free(y);
    return key;
}

bool fb_ecdsa_verify(enum fb_curve curve, const uint8_t *pub,
                     const uint8_t *hash, size_t n, const uint8_t *sig)
{
    int half = curves[curve].bytes;
    EC_KEY *key = ec_key(curve, pub);
    ECDSA_SIG *rs = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(sig, half, NULL);
    BIGNUM *s = BN_bin2bn(sig + half, half, NULL);
    bool good = false;

    if (key != NULL && rs != NULL && r != NULL && s != NULL &&
        ECDSA_SIG_set0(rs, r, s) == 1) {
        r = NULL; // rs owns them now
        s = NULL;
        good = ECDSA_do_verify(hash, (int)n, rs, key) == 1;
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(rs);
    EC_KEY_free(key);
    ERR_clear_error();
    return good;
}

bool fb_ecdsa_p256_verify(const uint8_t pub[64], const uint8_t hash[32],
                          const uint8_t sig[64])
{
    return fb_ecdsa_verify(FB_CURVE_P256, pub, hash, 32, sig);
}

bool fb_rsa3072_pss_verify(const uint8_t modulus[384], uint32_t exponent,
                           const uint8_t hash[32], const uint8_t sig[384])
{
    RSA *rsa = RSA_new();
    BIGNUM *n = BN_bin2bn(modulus, 384, NULL);
    BIGNUM *e = BN_new();
    uint8_t encoded[384];
    bool good = false;

    if (rsa != NULL && n != NULL && e != NULL && BN_num_bits(n) == 3072 &&
        BN_set_word(e, exponent) == 1 && RSA_set0_key(rsa, n, e, NULL) == 1) {
        n = NULL; // rsa owns them now
        e = NULL;
        good =
            RSA_public_decrypt(384, sig, encoded, rsa, RSA_NO_PADDING) == 384 &&
            RSA_verify_PKCS1_PSS_mgf1(rsa, hash, EVP_sha256(), EVP_sha256(),
                                      encoded, 32) == 1;
    }
    BN_free(n);
    BN_free(e);
    RSA_free(rsa);
    ERR_clear_error();
    return good;
}
