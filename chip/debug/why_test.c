// SPDX-License-Identifier: Apache-2.0

#define _DEFAULT_SOURCE // for testing.h

#include "chip/debug/why.h"

#include "chip/testing.h"
#include "lib/fb/crc.h"
#include "lib/fb/flash_encryption.h"
#include "lib/fb/signature_v2.h"

struct board {
    struct rig *rig;
    struct fb_efuse_words fuses;
    char said[4000];
};

static void keep(void *ctx, const char *line)
{
    struct board *b = ctx;

    assert_true(strlen(b->said) + strlen(line) + 2 < sizeof b->said);
    strcat(b->said, line);
    strcat(b->said, "\n");
}

static const uint8_t key[32] = {1, 2, 3, 4, 5, 6, 7, 8};

static void encrypt(struct board *b, uint32_t made_for, uint32_t at, uint32_t n,
                    unsigned config)
{
    struct fb_flash_encryption_key k;
    uint8_t *copy = malloc(n);

    assert_non_null(copy);
    memcpy(copy, b->rig->flash + at, n);
    fb_flash_encryption_key_init(&k, key, sizeof key, config);
    fb_flash_encrypt(&k, made_for, copy, b->rig->flash + at, n);
    free(copy);
}

// Key in BLOCK1, as it is burned: reversed.
static void lock(struct board *b)
{
    for (unsigned i = 0; i < 8; i++) {
        b->fuses.word[1][i] = load32_be(key + 4 * (7 - i));
    }
    b->fuses.word[0][0] |= 1u << 20;
    b->fuses.word[0][5] |= 0xF0000000u;
}

static struct board board_with_image(uint32_t revision)
{
    struct board b = {.rig = rig_new(revision, CHIP_STRAP_FLASH_BOOT)};

    rig_image(b.rig->flash + 0x1000, false);
    return b;
}

// Boot and explain; then the board is gone.
static void explain(struct board *b)
{
    uint8_t *scratch = malloc(RIG_FLASH);
    struct why why = {.fuses = &b->fuses,
                      .revision = b->rig->chip->config.revision,
                      .flash = b->rig->flash,
                      .flash_size = RIG_FLASH,
                      .scratch = scratch,
                      .advise = true,
                      .port = "p"};
    char trouble[160];

    assert_non_null(scratch);
    fb_efuse_or(&b->fuses, FB_EFUSE_CHIP_VER_REV1, why.revision >= 1);
    fb_efuse_or(&b->fuses, FB_EFUSE_CHIP_VER_REV2, why.revision >= 2);
    chip_set_efuses(b->rig->chip, &b->fuses);
    rig_on(b->rig);
    rig_run_ms(b->rig, 200);
    b->rig->console[b->rig->console_n] = '\0';
    why.console = b->rig->console;
    b->said[0] = '\0';
    chip_flash_trouble(b->rig->chip, trouble, sizeof trouble);
    why.flash_trouble = trouble;
    why_explain(&why, keep, b);
    free(scratch);
    rig_free(b->rig);
}

static void says(const struct board *b, const char *text)
{
    if (strstr(b->said, text) == NULL) {
        fail_msg("`%s` is not in:\n%s", text, b->said);
    }
}

static void flash_without_supply(void **state)
{
    (void)state;
    for (uint32_t revision = 0; revision <= 3; revision += 3) {
        struct board b = board_with_image(revision);

        b.fuses.word[0][4] |= 5u << 14; // XPD_SDIO_REG, _FORCE
        explain(&b);
        says(&b, "the flash does not answer");
        says(&b, "VDD_SDIO is 1.8 V by the eFuses XPD_SDIO_*, the flash needs "
                 "3.3 V");
        says(&b, revision == 0 ? "it said last: >"
                               : "it said last: invalid header: 0xffffffff");
        assert_null(strstr(b.said, "0x1000"));
    }
}

static void plaintext_under_encryption(void **state)
{
    (void)state;
    for (uint32_t revision = 0; revision <= 3; revision += 3) {
        struct board b = board_with_image(revision);

        lock(&b);
        explain(&b);
        says(&b, "the ROM found no bootloader at 0x1000\n");
        says(&b, "at 0x1000 the flash holds e9 02 02 20 ");
        says(&b, "expected e9 first, got ");
        says(&b, "flash encryption is on: FLASH_CRYPT_CNT is 0x01");
        says(&b, "looks like plaintext under encryption: image");
    }
}

static void ciphertext_without_encryption(void **state)
{
    struct board b = board_with_image(0);

    (void)state;
    encrypt(&b, 0x1000, 0x1000, 0x1000, 15);
    lock(&b);
    b.fuses.word[0][0] |= 3u << 20; // two: off again
    explain(&b);
    says(&b, "looks like ciphertext: image under BLOCK1's key for 0x1000, but "
             "the chip does not decrypt");
}

