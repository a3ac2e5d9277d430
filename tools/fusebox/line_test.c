// SPDX-License-Identifier: Apache-2.0

#include "tools/fusebox/line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

// The sequences are those of esptool's docs, "Boot Mode Selection": D and R
// are DTR and RTS, asserted or not.
struct move {
    bool dtr;
    bool rts;
    enum line_event want;
};

static void walk(const struct move *moves, size_t n)
{
    struct line line = {0};
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(line_set(&line, moves[i].dtr, moves[i].rts),
                         moves[i].want);
    }
}

static void test_classic_reset_into_download(void **state)
{
    (void)state;
    // One line at a time, as pySerial sets them: D0 R1, D1 R0, D0.
    static const struct move moves[] = {
        {false, false, LINE_NOTHING}, {false, true, LINE_HOLD},
        {true, true, LINE_NOTHING},   {true, false, LINE_DOWNLOAD},
        {false, false, LINE_NOTHING},
    };
    walk(moves, sizeof moves / sizeof moves[0]);
}

static void test_tight_reset_into_download(void **state)
{
    (void)state;
    static const struct move moves[] = {
        {false, false, LINE_NOTHING}, {true, true, LINE_NOTHING},
        {false, true, LINE_HOLD},     {true, false, LINE_DOWNLOAD},
        {false, false, LINE_NOTHING},
    };
    walk(moves, sizeof moves / sizeof moves[0]);
}

static void test_hard_reset_boots(void **state)
{
    (void)state;
    static const struct move moves[] = {
        {false, true, LINE_HOLD},
        {false, false, LINE_BOOT},
    };
    walk(moves, sizeof moves / sizeof moves[0]);
}

static void test_dtr_alone_does_nothing(void **state)
{
    (void)state;
    static const struct move moves[] = {
        {true, false, LINE_NOTHING},
        {false, false, LINE_NOTHING},
    };
    walk(moves, sizeof moves / sizeof moves[0]);
}

// The SYNC frame as on the wire (esptool docs, "Serial Protocol").
static size_t sync_frame(uint8_t out[46])
{
    static const uint8_t head[] = {0xC0, 0x00, 0x08, 0x24, 0,    0,   0,
                                   0,    0,    0x07, 0x07, 0x12, 0x20};
    memcpy(out, head, sizeof head);
    memset(out + sizeof head, 0x55, 32);
    out[45] = 0xC0;
    return 46;
}

static void test_sync_is_seen_however_it_is_cut(void **state)
{
    (void)state;
    uint8_t frame[46];
    size_t n = sync_frame(frame);
    for (size_t cut = 0; cut <= n; cut++) {
        struct line line = {0};
        bool first = line_saw_sync(&line, frame, cut);
        bool second = line_saw_sync(&line, frame + cut, n - cut);
        assert_true(first != second);
    }
}

static void test_other_bytes_are_no_sync(void **state)
{
    (void)state;
    uint8_t frame[46];
    size_t n = sync_frame(frame);
    for (size_t i = 0; i < n; i++) {
        struct line line = {0};
        frame[i] ^= 1;
        assert_false(line_saw_sync(&line, frame, n));
        frame[i] ^= 1;
    }
}

static void test_sync_after_half_a_sync(void **state)
{
    (void)state;
    uint8_t frame[46];
    size_t n = sync_frame(frame);
    struct line line = {0};
    assert_false(line_saw_sync(&line, frame, 20));
    assert_true(line_saw_sync(&line, frame, n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classic_reset_into_download),
        cmocka_unit_test(test_tight_reset_into_download),
        cmocka_unit_test(test_hard_reset_boots),
        cmocka_unit_test(test_dtr_alone_does_nothing),
        cmocka_unit_test(test_sync_is_seen_however_it_is_cut),
        cmocka_unit_test(test_other_bytes_are_no_sync),
        cmocka_unit_test(test_sync_after_half_a_sync),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
