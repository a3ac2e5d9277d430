// SPDX-License-Identifier: Apache-2.0
//
// The sequences are those of the mask ROM (Cache_Read_Disable, Cache_Flush,
// Cache_Read_Enable) and of esp-idf's spi_flash/cache_utils.c.

#include "firmware/drivers/mmu.h"

#include <stddef.h>

#include "firmware/drivers/soc.h"

IRAM_FILE

#define FLASH_PAGES     256u // 16 MiB
#define DROM_ENTRY      0u
#define IROM_ENTRY      64u // entry of 0x40000000
#define ENTRY(table, i) REG32((table) + 4 * (i))

enum { WINDOW_ENTRY = (MMU_WINDOW_VADDR - SOC_DROM_BASE) / MMU_PAGE };

static IRAM_TEXT void flush(uint32_t ctrl)
{
    REG32(ctrl) &= ~DPORT_CACHE_FLUSH_ENA;
    REG32(ctrl) |= DPORT_CACHE_FLUSH_ENA;
    while ((REG32(ctrl) & DPORT_CACHE_FLUSH_DONE) == 0) {
    }
    REG32(ctrl) &= ~DPORT_CACHE_FLUSH_ENA;
}

static IRAM_TEXT uint32_t cache_state(void)
{
    return REG32(DPORT_PRO_DCACHE_DBUG0) >> DPORT_CACHE_STATE_BIT &
           DPORT_CACHE_STATE_MASK;
}

IRAM_TEXT uint32_t mmu_cache_suspend(void)
{
    uint32_t enabled = REG32(DPORT_PRO_CACHE_CTRL) & DPORT_CACHE_ENABLE;

    // A line that is being filled must arrive first.
    while (enabled != 0 && cache_state() != DPORT_CACHE_STATE_IDLE) {
    }
    REG32(DPORT_PRO_CACHE_CTRL) &= ~DPORT_CACHE_ENABLE;
    while (REG32(SPI0_EXT2) != 0) {
    }
    return enabled;
}

IRAM_TEXT void mmu_cache_resume(uint32_t state, bool changed)
{
    if (changed) {
        flush(DPORT_PRO_CACHE_CTRL);
    }
    REG32(DPORT_PRO_CACHE_CTRL) |= state;
}

// Map pages from the flash page `page` on, or unmap them.
static IRAM_TEXT void window_set(uint32_t page, uint32_t pages)
{
    uint32_t state = mmu_cache_suspend();

    for (uint32_t i = 0; i < MMU_WINDOW_PAGES; i++) {
        ENTRY(DPORT_PRO_FLASH_MMU_TABLE, WINDOW_ENTRY + i) =
            i < pages ? page + i : DPORT_FLASH_MMU_INVALID;
    }
    mmu_cache_resume(state, true);
}

static bool is_mapped(uint32_t page, uint32_t pages)
{
    for (uint32_t i = 0; i < pages; i++) {
        if (ENTRY(DPORT_PRO_FLASH_MMU_TABLE, WINDOW_ENTRY + i) != page + i) {
            return false;
        }
    }
    return true;
}

const void *mmu_map(uint32_t flash_off, uint32_t n)
{
    uint32_t first = flash_off / MMU_PAGE;
    uint32_t last;

    if (n == 0 || n - 1 > UINT32_MAX - flash_off) {
        return NULL;
    }
    last = (flash_off + (n - 1)) / MMU_PAGE;
    if (last >= FLASH_PAGES || last - first >= MMU_WINDOW_PAGES) {
        return NULL;
    }
    if (!is_mapped(first, last - first + 1)) {
        window_set(first, last - first + 1);
    }
    return (const void *)(uintptr_t)(MMU_WINDOW_VADDR + flash_off % MMU_PAGE);
}

uint32_t mmu_app_flash_off(void)
{
    uint32_t entry = IROM_ENTRY + (SOC_IROM_BASE & 0x3FFFFFu) / MMU_PAGE;

    return ENTRY(DPORT_PRO_FLASH_MMU_TABLE, entry) % FLASH_PAGES * MMU_PAGE;
}

void mmu_unmap(void)
{
    window_set(0, 0);
}

static void invalidate(uint32_t table)
{
    for (uint32_t i = 0; i < DPORT_FLASH_MMU_ENTRIES; i++) {
        ENTRY(table, i) = DPORT_FLASH_MMU_INVALID;
    }
}

static void caches_off(void)
{
    (void)mmu_cache_suspend();
    REG32(DPORT_APP_CACHE_CTRL) &= ~DPORT_CACHE_ENABLE;
    flush(DPORT_PRO_CACHE_CTRL);
    flush(DPORT_APP_CACHE_CTRL);
    invalidate(DPORT_PRO_FLASH_MMU_TABLE);
    // esp-idf call_start_cpu0(): the APP CPU's table answers only with this
    // bit set while it is written.
    REG32(DPORT_APP_CACHE_CTRL1) |= DPORT_CACHE_MMU_IA_CLR;
    invalidate(DPORT_APP_FLASH_MMU_TABLE);
    REG32(DPORT_APP_CACHE_CTRL1) &= ~DPORT_CACHE_MMU_IA_CLR;
}

static void pro_cache_on(void)
{
    REG32(SPI0_CACHE_FCTRL) |= 1u;
    REG32(DPORT_PRO_CACHE_CTRL) |= DPORT_CACHE_ENABLE;
}

void mmu_init(void)
{
    caches_off();
    // The cache reads in the mode and at the share of APB that the header of
    // the bootloader asked the ROM for. APB itself, which is 80 MHz from now
    // on, needs the pads routed and sampled in another way; half of it works
    // with all chips as the ROM leaves them.
    if ((REG32(SPI0_CLOCK) & SPI_CLOCK_EQU_SYSCLK) != 0) {
        REG32(SPI0_CLOCK) = SPI_CLOCK_HALF;
    }
    REG32(DPORT_PRO_CACHE_CTRL1) &= ~DPORT_CACHE_MASK_DROM0;
    REG32(DPORT_APP_CACHE_CTRL1) &= ~DPORT_CACHE_MASK_DROM0;
    pro_cache_on();
}

static void map_segment(const struct mmu_segment *s, uint32_t base,
                        uint32_t first_entry)
{
    uint32_t entry = first_entry + (s->vaddr - base) / MMU_PAGE;
    uint32_t page = s->flash_off / MMU_PAGE;
    uint32_t pages =
        s->n == 0 ? 0 : (s->vaddr % MMU_PAGE + s->n - 1) / MMU_PAGE + 1;

    for (uint32_t i = 0; i < pages; i++) {
        ENTRY(DPORT_PRO_FLASH_MMU_TABLE, entry + i) = page + i;
        ENTRY(DPORT_APP_FLASH_MMU_TABLE, entry + i) = page + i;
    }
}

void mmu_map_app(const struct mmu_segment *drom, const struct mmu_segment *irom)
{
    const uint32_t masks = DPORT_CACHE_MASK_IRAM0 | DPORT_CACHE_MASK_DROM0 |
                           DPORT_CACHE_MASK_DRAM1;

    caches_off();
    map_segment(drom, SOC_DROM_BASE, DROM_ENTRY);
    map_segment(irom, SOC_IROM_BASE & ~0x3FFFFFu, IROM_ENTRY);
    REG32(DPORT_PRO_CACHE_CTRL1) &= ~masks;
    REG32(DPORT_APP_CACHE_CTRL1) &= ~masks;
    pro_cache_on();
}