static void ciphertext_of_elsewhere(void **state)
{
    struct board b = board_with_image(0);

    (void)state;
    encrypt(&b, 0x10000, 0x1000, 0x1000, 15);
    lock(&b);
    explain(&b);
    says(&b, "encrypted for 0x10000, but it lies at 0x1000");

    b = board_with_image(0);
    encrypt(&b, 0x1000, 0x1000, 0x1000, 3);
    lock(&b);
    explain(&b);
    says(&b, "encrypted with FLASH_CRYPT_CONFIG 0x3, but the fuses say 0xf");
}

static void another_key(void **state)
{
    struct board b = board_with_image(0);

    (void)state;
    encrypt(&b, 0x1000, 0x1000, 0x7000, 15);
    lock(&b);
    b.fuses.word[1][0] ^= 1;
    explain(&b);
    says(&b, "looks like ciphertext of another key than BLOCK1's");
}

static void erased(void **state)
{
    struct board b = board_with_image(0);

    (void)state;
    memset(b.rig->flash, 0xFF, 0x8000);
    explain(&b);
    says(&b, "expected e9 first, got ff\n");
    says(&b, "erased there");
}

static void another_chip(void **state)
{
    struct board b = board_with_image(3);

    (void)state;
    b.rig->flash[0x1000 + 12] = 2;
    explain(&b);
    says(&b, "chip id 0x0002 (0 for an ESP32)");
}

static void checksum(void **state)
{
    struct board b = board_with_image(0);

    (void)state;
    b.rig->flash[0x1000 + 33] ^= 4;
    explain(&b);
    says(&b, "its checksum is wrong\n");
    says(&b, "the byte at 0x105f is ed; the segments give e9\n");
}

static void digest(void **state)
{
    struct board b = board_with_image(3);

    (void)state;
    b.fuses.word[0][6] |= 1u << 4;
    explain(&b);
    says(&b, "Secure Boot V1: the bootloader's digest is not the one stored\n");
    says(&b, "stored at 0x80:     ff ff ff ff");
    says(&b, "computed with BLOCK2: ");
    says(&b, "over the IV at 0x0 and 128 bytes from 0x1000");
    says(&b, "no digest was ever written");
    says(&b, "BLOCK2 is empty");
}

static void signature(void **state)
{
    struct board b = board_with_image(3);

    (void)state;
    b.fuses.word[0][6] |= 1u << 5;
    explain(&b);
    says(&b, "Secure Boot V2: the bootloader's signature was refused\n");
    says(&b, "signature sector at 0x2000: expected e7 first, got ff");
}

// As chip/rom/rom_test.c: signed by espsecure, and trusted.
static struct board signed_v2(void)
{
    struct board b = {.rig = rig_new(3, CHIP_STRAP_FLASH_BOOT)};
    uint8_t *sector = b.rig->flash + 0x2000;
    uint8_t digest[32];
    size_t n = rig_image(b.rig->flash + 0x1000, true);

    // A hash that nobody looks at.
    memset(b.rig->flash + 0x1000 + n, 0, 32);
    memset(b.rig->flash + 0x1000 + n + 32, 0xFF, 4096 - n - 32);
    testing_file(sector, FB_SIGNATURE_V2_SECTOR, "tests/vectors/sign",
                 "rig_image.rsa3072.v2.sig");
    testing_file(digest, 32, "tests/vectors/sign",
                 "rig_image.rsa3072.v2.digest");
    for (unsigned i = 0; i < 8; i++) {
        b.fuses.word[2][i] = load32_le(digest + 4 * i);
    }
    b.fuses.word[0][6] |= 1u << 5;
    return b;
}

static void fix_crc(struct board *b)
{
    uint8_t *block = b->rig->flash + 0x2000;

    store32_le(block + 1196, fb_crc32(0, block, 1196));
}

static void signature_of_another_key(void **state)
{
    struct board b = signed_v2();

    (void)state;
    b.fuses.word[2][7] ^= 1u << 31;
    explain(&b);
    says(&b, "block 0 is good, but of another key than BLOCK2's\n"
             "    digest of its key:     ");
    says(&b, "trusted, in BLOCK2:    ");
    says(&b, "\nthe bootloader is not signed by the key whose digest is in "
             "BLOCK2\nwhat to do: write plaintext");

    b = signed_v2();
    memset(b.fuses.word[2], 0, sizeof b.fuses.word[2]);
    explain(&b);
    says(&b, "BLOCK2 is empty: no digest was burned");
    says(&b,
         "what to do: burn the key digest, with your own files\n    printf ");
    says(&b, "    espefuse --port p burn_key secure_boot_v2 signer.bin\n");

    b = signed_v2();
    b.fuses.word[0][0] |= 2u << 16; // RD_DIS
    explain(&b);
    says(&b, "BLOCK2 is read-protected (RD_DIS 0x2): the chip reads zeros");
    says(&b, "nothing brings it back: ");

    b = signed_v2();
    for (unsigned i = 0; i < 4; i++) {
        uint32_t word = b.fuses.word[2][i];

        b.fuses.word[2][i] = __builtin_bswap32(b.fuses.word[2][7 - i]);
        b.fuses.word[2][7 - i] = __builtin_bswap32(word);
    }
    explain(&b);
    says(&b, "BLOCK2 holds it in reversed byte order");
    says(&b, "nothing brings it back: ");
}

