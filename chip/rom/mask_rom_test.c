// SPDX-License-Identifier: Apache-2.0
//
// The loader of the mask ROM's ELF file, and, where the file is at hand
// (ESP32_ROM_DIR), the model against it: same chip, same flash, same fuses,
// same console.

#define _DEFAULT_SOURCE // for testing.h

#include "chip/rom/mask_rom.h"

#include "chip/testing.h"
#include "lib/fb/secure_boot_v1.h"
#include "tests/support/rom.h"

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
    uint8_t key[32];

    for (unsigned i = 0; i < 32; i++) {
        key[i] = (uint8_t)i;
    }
    fb_secure_boot_v1_digest(key, 32, rig->flash, rig->flash + 0x1000,
                             fb_secure_boot_v1_covered((uint32_t)n, false),
                             rig->flash + 0x80);
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
        if (!testing_mask_rom(&rom, revision)) {
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

// The answers with what has no meaning taken out: the third and fourth status
// byte of each, which the ROM leaves over from other answers.
static void mute(struct rig *rig)
{
    uint8_t frame[128];
    struct fb_slip_rx rx;
    size_t used;
    size_t out = 0;

    fb_slip_rx_init(&rx, frame, sizeof frame);
    for (size_t at = 0; at < rig->console_n; at += used) {
        if (fb_slip_rx_push(&rx, (const uint8_t *)rig->console + at,
                            rig->console_n - at, &used) == FB_SLIP_FRAME &&
            rx.len >= 4) {
            memset(frame + rx.len - 2, 0, 2);
            memcpy(rig->console + out, frame, rx.len);
            out += rx.len;
        }
    }
    rig->console_n = out;
}

// Send to one; its answer is left in the console. The mask ROM polls for ever:
// it has answered when nothing more comes for a while.
static void say(struct rig *rig, const uint8_t *packet, size_t n)
{
    static uint8_t frame[4096];
    size_t len = fb_slip_encode(frame, sizeof frame, packet, n);
    size_t seen = 0;

    rig->console_n = 0;
    for (size_t at = 0; at < len;) {
        at += chip_uart_rx(rig->chip, 0, frame + at, len - at);
        chip_run(rig->chip, 100000); // its own buffer is small too
    }
    for (int quiet = 0; quiet < 60; quiet++) {
        chip_run(rig->chip, 10000);
        if (rig->console_n != seen) {
            seen = rig->console_n;
            quiet = 0;
        }
    }
    mute(rig);
}

static void both(struct rig *rig[2], const uint8_t *packet, size_t n)
{
    say(rig[0], packet, n);
    say(rig[1], packet, n);
    assert_true(rig[1]->console_n > 0);
    assert_int_equal(rig[0]->console_n, rig[1]->console_n);
    assert_memory_equal(rig[0]->console, rig[1]->console, rig[0]->console_n);
}

static void both_command(struct rig *rig[2], enum fb_loader_op op,
                         const uint32_t *words, size_t count)
{
    uint8_t packet[128];

    both(rig, packet,
         fb_loader_request(packet, sizeof packet, op, words, count));
}

static void both_data(struct rig *rig[2], enum fb_loader_op op,
                      uint32_t sequence, const uint8_t *p, size_t n, bool bad)
{
    static uint8_t packet[2048];
    size_t len =
        fb_loader_request_data(packet, sizeof packet, op, sequence, p, n);

    packet[4] = (uint8_t)(packet[4] ^ bad);
    both(rig, packet, len);
}

static void converse(struct rig *rig[2])
{
    static const uint32_t w[][6] = {
        {0, 0},                                         // 0 SPI_ATTACH
        {0, RIG_FLASH, 0x10000, 0x1000, 0x100, 0xFFFF}, // 1 SPI_SET_PARAMS
        {0x40001000},                                   // 2 READ_REG
        {0, 64},                                        // 3 READ_FLASH_SLOW
        {0, 65},                                        // 4
        {0, 3, 0, 0},                                   // 5 SPI_FLASH_MD5
        {0x1400, 5, 0x400, 0x10000},                    // 6 FLASH_BEGIN
        {0x10000, 0x800, 0, 0},                         // 7 SPI_FLASH_MD5
        {0x3FF5A098, 0xFF00FF, 0x0000FFFF, 0},          // 8 WRITE_REG
        {0x1000, 1, 0x400, 0x20000},                    // 9 FLASH_DEFL_BEGIN
        {0x20000, 0x400, 0, 0},                         // 10 SPI_FLASH_MD5
        {44, 1, 0x1800, 0x40080000},                    // 11 MEM_BEGIN
        {1, 0},                                         // 12 MEM_END
        {0x2000, 8, 0x400, 0x3FF000},                   // 13 FLASH_BEGIN
        {0x3FF5A098},                                   // 14 READ_REG
    };
    uint8_t block[0x400], packed[0x500], sync[64];
    uLongf packed_n = sizeof packed;

    for (size_t i = 0; i < sizeof block; i++) {
        block[i] = (uint8_t)(7 * i);
    }
    compress2(packed, &packed_n, block, sizeof block, 9);
    both(rig, sync, fb_loader_request_sync(sync, sizeof sync));
    both_command(rig, FB_LOADER_GET_SECURITY_INFO, NULL, 0);
    both_command(rig, FB_LOADER_READ_REG, w[2], 1);
    both_command(rig, FB_LOADER_ERASE_FLASH, NULL, 0);
    both_command(rig, FB_LOADER_SPI_ATTACH, w[0], 2);
    both_command(rig, FB_LOADER_SPI_SET_PARAMS, w[1], 6);
    both_command(rig, FB_LOADER_READ_FLASH_SLOW, w[3], 2);
    both_command(rig, FB_LOADER_READ_FLASH_SLOW, w[4], 2);
    both_command(rig, FB_LOADER_SPI_FLASH_MD5, w[5], 4);
    both_command(rig, FB_LOADER_FLASH_BEGIN, w[6], 4);
    both_data(rig, FB_LOADER_FLASH_DATA, 0, block, 0x400, false);
    both_data(rig, FB_LOADER_FLASH_DATA, 5, block, 0x400, false);
    both_data(rig, FB_LOADER_FLASH_DATA, 1, block, 0x400, false);
    both_data(rig, FB_LOADER_FLASH_DATA, 2, block, 0x400, true);
    both_data(rig, FB_LOADER_FLASH_DATA, 2, block, 0x400, false);
    both_data(rig, FB_LOADER_FLASH_DATA, 3, block, 0x100, false);
    both_command(rig, FB_LOADER_SPI_FLASH_MD5, w[7], 4);
    both_command(rig, FB_LOADER_FLASH_BEGIN, w[6], 3);
    both_command(rig, FB_LOADER_WRITE_REG, w[8], 4);
    both_command(rig, FB_LOADER_READ_REG, w[14], 1);
    both_command(rig, FB_LOADER_FLASH_DEFL_BEGIN, w[9], 4);
    both_data(rig, FB_LOADER_FLASH_DEFL_DATA, 0, packed, packed_n, false);
    both_command(rig, FB_LOADER_SPI_FLASH_MD5, w[10], 4);
    both_command(rig, FB_LOADER_FLASH_DEFL_BEGIN, w[9], 4);
    packed[packed_n - 1] ^= 1;
    both_data(rig, FB_LOADER_FLASH_DEFL_DATA, 0, packed, packed_n, false);
    both_command(rig, FB_LOADER_FLASH_DEFL_BEGIN, w[9], 4);
    packed[0] ^= 0x40;
    both_data(rig, FB_LOADER_FLASH_DEFL_DATA, 0, packed, packed_n, false);
    both_command(rig, FB_LOADER_MEM_BEGIN, w[11], 4);
    both_data(rig, FB_LOADER_MEM_DATA, 0, block, 44, false);
    both_data(rig, FB_LOADER_MEM_DATA, 1, block, 44, true);
    both_command(rig, FB_LOADER_MEM_END, w[12], 2);
    both_command(rig, FB_LOADER_FLASH_BEGIN, w[13], 4);
    // After a broken stream the ROM goes on to write its window's old contents.
    assert_memory_equal(rig[0]->flash, rig[1]->flash, 0x20400);
}

static void model_and_rom_speak_alike(void **state)
{
    (void)state;
    for (unsigned revision = 0; revision <= 3; revision += 3) {
        struct rig *rig[2];
        uint8_t sync[64];

        if (!testing_mask_rom(&rom, revision)) {
            skip();
        }
        for (int i = 0; i < 2; i++) {
            rig[i] = rig_new(revision, 0x0F); // UART only
            if (i == 1) {
                use_rom(rig[i]);
            }
            memcpy(rig[i]->flash, "abc", 3);
            chip_power_on(rig[i]->chip);
            // The ROM measures the baud rate by the first.
            rig_run_ms(rig[i], 20);
            say(rig[i], sync, fb_loader_request_sync(sync, sizeof sync));
        }
        converse(rig);
        rig_free(rig[0]);
        rig_free(rig[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loads_sections),
        cmocka_unit_test(model_and_rom_agree),
        cmocka_unit_test(model_and_rom_speak_alike),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
