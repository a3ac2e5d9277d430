// SPDX-License-Identifier: Apache-2.0
//
// For tests that run Espressif's mask ROMs, which are not in this tree:
// ESP32_ROM_DIR names the folder with esp32_rev0_rom.elf and
// esp32_rev300_rom.elf (package esp-rom-elfs).

#ifndef TESTS_SUPPORT_ROM_H
#define TESTS_SUPPORT_ROM_H

#include "chip/rom/mask_rom.h"
#include "lib/fb/testing.h"

// That of a chip revision, 0 or 3. False, and "skipped: why", where there is
// none.
static inline bool testing_mask_rom(struct mask_rom *rom, unsigned revision)
{
    static uint8_t elf[2u << 20];
    const char *name =
        revision == 0 ? "esp32_rev0_rom.elf" : "esp32_rev300_rom.elf";
    const char *folder = getenv("ESP32_ROM_DIR");
    char path[1024];
    unsigned found;
    size_t n;

    if (folder != NULL) {
        (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    }
    if (folder == NULL || access(path, R_OK) != 0) {
        print_message("# skipped: no mask ROM: ESP32_ROM_DIR names no folder "
                      "with %s\n",
                      name);
        return false;
    }
    n = testing_file(elf, sizeof(elf), folder, name);
    assert_int_equal(mask_rom_load(rom, elf, n), FB_OK);
    assert_int_equal(mask_rom_identify(rom, &found), FB_OK);
    assert_int_equal(found, revision);
    return true;
}

#endif
