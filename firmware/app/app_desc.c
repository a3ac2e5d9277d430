// SPDX-License-Identifier: Apache-2.0
//
// The application's description (docs/FORMATS.md, "Firmware image"), where
// tools and the bootloader look for it: at the very start of DROM.

#include <assert.h>
#include <stdint.h>

// esp-idf, esp_app_desc.h.
struct app_desc {
    uint32_t magic;
    uint32_t secure_version;
    uint32_t reserved[2];
    char version[32];
    char project[32];
    char time[16]; // left empty, as date: same sources, same bytes
    char date[16];
    char idf[32];
    uint8_t elf_sha256[32];
    uint16_t efuse_block_rev[2]; // least and largest, x 100
    uint8_t mmu_page_log2;
    uint8_t more[75];
};
static_assert(sizeof(struct app_desc) == 256, "as large as others expect it");

extern const struct app_desc app_desc;

__attribute__((section(".rodata_desc"))) const struct app_desc app_desc = {
    .magic = 0xABCD5432,
    .secure_version = SECURE_VERSION,
    .version = FUSEBOX_VERSION,
    .project = "fusebox-" MICROPY_HW_BOARD_NAME,
    .efuse_block_rev = {0, 99},
    .mmu_page_log2 = 16,
};
