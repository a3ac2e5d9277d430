// SPDX-License-Identifier: Apache-2.0

#define OPENSSL_SUPPRESS_DEPRECATED // engines

#include "host/key.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bearssl.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/engine.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "lib/fb/bytes.h"

struct host_key {
    EVP_PKEY *pkey;  // public half at least
    EVP_PKEY *token; // signs in place of pkey; NULL: no token
    enum host_key_kind kind;
    bool is_private;
};

static const struct kind_row {
    enum host_key_kind kind;
    const char *group; // as OpenSSL names it; NULL: not EC
    const char *alias;
    size_t number_size;
} kinds[] = {
    {HOST_KEY_P192, "prime192v1", "secp192r1", 24},
    {HOST_KEY_P256, "prime256v1", "secp256r1", 32},
    {HOST_KEY_P384, "secp384r1", "P-384", 48},
    {HOST_KEY_RSA3072, NULL, NULL, 384},
};

static const struct kind_row *row_of(enum host_key_kind kind)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (kinds[i].kind == kind) {
            return &kinds[i];
        }
    }
    return NULL;
}

static enum host_key_kind kind_of(EVP_PKEY *pkey)
{
    char group[64] = "";

    if (EVP_PKEY_is_a(pkey, "RSA")) {
        return EVP_PKEY_get_bits(pkey) == 3072 ? HOST_KEY_RSA3072
                                               : HOST_KEY_OTHER;
    }
    if (!EVP_PKEY_is_a(pkey, "EC") ||
        EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL) != 1) {
        return HOST_KEY_OTHER;
    }
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (kinds[i].group != NULL && (strcmp(group, kinds[i].group) == 0 ||
                                       strcmp(group, kinds[i].alias) == 0)) {
            return kinds[i].kind;
        }
    }
    return HOST_KEY_OTHER;
}

// Take ownership of pkey.
static const char *wrap(EVP_PKEY *pkey, bool is_private, struct host_key **key)
{
    struct host_key *k = malloc(sizeof(*k));

    if (k == NULL) {
        EVP_PKEY_free(pkey);
        return "cannot be held: out of memory";
    }
    *k = (struct host_key){
        .pkey = pkey,
        .kind = kind_of(pkey),
        .is_private = is_private,
    };
    *key = k;
    return NULL;
}

void host_key_free(struct host_key *key)
{
    if (key != NULL) {
        EVP_PKEY_free(key->pkey); // wipes private numbers
        EVP_PKEY_free(key->token);
        free(key);
    }
}

const char *host_key_generate(enum host_key_kind kind, struct host_key **key)
{
    const struct kind_row *row = row_of(kind);
    EVP_PKEY *pkey;

    assert(row != NULL);
    if (row->group != NULL) {
        pkey = EVP_EC_gen(row->group);
    } else {
        pkey = EVP_RSA_gen(3072);
    }
    if (pkey == NULL) {
        return "could not be generated";
    }
    return wrap(pkey, true, key);
}

static EVP_PKEY *raw_p256(const uint8_t xy[HOST_KEY_RAW_SIZE])
{
    uint8_t point[1 + HOST_KEY_RAW_SIZE] = {0x04}; // uncompressed
    char group[] = "prime256v1";
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM params[3];

    memcpy(point + 1, xy, HOST_KEY_RAW_SIZE);
    params[0] =
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
    params[1] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
                                                  point, sizeof(point));
    params[2] = OSSL_PARAM_construct_end();
    if (c == NULL || EVP_PKEY_fromdata_init(c) != 1 ||
        EVP_PKEY_fromdata(c, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        pkey = NULL;
    }
    EVP_PKEY_CTX_free(c);
    return pkey;
}

// Asked for the passphrase of an encrypted key: none, and note it.
static int no_passphrase(char *buf, int size, int writing, void *asked)
{
    (void)buf;
    (void)size;
    (void)writing;
    *(bool *)asked = true;
    return -1;
}

static bool contains(const uint8_t *text, size_t n, const char *what)
{
    size_t len = strlen(what);

    for (size_t i = 0; i + len <= n; i++) {
        if (memcmp(text + i, what, len) == 0) {
            return true;
        }
    }
    return false;
}

