// SPDX-License-Identifier: Apache-2.0
//
// For tests: what the flash and the eFuses of a board hold. An application that
// runs, a partition table, the bootloader with its digest, boot_info, each as a
// user's files would be, in plaintext; testing_rows() encrypts them. Where they
// go is up to the test.

#ifndef TESTS_SUPPORT_CONTENTS_H
#define TESTS_SUPPORT_CONTENTS_H

#include "chip/testing.h"
#include "firmware/boot/testing.h"
#include "lib/fb/boot_info.h"
#include "lib/fb/bytes.h"
#include "lib/fb/flash_encryption.h"
#include "lib/fb/partition_table.h"
#include "lib/fb/secure_boot_v1.h"

#define TESTING_TABLE_MAX (FB_PARTITION_TABLE_SIZE + FB_SIGNATURE_V1_SIZE)
#define TESTING_APP_ENTRY 0x400D008Cu // vaddr, in mapped flash

struct testing_app {
    char letter;           // it prints this and "i\n"; 0: H
    const uint8_t *desc;   // the first 32 bytes of DROM; NULL: a pattern
    const uint8_t *scalar; // the key that signs it; NULL: not signed
};

// An application with segments of all kinds.
static inline void testing_make_app(struct testing_blob *app,
                                    const struct testing_app *how)
{
    uint8_t code[48] = {0};
    const struct testing_segments segments = {
        TESTING_APP_ENTRY,
        4,
        {{0x3F400020, 0x20, how->desc},
         {0x3FFB0000, 0x10, NULL},
         {0x40080000, 0x14, NULL},
         {0x400D007C, sizeof(code), code}},
    };

    testing_hex(code, sizeof(code), RIG_PROGRAM);
    if (how->letter != 0) {
        code[21] = (uint8_t)how->letter; // movi a3, 'H'
    }
    testing_make_image(app, &segments);
    if (how->scalar != NULL) {
        testing_append_signature(app, how->scalar);
    }
}

// scalar: the key that signs it; NULL: not signed. Returns its length.
static inline size_t testing_make_table(uint8_t out[TESTING_TABLE_MAX],
                                        const struct fb_partition_table *table,
                                        const uint8_t *scalar)
{
    assert_int_equal(fb_partition_table_encode(table, out), FB_OK);
    if (scalar == NULL) {
        return FB_PARTITION_TABLE_SIZE;
    }
    testing_sign(scalar, out, FB_PARTITION_TABLE_SIZE,
                 out + FB_PARTITION_TABLE_SIZE);
    return TESTING_TABLE_MAX;
}

struct testing_digest {
    const uint8_t *key;
    size_t key_n; // 32, or 24 under coding scheme 3/4
    uint8_t iv;   // its first byte
    const uint8_t *bootloader;
    size_t bootloader_n;
};

// The file for flash_off 0, as espsecure writes it: IV, digest, and what the
// digest covers of a bootloader. Returns its length, at most cap; 0xFF behind
// it.
static inline size_t testing_make_digest_file(uint8_t *out, size_t cap,
                                              const struct testing_digest *how)
{
    uint8_t *image = out + FB_SECURE_BOOT_V1_IMAGE_OFF;
    size_t n = how->bootloader_n;
    uint32_t covered = fb_secure_boot_v1_covered((uint32_t)n, true);

    assert_true(FB_SECURE_BOOT_V1_IMAGE_OFF + covered <= cap);
    memset(out, 0xFF, cap);
    for (unsigned i = 0; i < FB_SECURE_BOOT_V1_IV_SIZE; i++) {
        out[i] = (uint8_t)(how->iv + 7 * i);
    }
    memcpy(image, how->bootloader, n < covered ? n : covered);
    assert_int_equal(
        fb_secure_boot_v1_digest(how->key, how->key_n, out, image, covered,
                                 out + FB_SECURE_BOOT_V1_DIGEST_OFF),
        FB_OK);
    return FB_SECURE_BOOT_V1_IMAGE_OFF + covered;
}

static inline void testing_make_info(uint8_t out[FB_BOOT_INFO_SIZE],
                                     uint32_t active, uint32_t state)
{
    struct fb_boot_info info;

    fb_boot_info_fresh(&info);
    info.active = active;
    info.state = state;
    fb_boot_info_encode(&info, out);
}

// n bytes and 0xFF up to a whole row, encrypted for flash_off with a key of 32
// bytes unless that is NULL. Returns the length, a multiple of 32.
static inline size_t testing_rows(uint8_t *out, const uint8_t *p, size_t n,
                                  const uint8_t *key, uint32_t flash_off)
{
    struct fb_flash_encryption_key k;
    size_t rows = (n + 31) & ~(size_t)31;

    memset(out, 0xFF, rows);
    memcpy(out, p, n);
    if (key != NULL) {
        fb_flash_encryption_key_init(&k, key, 32, 0xF);
        assert_int_equal(fb_flash_encrypt(&k, flash_off, out, out, rows),
                         FB_OK);
    }
    return rows;
}

// A key file's bytes as the words of an eFuse block, reversed or not.
static inline void testing_key_words(const uint8_t key[32], bool reversed,
                                     uint32_t words[8])
{
    uint8_t bytes[32];

    memcpy(bytes, key, 32);
    if (reversed) {
        fb_bytes_reverse(bytes, key, 32);
    }
    for (unsigned i = 0; i < 8; i++) {
        words[i] = load32_le(bytes + 4 * i);
    }
}

#endif
