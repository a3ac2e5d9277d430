// SPDX-License-Identifier: Apache-2.0

#include "chip/periph/rtc.h"

#include "chip/periph/vdd_sdio.h"
#include "chip/soc.h"

#define SLP_TIMER0   (RTC_BASE + 0x004u)
#define SLP_TIMER1   (RTC_BASE + 0x008u)
#define TIME_UPDATE  (RTC_BASE + 0x00Cu)
#define TIME0        (RTC_BASE + 0x010u)
#define TIME1        (RTC_BASE + 0x014u)
#define STATE0       (RTC_BASE + 0x018u)
#define WAKEUP_STATE (RTC_BASE + 0x038u)
#define INT_ENA      (RTC_BASE + 0x03Cu)
#define INT_RAW      (RTC_BASE + 0x040u)
#define DIG_PWC      (RTC_BASE + 0x084u)
#define WDTCONFIG0   (RTC_BASE + 0x08Cu)
#define WDTCONFIG1   (RTC_BASE + 0x090u)
#define WDTWPROTECT  (RTC_BASE + 0x0A4u)

#define BROWN_OUT (RTC_BASE + 0x0D4u)

#define SLOW_TICKS     (SOC_TICKS_PER_US * 1000u / 150u) // a slow-clock cycle
#define WDT_KEY        0x50D83AA1u
#define WDTCONFIG0_DEF 0x0004CC00u // at reset: flash-boot mode
#define WDTCONFIG1_DEF 128000u

#define SW_SYS_RST        (1u << 31)
#define SW_PROCPU_RST     (1u << 5)
#define SW_APPCPU_RST     (1u << 4)
#define TIME_VALID        (1u << 30)
#define SLEEP_EN          (1u << 31)
#define WAKE_TIMER        (1u << 3)
#define DG_WRAP_PD_EN     (1u << 31)
#define INT_WDT           (1u << 3)
#define INT_BROWN_OUT     (1u << 7)
#define BROWN_OUT_ENA     (1u << 30)
#define BROWN_OUT_RST_ENA (1u << 26)
#define WDT_EN            (1u << 31)
#define WDT_FLASHBOOT     (1u << 10)
#define WDT_APPCPU_RST_EN (1u << 8)
#define WDT_PROCPU_RST_EN (1u << 9)

enum action { OFF, INTERRUPT, RESET_CPU, RESET_SYSTEM, RESET_RTC };

static uint64_t slow_cycles(const struct chip *chip)
{
    return chip->rtc_time.base +
           (soc_now(chip) - chip->rtc_time.ticks) / SLOW_TICKS;
}

static enum action stage_action(uint32_t config0, unsigned stage)
{
    return (enum action)(config0 >> (28 - 3 * stage) & 7u);
}

// Only a boot from flash is guarded.
static bool flash_boot(const struct chip *chip)
{
    return !chip->download_boot &&
           (soc_reg_get(chip, WDTCONFIG0) & WDT_FLASHBOOT) != 0;
}

// In flash-boot mode stage 0 resets the RTC too (TRM "Watchdog Timers", flash
// boot protection).
static enum action action_now(const struct chip *chip)
{
    uint32_t config0 = soc_reg_get(chip, WDTCONFIG0);

    if ((config0 & WDT_EN) != 0) {
        return stage_action(config0, chip->wdt[0].stage);
    }
    return flash_boot(chip) ? RESET_RTC : OFF;
}

static bool wdt_runs(const struct chip *chip)
{
    return (soc_reg_get(chip, WDTCONFIG0) & WDT_EN) != 0 || flash_boot(chip);
}

static void wdt_arm(struct chip *chip)
{
    struct soc_wdt *wdt = &chip->wdt[0];
    uint64_t cycles = soc_reg_get(chip, WDTCONFIG1 + 4 * wdt->stage);

    soc_event_set(chip, SOC_EV_RTC_WDT,
                  wdt_runs(chip) ? wdt->started + (cycles + 1) * SLOW_TICKS
                                 : SOC_NEVER);
}

static void wdt_restart(struct chip *chip)
{
    chip->wdt[0].stage = 0;
    chip->wdt[0].started = soc_now(chip);
    wdt_arm(chip);
}

static void interrupt(struct chip *chip)
{
    uint32_t raised = soc_reg_get(chip, INT_RAW) & soc_reg_get(chip, INT_ENA);

    soc_source_set(chip, SOC_SRC_RTC, raised != 0);
}

