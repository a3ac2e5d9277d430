// SPDX-License-Identifier: Apache-2.0

#define _DEFAULT_SOURCE // mkdtemp()

#include "lib/fb/testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/fb/flash_encryption.h"
#include "tools/fusebox/plan/plan_file.h"

static char dir[] = "/tmp/fusebox-plan-XXXXXX";

static const char *in_dir(const char *name)
{
    static char path[4][100];
    static unsigned next;
    next = (next + 1) % 4;
    (void)snprintf(path[next], sizeof path[next], "%s/%s", dir, name);
    return path[next];
}

static void put(const char *name, const void *p, size_t n)
{
    FILE *out = fopen(in_dir(name), "w");
    assert_non_null(out);
    assert_int_equal(fwrite(p, 1, n, out), n);
    assert_int_equal(fclose(out), 0);
}

static char *get(const char *name, size_t *n)
{
    static char text[65536];
    FILE *in = fopen(in_dir(name), "r");
    assert_non_null(in);
    *n = fread(text, 1, sizeof text - 1, in);
    text[*n] = '\0';
    (void)fclose(in);
    return text;
}

static const uint8_t key[32] = {0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07,
                                0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f,
                                0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17,
                                0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f};

// A label can hold what it likes.
static const struct plan_keep keeps[] = {
    {0x6000, 0x2000, {1, 2, 3, 0xFF}, "bootloader"},
    {0x191000, 0x26F000, {0xAB}, "ota\n_0 \x80"},
};

// A small plan with a step of each kind, in DIR/plan.
static struct plan_file *example(void)
{
    static const struct board_ini ini = {
        .name = "GPY", .revision = 1, .flash_size = 0x400000};
    static const uint8_t mac[6] = {0x24, 0x0a, 0xc4, 0, 0x11, 0x22};
    struct fb_board_state s = {.flash_size = 0x400000};
    struct plan_file *f = malloc(sizeof *f);

    put("key.bin", key, sizeof key);
    put("data.bin", key, 20);
    fb_board_state_know_all(&s);
    fb_efuse_set_mac(&s.fuses, mac);
    plan_file_init(f, "flash-encryption", &ini, &s);
    memcpy(f->keep, keeps, sizeof keeps);
    f->keeps = 2;
    assert_int_equal(plan_file_set_key(f, PLAN_KEY_FLASH, in_dir("key.bin")),
                     0);
    struct fb_step *step =
        plan_file_add(f, FB_STEP_BURN, FB_STAGE_KEYS, "the key");
    assert_int_equal(plan_file_burn_key(f, step, PLAN_KEY_FLASH), 0);
    step = plan_file_add(f, FB_STEP_BURN, FB_STAGE_CONFIG, "CONFIG 0xf");
    step->word[5] = 0xF0000000;
    step = plan_file_add(f, FB_STEP_PROVE_KEY, FB_STAGE_PROVE, "proof");
    step->block = 1;
    step->flash_off = 0x3FF000;
    step = plan_file_add(f, FB_STEP_ERASE, FB_STAGE_FLASH, "otadata");
    step->flash_off = 0x190000;
    step->len = 0x1000;
    step = plan_file_add(f, FB_STEP_WRITE, FB_STAGE_FLASH, "data");
    step->flash_off = 0x1000;
    assert_int_equal(
        plan_file_set_data(f, step, in_dir("data.bin"), PLAN_HOST_ENCRYPTED),
        0);
    (void)plan_file_add(f, FB_STEP_BOOT, FB_STAGE_ENABLE, "boot and look");
    assert_int_equal(plan_file_write(f, in_dir("plan")), 0);
    return f;
}

static void done(struct plan_file *f)
{
    plan_file_free(f);
    free(f);
}

static void test_comes_back(void **state)
{
    struct plan_file *a = example();
    struct plan_file *b = malloc(sizeof *b);

    (void)state;
    assert_int_equal(plan_file_read(in_dir("plan"), b), 0);
    assert_memory_equal(a->hash, b->hash, 32);
    assert_string_equal(b->recipe, "flash-encryption");
    assert_memory_equal(&a->ini, &b->ini, sizeof a->ini);
    assert_memory_equal(&a->fuses, &b->fuses, sizeof a->fuses);
    assert_memory_equal(a->known.word[1], b->known.word[1], 32);
    assert_int_equal(b->keeps, 2);
    assert_memory_equal(&b->keep[0], &keeps[0], sizeof keeps[0]);
    assert_int_equal(b->keep[1].flash_off, 0x191000);
    assert_int_equal(b->keep[1].len, 0x26F000);
    assert_memory_equal(b->keep[1].md5, keeps[1].md5, 16);
    assert_string_equal(b->keep[1].label, "ota?_0 ?");
    assert_int_equal(b->plan.steps, 6);
    assert_int_equal(b->step[0].word[0], 0); // the key is not in the file
    assert_int_equal(plan_file_load(b), 0);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(a->step[i].kind, b->step[i].kind);
        assert_int_equal(a->step[i].stage, b->step[i].stage);
        assert_int_equal(a->step[i].block, b->step[i].block);
        assert_memory_equal(a->step[i].word, b->step[i].word, 32);
        assert_int_equal(a->step[i].flash_off, b->step[i].flash_off);
        assert_int_equal(a->step[i].len, b->step[i].len);
        assert_string_equal(a->step[i].label, b->step[i].label);
    }
    // facts of the chip: the file reversed, lowest word first
    assert_int_equal(b->step[0].word[0], 0x1c1d1e1f);
    assert_int_equal(b->step[0].word[7], 0x00010203);
    assert_int_equal(b->step[4].len, 32); // a whole row
    assert_memory_equal(a->step[4].data, b->step[4].data, 32);
    done(a);
    done(b);
}