static void signature_damaged(void **state)
{
    static const struct {
        unsigned at; // byte of the sector that is changed
        bool crc;    // and the CRC made to fit
        const char *says;
    } rows[] = {
        {40, false, "block 0 is damaged: its CRC is 0x"},
        {430, true, "what it says about its RSA key does not fit the key"},
        {5, true, "block 0 signs something else"},
        {900, true, "its RSA-PSS signature does not verify"},
        {0, false, "expected e7 first, got a7\n"},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct board b = signed_v2();

        b.rig->flash[0x2000 + rows[i].at] ^= 0x40;
        if (rows[i].crc) {
            fix_crc(&b);
        }
        explain(&b);
        says(&b, "Secure Boot V2: the bootloader's signature was refused\n");
        says(&b, rows[i].says);
    }
}

// It is the image that was changed, where its checksum does not see it.
static void signed_image_changed(void **state)
{
    struct board b = signed_v2();

    (void)state;
    b.rig->flash[0x1FFF] = 0;
    explain(&b);
    says(&b, "block 0 signs something else: another image, or this one was "
             "changed since\n    image digest signed:   ");
}

static void too_large_for_v2(void **state)
{
    struct board b = signed_v2();

    (void)state;
    store32_le(b.rig->flash + 0x1000 + 28, 0x10000); // of the first segment
    explain(&b);
    says(&b, "the bootloader is larger than the ROM takes\n");
}

static void good_v2(void **state)
{
    struct board b = signed_v2();

    (void)state;
    explain(&b);
    says(&b, "the bootloader refuses the partition table\n");
}

static void empty_key(void **state)
{
    struct board b = board_with_image(0);

    (void)state;
    b.fuses.word[0][0] |= 1u << 20;
    explain(&b);
    says(&b, "BLOCK1 is empty: no flash encryption key was burned");
    says(&b, "FLASH_CRYPT_CONFIG is 0x0, and tools encrypt for 0xf");
    says(&b, "what to do: switch flash encryption off again");
}

static void no_memory_there(void **state)
{
    struct board b = board_with_image(0);

    (void)state;
    store32_le(b.rig->flash + 0x1000 + 24, 0x30000000);
    explain(&b);
    says(&b, "segment 0 of the bootloader goes to 0x30000000");
}

static void straps(void **state)
{
    struct board b = board_with_image(3);

    (void)state;
    chip_set_strap(b.rig->chip, CHIP_STRAP_DOWNLOAD);
    explain(&b);
    says(&b, "the straps chose the download mode: GPIO0 was low");

    b = board_with_image(3);
    chip_set_strap(b.rig->chip, CHIP_STRAP_DOWNLOAD);
    b.fuses.word[0][0] |= 1u << 27;
    explain(&b);
    says(&b, "UART_DOWNLOAD_DIS");
    says(&b, "release GPIO0 and reset the board");
    assert_null(strstr(b.said, "what to do"));
}

static void later(void **state)
{
    struct board b = board_with_image(0);

    (void)state;
    // A table in plaintext, but the rest is encrypted.
    encrypt(&b, 0x1000, 0x1000, 0x1000, 15);
    memcpy(b.rig->flash + 0x8000,
           "\xAA\x50\x00\x00\x00\x00\x01\x00\x00\x00\x10\x00"
           "app\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
           32);
    lock(&b);
    explain(&b);
    says(&b, "the bootloader refuses the partition table\n");
    says(&b, "it said last: Hi");
    says(&b, "the partition table at 0x8000 cannot be read\n"
             "  at 0x8000: wrong magic number; expected 0x50aa, got 0x");
    says(&b, "  at 0x8000 the flash holds aa 50 00 00 00 00 01 00, which the "
             "chip reads as ");
    says(&b, "  it looks like plaintext under encryption: partition table");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plaintext_under_encryption),
        cmocka_unit_test(flash_without_supply),
        cmocka_unit_test(ciphertext_without_encryption),
        cmocka_unit_test(ciphertext_of_elsewhere),
        cmocka_unit_test(another_key),
        cmocka_unit_test(erased),
        cmocka_unit_test(another_chip),
        cmocka_unit_test(checksum),
        cmocka_unit_test(digest),
        cmocka_unit_test(signature),
        cmocka_unit_test(signature_of_another_key),
        cmocka_unit_test(signature_damaged),
        cmocka_unit_test(signed_image_changed),
        cmocka_unit_test(too_large_for_v2),
        cmocka_unit_test(good_v2),
        cmocka_unit_test(empty_key),
        cmocka_unit_test(no_memory_there),
        cmocka_unit_test(straps),
        cmocka_unit_test(later),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
