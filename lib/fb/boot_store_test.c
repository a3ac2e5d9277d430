// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/boot_store.h"

#include <setjmp.h>

#include "lib/fb/flash.h"
#include "lib/fb/testing.h"

// --- a flash that loses power ---

#define BASE    0x190000u // flash_off of the partition
#define SECTORS 3u
#define BYTES   (SECTORS * FB_FLASH_SECTOR)

enum torn { NOT_DONE, SOME_BITS, SOME_BITS_WEAK, DONE_BUT_WEAK, TORN_KINDS };

static struct sim {
    uint8_t cell[BYTES]; // as the chip holds it
    uint8_t weak[BYTES]; // bits that read at random
    bool encrypted;
    int cut; // operation that the power fails in, counted down
    enum torn torn;
    unsigned operations;
    jmp_buf dark;
    bool broken; // every change fails
} sim;

static uint64_t seed = 1;

static uint8_t random_byte(void)
{
    return (uint8_t)testing_random32(&seed);
}

// Few ones: weak bits are rare, and mostly read right.
static uint8_t few_bits(void)
{
    return random_byte() & random_byte() & random_byte();
}

// What the cache shows: garbage where the flash is erased, as a cipher does.
static uint8_t mask(uint32_t at)
{
    return sim.encrypted ? (uint8_t)(0x5A + 7 * at + at / 256) : 0;
}

static uint8_t *cells(uint32_t flash_off, size_t n)
{
    assert_true(flash_off >= BASE && flash_off - BASE <= BYTES - n);
    return sim.cell + (flash_off - BASE);
}

static int read_raw(void *user, uint32_t flash_off, void *p, size_t n)
{
    const uint8_t *c = cells(flash_off, n);
    uint8_t *out = p;

    (void)user;
    for (size_t i = 0; i < n; i++) {
        uint8_t weak = sim.weak[flash_off - BASE + i];
        out[i] = (uint8_t)(c[i] ^ (weak & few_bits()));
    }
    return 0;
}

static int read_seen(void *user, uint32_t flash_off, void *p, size_t n)
{
    uint8_t *out = p;

    (void)read_raw(user, flash_off, p, n);
    for (size_t i = 0; i < n; i++) {
        out[i] ^= mask(flash_off + (uint32_t)i);
    }
    return 0;
}

// One operation of the chip: cells become `want`, unless the power fails.
static int change_cells(uint32_t flash_off, const uint8_t *want, size_t n)
{
    uint8_t *c = cells(flash_off, n);
    uint8_t *weak = sim.weak + (flash_off - BASE);
    bool cut = sim.cut-- == 0;

    if (sim.broken) {
        return -3;
    }
    sim.operations++;
    for (size_t i = 0; i < n; i++) {
        uint8_t moved = (uint8_t)(c[i] ^ want[i]);
        if (!cut || sim.torn == DONE_BUT_WEAK) {
            c[i] = want[i];
            weak[i] = cut ? moved & few_bits() : 0;
        } else if (sim.torn != NOT_DONE) {
            c[i] ^= moved & random_byte();
            weak[i] |= sim.torn == SOME_BITS_WEAK ? moved & random_byte() : 0;
        }
    }
    if (cut) {
        longjmp(sim.dark, 1);
    }
    return 0;
}

static int erase(void *user, uint32_t flash_off)
{
    static uint8_t blank[FB_FLASH_SECTOR];

    (void)user;
    assert_int_equal(flash_off % sizeof(blank), 0);
    memset(blank, 0xFF, sizeof(blank));
    return change_cells(flash_off, blank, sizeof(blank));
}

static int write_raw(void *user, uint32_t flash_off, const void *p, size_t n)
{
    const uint8_t *in = p;
    uint8_t want[64];
    int err = 0;

    (void)user;
    assert_int_equal(flash_off % FB_BOOT_STORE_ROW, 0);
    assert_int_equal(n % FB_BOOT_STORE_ROW, 0);
    for (size_t i = 0; i < n && err == 0; i += FB_BOOT_STORE_ROW) {
        const uint8_t *c = cells(flash_off + (uint32_t)i, FB_BOOT_STORE_ROW);
        for (unsigned k = 0; k < FB_BOOT_STORE_ROW; k++) {
            want[k] = c[k] & in[i + k];
        }
        err = change_cells(flash_off + (uint32_t)i, want, FB_BOOT_STORE_ROW);
    }
    return err;
}

