// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/boot_policy.h"

#include "lib/fb/testing.h"

// Everything a decision depends on. Values that no enum names are among them.
struct world {
    bool blank; // no boot_info
    struct fb_boot_info info;
    unsigned pin;
    enum fb_boot_verdict verdict[2]; // by slot
};

struct outcome {
    struct fb_boot_decision d;
    unsigned verified[2]; // how often each slot was
};

static struct outcome decide(const struct world *w)
{
    struct outcome o = {.verified = {0, 0}};
    fb_boot_policy_first(w->blank ? NULL : &w->info, w->pin, &o.d);
    do {
        assert_true(o.d.slot < 2);
        o.verified[o.d.slot]++;
    } while (!fb_boot_policy_verdict(&o.d, w->verdict[o.d.slot]));
    return o;
}

static const uint32_t images[] = {0, 1, 2, 7, 0xFFFFFFFF};
static const uint32_t states[] = {0, 1, 2, 9};
static const uint32_t safeboots[] = {0, 1, 2, 5};
static const uint32_t verdicts[] = {FB_BOOT_GOOD, FB_BOOT_BAD, 0, 1,
                                    FB_BOOT_GOOD ^ 1};
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

// The i-th world, false behind the last one.
static bool world_at(unsigned i, struct world *w)
{
    fb_boot_info_fresh(&w->info);
    w->info.active = images[i % COUNT(images)];
    i /= COUNT(images);
    w->info.previous = images[i % COUNT(images)];
    i /= COUNT(images);
    w->info.state = states[i % COUNT(states)];
    i /= COUNT(states);
    w->info.safeboot = safeboots[i % COUNT(safeboots)];
    i /= COUNT(safeboots);
    for (unsigned slot = 0; slot < 2; slot++) {
        w->verdict[slot] = (enum fb_boot_verdict)verdicts[i % COUNT(verdicts)];
        i /= COUNT(verdicts);
    }
    w->pin = i % 3;
    i /= 3;
    w->blank = i % 2 == 1;
    return i < 2;
}

static bool good(const struct world *w, unsigned slot)
{
    return w->verdict[slot] == FB_BOOT_GOOD;
}

static void in_every_world(void **state)
{
    (void)state;
    struct world w;
    unsigned i = 0, started = 0, rolled_back = 0;
    for (; world_at(i, &w); i++) {
        struct outcome o = decide(&w);
        const struct fb_boot_decision *d = &o.d;
        struct fb_boot_info before = w.info;
        if (w.blank) {
            fb_boot_info_fresh(&before);
        }
        unsigned active = fb_boot_policy_slot(before.active);
        unsigned asked = w.pin == 0   ? active
                         : w.pin == 1 ? fb_boot_policy_slot(before.previous)
                                      : 0;

        // A bad slot is never started, a good one always if there is one, and
        // the one asked for if it is good.
        assert_int_equal(d->start, good(&w, 0) || good(&w, 1));
        assert_true(!d->start || good(&w, d->slot));
        assert_true(!good(&w, asked) || d->slot == asked);

        // No slot is verified twice, none for nothing.
        assert_int_equal(o.verified[asked], 1);
        assert_int_equal(o.verified[1 - asked], !good(&w, asked));

        if (!d->start) {
            assert_false(d->write);
            assert_false(d->rolled_back);
            continue;
        }
        started++;
        // It is stored exactly when it changed.
        bool changed = w.blank || memcmp(&d->info, &before, sizeof(before));
        assert_int_equal(d->write, changed);
        assert_int_equal(d->info.size, before.size);

        bool refused = o.verified[active] && !good(&w, active);
        assert_int_equal(d->rolled_back, refused);
        if (refused) {
            rolled_back++;
            assert_int_equal(fb_boot_policy_slot(d->info.active), d->slot);
            assert_int_not_equal(d->slot, active);
            assert_int_equal(d->info.previous, before.active);
            assert_int_equal(d->info.state, FB_BOOT_READY);
        } else {
            assert_int_equal(d->info.active, before.active);
            assert_int_equal(d->info.previous, before.previous);
            // A pending update is settled by verifying it, by nothing else.
            bool settled =
                before.state == FB_BOOT_CHECK && o.verified[active] != 0;
            assert_int_equal(d->info.state,
                             settled ? FB_BOOT_READY : before.state);
        }
        uint32_t requested = w.pin != 0;
        assert_int_equal(d->info.safeboot, before.safeboot == FB_SAFEBOOT_SW
                                               ? FB_SAFEBOOT_HW
                                               : requested);
        // Starting again changes nothing but a safe boot's mark.
        struct world again = w;
        again.blank = false;
        again.info = d->info;
        again.pin = 0;
        if (w.pin == 0) {
            struct outcome next = decide(&again);
            assert_int_equal(next.d.slot, d->slot);
            assert_int_equal(next.d.info.active, d->info.active);
            assert_int_equal(next.d.info.state, d->info.state);
            assert_false(next.d.rolled_back);
        }
    }
    assert_int_equal(i, 2u * 3 * 5 * 5 * 4 * 4 * 5 * 5);
    assert_true(started > 1000 && rolled_back > 1000);
}

static void expect_record(const struct fb_boot_info *info, const char *hex)
{
    uint8_t want[FB_BOOT_INFO_SIZE], got[FB_BOOT_INFO_SIZE];
    assert_int_equal(testing_hex(want, sizeof(want), hex), sizeof(want));
    fb_boot_info_encode(info, got);
    assert_memory_equal(got, want, sizeof(want));
}

#define FF16 "ffffffffffffffffffffffffffffffff"