static void test_holds_no_key(void **state)
{
    size_t n = 0;

    (void)state;
    done(example());
    const char *text = get("plan", &n);
    assert_null(strstr(text, "1c1d1e1f"));
    assert_null(strstr(text, "00010203"));
    // sha256sum of the bytes 00..1f
    assert_non_null(strstr(text,
                           "key flash_encryption 32 630dcd2966c4336691125448"
                           "bbb25b4ff412a49c732db2c8abc1b8581bd710dd\n"
                           "  from key.bin\n"));
}

// Every byte that is not in a note is under the hash.
static void test_hash_covers_all(void **state)
{
    static char text[65536];
    struct plan_file *f = malloc(sizeof *f);
    size_t n = 0;

    (void)state;
    done(example());
    memcpy(text, get("plan", &n), sizeof text);
    bool note = false;
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || text[i - 1] == '\n') {
            note = text[i] == ' ';
        }
        if (note && text[i] == '\n') {
            note = false;
            continue;
        }
        if (note) {
            continue;
        }
        text[i] ^= 1;
        put("changed", text, n);
        text[i] ^= 1;
        assert_int_not_equal(plan_file_read(in_dir("changed"), f), 0);
        plan_file_free(f);
    }
    free(f);
}

static void test_notes_may_change(void **state)
{
    struct plan_file *f = malloc(sizeof *f);
    size_t n = 0;
    char moved[65536];

    (void)state;
    done(example());
    char *text = get("plan", &n);
    char *from = strstr(text, "  from key.bin");
    assert_non_null(from);
    *from = '\0';
    int len = snprintf(moved, sizeof moved, "%s  from ./key.bin%s# a note\n",
                       text, from + strlen("  from key.bin"));
    put("moved", moved, (size_t)len);
    assert_int_equal(plan_file_read(in_dir("moved"), f), 0);
    assert_int_equal(plan_file_load(f), 0);
    done(f);
}

static void test_refuses_other_files(void **state)
{
    struct plan_file *f = malloc(sizeof *f);
    uint8_t other[32];

    (void)state;
    done(example());
    memcpy(other, key, sizeof other);
    other[31] ^= 1;
    put("key.bin", other, sizeof other);
    assert_int_equal(plan_file_read(in_dir("plan"), f), 0);
    assert_int_not_equal(plan_file_load(f), 0);
    plan_file_free(f);
    put("key.bin", key, sizeof key);
    put("data.bin", other, 20); // the same 20 bytes
    assert_int_equal(plan_file_read(in_dir("plan"), f), 0);
    assert_int_equal(plan_file_load(f), 0);
    plan_file_free(f);
    put("data.bin", other + 1, 20);
    assert_int_equal(plan_file_read(in_dir("plan"), f), 0);
    assert_int_not_equal(plan_file_load(f), 0);
    plan_file_free(f);
    put("data.bin", key, 21); // still one row
    assert_int_equal(plan_file_read(in_dir("plan"), f), 0);
    assert_int_not_equal(plan_file_load(f), 0);
    done(f);
}

static void test_refuses_keeps_beyond_the_flash(void **state)
{
    static const uint32_t bad[][2] = {
        {0x400000, 1}, {0x3FF000, 0x1001}, {0x1000, 0}};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct plan_file *f = example();
        struct plan_file *g = malloc(sizeof *g);
        f->keep[1].flash_off = bad[i][0];
        f->keep[1].len = bad[i][1];
        assert_int_equal(plan_file_write(f, in_dir("plan")), 0);
        assert_int_not_equal(plan_file_read(in_dir("plan"), g), 0);
        done(f);
        done(g);
    }
}

// A stage that was passed does not come back.
static void test_refuses_order(void **state)
{
    struct plan_file *f = example();
    struct plan_file *g = malloc(sizeof *g);

    (void)state;
    f->step[1].stage = FB_STAGE_LOCK;
    assert_int_equal(plan_file_write(f, in_dir("plan")), 0);
    assert_int_not_equal(plan_file_read(in_dir("plan"), g), 0);
    done(f);
    done(g);
}

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) == NULL;
}

static int remove_dir(void **state)
{
    static const char *const names[] = {"plan", "key.bin", "data.bin",
                                        "changed", "moved"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)unlink(in_dir(names[i]));
    }
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comes_back),
        cmocka_unit_test(test_holds_no_key),
        cmocka_unit_test(test_hash_covers_all),
        cmocka_unit_test(test_notes_may_change),
        cmocka_unit_test(test_refuses_other_files),
        cmocka_unit_test(test_refuses_keeps_beyond_the_flash),
        cmocka_unit_test(test_refuses_order),
    };
    // Refusals are told on stderr.
    if (freopen("/dev/null", "w", stderr) == NULL) {
        return 1;
    }
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
