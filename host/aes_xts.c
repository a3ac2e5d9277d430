// SPDX-License-Identifier: Apache-2.0

#include "host/aes_xts.h"

#include <assert.h>
#include <string.h>

#include <openssl/evp.h>

#include "lib/fb/bytes.h"
#include "lib/fb/crypto.h"

#define UNIT 128u

// One unit, zero-padded where data does not cover it: XTS works by 16 bytes,
// so the padding does not reach into the data.
static bool unit(EVP_CIPHER_CTX *c, uint32_t at, uint8_t block[UNIT])
{
    uint8_t tweak[16] = {0};
    uint8_t turned[UNIT];
    int len = 0;

    store32_le(tweak, at);
    fb_bytes_reverse(turned, block, UNIT);
    if (EVP_CipherInit_ex2(c, NULL, NULL, tweak, -1, NULL) != 1 ||
        EVP_CipherUpdate(c, turned, &len, turned, UNIT) != 1) {
        return false;
    }
    fb_bytes_reverse(block, turned, UNIT);
    return len == UNIT;
}

static bool units(EVP_CIPHER_CTX *c, uint32_t flash_off, uint8_t *data,
                  size_t n)
{
    uint8_t block[UNIT];

    while (n > 0) {
        uint32_t lead = flash_off % UNIT;
        size_t here = UNIT - lead < n ? UNIT - lead : n;
        memset(block, 0, sizeof(block));
        memcpy(block + lead, data, here);
        if (!unit(c, flash_off - lead, block)) {
            return false;
        }
        memcpy(data, block + lead, here);
        data += here;
        n -= here;
        flash_off += (uint32_t)here;
    }
    return true;
}

bool host_aes_xts(const uint8_t *key, size_t key_len, uint32_t flash_off,
                  uint8_t *data, size_t n, bool encrypt)
{
    uint8_t extended[32];
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    const EVP_CIPHER *cipher =
        key_len == 64 ? EVP_aes_256_xts() : EVP_aes_128_xts();
    bool ok;

    assert(key_len == 16 || key_len == 32 || key_len == 64);
    assert(flash_off % 16 == 0 && n % 16 == 0);
    if (key_len == 16) {
        struct fb_sha256 sha;
        fb_sha256_init(&sha);
        fb_sha256_update(&sha, key, key_len);
        fb_sha256_final(&sha, extended);
        key = extended;
        fb_bytes_wipe(&sha, sizeof(sha));
    }
    ok = c != NULL &&
         EVP_CipherInit_ex2(c, cipher, key, NULL, encrypt, NULL) == 1 &&
         units(c, flash_off, data, n);
    EVP_CIPHER_CTX_free(c);
    fb_bytes_wipe(extended, sizeof(extended));
    return ok;
}
