// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/flash_encryption.h"

#include "lib/fb/bytes.h"
#include "lib/fb/crypto.h"
#include "lib/fb/flash_encryption_kernel.h"

// The address bits 23 .. 5, which name a row.
enum { ROW_BITS = 19, GROUPS = 4 };

// A 256-bit string that is appended to from the left.
struct bit_string {
    uint8_t *out;
    uint32_t pending; // bits not yet written, at most 7 between calls
    unsigned count;
};

static void append(struct bit_string *s, uint32_t bits, unsigned count)
{
    s->pending = s->pending << count | bits;
    s->count += count;
    while (s->count >= 8) {
        s->count -= 8;
        *s->out++ = (uint8_t)(s->pending >> s->count);
    }
}

// How address bits lie over the key bits, key bit 0 (the top bit of the first
// byte) first. Each bit of FLASH_CRYPT_CONFIG stands for a group of key bits:
// the row's 19 address bits three times, then its lowest ones (esp-idf,
// docs/en/security/flash-encryption.rst, "Flash Encryption Algorithm").
// row[g] is what group g sees.
static void spread(const uint32_t row[GROUPS], uint8_t out[32])
{
    static const uint8_t tail[GROUPS] = {10, 8, 6, 4}; // 67 65 63 61 in all
    struct bit_string s = {out, 0, 0};

    for (unsigned g = 0; g < GROUPS; g++) {
        append(&s, row[g], ROW_BITS);
        append(&s, row[g], ROW_BITS);
        append(&s, row[g], ROW_BITS);
        append(&s, row[g] & ((1u << tail[g]) - 1), tail[g]);
    }
}

enum fb_status fb_flash_encryption_key_init(struct fb_flash_encryption_key *k,
                                            const uint8_t *bytes, size_t n,
                                            unsigned config)
{
    uint32_t rows[GROUPS];

    if (n != 24 && n != 32) {
        return FB_E_KEY;
    }
    if (config > 15) {
        return FB_E_RANGE;
    }
    for (unsigned i = 0; i < 32; i++) {
        k->key[i] = bytes[i < n ? i : i - 16]; // 24: the middle third again
    }
    for (unsigned g = 0; g < GROUPS; g++) {
        rows[g] = (config >> g & 1) != 0 ? (1u << ROW_BITS) - 1 : 0;
    }
    spread(rows, k->mask);
    return FB_OK;
}

void fb_flash_encryption_row_key(const struct fb_flash_encryption_key *k,
                                 uint32_t flash_off, uint8_t out[32])
{
    uint32_t row = flash_off >> 5 & ((1u << ROW_BITS) - 1);

    spread((const uint32_t[GROUPS]){row, row, row, row}, out);
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
        fb_flash_encryption_kernel()->encrypt(k, flash_off, in, out, n);
    }
    return status;
}

enum fb_status fb_flash_decrypt(const struct fb_flash_encryption_key *k,
                                uint32_t flash_off, const uint8_t *in,
                                uint8_t *out, size_t n)
{
    enum fb_status status = check(flash_off, n);

    if (status == FB_OK && n != 0) {
        fb_flash_encryption_kernel()->decrypt(k, flash_off, in, out, n);
    }
    return status;
}
