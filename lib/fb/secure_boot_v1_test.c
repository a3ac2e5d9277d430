// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/testing.h"

#include "lib/fb/bytes.h"
#include "lib/fb/secure_boot_v1.h"

#define VECTORS "tests/vectors/digest"

static void count_up(uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        p[i] = (uint8_t)i;
    }
}

static void make_image(uint8_t image[256], size_t n)
{
    memset(image, 0xFF, 256);
    for (size_t i = 0; i < n; i++) {
        image[i] = (uint8_t)(7 * i + 3);
    }
}

static void digest_of(const uint8_t *key, size_t key_len, const uint8_t *iv,
                      size_t iv_len, const uint8_t *image, size_t n,
                      uint8_t digest[64])
{
    struct fb_secure_boot_v1 c;

    assert_int_equal(fb_secure_boot_v1_init(&c, key, key_len), FB_OK);
    assert_int_equal(fb_secure_boot_v1_update(&c, iv, iv_len), FB_OK);
    assert_int_equal(fb_secure_boot_v1_update(&c, image, n), FB_OK);
    fb_secure_boot_v1_final(&c, digest);
    assert_true(fb_bytes_all((uint8_t *)&c, sizeof(c), 0));
    if (iv_len == FB_SECURE_BOOT_V1_IV_SIZE) {
        uint8_t whole[64];

        assert_int_equal(
            fb_secure_boot_v1_digest(key, key_len, iv, image, n, whole), FB_OK);
        assert_memory_equal(whole, digest, sizeof whole);
    }
}

// What espsecure computes for key 00 .. , IV 00 .. 7f and 256 bytes
// (7 i + 3) % 256.
static void test_examples(void **state)
{
    static const struct {
        size_t key_len, image_len;
        const char *digest;
    } rows[] = {
        {32, 256,
         "722b550c81234aa81222c9b38ce84a54b7f4675e3e8164c71a227c21ca105944"
         "63ef9a0e66d247a331704482404a4715140d3464c8f8238e48f2b800c07d0ff9"},
        {32, 200, // then 0xFF
         "e93fa990f2a38468260f48f8b20f67ae90d0e1cff75f0322c8cf5a2821005c05"
         "e1eeba4e851c023984a5140e8212bcbeb875de965f4a6cab0a70d6b2c78c2a69"},
        {24, 256,
         "ff421142197819105228bed25f91f6d5abcd784cd49bde97310450f106ec96ff"
         "14ab0a9030369d832a754d5a1c54d17d90407f9e78372455e552c89aa8729bea"},
    };
    uint8_t key[32], iv[128], image[256], want[64], got[64];

    (void)state;
    count_up(key, 32);
    count_up(iv, 128);
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        make_image(image, rows[i].image_len);
        assert_int_equal(testing_hex(want, 64, rows[i].digest), 64);
        digest_of(testing_guarded(key, rows[i].key_len), rows[i].key_len,
                  testing_guarded(iv, 128), 128, testing_guarded(image, 256),
                  256, got);
        assert_memory_equal(got, want, 64);
    }
}

static void test_parts_and_copies(void **state)
{
    uint8_t key[32], iv[128], image[256], want[64], got[64];
    struct fb_secure_boot_v1 c, copy;

    (void)state;
    count_up(key, 32);
    count_up(iv, 128);
    make_image(image, 256);
    digest_of(key, 32, iv, 128, image, 256, want);
    for (size_t cut = 0; cut <= 256; cut += 16) {
        fb_secure_boot_v1_init(&c, key, 32);
        fb_secure_boot_v1_update(&c, iv, 128);
        fb_secure_boot_v1_update(&c, image, cut);
        copy = c;
        fb_secure_boot_v1_update(&c, image + cut, 256 - cut);
        fb_secure_boot_v1_final(&c, got);
        assert_memory_equal(got, want, 64);
        fb_secure_boot_v1_update(&copy, image + cut, 256 - cut);
        fb_secure_boot_v1_final(&copy, got);
        assert_memory_equal(got, want, 64);
    }
}

static void test_every_bit_counts(void **state)
{
    uint8_t key[32], iv[128], image[256], want[64], got[64];

    (void)state;
    count_up(key, 32);
    count_up(iv, 128);
    make_image(image, 256);
    digest_of(key, 32, iv, 128, image, 256, want);
    for (unsigned i = 0; i < 32 + 128 + 256; i++) {
        uint8_t *p = i < 32 ? &key[i] : i < 160 ? &iv[i - 32] : &image[i - 160];

        *p ^= (uint8_t)(1u << i % 8);
        digest_of(key, 32, iv, 128, image, 256, got);
        assert_memory_not_equal(got, want, 64);
        *p ^= (uint8_t)(1u << i % 8);
    }
}

static void test_unaligned_parts_are_refused(void **state)
{
    uint8_t key[32], iv[128], image[256], want[64], got[64];
    struct fb_secure_boot_v1 c;

    (void)state;
    count_up(key, 32);
    count_up(iv, 128);
    make_image(image, 256);
    digest_of(key, 32, iv, 128, image, 256, want);
    fb_secure_boot_v1_init(&c, key, 32);
    for (size_t n = 1; n < 128; n += n % 16 == 15 ? 2 : 1) {
        assert_int_equal(fb_secure_boot_v1_update(&c, iv, n), FB_E_ALIGN);
    }
    fb_secure_boot_v1_update(&c, iv, 128);
    fb_secure_boot_v1_update(&c, image, 256);
    fb_secure_boot_v1_final(&c, got);
    assert_memory_equal(got, want, 64);
}

