// SPDX-License-Identifier: Apache-2.0
//
// The flash cache and its MMU: pages of 64 KiB. Reads through a mapping are
// decrypted by the hardware when flash encryption is on.
//
// Data pages (DROM) 0 .. 15 and all code pages belong to the application,
// pages 16 .. 63 are the window of mmu_map(): an application has at most 1 MiB
// of DROM.

#ifndef FIRMWARE_DRIVERS_MMU_H
#define FIRMWARE_DRIVERS_MMU_H

#include <stdbool.h>
#include <stdint.h>

#define MMU_PAGE         0x10000u
#define MMU_WINDOW_VADDR 0x3F500000u
#define MMU_WINDOW_PAGES 48u

// Map [flash_off, flash_off + n), any alignment, read-only and cached. There
// is one window: the previous mapping ends. NULL when n is 0, the range
// touches more than MMU_WINDOW_PAGES pages or reaches beyond 16 MiB.
const void *mmu_map(uint32_t flash_off, uint32_t n);
void mmu_unmap(void);

// Where the page lies that the running application's code starts in, a
// flash_off.
uint32_t mmu_app_flash_off(void);

// For drivers that use SPI1: between these two the PRO CPU's flash cache is
// off. changed: the flash or its mapping is not what it was, cached copies are
// dropped. Callers are IRAM functions, interrupt handlers too.
uint32_t mmu_cache_suspend(void);
void mmu_cache_resume(uint32_t state, bool changed);

// Bootloader only. After the ROM: both CPUs' caches off and flushed, nothing
// mapped, flash clock at most half of APB; then the PRO CPU's data cache on.
void mmu_init(void);

// A mapped segment of an application. flash_off and vaddr are equal modulo
// MMU_PAGE. n == 0: there is none.
struct mmu_segment {
    uint32_t vaddr;
    uint32_t flash_off;
    uint32_t n;
};

// Bootloader only: drop every mapping, then map the two segments for both
// CPUs, unmask the buses and switch the PRO CPU's cache on. The caller does
// not run from flash. The APP CPU's cache stays off: the application's task.
void mmu_map_app(const struct mmu_segment *drom,
                 const struct mmu_segment *irom);

#endif
