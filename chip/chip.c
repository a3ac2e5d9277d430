// SPDX-License-Identifier: Apache-2.0

#include "chip/chip.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "chip/cpu/state.h"
#include "chip/mem/memory.h"
#include "chip/periph/dport.h"
#include "chip/periph/efuse.h"
#include "chip/periph/flash_chip.h"
#include "chip/periph/frc.h"
#include "chip/periph/gpio.h"
#include "chip/periph/rtc.h"
#include "chip/periph/syscon.h"
#include "chip/periph/timg.h"
#include "chip/periph/uart.h"
#include "chip/soc.h"

#define PRID_PRO     0xCDCDu
#define PRID_APP     0xABABu
#define RESET_VECTOR 0x40000400u
#define APP_QUANTUM  64u // cycles that the PRO CPU may be ahead
#define LINE_CYCLES  8u  // from a store until its interrupt reaches a CPU
#define NEAR_CYCLES  2u  // the same from DPORT

// What of a chip is its state; the rest follows from it.
#define SNAPSHOT_SIZE offsetof(struct chip, bus)

// The timer and software interrupts belong to the core (core-isa.h).
#define INTERNAL_LINES                                                         \
    (1u << 6 | 1u << 7 | 1u << 11 | 1u << 15 | 1u << 16 | 1u << 29)

size_t chip_sizeof(void)
{
    return sizeof(struct chip);
}

// --- reports ---

void soc_log(struct chip *chip, const char *format, ...)
{
    char line[160];
    va_list args;

    if (chip->cb.log == NULL) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    chip->cb.log(chip->cb.ctx, line);
}

static bool told_before(struct chip *chip, uint32_t vaddr)
{
    size_t size = sizeof chip->others / sizeof chip->others[0];

    if (vaddr - REG_BASE < REG_END - REG_BASE) {
        uint32_t n = (vaddr - REG_BASE) / 4;
        uint32_t bit = 1u << (n % 32);
        bool told = (chip->reported[n / 32] & bit) != 0;

        chip->reported[n / 32] |= bit;
        return told;
    }
    for (size_t i = 0; i < size && i < chip->other_count; i++) {
        if (chip->others[i] == vaddr) {
            return true;
        }
    }
    chip->others[chip->other_count++ % size] = vaddr;
    return false;
}

void soc_unmodelled(struct chip *chip, uint32_t vaddr, bool store)
{
    uint32_t pc = 0;

    if (chip->cb.unmodelled == NULL || told_before(chip, vaddr)) {
        return;
    }
    if (chip->running >= 0) {
        pc = cpu_pc(&chip->cpu[chip->running]);
    }
    chip->cb.unmodelled(chip->cb.ctx, vaddr, store, pc);
}

bool soc_operation(struct chip *chip, enum chip_op op, uint32_t address,
                   uint32_t n)
{
    if (!chip->power_lost && chip->cb.operation != NULL &&
        !chip->cb.operation(chip->cb.ctx, op, address, n)) {
        chip_cut_power(chip);
    }
    return !chip->power_lost;
}

void soc_operated(struct chip *chip, enum chip_op op, uint32_t address,
                  uint32_t n)
{
    if (chip->cb.operated != NULL) {
        chip->cb.operated(chip->cb.ctx, op, address, n);
    }
}

// xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift
// generators, scrambled"); the state is never 0.
uint32_t soc_random(uint64_t *state)
{
    uint64_t x = *state == 0 ? 0x9E3779B97F4A7C15u : *state;

    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return (uint32_t)((x * 0x2545F4914F6CDD1Du) >> 32);
}

// --- time ---

uint64_t soc_now(const struct chip *chip)
{
    if (chip->running < 0) {
        return chip->slice_now;
    }
    return chip->slice_now +
           (cpu_cycles(&chip->cpu[chip->running]) - chip->slice_done) *
               chip->cycle_ticks;
}

