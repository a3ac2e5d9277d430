// SPDX-License-Identifier: Apache-2.0
//
// DPORT: cache control, flash MMU tables, clocks and resets of peripherals, the
// APP CPU, the interrupt matrix (TRM "DPort Registers", soc/dport_reg.h).
//
// Not modelled: clock gating (a peripheral without a clock still answers), the
// memory protection unit, the record of CPU program counters.

#ifndef CHIP_PERIPH_DPORT_H
#define CHIP_PERIPH_DPORT_H

#include <stdint.h>

#include "chip/periph/registers.h"

#define DPORT_BASE 0x3FF00000u

#define DPORT_CACHE_ENABLE     (1u << 3)
#define DPORT_CACHE_FLUSH_ENA  (1u << 4)
#define DPORT_CACHE_FLUSH_DONE (1u << 5)
#define DPORT_MASK_IRAM0       (1u << 0)
#define DPORT_MASK_DROM0       (1u << 4)
#define DPORT_MMU_INVALID      0x100u
#define DPORT_ENCRYPT_ENABLE   (1u << 8)  // SLAVE_SPI_CONFIG
#define DPORT_DECRYPT_ENABLE   (1u << 12) // SLAVE_SPI_CONFIG

#define DPORT_PERI_CLK_EN      (DPORT_BASE + 0x01Cu)
#define DPORT_APPCPU_CTRL_A    (DPORT_BASE + 0x02Cu)
#define DPORT_APPCPU_CTRL_B    (DPORT_BASE + 0x030u)
#define DPORT_APPCPU_CTRL_C    (DPORT_BASE + 0x034u)
#define DPORT_APPCPU_CTRL_D    (DPORT_BASE + 0x038u)
#define DPORT_CPU_PER_CONF     (DPORT_BASE + 0x03Cu)
#define DPORT_SLAVE_SPI_CONFIG (DPORT_BASE + 0x0C8u)
#define DPORT_PRO_MAP          (DPORT_BASE + 0x104u)
#define DPORT_APP_MAP          (DPORT_BASE + 0x218u)

static inline uint32_t dport_cache_ctrl(unsigned cpu)
{
    return DPORT_BASE + (cpu == 0 ? 0x040u : 0x058u);
}

static inline uint32_t dport_cache_ctrl1(unsigned cpu)
{
    return DPORT_BASE + (cpu == 0 ? 0x044u : 0x05Cu);
}

static inline uint32_t dport_cache_debug(unsigned cpu)
{
    return DPORT_BASE + (cpu == 0 ? 0x3F0u : 0x418u);
}

static inline uint32_t dport_mmu_table(unsigned cpu)
{
    return cpu == 0 ? 0x3FF10000u : 0x3FF12000u;
}

extern const struct reg_block dport_block;
extern const struct reg_block dport_mmu_block;

#endif
