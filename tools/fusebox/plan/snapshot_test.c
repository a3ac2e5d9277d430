// SPDX-License-Identifier: Apache-2.0

#define _DEFAULT_SOURCE // mkdtemp()

#include "tools/fusebox/plan/small_board.h"

#include "tools/fusebox/plan/snapshot.h"

static const char *const locked[] = {"flash-encryption", "secure-boot-v1",
                                     "lock"};

static void connect(struct chip_port *chip, struct target *t)
{
    assert_int_equal(target_init(t, chip_port_open(chip)), TARGET_OK);
}

static void disconnect(struct target *t)
{
    target_free(t);
    host_port_close(t->port);
}

static int take(struct chip_port *chip, enum snapshot_flash how,
                struct snapshot *s)
{
    struct target t;

    connect(chip, &t);
    int status = snapshot_take(&t, how, s);
    disconnect(&t);
    return status;
}

static struct chip_port *board(const struct fb_efuse_words *fuses,
                               const uint8_t *flash, uint32_t revision)
{
    const struct board_ini ini = {.revision = revision,
                                  .flash_size = SMALL_FLASH};
    const struct chip_port_config config = {
        .flash = flash, .fuses = fuses, .chip = board_chip(&ini)};
    struct chip_port *chip = chip_port_new(&config);

    assert_non_null(chip);
    return chip;
}

static void test_blank(void **state)
{
    struct small_board *b = small_new(locked, 3, 1);
    static const enum snapshot_flash ways[] = {SNAPSHOT_ALL, SNAPSHOT_USED};

    (void)state;
    // Used and erased pieces, one of them at the very end.
    memset(b->flash + 0x30000, 0x5A, 0x10000);
    b->flash[SMALL_FLASH - 1] = 0;
    for (size_t i = 0; i < 2; i++) {
        struct chip_port *chip = board(&b->board.fuses, b->flash, 1);
        struct snapshot s;

        assert_int_equal(take(chip, ways[i], &s), TARGET_OK);
        assert_int_equal(s.ini.unknown, 0);
        assert_int_equal(s.ini.revision, 1);
        assert_int_equal(s.ini.flash_size, SMALL_FLASH);
        assert_memory_equal(s.ini.mac, b->plan.ini.mac, 6);
        assert_memory_equal(&s.fuses, &b->board.fuses, sizeof s.fuses);
        assert_memory_equal(s.flash, b->flash, SMALL_FLASH);
        snapshot_free(&s);
        chip_port_free(chip);
    }
    small_free(b);
}

// Sectors that are wanted, and no others; each once.
static void test_wanted(void **state)
{
    static bool wanted[FB_FLASH_SECTORS];
    struct small_board *b = small_new(locked, 3, 1);
    struct snapshot s;
    struct target t;
    bool more = false;

    (void)state;
    memset(b->flash + 0x30000, 0x5A, 0x3000);
    struct chip_port *chip = board(&b->board.fuses, b->flash, 1);
    connect(chip, &t);
    assert_int_equal(snapshot_take(&t, SNAPSHOT_NONE, &s), TARGET_OK);
    wanted[0x2F] = wanted[0x30] = wanted[0x32] = wanted[0xFF] = true;
    assert_int_equal(snapshot_read(&t, &s, wanted, &more), TARGET_OK);
    assert_true(more);
    assert_int_equal(s.read, 2 * 4096);
    for (unsigned i = 0; i < SMALL_FLASH / 4096; i++) {
        assert_int_equal(s.unread[i], !wanted[i]);
    }
    assert_memory_equal(s.flash + 0x2F000, b->flash + 0x2F000, 0x2000);
    assert_int_equal(s.flash[0x31000], 0xFF); // not read
    assert_memory_equal(s.flash + 0x32000, b->flash + 0x32000, 0x1000);
    assert_int_equal(snapshot_read(&t, &s, wanted, &more), TARGET_OK);
    assert_false(more);
    memset(wanted, true, sizeof wanted);
    assert_int_equal(snapshot_read(&t, &s, wanted, &more), TARGET_OK);
    assert_true(more);
    assert_memory_equal(s.flash, b->flash, SMALL_FLASH);
    snapshot_free(&s);
    disconnect(&t);
    chip_port_free(chip);
    small_free(b);
}