// SOC_CLK_SEL: crystal (with its divider), PLL, 8 MHz oscillator, audio PLL.
static uint32_t clock_ticks(const struct chip *chip)
{
    static const uint8_t pll[4] = {6, 3, 2, 2}; // 80, 160, 240 MHz
    uint32_t divider = (soc_reg_get(chip, SYSCON_SYSCLK_CONF) & 0x3FFu) + 1;

    switch (soc_reg_get(chip, RTC_CLK_CONF) >> 27 & 3u) {
    case 0:
        return 12 * divider;
    case 2:
        return 60; // nominally 8 MHz
    default:
        return pll[soc_reg_get(chip, DPORT_CPU_PER_CONF) & 3u];
    }
}

uint32_t soc_apb_ticks(const struct chip *chip)
{
    return chip->apb_ticks;
}

uint32_t soc_apb_hz(const struct chip *chip)
{
    return SOC_TICKS_PER_US * 1000000u / soc_apb_ticks(chip);
}

// 80 MHz from the PLL, else the CPU's clock.
static void clock_update(struct chip *chip)
{
    bool pll = (soc_reg_get(chip, RTC_CLK_CONF) >> 27 & 1u) != 0;

    chip->cycle_ticks = clock_ticks(chip);
    chip->apb_ticks = pll ? 6 : chip->cycle_ticks;
}

void soc_clock_changed(struct chip *chip)
{
    uint64_t now = soc_now(chip);

    // What has run so far ran at the old rate.
    timg_clock_settle(chip);
    frc_clock_settle(chip);
    chip->slice_now = now;
    if (chip->running >= 0) {
        chip->slice_done = cpu_cycles(&chip->cpu[chip->running]);
    }
    clock_update(chip);
    timg_clock_changed(chip);
    frc_clock_changed(chip);
    soc_break_slice(chip);
}

void soc_event_set(struct chip *chip, enum soc_event event, uint64_t due)
{
    chip->due[event] = due;
    if (chip->running >= 0 && due < chip->slice_end) {
        soc_break_slice(chip);
    }
}

static uint64_t next_event(const struct chip *chip)
{
    uint64_t due = SOC_NEVER;

    for (unsigned i = 0; i < SOC_EVENTS; i++) {
        due = chip->due[i] < due ? chip->due[i] : due;
    }
    return due;
}

static void fire(struct chip *chip, enum soc_event event)
{
    chip->due[event] = SOC_NEVER;
    switch (event) {
    case SOC_EV_RTC_WDT:
        rtc_wdt_due(chip);
        break;
    case SOC_EV_TG0_WDT:
    case SOC_EV_TG1_WDT:
        timg_wdt_due(chip, event - SOC_EV_TG0_WDT);
        break;
    case SOC_EV_TG0_T0:
    case SOC_EV_TG0_T1:
    case SOC_EV_TG0_LACT:
    case SOC_EV_TG1_T0:
    case SOC_EV_TG1_T1:
    case SOC_EV_TG1_LACT:
        timg_alarm_due(chip, (event - SOC_EV_TG0_T0) / 3,
                       (event - SOC_EV_TG0_T0) % 3);
        break;
    case SOC_EV_FRC1:
    case SOC_EV_FRC2:
        frc_due(chip, event - SOC_EV_FRC1);
        break;
    case SOC_EV_SLEEP:
        rtc_sleep_due(chip);
        break;
    case SOC_EV_LINES:
        soc_lines_update(chip);
        break;
    case SOC_EV_ROM:
    case SOC_EVENTS:
        break; // the ROM model looks at the time itself
    }
}

static void fire_due(struct chip *chip)
{
    for (unsigned i = 0; i < SOC_EVENTS; i++) {
        if (chip->due[i] <= chip->slice_now) {
            fire(chip, (enum soc_event)i);
        }
    }
}

void soc_break_slice(struct chip *chip)
{
    if (chip->running >= 0) {
        cpu_stop(&chip->cpu[chip->running]);
    }
}

// --- interrupts ---

