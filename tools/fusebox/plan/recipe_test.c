// SPDX-License-Identifier: Apache-2.0
//
// Which steps a recipe gives for a board. That they work is shown by
// execute_test.c and burn_kill_test.c.

#define _DEFAULT_SOURCE // mkdtemp()

#include "lib/fb/boot_info.h"
#include "tools/fusebox/plan/small_board.h"

// The steps in short: "keys:burn1 config:burn0 prove:prove1 ..."
static const char *steps_of(const struct plan_file *f)
{
    static const char *const kinds[] = {[FB_STEP_BURN] = "burn",
                                        [FB_STEP_WRITE] = "write",
                                        [FB_STEP_ERASE] = "erase",
                                        [FB_STEP_PROVE_KEY] = "prove",
                                        [FB_STEP_BOOT] = "boot"};
    static char text[1000];
    size_t n = 0;

    text[0] = '\0';
    for (size_t i = 0; i < f->plan.steps; i++) {
        const struct fb_step *step = &f->step[i];
        bool block =
            step->kind == FB_STEP_BURN || step->kind == FB_STEP_PROVE_KEY;
        char digit[2] = {block ? (char)('0' + step->block) : '\0', '\0'};
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s:%s%s",
                              n > 0 ? " " : "", fb_stage_name(step->stage),
                              kinds[step->kind], digit);
    }
    return text;
}

static int make(struct small_board *s, const char *const *recipe, unsigned n,
                struct plan_file *f)
{
    struct fb_board_state state;
    const struct recipe_input in = small_input(s, recipe, n, &state);

    board_state(&s->board, &state);
    return recipe_make(&in, f);
}

static const char *const fe[] = {"flash-encryption"};
static const char *const all[] = {"lock", "secure-boot-v1", "flash-encryption"};

static void test_order(void **state)
{
    struct small_board *s = small_new(fe, 1, 0);

    (void)state;
    assert_string_equal(steps_of(&s->plan),
                        "keys:burn1 config:burn0 prove:prove1 protect:burn0 "
                        "protect:burn0 flash:write enable:burn0 enable:boot");
    plan_file_free(&s->plan);
    // In whatever order they are asked for.
    assert_int_equal(make(s, all, 3, &s->plan), 0);
    assert_string_equal(
        steps_of(&s->plan),
        "keys:burn1 keys:burn2 config:burn0 prove:prove1 prove:prove2 "
        "protect:burn0 protect:burn0 protect:burn0 protect:burn0 flash:write "
        "enable:burn0 enable:boot enable:burn0 enable:boot lock:burn0 "
        "lock:burn0 lock:boot");
    // FLASH_CRYPT_CNT: one bit first, the rest when it has booted.
    assert_int_equal(s->plan.step[10].word[0], 1u << 20);
    assert_int_equal(s->plan.step[14].word[0], 0x7Eu << 20);
    small_free(s);
}

// Without encryption the images can be tried before anything is enabled.
static void test_boot_before_enabling(void **state)
{
    struct small_board *s = small_new(all + 1, 1, 0);

    (void)state;
    assert_string_equal(steps_of(&s->plan),
                        "keys:burn2 prove:prove2 protect:burn0 protect:burn0 "
                        "flash:write boot:boot enable:burn0 enable:boot");
    small_free(s);
}

// What is there already is left out.
static void test_half_done(void **state)
{
    struct small_board *s = small_new(fe, 1, 0);

    (void)state;
    plan_file_free(&s->plan);
    fb_efuse_or(&s->board.fuses, FB_EFUSE_FLASH_CRYPT_CONFIG, 0xF);
    fb_efuse_or(&s->board.fuses, FB_EFUSE_FLASH_CRYPT_CNT, 3);
    assert_int_equal(make(s, fe, 1, &s->plan), 0);
    assert_string_equal(steps_of(&s->plan),
                        "keys:burn1 prove:prove1 protect:burn0 protect:burn0 "
                        "flash:write enable:burn0 enable:boot");
    assert_int_equal(s->plan.step[5].word[0], 4u << 20);
    small_free(s);
}