void rtc_wdt_due(struct chip *chip)
{
    uint32_t config0 = soc_reg_get(chip, WDTCONFIG0);
    uint32_t cpus = ((config0 & WDT_PROCPU_RST_EN) != 0 ? 1u : 0) |
                    ((config0 & WDT_APPCPU_RST_EN) != 0 ? 2u : 0);

    switch (action_now(chip)) {
    case OFF:
        break;
    case INTERRUPT:
        *soc_reg(chip, INT_RAW) |= INT_WDT;
        interrupt(chip);
        break;
    case RESET_CPU:
        soc_reset_request(chip, SOC_RESET_RTCWDT_CPU, cpus);
        break;
    case RESET_SYSTEM:
        soc_reset_request(chip, SOC_RESET_RTCWDT_SYS, 0);
        break;
    case RESET_RTC:
        soc_reset_request(chip, SOC_RESET_RTCWDT_RTC, 0);
        break;
    }
    chip->wdt[0].stage = (chip->wdt[0].stage + 1) % 4;
    chip->wdt[0].started = soc_now(chip);
    wdt_arm(chip);
}

void rtc_wdt_flash_boot(struct chip *chip, bool on)
{
    // Whatever program ran before: its stages are over.
    *soc_reg(chip, WDTCONFIG0) = WDTCONFIG0_DEF & (on ? ~0u : ~WDT_FLASHBOOT);
    *soc_reg(chip, WDTCONFIG1) = WDTCONFIG1_DEF;
    wdt_restart(chip);
}

void rtc_brown_out(struct chip *chip)
{
    uint32_t config = soc_reg_get(chip, BROWN_OUT);

    if ((config & BROWN_OUT_ENA) == 0) {
        return;
    }
    *soc_reg(chip, INT_RAW) |= INT_BROWN_OUT;
    interrupt(chip);
    if ((config & BROWN_OUT_RST_ENA) != 0) {
        soc_reset_request(chip, SOC_RESET_BROWN_OUT, 0);
    }
}

void rtc_reset(struct chip *chip, bool whole)
{
    if (whole) {
        chip->rtc_time.base = 0;
        chip->rtc_time.ticks = soc_now(chip);
    }
    wdt_restart(chip);
    interrupt(chip);
}

void rtc_set_cause(struct chip *chip, unsigned cpu, uint32_t cause)
{
    uint32_t *state = soc_reg(chip, RTC_RESET_STATE);
    unsigned shift = cpu == SOC_PRO ? 0 : 6;

    *state = (*state & ~(0x3Fu << shift)) | cause << shift;
}

static void options0_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    *soc_reg(chip, vaddr) =
        value & ~(SW_SYS_RST | SW_PROCPU_RST | SW_APPCPU_RST);
    if ((value & SW_SYS_RST) != 0) {
        soc_reset_request(chip, SOC_RESET_SW, 0);
    } else if ((value & (SW_PROCPU_RST | SW_APPCPU_RST)) != 0) {
        soc_reset_request(chip, SOC_RESET_SW_CPU,
                          ((value & SW_PROCPU_RST) != 0 ? 1u : 0) |
                              ((value & SW_APPCPU_RST) != 0 ? 2u : 0));
    }
    soc_app_cpu_changed(chip);
}

static void stall_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    *soc_reg(chip, vaddr) = value;
    soc_app_cpu_changed(chip);
}

static void time_update_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    uint64_t time = slow_cycles(chip);

    if ((value & 1u << 31) != 0) {
        *soc_reg(chip, TIME0) = (uint32_t)time;
        *soc_reg(chip, TIME1) = (uint32_t)(time >> 32) & 0xFFFFu;
    }
    *soc_reg(chip, vaddr) = TIME_VALID;
}

static void state0_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    *soc_reg(chip, vaddr) = value & ~SLEEP_EN;
    if ((value & SLEEP_EN) != 0) {
        uint32_t wake = soc_reg_get(chip, WAKEUP_STATE) >> 11 & 0x7FFu;
        uint64_t target = soc_reg_get(chip, SLP_TIMER0) |
                          (uint64_t)(soc_reg_get(chip, SLP_TIMER1) & 0xFFFFu)
                              << 32;
        uint64_t now = slow_cycles(chip);
        uint64_t left = target > now ? target - now : 1;

        chip->deep = (soc_reg_get(chip, DIG_PWC) & DG_WRAP_PD_EN) != 0;
        soc_sleep(chip);
        soc_event_set(chip, SOC_EV_SLEEP,
                      (wake & WAKE_TIMER) != 0
                          ? soc_now(chip) + left * SLOW_TICKS
                          : SOC_NEVER);
    }
}

