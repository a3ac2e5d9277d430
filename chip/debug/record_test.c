// SPDX-License-Identifier: Apache-2.0

#define _DEFAULT_SOURCE // for testing.h

#include "chip/debug/record.h"

#include <stdio.h>

#include "chip/testing.h"

struct tape {
    char lines[400][RECORD_LINE];
    unsigned n;
    struct record record;
    struct rig *rig;
    struct faults faults;
    bool has_faults;
};

static void on_line(void *ctx, const char *line)
{
    struct tape *tape = ctx;

    assert_true(tape->n < 400);
    assert_true(strlen(line) < RECORD_LINE);
    strcpy(tape->lines[tape->n++], line);
}

static void on_said(void *ctx, unsigned uart, uint8_t byte)
{
    struct tape *tape = ctx;

    rig_tx(tape->rig, uart, byte);
    if (uart == 0) {
        record_said(&tape->record, byte);
    }
}

// A board in its first state, the recorder at its lines.
static void tape_start(struct tape *tape, bool records, const char *fault)
{
    struct chip_callbacks cb = {.ctx = tape, .uart_tx = on_said};
    struct chip_config config;
    const char *why;

    tape->rig = rig_new(0, CHIP_STRAP_FLASH_BOOT);
    config = tape->rig->chip->config;
    rig_image(tape->rig->flash + 0x1000, false);
    faults_init(&tape->faults, 7);
    if (fault != NULL) {
        assert_true(faults_parse(&tape->faults, fault, &why));
        cb = faults_wrap(&tape->faults, &cb);
    }
    chip_init(tape->rig->chip, &config, &cb);
    if (fault != NULL) {
        assert_true(faults_attach(&tape->faults, tape->rig->chip));
    }
    record_init(&tape->record, tape->rig->chip,
                fault != NULL ? &tape->faults : NULL, CHIP_STRAP_FLASH_BOOT,
                records ? on_line : NULL, tape);
}

static void run(struct tape *tape, unsigned ms)
{
    struct chip *chip = tape->rig->chip;
    uint64_t end = chip_time_ns(chip) + (uint64_t)ms * 1000000u;

    while (chip_time_ns(chip) < end) {
        (void)record_deliver(&tape->record, false);
        if (record_run(&tape->record, 3000) == CHIP_IDLE &&
            !record_deliver(&tape->record, true) &&
            chip_idle_ns(chip) == UINT64_MAX) {
            break;
        }
    }
}

static void send(struct tape *tape, const uint8_t *p, size_t n)
{
    while (n > 0) {
        size_t taken = record_rx(&tape->record, 0, p, n);

        p += taken;
        n -= taken;
        run(tape, 1);
    }
}

// A boot, then download mode and a conversation with it.
static struct tape *a_run(const char *fault)
{
    struct tape *tape = calloc(1, sizeof *tape);
    uint8_t packet[1100], frame[2300], data[1024];
    size_t n;

    assert_non_null(tape);
    tape_start(tape, true, fault);
    record_power_on(&tape->record, CHIP_STRAP_FLASH_BOOT);
    run(tape, 20);
    record_power_on(&tape->record, CHIP_STRAP_DOWNLOAD);
    run(tape, 20);
    n = fb_loader_request_sync(packet, sizeof packet);
    send(tape, frame, fb_slip_encode(frame, sizeof frame, packet, n));
    memset(data, 0xA5, sizeof data);
    n = fb_loader_request_data(packet, sizeof packet, FB_LOADER_MEM_DATA, 0,
                               data, sizeof data);
    send(tape, frame, fb_slip_encode(frame, sizeof frame, packet, n));
    run(tape, 30);
    record_end(&tape->record);
    return tape;
}

static void tape_free(struct tape *tape)
{
    rig_free(tape->rig);
    free(tape);
}

static void replay_is_the_same(const char *fault)
{
    struct tape *first = a_run(fault);
    struct tape *second = calloc(1, sizeof *second);
    const char *why = "";

    assert_non_null(second);
    assert_true(first->rig->console_n > 100);
    tape_start(second, false, fault);
    for (unsigned i = 0; i < first->n; i++) {
        if (!record_replay(&second->record, first->lines[i], &why)) {
            fail_msg("line %u, `%s`: %s", i, first->lines[i], why);
        }
    }
    assert_int_equal(second->rig->console_n, first->rig->console_n);
    assert_memory_equal(second->rig->console, first->rig->console,
                        first->rig->console_n);
    assert_int_equal(chip_time_ns(second->rig->chip),
                     chip_time_ns(first->rig->chip));
    assert_memory_equal(second->rig->chip->dram, first->rig->chip->dram,
                        sizeof first->rig->chip->dram);
    tape_free(first);
    tape_free(second);
}

static void replays_a_run(void **state)
{
    (void)state;
    replay_is_the_same(NULL);
}

static void replays_faults(void **state)
{
    (void)state;
    replay_is_the_same("rx=lose:90");
    replay_is_the_same("rx=delay:100:2");
    replay_is_the_same("tx=repeat:30");
}

static void notices_another_run(void **state)
{
    struct tape *first = a_run(NULL);
    struct tape *second = calloc(1, sizeof *second);
    const char *why = "";
    unsigned i;

    (void)state;
    assert_non_null(second);
    tape_start(second, false, NULL);
    second->rig->flash[0x1000 + 33] ^= 1; // another image
    for (i = 0;
         i < first->n && record_replay(&second->record, first->lines[i], &why);
         i++) {
    }
    assert_true(i < first->n);
    assert_non_null(strstr(why, "than in the recording"));
    tape_free(first);
    tape_free(second);
}

static void refuses_nonsense(void **state)
{
    static const char *const bad[] = {
        "",          "0",         "0 dance", "x power 0x13", "0 rx 0 abc",
        "0 rx 9 ab", "0 rx 0 gg", "0 run 5", "1 power 0x13", "0 end 1 0x0",
    };
    struct tape *tape = calloc(1, sizeof *tape);
    char line[2 * RECORD_LINE];
    const char *why;

    (void)state;
    assert_non_null(tape);
    tape_start(tape, false, NULL);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        why = NULL;
        if (record_replay(&tape->record, bad[i], &why)) {
            fail_msg("`%s` was taken", bad[i]);
        }
        assert_non_null(why);
    }
    memset(line, 'a', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    memcpy(line, "0 rx 0 ", 7);
    assert_false(record_replay(&tape->record, line, &why));
    tape_free(tape);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replays_a_run),
        cmocka_unit_test(replays_faults),
        cmocka_unit_test(notices_another_run),
        cmocka_unit_test(refuses_nonsense),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