static int write_seen(void *user, uint32_t flash_off, const void *p, size_t n)
{
    uint8_t cipher[64];
    const uint8_t *in = p;

    assert_true(n <= sizeof(cipher));
    for (size_t i = 0; i < n; i++) {
        cipher[i] = in[i] ^ mask(flash_off + (uint32_t)i);
    }
    return write_raw(user, flash_off, cipher, n);
}

static const struct fb_boot_flash flash = {NULL,  read_seen,  read_raw,
                                           erase, write_seen, write_raw};

static void new_flash(bool encrypted)
{
    memset(&sim, 0, sizeof(sim));
    memset(sim.cell, 0xFF, sizeof(sim.cell));
    sim.encrypted = encrypted;
    sim.cut = -1;
}

// --- places ---

static const struct fb_boot_place pycom = {FB_BOOT_KIND_PYCOM, BASE,
                                           BASE + 0x1000, 2, true};
static const struct fb_boot_place idf = {FB_BOOT_KIND_OTADATA, BASE, 0, 3,
                                         true};

static struct fb_partition part(uint8_t type, uint8_t subtype, uint32_t offset,
                                uint32_t size)
{
    return (struct fb_partition){type, subtype, offset, size, "x", 0};
}

static void test_finds_the_place(void **state)
{
    struct fb_partition_table t = {.count = 4,
                                   .part = {part(0, 0, 0x10000, 0x180000),
                                            part(1, 0, 0x190000, 0x1000),
                                            part(0, 0x10, 0x1A0000, 0x180000),
                                            part(1, 6, 0x3FF000, 0x1000)}};
    struct fb_boot_place place;

    (void)state;
    fb_boot_store_find(&t, 0x400000, &place);
    assert_int_equal(place.kind, FB_BOOT_KIND_PYCOM);
    assert_int_equal(place.off, 0x190000);
    assert_int_equal(place.journal, 0x191000);
    assert_int_equal(place.slots, 2);
    assert_true(place.factory);

    // The sector behind belongs to somebody, or is not there.
    t.part[3] = part(1, 6, 0x191FFF, 1);
    fb_boot_store_find(&t, 0x400000, &place);
    assert_int_equal(place.journal, 0);
    t.part[3] = part(1, 6, 0x192000, 0x1000);
    fb_boot_store_find(&t, 0x400000, &place);
    assert_int_equal(place.journal, 0x191000);
    t.part[1].offset = 0x3FF000;
    fb_boot_store_find(&t, 0x400000, &place);
    assert_int_equal(place.kind, FB_BOOT_KIND_PYCOM);
    assert_int_equal(place.journal, 0);

    // Nor is what lies before the first partition free.
    t.part[1].offset = 0x7000;
    fb_boot_store_find(&t, 0x400000, &place);
    assert_int_equal(place.journal, 0);

    t.part[1].size = 0x2000;
    t.part[0].subtype = 0x11; // no factory app
    fb_boot_store_find(&t, 0x400000, &place);
    assert_int_equal(place.kind, FB_BOOT_KIND_OTADATA);
    assert_int_equal(place.slots, 2);
    assert_false(place.factory);

    t.part[1].size = 0xFFF;
    fb_boot_store_find(&t, 0x400000, &place);
    assert_int_equal(place.kind, FB_BOOT_KIND_NONE);
    t.part[1] = part(1, 0, 0x190800, 0x1000);
    fb_boot_store_find(&t, 0x400000, &place);
    assert_int_equal(place.kind, FB_BOOT_KIND_NONE);
    assert_int_equal(place.slots, 2);
}

// --- loss of power ---

static struct fb_boot_change info_change(uint32_t size)
{
    struct fb_boot_change c = {.write = true};

    fb_boot_info_fresh(&c.info);
    c.info.size = size;
    return c;
}

static void store(const struct fb_boot_place *place,
                  const struct fb_boot_change *c)
{
    assert_int_equal(fb_boot_store_write(&flash, place, c), 0);
}

static uint32_t stored_size(void)
{
    struct fb_boot_store s;

    assert_int_equal(fb_boot_store_read(&flash, &pycom, &s), 0);
    return s.valid[0] ? s.info.size : 0;
}