static bool valid(EVP_PKEY *pkey, bool is_private)
{
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    int ok;

    if (is_private && EVP_PKEY_is_a(pkey, "EC")) {
        ok = EVP_PKEY_check(c); // the two halves belong together
    } else {
        ok = EVP_PKEY_public_check_quick(c);
    }
    EVP_PKEY_CTX_free(c);
    return ok == 1;
}

static const char *parse_pem(const uint8_t *text, size_t n,
                             struct host_key **key)
{
    bool is_private = contains(text, n, "PRIVATE KEY-----");
    bool encrypted = false;
    BIO *bio = BIO_new_mem_buf(text, (int)n);
    EVP_PKEY *pkey = NULL;

    if (bio == NULL) {
        return "cannot be held: out of memory";
    }
    if (is_private) {
        pkey = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &encrypted);
    } else {
        pkey = PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, &encrypted);
    }
    BIO_free(bio);
    if (pkey == NULL) {
        return encrypted ? "is encrypted by a passphrase (decrypt it with "
                           "`openssl pkey`)"
                         : "is damaged: no key can be read from it";
    }
    if (!valid(pkey, is_private)) {
        EVP_PKEY_free(pkey);
        return "is damaged: its numbers are no key";
    }
    return wrap(pkey, is_private, key);
}

const char *host_key_parse(const uint8_t *text, size_t n, struct host_key **key)
{
    if (n <= HOST_KEY_MAX && (contains(text, n, "PRIVATE KEY-----") ||
                              contains(text, n, "PUBLIC KEY-----"))) {
        return parse_pem(text, n, key);
    }
    if (n != HOST_KEY_RAW_SIZE) {
        return "is not a key in PEM form";
    }
    EVP_PKEY *pkey = raw_p256(text);
    if (pkey == NULL || !valid(pkey, false)) {
        EVP_PKEY_free(pkey);
        return "has 64 bytes, but they are no P-256 public key";
    }
    return wrap(pkey, false, key);
}

// The engine stays loaded: keys of it are used until the program ends.
static const char *start_engine(const char *module, const char *pin,
                                ENGINE **engine)
{
    ENGINE *e;

    ENGINE_load_builtin_engines();
    e = ENGINE_by_id("pkcs11");
    if (e == NULL) {
        return "needs OpenSSL's engine pkcs11 (Debian: "
               "libengine-pkcs11-openssl)";
    }
    ENGINE_ctrl_cmd_string(e, "QUIET", NULL, 0); // errors are told by us
    if ((module != NULL &&
         ENGINE_ctrl_cmd_string(e, "MODULE_PATH", module, 0) != 1) ||
        ENGINE_init(e) != 1) {
        ENGINE_free(e);
        return "cannot be reached: the PKCS#11 module does not load";
    }
    if (pin != NULL && ENGINE_ctrl_cmd_string(e, "PIN", pin, 0) != 1) {
        ENGINE_finish(e);
        ENGINE_free(e);
        return "cannot be reached: the PIN is not taken";
    }
    *engine = e;
    return NULL;
}

// A copy of the public half that OpenSSL itself can read numbers from.
static EVP_PKEY *public_copy(EVP_PKEY *pkey)
{
    BIO *bio = BIO_new(BIO_s_mem());
    EVP_PKEY *copy = NULL;

    if (bio != NULL && PEM_write_bio_PUBKEY(bio, pkey) == 1) {
        copy = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    }
    BIO_free(bio);
    return copy;
}

const char *host_key_from_token(const char *id, const char *module,
                                const char *pin, bool need_private,
                                struct host_key **key)
{
    ENGINE *engine = NULL;
    const char *why = start_engine(module, pin, &engine);
    EVP_PKEY *token;
    EVP_PKEY *copy;

    if (why != NULL) {
        return why;
    }
    token = need_private ? ENGINE_load_private_key(engine, id, NULL, NULL)
                         : ENGINE_load_public_key(engine, id, NULL, NULL);
    if (token == NULL) {
        return "is not found on the token, or the PIN is wrong";
    }
    copy = public_copy(token);
    if (copy == NULL) {
        EVP_PKEY_free(token);
        return "has no public half on the token";
    }
    why = wrap(copy, need_private, key);
    if (why != NULL || !need_private) {
        EVP_PKEY_free(token);
        return why;
    }
    (*key)->token = token;
    return NULL;
}

enum host_key_kind host_key_kind(const struct host_key *key)
{
    return key->kind;
}