static void test_bad_keys(void **state)
{
    struct fb_secure_boot_v1 c;
    uint8_t key[80] = {0};

    (void)state;
    for (size_t n = 0; n <= sizeof(key); n++) {
        assert_int_equal(fb_secure_boot_v1_init(&c, key, n),
                         n == 16 || n == 24 || n == 32 ? FB_OK : FB_E_KEY);
    }
}

// A 16-byte key stands for its SHA-256.
static void test_16_byte_key(void **state)
{
    uint8_t key[16], hash[32], iv[128], image[256], want[64], got[64];
    struct fb_sha256 sha;

    (void)state;
    count_up(key, 16);
    count_up(iv, 128);
    make_image(image, 256);
    fb_sha256_init(&sha);
    fb_sha256_update(&sha, key, 16);
    fb_sha256_final(&sha, hash);
    digest_of(hash, 32, iv, 128, image, 256, want);
    digest_of(key, 16, iv, 128, image, 256, got);
    assert_memory_equal(got, want, 64);
}

static void test_covered(void **state)
{
    (void)state;
    assert_int_equal(fb_secure_boot_v1_covered(0, false), 0);
    assert_int_equal(fb_secure_boot_v1_covered(16, false), 128);
    assert_int_equal(fb_secure_boot_v1_covered(128, false), 128);
    assert_int_equal(fb_secure_boot_v1_covered(144, false), 256);
    assert_int_equal(fb_secure_boot_v1_covered(128 + 32, true), 128);
    assert_int_equal(fb_secure_boot_v1_covered(128 + 48, true), 256);
    assert_int_equal(fb_secure_boot_v1_covered(32, true), 0);
    assert_int_equal(fb_secure_boot_v1_covered(16, true), 128);
    // What espsecure keeps: if a hash is appended and at most 32 bytes stand
    // beyond the last 128, those are dropped; then it pads to 128.
    for (uint32_t n = 32; n < 1024; n += 16) {
        uint32_t kept = n % 128 <= 32 ? n - n % 128 : n;

        assert_int_equal(fb_secure_boot_v1_covered(n, true),
                         (kept + 127) / 128 * 128);
    }
}

// --- espsecure 5.3.1 ---------------------------------------------------------

static void expect_file(const char *name, size_t key_len, uint32_t image_len,
                        bool hash_appended)
{
    static uint8_t file[0x20000];
    size_t n = testing_file(file, sizeof(file), VECTORS, name);
    uint32_t covered = fb_secure_boot_v1_covered(image_len, hash_appended);
    uint8_t key[32], digest[64];

    for (unsigned i = 0; i < 32; i++) {
        key[i] = (uint8_t)(i * 53 + 7);
    }
    assert_int_equal(n, FB_SECURE_BOOT_V1_IMAGE_OFF + covered);
    digest_of(key, key_len, file + FB_SECURE_BOOT_V1_IV_OFF,
              FB_SECURE_BOOT_V1_IV_SIZE, file + FB_SECURE_BOOT_V1_IMAGE_OFF,
              covered, digest);
    assert_memory_equal(digest, file + FB_SECURE_BOOT_V1_DIGEST_OFF,
                        FB_SECURE_BOOT_V1_DIGEST_SIZE);
}

static void test_espsecure_vectors(void **state)
{
    (void)state;
    expect_file("small.plain.sb256.bin", 32, 65648, true);
    expect_file("small.plain.sb192.bin", 24, 65648, true);
    expect_file("small.nohash.sb256.bin", 32, 65616, false);
}

// The files of esptool, test/secure_images, in the folder that
// ESPTOOL_SECURE_IMAGES names. They are not part of this tree. The IV of the
// stored digest is only 32 bytes long, so the digest follows at 0x20.
static void test_esptool_files(void **state)
{
    static uint8_t image[0x10000], file[0x11000];
    const char *folder = getenv("ESPTOOL_SECURE_IMAGES");
    uint8_t key[32], iv[128], want[64], got[64];
    uint32_t n, covered;

    (void)state;
    if (folder == NULL) {
        skip();
    }
    memset(image, 0xFF, sizeof(image));
    n = (uint32_t)testing_file(image, sizeof(image), folder, "bootloader.bin");
    covered = fb_secure_boot_v1_covered(n, image[23] == 1);
    testing_file(key, 32, folder, "256bit_key.bin");
    testing_file(iv, sizeof(iv), folder, "256bit_iv.bin");
    testing_file(file, sizeof(file), folder, "bootloader_digested.bin");
    digest_of(key, 32, iv, 32, image, covered, got);
    assert_memory_equal(got, file + 32, 64);
    assert_memory_equal(image, file + 0x1000, covered);

    testing_file(iv, sizeof(iv), folder, "digest_iv.bin");
    testing_hex(
        want, 64,
        "e360bcec540bc2521b14570b41669ae14d5fe4700c393beb7337038e05053f9d"
        "015373f2336e635d7ad20639989b76a6e93b0cdd286f3d8f65f7aefe45ebc3d4");
    digest_of(key, 32, iv, 128, image, covered, got);
    assert_memory_equal(got, want, 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_parts_and_copies),
        cmocka_unit_test(test_every_bit_counts),
        cmocka_unit_test(test_unaligned_parts_are_refused),
        cmocka_unit_test(test_bad_keys),
        cmocka_unit_test(test_16_byte_key),
        cmocka_unit_test(test_covered),
        cmocka_unit_test(test_espsecure_vectors),
        cmocka_unit_test(test_esptool_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