// True if the power failed in it.
static bool power_fails_writing(const struct fb_boot_change *c)
{
    if (setjmp(sim.dark) != 0) {
        return true;
    }
    store(&pycom, c);
    return false;
}

static bool power_fails_reading(void)
{
    if (setjmp(sim.dark) != 0) {
        return true;
    }
    (void)stored_size();
    return false;
}

// Cut a change in each operation, in each way; then cut the recovery too.
// Whatever happens, the old record or the new one is found, and once the new
// one was found it stays.
static void test_no_cut_loses_boot_info(void **state)
{
    struct fb_boot_change before = info_change(111), after = info_change(222);
    unsigned states = 0;
    struct sim start;

    (void)state;
    for (unsigned encrypted = 0; encrypted < 2; encrypted++) {
        new_flash(encrypted);
        store(&pycom, &before);
        store(&pycom, &before);
        start = sim;
        assert_int_equal(stored_size(), 111);
        for (int cut = 0;; cut++) {
            bool more = false;
            for (unsigned kind = 0; kind < 32 * TORN_KINDS; kind++) {
                sim = start;
                sim.cut = cut;
                sim.torn = (enum torn)(kind % TORN_KINDS);
                if (!power_fails_writing(&after)) {
                    continue;
                }
                more = true;
                struct sim dark = sim;
                for (int second = 0;; second++) {
                    sim = dark;
                    sim.cut = second;
                    sim.torn = (enum torn)(kind / TORN_KINDS % 3 + 1);
                    bool again = power_fails_reading();
                    sim.cut = -1;
                    states++;
                    uint32_t found = stored_size();
                    assert_true(found == 111 || found == 222);
                    for (unsigned i = 0; i < 5; i++) {
                        uint32_t next = stored_size();
                        assert_true(next == 222 || next == found);
                        found = next;
                    }
                    if (!again) {
                        break;
                    }
                }
            }
            if (!more) {
                break;
            }
        }
        assert_int_equal(stored_size(), 222);
    }
    print_message("# %u states\n", states);
    assert_true(states > 300);
}

// What a reader that knows nothing of the journal finds: the record, or while
// it is being exchanged none; never something else.
static void test_a_pycom_reader_understands(void **state)
{
    struct fb_boot_change before = info_change(111), after = info_change(222);
    struct fb_boot_info info;
    uint8_t bytes[FB_BOOT_INFO_SIZE];
    unsigned none = 0;

    (void)state;
    new_flash(true);
    store(&pycom, &before);
    struct sim start = sim;
    for (int cut = 0; cut < 12; cut++) {
        sim = start;
        sim.cut = cut;
        (void)power_fails_writing(&after);
        (void)read_seen(NULL, BASE, bytes, sizeof(bytes));
        if (fb_boot_info_parse(bytes, &info) != FB_OK) {
            none++;
        } else {
            assert_true(info.size == 111 || info.size == 222);
        }
    }
    assert_int_equal(none, 2); // erased; one of two rows
}

// Another's record, written without the journal, counts.
static void test_a_pycom_writer_is_heard(void **state)
{
    struct fb_boot_change ours = info_change(111), theirs = info_change(222);
    struct fb_boot_place without = pycom;

    (void)state;
    without.journal = 0;
    for (unsigned encrypted = 0; encrypted < 2; encrypted++) {
        new_flash(encrypted);
        assert_int_equal(stored_size(), 0);
        store(&pycom, &ours);
        assert_int_equal(stored_size(), 111);
        store(&without, &theirs);
        assert_int_equal(stored_size(), 222);
        (void)erase(NULL, BASE);
        assert_int_equal(stored_size(), 0);
    }
}

static void test_writes_are_few_and_errors_told(void **state)
{
    struct fb_boot_change c = info_change(1);
    struct fb_boot_store s;

    (void)state;
    new_flash(true);
    store(&pycom, &c);
    assert_int_equal(sim.operations, 2 + 2 * 2 + 1 + 2);
    sim.operations = 0;
    (void)stored_size();
    c.write = false;
    store(&pycom, &c);
    assert_int_equal(sim.operations, 0);
    c.write = true;
    sim.broken = true;
    assert_int_equal(fb_boot_store_write(&flash, &pycom, &c), -3);
    assert_int_equal(fb_boot_store_write(&flash, &idf, &c), -3);
    assert_int_equal(fb_boot_store_read(&flash, &pycom, &s), 0);
    assert_int_equal(s.info.size, 1);
}

