// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/testing.h"

#include "lib/fb/bytes.h"
#include "lib/fb/crc.h"
#include "lib/fb/signature_v2.h"

#define VECTORS "tests/vectors/sign"

static uint8_t data100[100];

static int make_data(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof(data100); i++) {
        data100[i] = (uint8_t)(i * 11 + 1);
    }
    return 0;
}

static const struct vector {
    const char *sector;
    const char *digests[2];
    enum fb_signature_v2_kind kind;
    unsigned blocks;
    unsigned used; // bytes of a block before zeros or the CRC
} vectors[] = {
    {"data100.rsa3072.v2.sig",
     {"rsa3072.v2.digest"},
     FB_SIGNATURE_V2_RSA3072,
     1,
     1196},
    {"data100.rsa3072x2.v2.sig",
     {"rsa3072.v2.digest", "rsa2.v2.digest"},
     FB_SIGNATURE_V2_RSA3072,
     2,
     1196},
    {"data100.ecdsa192.v2.sig",
     {"ecdsa192.v2.digest"},
     FB_SIGNATURE_V2_P192,
     1,
     165},
    {"data100.ecdsa256.v2.sig",
     {"ecdsa256.v2.digest"},
     FB_SIGNATURE_V2_P256,
     1,
     165},
    {"data100.ecdsa384.v2.sig",
     {"ecdsa384.v2.digest"},
     FB_SIGNATURE_V2_P384,
     1,
     245},
};

enum { VECTOR_COUNT = sizeof(vectors) / sizeof(vectors[0]) };

static const uint8_t *sector_of(const struct vector *v)
{
    static uint8_t sector[FB_SIGNATURE_V2_SECTOR];

    assert_int_equal(testing_file(sector, sizeof(sector), VECTORS, v->sector),
                     sizeof(sector));
    return sector;
}

static void test_espsecure_sectors(void **state)
{
    (void)state;
    for (unsigned i = 0; i < VECTOR_COUNT; i++) {
        const uint8_t *sector = sector_of(&vectors[i]);

        for (unsigned b = 0; b < FB_SIGNATURE_V2_BLOCKS; b++) {
            const uint8_t *block = testing_guarded(
                sector + b * FB_SIGNATURE_V2_BLOCK, FB_SIGNATURE_V2_BLOCK);
            struct fb_signature_v2 s;
            struct fb_fault fault;
            uint8_t want[32], got[32];

            if (b >= vectors[i].blocks) {
                assert_int_equal(fb_signature_v2_parse(block, &s, &fault),
                                 FB_E_BLANK);
                continue;
            }
            assert_int_equal(
                fb_signature_v2_verify(testing_guarded(data100, 100), 100,
                                       block, &s, &fault),
                FB_OK);
            assert_int_equal(s.kind, vectors[i].kind);
            testing_file(want, 32, VECTORS, vectors[i].digests[b]);
            fb_signature_v2_key_digest(block, got);
            assert_memory_equal(got, want, 32);
        }
    }
}

static void test_encode_gives_the_same_bytes(void **state)
{
    (void)state;
    for (unsigned i = 0; i < VECTOR_COUNT; i++) {
        const uint8_t *sector = sector_of(&vectors[i]);

        for (unsigned b = 0; b < vectors[i].blocks; b++) {
            const uint8_t *block = sector + b * FB_SIGNATURE_V2_BLOCK;
            uint8_t *out = testing_guarded(NULL, FB_SIGNATURE_V2_BLOCK);
            struct fb_signature_v2 s;

            assert_int_equal(fb_signature_v2_parse(block, &s, NULL), FB_OK);
            memset(out, 0xA5, FB_SIGNATURE_V2_BLOCK);
            assert_int_equal(fb_signature_v2_encode(&s, out), FB_OK);
            assert_memory_equal(out, block, FB_SIGNATURE_V2_BLOCK);
        }
    }
}

// Of espsecure's sector with two signatures, each key is enough.
static void test_sector(void **state)
{
    const struct vector *two = &vectors[1];
    uint8_t sector[FB_SIGNATURE_V2_SECTOR], trusted[32];
    struct fb_fault fault;
    unsigned block = 9;

    (void)state;
    memcpy(sector, sector_of(two), sizeof(sector));
    for (unsigned i = 0; i < 2; i++) {
        testing_file(trusted, 32, VECTORS, two->digests[i]);
        assert_int_equal(fb_signature_v2_verify_sector(data100, 100, sector,
                                                       trusted, &block, &fault),
                         FB_OK);
        assert_int_equal(block, i);
    }
    assert_int_equal(fb_signature_v2_verify_sector(data100, 99, sector, trusted,
                                                   &block, &fault),
                     FB_E_BAD_HASH);
    trusted[31] ^= 1;
    assert_int_equal(fb_signature_v2_verify_sector(data100, 100, sector,
                                                   trusted, &block, &fault),
                     FB_E_BAD_DIGEST);
    assert_int_equal(block, 0);
    assert_int_equal(fb_signature_v2_verify_sector(data100, 100, sector, NULL,
                                                   &block, &fault),
                     FB_OK);
    // A second block without a first one is none.
    trusted[31] ^= 1;
    sector[0] = 0xFF;
    assert_int_equal(fb_signature_v2_verify_sector(data100, 100, sector,
                                                   trusted, &block, &fault),
                     FB_E_BAD_MAGIC);
    // The ROM of the ESP32 knows RSA only.
    assert_int_equal(fb_signature_v2_verify_sector(data100, 100,
                                                   sector_of(&vectors[3]), NULL,
                                                   &block, &fault),
                     FB_E_BAD_VERSION);
}

