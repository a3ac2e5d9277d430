// SPDX-License-Identifier: Apache-2.0
//
// What stops a plan, and that nothing is burned then. What continues one is
// burn_kill_test.c.

#define _DEFAULT_SOURCE // mkdtemp()

#include "tools/fusebox/plan/compare.h"
#include "tools/fusebox/plan/keep.h"
#include "tools/fusebox/plan/small_board.h"

static const char *const locked[] = {"flash-encryption", "secure-boot-v1",
                                     "lock"};

struct setup {
    struct small_board *s;
    struct rehearsal r;
};

static struct setup *begin(const char *const *recipe, unsigned recipes)
{
    struct setup *t = calloc(1, sizeof *t);
    assert_non_null(t);
    t->s = small_new(recipe, recipes, 1);
    small_rehearsal(t->s, &t->r);
    return t;
}

static void end(struct setup *t)
{
    rehearsal_free(&t->r);
    small_free(t->s);
    free(t);
}

static struct fb_efuse_words fuses(const struct setup *t)
{
    return *chip_efuses(t->r.chip->chip);
}

static void burn(struct setup *t, enum fb_efuse_id id, uint32_t value)
{
    struct fb_efuse_words f = fuses(t);
    fb_efuse_or(&f, id, value);
    chip_set_efuses(t->r.chip->chip, &f);
}

// It ends so, and the fuses are as they were.
static void refused(struct setup *t, const char *why)
{
    struct fb_efuse_words before = fuses(t);
    enum execute_result result = execute_plan(&t->r.run);
    struct fb_efuse_words after = fuses(t);
    assert_int_equal(result, EXECUTE_REFUSED);
    if (strstr(t->r.run.why, why) == NULL) {
        fail_msg("`%s` says nothing of `%s`", t->r.run.why, why);
    }
    assert_memory_equal(&before, &after, sizeof before);
    assert_false(t->r.journal.begun);
}

static void test_done(void **state)
{
    struct setup *t = begin(locked, 3);

    (void)state;
    assert_int_equal(execute_plan(&t->r.run), EXECUTE_DONE);
    struct fb_efuse_words f = fuses(t);
    assert_int_equal(fb_efuse_get(&f, FB_EFUSE_FLASH_CRYPT_CNT), 0x7F);
    assert_int_equal(fb_efuse_get(&f, FB_EFUSE_ABS_DONE_0), 1);
    assert_int_equal(fb_efuse_get(&f, FB_EFUSE_RD_DIS), 3);
    assert_int_equal(fb_efuse_get(&f, FB_EFUSE_WR_DIS), 0x180);
    assert_int_equal(fb_efuse_get(&f, FB_EFUSE_DISABLE_DL_DECRYPT), 1);
    // The file reversed: byte 31 of the key is the lowest.
    assert_int_equal(f.word[1][0], 0x1d1e1f20);
    // A second run finds everything done.
    assert_int_equal(execute_plan(&t->r.run), EXECUTE_DONE);
    assert_int_equal(t->r.run.step, t->s->plan.plan.steps - 1);
    end(t);
}

// A sector that begins as it should and goes on otherwise is written anew: so
// the checks foresee it, and what stands there counts (a digest covers more
// than its image).
static void test_rest_of_a_sector(void **state)
{
    struct setup *t = begin((const char *const[]){"flash"}, 1);
    uint8_t *rest;

    (void)state;
    memcpy(t->r.chip->flash, t->s->file, t->s->file_n);
    rest = t->r.chip->flash + t->s->file_n;
    *rest = 0x55;
    chip_flash_changed(t->r.chip->chip, 0, (uint32_t)t->s->file_n + 1);
    assert_int_equal(execute_plan(&t->r.run), EXECUTE_DONE);
    assert_int_equal(*rest, 0xFF);
    end(t);
}

