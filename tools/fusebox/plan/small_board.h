// SPDX-License-Identifier: Apache-2.0
//
// For tests: a 1 MiB board that runs a program of a few instructions which says
// "Hi", a plan to lock it, and their folder.

#ifndef TOOLS_FUSEBOX_PLAN_SMALL_BOARD_H
#define TOOLS_FUSEBOX_PLAN_SMALL_BOARD_H

#include "chip/testing.h"

#include "host/key_v2.h"
#include "lib/fb/secure_boot_v1.h"
#include "tools/fusebox/plan/recipe.h"
#include "tools/fusebox/plan/rehearsal.h"

#define SMALL_FLASH 0x100000u
#define SMALL_GOAL  "Hi"

struct small_board {
    char dir[64];
    struct board board; // in memory only
    struct plan_file plan;
    uint8_t flash[SMALL_FLASH];
    uint8_t file[0x3000]; // for flash_off 0: digest (V1), image, signature (V2)
    size_t file_n;
    uint32_t from; // flash_off of image.bin
};

// Of eight paths the ninth takes the place.
static inline const char *small_path(struct small_board *s, const char *name)
{
    static char path[8][128];
    static unsigned next;
    next = (next + 1) % 8;
    (void)snprintf(path[next], sizeof path[next], "%s/%s", s->dir, name);
    return path[next];
}

static inline void small_file(struct small_board *s, const char *name,
                              const void *p, size_t n)
{
    FILE *out = fopen(small_path(s, name), "w");
    assert_non_null(out);
    assert_int_equal(fwrite(p, 1, n, out), n);
    assert_int_equal(fclose(out), 0);
}

// Digest block, then the image, as espsecure's reflash-digest file.
static inline void small_digest(struct small_board *s, const uint8_t key[32])
{
    uint8_t *image = s->file + FB_SECURE_BOOT_V1_IMAGE_OFF;
    memset(s->file, 0xFF, sizeof s->file);
    size_t n = rig_image(image, false);
    uint32_t covered = fb_secure_boot_v1_covered((uint32_t)n, false);
    memset(image + n, 0xFF, covered - n);
    for (unsigned i = 0; i < FB_SECURE_BOOT_V1_IV_SIZE; i++) {
        s->file[i] = (uint8_t)(i * 3);
    }
    assert_int_equal(
        fb_secure_boot_v1_digest(key, 32, s->file, image, covered,
                                 s->file + FB_SECURE_BOOT_V1_DIGEST_OFF),
        FB_OK);
    s->file_n = FB_SECURE_BOOT_V1_IMAGE_OFF + covered;
}

// What a plan of some recipes for a board in a state is made of.
static inline struct recipe_input
small_input(struct small_board *s, const char *const *recipe, unsigned recipes,
            const struct fb_board_state *state)
{
    return (struct recipe_input){
        .recipe = recipe,
        .recipes = recipes,
        .ini = &s->board.ini,
        .state = state,
        .flash_key = small_path(s, "flash.key"),
        .secure_boot_key = small_path(s, "boot.key"),
        .signing_key = small_path(s, "signing.pem"),
        .image = {{s->from, small_path(s, "image.bin")}},
        .images = 1,
        .boot = true};
}

// The image, signed with a new key whose public half goes into signing.pem.
static inline void small_signature(struct small_board *s)
{
    uint8_t *image = s->file + FB_SECURE_BOOT_V1_IMAGE_OFF;
    struct fb_signature_v2 v2 = {.kind = FB_SIGNATURE_V2_RSA3072};
    struct host_key *key = NULL;
    struct host_file pem;

    memset(s->file, 0xFF, sizeof s->file);
    (void)rig_image(image, false);
    assert_null(host_key_generate(HOST_KEY_RSA3072, &key));
    fb_signature_v2_digest(v2.kind, image, FB_SIGNATURE_V2_SECTOR, v2.digest);
    assert_true(host_key_v2_fill(key, &v2));
    assert_true(host_key_sign(key, v2.digest, v2.sig));
    assert_int_equal(
        fb_signature_v2_encode(&v2, image + FB_SIGNATURE_V2_SECTOR), FB_OK);
    s->file_n = FB_SECURE_BOOT_V1_IMAGE_OFF + 2 * FB_SIGNATURE_V2_SECTOR;
    assert_null(host_key_public_pem(key, &pem));
    small_file(s, "signing.pem", pem.data, pem.size);
    host_file_free(&pem);
    host_key_free(key);
}

static inline bool small_wants(const char *const *recipe, unsigned recipes,
                               const char *name)
{
    for (unsigned i = 0; i < recipes; i++) {
        if (strcmp(recipe[i], name) == 0) {
            return true;
        }
    }
    return false;
}

// A board that boots its plain image, and the plan of some recipes for it.
static inline struct small_board *small_new(const char *const *recipe,
                                            unsigned recipes, uint32_t revision)
{
    static const uint8_t mac[6] = {0x24, 0x0a, 0xc4, 0, 0x11, 0x22};
    struct small_board *s = calloc(1, sizeof *s);
    struct fb_board_state state;
    uint8_t key[2][32];
    assert_non_null(s);
    (void)strcpy(s->dir, "/tmp/fusebox-board-XXXXXX");
    assert_non_null(mkdtemp(s->dir));
    for (unsigned i = 0; i < 32; i++) {
        key[0][i] = (uint8_t)(i + 1);
        key[1][i] = (uint8_t)(0xC3 ^ i * 5);
    }
    small_file(s, "flash.key", key[0], 32);
    small_file(s, "boot.key", key[1], 32);
    bool v2 = small_wants(recipe, recipes, "secure-boot-v2");
    if (v2) {
        small_signature(s);
    } else {
        small_digest(s, key[1]);
    }
    s->from = v2 ? FB_SECURE_BOOT_V1_IMAGE_OFF : 0;
    small_file(s, "image.bin", s->file + s->from, s->file_n - s->from);
    memset(s->flash, 0xFF, sizeof s->flash);
    memcpy(s->flash + 0x1000, s->file + 0x1000, s->file_n - 0x1000);
    s->board.flash = s->flash;
    s->board.ini = (struct board_ini){
        .name = "SMALL", .revision = revision, .flash_size = SMALL_FLASH};
    fb_efuse_set_mac(&s->board.fuses, mac);
    fb_efuse_or(&s->board.fuses, FB_EFUSE_CHIP_VER_REV1, revision >= 1);
    fb_efuse_or(&s->board.fuses, FB_EFUSE_CHIP_VER_REV2, revision >= 2);
    board_state(&s->board, &state);
    const struct recipe_input in = small_input(s, recipe, recipes, &state);
    assert_int_equal(recipe_make(&in, &s->plan), 0);
    assert_int_equal(plan_file_write(&s->plan, small_path(s, "plan")), 0);
    return s;
}

static inline void small_free(struct small_board *s)
{
    static const char *const names[] = {"flash.key", "boot.key", "signing.pem",
                                        "image.bin", "plan"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)unlink(small_path(s, names[i]));
    }
    assert_int_equal(rmdir(s->dir), 0);
    plan_file_free(&s->plan);
    free(s);
}

static inline void small_rehearsal(struct small_board *s, struct rehearsal *r)
{
    static const struct target_goal goal = {.text = SMALL_GOAL,
                                            .timeout_ms = 5000};
    assert_int_equal(rehearsal_open(r, &s->plan, &s->board, NULL, &goal), 0);
}

#endif