bool host_key_is_private(const struct host_key *key)
{
    return key->is_private;
}

const char *host_key_describe(const struct host_key *key)
{
    static char text[128];
    char group[64] = "an unnamed curve";

    if (EVP_PKEY_is_a(key->pkey, "EC")) {
        EVP_PKEY_get_group_name(key->pkey, group, sizeof(group), NULL);
        snprintf(text, sizeof(text), "an EC key on %s", group);
    } else {
        const char *name = EVP_PKEY_get0_type_name(key->pkey);
        snprintf(text, sizeof(text), "an %s key of %d bits",
                 name != NULL ? name : "unknown", EVP_PKEY_get_bits(key->pkey));
    }
    return text;
}

// Move what bio holds to a buffer; bio is released, its memory wiped.
static const char *take_bio(BIO *bio, int written, bool secret,
                            struct host_file *out)
{
    BUF_MEM *mem = NULL;
    const char *why = "cannot be written as PEM";

    if (written == 1 && BIO_get_mem_ptr(bio, &mem) == 1 && mem->length > 0) {
        out->data = malloc(mem->length);
        if (out->data != NULL) {
            memcpy(out->data, mem->data, mem->length);
            out->size = mem->length;
            out->secret = secret;
            why = NULL;
        }
    }
    if (secret && mem != NULL) {
        fb_bytes_wipe(mem->data, mem->length);
    }
    BIO_free(bio);
    return why;
}

const char *host_key_private_pem(const struct host_key *key,
                                 struct host_file *pem)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    int ok = bio != NULL ? PEM_write_bio_PrivateKey_traditional(
                               bio, key->pkey, NULL, NULL, 0, NULL, NULL)
                         : 0;

    return take_bio(bio, ok, true, pem);
}

const char *host_key_public_pem(const struct host_key *key,
                                struct host_file *pem)
{
    BIO *bio = BIO_new(BIO_s_mem());
    int ok = bio != NULL ? PEM_write_bio_PUBKEY(bio, key->pkey) : 0;

    return take_bio(bio, ok, false, pem);
}

size_t host_key_number_size(enum host_key_kind kind)
{
    const struct kind_row *row = row_of(kind);

    return row != NULL ? row->number_size : 0;
}

static bool is_ec(enum host_key_kind kind)
{
    const struct kind_row *row = row_of(kind);

    return row != NULL && row->group != NULL;
}

// One number of a key, big-endian, left-padded.
static bool get_number(const struct host_key *key, const char *name,
                       uint8_t *out, size_t n)
{
    BIGNUM *number = NULL;
    bool ok = EVP_PKEY_get_bn_param(key->pkey, name, &number) == 1 &&
              BN_bn2binpad(number, out, (int)n) == (int)n;

    BN_clear_free(number);
    return ok;
}

bool host_key_point(const struct host_key *key, uint8_t xy[HOST_KEY_POINT_MAX])
{
    size_t n = host_key_number_size(key->kind);

    return is_ec(key->kind) &&
           get_number(key, OSSL_PKEY_PARAM_EC_PUB_X, xy, n) &&
           get_number(key, OSSL_PKEY_PARAM_EC_PUB_Y, xy + n, n);
}

bool host_key_rsa(const struct host_key *key, uint8_t n[384], uint32_t *e)
{
    uint8_t exponent[4];

    if (key->kind != HOST_KEY_RSA3072 ||
        !get_number(key, OSSL_PKEY_PARAM_RSA_N, n, 384) ||
        !get_number(key, OSSL_PKEY_PARAM_RSA_E, exponent, sizeof(exponent))) {
        return false;
    }
    *e = load32_be(exponent);
    return true;
}

bool host_key_scalar(const struct host_key *key, uint8_t scalar[32])
{
    return key->kind == HOST_KEY_P256 && key->is_private &&
           key->token == NULL &&
           get_number(key, OSSL_PKEY_PARAM_PRIV_KEY, scalar, 32);
}

