// SPDX-License-Identifier: Apache-2.0

#define _DEFAULT_SOURCE // for testing.h

#include "chip/chip.h"

#include "chip/periph/dport.h"
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

// l32r a2, .+0 (DPORT_CPU_INTR_FROM_CPU_0); l32r a4; wsr.vecbase a4; movi a3,
// 4; wsr.intenable a3; rsil a5, 0; movi a3, 1; s32i a3, a2, 0; 8 times addi a6,
// a6, 1; j .
#define CROSS                                                                  \
    "dc00f03f00200840000000000000000021fcff41fcff40e7130c4330e4135060000c13"   \
    "39021b661b661b661b661b661b661b661b6606ffff"
#define CROSS_STORE  0x23u
#define CROSS_VECTOR 0x40082340u

struct cross {
    uint32_t base;
    unsigned cpu, after; // instructions from the store to the vector
    bool stored, taken;
};

static void on_cross(void *ctx, unsigned cpu, uint32_t pc)
{
    struct cross *cross = ctx;

    if (cpu != cross->cpu) {
        return;
    }
    cross->taken = cross->taken || (cross->stored && pc == CROSS_VECTOR);
    if (cross->stored && !cross->taken) {
        cross->after++;
    }
    cross->stored = cross->stored || pc == cross->base + CROSS_STORE;
}

// vTaskDelete() of ESP-IDF 3 interrupts its own CPU and has three RETW before
// it is where it must not come to.
static void interrupts_itself_at_once(void **state)
{
    (void)state;
    for (unsigned cpu = 0; cpu < 2; cpu++) {
        struct rig *rig = two_cpus();
        struct cross cross = {.base = cpu == 0 ? 0x40080000u : APP_VADDR,
                              .cpu = cpu};
        uint8_t code[64] = {0};
        size_t n = (testing_hex(code, sizeof code, CROSS) + 3) & ~(size_t)3;
        uint8_t vector[4] = {0x06, 0xFF, 0xFF, 0x00}; // j .

        bus_write(&rig->chip->bus[0], cross.base, code, n, NULL);
        bus_write(&rig->chip->bus[0], CROSS_VECTOR, vector, 4, NULL);
        // Interrupt 2 of that CPU.
        rig_put(rig, (cpu == 0 ? 0x3FF00104u : 0x3FF00218u) + 4 * 24, 2);
        if (cpu == 1) {
            start_app(rig);
        } else {
            cpu_set_pc(&rig->chip->cpu[0], cross.base + 0x10);
        }
        chip_trace(rig->chip, on_cross, &cross);
        (void)chip_run(rig->chip, 1000);
        assert_true(cross.taken);
        assert_in_range(cross.after, 0, 2);
        rig_free(rig);
    }
}

static void is_small_enough(void **state)
{
    (void)state;
    assert_true(chip_sizeof() <= 8u << 20);
}

// Clock on, reset taken and given back, as every system starts the second CPU.
static void app_cpu_starts_unless_it_is_fused_off(void **state)
{
    (void)state;
    for (unsigned off = 0; off < 2; off++) {
        struct rig *rig = rig_new(0, CHIP_STRAP_DOWNLOAD);
        struct fb_efuse_words fuses = {.word = {{0, 0, 0, off}}};

        chip_set_efuses(rig->chip, &fuses);
        rig_on(rig);
        rig_put(rig, DPORT_APPCPU_CTRL_D, 0x40080000);
        rig_put(rig, DPORT_APPCPU_CTRL_B, 1);
        rig_put(rig, DPORT_APPCPU_CTRL_C, 0);
        rig_put(rig, DPORT_APPCPU_CTRL_A, 1);
        rig_put(rig, DPORT_APPCPU_CTRL_A, 0);
        assert_int_equal(rig->chip->app_started, off == 0);
        rig_free(rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_two_cpus),
        cmocka_unit_test(has_no_power_at_first),
        cmocka_unit_test(halts_until_the_watchdog),
        cmocka_unit_test(goes_back_to_a_snapshot),
        cmocka_unit_test(tells_each_instruction),
        cmocka_unit_test(interrupts_itself_at_once),
        cmocka_unit_test(is_small_enough),
        cmocka_unit_test(app_cpu_starts_unless_it_is_fused_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
