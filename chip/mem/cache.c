// SPDX-License-Identifier: Apache-2.0

#include "chip/mem/cache.h"

#include <string.h>

#include "chip/periph/dport.h"
#include "chip/soc.h"

#define DROM       0x3F400000u
#define DROM_SIZE  0x400000u
#define IROM       0x400D0000u
#define IROM_SIZE  0x330000u
#define MMU_PAGE   0x10000u
#define MMU_IRAM0  64u // first entry of 0x40000000 .. 0x403FFFFF
#define FLASH_MASK (FB_FLASH_ENCRYPTION_END - 1u)

void cache_reset(struct chip *chip)
{
    struct cache *cache = &chip->cache;

    cache_uninstall(chip, SOC_PRO);
    cache_uninstall(chip, SOC_APP);
    cache->key_valid = false;
    memset(cache->slot_of, 0, sizeof cache->slot_of);
    memset(cache->granule_of, 0, sizeof cache->granule_of);
    cache->next = 0;
}

void cache_uninstall(struct chip *chip, unsigned cpu)
{
    if (!chip->cache.installed[cpu]) {
        return;
    }
    chip->cache.installed[cpu] = false;
    bus_map(&chip->bus[cpu], DROM, DROM_SIZE, NULL, 0);
    bus_map(&chip->bus[cpu], IROM, IROM_SIZE, NULL, 0);
}

static void drop_granule(struct cache *cache, uint32_t granule)
{
    uint16_t slot = cache->slot_of[granule];

    if (slot != 0) {
        cache->granule_of[slot - 1] = 0;
        cache->slot_of[granule] = 0;
    }
}

void cache_flash_changed(struct chip *chip, uint32_t flash_off, uint32_t n)
{
    uint32_t size = chip->config.flash_size;
    uint32_t first = flash_off / CACHE_GRANULE;
    uint32_t last = (flash_off + n - 1) / CACHE_GRANULE;

    cache_uninstall(chip, SOC_PRO);
    cache_uninstall(chip, SOC_APP);
    for (uint32_t granule = first; granule <= last; granule++) {
        // A smaller chip shows its contents again above its end.
        for (uint32_t at = granule; at < CACHE_GRANULES;
             at += size / CACHE_GRANULE) {
            drop_granule(&chip->cache, at);
        }
    }
}

const struct fb_flash_encryption_key *cache_key(struct chip *chip)
{
    struct cache *cache = &chip->cache;

    if (!cache->key_valid) {
        uint8_t key[32];
        size_t n = fb_efuse_key(&chip->latched, 1, key);
        unsigned config =
            fb_efuse_get(&chip->latched, FB_EFUSE_FLASH_CRYPT_CONFIG);

        fb_flash_encryption_key_init(&cache->key, key, n, config);
        cache->key_valid = true;
    }
    return &cache->key;
}

static void tell_read(struct chip *chip, uint32_t flash_off)
{
    if (chip->cb.flash_read != NULL) {
        chip->cb.flash_read(chip->cb.ctx,
                            flash_off & (chip->config.flash_size - 1),
                            CACHE_GRANULE);
    }
}

// Does anything of the flash come through? What a chip with DIS_CACHE delivers
// is not documented: ones, as from a flash that does not answer.
static bool delivers(const struct chip *chip)
{
    return chip->supply.flash_answers &&
           fb_efuse_get(&chip->latched, FB_EFUSE_DIS_CACHE) == 0;
}

static void fetch(struct chip *chip, uint32_t flash_off, uint8_t *out)
{
    if (!delivers(chip)) {
        memset(out, 0xFF, CACHE_GRANULE);
        return;
    }
    tell_read(chip, flash_off);
    memcpy(out,
           chip->config.flash + (flash_off & (chip->config.flash_size - 1)),
           CACHE_GRANULE);
}