// --- trials ---

static struct fb_boot_store read_store(const struct fb_boot_place *place)
{
    struct fb_boot_store s;

    assert_int_equal(fb_boot_store_read(&flash, place, &s), 0);
    return s;
}

// One boot; the slot that starts, or -1. good: a bit per slot.
static int boot(const struct fb_boot_place *place, unsigned good, unsigned pin,
                struct fb_boot_course *course)
{
    struct fb_boot_store s = read_store(place);
    unsigned rounds = 0;

    fb_boot_store_first(&s, pin, course);
    while (!fb_boot_store_verdict(
        &s, course, good >> course->slot & 1 ? FB_BOOT_GOOD : FB_BOOT_BAD)) {
        assert_true(++rounds < place->slots);
    }
    assert_true(!course->start || (good >> course->slot & 1) != 0);
    assert_false(course->confirmed && (course->trial || course->rolled_back));
    if (!course->start) {
        assert_false(course->change.write);
        return -1;
    }
    store(place, &course->change);
    return (int)course->slot;
}

static void update(const struct fb_boot_place *place, unsigned slot, bool trial)
{
    struct fb_boot_store s = read_store(place);
    struct fb_boot_change c;

    assert_true(fb_boot_store_update(&s, slot, 1000, trial, &c));
    store(place, &c);
}

static void confirm(const struct fb_boot_place *place)
{
    struct fb_boot_store s = read_store(place);
    struct fb_boot_change c;

    fb_boot_store_confirm(&s, &c);
    assert_true(c.write);
    store(place, &c);
    s = read_store(place);
    fb_boot_store_confirm(&s, &c);
    assert_false(c.write);
}

static void life(const struct fb_boot_place *place)
{
    struct fb_boot_course c;
    struct fb_boot_store s;
    struct fb_boot_change change;

    // Never updated: the factory app.
    assert_int_equal(boot(place, 7, 0, &c), 0);
    assert_false(c.trial);
    assert_int_equal(boot(place, 7, 0, &c), 0);
    s = read_store(place);
    assert_int_equal(fb_boot_store_active(&s), 0);
    assert_int_equal(fb_boot_store_next_slot(&s, 0), 1);

    // A trial that is not confirmed ends with the next boot.
    update(place, 1, true);
    assert_int_equal(boot(place, 7, 0, &c), 1);
    assert_true(c.trial);
    s = read_store(place);
    assert_true(fb_boot_store_on_trial(&s));
    assert_int_equal(fb_boot_store_active(&s), 1);
    assert_false(fb_boot_store_update(&s, 0, 1, true, &change));
    assert_int_equal(boot(place, 7, 0, &c), 0);
    assert_true(c.rolled_back);
    assert_false(c.trial);
    s = read_store(place);
    assert_false(fb_boot_store_on_trial(&s));
    assert_int_equal(boot(place, 7, 0, &c), 0);
    assert_false(c.rolled_back);
    assert_false(c.change.write);

    // One that is confirmed stays.
    update(place, 1, true);
    assert_int_equal(boot(place, 7, 0, &c), 1);
    confirm(place);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(boot(place, 7, 0, &c), 1);
        assert_false(c.trial);
        assert_false(c.rolled_back);
        assert_true(c.confirmed);
        assert_false(c.change.write);
    }

    // A new image that is bad is never started; the one before is.
    unsigned next = place->slots == 2 ? 0 : 2;
    s = read_store(place);
    assert_int_equal(fb_boot_store_next_slot(&s, 1), next);
    update(place, next, true);
    assert_int_equal(boot(place, 7u & ~(1u << next), 0, &c), 1);
    assert_true(c.rolled_back);
    assert_false(c.trial);
    assert_int_equal(boot(place, 7u & ~(1u << next), 0, &c), 1);

    // Without a trial, verified is good.
    update(place, next, false);
    assert_int_equal(boot(place, 7, 0, &c), next);
    assert_false(c.trial);
    assert_int_equal(boot(place, 7, 0, &c), next);
    assert_false(c.rolled_back);

    assert_true(c.confirmed);

    // The pin: the previous image for this boot, or the factory app.
    assert_int_equal(boot(place, 7, 1, &c), 1);
    assert_false(c.confirmed);
    assert_int_equal(boot(place, 7, 2, &c), 0);
    assert_int_equal(boot(place, 7, 0, &c), next);

    // A failed trial and the pin: both want the image before.
    update(place, 1, true);
    assert_int_equal(boot(place, 7, 0, &c), 1);
    assert_int_equal(boot(place, 7, 1, &c), next);

    // When the image before has gone bad, the one on trial is better than
    // none; and when all have, nothing starts and nothing changes.
    update(place, 1, true);
    assert_int_equal(boot(place, 7, 0, &c), 1);
    assert_int_equal(boot(place, 0, 0, &c), -1);
    assert_int_equal(boot(place, 2, 0, &c), 1);
    assert_int_equal(boot(place, 2, 0, &c), 1);
    for (unsigned slot = 0; slot < place->slots; slot++) {
        assert_int_equal(boot(place, 1u << slot, 0, &c), slot);
    }
}