// A line that a CPU's store raises crosses the peripheral bus and the matrix
// before the CPU sees it: the ROM relies on getting a few instructions further
// (its switch between two UARTs). From DPORT the way is short: FreeRTOS relies
// on not getting far with an interrupt to its own CPU (vTaskDelete() of ESP-IDF
// 3 must not return).
static void set_lines(struct chip *chip, unsigned n, uint32_t lines,
                      unsigned cycles)
{
    struct cpu *cpu = &chip->cpu[n];

    lines &= ~INTERNAL_LINES;
    if (chip->running >= 0 && (lines & ~cpu->lines) != 0) {
        soc_event_set(chip, SOC_EV_LINES,
                      soc_now(chip) + cycles * chip->cycle_ticks);
        lines &= cpu->lines;
    }
    cpu_set_lines(cpu, lines);
}

static void update_lines(struct chip *chip, unsigned cycles)
{
    uint32_t lines[SOC_CPUS] = {0, 0};

    for (unsigned s = 0; s < SOC_SOURCES; s++) {
        if ((chip->source[s / 32] & 1u << (s % 32)) == 0) {
            continue;
        }
        lines[SOC_PRO] |= 1u << soc_reg_get(chip, DPORT_PRO_MAP + 4 * s);
        lines[SOC_APP] |= 1u << soc_reg_get(chip, DPORT_APP_MAP + 4 * s);
    }
    set_lines(chip, SOC_PRO, lines[SOC_PRO], cycles);
    set_lines(chip, SOC_APP, lines[SOC_APP], cycles);
}

void soc_lines_update(struct chip *chip)
{
    update_lines(chip, LINE_CYCLES);
}

void soc_source_set(struct chip *chip, unsigned source, bool level)
{
    uint32_t *word = &chip->source[source / 32];
    uint32_t bit = 1u << (source % 32);
    bool near = source - SOC_SRC_FROM_CPU0 < 4;

    if (((*word & bit) != 0) != level) {
        *word ^= bit;
        update_lines(chip, near ? NEAR_CYCLES : LINE_CYCLES);
    }
}

// --- security state ---

bool soc_flash_decrypts(const struct chip *chip)
{
    const struct fb_efuse_words *fuses = &chip->latched;

    if (!chip->download_boot) {
        return fb_efuse_flash_encryption_on(fuses);
    }
    return (soc_reg_get(chip, DPORT_SLAVE_SPI_CONFIG) & DPORT_DECRYPT_ENABLE) !=
               0 &&
           fb_efuse_get(fuses, FB_EFUSE_DISABLE_DL_DECRYPT) == 0;
}

bool soc_flash_encrypts(const struct chip *chip)
{
    return !chip->download_boot ||
           fb_efuse_get(&chip->latched, FB_EFUSE_DISABLE_DL_ENCRYPT) == 0;
}

// --- resets ---

void soc_reset_request(struct chip *chip, enum soc_reset cause, uint32_t cpus)
{
    chip->reset_request = cause;
    chip->reset_cpus = cpus;
    soc_break_slice(chip);
}

// A call4-free start for both ABIs: PS as after CALL8 at the ROM's stack, so
// that code beginning with ENTRY finds its frame in a8, a9 and call0 code finds
// its stack pointer in a1.
static void start_cpu(struct chip *chip, unsigned n, uint32_t entry,
                      uint32_t stack)
{
    struct cpu *cpu = &chip->cpu[n];

    cpu_reset(cpu, entry, n == SOC_PRO ? PRID_PRO : PRID_APP);
    cpu_set_sr(cpu, SR_PS, PS_WOE | PS_UM | 2u << PS_CALLINC_SHIFT);
    cpu_set_sr(cpu, SR_WINDOWBASE, 0);
    cpu_set_sr(cpu, SR_WINDOWSTART, 1);
    cpu_set_sr(cpu, SR_VECBASE, 0x40000000u);
    cpu_set_ar(cpu, 0, 0);
    cpu_set_ar(cpu, 1, stack);
    cpu_set_ar(cpu, 8, 0x80000000u | (RESET_VECTOR & 0x3FFFFFFFu));
    cpu_set_ar(cpu, 9, stack);
    chip->halted[n] = false;
    chip->rests[n] = false;
    chip->idle_told = false;
}

void soc_start_code(struct chip *chip, uint32_t entry)
{
    chip->rom.active = false;
    soc_event_set(chip, SOC_EV_ROM, SOC_NEVER);
    start_cpu(chip, SOC_PRO, entry, 0x3FFE3EC0u);
}

