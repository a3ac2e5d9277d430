// SPDX-License-Identifier: Apache-2.0
//
// What a board holds before something happens to it: the bootloader as it is
// built, a table, applications, data.

#ifndef TESTS_POWERCUT_SCENE_H
#define TESTS_POWERCUT_SCENE_H

#include "chip/testing.h"
#include "firmware/boot/testing.h"
#include "lib/fb/elf_image.h"
#include "lib/fb/first_boot.h"
#include "lib/fb/flash_encryption.h"
#include "lib/fb/partition_table.h"
#include "tests/powercut/board.h"

#define SCENE_SLOT_0  0x10000u // flash_off
#define SCENE_SLOT_1  0x20000u
#define SCENE_OTADATA 0x30000u
#define SCENE_DATA    0x32000u
#define SCENE_AREA    0x34000u // where the work area has to be found
#define SCENE_DATA_N  0x1800u

#define SCENE_BUILD "build/powercut"
#define SCENE_PUB   SCENE_BUILD "/signature_verification_key.bin"

struct scene {
    uint8_t bootloader[0x7000]; // one that locks the board at its first start
    size_t bootloader_n;
    uint8_t plain[0x7000]; // one that does not
    size_t plain_n;
    struct testing_blob update; // an application that updates itself
    struct testing_blob app;
    uint8_t table[FB_PARTITION_TABLE_SIZE + FB_SIGNATURE_V1_SIZE];
    uint8_t data[SCENE_DATA_N];
};

static inline bool scene_tools(void)
{
    return system("xtensa-lx106-elf-gcc --version >/dev/null 2>&1") == 0;
}

static inline void scene_make(const char *what, const char *log)
{
    char command[512];

    snprintf(command, sizeof command,
             "env -u MAKEFLAGS -u MAKELEVEL make -s -j2 %s "
             "SIGN_PUB=\"$PWD/" SCENE_PUB "\" >" SCENE_BUILD "/%s 2>&1",
             what, log);
    if (system(command) != 0) {
        testing_die("a program does not build", command);
    }
}

// An ELF file as an image.
static inline size_t scene_image(const char *folder, const char *name,
                                 uint8_t *out, size_t cap)
{
    static uint8_t elf[0x40000];
    struct fb_elf_image_options options;
    size_t n = testing_file(elf, sizeof elf, folder, name);
    size_t image_n = 0;

    fb_elf_image_defaults(&options);
    assert_int_equal(
        fb_elf_image_build(elf, n, &options, out, cap, &image_n, NULL), FB_OK);
    return image_n;
}

static inline void scene_programs(struct scene *s)
{
    uint8_t pub[64];
    FILE *f;

    assert_int_equal(system("mkdir -p " SCENE_BUILD), 0);
    testing_public_key(testing_key, pub);
    f = fopen(SCENE_PUB, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(pub, 1, sizeof pub, f), sizeof pub);
    fclose(f);
    scene_make("-C firmware/boot BOARD=GPY FIRST_BOOT=on "
               "BUILD=\"$PWD/" SCENE_BUILD "/first\"",
               "first.log");
    scene_make("-C firmware/boot BOARD=GPY BUILD=\"$PWD/" SCENE_BUILD "/boot\"",
               "boot.log");
    scene_make("-C tests/powercut/update BUILD=\"$PWD/" SCENE_BUILD "/update\"",
               "update.log");
    s->bootloader_n = scene_image(SCENE_BUILD "/first", "bootloader.elf",
                                  s->bootloader, sizeof s->bootloader);
    s->plain_n = scene_image(SCENE_BUILD "/boot", "bootloader.elf", s->plain,
                             sizeof s->plain);
    s->update.n = (uint32_t)scene_image(SCENE_BUILD "/update", "update.elf",
                                        s->update.p, sizeof s->update.p);
}

// Prints "Hi\n" (RIG_PROGRAM).
static inline void scene_app(struct scene *s)
{
    static uint8_t code[48];
    static const struct testing_segments segments = {
        0x400D008C,
        4,
        {{0x3F400020, 0x20, NULL},
         {0x3FFB0000, 0x10, NULL},
         {0x40080000, 0x14, NULL},
         {0x400D007C, sizeof code, code}},
    };

    testing_hex(code, sizeof code, RIG_PROGRAM);
    testing_make_image(&s->app, &segments);
    testing_append_signature(&s->app, testing_key);
}

static inline void scene_table(struct scene *s)
{
    static const struct fb_partition_table table = {
        4,
        true,
        {{FB_PARTITION_APP, FB_PARTITION_FACTORY, SCENE_SLOT_0, 0x10000,
          "factory", 1},
         {FB_PARTITION_APP, FB_PARTITION_OTA_0, SCENE_SLOT_1, 0x10000, "ota_0",
          1},
         {FB_PARTITION_DATA, FB_PARTITION_OTADATA, SCENE_OTADATA, 0x2000,
          "otadata", 1},
         {FB_PARTITION_DATA, 5, SCENE_DATA, 0x2000, "fs", 1}},
    };

    assert_int_equal(fb_partition_table_encode(&table, s->table), FB_OK);
    testing_sign(testing_key, s->table, FB_PARTITION_TABLE_SIZE,
                 s->table + FB_PARTITION_TABLE_SIZE);
}

static inline void scene_init(struct scene *s)
{
    uint64_t seed = 5;

    scene_programs(s);
    scene_app(s);
    scene_table(s);
    testing_random(&seed, s->data, sizeof s->data);
}

static inline void scene_flash(const struct scene *s, struct board *b)
{
    board_load(b, FB_SECURE_BOOT_V1_IMAGE_OFF, s->bootloader, s->bootloader_n);
    board_load(b, FB_PARTITION_TABLE_OFF, s->table, sizeof s->table);
    board_load(b, SCENE_SLOT_0, s->app.p, s->app.n);
    board_load(b, SCENE_SLOT_1, s->app.p, s->app.n);
    board_load(b, SCENE_DATA, s->data, sizeof s->data);
}

// [at, at + n) as the chip reads it.
static inline void scene_read(const struct board *b, uint32_t at, uint8_t *out,
                              size_t n)
{
    struct fb_flash_encryption_key key;
    uint8_t bytes[32];
    const struct fb_efuse_words *fuses = chip_efuses(b->h.chip);
    size_t key_n = fb_efuse_key(fuses, 1, bytes);

    memcpy(out, b->h.flash + at, n);
    if (fb_efuse_flash_encryption_on(fuses)) {
        fb_flash_encryption_key_init(
            &key, bytes, key_n,
            fb_efuse_get(fuses, FB_EFUSE_FLASH_CRYPT_CONFIG));
        assert_int_equal(fb_flash_decrypt(&key, at, out, out, n & ~(size_t)15),
                         FB_OK);
    }
}

#endif
