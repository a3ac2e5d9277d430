// SPDX-License-Identifier: Apache-2.0

#include "chip/periph/timg.h"

#include "chip/soc.h"

#define TIMG0 0x3FF5F000u
#define TIMG1 0x3FF60000u

// Of a timer, from its place on; the LACT's configuration is a word before.
#define LO      0x04u
#define HI      0x08u
#define ALARMLO 0x10u
#define ALARMHI 0x14u
#define LOADLO  0x18u
#define LOADHI  0x1Cu
#define TIMERS  3u
#define LACT    2u
// Of the group.
#define WDTCONFIG0  0x48u
#define WDTCONFIG1  0x4Cu
#define WDTCONFIG2  0x50u
#define WDTWPROTECT 0x64u
#define INT_ENA     0x98u
#define INT_RAW     0x9Cu

#define T_EN         (1u << 31)
#define T_INCREASE   (1u << 30)
#define T_AUTORELOAD (1u << 29)
#define T_LEVEL_INT  (1u << 11)
#define T_ALARM_EN   (1u << 10)

#define WDT_EN        (1u << 31)
#define WDT_LEVEL_INT (1u << 21)
#define WDT_FLASHBOOT (1u << 14)
#define WDT_KEY       0x50D83AA1u
#define CALI_RDY      (1u << 15)
#define CALI_START    (1u << 31)
#define CALI_SLOW_HZ  150000u
#define CALI_8M_HZ    33203u // the 8.5 MHz oscillator by 256
#define CALI_XTAL_HZ  32768u

enum action { OFF, INTERRUPT, RESET_CPU, RESET_SYSTEM };

static unsigned group_of(uint32_t vaddr)
{
    return vaddr >= TIMG1 ? 1 : 0;
}

static uint32_t base_of(unsigned group)
{
    return group == 0 ? TIMG0 : TIMG1;
}

static uint32_t get(const struct chip *chip, unsigned group, uint32_t offset)
{
    return soc_reg_get(chip, base_of(group) + offset);
}

static const uint32_t place[TIMERS] = {0x00, 0x24, 0x74};
static const uint32_t config_at[TIMERS] = {0x00, 0x24, 0x70};
// Of INT_RAW, and behind the group's first source.
static const unsigned int_bit[TIMERS] = {0, 1, 3};

static uint32_t config_of(const struct chip *chip, unsigned g, unsigned t)
{
    return get(chip, g, config_at[t]);
}

// Ticks a count; divider 0 stands for 65536.
static uint64_t count_ticks(const struct chip *chip, unsigned g, unsigned t)
{
    uint32_t divider = config_of(chip, g, t) >> 13 & 0xFFFFu;

    return (uint64_t)(divider == 0 ? 65536u : divider) * soc_apb_ticks(chip);
}

static uint64_t value_of(const struct chip *chip, unsigned g, unsigned t)
{
    const struct soc_timer *timer = &chip->timer[g][t];
    uint32_t config = config_of(chip, g, t);
    uint64_t n;

    if ((config & T_EN) == 0) {
        return timer->base;
    }
    n = (soc_now(chip) - timer->ticks) / count_ticks(chip, g, t);
    return (config & T_INCREASE) != 0 ? timer->base + n : timer->base - n;
}

// Count from here on at the rate that holds now, keeping the part of a count
// that has passed.
static void settle(struct chip *chip, unsigned g, unsigned t)
{
    struct soc_timer *timer = &chip->timer[g][t];
    uint64_t per = count_ticks(chip, g, t);
    uint64_t now = soc_now(chip);
    uint64_t value = value_of(chip, g, t);
    bool runs = (config_of(chip, g, t) & T_EN) != 0;

    timer->base = value;
    timer->ticks = runs ? now - (now - timer->ticks) % per : now;
}

static void alarm_arm(struct chip *chip, unsigned g, unsigned t)
{
    uint32_t config = config_of(chip, g, t);
    uint64_t alarm = get(chip, g, place[t] + ALARMLO) |
                     (uint64_t)get(chip, g, place[t] + ALARMHI) << 32;
    uint64_t due = SOC_NEVER;

    if ((config & T_EN) != 0 && (config & T_ALARM_EN) != 0) {
        const struct soc_timer *timer = &chip->timer[g][t];
        uint64_t left = (config & T_INCREASE) != 0 ? alarm - timer->base
                                                   : timer->base - alarm;
        uint64_t per = count_ticks(chip, g, t);

        if ((int64_t)left <= 0) {
            due = soc_now(chip); // passed already: it fires at once
        } else if (left < (SOC_NEVER - timer->ticks) / per) {
            due = timer->ticks + left * per;
        }
    }
    soc_event_set(chip, (enum soc_event)(SOC_EV_TG0_T0 + TIMERS * g + t), due);
}