void rtc_sleep_due(struct chip *chip)
{
    uint32_t *wake = soc_reg(chip, WAKEUP_STATE);

    *wake = (*wake & ~0x7FFu) | WAKE_TIMER;
    chip->asleep = false;
    soc_event_set(chip, SOC_EV_SLEEP, SOC_NEVER);
    if (chip->deep) {
        soc_reset_request(chip, SOC_RESET_DEEPSLEEP, 0);
    }
}

static void clk_conf_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    *soc_reg(chip, vaddr) = value;
    soc_clock_changed(chip);
}

static void sdio_conf_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    *soc_reg(chip, vaddr) = value;
    vdd_sdio_changed(chip);
}

static bool locked(const struct chip *chip)
{
    return soc_reg_get(chip, WDTWPROTECT) != WDT_KEY;
}

static void wdt_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    bool ran = wdt_runs(chip);

    if (locked(chip)) {
        return;
    }
    *soc_reg(chip, vaddr) = value;
    if (ran) {
        wdt_arm(chip);
    } else {
        wdt_restart(chip);
    }
}

static void feed_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    (void)vaddr;
    if (!locked(chip) && (value & 1u << 31) != 0) {
        wdt_restart(chip);
    }
}

static uint32_t int_st_read(struct chip *chip, uint32_t vaddr)
{
    (void)vaddr;
    return soc_reg_get(chip, INT_RAW) & soc_reg_get(chip, INT_ENA);
}

static void int_ena_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    *soc_reg(chip, vaddr) = value;
    interrupt(chip);
}

static void int_clr_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    (void)vaddr;
    *soc_reg(chip, INT_RAW) &= ~value;
    interrupt(chip);
}

// clang-format off
static const struct reg_row rows[] = {
    {0x000, 1, "OPTIONS0", 0x1C00A000, NULL, options0_write},
    {0x004, 2, "SLP_TIMER",         0, NULL, NULL},
    {0x00C, 1, "TIME_UPDATE",       0, NULL, time_update_write},
    {0x010, 2, "TIME",              0, NULL, reg_ignore},
    {0x018, 1, "STATE0",   0x00300000, NULL, state0_write},
    {0x01C, 6, "TIMER",             0, NULL, NULL},
    {0x034, 1, "RESET_STATE",  0x3000, NULL, NULL},
    {0x038, 1, "WAKEUP_STATE", 0x6000, NULL, NULL},
    {0x03C, 1, "INT_ENA",           0, NULL, int_ena_write},
    {0x040, 1, "INT_RAW",           0, NULL, reg_ignore},
    {0x044, 1, "INT_ST",            0, int_st_read, reg_ignore},
    {0x048, 1, "INT_CLR",           0, NULL, int_clr_write},
    {0x04C, 4, "STORE0",            0, NULL, NULL},
    {0x05C, 5, "EXT_AND_PERIOD",    0, NULL, NULL},
    {0x070, 1, "CLK_CONF", 0x00002210, NULL, clk_conf_write},
    {0x074, 1, "SDIO_CONF", 0x02A00000, NULL, sdio_conf_write},
    {0x078, 1, "BIAS_CONF",         0, NULL, NULL},
    {0x07C, 1, "REG",      0x29002400, NULL, NULL},
    {0x080, 1, "PWC",      0x00012925, NULL, NULL},
    {0x084, 1, "DIG_PWC",  0x00555010, NULL, NULL},
    {0x088, 1, "DIG_ISO",  0xAA805080, NULL, NULL},
    {0x08C, 1, "WDTCONFIG0", WDTCONFIG0_DEF, NULL, wdt_write},
    {0x090, 1, "WDTCONFIG1", WDTCONFIG1_DEF, NULL, wdt_write},
    {0x094, 1, "WDTCONFIG2",  80000, NULL, wdt_write},
    {0x098, 2, "WDTCONFIG3",  0xFFF, NULL, wdt_write},
    {0x0A0, 1, "WDTFEED",           0, NULL, feed_write},
    {0x0A4, 1, "WDTWPROTECT", WDT_KEY, NULL, NULL},
    {0x0A8, 1, "TEST_MUX",          0, NULL, NULL},
    {0x0AC, 1, "SW_CPU_STALL",      0, NULL, stall_write},
    {0x0B0, 4, "STORE4",            0, NULL, NULL},
    {0x0C0, 5, "LOW_POWER",         0, NULL, NULL},
    {0x0D4, 1, "BROWN_OUT", 0x13FF0000, NULL, NULL},
    {0x0D8, 1, "RESERVED",          0, NULL, NULL},
    {0x13C, 1, "DATE",     0x01604280, NULL, NULL},
};
// clang-format on

const struct reg_block rtc_block = {"RTC_CNTL", RTC_BASE, 0x400, REG_ROWS(rows),
                                    true};
