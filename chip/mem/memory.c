// SPDX-License-Identifier: Apache-2.0

#include "chip/mem/memory.h"

#include <string.h>

#include "chip/rom/mask_rom.h"
#include "chip/soc.h"
#include "lib/fb/bytes.h"

#define MAGIC_VADDR 0x40001000u // a word of ROM code by which tools know us
#define MAGIC_VALUE 0x00F01D83u
#define PAGES       (SOC_SRAM1_SIZE / BUS_PAGE_SIZE)

// Whose access it is. What the ROM model does counts as the PRO CPU's.
static unsigned cpu_of(const struct chip *chip)
{
    return chip->running > 0 ? SOC_APP : SOC_PRO;
}

// All of the AHB answers, also where nothing is: programs for real boards store
// there (esp-hal puts its stack guard to 0x7FF61668) and go on.
#define BUS_BASE 0x60000000u
#define BUS_END  0x80000000u

static bool in(uint32_t vaddr, uint32_t base, uint32_t size)
{
    return vaddr - base < size;
}

// Offset in SRAM1 of the word at vaddr of its instruction view.
static uint32_t sram1_offset(uint32_t vaddr)
{
    return SOC_SRAM1_SIZE - 4 - (vaddr - SOC_SRAM1_CODE);
}

static uint8_t *sram1(struct chip *chip)
{
    return chip->dram + (SOC_SRAM1 - SOC_DRAM);
}

static void map_both(struct chip *chip, uint32_t vaddr, uint32_t n,
                     uint8_t *mem, unsigned access)
{
    bus_map(&chip->bus[SOC_PRO], vaddr, n, mem, access);
    bus_map(&chip->bus[SOC_APP], vaddr, n, mem, access);
}

// Code was fetched from page n of SRAM1's instruction view: show it a copy in
// its order, and notice stores into the words behind it.
static void sram1_code_install(struct chip *chip, uint32_t n)
{
    uint32_t base = SOC_SRAM1_CODE + n * BUS_PAGE_SIZE;
    uint8_t *copy = chip->sram1_code + n * BUS_PAGE_SIZE;
    uint32_t data = (PAGES - 1 - n) * BUS_PAGE_SIZE;

    for (uint32_t at = 0; at < BUS_PAGE_SIZE; at += 4) {
        memcpy(copy + at, sram1(chip) + sram1_offset(base + at), 4);
    }
    chip->sram1_live |= 1u << n;
    map_both(chip, SOC_SRAM1 + data, BUS_PAGE_SIZE, sram1(chip) + data,
             BUS_R8 | BUS_R32);
    map_both(chip, base, BUS_PAGE_SIZE, copy, BUS_R32 | BUS_X);
}

// The words behind page n change.
static void sram1_code_drop(struct chip *chip, uint32_t n)
{
    uint32_t data = (PAGES - 1 - n) * BUS_PAGE_SIZE;

    if ((chip->sram1_live & 1u << n) == 0) {
        return;
    }
    chip->sram1_live &= ~(1u << n);
    map_both(chip, SOC_SRAM1_CODE + n * BUS_PAGE_SIZE, BUS_PAGE_SIZE, NULL, 0);
    map_both(chip, SOC_SRAM1 + data, BUS_PAGE_SIZE, sram1(chip) + data,
             BUS_RAM);
}

static uint32_t get(const uint8_t *p, unsigned size)
{
    return size == 4 ? load32_le(p) : size == 2 ? load16_le(p) : *p;
}

static void put(uint8_t *p, unsigned size, uint32_t value)
{
    if (size == 4) {
        store32_le(p, value);
    } else if (size == 2) {
        store16_le(p, (uint16_t)value);
    } else {
        *p = (uint8_t)value;
    }
}

static enum bus_status rom_load(struct chip *chip, uint32_t vaddr,
                                unsigned size, uint32_t *value)
{
    if ((vaddr & ~3u) == MAGIC_VADDR) {
        *value = MAGIC_VALUE >> (8 * (vaddr & 3u));
    } else {
        soc_unmodelled(chip, vaddr, false);
        *value = 0;
    }
    if (size < 4) {
        *value &= (1u << (8 * size)) - 1u;
    }
    return BUS_OK;
}

static enum bus_status cached_load(struct chip *chip, uint32_t vaddr,
                                   unsigned size, uint32_t *value)
{
    unsigned cpu = cpu_of(chip);
    const struct bus *bus = &chip->bus[cpu];
    const uint8_t *page;

    if (size != 4 && vaddr >= SOC_ROM) {
        return BUS_E_WIDTH;
    }
    if (!cache_install(chip, cpu, vaddr)) {
        soc_unmodelled(chip, vaddr, false);
        return BUS_E_ABSENT;
    }
    page = bus->load32[bus_page(vaddr)];
    *value = get(page + vaddr % BUS_PAGE_SIZE, size);
    return BUS_OK;
}

