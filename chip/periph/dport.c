// SPDX-License-Identifier: Apache-2.0

#include "chip/periph/dport.h"

#include "chip/soc.h"

#define CACHE_IDLE 0x80u // DCACHE_DBUG0: the state machine rests

static unsigned cpu_of(uint32_t vaddr, uint32_t pro)
{
    return vaddr == pro ? SOC_PRO : SOC_APP;
}

static void cache_ctrl_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    unsigned cpu = cpu_of(vaddr, dport_cache_ctrl(SOC_PRO));
    uint32_t old = *soc_reg(chip, vaddr);

    // The flush is over at once, and what we show is never stale.
    value &= ~DPORT_CACHE_FLUSH_DONE;
    if ((value & DPORT_CACHE_FLUSH_ENA) != 0) {
        value |= DPORT_CACHE_FLUSH_DONE;
    }
    *soc_reg(chip, vaddr) = value;
    if (((old ^ value) & DPORT_CACHE_ENABLE) != 0) {
        cache_uninstall(chip, cpu);
    }
}

static void cache_ctrl1_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    if (*soc_reg(chip, vaddr) != value) {
        *soc_reg(chip, vaddr) = value;
        cache_uninstall(chip, cpu_of(vaddr, dport_cache_ctrl1(SOC_PRO)));
    }
}

static void mmu_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    unsigned cpu = vaddr < dport_mmu_table(SOC_APP) ? SOC_PRO : SOC_APP;

    value &= 0x1FFu;
    if (*soc_reg(chip, vaddr) != value) {
        *soc_reg(chip, vaddr) = value;
        cache_uninstall(chip, cpu);
    }
}

static uint32_t cache_debug_read(struct chip *chip, uint32_t vaddr)
{
    return (*soc_reg(chip, vaddr) & 1u) | CACHE_IDLE;
}

static void slave_spi_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    bool before = soc_flash_decrypts(chip);

    *soc_reg(chip, vaddr) = value;
    if (soc_flash_decrypts(chip) != before) {
        cache_reset(chip);
    }
}

static void app_cpu_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    *soc_reg(chip, vaddr) = value;
    soc_app_cpu_changed(chip);
}

static void cpu_clock_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    *soc_reg(chip, vaddr) = value;
    soc_clock_changed(chip);
}

static void map_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    *soc_reg(chip, vaddr) = value & 0x1Fu;
    soc_lines_update(chip);
}

static void from_cpu_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    unsigned n = (vaddr - (DPORT_BASE + 0x0DCu)) / 4;

    *soc_reg(chip, vaddr) = value & 1u;
    soc_source_set(chip, SOC_SRC_FROM_CPU0 + n, (value & 1u) != 0);
}

static uint32_t intr_status_read(struct chip *chip, uint32_t vaddr)
{
    return chip->source[((vaddr - (DPORT_BASE + 0x0ECu)) / 4) % 3];
}