static bool app_runs(const struct chip *chip)
{
    bool stalled = (soc_reg_get(chip, RTC_OPTIONS0) & 3u) == 2 &&
                   (soc_reg_get(chip, RTC_SW_STALL) >> 20 & 0x3Fu) == 0x21;

    return fb_efuse_get(&chip->latched, FB_EFUSE_DISABLE_APP_CPU) == 0 &&
           (soc_reg_get(chip, DPORT_APPCPU_CTRL_A) & 1u) == 0 &&
           (soc_reg_get(chip, DPORT_APPCPU_CTRL_B) & 1u) != 0 &&
           (soc_reg_get(chip, DPORT_APPCPU_CTRL_C) & 1u) == 0 && !stalled;
}

void soc_app_cpu_changed(struct chip *chip)
{
    uint32_t boot = soc_reg_get(chip, DPORT_APPCPU_CTRL_D);

    if ((soc_reg_get(chip, DPORT_APPCPU_CTRL_A) & 1u) != 0) {
        chip->app_started = false;
        return;
    }
    if (chip->app_started || !app_runs(chip)) {
        return;
    }
    // The ROM lets the APP CPU wait for its start address.
    if (chip->config.rom != NULL) {
        cpu_reset(&chip->cpu[SOC_APP], RESET_VECTOR, PRID_APP);
        chip->app_started = true;
    } else if (boot != 0) {
        start_cpu(chip, SOC_APP, boot, 0x3FFE7E00u);
        chip->app_started = true;
    }
    chip->app_lag = 0;
}

void soc_sleep(struct chip *chip)
{
    chip->asleep = true;
    chip->idle_told = false;
    soc_log(chip, "%s sleep", chip->deep ? "deep" : "light");
    soc_break_slice(chip);
}

static void start_pro(struct chip *chip)
{
    chip->halted[SOC_PRO] = false;
    chip->rests[SOC_PRO] = false;
    chip->idle_told = false;
    if (chip->config.rom != NULL) {
        chip->rom.active = false;
        cpu_reset(&chip->cpu[SOC_PRO], RESET_VECTOR, PRID_PRO);
    } else {
        rom_reset(chip);
    }
}

static void reset_cpus(struct chip *chip, uint32_t cause, uint32_t cpus)
{
    if ((cpus & 2u) != 0) {
        rtc_set_cause(chip, SOC_APP, cause);
        chip->app_started = false;
        soc_app_cpu_changed(chip);
    }
    if ((cpus & 1u) != 0) {
        rtc_set_cause(chip, SOC_PRO, cause);
        start_pro(chip);
    }
}

// What is not in the RTC domain starts again; the flash chip does not notice.
static void reset_system(struct chip *chip, uint32_t cause, bool rtc)
{
    uint32_t strap = soc_reg_get(chip, GPIO_STRAP_REG);

    registers_reset(chip, rtc);
    *soc_reg(chip, RTC_CLK_CONF) &= ~(3u << 27); // crystal
    clock_update(chip);
    *soc_reg(chip, GPIO_STRAP_REG) = strap;
    if (rtc) {
        gpio_latch_straps(chip);
    }
    chip->download_boot =
        rom_straps_download(soc_reg_get(chip, GPIO_STRAP_REG));
    memset(chip->source, 0, sizeof chip->source);
    soc_lines_update(chip);
    uart_reset(chip);
    rtc_reset(chip, rtc);
    timg_reset(chip);
    frc_reset(chip);
    memset(&chip->secure_boot, 0, sizeof chip->secure_boot);
    chip->app_started = false;
    chip->app_lag = 0;
    chip->asleep = false;
    cache_reset(chip);
    efuse_read_command(chip);
    timg_measure_crystal(chip);
    rtc_set_cause(chip, SOC_PRO, cause);
    rtc_set_cause(chip, SOC_APP, cause);
    start_pro(chip);
}

static void fill_random(struct chip *chip, uint8_t *p, size_t n)
{
    uint64_t state = chip->rng ^ n;

    for (size_t i = 0; i < n; i += 4) {
        uint32_t word = soc_random(&state);

        memcpy(p + i, &word, 4);
    }
}

