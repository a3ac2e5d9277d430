// SPDX-License-Identifier: Apache-2.0

#define _DEFAULT_SOURCE // for testing.h

#include "chip/chip.h"

#include "chip/testing.h"

#define APP_VADDR 0x40081000u

// Both CPUs run the program that prints; the APP CPU from its own copy, with
// other letters.
static struct rig *two_cpus(void)
{
    struct rig *rig = rig_new(0, CHIP_STRAP_FLASH_BOOT);
    uint8_t code[64];
    size_t n = testing_hex(code, sizeof code, RIG_PROGRAM) & ~(size_t)3;

    rig_image(rig->flash + 0x1000, false);
    rig_on(rig);
    rig->console_n = 0;
    code[0x15] = 'a'; // the letters that movi loads
    code[0x1B] = 'b';
    bus_write(&rig->chip->bus[0], APP_VADDR, code, n, NULL);
    return rig;
}

static void start_app(struct rig *rig)
{
    rig_put(rig, 0x3FF00030, 1);                // clock
    rig_put(rig, 0x3FF0002C, 1);                // reset
    rig_put(rig, 0x3FF0002C, 0);                // released
    rig_put(rig, 0x3FF00038, APP_VADDR + 0x10); // where to
}

static void runs_two_cpus(void **state)
{
    static const uint64_t budgets[] = {1, 13, 64, 100000};
    char first[64] = {0};

    (void)state;
    for (size_t i = 0; i < sizeof budgets / sizeof budgets[0]; i++) {
        struct rig *rig = two_cpus();

        start_app(rig);
        while (chip_run(rig->chip, budgets[i]) == CHIP_RAN) {
        }
        assert_int_equal(rig->console_n, 6);
        assert_non_null(strchr(rig->console, 'H'));
        assert_non_null(strchr(rig->console, 'a'));
        if (i == 0) {
            memcpy(first, rig->console, 6);
        }
        // Whatever the budget, they take the same turns.
        assert_memory_equal(rig->console, first, 6);
        assert_int_equal(rig->chip->cpu[1].sr[235], 0xABAB);
        rig_free(rig);
    }
    // Stalled, it does nothing.
    struct rig *rig = two_cpus();
    rig_put(rig, 0x3FF00034, 1); // RUNSTALL
    start_app(rig);
    rig_run_ms(rig, 5);
    assert_string_equal(rig->console, "Hi\n");
    rig_put(rig, 0x3FF00034, 0);
    rig_run_ms(rig, 1);
    assert_string_equal(rig->console, "Hi\nab\n");
    rig_free(rig);
}

static void has_no_power_at_first(void **state)
{
    struct rig *rig = rig_new(0, CHIP_STRAP_FLASH_BOOT);

    (void)state;
    assert_int_equal(chip_run(rig->chip, 1000), CHIP_POWER_LOST);
    assert_string_equal(chip_why(rig->chip), "power is off");
    assert_int_equal(chip_time_ns(rig->chip), 0);
    rig_free(rig);
}

// A crash that not even a vector catches: the watchdogs end it.
static void halts_until_the_watchdog(void **state)
{
    struct rig *rig = rig_new(0, CHIP_STRAP_FLASH_BOOT);

    (void)state;
    rig_image(rig->flash + 0x1000, false);
    store32_le(rig->flash + 0x1004, 0x40000560); // entry: a ROM function
    rig_on(rig);
    rig->console_n = 0;
    rig_run_ms(rig, 500);
    assert_int_equal(rig->console_n, 0);
    assert_non_null(strstr(rig->log, "PRO CPU halted"));
    // The call of what is not there is told, with its address.
    assert_true(rig->unmodelled >= 1);
    rig_run_ms(rig, 700);
    assert_non_null(strstr(rig->console, "RTCWDT_RTC_RESET"));
    rig_free(rig);
}

// Back to a moment in the middle of both CPUs' work, twice; and what comes then
// is the same, also when the code it ran has been replaced meanwhile.
static void goes_back_to_a_snapshot(void **state)
{
    struct rig *rig = two_cpus();
    void *snapshot = malloc(chip_snapshot_size());
    char first[64];
    uint64_t time;
    size_t said;

    (void)state;
    assert_non_null(snapshot);
    assert_true(chip_snapshot_size() < 2u << 20);
    start_app(rig);
    (void)chip_run(rig->chip, 5);
    chip_save(rig->chip, snapshot);
    said = rig->console_n;
    assert_true(said < 6);
    while (chip_run(rig->chip, 1000) == CHIP_RAN) {
    }
    assert_int_equal(rig->console_n, 6);
    memcpy(first, rig->console, 6);
    time = chip_time_ns(rig->chip);
    for (int i = 0; i < 2; i++) {
        uint32_t nothing[8] = {0};

        bus_write(&rig->chip->bus[0], APP_VADDR + 0x10, nothing, sizeof nothing,
                  NULL);
        chip_power_on(rig->chip);
        rig_run_ms(rig, 1);
        chip_restore(rig->chip, snapshot);
        rig->console_n = said;
        memset(rig->console + said, 0, 6);
        while (chip_run(rig->chip, 1000) == CHIP_RAN) {
        }
        assert_int_equal(rig->console_n, 6);
        assert_memory_equal(rig->console, first, 6);
        assert_int_equal(chip_time_ns(rig->chip), time);
    }
    free(snapshot);
    rig_free(rig);
}

struct steps {
    unsigned n[2];
    uint32_t pc[2]; // the last
};

static void count_step(void *ctx, unsigned cpu, uint32_t pc)
{
    struct steps *steps = ctx;

    steps->n[cpu]++;
    steps->pc[cpu] = pc;
}

// Both CPUs, each instruction once, and they do the same as without.
static void tells_each_instruction(void **state)
{
    struct rig *quiet = two_cpus(), *rig = two_cpus();
    struct steps steps = {0};
    uint64_t before = chip_instructions(rig->chip);

    (void)state;
    start_app(quiet);
    start_app(rig);
    chip_trace(rig->chip, count_step, &steps);
    while (chip_run(rig->chip, 1000) == CHIP_RAN) {
    }
    while (chip_run(quiet->chip, 1000) == CHIP_RAN) {
    }
    assert_string_equal(rig->console, quiet->console);
    assert_int_equal(chip_time_ns(rig->chip), chip_time_ns(quiet->chip));
    // l32r, three times movi and s32i, waiti.
    assert_int_equal(steps.n[1], 8);
    assert_int_equal(steps.pc[1], APP_VADDR + 0x10 + 7 * 3);
    assert_int_equal(steps.n[0] + steps.n[1],
                     chip_instructions(rig->chip) - before);
    chip_trace(rig->chip, NULL, NULL);
    chip_power_on(rig->chip);
    rig_run_ms(rig, 1);
    assert_int_equal(steps.n[1], 8);
    rig_free(quiet);
    rig_free(rig);
}

static void is_small_enough(void **state)
{
    (void)state;
    assert_true(chip_sizeof() <= 8u << 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_two_cpus),
        cmocka_unit_test(has_no_power_at_first),
        cmocka_unit_test(halts_until_the_watchdog),
        cmocka_unit_test(goes_back_to_a_snapshot),
        cmocka_unit_test(tells_each_instruction),
        cmocka_unit_test(is_small_enough),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