static void blank_board(void **state)
{
    (void)state;
    struct world w = {.blank = true, .verdict = {FB_BOOT_GOOD, FB_BOOT_BAD}};
    struct outcome o = decide(&w);
    assert_true(o.d.start);
    assert_int_equal(o.d.slot, 0);
    assert_true(o.d.write);
    expect_record(&o.d.info, "00000000 01000000 00000000 ffffffff 00000000" FF16
                             "c5421381");
}

// An update and its boot, then a bad one and its end.
static void updates(void **state)
{
    (void)state;
    struct fb_boot_info info, updated;
    fb_boot_info_fresh(&info);
    assert_int_equal(fb_boot_policy_next_slot(&info), 1);
    fb_boot_policy_update(&info, 0x123456, &updated);
    expect_record(&updated, "01000000 00000000 00000000 56341200 00000000" FF16
                            "7bd961d4");
    // Before the reset the same slot can be written again.
    assert_int_equal(fb_boot_policy_next_slot(&updated), 1);
    fb_boot_policy_update(&updated, 0x99, &info);
    assert_int_equal(info.active, FB_BOOT_UPDATE1);
    assert_int_equal(info.previous, FB_BOOT_FACTORY);
    assert_int_equal(info.size, 0x99);

    struct world w = {.info = info, .verdict = {FB_BOOT_GOOD, FB_BOOT_GOOD}};
    struct outcome o = decide(&w);
    assert_int_equal(o.d.slot, 1);
    assert_true(o.d.write);
    assert_int_equal(o.d.info.state, FB_BOOT_READY);

    w.info = o.d.info;
    assert_int_equal(fb_boot_policy_next_slot(&w.info), 0);
    fb_boot_policy_update(&w.info, 0x77, &updated);
    assert_int_equal(updated.active, FB_BOOT_UPDATE2);
    assert_int_equal(updated.previous, FB_BOOT_UPDATE1);
    assert_int_equal(updated.state, FB_BOOT_CHECK);

    w.info = updated;
    w.verdict[0] = FB_BOOT_BAD;
    o = decide(&w);
    assert_true(o.d.start);
    assert_true(o.d.rolled_back);
    assert_int_equal(o.d.slot, 1);
    assert_int_equal(o.d.info.active, FB_BOOT_UPDATE1);
    assert_int_equal(o.d.info.previous, FB_BOOT_UPDATE2);
    assert_int_equal(o.d.info.state, FB_BOOT_READY);
    // The next update replaces the bad one.
    assert_int_equal(fb_boot_policy_next_slot(&o.d.info), 0);
}

static void safe_boot(void **state)
{
    (void)state;
    struct world w = {.verdict = {FB_BOOT_GOOD, FB_BOOT_GOOD}};
    fb_boot_info_fresh(&w.info);
    w.info.active = FB_BOOT_UPDATE1;
    w.info.state = FB_BOOT_CHECK;
    w.pin = 1;
    struct outcome o = decide(&w);
    assert_int_equal(o.d.slot, 0);
    assert_int_equal(o.d.info.safeboot, FB_SAFEBOOT_HW);
    assert_int_equal(o.d.info.state, FB_BOOT_CHECK);
    assert_int_equal(o.d.info.active, FB_BOOT_UPDATE1);

    // The running slot is not the active one: it must not be written.
    w.info = o.d.info;
    w.info.state = FB_BOOT_READY;
    assert_int_equal(fb_boot_policy_next_slot(&w.info), 0);
    assert_int_equal(fb_boot_policy_next_slot_beside(0), 1);
    struct fb_boot_info updated;
    fb_boot_policy_update_beside(&w.info, 0, 5, &updated);
    assert_int_equal(updated.active, FB_BOOT_UPDATE1);
    assert_int_equal(updated.previous, FB_BOOT_FACTORY);
    assert_int_equal(updated.state, FB_BOOT_CHECK);

    // A request by software lasts one boot: SW, HW, none.
    w.pin = 0;
    w.info.safeboot = FB_SAFEBOOT_SW;
    o = decide(&w);
    assert_int_equal(o.d.info.safeboot, FB_SAFEBOOT_HW);
    w.info = o.d.info;
    o = decide(&w);
    assert_int_equal(o.d.info.safeboot, FB_SAFEBOOT_NO);
    w.info = o.d.info;
    o = decide(&w);
    assert_false(o.d.write);
}

static void updates_in_every_world(void **state)
{
    (void)state;
    struct world w;
    for (unsigned i = 0; world_at(i, &w); i++) {
        struct fb_boot_info updated, beside;
        unsigned slot = fb_boot_policy_next_slot(&w.info);
        fb_boot_policy_update(&w.info, i, &updated);
        assert_int_equal(updated.state, FB_BOOT_CHECK);
        assert_int_equal(updated.size, i);
        assert_int_equal(fb_boot_policy_slot(updated.active), slot);
        assert_int_equal(fb_boot_policy_slot(updated.previous), 1 - slot);
        // What is named active or previous keeps its name.
        if (w.info.state != FB_BOOT_CHECK) {
            assert_int_equal(updated.previous, w.info.active);
        } else {
            assert_int_equal(updated.active, w.info.active);
        }
        for (unsigned running = 0; running < 2; running++) {
            assert_int_not_equal(fb_boot_policy_next_slot_beside(running),
                                 running);
            fb_boot_policy_update_beside(&w.info, running, i, &beside);
            assert_int_equal(fb_boot_policy_slot(beside.active), 1 - running);
            assert_int_equal(fb_boot_policy_slot(beside.previous), running);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_every_world),
        cmocka_unit_test(blank_board),
        cmocka_unit_test(updates),
        cmocka_unit_test(safe_boot),
        cmocka_unit_test(updates_in_every_world),
    };
    return cmocka_run_group_tests_name("boot_policy", tests, NULL, NULL);
}