// Memory that lost its power holds anything.
static void lose_sram(struct chip *chip)
{
    fill_random(chip, chip->dram, sizeof chip->dram);
    fill_random(chip, chip->iram, sizeof chip->iram);
    memory_map(chip);
    cpu_attach(&chip->cpu[SOC_PRO], &chip->bus[SOC_PRO], &chip->code[SOC_PRO]);
    cpu_attach(&chip->cpu[SOC_APP], &chip->bus[SOC_APP], &chip->code[SOC_APP]);
}

static void take_reset(struct chip *chip)
{
    enum soc_reset cause = chip->reset_request;

    chip->reset_request = SOC_RESET_NONE;
    soc_log(chip, "reset 0x%x (%s)", (unsigned)cause, rom_reset_name(cause));
    switch (cause) {
    case SOC_RESET_SW_CPU:
    case SOC_RESET_TGWDT_CPU:
    case SOC_RESET_RTCWDT_CPU:
        reset_cpus(chip, cause, chip->reset_cpus);
        return;
    case SOC_RESET_DEEPSLEEP:
        lose_sram(chip);
        break;
    default:
        break;
    }
    reset_system(chip, cause, cause == SOC_RESET_RTCWDT_RTC);
}

void chip_power_on(struct chip *chip)
{
    chip->powered = true;
    chip->power_lost = false;
    chip->reset_request = SOC_RESET_NONE;
    fill_random(chip, chip->rtc_fast, sizeof chip->rtc_fast);
    fill_random(chip, chip->rtc_slow, sizeof chip->rtc_slow);
    lose_sram(chip);
    flash_chip_power_on(chip);
    reset_system(chip, SOC_RESET_POWERON, true);
}

// --- running ---