static void interrupt(struct chip *chip, unsigned g)
{
    uint32_t raised = get(chip, g, INT_RAW) & get(chip, g, INT_ENA);

    for (unsigned i = 0; i < 4; i++) {
        soc_source_set(chip, (g == 0 ? SOC_SRC_TG0_T0 : SOC_SRC_TG1_T0) + i,
                       (raised & 1u << i) != 0);
    }
}

void timg_alarm_due(struct chip *chip, unsigned g, unsigned t)
{
    uint32_t at = base_of(g) + place[t];
    uint32_t config = config_of(chip, g, t);

    settle(chip, g, t);
    if ((config & T_AUTORELOAD) != 0) {
        chip->timer[g][t].base = soc_reg_get(chip, at + LOADLO) |
                                 (uint64_t)soc_reg_get(chip, at + LOADHI) << 32;
    }
    // Until software sets it again.
    *soc_reg(chip, base_of(g) + config_at[t]) &= ~T_ALARM_EN;
    if ((config & T_LEVEL_INT) != 0) {
        *soc_reg(chip, base_of(g) + INT_RAW) |= 1u << int_bit[t];
    }
    alarm_arm(chip, g, t);
    interrupt(chip, g);
}

// Group 0 guards a boot from flash until software says it succeeded.
static bool flash_boot(const struct chip *chip, unsigned g)
{
    return g == 0 && !chip->download_boot &&
           (get(chip, g, WDTCONFIG0) & WDT_FLASHBOOT) != 0;
}

static enum action action_now(const struct chip *chip, unsigned g)
{
    uint32_t config0 = get(chip, g, WDTCONFIG0);

    if ((config0 & WDT_EN) != 0) {
        return (enum action)(config0 >> (29 - 2 * chip->wdt[1 + g].stage) & 3u);
    }
    return flash_boot(chip, g) ? RESET_SYSTEM : OFF;
}

static bool wdt_runs(const struct chip *chip, unsigned g)
{
    return (get(chip, g, WDTCONFIG0) & WDT_EN) != 0 || flash_boot(chip, g);
}

static void wdt_arm(struct chip *chip, unsigned g)
{
    const struct soc_wdt *wdt = &chip->wdt[1 + g];
    uint64_t prescaler = get(chip, g, WDTCONFIG1) >> 16;
    uint64_t n = get(chip, g, WDTCONFIG2 + 4 * wdt->stage);
    // As the timers' dividers: 1 divides by two too (TRM "Timer Group"). So it
    // is later than the RTC watchdog, whose resets (0x10) published logs show
    // of boards whose ROM found nothing to boot (esp-idf issue 113).
    uint64_t per = (prescaler < 2 ? 2 : prescaler) * soc_apb_ticks(chip);

    soc_event_set(chip, (enum soc_event)(SOC_EV_TG0_WDT + g),
                  wdt_runs(chip, g) ? wdt->started + n * per : SOC_NEVER);
}

static void wdt_restart(struct chip *chip, unsigned g)
{
    chip->wdt[1 + g].stage = 0;
    chip->wdt[1 + g].started = soc_now(chip);
    wdt_arm(chip, g);
}

void timg_wdt_due(struct chip *chip, unsigned g)
{
    switch (action_now(chip, g)) {
    case OFF:
        break;
    case INTERRUPT:
        if ((get(chip, g, WDTCONFIG0) & WDT_LEVEL_INT) != 0) {
            *soc_reg(chip, base_of(g) + INT_RAW) |= 4u;
            interrupt(chip, g);
        }
        break;
    case RESET_CPU:
        soc_reset_request(chip, SOC_RESET_TGWDT_CPU, 3);
        break;
    case RESET_SYSTEM:
        soc_reset_request(
            chip, g == 0 ? SOC_RESET_TG0WDT_SYS : SOC_RESET_TG1WDT_SYS, 0);
        break;
    }
    chip->wdt[1 + g].stage = (chip->wdt[1 + g].stage + 1) % 4;
    chip->wdt[1 + g].started = soc_now(chip);
    wdt_arm(chip, g);
}