static void fix_crc(uint8_t *block)
{
    store32_le(block + 1196, fb_crc32(0, block, 1196));
}

// A bit flipped anywhere, the CRC made to fit: nothing is accepted but what
// changes a byte that no field uses.
static void test_any_change_is_refused(void **state)
{
    (void)state;
    for (unsigned i = 0; i < VECTOR_COUNT; i++) {
        uint8_t block[FB_SIGNATURE_V2_BLOCK];
        struct fb_signature_v2 s;

        memcpy(block, sector_of(&vectors[i]), sizeof(block));
        // RSA takes long: every third byte, which meets each field often.
        for (unsigned at = 0; at < vectors[i].used;
             at += vectors[i].kind == FB_SIGNATURE_V2_RSA3072 ? 3 : 1) {
            uint8_t flip = (uint8_t)(1u << at % 8);
            bool unused = vectors[i].kind == FB_SIGNATURE_V2_RSA3072
                              ? at == 2 || at == 3
                              : at == 3;

            if (vectors[i].kind == FB_SIGNATURE_V2_P192 &&
                (at - 37) % 64 >= 48 && at >= 37) {
                unused = true; // the fields are wider than P-192 needs
            }
            block[at] ^= flip;
            assert_int_not_equal(fb_signature_v2_parse(block, &s, NULL), FB_OK);
            fix_crc(block);
            if (unused) {
                assert_int_equal(
                    fb_signature_v2_verify(data100, 100, block, &s, NULL),
                    FB_OK);
            } else {
                assert_int_not_equal(
                    fb_signature_v2_verify(data100, 100, block, &s, NULL),
                    FB_OK);
            }
            block[at] ^= flip;
            fix_crc(block);
        }
        assert_int_equal(fb_signature_v2_verify(data100, 100, block, &s, NULL),
                         FB_OK);
    }
}

static void test_other_data_is_refused(void **state)
{
    struct fb_signature_v2 s;
    struct fb_fault fault;

    (void)state;
    for (unsigned i = 0; i < VECTOR_COUNT; i++) {
        const uint8_t *block = sector_of(&vectors[i]);

        for (unsigned at = 0; at < 100; at++) {
            data100[at] ^= 4;
            assert_int_equal(
                fb_signature_v2_verify(data100, 100, block, &s, &fault),
                FB_E_BAD_HASH);
            assert_in_range(fault.offset, 4, 4 + 47);
            assert_int_equal(fault.got, block[fault.offset]);
            data100[at] ^= 4;
        }
        assert_int_equal(fb_signature_v2_verify(data100, 99, block, &s, &fault),
                         FB_E_BAD_HASH);
    }
}

// Padding counts as content: data that already has it verifies as well.
static void test_padded_content(void **state)
{
    static uint8_t padded[4096];
    struct fb_signature_v2 s;

    (void)state;
    memset(padded, 0xFF, sizeof(padded));
    memcpy(padded, data100, 100);
    for (unsigned i = 0; i < VECTOR_COUNT; i++) {
        for (size_t n = 100; n <= 4096; n += n < 104 ? 1 : 499) {
            assert_int_equal(fb_signature_v2_verify(
                                 padded, n, sector_of(&vectors[i]), &s, NULL),
                             FB_OK);
        }
    }
}

