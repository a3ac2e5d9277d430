// SPDX-License-Identifier: Apache-2.0

#include "host/key_v2.h"

#include <stdio.h>
#include <string.h>

enum fb_signature_v2_kind host_key_v2_kind(const struct host_key *key)
{
    switch (host_key_kind(key)) {
    case HOST_KEY_P192:
        return FB_SIGNATURE_V2_P192;
    case HOST_KEY_P256:
        return FB_SIGNATURE_V2_P256;
    case HOST_KEY_P384:
        return FB_SIGNATURE_V2_P384;
    case HOST_KEY_OTHER:
    case HOST_KEY_RSA3072:
        break;
    }
    return FB_SIGNATURE_V2_RSA3072;
}

bool host_key_v2_fill(const struct host_key *key, struct fb_signature_v2 *s)
{
    s->kind = host_key_v2_kind(key);
    return s->kind == FB_SIGNATURE_V2_RSA3072
               ? host_key_rsa(key, s->pub, &s->exponent)
               : host_key_point(key, s->pub);
}

bool host_key_v2_digest(const struct host_key *key, uint8_t digest[32])
{
    struct fb_signature_v2 s = {0};
    uint8_t block[FB_SIGNATURE_V2_BLOCK];
    if (!host_key_v2_fill(key, &s) ||
        fb_signature_v2_encode(&s, block) != FB_OK) {
        return false;
    }
    fb_signature_v2_key_digest(block, digest);
    return true;
}

const char *host_key_v2_file_digest(const char *path, uint8_t digest[32])
{
    static char other[120];
    struct host_file file;
    struct host_key *key = NULL;
    int error = host_file_read_secret(path, HOST_KEY_MAX, &file);
    if (error != 0) {
        return strerror(error);
    }
    const char *why = host_key_parse(file.data, file.size, &key);
    host_file_free(&file);
    if (why == NULL && (host_key_kind(key) != HOST_KEY_RSA3072 ||
                        !host_key_v2_digest(key, digest))) {
        (void)snprintf(other, sizeof other, "is %s; the ESP32 needs RSA-3072",
                       host_key_describe(key));
        why = other;
    }
    host_key_free(key);
    return why;
}