static uint64_t cycles_until(const struct chip *chip, uint64_t due)
{
    if (due == SOC_NEVER) {
        return SOC_NEVER;
    }
    if (due <= chip->slice_now) {
        return 0;
    }
    return (due - chip->slice_now + chip->cycle_ticks - 1) / chip->cycle_ticks;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void traced(void *ctx, const struct cpu *cpu, uint32_t pc)
{
    struct chip *chip = ctx;

    chip->trace(chip->trace_ctx, (unsigned)(cpu - chip->cpu), pc);
}

// Let the core run n cycles from slice_now on; waiting counts. Returns what
// passed: less than n only if something else has to be looked at.
static uint64_t run_core(struct chip *chip, unsigned core, uint64_t n,
                         enum cpu_stop *stop)
{
    struct cpu *cpu = &chip->cpu[core];
    uint64_t ran = 0;

    chip->running = (int)core;
    chip->slice_done = cpu_cycles(cpu);
    chip->slice_end = chip->slice_now + n * chip->cycle_ticks;
    cpu_set_trace(cpu, chip->trace == NULL ? NULL : traced, chip);
    *stop = cpu_run(cpu, n, &ran);
    chip->slice_now = soc_now(chip);
    chip->running = -1;
    chip->instructions += ran;
    chip->rests[core] = *stop == CPU_WAITING && ran == 0;
    if (ran > 0) {
        chip->idle_told = false;
    }
    if (*stop == CPU_HALTED) {
        soc_log(chip, "%s CPU halted at 0x%08" PRIx32,
                core == SOC_PRO ? "PRO" : "APP", cpu_pc(cpu));
        chip->halted[core] = true;
        chip->rests[core] = true;
    }
    return ran;
}

static void skip_core(struct chip *chip, unsigned core, uint64_t n)
{
    if (!chip->halted[core]) {
        cpu_skip(&chip->cpu[core], n);
    }
}

// Cycles until a waiting core is woken by its own timers.
static uint64_t timer_cycles(const struct chip *chip, unsigned core)
{
    return chip->halted[core] ? SOC_NEVER : cpu_next_timer(&chip->cpu[core]);
}

// The earliest thing that ends waiting, in cycles; SOC_NEVER: only a byte.
static uint64_t idle_cycles(const struct chip *chip)
{
    uint64_t n = cycles_until(chip, next_event(chip));

    if (!chip->rom.active && !chip->asleep) {
        n = least(n, timer_cycles(chip, SOC_PRO));
        if (app_runs(chip) && chip->app_started) {
            n = least(n, timer_cycles(chip, SOC_APP));
        }
    }
    return n;
}

// Nothing to do: say so once, then skip to what comes next.
static bool idle(struct chip *chip)
{
    uint64_t n = idle_cycles(chip);

    if (!chip->idle_told || n == SOC_NEVER) {
        chip->idle_told = true;
        return true;
    }
    chip->idle_told = false;
    chip->slice_now += n * chip->cycle_ticks;
    if (!chip->rom.active && !chip->asleep && n > 0) {
        skip_core(chip, SOC_PRO, n);
        if (app_runs(chip) && chip->app_started) {
            skip_core(chip, SOC_APP, n);
        }
    }
    return false;
}

// The APP CPU catches up with the PRO CPU.
static enum cpu_stop run_app(struct chip *chip)
{
    uint64_t end = chip->slice_now;
    enum cpu_stop stop = CPU_RAN;

    while (chip->app_lag > 0 && !chip->halted[SOC_APP] && stop != CPU_BREAK) {
        uint64_t ran, n;

        chip->slice_now = end - least(chip->app_lag * chip->cycle_ticks, end);
        n = least(chip->app_lag, cycles_until(chip, chip->due[SOC_EV_LINES]));
        if (n == 0) {
            fire(chip, SOC_EV_LINES); // what a store of its own has raised
            continue;
        }
        ran = run_core(chip, SOC_APP, n, &stop);
        chip->app_lag -= ran;
        if (stop == CPU_WAITING && chip->app_lag > 0) {
            n = least(n > ran ? n - ran : 1, timer_cycles(chip, SOC_APP));
            n = least(n == 0 ? 1 : n, chip->app_lag);
            skip_core(chip, SOC_APP, n);
            chip->app_lag -= n;
        }
    }
    chip->app_lag = 0;
    chip->slice_now = end;
    return stop;
}

static enum chip_stop step_both(struct chip *chip, uint64_t limit,
                                uint64_t *used)
{
    enum cpu_stop stop = CPU_RAN;
    uint64_t n = least(limit, APP_QUANTUM - chip->app_lag);
    bool rested = chip->halted[SOC_PRO];

    *used = 0;
    if (!rested) {
        *used = run_core(chip, SOC_PRO, n, &stop);
        rested = chip->rests[SOC_PRO];
    }
    if (rested || (stop == CPU_WAITING && *used < n)) {
        uint64_t skip = least(n - *used, timer_cycles(chip, SOC_PRO));

        skip = skip == 0 ? 1 : skip;
        skip_core(chip, SOC_PRO, skip);
        chip->slice_now += skip * chip->cycle_ticks;
        *used += skip;
    }
    chip->app_lag += *used;
    if (chip->app_lag >= APP_QUANTUM) {
        enum cpu_stop app = run_app(chip);

        stop = app == CPU_BREAK ? app : stop;
        if (rested && chip->rests[SOC_APP] && stop != CPU_BREAK &&
            chip->reset_request == SOC_RESET_NONE && idle(chip)) {
            return CHIP_IDLE;
        }
    }
    return stop == CPU_BREAK ? CHIP_BREAK : CHIP_RAN;
}

static enum chip_stop step_code(struct chip *chip, uint64_t limit,
                                uint64_t *used)
{
    enum cpu_stop stop;

    if (app_runs(chip) && chip->app_started && !chip->halted[SOC_APP]) {
        return step_both(chip, limit, used);
    }
    *used = 0;
    if (chip->halted[SOC_PRO]) {
        return idle(chip) ? CHIP_IDLE : CHIP_RAN;
    }
    *used = run_core(chip, SOC_PRO, limit, &stop);
    if (stop == CPU_WAITING && *used == 0 && idle(chip)) {
        return CHIP_IDLE;
    }
    return stop == CPU_BREAK ? CHIP_BREAK : CHIP_RAN;
}

static enum chip_stop step_rom(struct chip *chip, uint64_t limit,
                               uint64_t *used)
{
    uint64_t busy = cycles_until(chip, chip->rom.busy_until);

    *used = 0;
    if (busy > 0) {
        *used = least(busy, limit);
        chip->idle_told = false;
        chip->slice_now += *used * chip->cycle_ticks;
        return CHIP_RAN;
    }
    if (rom_step(chip)) {
        chip->idle_told = false;
        return CHIP_RAN;
    }
    return idle(chip) ? CHIP_IDLE : CHIP_RAN;
}

static enum chip_stop step(struct chip *chip, uint64_t budget, uint64_t *used)
{
    uint64_t n = least(budget, cycles_until(chip, next_event(chip)));

    n = n == 0 ? 1 : n;
    *used = 0;
    if (chip->asleep) {
        return idle(chip) ? CHIP_IDLE : CHIP_RAN;
    }
    if (chip->rom.active) {
        return step_rom(chip, n, used);
    }
    return step_code(chip, n, used);
}

enum chip_stop chip_run(struct chip *chip, uint64_t cycles)
{
    if (!chip->powered) {
        return CHIP_POWER_LOST;
    }
    for (;;) {
        enum chip_stop stop;
        uint64_t used;

        if (chip->power_lost) {
            return CHIP_POWER_LOST;
        }
        if (chip->reset_request != SOC_RESET_NONE) {
            take_reset(chip);
        }
        fire_due(chip);
        if (chip->reset_request != SOC_RESET_NONE) {
            continue;
        }
        if (cycles == 0) {
            return CHIP_RAN;
        }
        stop = step(chip, cycles, &used);
        cycles -= least(used, cycles);
        if (stop != CHIP_RAN && !chip->power_lost) {
            return stop;
        }
    }
}

uint64_t chip_idle_ns(const struct chip *chip)
{
    uint64_t n = idle_cycles(chip);

    if (n == SOC_NEVER || n > SOC_NEVER / 1000 / chip->cycle_ticks) {
        return SOC_NEVER;
    }
    return n * chip->cycle_ticks * 1000 / SOC_TICKS_PER_US;
}

uint64_t chip_time_ns(const struct chip *chip)
{
    return soc_now(chip) * 25 / 12; // 1000 / SOC_TICKS_PER_US
}

uint64_t chip_instructions(const struct chip *chip)
{
    return chip->instructions;
}

// --- the owner's side ---

// Make what snapshots do not hold. The next instructions find and decode it
// anew.
static void make_derived(struct chip *chip)
{
    memset(&chip->cache, 0, offsetof(struct cache, slot));
    chip->code[SOC_PRO].generation = 0;
    chip->code[SOC_APP].generation = 0;
    memory_map(chip);
    cpu_attach(&chip->cpu[SOC_PRO], &chip->bus[SOC_PRO], &chip->code[SOC_PRO]);
    cpu_attach(&chip->cpu[SOC_APP], &chip->bus[SOC_APP], &chip->code[SOC_APP]);
}

void chip_init(struct chip *chip, const struct chip_config *config,
               const struct chip_callbacks *callbacks)
{
    assert(config->flash_size >= 1u << 20 && config->flash_size <= 16u << 20);
    assert((config->flash_size & (config->flash_size - 1)) == 0);

    // The rest is touched as it is used: memory that is not costs nothing.
    memset(chip, 0, SNAPSHOT_SIZE);
    chip_trace(chip, NULL, NULL);
    chip->config = *config;
    chip->cb = *callbacks;
    chip->running = -1;
    chip->cycle_ticks = 12;
    chip->apb_ticks = 12;
    chip->rng = config->seed;
    chip->rom.why = "power is off";
    chip->strap_pins = config->strap;
    if (config->flash_supply == FB_FLASH_SUPPLY_UNKNOWN) {
        chip->config.flash_supply = FB_FLASH_SUPPLY_3V3;
    }
    chip->supply.flash_destroyed = config->flash_destroyed;
    for (unsigned i = 0; i < SOC_EVENTS; i++) {
        chip->due[i] = SOC_NEVER;
    }
    make_derived(chip);
    cpu_reset(&chip->cpu[SOC_PRO], RESET_VECTOR, PRID_PRO);
    cpu_reset(&chip->cpu[SOC_APP], RESET_VECTOR, PRID_APP);
}

const struct fb_efuse_words *chip_efuses(const struct chip *chip)
{
    return &chip->fuses;
}

void chip_set_efuses(struct chip *chip, const struct fb_efuse_words *fuses)
{
    chip->fuses = *fuses;
}

void chip_cut_power(struct chip *chip)
{
    if (!chip->power_lost) {
        chip->power_lost = true;
        soc_break_slice(chip);
        soc_log(chip, "power lost");
    }
}

void chip_brown_out(struct chip *chip)
{
    if (chip->powered && !chip->power_lost) {
        soc_log(chip, "brown-out");
        rtc_brown_out(chip);
    }
}

void chip_flash_changed(struct chip *chip, uint32_t flash_off, uint32_t n)
{
    if (n > 0) {
        cache_flash_changed(chip, flash_off, n);
    }
}

void chip_set_strap(struct chip *chip, uint32_t strap)
{
    chip->strap_pins = strap;
    if (chip->powered) {
        gpio_changed(chip);
    }
}

void chip_set_gpio(struct chip *chip, unsigned gpio, bool level)
{
    uint64_t bit = (uint64_t)1 << gpio;

    assert(gpio < 40);
    chip->gpio.driven |= bit;
    chip->gpio.level = level ? chip->gpio.level | bit : chip->gpio.level & ~bit;
    if (chip->powered) {
        gpio_changed(chip);
        chip->idle_told = false;
    }
}

size_t chip_uart_rx(struct chip *chip, unsigned uart, const uint8_t *p,
                    size_t n)
{
    size_t taken;

    assert(uart < CHIP_UARTS);
    if (!chip->powered || chip->power_lost) {
        return n; // an unpowered receiver hears nothing
    }
    taken = uart_receive(chip, uart, p, n);
    if (taken > 0) {
        chip->idle_told = false;
    }
    return taken;
}

bool chip_in_download_mode(const struct chip *chip)
{
    if (chip->config.rom == NULL) {
        return rom_in_download(chip);
    }
    // Neither the mask ROM then nor a stub reads flash through the cache, which
    // every boot from flash does.
    return chip->powered && chip->download_boot &&
           (soc_reg_get(chip, dport_cache_ctrl(SOC_PRO)) &
            DPORT_CACHE_ENABLE) == 0;
}

const char *chip_why(const struct chip *chip)
{
    return chip->rom.why;
}

void chip_trace(struct chip *chip, chip_trace_fn *fn, void *ctx)
{
    chip->trace = fn;
    chip->trace_ctx = ctx;
}

size_t chip_fetch(struct chip *chip, unsigned cpu, uint32_t vaddr, uint8_t *out,
                  size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        enum bus_status status;
        uint32_t at = vaddr + (uint32_t)i;
        const uint8_t *page = bus_exec_page(&chip->bus[cpu], at, &status);

        if (page == NULL) {
            break;
        }
        out[i] = page[at % BUS_PAGE_SIZE];
    }
    return i;
}

uint32_t chip_pc(const struct chip *chip)
{
    return chip->rom.active ? 0 : cpu_pc(&chip->cpu[SOC_PRO]);
}

void chip_copy(struct chip *to, const struct chip *from, uint8_t *flash,
               const struct chip_callbacks *callbacks)
{
    memcpy(to, from, SNAPSHOT_SIZE);
    to->config.flash = flash;
    to->cb = *callbacks;
    chip_trace(to, NULL, NULL);
    make_derived(to);
    rom_copied(to, from);
}

size_t chip_snapshot_size(void)
{
    return SNAPSHOT_SIZE;
}

void chip_save(const struct chip *chip, void *snapshot)
{
    assert(chip->running < 0); // not from within a callback
    memcpy(snapshot, chip, SNAPSHOT_SIZE);
}

void chip_restore(struct chip *chip, const void *snapshot)
{
    struct chip_callbacks callbacks = chip->cb;

    assert(chip->running < 0);
    memcpy(chip, snapshot, SNAPSHOT_SIZE);
    chip->cb = callbacks;
    make_derived(chip);
}
