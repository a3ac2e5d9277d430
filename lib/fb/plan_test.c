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

static void test_what_a_step_touches(void **state)
{
    struct fb_step s = {.kind = FB_STEP_WRITE, .flash_off = 0x2000, .len = 1};

    (void)state;
    for (unsigned i = 0; i < 2; i++) { // len 1: its sector; of block 1: too
        assert_int_equal(fb_step_erases(&s), 0x1000);
        assert_true(fb_step_touches(&s, 0x2FFF, 1));
        assert_true(fb_step_touches(&s, 0, 0x2001));
        assert_true(fb_step_touches(&s, 0, UINT32_MAX));
        assert_false(fb_step_touches(&s, 0, 0x2000));
        assert_false(fb_step_touches(&s, 0x3000, 1));
        assert_false(fb_step_touches(&s, 0x2000, 0));
        s = (struct fb_step){
            .kind = FB_STEP_PROVE_KEY, .block = 1, .flash_off = 0x2000};
    }
    s.block = 2;
    assert_int_equal(fb_step_erases(&s), 0);
    assert_false(fb_step_touches(&s, 0, UINT32_MAX));
    s = (struct fb_step){.kind = FB_STEP_ERASE, .flash_off = 0, .len = 0x2001};
    assert_int_equal(fb_step_erases(&s), 0x3000);
    s.kind = FB_STEP_BURN;
    assert_false(fb_step_touches(&s, 0, UINT32_MAX));
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
    assert_true(fb_board_state_knows_flash(&b.s, 0, FLASH));
}

static void test_known_flash(void **state)
{
    struct board b;

    (void)state;
    assert_true(fb_board_state_knows_flash(&blank(&b)->s, 0, FLASH));
    b.s.flash_unread[2] = true;
    assert_true(fb_board_state_knows_flash(&b.s, 0, 0x2000));
    assert_false(fb_board_state_knows_flash(&b.s, 0, 0x2001));
    assert_false(fb_board_state_knows_flash(&b.s, 0x2FFF, 1));
    assert_true(fb_board_state_knows_flash(&b.s, 0x3000, 0x1000));
    assert_true(fb_board_state_knows_flash(&b.s, FLASH, 0));
    assert_false(fb_board_state_knows_flash(&b.s, FLASH, 1));
    assert_false(fb_board_state_knows_flash(&b.s, 0x3000, UINT32_MAX));
    fb_board_state_know_all(&b.s);
    assert_true(fb_board_state_knows_flash(&b.s, 0, FLASH));
    b.s.flash = NULL;
    assert_false(fb_board_state_knows_flash(&b.s, 0, 1));
}

// What is written is known, what only the chip could encrypt is not.
static void test_what_is_known_afterwards(void **state)
{
    static const uint8_t data[0x1020], print[32];
    struct board b;
    struct fb_step write = {.kind = FB_STEP_WRITE,
                            .label = "",
                            .flash_off = 0x1000,
                            .len = sizeof data,
                            .data = data};
    struct fb_step burn = {
        .kind = FB_STEP_BURN, .block = 2, .label = "", .fingerprint = print};

    (void)state;
    memset(blank(&b)->s.flash_unread, true, sizeof b.s.flash_unread);
    assert_int_equal(apply(&b, &write), FB_OK);
    assert_true(fb_board_state_knows_flash(&b.s, 0x1000, 0x2000));
    assert_true(b.s.flash_unread[0] && b.s.flash_unread[3]);
    write.encrypt = true;
    assert_int_equal(apply(&b, &write), FB_E_KEY);
    assert_true(b.s.flash_unread[1] && b.s.flash_unread[2]);
    write.kind = FB_STEP_ERASE;
    assert_int_equal(apply(&b, &write), FB_OK);
    assert_true(fb_board_state_knows_flash(&b.s, 0x1000, 0x2000));
    // A key whose file is not at hand.
    assert_int_equal(apply(&b, &burn), FB_OK);
    assert_false(fb_board_state_knows_block(&b.s, 2));
    memset(blank(&b)->s.known.word[2], 0xFF, sizeof b.s.known.word[2]);
    burn.word[7] = 1;
    assert_int_equal(apply(&b, &burn), FB_OK);
    assert_true(fb_board_state_knows_block(&b.s, 2));
}

static void test_a_plan_stops_and_goes_on(void **state)
{
    static const uint8_t data[0x20] = {0};
    const struct fb_step step[] = {
        {.kind = FB_STEP_BURN, .label = "", .word = {1u << 2}},  // WR_DIS
        {.kind = FB_STEP_BURN, .label = "", .word = {1u << 20}}, // frozen now
        {.kind = FB_STEP_WRITE, .label = "", .flash_off = FLASH, .len = 1},
        {.kind = FB_STEP_WRITE, .label = "", .len = 32, .data = data},
        {.kind = FB_STEP_BURN, .label = "", .block = 3, .word = {7}},
    };
    const struct fb_plan plan = {step, 5};
    struct fb_efuse_words fuses = {0};
    enum fb_status status;
    struct board b;

    (void)state;
    assert_int_equal(fb_plan_run(&blank(&b)->s, &plan, 0, NULL, 0, &status), 1);
    assert_int_equal(status, FB_E_PROTECTED);
    assert_int_equal(fb_plan_run(&b.s, &plan, 2, NULL, 0, &status), 2);
    assert_int_equal(status, FB_E_RANGE);
    assert_int_equal(b.flash[0], 0xFF);
    assert_int_equal(fb_plan_run(&b.s, &plan, 3, NULL, 0, &status), 5);
    assert_int_equal(status, FB_OK);
    assert_int_equal(b.flash[0], 0);
    fb_plan_burn(&plan, &fuses);
    assert_int_equal(fuses.word[0][0], 1u << 2);
    assert_memory_equal(&fuses, &b.s.fuses, sizeof fuses);
    assert_int_equal(fuses.word[3][0], 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_burns_add_up),
        cmocka_unit_test(test_frozen_bits_are_told),
        cmocka_unit_test(test_a_burned_bit_is_known),
        cmocka_unit_test(test_a_write_erases_its_sectors),
        cmocka_unit_test(test_what_a_step_touches),
        cmocka_unit_test(test_places_outside_change_nothing),
        cmocka_unit_test(test_the_chip_encrypts),
        cmocka_unit_test(test_known_flash),
        cmocka_unit_test(test_what_is_known_afterwards),
        cmocka_unit_test(test_a_plan_stops_and_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