void timg_wdt_flash_boot(struct chip *chip, bool on)
{
    uint32_t *config0 = soc_reg(chip, TIMG0 + WDTCONFIG0);

    *config0 = on ? *config0 | WDT_FLASHBOOT : *config0 & ~WDT_FLASHBOOT;
    wdt_restart(chip, 0);
}

void timg_clock_settle(struct chip *chip)
{
    for (unsigned g = 0; g < 2; g++) {
        for (unsigned t = 0; t < TIMERS; t++) {
            settle(chip, g, t);
        }
    }
}

void timg_clock_changed(struct chip *chip)
{
    for (unsigned g = 0; g < 2; g++) {
        for (unsigned t = 0; t < TIMERS; t++) {
            alarm_arm(chip, g, t);
        }
        wdt_arm(chip, g);
    }
}

void timg_reset(struct chip *chip)
{
    for (unsigned g = 0; g < 2; g++) {
        for (unsigned t = 0; t < TIMERS; t++) {
            chip->timer[g][t].base = 0;
            chip->timer[g][t].ticks = soc_now(chip);
            alarm_arm(chip, g, t);
        }
        wdt_restart(chip, g);
        interrupt(chip, g);
    }
}

// Which timer a register of the first 0x48 bytes belongs to.
static unsigned timer_of(uint32_t vaddr)
{
    uint32_t offset = vaddr & 0xFFu;

    return offset >= config_at[LACT] ? LACT : offset >= place[1] ? 1 : 0;
}

static void config_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    unsigned g = group_of(vaddr);
    unsigned t = timer_of(vaddr);

    settle(chip, g, t);
    *soc_reg(chip, vaddr) = value;
    settle(chip, g, t);
    alarm_arm(chip, g, t);
}

static void update_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    unsigned g = group_of(vaddr);
    unsigned t = timer_of(vaddr);
    uint32_t at = base_of(g) + place[t];
    uint64_t now = value_of(chip, g, t);

    (void)value;
    *soc_reg(chip, at + LO) = (uint32_t)now;
    *soc_reg(chip, at + HI) = (uint32_t)(now >> 32);
}

static void alarm_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    *soc_reg(chip, vaddr) = value;
    alarm_arm(chip, group_of(vaddr), timer_of(vaddr));
}

static void load_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    unsigned g = group_of(vaddr);
    unsigned t = timer_of(vaddr);
    uint32_t at = base_of(g) + place[t];

    (void)value;
    chip->timer[g][t].base = soc_reg_get(chip, at + LOADLO) |
                             (uint64_t)soc_reg_get(chip, at + LOADHI) << 32;
    chip->timer[g][t].ticks = soc_now(chip);
    alarm_arm(chip, g, t);
}

static bool locked(const struct chip *chip, unsigned g)
{
    return get(chip, g, WDTWPROTECT) != WDT_KEY;
}

static void wdt_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    unsigned g = group_of(vaddr);
    bool ran = wdt_runs(chip, g);

    if (locked(chip, g)) {
        return;
    }
    *soc_reg(chip, vaddr) = value;
    if (ran) {
        wdt_arm(chip, g);
    } else {
        wdt_restart(chip, g);
    }
}

static void feed_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    (void)value;
    if (!locked(chip, group_of(vaddr))) {
        wdt_restart(chip, group_of(vaddr));
    }
}

// How many crystal cycles that many cycles of a slow clock take; at once.
static void cali_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    static const uint32_t hz[4] = {CALI_SLOW_HZ, CALI_8M_HZ, CALI_XTAL_HZ,
                                   CALI_SLOW_HZ};
    uint32_t cycles = value >> 16 & 0x7FFFu;
    uint64_t measured = (uint64_t)cycles * SOC_XTAL_HZ / hz[value >> 13 & 3u];

    if ((value & (CALI_START | 1u << 12)) != 0) {
        value |= CALI_RDY;
        *soc_reg(chip, vaddr + 4) = (uint32_t)(measured & 0x1FFFFFFu) << 7;
    } else {
        value &= ~CALI_RDY;
    }
    *soc_reg(chip, vaddr) = value;
}