static enum bus_status slow_load(void *ctx, uint32_t vaddr, unsigned size,
                                 uint32_t *value)
{
    struct chip *chip = ctx;

    if (in(vaddr, AHB_BASE, AHB_END - AHB_BASE)) {
        vaddr = vaddr - AHB_BASE + AHB_TO;
    }
    if (in(vaddr, REG_BASE, REG_END - REG_BASE)) {
        uint32_t word = registers_load(chip, vaddr) >> (8 * (vaddr & 3u));

        *value = size == 4 ? word : word & ((1u << (8 * size)) - 1u);
        return BUS_OK;
    }
    if (cache_in_window(vaddr)) {
        return cached_load(chip, vaddr, size, value);
    }
    if (in(vaddr, SOC_SRAM1_CODE, SOC_SRAM1_SIZE)) {
        if (size != 4) {
            return BUS_E_WIDTH;
        }
        *value = load32_le(sram1(chip) + sram1_offset(vaddr));
        return BUS_OK;
    }
    if (in(vaddr, SOC_RTC_SLOW, SOC_RTC_SIZE)) {
        *value = get(chip->rtc_slow + (vaddr - SOC_RTC_SLOW), size);
        return BUS_OK;
    }
    if (in(vaddr, SOC_RTC_FAST_I, SOC_RTC_SIZE) && cpu_of(chip) == SOC_PRO) {
        return BUS_E_WIDTH; // its words are mapped
    }
    if (chip->config.rom == NULL && in(vaddr, SOC_ROM, SOC_ROM_SIZE)) {
        return rom_load(chip, vaddr, size, value);
    }
    if (in(vaddr, SOC_IRAM, SOC_IRAM_END - SOC_IRAM)) {
        return BUS_E_WIDTH;
    }
    soc_unmodelled(chip, vaddr, false);
    if (in(vaddr, BUS_BASE, BUS_END - BUS_BASE)) {
        *value = 0;
        return BUS_OK;
    }
    return BUS_E_ABSENT;
}

static enum bus_status slow_store(void *ctx, uint32_t vaddr, unsigned size,
                                  uint32_t value)
{
    struct chip *chip = ctx;

    if (in(vaddr, AHB_BASE, AHB_END - AHB_BASE)) {
        vaddr = vaddr - AHB_BASE + AHB_TO;
    }
    if (in(vaddr, REG_BASE, REG_END - REG_BASE)) {
        registers_store(chip, vaddr, size, value);
        return BUS_OK;
    }
    if (in(vaddr, SOC_SRAM1_CODE, SOC_SRAM1_SIZE)) {
        if (size != 4) {
            return BUS_E_WIDTH;
        }
        sram1_code_drop(chip, (vaddr - SOC_SRAM1_CODE) / BUS_PAGE_SIZE);
        store32_le(sram1(chip) + sram1_offset(vaddr), value);
        return BUS_OK;
    }
    if (in(vaddr, SOC_SRAM1, SOC_SRAM1_SIZE)) {
        uint32_t at = vaddr - SOC_SRAM1;

        sram1_code_drop(chip, PAGES - 1 - at / BUS_PAGE_SIZE);
        put(sram1(chip) + at, size, value);
        return BUS_OK;
    }
    if (in(vaddr, SOC_RTC_SLOW, SOC_RTC_SIZE)) {
        put(chip->rtc_slow + (vaddr - SOC_RTC_SLOW), size, value);
        return BUS_OK;
    }
    if (cache_in_window(vaddr) || in(vaddr, SOC_ROM, SOC_ROM_SIZE) ||
        in(vaddr, SOC_ROM_DATA, SOC_ROM_DATA_N)) {
        return BUS_E_READONLY;
    }
    if (in(vaddr, SOC_IRAM, SOC_IRAM_END - SOC_IRAM) ||
        in(vaddr, SOC_RTC_FAST_I, SOC_RTC_SIZE)) {
        return BUS_E_WIDTH;
    }
    soc_unmodelled(chip, vaddr, true);
    return in(vaddr, BUS_BASE, BUS_END - BUS_BASE) ? BUS_OK : BUS_E_ABSENT;
}

static enum bus_status slow_fetch(void *ctx, uint32_t vaddr)
{
    struct chip *chip = ctx;

    if (in(vaddr, SOC_SRAM1_CODE, SOC_SRAM1_SIZE)) {
        sram1_code_install(chip, (vaddr - SOC_SRAM1_CODE) / BUS_PAGE_SIZE);
        return BUS_OK;
    }
    if (cache_in_window(vaddr) && vaddr >= SOC_ROM &&
        cache_install(chip, cpu_of(chip), vaddr)) {
        return BUS_OK;
    }
    // With the built-in ROM this is where a call of a ROM function ends.
    soc_unmodelled(chip, vaddr, false);
    return cache_in_window(vaddr) ? BUS_E_ABSENT : BUS_E_NOT_EXEC;
}

static void map_one(struct chip *chip, unsigned cpu)
{
    struct bus *bus = &chip->bus[cpu];
    struct bus_slow slow = {slow_load, slow_store, slow_fetch, chip};

    bus_init(bus, slow);
    bus_map(bus, SOC_DRAM, SOC_DRAM_END - SOC_DRAM, chip->dram, BUS_RAM);
    bus_map(bus, SOC_IRAM, SOC_IRAM_END - SOC_IRAM, chip->iram, BUS_IRAM);
    if (cpu == SOC_PRO) {
        bus_map(bus, SOC_RTC_FAST_D, SOC_RTC_SIZE, chip->rtc_fast, BUS_RAM);
        bus_map(bus, SOC_RTC_FAST_I, SOC_RTC_SIZE, chip->rtc_fast,
                BUS_R32 | BUS_W32);
    }
    if (chip->config.rom != NULL) {
        mask_rom_map(chip->config.rom, bus);
    }
}

void memory_map(struct chip *chip)
{
    chip->sram1_live = 0;
    chip->cache.installed[SOC_PRO] = false;
    chip->cache.installed[SOC_APP] = false;
    map_one(chip, SOC_PRO);
    map_one(chip, SOC_APP);
}
