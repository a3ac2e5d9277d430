// SPDX-License-Identifier: Apache-2.0

#define _DEFAULT_SOURCE // mkdtemp()

#include "tools/fusebox/plan/small_board.h"

static const char *const locked[] = {"flash-encryption", "secure-boot-v1",
                                     "lock"};

struct lines {
    char text[2000];
};

static void add(void *ctx, const char *line)
{
    struct lines *l = ctx;
    size_t n = strlen(l->text);

    (void)snprintf(l->text + n, sizeof l->text - n, "%s\n", line);
}

static void test_changes(void **state)
{
    struct fb_efuse_words before = {{{0}}};
    struct fb_efuse_words after;
    struct lines l = {""};

    (void)state;
    fb_efuse_or(&before, FB_EFUSE_FLASH_CRYPT_CNT, 1);
    after = before;
    verdict_changes(&before, &after, add, &l);
    assert_string_equal(l.text, "");
    fb_efuse_or(&after, FB_EFUSE_FLASH_CRYPT_CNT, 3);
    fb_efuse_or(&after, FB_EFUSE_JTAG_DISABLE, 1);
    after.word[1][0] = 0xdeadbeef;
    verdict_changes(&before, &after, add, &l);
    assert_string_equal(l.text, "FLASH_CRYPT_CNT 0x1 -> 0x3\n"
                                "JTAG_DISABLE 0x0 -> 0x1\n"
                                "BLOCK1 blank -> burned\n");
    assert_null(strstr(l.text, "dead"));
}

// Boards that do not boot, and what is left for them.
static enum verdict dead(struct small_board *s, const char **text)
{
    static char why[300];
    struct fb_advice advice;

    *text = why;
    return verdict_of_dead(&s->plan, &s->board.ini.part, &s->board.fuses,
                           s->flash, &advice, why, sizeof why);
}

static void test_dead(void **state)
{
    struct small_board *s = small_new(locked, 3, 3);
    struct fb_efuse_words plain = s->board.fuses;
    const char *why;

    (void)state;
    // On for ever, with a key that the fuses tell.
    fb_efuse_or(&s->board.fuses, FB_EFUSE_FLASH_CRYPT_CNT, 0x7F);
    fb_efuse_or(&s->board.fuses, FB_EFUSE_WR_DIS, 1u << 7);
    fb_efuse_or(&s->board.fuses, FB_EFUSE_RD_DIS, 1);
    s->board.fuses.word[1][0] = 1;
    assert_int_equal(dead(s, &why), VERDICT_RECOVERABLE);
    // Once, and the count can go on.
    s->board.fuses = plain;
    fb_efuse_or(&s->board.fuses, FB_EFUSE_FLASH_CRYPT_CNT, 1);
    assert_int_equal(dead(s, &why), VERDICT_RECOVERABLE);
    assert_non_null(strstr(why, "recoverable"));
    // Nothing comes in any more.
    fb_efuse_or(&s->board.fuses, FB_EFUSE_UART_DOWNLOAD_DIS, 1);
    assert_int_equal(dead(s, &why), VERDICT_BRICKS);
    assert_true(verdict_uart_is_closed(&s->plan, &s->board.fuses));
    s->plan.ini.revision = 1; // which does not obey it
    assert_false(verdict_uart_is_closed(&s->plan, &s->board.fuses));
    small_free(s);
}

static void test_outlook(void **state)
{
    struct small_board *s = small_new(locked, 3, 0);
    struct lines l = {""};

    (void)state;
    verdict_outlook(&s->plan, &s->board.fuses, add, &l);
    assert_non_null(strstr(l.text, "flash encryption is off"));
    assert_non_null(strstr(l.text, "JTAG: open"));
    l.text[0] = '\0';
    fb_efuse_or(&s->board.fuses, FB_EFUSE_FLASH_CRYPT_CNT, 1);
    fb_efuse_or(&s->board.fuses, FB_EFUSE_ABS_DONE_0, 1);
    verdict_outlook(&s->plan, &s->board.fuses, add, &l);
    assert_non_null(strstr(l.text, "3 times it can be turned off"));
    assert_non_null(strstr(l.text, "decrypt the flash"));
    assert_non_null(strstr(l.text, "nobody here has the secure boot key"));
    small_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_dead),
        cmocka_unit_test(test_outlook),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