static void test_life_with_boot_info(void **state)
{
    (void)state;
    new_flash(true);
    life(&pycom);
}

static void test_life_with_otadata(void **state)
{
    (void)state;
    new_flash(true);
    life(&idf);
}

// Without a factory app the first record's slot is ota_0.
static void test_otadata_without_factory(void **state)
{
    const struct fb_boot_place place = {FB_BOOT_KIND_OTADATA, BASE, 0, 2,
                                        false};
    struct fb_boot_course c;

    (void)state;
    new_flash(false);
    assert_int_equal(boot(&place, 3, 0, &c), 0);
    update(&place, 1, true);
    assert_int_equal(boot(&place, 3, 0, &c), 1);
    confirm(&place);
    assert_int_equal(boot(&place, 3, 0, &c), 1);
    update(&place, 0, false);
    assert_int_equal(boot(&place, 3, 0, &c), 0);
}

static bool power_fails_booting(const struct fb_boot_place *place)
{
    struct fb_boot_course c;

    if (setjmp(sim.dark) != 0) {
        return true;
    }
    (void)boot(place, 7, 0, &c);
    return false;
}

// Cut the state change of otadata anywhere: some good image starts.
static void test_no_cut_leaves_otadata_without_image(void **state)
{
    struct fb_boot_course c;

    (void)state;
    for (unsigned torn = 0; torn < 8 * TORN_KINDS; torn++) {
        for (int cut = 0; cut < 2; cut++) {
            new_flash(torn & 1);
            update(&idf, 1, false);
            assert_int_equal(boot(&idf, 7, 0, &c), 1);
            update(&idf, 2, true);
            sim.cut = cut;
            sim.torn = (enum torn)(torn % TORN_KINDS);
            assert_true(power_fails_booting(&idf));
            int slot = boot(&idf, 7, 0, &c);
            assert_true(slot == 1 || slot == 2);
        }
    }
}

static void test_nothing_to_remember(void **state)
{
    const struct fb_boot_place none = {FB_BOOT_KIND_NONE, 0, 0, 2, true};
    struct fb_boot_course c;
    struct fb_boot_store s = {.place = none};
    struct fb_boot_change change;

    (void)state;
    new_flash(false);
    assert_int_equal(boot(&none, 3, 0, &c), 0);
    assert_int_equal(boot(&none, 2, 0, &c), 1);
    assert_int_equal(boot(&none, 0, 0, &c), -1);
    assert_int_equal(sim.operations, 0);
    assert_int_equal(fb_boot_store_next_slot(&s, 0), -1);
    assert_false(fb_boot_store_update(&s, 1, 1, true, &change));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_the_place),
        cmocka_unit_test(test_no_cut_loses_boot_info),
        cmocka_unit_test(test_a_pycom_reader_understands),
        cmocka_unit_test(test_a_pycom_writer_is_heard),
        cmocka_unit_test(test_writes_are_few_and_errors_told),
        cmocka_unit_test(test_life_with_boot_info),
        cmocka_unit_test(test_life_with_otadata),
        cmocka_unit_test(test_otadata_without_factory),
        cmocka_unit_test(test_no_cut_leaves_otadata_without_image),
        cmocka_unit_test(test_nothing_to_remember),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
