// SPDX-License-Identifier: Apache-2.0

#include "chip/periph/frc.h"

#include "chip/soc.h"

#define BASE   0x3FF47000u
#define STRIDE 0x20u
#define LOAD   0x00u
#define COUNT  0x04u
#define CTRL   0x08u
#define INT    0x0Cu
#define ALARM  0x10u

#define CTRL_LEVEL_INT  (1u << 0)
#define CTRL_AUTORELOAD (1u << 6)
#define CTRL_ENABLE     (1u << 7)
#define CTRL_PENDING    (1u << 8)

static uint32_t get(const struct chip *chip, unsigned t, uint32_t offset)
{
    return soc_reg_get(chip, BASE + t * STRIDE + offset);
}

static uint32_t mask_of(unsigned t)
{
    return t == 0 ? 0x7FFFFFu : 0xFFFFFFFFu;
}

static uint64_t count_ticks(const struct chip *chip, unsigned t)
{
    static const uint32_t prescale[4] = {1, 16, 256, 256};

    return (uint64_t)prescale[get(chip, t, CTRL) >> 2 & 3u] *
           soc_apb_ticks(chip);
}

static uint32_t value_of(const struct chip *chip, unsigned t)
{
    const struct soc_timer *timer = &chip->frc.t[t];
    uint64_t n;

    if ((get(chip, t, CTRL) & CTRL_ENABLE) == 0) {
        return (uint32_t)timer->base;
    }
    n = (soc_now(chip) - timer->ticks) / count_ticks(chip, t);
    return (uint32_t)(t == 0 ? timer->base - n : timer->base + n) & mask_of(t);
}

static void settle(struct chip *chip, unsigned t)
{
    struct soc_timer *timer = &chip->frc.t[t];
    uint64_t now = soc_now(chip);
    bool runs = (get(chip, t, CTRL) & CTRL_ENABLE) != 0;
    uint32_t value = value_of(chip, t);

    timer->ticks =
        runs ? now - (now - timer->ticks) % count_ticks(chip, t) : now;
    timer->base = value;
}

static void arm(struct chip *chip, unsigned t)
{
    const struct soc_timer *timer = &chip->frc.t[t];
    uint32_t left;

    if ((get(chip, t, CTRL) & CTRL_ENABLE) == 0) {
        soc_event_set(chip, (enum soc_event)(SOC_EV_FRC1 + t), SOC_NEVER);
        return;
    }
    left = t == 0 ? (uint32_t)timer->base
                  : get(chip, t, ALARM) - (uint32_t)timer->base;
    // An alarm at the value that stands now comes after a whole turn.
    soc_event_set(chip, (enum soc_event)(SOC_EV_FRC1 + t),
                  timer->ticks + (left == 0 ? (uint64_t)mask_of(t) + 1 : left) *
                                     count_ticks(chip, t));
}

void frc_due(struct chip *chip, unsigned t)
{
    uint32_t ctrl = get(chip, t, CTRL);

    settle(chip, t);
    if (t == 0 && (ctrl & CTRL_AUTORELOAD) != 0) {
        chip->frc.t[0].base = get(chip, 0, LOAD) & mask_of(0);
    }
    *soc_reg(chip, BASE + t * STRIDE + CTRL) |= CTRL_PENDING;
    soc_source_set(chip, SOC_SRC_FRC1 + t, true);
    arm(chip, t);
}

void frc_clock_settle(struct chip *chip)
{
    settle(chip, 0);
    settle(chip, 1);
}

void frc_clock_changed(struct chip *chip)
{
    arm(chip, 0);
    arm(chip, 1);
}

void frc_reset(struct chip *chip)
{
    for (unsigned t = 0; t < 2; t++) {
        chip->frc.t[t].base = 0;
        chip->frc.t[t].ticks = soc_now(chip);
        arm(chip, t);
    }
}

static unsigned timer_of(uint32_t vaddr)
{
    return (vaddr & STRIDE) != 0 ? 1 : 0;
}

static void load_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    unsigned t = timer_of(vaddr);

    *soc_reg(chip, vaddr) = value & mask_of(t);
    chip->frc.t[t].base = value & mask_of(t);
    chip->frc.t[t].ticks = soc_now(chip);
    arm(chip, t);
}

static uint32_t count_read(struct chip *chip, uint32_t vaddr)
{
    return value_of(chip, timer_of(vaddr));
}

static void ctrl_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    unsigned t = timer_of(vaddr);
    uint32_t pending = *soc_reg(chip, vaddr) & CTRL_PENDING;

    settle(chip, t);
    *soc_reg(chip, vaddr) = (value & ~CTRL_PENDING) | pending;
    settle(chip, t);
    arm(chip, t);
}

static void int_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    unsigned t = timer_of(vaddr);

    if ((value & 1u) != 0) {
        *soc_reg(chip, BASE + t * STRIDE + CTRL) &= ~CTRL_PENDING;
        soc_source_set(chip, SOC_SRC_FRC1 + t, false);
    }
}

static void alarm_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    unsigned t = timer_of(vaddr);

    *soc_reg(chip, vaddr) = value;
    settle(chip, t);
    arm(chip, t);
}

// clang-format off
static const struct reg_row rows[] = {
    {0x00, 1, "FRC1_LOAD",  0, NULL, load_write},
    {0x04, 1, "FRC1_COUNT", 0, count_read, NULL},
    {0x08, 1, "FRC1_CTRL",  0, NULL, ctrl_write},
    {0x0C, 1, "FRC1_INT",   0, NULL, int_write},
    {0x20, 1, "FRC2_LOAD",  0, NULL, load_write},
    {0x24, 1, "FRC2_COUNT", 0, count_read, NULL},
    {0x28, 1, "FRC2_CTRL",  0, NULL, ctrl_write},
    {0x2C, 1, "FRC2_INT",   0, NULL, int_write},
    {0x30, 1, "FRC2_ALARM", 0, NULL, alarm_write},
};
// clang-format on

const struct reg_block frc_block = {"FRC", BASE, 0x1000, REG_ROWS(rows), false};
