// SPDX-License-Identifier: Apache-2.0
//
// The loader of the mask ROM's ELF file, and, where the file is at hand
// (ESP32_ROM_DIR), the model against it: same chip, same flash, same fuses,
// same console.

#define _DEFAULT_SOURCE // for testing.h

#include "chip/rom/mask_rom.h"

#include "chip/testing.h"
#include "lib/fb/secure_boot_v1.h"

static struct mask_rom rom;
static uint8_t elf[2u << 20];

// A file with one section of four bytes at the reset vector.
static size_t small_elf(uint8_t *p)
{
    static const uint8_t ident[7] = {0x7F, 'E', 'L', 'F', 1, 1, 1};

    memset(p, 0, 256);
    memcpy(p, ident, sizeof ident);
    store16_le(p + 18, 94);
    store32_le(p + 32, 64); // section headers
    store16_le(p + 46, 40);
    store16_le(p + 48, 2);
    store32_le(p + 104 + 4, 1);           // PROGBITS
    store32_le(p + 104 + 8, 2);           // ALLOC
    store32_le(p + 104 + 12, 0x40000400); // where
    store32_le(p + 104 + 16, 160);
    store32_le(p + 104 + 20, 4);
    store32_le(p + 160, 0x12345678);
    return 164;
}

static void loads_sections(void **state)
{
    size_t n = small_elf(elf);

    (void)state;
    assert_int_equal(mask_rom_load(&rom, elf, n), FB_OK);
    assert_int_equal(load32_le(rom.bytes + 0x400), 0x12345678);
    for (size_t cut = 0; cut < n; cut++) {
        uint8_t *p = testing_guarded(elf, cut);

        assert_int_not_equal(mask_rom_load(&rom, p, cut), FB_OK);
    }
    store32_le(elf + 104 + 12, 0x40000500); // not the reset vector
    assert_int_equal(mask_rom_load(&rom, elf, n), FB_E_BLANK);
    elf[18] = 40;
    assert_int_equal(mask_rom_load(&rom, elf, n), FB_E_NOT_ELF);
}

static bool find_rom(unsigned revision)
{
    const char *folder = getenv("ESP32_ROM_DIR");
    char name[32];
    size_t n;

    if (folder == NULL) {
        return false;
    }
    (void)snprintf(name, sizeof name, "esp32_rev%s_rom.elf",
                   revision == 0 ? "0" : "300");
    n = testing_file(elf, sizeof elf, folder, name);
    assert_int_equal(mask_rom_load(&rom, elf, n), FB_OK);
    return true;
}

static void use_rom(struct rig *rig)
{
    struct chip_config config = rig->chip->config;
    struct chip_callbacks cb = rig_callbacks(rig);

    config.rom = &rom;
    chip_init(rig->chip, &config, &cb);
}

enum board {
    GOOD,
    BLANK,
    BLANK_NO_CONSOLE,
    BAD_SUM,
    DIGEST,
    BAD_DIGEST,
    ENCRYPTED,
    PLAIN,
    BOARDS,
};

static void fuse_key(struct fb_efuse_words *fuses, unsigned block)
{
    for (unsigned i = 0; i < 8; i++) {
        fuses->word[block][i] = 0x1C1D1E1Fu - i * 0x04040404u; // 00..1f
    }
}

static void set_up(struct rig *rig, enum board board)
{
    struct fb_efuse_words fuses = {0};
    size_t n = rig_image(rig->flash + 0x1000, false);
    struct fb_flash_encryption_key k;
    struct fb_secure_boot_v1 c;
    uint8_t key[32];

    for (unsigned i = 0; i < 32; i++) {
        key[i] = (uint8_t)i;
    }
    fb_secure_boot_v1_init(&c, key, 32);
    fb_secure_boot_v1_update(&c, rig->flash, 128);
    fb_secure_boot_v1_update(&c, rig->flash + 0x1000,
                             fb_secure_boot_v1_covered((uint32_t)n, false));
    fb_secure_boot_v1_final(&c, rig->flash + 0x80);
    fb_flash_encryption_key_init(&k, key, 32, 15);
    if (board == BLANK || board == BLANK_NO_CONSOLE) {
        memset(rig->flash, 0xFF, 0x2000);
    }
    if (board == BLANK_NO_CONSOLE) {
        fuses.word[0][6] |= 1u << 2;
    }
    if (board == BAD_SUM) {
        rig->flash[0x1000 + 33] ^= 4;
    }
    if (board >= DIGEST && board <= ENCRYPTED) {
        fuses.word[0][6] |= 1u << 4;
        fuse_key(&fuses, 2);
    }
    if (board == BAD_DIGEST) {
        rig->flash[0x90] ^= 1;
    }
    if (board == ENCRYPTED) {
        fb_flash_encrypt(&k, 0, rig->flash, rig->flash, 0x2000);
    }
    if (board >= ENCRYPTED) {
        fuses.word[0][0] |= 1u << 20;
        fuses.word[0][5] |= 0xF0000000u;
        fuse_key(&fuses, 1);
    }
    chip_set_efuses(rig->chip, &fuses);
}

// Cut the console after so many lines, if it has them.
static bool cut_lines(struct rig *rig, unsigned lines)
{
    for (size_t at = 0; at < rig->console_n; at++) {
        lines -= rig->console[at] == '\n';
        if (lines == 0) {
            rig->console[at + 1] = '\0';
            return true;
        }
    }
    return false;
}

// Run until it has them, or nothing more is to come.
static void run_lines(struct rig *rig, unsigned lines)
{
    bool idle = false;

    chip_power_on(rig->chip);
    for (int i = 0; i < 3000 && !cut_lines(rig, lines) && !idle; i++) {
        idle = chip_run(rig->chip, 400) == CHIP_IDLE &&
               chip_idle_ns(rig->chip) > 500000000u;
    }
    cut_lines(rig, lines);
}

static void model_and_rom_agree(void **state)
{
    // What both print before the watchdogs come in; of a wrong checksum, before
    // its two numbers (the ROM shows an intermediate sum).
    static const unsigned lines[BOARDS] = {11, 6, 5, 8, 11, 9, 11, 4};

    (void)state;
    for (unsigned revision = 0; revision <= 3; revision += 3) {
        if (!find_rom(revision)) {
            skip();
        }
        for (enum board board = GOOD; board < BOARDS; board++) {
            struct rig *model = rig_new(revision, CHIP_STRAP_FLASH_BOOT);
            struct rig *real = rig_new(revision, CHIP_STRAP_FLASH_BOOT);

            use_rom(real);
            set_up(model, board);
            set_up(real, board);
            run_lines(model, lines[board]);
            run_lines(real, lines[board]);
            assert_string_equal(model->console, real->console);
            assert_true(real->console_n > 80);
            rig_free(model);
            rig_free(real);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loads_sections),
        cmocka_unit_test(model_and_rom_agree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