// CLK8M_FREQ is the oscillator's trim; the counts of real chips fit this
// (esptool, "get_rom_cal_crystal_freq").
void timg_measure_crystal(struct chip *chip)
{
    uint32_t trim = fb_efuse_get(&chip->latched, FB_EFUSE_CLK8M_FREQ);

    if (trim != 0) {
        *soc_reg(chip, TIMG0_RTCCALICFG1) =
            (uint32_t)(SOC_XTAL_HZ * 40ull / (15625u * trim)) << 7;
    }
}

static uint32_t int_st_read(struct chip *chip, uint32_t vaddr)
{
    unsigned g = group_of(vaddr);

    return get(chip, g, INT_RAW) & get(chip, g, INT_ENA);
}

static void int_ena_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    *soc_reg(chip, vaddr) = value;
    interrupt(chip, group_of(vaddr));
}

static void int_clr_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    unsigned g = group_of(vaddr);

    *soc_reg(chip, base_of(g) + INT_RAW) &= ~value;
    interrupt(chip, g);
}

// clang-format off
#define TIMG_ROWS(flashboot)                                                   \
    {0x00, 1, "T0CONFIG", 0x60002000, NULL, config_write},                     \
    {0x04, 2, "T0LO",    0, NULL, reg_ignore},                                 \
    {0x0C, 1, "T0UPDATE", 0, NULL, update_write},                              \
    {0x10, 2, "T0ALARM", 0, NULL, alarm_write},                                \
    {0x18, 2, "T0LOADLO", 0, NULL, NULL},                                      \
    {0x20, 1, "T0LOAD",  0, NULL, load_write},                                 \
    {0x24, 1, "T1CONFIG", 0x60002000, NULL, config_write},                     \
    {0x28, 2, "T1LO",    0, NULL, reg_ignore},                                 \
    {0x30, 1, "T1UPDATE", 0, NULL, update_write},                              \
    {0x34, 2, "T1ALARM", 0, NULL, alarm_write},                                \
    {0x3C, 2, "T1LOADLO", 0, NULL, NULL},                                      \
    {0x44, 1, "T1LOAD",  0, NULL, load_write},                                 \
    {0x48, 1, "WDTCONFIG0", 0x48000 | (flashboot), NULL, wdt_write},           \
    {0x4C, 1, "WDTCONFIG1", 0x10000, NULL, wdt_write},                         \
    {0x50, 1, "WDTCONFIG2", 26000000, NULL, wdt_write},                        \
    {0x54, 1, "WDTCONFIG3", 0x7FFFFFF, NULL, wdt_write},                       \
    {0x58, 2, "WDTCONFIG4", 0xFFFFF, NULL, wdt_write},                         \
    {0x60, 1, "WDTFEED", 0, NULL, feed_write},                                 \
    {0x64, 1, "WDTWPROTECT", WDT_KEY, NULL, NULL},                             \
    {0x68, 1, "RTCCALICFG", 0x13000, NULL, cali_write},                        \
    {0x6C, 1, "RTCCALICFG1", 0, NULL, reg_ignore},                             \
    {0x70, 1, "LACTCONFIG", 0x60002300, NULL, config_write},                   \
    {0x74, 1, "LACTRTC", 0, NULL, NULL},                                       \
    {0x78, 2, "LACTLO",  0, NULL, reg_ignore},                                 \
    {0x80, 1, "LACTUPDATE", 0, NULL, update_write},                            \
    {0x84, 2, "LACTALARM", 0, NULL, alarm_write},                              \
    {0x8C, 2, "LACTLOADLO", 0, NULL, NULL},                                    \
    {0x94, 1, "LACTLOAD", 0, NULL, load_write},                                \
    {0x98, 1, "INT_ENA", 0, NULL, int_ena_write},                              \
    {0x9C, 1, "INT_RAW", 0, NULL, reg_ignore},                                 \
    {0xA0, 1, "INT_ST",  0, int_st_read, reg_ignore},                          \
    {0xA4, 1, "INT_CLR", 0, NULL, int_clr_write},                              \
    {0xF8, 1, "DATE", 0x1604290, NULL, NULL},                                  \
    {0xFC, 1, "CLK",     0, NULL, NULL}

static const struct reg_row rows0[] = {TIMG_ROWS(WDT_FLASHBOOT)};
static const struct reg_row rows1[] = {TIMG_ROWS(0)};
// clang-format on

const struct reg_block timg0_block = {"TIMG0", TIMG0, 0x1000, REG_ROWS(rows0),
                                      false};
const struct reg_block timg1_block = {"TIMG1", TIMG1, 0x1000, REG_ROWS(rows1),
                                      false};