static void test_refusals(void **state)
{
    static const char *const uart[] = {"lock-uart"};
    static const char *const v2[] = {"secure-boot-v2"};
    static const char *const both[] = {"secure-boot-v1", "secure-boot-v2"};
    static const char *const none[] = {"secure-everything"};
    struct small_board *s = small_new(fe, 1, 1);
    struct plan_file *f = calloc(1, sizeof *f);

    (void)state;
    assert_int_not_equal(make(s, uart, 1, f), 0); // revision 1
    plan_file_free(f);
    assert_int_not_equal(make(s, v2, 1, f), 0);
    plan_file_free(f);
    assert_int_not_equal(make(s, both, 2, f), 0);
    plan_file_free(f);
    assert_int_not_equal(make(s, none, 1, f), 0);
    plan_file_free(f);
    // Another key is in the block.
    s->board.fuses.word[1][0] = 1;
    assert_int_not_equal(make(s, fe, 1, f), 0);
    plan_file_free(f);
    // Blank, and frozen.
    s->board.fuses.word[1][0] = 0;
    fb_efuse_or(&s->board.fuses, FB_EFUSE_WR_DIS, 1u << 7);
    assert_int_not_equal(make(s, fe, 1, f), 0);
    plan_file_free(f);
    // RD_DIS is frozen, so the key could be read for ever.
    s->board.fuses.word[0][0] = 1;
    assert_int_not_equal(make(s, fe, 1, f), 0);
    plan_file_free(f);
    // FLASH_CRYPT_CNT is used up, the encryption off for ever.
    s->board.fuses.word[0][0] = 0;
    fb_efuse_or(&s->board.fuses, FB_EFUSE_WR_DIS, 1u << 2);
    assert_int_not_equal(make(s, fe, 1, f), 0);
    plan_file_free(f);
    free(f);
    small_free(s);
}

// Coding scheme 3/4 holds 24 bytes.
static void test_coding(void **state)
{
    struct small_board *s = small_new(fe, 1, 0);
    struct plan_file *f = calloc(1, sizeof *f);
    uint8_t key[24];

    (void)state;
    fb_efuse_or(&s->board.fuses, FB_EFUSE_CODING_SCHEME, 1);
    assert_int_not_equal(make(s, fe, 1, f), 0);
    plan_file_free(f);
    for (unsigned i = 0; i < sizeof key; i++) {
        key[i] = (uint8_t)i;
    }
    small_file(s, "flash.key", key, sizeof key);
    small_file(s, "boot.key", key, sizeof key);
    assert_int_equal(make(s, fe, 1, f), 0);
    // The reference tools' words for the key 00..17 (tests/vectors/efuse).
    assert_int_equal(f->step[0].word[0], 0x14151617);
    assert_int_equal(f->step[0].word[1], 0x36011213);
    assert_int_equal(f->step[0].word[7], 0x13010001);
    plan_file_free(f);
    free(f);
    small_free(s);
}

// The proof takes an erased sector; without one, the last image's first.
static void test_scratch(void **state)
{
    struct small_board *s = small_new(fe, 1, 0);

    (void)state;
    assert_int_equal(s->plan.step[2].flash_off, SMALL_FLASH - 4096);
    plan_file_free(&s->plan);
    memset(s->flash, 0, sizeof s->flash);
    assert_int_equal(make(s, fe, 1, &s->plan), 0);
    assert_int_equal(s->plan.step[2].flash_off, 0);
    small_free(s);
}

// What the chip reads through its decryptor is encrypted if it is not yet; data
// of no such form stays as it is.
static void test_what_is_encrypted(void **state)
{
    struct small_board *s = small_new(fe, 1, 0);
    struct fb_flash_encryption_key key;
    struct fb_boot_info info;
    uint8_t bytes[64], raw[32];
    struct fb_board_state board;

    (void)state;
    memset(bytes, 0xFF, sizeof bytes);
    for (unsigned i = 0; i < sizeof raw; i++) {
        raw[i] = (uint8_t)(i + 1);
    }
    fb_boot_info_fresh(&info);
    fb_boot_info_encode(&info, bytes);
    assert_int_equal(fb_flash_encryption_key_init(&key, raw, 32, 15), FB_OK);
    for (unsigned i = 0; i < 3; i++) {
        plan_file_free(&s->plan);
        if (i == 1) {
            assert_int_equal(fb_flash_encrypt(&key, 0xA000, bytes, bytes, 64),
                             FB_OK);
        } else if (i == 2) {
            memset(bytes, 'x', sizeof bytes);
        }
        small_file(s, "record", bytes, sizeof bytes);
        board_state(&s->board, &board);
        struct recipe_input in = small_input(s, fe, 1, &board);
        in.image[1] = (struct recipe_image){0xA000, small_path(s, "record")};
        in.images = 2;
        assert_int_equal(recipe_make(&in, &s->plan), 0);
        assert_int_equal(s->plan.source[5].form, PLAN_HOST_ENCRYPTED);
        assert_int_equal(s->plan.source[6].form,
                         i == 0 ? PLAN_HOST_ENCRYPTED : PLAN_AS_IS);
    }
    assert_int_equal(unlink(small_path(s, "record")), 0);
    small_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_boot_before_enabling),
        cmocka_unit_test(test_half_done),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_coding),
        cmocka_unit_test(test_scratch),
        cmocka_unit_test(test_what_is_encrypted),
    };
    // Refusals are told on stderr.
    if (freopen("/dev/null", "w", stderr) == NULL) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