// clang-format off
static const struct reg_row rows[] = {
    {0x000, 1,  "PRO_BOOT_REMAP_CTRL",  0, NULL, NULL},
    {0x004, 1,  "APP_BOOT_REMAP_CTRL",  0, NULL, NULL},
    {0x008, 1,  "ACCESS_CHECK",         0, NULL, NULL},
    {0x00C, 3,  "PRO_DPORT_APB_MASK",   0, NULL, NULL},
    {0x018, 1,  "APP_DPORT_APB_MASK1",  0, NULL, NULL},
    {0x01C, 1,  "PERI_CLK_EN",          0, NULL, NULL},
    {0x020, 1,  "PERI_RST_EN",          0, NULL, NULL},
    {0x024, 2,  "WIFI_BB_CFG",          0, NULL, NULL},
    {0x02C, 1,  "APPCPU_CTRL_A",        1, NULL, app_cpu_write},
    {0x030, 1,  "APPCPU_CTRL_B",        0, NULL, app_cpu_write},
    {0x034, 1,  "APPCPU_CTRL_C",        0, NULL, app_cpu_write},
    {0x038, 1,  "APPCPU_CTRL_D",        0, NULL, app_cpu_write},
    {0x03C, 1,  "CPU_PER_CONF",         0, NULL, cpu_clock_write},
    {0x040, 1,  "PRO_CACHE_CTRL",    0x10, NULL, cache_ctrl_write},
    {0x044, 1,  "PRO_CACHE_CTRL1",  0x8E6 | 0x3F, NULL, cache_ctrl1_write},
    {0x048, 4,  "PRO_CACHE_LOCK",       0, NULL, NULL},
    {0x058, 1,  "APP_CACHE_CTRL",    0x10, NULL, cache_ctrl_write},
    {0x05C, 1,  "APP_CACHE_CTRL1",  0x8E6 | 0x3F, NULL, cache_ctrl1_write},
    {0x060, 4,  "APP_CACHE_LOCK",       0, NULL, NULL},
    {0x070, 3,  "TRACEMEM",             0, NULL, NULL},
    {0x07C, 1,  "CACHE_MUX_MODE",       0, NULL, NULL},
    {0x080, 2,  "IMMU_PAGE_MODE",       0, NULL, NULL},
    {0x088, 2,  "ROM_MPU_ENA",          0, NULL, NULL},
    {0x090, 2,  "ROM_PD_CTRL",          0, NULL, NULL},
    {0x098, 2,  "SRAM_PD_CTRL",         0, NULL, NULL},
    {0x0A0, 8,  "MPU_CTRL",             0, NULL, NULL},
    {0x0C0, 1,  "PERIP_CLK_EN",  0xF9C1E06F, NULL, NULL},
    {0x0C4, 1,  "PERIP_RST_EN",         0, NULL, NULL},
    {0x0C8, 1,  "SLAVE_SPI_CONFIG",     0, NULL, slave_spi_write},
    {0x0CC, 1,  "WIFI_CLK_EN",   0xFFFCE030, NULL, NULL},
    {0x0D0, 1,  "CORE_RST_EN",          0, NULL, NULL},
    {0x0D4, 2,  "BT_LPCK_DIV",          0, NULL, NULL},
    {0x0DC, 4,  "CPU_INTR_FROM_CPU",    0, NULL, from_cpu_write},
    {0x0EC, 6,  "INTR_STATUS",          0, intr_status_read, NULL},
    {0x104, SOC_SOURCES, "PRO_INTR_MAP", 16, NULL, map_write},
    {0x218, SOC_SOURCES, "APP_INTR_MAP", 16, NULL, map_write},
    {0x32C, 42, "AHBLITE_MPU_TABLE",    0, NULL, NULL},
    {0x3E0, 1,  "MEM_PD_MASK",          1, NULL, NULL},
    {0x3E4, 2,  "CPU_RECORD",           0, NULL, NULL},
    {0x3F0, 1,  "PRO_DCACHE_DBUG0",     0, cache_debug_read, NULL},
    {0x3F4, 9,  "PRO_DCACHE_DBUG",      0, NULL, NULL},
    {0x418, 1,  "APP_DCACHE_DBUG0",     0, cache_debug_read, NULL},
    {0x41C, 9,  "APP_DCACHE_DBUG",      0, NULL, NULL},
    {0x440, 88, "CPU_RECORD_STATUS",    0, NULL, NULL},
    {0x5A0, 1,  "CACHE_IA_INT_EN",      0, NULL, NULL},
    {0x5A4, 1,  "SECURE_BOOT_CTRL",     0, NULL, NULL},
    {0x5A8, 6,  "SPI_DMA_CHAN_SEL",     0, NULL, NULL},
    {0xFFC, 1,  "DATE",        0x01605190, NULL, NULL},
};

// One word an entry; the ROM writes all 2048 of them.
static const struct reg_row mmu_rows[] = {
    {0x0000, 2048, "PRO_FLASH_MMU_TABLE", 0, NULL, mmu_write},
    {0x2000, 2048, "APP_FLASH_MMU_TABLE", 0, NULL, mmu_write},
};
// clang-format on

const struct reg_block dport_block = {"DPORT", DPORT_BASE, 0x1000,
                                      REG_ROWS(rows), false};
const struct reg_block dport_mmu_block = {"MMU", 0x3FF10000u, 0x4000,
                                          REG_ROWS(mmu_rows), false};
