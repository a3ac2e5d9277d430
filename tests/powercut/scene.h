// SPDX-License-Identifier: Apache-2.0
//
// What a board holds before something happens to it: the bootloader as it is
// built, a table, applications, data.

#ifndef TESTS_POWERCUT_SCENE_H
#define TESTS_POWERCUT_SCENE_H

#include "lib/fb/first_boot.h"
#include "tests/powercut/board.h"
#include "tests/support/build.h"
#include "tests/support/contents.h"

#define SCENE_SLOT_0  0x10000u // flash_off
#define SCENE_SLOT_1  0x20000u
#define SCENE_OTADATA 0x30000u
#define SCENE_DATA    0x32000u
#define SCENE_AREA    0x34000u // where the work area has to be found
#define SCENE_DATA_N  0x1800u

struct scene {
    uint8_t bootloader[0x7000]; // one that locks the board at its first start
    size_t bootloader_n;
    uint8_t plain[0x7000]; // one that does not
    size_t plain_n;
    struct testing_blob update; // an application that updates itself
    struct testing_blob app;
    uint8_t table[TESTING_TABLE_MAX];
    uint8_t data[SCENE_DATA_N];
};

static const struct program scene_update = {"update", "tests/powercut/update",
                                            ""};

static inline size_t scene_image(const struct program *program, const char *elf,
                                 uint8_t *out, size_t cap)
{
    if (!build_program(program)) {
        testing_die("does not build", program->source);
    }
    return build_image(program, elf, out, cap);
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

    (void)testing_make_table(s->table, &table, testing_key);
}

static inline void scene_init(struct scene *s)
{
    uint64_t seed = 5;

    s->bootloader_n = scene_image(&bootloader_first_boot, "bootloader.elf",
                                  s->bootloader, sizeof s->bootloader);
    s->plain_n = scene_image(&bootloader_plain, "bootloader.elf", s->plain,
                             sizeof s->plain);
    s->update.n = (uint32_t)scene_image(&scene_update, "update.elf",
                                        s->update.p, sizeof s->update.p);
    testing_make_app(&s->app, &(struct testing_app){.scalar = testing_key});
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
