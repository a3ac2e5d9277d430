// SPDX-License-Identifier: Apache-2.0
//
// Signing keys: read, made, written, used. Text is PEM: SEC1 or PKCS#8 for EC
// keys, PKCS#1 or PKCS#8 for RSA keys, SPKI for public ones; a raw P-256
// public key is 64 bytes X || Y, big-endian.
//
// Functions that return a text return NULL for success, else why not, fit to
// follow a file's name: "is not a key in PEM form".

#ifndef HOST_KEY_H
#define HOST_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/file.h"

enum host_key_kind {
    HOST_KEY_OTHER, // read, but of no use here
    HOST_KEY_P192,
    HOST_KEY_P256,
    HOST_KEY_P384,
    HOST_KEY_RSA3072,
};

#define HOST_KEY_MAX       0x10000u // a key file is not larger; bytes
#define HOST_KEY_RAW_SIZE  64u
#define HOST_KEY_SIG_MAX   384u
#define HOST_KEY_POINT_MAX 96u

struct host_key;

const char *host_key_generate(enum host_key_kind kind, struct host_key **key);
// Private or public, from n bytes of a key file.
const char *host_key_parse(const uint8_t *text, size_t n,
                           struct host_key **key);
// A key that never leaves its PKCS#11 token, by OpenSSL's engine "pkcs11".
// id: a URI "pkcs11:token=...;object=..." or what the engine takes besides.
// module: path of the token's library, NULL: what is configured. pin: NULL: as
// the URI says, or asked for on the terminal.
const char *host_key_from_token(const char *id, const char *module,
                                const char *pin, bool need_private,
                                struct host_key **key);
void host_key_free(struct host_key *key); // NULL is fine

enum host_key_kind host_key_kind(const struct host_key *key);
bool host_key_is_private(const struct host_key *key);
// "an RSA key of 2048 bits", for messages; valid until the next call.
const char *host_key_describe(const struct host_key *key);

// The key as text: SEC1 or PKCS#1 (private), SPKI (public). Release with
// host_file_free().
const char *host_key_private_pem(const struct host_key *key,
                                 struct host_file *pem);
const char *host_key_public_pem(const struct host_key *key,
                                struct host_file *pem);

// Bytes of one coordinate, of r and of s: 24, 32 or 48; 384 for RSA.
size_t host_key_number_size(enum host_key_kind kind);

// EC: X || Y, big-endian. False for other keys.
bool host_key_point(const struct host_key *key, uint8_t xy[HOST_KEY_POINT_MAX]);
// RSA-3072: modulus, big-endian, and exponent.
bool host_key_rsa(const struct host_key *key, uint8_t n[384], uint32_t *e);
// The private number of a P-256 key, big-endian: a secret. False: has none.
bool host_key_scalar(const struct host_key *key, uint8_t scalar[32]);

// ECDSA P-256 with the nonce of RFC 6979 (SHA-256): the same key and hash give
// the same r || s, big-endian. A token takes the nonce it likes. False: not a
// private P-256 key.
bool host_key_sign_v1(const struct host_key *key, const uint8_t hash[32],
                      uint8_t rs[64]);

// Sign a digest (48 bytes of SHA-384 for P-384, else 32 of SHA-256): r || s,
// big-endian, or an RSA-PSS signature (MGF1 and salt of SHA-256), big-endian;
// 2 or 1 times host_key_number_size() bytes.
bool host_key_sign(const struct host_key *key, const uint8_t *digest,
                   uint8_t sig[HOST_KEY_SIG_MAX]);
bool host_key_verify(const struct host_key *key, const uint8_t *digest,
                     const uint8_t sig[HOST_KEY_SIG_MAX]);
// An ECDSA signature of another tool: DER to r || s. False: not one.
bool host_key_sig_from_der(enum host_key_kind kind, const uint8_t *der,
                           size_t n, uint8_t sig[HOST_KEY_SIG_MAX]);

#endif
