// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/testing.h"

#include "lib/fb/flash_encryption.h"
#include "lib/fb/plan.h"

#define FLASH 0x4000u

struct board {
    struct fb_board_state s;
    uint8_t flash[FLASH];
};

static struct board *blank(struct board *b)
{
    memset(b, 0, sizeof *b);
    memset(b->flash, 0xFF, sizeof b->flash);
    b->s.flash = b->flash;
    b->s.flash_size = FLASH;
    fb_board_state_know_all(&b->s);
    return b;
}

static enum fb_status apply(struct board *b, const struct fb_step *step)
{
    return fb_plan_apply(&b->s, step, NULL, 0);
}

static void test_burns_add_up(void **state)
{
    struct board b;
    struct fb_step step = {
        .kind = FB_STEP_BURN, .label = "", .word = {1u << 20}};

    (void)state;
    assert_int_equal(apply(blank(&b), &step), FB_OK);
    step.word[0] = 1u << 21;
    assert_int_equal(apply(&b, &step), FB_OK);
    assert_int_equal(fb_efuse_get(&b.s.fuses, FB_EFUSE_FLASH_CRYPT_CNT), 3);
}

static void test_frozen_bits_are_told(void **state)
{
    struct board b;
    struct fb_step step = {.kind = FB_STEP_BURN, .label = ""};

    (void)state;
    fb_efuse_or(&blank(&b)->s.fuses, FB_EFUSE_WR_DIS, 1u << 2);
    step.word[0] = 1u << 20; // FLASH_CRYPT_CNT, frozen by bit 2
    step.word[6] = 1u << 4;  // ABS_DONE_0, not frozen
    assert_int_equal(apply(&b, &step), FB_E_PROTECTED);
    assert_int_equal(fb_efuse_get(&b.s.fuses, FB_EFUSE_FLASH_CRYPT_CNT), 0);
    assert_int_equal(fb_efuse_get(&b.s.fuses, FB_EFUSE_ABS_DONE_0), 1);
}

static void test_a_burned_bit_is_known(void **state)
{
    struct board b;
    struct fb_step step = {
        .kind = FB_STEP_BURN, .block = 1, .label = "", .word = {0x0F}};

    (void)state;
    memset(blank(&b)->s.known.word[1], 0, sizeof b.s.known.word[1]);
    assert_false(fb_board_state_knows_block(&b.s, 1));
    assert_int_equal(apply(&b, &step), FB_OK);
    assert_int_equal(b.s.known.word[1][0], 0x0F);
    assert_false(fb_board_state_knows_block(&b.s, 1));
    assert_true(fb_board_state_knows_block(&b.s, 0));
}

static void test_a_write_erases_its_sectors(void **state)
{
    static const uint8_t data[] = "image";
    struct board b;
    struct fb_step step = {.kind = FB_STEP_WRITE,
                           .label = "",
                           .flash_off = 0x1000,
                           .len = sizeof data,
                           .data = data};

    (void)state;
    memset(blank(&b)->flash, 0x55, FLASH);
    assert_int_equal(apply(&b, &step), FB_OK);
    assert_memory_equal(b.flash + 0x1000, data, sizeof data);
    assert_int_equal(b.flash[0xFFF], 0x55);
    assert_int_equal(b.flash[0x1000 + sizeof data], 0xFF);
    assert_int_equal(b.flash[0x1FFF], 0xFF);
    assert_int_equal(b.flash[0x2000], 0x55);
}

static void test_places_outside_change_nothing(void **state)
{
    static const uint8_t data[0x20] = {0};
    struct board b;
    struct fb_step step = {
        .kind = FB_STEP_WRITE, .label = "", .len = 0x20, .data = data};

    (void)state;
    blank(&b);
    step.flash_off = FLASH;
    assert_int_equal(apply(&b, &step), FB_E_RANGE);
    step.flash_off = 0x10;
    assert_int_equal(apply(&b, &step), FB_E_ALIGN);
    step.flash_off = 0x1000;
    step.len = 0x10;
    step.encrypt = true;
    assert_int_equal(apply(&b, &step), FB_E_ALIGN);
    for (unsigned i = 0; i < FLASH; i++) {
        assert_int_equal(b.flash[i], 0xFF);
    }
}

static void test_the_chip_encrypts(void **state)
{
    static const uint8_t key[32] = {1, 2, 3}, data[0x20] = {9, 8, 7};
    struct fb_flash_encryption_key k;
    uint8_t want[0x20];
    struct board b;
    struct fb_step step = {.kind = FB_STEP_WRITE,
                           .label = "",
                           .flash_off = 0x2000,
                           .len = 0x20,
                           .data = data,
                           .encrypt = true};

    (void)state;
    fb_efuse_or(&blank(&b)->s.fuses, FB_EFUSE_FLASH_CRYPT_CONFIG, 0xF);
    assert_int_equal(apply(&b, &step), FB_E_KEY);
    assert_int_equal(fb_plan_apply(&b.s, &step, key, sizeof key), FB_OK);
    assert_int_equal(fb_flash_encryption_key_init(&k, key, 32, 0xF), FB_OK);
    assert_int_equal(fb_flash_encrypt(&k, 0x2000, data, want, 0x20), FB_OK);
    assert_memory_equal(b.flash + 0x2000, want, 0x20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_burns_add_up),
        cmocka_unit_test(test_frozen_bits_are_told),
        cmocka_unit_test(test_a_burned_bit_is_known),
        cmocka_unit_test(test_a_write_erases_its_sectors),
        cmocka_unit_test(test_places_outside_change_nothing),
        cmocka_unit_test(test_the_chip_encrypts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
