// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/flash_encryption.h"

#include "lib/fb/bytes.h"
#include "lib/fb/crypto.h"
#include "lib/fb/flash_encryption_kernel.h"

static void store_words(const uint64_t words[4], uint8_t out[32])
{
    for (unsigned i = 0; i < 4; i++) {
        store32_be(out + 8 * i, (uint32_t)(words[i] >> 32));
        store32_be(out + 8 * i + 4, (uint32_t)words[i]);
    }
}

enum fb_status fb_flash_encryption_key_init(struct fb_flash_encryption_key *k,
                                            const uint8_t *bytes, size_t n,
                                            unsigned config)
{
    uint32_t rows[4];
    uint64_t mask[4];

    if (n != 24 && n != 32) {
        return FB_E_KEY;
    }
    if (config > 15) {
        return FB_E_RANGE;
    }
    for (unsigned i = 0; i < 32; i++) {
        k->key[i] = bytes[i < n ? i : i - 16]; // 24: the middle third again
    }
    for (unsigned g = 0; g < 4; g++) {
        rows[g] = (config >> g & 1) != 0 ? fb_flash_encryption_row(~0u) : 0;
    }
    fb_flash_encryption_spread(rows, mask);
    store_words(mask, k->mask);
    k->kernel = (uint8_t)fb_flash_encryption_kernel_best();
    return FB_OK;
}

void fb_flash_encryption_row_key(const struct fb_flash_encryption_key *k,
                                 uint32_t flash_off, uint8_t out[32])
{
    uint32_t row = fb_flash_encryption_row(flash_off);
    uint64_t tweak[4];

    fb_flash_encryption_spread((const uint32_t[4]){row, row, row, row}, tweak);
    store_words(tweak, out);
    for (unsigned i = 0; i < 32; i++) {
        out[i] = (uint8_t)(k->key[i] ^ (out[i] & k->mask[i]));
    }
}

typedef void set_key(struct fb_aes256 *c, const uint8_t key[32]);
typedef void run_block(const struct fb_aes256 *c, const uint8_t in[16],
                       uint8_t out[16]);

// AES sees each block with its bytes in reverse order.
static void run_rows(const struct fb_flash_encryption_key *k,
                     uint32_t flash_off, const uint8_t *in, uint8_t *out,
                     size_t n, set_key *init, run_block *run)
{
    struct fb_aes256 aes;
    uint8_t key[32];
    uint8_t block[16];

    for (size_t i = 0; i < n; i += 16) {
        uint32_t at = flash_off + (uint32_t)i;

        if (i == 0 || at % FB_FLASH_ENCRYPTION_ROW == 0) {
            fb_flash_encryption_row_key(k, at, key);
            init(&aes, key);
        }
        fb_bytes_reverse(block, in + i, 16);
        run(&aes, block, block);
        fb_bytes_reverse(out + i, block, 16);
    }
    fb_bytes_wipe(&aes, sizeof(aes));
    fb_bytes_wipe(key, sizeof(key));
    fb_bytes_wipe(block, sizeof(block));
}

static void portable_encrypt(const struct fb_flash_encryption_key *k,
                             uint32_t flash_off, const uint8_t *in,
                             uint8_t *out, size_t n)
{
    run_rows(k, flash_off, in, out, n, fb_aes256_decrypt_init,
             fb_aes256_decrypt);
}

static void portable_decrypt(const struct fb_flash_encryption_key *k,
                             uint32_t flash_off, const uint8_t *in,
                             uint8_t *out, size_t n)
{
    run_rows(k, flash_off, in, out, n, fb_aes256_encrypt_init,
             fb_aes256_encrypt);
}

static bool always(void)
{
    return true;
}

const struct fb_flash_encryption_kernel fb_flash_encryption_portable = {
    "portable", always, portable_encrypt, portable_decrypt};

static enum fb_status check(uint32_t flash_off, size_t n)
{
    if (flash_off % FB_FLASH_ENCRYPTION_BLOCK != 0 ||
        n % FB_FLASH_ENCRYPTION_BLOCK != 0) {
        return FB_E_ALIGN;
    }
    if (flash_off > FB_FLASH_ENCRYPTION_END ||
        n > FB_FLASH_ENCRYPTION_END - flash_off) {
        return FB_E_RANGE;
    }
    return FB_OK;
}

enum fb_status fb_flash_encrypt(const struct fb_flash_encryption_key *k,
                                uint32_t flash_off, const uint8_t *in,
                                uint8_t *out, size_t n)
{
    enum fb_status status = check(flash_off, n);

    if (status == FB_OK && n != 0) {
        fb_flash_encryption_kernel(k->kernel)->encrypt(k, flash_off, in, out,
                                                       n);
    }
    return status;
}

enum fb_status fb_flash_decrypt(const struct fb_flash_encryption_key *k,
                                uint32_t flash_off, const uint8_t *in,
                                uint8_t *out, size_t n)
{
    enum fb_status status = check(flash_off, n);

    if (status == FB_OK && n != 0) {
        fb_flash_encryption_kernel(k->kernel)->decrypt(k, flash_off, in, out,
                                                       n);
    }
    return status;
}