bool host_key_sign_v1(const struct host_key *key, const uint8_t hash[32],
                      uint8_t rs[64])
{
    uint8_t scalar[32];
    br_ec_private_key sk = {BR_EC_secp256r1, scalar, sizeof(scalar)};
    size_t n = 0;

    if (key->token != NULL) {
        uint8_t sig[HOST_KEY_SIG_MAX];
        if (key->kind != HOST_KEY_P256 || !host_key_sign(key, hash, sig)) {
            return false;
        }
        memcpy(rs, sig, 64);
        return true;
    }
    if (host_key_scalar(key, scalar)) {
        n = br_ecdsa_i31_sign_raw(br_ec_get_default(), &br_sha256_vtable, hash,
                                  &sk, rs);
    }
    fb_bytes_wipe(scalar, sizeof(scalar));
    return n == 64;
}

// A signing or verifying context with PSS set up for RSA keys.
static EVP_PKEY_CTX *context(const struct host_key *key, bool sign)
{
    EVP_PKEY *pkey = sign && key->token != NULL ? key->token : key->pkey;
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    const EVP_MD *md = key->kind == HOST_KEY_P384 ? EVP_sha384() : EVP_sha256();
    bool ok = c != NULL && row_of(key->kind) != NULL;

    ok = ok && (sign ? EVP_PKEY_sign_init(c) : EVP_PKEY_verify_init(c)) == 1;
    if (key->kind == HOST_KEY_RSA3072) {
        ok = ok && EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PSS_PADDING) == 1;
    }
    ok = ok && EVP_PKEY_CTX_set_signature_md(c, md) == 1;
    if (key->kind == HOST_KEY_RSA3072) {
        ok = ok && EVP_PKEY_CTX_set_rsa_pss_saltlen(c, 32) == 1;
    }
    if (!ok) {
        EVP_PKEY_CTX_free(c);
        return NULL;
    }
    return c;
}

static size_t digest_size(enum host_key_kind kind)
{
    return kind == HOST_KEY_P384 ? 48 : 32;
}

bool host_key_sig_from_der(enum host_key_kind kind, const uint8_t *der,
                           size_t n, uint8_t sig[HOST_KEY_SIG_MAX])
{
    int size = (int)host_key_number_size(kind);
    const uint8_t *p = der;
    ECDSA_SIG *s = d2i_ECDSA_SIG(NULL, &p, (long)n);
    bool ok = s != NULL && p == der + n && is_ec(kind) &&
              BN_bn2binpad(ECDSA_SIG_get0_r(s), sig, size) == size &&
              BN_bn2binpad(ECDSA_SIG_get0_s(s), sig + size, size) == size;

    ECDSA_SIG_free(s);
    return ok;
}

static int sig_to_der(enum host_key_kind kind, const uint8_t *sig, uint8_t *der)
{
    int size = (int)host_key_number_size(kind);
    ECDSA_SIG *s = ECDSA_SIG_new();
    int n = -1;

    if (s != NULL && ECDSA_SIG_set0(s, BN_bin2bn(sig, size, NULL),
                                    BN_bin2bn(sig + size, size, NULL)) == 1) {
        n = i2d_ECDSA_SIG(s, &der);
    }
    ECDSA_SIG_free(s);
    return n;
}

bool host_key_sign(const struct host_key *key, const uint8_t *digest,
                   uint8_t sig[HOST_KEY_SIG_MAX])
{
    uint8_t out[HOST_KEY_SIG_MAX];
    size_t n = sizeof(out);
    EVP_PKEY_CTX *c = key->is_private ? context(key, true) : NULL;
    bool ok = c != NULL &&
              EVP_PKEY_sign(c, out, &n, digest, digest_size(key->kind)) == 1;

    EVP_PKEY_CTX_free(c);
    if (!ok) {
        return false;
    }
    if (is_ec(key->kind)) {
        return host_key_sig_from_der(key->kind, out, n, sig);
    }
    memcpy(sig, out, n);
    return n == HOST_KEY_SIG_MAX;
}

bool host_key_verify(const struct host_key *key, const uint8_t *digest,
                     const uint8_t sig[HOST_KEY_SIG_MAX])
{
    uint8_t der[128];
    const uint8_t *p = sig;
    int n = HOST_KEY_SIG_MAX;
    EVP_PKEY_CTX *c = context(key, false);
    bool ok;

    if (is_ec(key->kind)) {
        n = sig_to_der(key->kind, sig, der);
        p = der;
    }
    ok = c != NULL && n > 0 &&
         EVP_PKEY_verify(c, p, (size_t)n, digest, digest_size(key->kind)) == 1;
    EVP_PKEY_CTX_free(c);
    return ok;
}