static void test_another_board(void **state)
{
    static const uint8_t mac[6] = {0x24, 0x0a, 0xc4, 0, 0x11, 0x23};
    struct fb_efuse_words f;

    (void)state;
    struct setup *t = begin(locked, 3);
    f = fuses(t);
    f.word[0][1] = f.word[0][2] = 0;
    fb_efuse_set_mac(&f, mac);
    chip_set_efuses(t->r.chip->chip, &f);
    refused(t, "24:0a:c4:00:11:23, the plan is for 24:0a:c4:00:11:22");
    end(t);
    t = begin(locked, 3);
    burn(t, FB_EFUSE_CHIP_VER_REV2, 1);
    refused(t, "revision 2");
    end(t);
}

static void test_other_flash(void **state)
{
    struct setup *t = begin(locked, 3);
    struct board *board = &t->s->board;
    struct fb_board_state s;

    (void)state;
    t->r.journal.begun = false;
    // A plan that does not know the flash.
    t->s->plan.flash_known = false;
    assert_int_equal(compare_flash(&t->r.run), EXECUTE_REFUSED);
    assert_non_null(strstr(t->r.run.why, "without the board's flash"));
    t->s->plan.flash_known = true;
    board_state(board, &s);
    assert_int_equal(plan_keep(&t->s->plan, &s), 0);
    assert_int_not_equal(t->s->plan.keeps, 0);
    assert_int_equal(compare_flash(&t->r.run), EXECUTE_DONE);
    // A byte that the plan writes anew, one that it does not.
    t->r.chip->flash[0x1800] ^= 1;
    assert_int_equal(compare_flash(&t->r.run), EXECUTE_DONE);
    t->r.chip->flash[0xA123] ^= 1;
    assert_int_equal(compare_flash(&t->r.run), EXECUTE_REFUSED);
    assert_non_null(strstr(t->r.run.why, "is not what was rehearsed"));
    // What has begun goes on.
    t->r.journal.begun = true;
    assert_int_equal(compare_flash(&t->r.run), EXECUTE_DONE);
    end(t);
}