// Keys that cannot be read are marked, and supplied.
static void test_locked(void **state)
{
    struct small_board *b = small_new(locked, 3, 1);
    const unsigned both = BOARD_UNKNOWN_BLOCK1 | BOARD_UNKNOWN_BLOCK2;
    struct rehearsal *r = calloc(1, sizeof *r);
    struct snapshot s;
    struct target t;

    (void)state;
    small_rehearsal(b, r);
    rehearsal_run(r);
    assert_int_equal(r->verdict, VERDICT_BOOTS);
    connect(r->chip, &t);
    assert_int_equal(snapshot_take(&t, SNAPSHOT_USED, &s), TARGET_OK);
    assert_int_equal(s.ini.unknown, both);
    assert_int_equal(s.fuses.word[1][0], 0);
    assert_int_equal(
        snapshot_supply(&s, PLAN_KEY_FLASH, small_path(b, "flash.key")), 0);
    assert_int_equal(
        snapshot_supply(&s, PLAN_KEY_SECURE_BOOT, small_path(b, "boot.key")),
        0);
    assert_int_equal(s.ini.unknown, 0);
    assert_int_equal(s.ini.unproven, both);
    assert_memory_equal(&s.fuses, chip_efuses(r->chip->chip), sizeof s.fuses);
    // Another key than the chip's is not believed, nor is the other one then.
    s.fuses.word[1][3] ^= 1u << 30;
    assert_int_equal(snapshot_prove(&t, &s), TARGET_OK);
    assert_int_equal(s.ini.unproven, both);
    s.fuses.word[1][3] ^= 1u << 30;
    s.fuses.word[2][5] ^= 4;
    assert_int_equal(snapshot_prove(&t, &s), TARGET_OK);
    assert_int_equal(s.ini.unproven, BOARD_UNKNOWN_BLOCK2);
    s.fuses.word[2][5] ^= 4;
    assert_int_equal(snapshot_prove(&t, &s), TARGET_OK);
    assert_int_equal(s.ini.unproven, 0);
    disconnect(&t);
    // A board made of it boots as the one it was read from.
    struct chip_port *copy = board(&s.fuses, s.flash, 1);
    struct target_console *console = calloc(1, sizeof *console);
    connect(copy, &t);
    assert_int_equal(target_boot(&t, &r->run.goal, console), TARGET_OK);
    disconnect(&t);
    chip_port_free(copy);
    free(console);
    snapshot_free(&s);
    rehearsal_free(r);
    free(r);
    small_free(b);
}

static void test_no_flash(void **state)
{
    struct small_board *b = small_new(locked, 3, 1);
    struct chip_port *chip = board(&b->board.fuses, b->flash, 1);
    struct snapshot s;

    (void)state;
    assert_int_equal(take(chip, SNAPSHOT_NONE, &s), TARGET_OK);
    assert_int_equal(s.ini.unknown, BOARD_UNKNOWN_FLASH);
    assert_int_equal(s.flash[0x1000], 0xFF);
    snapshot_free(&s);
    chip_port_free(chip);
    small_free(b);
}

// A readable block keeps what it holds.
static void test_wrong_key(void **state)
{
    struct small_board *b = small_new(locked, 3, 1);
    struct chip_port *chip = board(&b->board.fuses, b->flash, 1);
    struct snapshot s;

    (void)state;
    assert_int_equal(take(chip, SNAPSHOT_NONE, &s), TARGET_OK);
    assert_int_not_equal(
        snapshot_supply(&s, PLAN_KEY_FLASH, small_path(b, "flash.key")), 0);
    snapshot_free(&s);
    chip_port_free(chip);
    small_free(b);
}

// Coding scheme 3/4: what is read is decoded, what is burned is not.
static void test_coding(void **state)
{
    struct small_board *b = small_new(locked, 3, 1);
    struct fb_efuse_words fuses = b->board.fuses;
    struct snapshot s;
    uint8_t key[24];

    (void)state;
    for (unsigned i = 0; i < sizeof key; i++) {
        key[i] = (uint8_t)(i * 11);
    }
    fb_efuse_or(&fuses, FB_EFUSE_CODING_SCHEME, 1);
    assert_int_equal(fb_efuse_encode(FB_CODING_3_4, key, 24, fuses.word[1]),
                     FB_OK);
    struct chip_port *chip = board(&fuses, b->flash, 1);
    assert_int_equal(take(chip, SNAPSHOT_NONE, &s), TARGET_OK);
    assert_memory_equal(&s.fuses, &fuses, sizeof fuses);
    snapshot_free(&s);
    chip_port_free(chip);
    small_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blank),     cmocka_unit_test(test_wanted),
        cmocka_unit_test(test_locked),    cmocka_unit_test(test_no_flash),
        cmocka_unit_test(test_wrong_key), cmocka_unit_test(test_coding),
    };
    // Refusals are told on stderr.
    if (freopen("/dev/null", "w", stderr) == NULL) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