static void test_faults(void **state)
{
    uint8_t block[FB_SIGNATURE_V2_BLOCK];
    struct fb_signature_v2 s, before;
    struct fb_fault fault;

    (void)state;
    memset(&s, 0xA5, sizeof(s));
    before = s;
    memset(block, 0, sizeof(block));
    block[1] = 5;
    assert_int_equal(fb_signature_v2_parse(block, &s, &fault), FB_E_BAD_MAGIC);
    assert_int_equal(fault.offset, 0);
    assert_int_equal(fault.got, 0);
    assert_int_equal(fault.want, 0xE7);
    memset(block, 0xFF, sizeof(block));
    assert_int_equal(fb_signature_v2_parse(block, &s, &fault), FB_E_BLANK);
    memcpy(block, sector_of(&vectors[0]), sizeof(block));
    block[1196] ^= 1;
    assert_int_equal(fb_signature_v2_parse(block, &s, &fault), FB_E_BAD_CRC);
    assert_int_equal(fault.got ^ fault.want, 1);
    block[1] = 4;
    fix_crc(block);
    assert_int_equal(fb_signature_v2_parse(block, &s, &fault),
                     FB_E_BAD_VERSION);
    assert_int_equal(fault.offset, 1);
    assert_int_equal(fault.got, 4);
    block[1] = 2;
    for (unsigned at = 424; at < 812; at++) { // R and M'
        block[at] ^= 0x80;
        fix_crc(block);
        assert_int_equal(fb_signature_v2_parse(block, &s, &fault), FB_E_KEY);
        assert_int_equal(fault.offset, at);
        block[at] ^= 0x80;
    }
    block[36] ^= 1; // an even modulus
    fix_crc(block);
    assert_int_equal(fb_signature_v2_parse(block, &s, &fault), FB_E_KEY);
    assert_int_equal(fault.offset, 36);
    memcpy(block, sector_of(&vectors[3]), sizeof(block));
    for (unsigned curve = 0; curve < 256; curve++) {
        block[36] = (uint8_t)curve;
        fix_crc(block);
        if (curve != 1 && curve != 2) {
            assert_int_equal(fb_signature_v2_parse(block, &s, &fault),
                             FB_E_UNKNOWN);
            assert_int_equal(fault.got, curve);
        }
    }
    block[2] = 2; // no such hash
    fix_crc(block);
    assert_int_equal(fb_signature_v2_parse(block, &s, &fault), FB_E_UNKNOWN);
    assert_int_equal(fault.offset, 2);
    assert_memory_equal(&s, &before, sizeof(s));
}

static void test_bad_modulus_is_not_encoded(void **state)
{
    struct fb_signature_v2 s = {.kind = FB_SIGNATURE_V2_RSA3072};
    uint8_t block[FB_SIGNATURE_V2_BLOCK];

    (void)state;
    memset(block, 0xA5, sizeof(block));
    memset(s.pub, 0xFF, sizeof(s.pub));
    s.pub[383] = 0xFE;
    assert_int_equal(fb_signature_v2_encode(&s, block), FB_E_KEY);
    s.pub[383] = 0xFF;
    s.pub[0] = 0x7F;
    assert_int_equal(fb_signature_v2_encode(&s, block), FB_E_KEY);
    assert_true(fb_bytes_all(block, sizeof(block), 0xA5));
}

// The files of esptool, test/secure_images, in the folder that
// ESPTOOL_SECURE_IMAGES names. They are not part of this tree.
static void test_esptool_files(void **state)
{
    static const struct {
        const char *file;
        unsigned blocks;
        const char *digest; // what signature_info_v2 prints
    } rows[] = {
        {"bootloader_signed_v2_rsa.bin", 1,
         "cb2791a371b0c0322bf7370478ba0962224cab1cf2287879e429673e7da84463"},
        {"bootloader_multi_signed_v2_rsa.bin", 3, NULL},
        {"bootloader_signed_v2_ecdsa192.bin", 1,
         "1060f30bc482db11c470db5734f1f91b792c21ff1f0a3234544156d4f98d3311"},
        {"bootloader_multi_signed_v2_ecdsa192.bin", 3, NULL},
        {"bootloader_signed_v2_ecdsa256.bin", 1,
         "f35cc5dbdde67f94a7bbcb5723371ba91822193582308f84cb95b4531219056d"},
        {"bootloader_multi_signed_v2_ecdsa256.bin", 3, NULL},
        {"bootloader_signed_v2_ecdsa384.bin", 1, NULL},
        {"bootloader_multi_signed_v2_ecdsa384.bin", 3, NULL},
    };
    static uint8_t file[0x20000];
    const char *folder = getenv("ESPTOOL_SECURE_IMAGES");

    (void)state;
    if (folder == NULL) {
        skip();
    }
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t n = testing_file(file, sizeof(file), folder, rows[i].file) -
                   FB_SIGNATURE_V2_SECTOR;

        for (unsigned b = 0; b < FB_SIGNATURE_V2_BLOCKS; b++) {
            const uint8_t *block = file + n + b * FB_SIGNATURE_V2_BLOCK;
            uint8_t got[FB_SIGNATURE_V2_BLOCK], want[32];
            struct fb_signature_v2 s;
            enum fb_status status =
                fb_signature_v2_verify(file, n, block, &s, NULL);

            if (b >= rows[i].blocks) {
                assert_int_not_equal(status, FB_OK);
                continue;
            }
            assert_int_equal(status, FB_OK);
            assert_int_equal(fb_signature_v2_encode(&s, got), FB_OK);
            assert_memory_equal(got, block, sizeof(got));
            if (rows[i].digest != NULL) {
                testing_hex(want, 32, rows[i].digest);
                fb_signature_v2_key_digest(block, got);
                assert_memory_equal(got, want, 32);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_espsecure_sectors),
        cmocka_unit_test(test_encode_gives_the_same_bytes),
        cmocka_unit_test(test_sector),
        cmocka_unit_test(test_any_change_is_refused),
        cmocka_unit_test(test_other_data_is_refused),
        cmocka_unit_test(test_padded_content),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_bad_modulus_is_not_encoded),
        cmocka_unit_test(test_esptool_files),
    };

    return cmocka_run_group_tests(tests, make_data, NULL);
}