// Bits of the plan count as foreign as long as the plan has not begun.
static void test_foreign_bits(void **state)
{
    static const struct {
        enum fb_efuse_id id;
        uint32_t value;
        const char *name;
    } bits[] = {
        {FB_EFUSE_ABS_DONE_1, 1, "ABS_DONE_1"},
        {FB_EFUSE_FLASH_CRYPT_CNT, 1, "FLASH_CRYPT_CNT"},
        {FB_EFUSE_WR_DIS, 0x200, "WR_DIS"},
        {FB_EFUSE_SECURE_VERSION, 1, "BLOCK3"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++) {
        struct setup *t = begin(locked, 3);
        burn(t, bits[i].id, bits[i].value);
        refused(t, bits[i].name);
        end(t);
    }
}

// Foreign bits that come while it is interrupted.
static void test_foreign_bits_later(void **state)
{
    struct setup *t = begin(locked, 3);

    (void)state;
    t->r.journal.begun = true;
    burn(t, FB_EFUSE_ABS_DONE_1, 1);
    assert_int_equal(execute_plan(&t->r.run), EXECUTE_REFUSED);
    assert_non_null(strstr(t->r.run.why, "ABS_DONE_1"));
    end(t);
}

// Somebody else burned and protected a key meanwhile: bits that the plan wants,
// but no proof by this plan.
static void test_unproved_key(void **state)
{
    struct setup *t = begin(locked, 3);

    (void)state;
    t->r.journal.begun = true;
    burn(t, FB_EFUSE_RD_DIS, 1);
    burn(t, FB_EFUSE_WR_DIS, 1u << 7);
    assert_int_equal(execute_plan(&t->r.run), EXECUTE_REFUSED);
    assert_non_null(strstr(t->r.run.why, "proved"));
    end(t);
}

// A bit of the key never takes: it ends before the protection.
static void test_dead_bit(void **state)
{
    struct setup *t = begin(locked, 3);

    (void)state;
    assert_true(faults_stuck_efuse(&t->r.chip->faults, 1, 5, false));
    assert_true(faults_attach(&t->r.chip->faults, t->r.chip->chip));
    assert_int_equal(execute_plan(&t->r.run), EXECUTE_FAILED);
    assert_int_equal(t->r.run.step, 0);
    struct fb_efuse_words f = fuses(t);
    assert_int_equal(f.word[0][0], 0);
    end(t);
}

// A bit that misses its first burn takes the second.
static void test_weak_burn(void **state)
{
    struct setup *t = begin(locked, 3);

    (void)state;
    faults_brown_out(&t->r.chip->faults, 1u << CHIP_OP_EFUSE_BURN, 1);
    enum execute_result result = execute_plan(&t->r.run);
    if (result == EXECUTE_INTERRUPTED) { // the dip reset it
        result = execute_plan(&t->r.run);
    }
    assert_int_equal(result, EXECUTE_DONE);
    end(t);
}

// What a torn burn has not set reads as 1 by chance, three times in a row even.
// However complete it looks, it is burned again.
static void test_torn_burn(void **state)
{
    const unsigned config = 3; // the third burn: four bits

    (void)state;
    for (uint64_t seed = 1; seed <= 96; seed++) {
        struct setup *t = begin(locked, 3);
        t->r.chip->faults.rng = seed;
        t->r.chip->faults.weak_torn = true;
        faults_cut(&t->r.chip->faults, FAULT_DURING, 1u << CHIP_OP_EFUSE_BURN,
                   config);
        assert_int_equal(execute_plan(&t->r.run), EXECUTE_INTERRUPTED);
        chip_port_power(t->r.chip);
        t->r.target.connected = false;
        assert_int_equal(execute_plan(&t->r.run), EXECUTE_DONE);
        struct fb_efuse_words f = fuses(t);
        assert_int_equal(fb_efuse_get(&f, FB_EFUSE_FLASH_CRYPT_CONFIG), 0xF);
        end(t);
    }
}

// The chip has another key in BLOCK1 than the plan's, and hides it.
static void test_other_key(void **state)
{
    struct small_board *s = small_new(locked, 3, 1);
    struct rehearsal *r = calloc(1, sizeof *r);
    static const char *const recipe[] = {"flash-encryption"};
    struct fb_board_state board;
    const struct recipe_input in = small_input(s, recipe, 1, &board);

    (void)state;
    plan_file_free(&s->plan);
    fb_efuse_or(&s->board.fuses, FB_EFUSE_RD_DIS, 1);
    s->board.fuses.word[1][3] = 0x1234;
    s->board.ini.unknown = BOARD_UNKNOWN_BLOCK1;
    board_state(&s->board, &board);
    assert_int_equal(recipe_make(&in, &s->plan), 0);
    s->board.ini.unknown = 0; // the virtual one knows
    small_rehearsal(s, r);
    assert_int_equal(execute_plan(&r->run), EXECUTE_FAILED);
    assert_non_null(strstr(r->run.why, "another key"));
    const struct fb_efuse_words *f = chip_efuses(r->chip->chip);
    assert_int_equal(fb_efuse_get(f, FB_EFUSE_FLASH_CRYPT_CNT), 0);
    assert_int_equal(fb_efuse_get(f, FB_EFUSE_WR_DIS), 0);
    rehearsal_free(r);
    free(r);
    small_free(s);
}

// An image that does not boot: nothing is enabled.
static void test_no_boot(void **state)
{
    static const char *const recipe[] = {"secure-boot-v1"};
    struct setup *t = begin(recipe, 1);

    (void)state;
    t->r.run.goal.text = "Ho";
    rehearsal_run(&t->r);
    assert_int_equal(t->r.result, EXECUTE_NO_BOOT);
    assert_int_equal(t->r.verdict, VERDICT_RECOVERABLE);
    struct fb_efuse_words f = fuses(t);
    assert_int_equal(fb_efuse_get(&f, FB_EFUSE_ABS_DONE_0), 0);
    end(t);
}

// --- firmware that burns ---

struct firmware {
    struct setup *t;
    enum fb_efuse_id id;
    unsigned block; // 0: the field, else a word of that block
};

// Whenever the board has been started.
static void burns_by_itself(void *ctx, const uint8_t *bytes, size_t n)
{
    struct firmware *f = ctx;
    const struct fb_step *step = &f->t->s->plan.step[f->t->r.run.step];
    struct fb_efuse_words words = fuses(f->t);

    (void)bytes;
    (void)n;
    if (step->kind != FB_STEP_BOOT) {
        return;
    }
    if (f->block != 0) {
        words.word[f->block][3] |= 0x77;
    } else {
        fb_efuse_or(&words, f->id, 1);
    }
    chip_set_efuses(f->t->r.chip->chip, &words);
}

static struct setup *begin_with(struct firmware *f)
{
    static const char *const recipe[] = {"secure-boot-v1"};
    struct setup *t = begin(recipe, 1);

    f->t = t;
    t->r.chip->request = burns_by_itself;
    t->r.chip->ctx = f;
    return t;
}

static void test_firmware_burns(void **state)
{
    struct firmware f = {.id = FB_EFUSE_JTAG_DISABLE};
    struct setup *t = begin_with(&f);

    (void)state;
    rehearsal_run(&t->r);
    assert_int_equal(t->r.verdict, VERDICT_BOOTS);
    assert_int_equal(fb_efuse_get(&t->r.firmware, FB_EFUSE_JTAG_DISABLE), 1);
    struct fb_efuse_words learned = t->r.firmware;
    end(t);
    // A burn takes what was rehearsed, and nothing else.
    t = begin_with(&f);
    t->r.run.learns = false;
    t->r.run.firmware = learned;
    assert_int_equal(execute_plan(&t->r.run), EXECUTE_DONE);
    end(t);
    t = begin_with(&f);
    t->r.run.learns = false;
    assert_int_equal(execute_plan(&t->r.run), EXECUTE_FAILED);
    assert_non_null(strstr(t->r.run.why, "JTAG_DISABLE"));
    struct fb_efuse_words now = fuses(t);
    assert_int_equal(fb_efuse_get(&now, FB_EFUSE_ABS_DONE_0), 0);
    end(t);
}

// A key that the chip makes is nobody's.
static void test_firmware_makes_key(void **state)
{
    struct firmware f = {.block = 1};
    struct setup *t = begin_with(&f);

    (void)state;
    rehearsal_run(&t->r);
    assert_int_equal(t->r.verdict, VERDICT_STOPS);
    assert_non_null(strstr(t->r.why, "BLOCK1"));
    end(t);
}

// Readings that differ are no readings.
static void test_unsteady(void **state)
{
    struct setup *t = begin(locked, 3);

    (void)state;
    for (unsigned bit = 40; bit < 56; bit++) {
        assert_true(faults_weak_efuse(&t->r.chip->faults, 3, bit));
    }
    assert_true(faults_attach(&t->r.chip->faults, t->r.chip->chip));
    refused(t, "differently");
    end(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_done),
        cmocka_unit_test(test_rest_of_a_sector),
        cmocka_unit_test(test_another_board),
        cmocka_unit_test(test_other_flash),
        cmocka_unit_test(test_foreign_bits),
        cmocka_unit_test(test_foreign_bits_later),
        cmocka_unit_test(test_unproved_key),
        cmocka_unit_test(test_dead_bit),
        cmocka_unit_test(test_weak_burn),
        cmocka_unit_test(test_torn_burn),
        cmocka_unit_test(test_other_key),
        cmocka_unit_test(test_no_boot),
        cmocka_unit_test(test_firmware_burns),
        cmocka_unit_test(test_firmware_makes_key),
        cmocka_unit_test(test_unsteady),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
