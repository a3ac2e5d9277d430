// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/secure_boot_v1.h"

#include "lib/fb/bytes.h"

enum { HASH_APPENDED = 32 };

// The 32 bytes that AES takes for a key file of n bytes.
static enum fb_status expand_key(const uint8_t *key, size_t n, uint8_t out[32])
{
    struct fb_sha256 sha;

    switch (n) {
    case 24: // the middle third again
    case 32:
        for (size_t i = 0; i < 32; i++) {
            out[i] = key[i < n ? i : i - 16];
        }
        return FB_OK;
    case 16:
        fb_sha256_init(&sha);
        fb_sha256_update(&sha, key, n);
        fb_sha256_final(&sha, out);
        fb_bytes_wipe(&sha, sizeof(sha));
        return FB_OK;
    default:
        return FB_E_KEY;
    }
}

enum fb_status fb_secure_boot_v1_init(struct fb_secure_boot_v1 *c,
                                      const uint8_t *key, size_t n)
{
    uint8_t expanded[32];
    enum fb_status status = expand_key(key, n, expanded);

    if (status != FB_OK) {
        return status;
    }
    fb_aes256_encrypt_init(&c->aes, expanded);
    fb_sha512_init(&c->sha);
    fb_bytes_wipe(expanded, sizeof(expanded));
    return FB_OK;
}

// AES over the block in reverse byte order; of its result SHA-512 is fed the
// four words in reverse order, the bytes inside a word as they come.
static void absorb_block(struct fb_secure_boot_v1 *c, const uint8_t block[16])
{
    uint8_t reversed[16];
    uint8_t swapped[16];

    fb_bytes_reverse(reversed, block, 16);
    fb_aes256_encrypt(&c->aes, reversed, reversed);
    for (unsigned i = 0; i < 16; i += 4) {
        store32_be(swapped + 12 - i, load32_be(reversed + i));
    }
    fb_sha512_update(&c->sha, swapped, 16);
}

enum fb_status fb_secure_boot_v1_update(struct fb_secure_boot_v1 *c,
                                        const uint8_t *p, size_t n)
{
    if (n % 16 != 0) {
        return FB_E_ALIGN;
    }
    for (size_t i = 0; i < n; i += 16) {
        absorb_block(c, p + i);
    }
    return FB_OK;
}

void fb_secure_boot_v1_final(struct fb_secure_boot_v1 *c, uint8_t digest[64])
{
    uint8_t sum[FB_SECURE_BOOT_V1_DIGEST_SIZE];

    fb_sha512_final(&c->sha, sum);
    for (unsigned i = 0; i < sizeof(sum); i += 4) {
        store32_le(digest + i, load32_be(sum + i));
    }
    fb_bytes_wipe(c, sizeof(*c));
}

enum fb_status fb_secure_boot_v1_digest(const uint8_t *key, size_t n,
                                        const uint8_t iv[128],
                                        const uint8_t *image, size_t covered,
                                        uint8_t digest[64])
{
    struct fb_secure_boot_v1 c;
    enum fb_status status = fb_secure_boot_v1_init(&c, key, n);

    if (status != FB_OK) {
        return status;
    }
    (void)fb_secure_boot_v1_update(&c, iv, FB_SECURE_BOOT_V1_IV_SIZE);
    status = fb_secure_boot_v1_update(&c, image, covered);
    if (status == FB_OK) {
        fb_secure_boot_v1_final(&c, digest);
    }
    fb_bytes_wipe(&c, sizeof c);
    return status;
}

uint32_t fb_secure_boot_v1_covered(uint32_t image_len, bool hash_appended)
{
    uint32_t hashed = image_len;

    if (hash_appended && hashed >= HASH_APPENDED) {
        hashed -= HASH_APPENDED;
    }
    return align_up32(hashed, FB_SECURE_BOOT_V1_BLOCK);
}