// The granule in a slot of our own, decrypted if need be.
static uint8_t *kept(struct chip *chip, uint32_t flash_off)
{
    struct cache *cache = &chip->cache;
    uint32_t granule = flash_off / CACHE_GRANULE;
    uint16_t slot = cache->slot_of[granule];
    uint32_t off = granule * CACHE_GRANULE;

    if (slot != 0) {
        return cache->slot[slot - 1];
    }
    slot = cache->next;
    cache->next = (uint16_t)((slot + 1) % CACHE_SLOTS);
    if (cache->granule_of[slot] != 0) {
        // A page in use goes away: let it be asked for again.
        cache_uninstall(chip, SOC_PRO);
        cache_uninstall(chip, SOC_APP);
        drop_granule(cache, cache->granule_of[slot] - 1u);
    }
    fetch(chip, off, cache->slot[slot]);
    if (soc_flash_decrypts(chip)) {
        fb_flash_decrypt(cache_key(chip), off, cache->slot[slot],
                         cache->slot[slot], CACHE_GRANULE);
    }
    cache->granule_of[slot] = (uint16_t)(granule + 1);
    cache->slot_of[granule] = (uint16_t)(slot + 1);
    return cache->slot[slot];
}

// The granule's 4 KiB as the cache delivers them.
static uint8_t *granule_at(struct chip *chip, uint32_t flash_off)
{
    flash_off &= FLASH_MASK & ~(CACHE_GRANULE - 1);
    if (soc_flash_decrypts(chip) || !delivers(chip)) {
        return kept(chip, flash_off);
    }
    tell_read(chip, flash_off);
    return chip->config.flash + (flash_off & (chip->config.flash_size - 1));
}

// flash_off that the MMU gives, false: no valid mapping.
static bool translate(struct chip *chip, unsigned cpu, uint32_t vaddr,
                      uint32_t *flash_off)
{
    uint32_t ctrl = soc_reg_get(chip, dport_cache_ctrl(cpu));
    uint32_t masks = soc_reg_get(chip, dport_cache_ctrl1(cpu));
    uint32_t entry = (vaddr & 0x3FFFFFu) / MMU_PAGE;
    bool code = vaddr >= IROM;
    uint32_t page;

    if ((ctrl & DPORT_CACHE_ENABLE) == 0 ||
        (masks & (code ? DPORT_MASK_IRAM0 : DPORT_MASK_DROM0)) != 0) {
        return false;
    }
    if (chip->download_boot &&
        fb_efuse_get(&chip->latched, FB_EFUSE_DISABLE_DL_CACHE) != 0) {
        return false;
    }
    page = soc_reg_get(chip, dport_mmu_table(cpu) +
                                 4 * (entry + (code ? MMU_IRAM0 : 0)));
    if ((page & DPORT_MMU_INVALID) != 0) {
        return false;
    }
    *flash_off = (page & 0xFFu) * MMU_PAGE + (vaddr & (MMU_PAGE - 1));
    return true;
}

bool cache_install(struct chip *chip, unsigned cpu, uint32_t vaddr)
{
    uint32_t flash_off;
    uint32_t page = vaddr & ~(BUS_PAGE_SIZE - 1);

    if (!translate(chip, cpu, page, &flash_off)) {
        *soc_reg(chip, dport_cache_debug(cpu)) |= 1u; // MMU illegal access
        return false;
    }
    // granule_at() may drop what is installed, so it comes first.
    uint8_t *mem = granule_at(chip, flash_off);

    bus_map(&chip->bus[cpu], page, BUS_PAGE_SIZE, mem,
            BUS_R32 | (vaddr >= IROM ? BUS_X : BUS_R8));
    chip->cache.installed[cpu] = true;
    return true;
}

void cache_read(struct chip *chip, uint32_t flash_off, void *out, size_t n)
{
    uint8_t *to = out;

    while (n > 0) {
        uint32_t at = flash_off % CACHE_GRANULE;
        size_t part = CACHE_GRANULE - at;

        if (part > n) {
            part = n;
        }
        memcpy(to, granule_at(chip, flash_off) + at, part);
        to += part;
        n -= part;
        flash_off += (uint32_t)part;
    }
}
