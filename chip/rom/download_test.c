// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE // memmem(), and what testing.h needs

#include "chip/rom/download.h"

#include "chip/testing.h"

static struct rig *waiting(uint32_t revision)
{
    struct rig *rig = rig_new(revision, CHIP_STRAP_DOWNLOAD);

    rig_on(rig);
    assert_true(chip_in_download_mode(rig->chip));
    assert_int_equal(chip_idle_ns(rig->chip), UINT64_MAX);
    return rig;
}

static struct rig *connected(uint32_t revision)
{
    struct rig *rig = waiting(revision);

    rig_sync(rig);
    return rig;
}

static void waits_for_download(void **state)
{
    struct rig *rig = waiting(0);

    (void)state;
    assert_string_equal(rig->console,
                        "ets Jun  8 2016 00:22:57\r\n\r\n"
                        "rst:0x1 (POWERON_RESET),boot:0x3 "
                        "(DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2))\r\n"
                        "waiting for download\r\n");
    assert_in_range(rig->baud, 115200, 115220);
    rig_free(rig);
}

// esptool docs, "Serial Protocol": the trace of a SYNC, and READ_REG.
static void answers_the_published_bytes(void **state)
{
    struct rig *rig = waiting(3);
    const uint32_t magic[] = {0x40001000};
    uint8_t packet[64];
    size_t n;

    (void)state;
    rig_command(rig, FB_LOADER_READ_REG, magic, 1); // before a SYNC
    assert_int_equal(rig->console_n, 0);
    n = testing_hex(packet, sizeof packet,
                    "00 08 24 00 00 00 00 00 07 07 12 20"
                    "55555555555555555555555555555555"
                    "55555555555555555555555555555555");
    rig_send(rig, packet, n);
    rig_answered(rig, "c0 01 08 04 00 07 07 12 20 00 00 00 00 c0"
                      "c0 01 08 04 00 07 07 12 20 00 00 00 00 c0"
                      "c0 01 08 04 00 07 07 12 20 00 00 00 00 c0"
                      "c0 01 08 04 00 07 07 12 20 00 00 00 00 c0"
                      "c0 01 08 04 00 07 07 12 20 00 00 00 00 c0"
                      "c0 01 08 04 00 07 07 12 20 00 00 00 00 c0"
                      "c0 01 08 04 00 07 07 12 20 00 00 00 00 c0"
                      "c0 01 08 04 00 07 07 12 20 00 00 00 00 c0");
    // GET_SECURITY_INFO: unknown, so SYNC's answers again, as errors.
    rig_command(rig, FB_LOADER_GET_SECURITY_INFO, NULL, 0);
    rig_answered(rig, "c0 01 08 04 00 07 07 12 20 01 05 00 00 c0"
                      "c0 01 08 04 00 07 07 12 20 01 05 00 00 c0"
                      "c0 01 08 04 00 07 07 12 20 01 05 00 00 c0"
                      "c0 01 08 04 00 07 07 12 20 01 05 00 00 c0"
                      "c0 01 08 04 00 07 07 12 20 01 05 00 00 c0"
                      "c0 01 08 04 00 07 07 12 20 01 05 00 00 c0"
                      "c0 01 08 04 00 07 07 12 20 01 05 00 00 c0"
                      "c0 01 08 04 00 07 07 12 20 01 05 00 00 c0");
    n = testing_hex(packet, sizeof packet, "00 0a 04 00 00000000 00 10 00 40");
    rig_send(rig, packet, n);
    rig_answered(rig, "c0 01 0a 04 00 83 1d f0 00 00 00 00 00 c0");
    // The value of the last READ_REG stays in later answers.
    rig_command(rig, FB_LOADER_ERASE_FLASH, NULL, 0);
    rig_answered(rig, "c0 01 0a 04 00 83 1d f0 00 01 05 00 00 c0");
    rig_free(rig);
}

static void burns_through_registers(void **state)
{
    static const uint32_t writes[] = {
        0x3FF5A098, 0x03020100, 0xFFFFFFFF, 0, // BLK1_WDATA0
        0x3FF5A0FC, 0x5A5A,     0xFFFF,     0, // CONF
        0x3FF5A104, 2,          0xFFFFFFFF, 0, 0x3FF5A0FC, 0x5AA5,
        0xFFFF,     0,          0x3FF5A104, 1, 0xFFFFFFFF, 100,
    };
    const uint32_t read[] = {0x3FF5A038};
    // The same register by the AHB, as old tools address it.
    const uint32_t alias[] = {0x6001A038};
    struct rig *rig = connected(0);

    (void)state;
    rig_command(rig, FB_LOADER_WRITE_REG, writes, 20);
    rig_status(rig, FB_LOADER_WRITE_REG, 0);
    rig_command(rig, FB_LOADER_READ_REG, read, 1);
    rig_answered(rig, "c0 01 0a 04 00 00 01 02 03 00 00 00 00 c0");
    rig_command(rig, FB_LOADER_READ_REG, alias, 1);
    rig_answered(rig, "c0 01 0a 04 00 00 01 02 03 00 00 00 00 c0");
    assert_int_equal(chip_efuses(rig->chip)->word[1][0], 0x03020100);
    assert_int_equal(rig->op, CHIP_OP_EFUSE_BURN);
    assert_int_equal(rig->op_n, 1 + 1 + 2);
    rig_command(rig, FB_LOADER_WRITE_REG, writes, 3); // no whole group
    rig_status(rig, FB_LOADER_WRITE_REG, 0);
    rig_free(rig);
}

static void writes_flash(void **state)
{
    const uint32_t begin[] = {0x1400, 5, 0x400, 0x10000};
    uint8_t block[0x400];
    struct rig *rig = connected(0);

    (void)state;
    memset(rig->flash + 0xF000, 0, 0x4000);
    rig_command(rig, FB_LOADER_FLASH_BEGIN, begin, 4);
    rig_status(rig, FB_LOADER_FLASH_BEGIN, 0);
    // Whole sectors are erased, at once.
    assert_int_equal(rig->operations, 2);
    assert_int_equal(rig->op, CHIP_OP_FLASH_ERASE);
    assert_true(fb_bytes_all(rig->flash + 0x10000, 0x2000, 0xFF));
    assert_int_equal(rig->flash[0xFFFF], 0);
    assert_int_equal(rig->flash[0x12000], 0);
    for (uint32_t i = 0; i < 5; i++) {
        memset(block, (int)(0xC0 + i * 0x1B), sizeof block);
        rig_data(rig, FB_LOADER_FLASH_DATA, i, block, sizeof block);
        rig_status(rig, FB_LOADER_FLASH_DATA, 0);
    }
    assert_true(fb_bytes_all(rig->flash + 0x10000, 0x400, 0xC0));
    assert_true(fb_bytes_all(rig->flash + 0x10400, 0x400, 0xDB));
    assert_true(fb_bytes_all(rig->flash + 0x11400, 0xC00, 0xFF));
    // Out of order, a wrong sum, a length that lies.
    rig_data(rig, FB_LOADER_FLASH_DATA, 7, block, sizeof block);
    rig_status(rig, FB_LOADER_FLASH_DATA, FB_LOADER_E_INVALID_MESSAGE);
    uint8_t packet[64] = {0};
    size_t n = fb_loader_request_data(packet, sizeof packet,
                                      FB_LOADER_FLASH_DATA, 5, block, 16);
    packet[4] ^= 1;
    rig_send(rig, packet, n);
    rig_status(rig, FB_LOADER_FLASH_DATA, FB_LOADER_E_CHECKSUM);
    packet[4] ^= 1; // right now, but the block has been counted
    rig_send(rig, packet, n);
    rig_status(rig, FB_LOADER_FLASH_DATA, FB_LOADER_E_INVALID_MESSAGE);
    packet[12]++;
    packet[8]++;
    rig_send(rig, packet, n);
    rig_status(rig, FB_LOADER_FLASH_DATA, FB_LOADER_E_INVALID_MESSAGE);
    // Ones cannot be written over zeros: the check of what was written fails.
    memset(rig->flash + 0x11400, 0, 16);
    memset(block, 0, 16);
    block[3] = 0x40;
    rig_data(rig, FB_LOADER_FLASH_DATA, 6, block, 16);
    rig_status(rig, FB_LOADER_FLASH_DATA, FB_LOADER_E_FLASH_WRITE);
    rig_free(rig);
}

static void refuses_flash_that_is_not_there(void **state)
{
    const uint32_t begin[] = {0x2000, 8, 0x400, 0xFFF000};
    const uint32_t words[] = {0, 0, 0};
    const uint32_t last[] = {0x1000, 4, 0x400, 0x3FF000};
    const uint32_t over[] = {0x2000, 8, 0x400, 0x3FF000};
    const uint32_t params[] = {0, RIG_FLASH, 0x10000, 0x1000, 0x100, 0xFFFF};
    uint8_t block[16] = {0};
    struct rig *rig = connected(0);

    (void)state;
    rig_command(rig, FB_LOADER_FLASH_BEGIN, begin, 4);
    rig_status(rig, FB_LOADER_FLASH_BEGIN, FB_LOADER_E_FAILED);
    rig_command(rig, FB_LOADER_FLASH_BEGIN, words, 3);
    rig_status(rig, FB_LOADER_FLASH_BEGIN, FB_LOADER_E_INVALID_MESSAGE);
    // The refused BEGIN counts for the blocks all the same; nothing is written.
    rig_data(rig, FB_LOADER_FLASH_DATA, 0, block, sizeof block);
    rig_status(rig, FB_LOADER_FLASH_DATA, 0);
    rig_command(rig, FB_LOADER_SPI_SET_PARAMS, params, 6);
    rig_command(rig, FB_LOADER_FLASH_BEGIN, over, 4);
    rig_status(rig, FB_LOADER_FLASH_BEGIN, FB_LOADER_E_FAILED);
    assert_int_equal(rig->operations, 0);
    // A success does not clear the error byte of before.
    rig_command(rig, FB_LOADER_FLASH_BEGIN, last, 4);
    rig_answered(rig, "c0 01 02 04 00 07071220 00 06 00 00 c0");
    rig_free(rig);
}

// zlib streams made here, taken apart by the model: zlib is the outside.
static void inflates(void **state)
{
    static uint8_t plain[0x9100], packed[0xA000];
    uLongf packed_n = sizeof packed;
    uint32_t seed = 1;
    struct rig *rig = connected(0);

    (void)state;
    for (size_t i = 0; i < sizeof plain; i++) {
        seed = seed * 1103515245u + 12345u;
        plain[i] = (uint8_t)(i % 3 == 0 ? seed >> 16 : 0x20);
    }
    assert_int_equal(
        compress2(packed, &packed_n, plain, sizeof plain, Z_BEST_COMPRESSION),
        Z_OK);
    uint32_t blocks = (uint32_t)(packed_n + 0x3FF) / 0x400;
    const uint32_t begin[] = {0x9400, blocks, 0x400, 0x10000};
    for (int damage = 0; damage < 3; damage++) {
        uint8_t error = 0;

        if (damage == 1) {
            packed[packed_n - 1] ^= 1; // Adler-32
        } else if (damage == 2) {
            packed[packed_n - 1] ^= 1;
            packed[0] ^= 0x40; // header
        }
        rig_command(rig, FB_LOADER_FLASH_DEFL_BEGIN, begin, 4);
        rig_status(rig, FB_LOADER_FLASH_DEFL_BEGIN, 0);
        for (uint32_t i = 0; i < blocks && error == 0; i++) {
            size_t n = packed_n - i * 0x400;

            rig_data(rig, FB_LOADER_FLASH_DEFL_DATA, i, packed + i * 0x400,
                     n > 0x400 ? 0x400 : n);
            error = (uint8_t)rig->console[10];
        }
        assert_int_equal(error, damage == 0   ? 0
                                : damage == 1 ? FB_LOADER_E_DEFLATE_ADLER
                                              : FB_LOADER_E_DEFLATE);
        if (damage < 2) {
            assert_memory_equal(rig->flash + 0x10000, plain, 0x8000);
        }
        if (damage == 0) {
            // All of the window's 32 KiB, of which the end is old.
            assert_memory_equal(rig->flash + 0x18000, plain + 0x8000, 0x1100);
            assert_memory_equal(rig->flash + 0x19400, plain + 0x1400, 0x400);
        }
    }
    packed[0] ^= 0x40;
    // A copy in the middle of a stream goes on by itself.
    rig_command(rig, FB_LOADER_FLASH_DEFL_BEGIN, begin, 4);
    rig_data(rig, FB_LOADER_FLASH_DEFL_DATA, 0, packed, 0x400);
    struct rig *copy = rig_new(0, CHIP_STRAP_DOWNLOAD);
    struct chip_callbacks cb = rig_callbacks(copy);

    memcpy(copy->flash, rig->flash, RIG_FLASH);
    chip_copy(copy->chip, rig->chip, copy->flash, &cb);
    rig_free(rig);
    for (uint32_t i = 1; i < blocks; i++) {
        size_t n = packed_n - i * 0x400;

        rig_data(copy, FB_LOADER_FLASH_DEFL_DATA, i, packed + i * 0x400,
                 n > 0x400 ? 0x400 : n);
        rig_status(copy, FB_LOADER_FLASH_DEFL_DATA, 0);
    }
    assert_memory_equal(copy->flash + 0x10000, plain, sizeof plain);
    // The ROM does not stop at the size that FLASH_DEFL_BEGIN announced.
    const uint32_t little[] = {0x100, 2, 0x400, 0x20000};
    rig_command(copy, FB_LOADER_FLASH_DEFL_BEGIN, little, 4);
    rig_data(copy, FB_LOADER_FLASH_DEFL_DATA, 0, packed, 0x400);
    rig_status(copy, FB_LOADER_FLASH_DEFL_DATA, 0);
    rig_data(copy, FB_LOADER_FLASH_DEFL_DATA, 1, packed + 0x400, 0x400);
    assert_memory_equal(copy->flash + 0x20000, plain, 0x600);
    rig_free(copy);
}

static void reads_flash(void **state)
{
    const uint32_t slow[] = {0x1000, 64}, too_long[] = {0x1000, 65};
    const uint32_t all[] = {0, 3, 0, 0};
    const uint32_t beyond[] = {0x3FFFFF, 2, 0, 0};
    struct rig *rig = connected(0);

    (void)state;
    memcpy(rig->flash, "abc", 3);
    for (unsigned i = 0; i < 64; i++) {
        rig->flash[0x1000 + i] = (uint8_t)i;
    }
    rig_command(rig, FB_LOADER_READ_FLASH_SLOW, slow, 2);
    rig_answered(rig, "c0 01 0e 44 00 07071220"
                      "000102030405060708090a0b0c0d0e0f"
                      "101112131415161718191a1b1c1d1e1f"
                      "202122232425262728292a2b2c2d2e2f"
                      "303132333435363738393a3b3c3d3e3f 00 00 00 00 c0");
    rig_command(rig, FB_LOADER_READ_FLASH_SLOW, too_long, 2);
    rig_answered(rig, "c0 01 0e 44 00 07071220"
                      "000102030405060708090a0b0c0d0e0f"
                      "101112131415161718191a1b1c1d1e1f"
                      "202122232425262728292a2b2c2d2e2f"
                      "303132333435363738393a3b3c3d3e3f 01 0a 00 00 c0");
    // RFC 1321: MD5 of "abc".
    rig_command(rig, FB_LOADER_SPI_FLASH_MD5, all, 4);
    assert_int_equal(rig->console_n, 1 + 8 + 32 + 4 + 1);
    assert_memory_equal(rig->console + 9, "900150983cd24fb0d6963f7d28e17f72",
                        32);
    rig_command(rig, FB_LOADER_SPI_FLASH_MD5, beyond, 4);
    assert_int_equal(rig->console[1 + 8 + 32], 1);
    assert_int_equal(rig->console[1 + 8 + 33], FB_LOADER_E_FLASH_READ);
    rig_free(rig);
}

static void runs_a_downloaded_program(void **state)
{
    const uint32_t begin[] = {44, 1, 0x1800, RIG_PROGRAM_VADDR};
    const uint32_t nowhere[] = {44, 1, 0x1800, 0x20000000};
    const uint32_t stay[] = {1, 0}, go[] = {0, RIG_PROGRAM_ENTRY};
    uint8_t code[64];
    size_t n = testing_hex(code, sizeof code, RIG_PROGRAM) & ~(size_t)3;
    struct rig *rig = connected(0);

    (void)state;
    rig_command(rig, FB_LOADER_MEM_BEGIN, begin, 4);
    rig_status(rig, FB_LOADER_MEM_BEGIN, 0);
    rig_data(rig, FB_LOADER_MEM_DATA, 0, code, n);
    rig_status(rig, FB_LOADER_MEM_DATA, 0);
    rig_command(rig, FB_LOADER_MEM_END, stay, 2);
    rig_status(rig, FB_LOADER_MEM_END, 0);
    assert_true(chip_in_download_mode(rig->chip));
    rig_command(rig, FB_LOADER_MEM_END, go, 2);
    assert_memory_equal(rig->console + rig->console_n - 3, "Hi\n", 3);
    assert_false(rig->chip->rom.active);
    assert_true(chip_in_download_mode(rig->chip)); // no boot from flash
    rig_free(rig);
    // Where there is no memory, the ROM crashes.
    rig = connected(0);
    rig_command(rig, FB_LOADER_MEM_BEGIN, nowhere, 4);
    rig_data(rig, FB_LOADER_MEM_DATA, 0, code, n);
    assert_int_equal(rig->console_n, 0);
    assert_false(chip_in_download_mode(rig->chip));
    rig_free(rig);
}

static void leaves_the_loader(void **state)
{
    const uint32_t reboot[] = {0}, run[] = {1}, baud[] = {921600, 0};
    const uint32_t nothing[] = {0, 0, 0x400, 0x10000};
    struct rig *rig = rig_new(0, CHIP_STRAP_DOWNLOAD);

    (void)state;
    rig_burn(rig, 0, 4, 52); // CLK8M_FREQ; without it the ROM takes 26 MHz
    rig_on(rig);
    rig_sync(rig);
    rig_command(rig, FB_LOADER_CHANGE_BAUDRATE, baud, 2);
    rig_status(rig, FB_LOADER_CHANGE_BAUDRATE, 0);
    assert_in_range(rig->baud, 921600 * 98 / 100, 921600 * 102 / 100);
    rig_command(rig, FB_LOADER_FLASH_BEGIN, nothing, 4);
    rig_command(rig, FB_LOADER_FLASH_END, reboot, 1);
    assert_non_null(
        memmem(rig->console, rig->console_n, "rst:0x3 (SW_RESET)", 18));
    assert_true(chip_in_download_mode(rig->chip));
    rig_image(rig->flash + 0x1000, false);
    rig_sync(rig);
    rig_command(rig, FB_LOADER_FLASH_BEGIN, nothing, 4);
    rig_command(rig, FB_LOADER_FLASH_END, run, 1);
    rig_run_ms(rig, 1);
    assert_non_null(
        memmem(rig->console, rig->console_n, "entry 0x40080010\r\nHi\n", 21));
    assert_false(chip_in_download_mode(rig->chip));
    rig_free(rig);
}

static void survives_garbage(void **state)
{
    const uint32_t magic[] = {0x40001000}, nowhere[] = {0x20000000};
    uint8_t noise[300];
    uint32_t seed = 7;
    struct rig *rig = connected(0);

    (void)state;
    for (int round = 0; round < 200; round++) {
        size_t n = 1 + (seed >> 8) % 250;

        noise[0] = 0xC0;
        for (size_t i = 1; i < n; i++) {
            seed = seed * 1103515245u + 12345u;
            noise[i] = (uint8_t)(seed >> 16);
        }
        for (size_t at = 0; at < n;) {
            at += chip_uart_rx(rig->chip, 0, noise + at, n - at);
            while (chip_run(rig->chip, 100000) == CHIP_RAN) {
            }
        }
    }
    rig_send(rig, noise, 1);
    rig_command(rig, FB_LOADER_READ_REG, magic, 1);
    rig_answered(rig, "c0 01 0a 04 00 83 1d f0 00 00 00 00 00 c0");
    assert_int_equal(rig->operations, 0);
    // What faults takes the ROM down.
    rig_command(rig, FB_LOADER_READ_REG, nowhere, 1);
    assert_int_equal(rig->console_n, 0);
    assert_false(chip_in_download_mode(rig->chip));
    rig_free(rig);
}

static void can_be_forbidden(void **state)
{
    struct rig *old = rig_new(0, CHIP_STRAP_DOWNLOAD);
    struct rig *new = rig_new(3, CHIP_STRAP_DOWNLOAD);

    (void)state;
    rig_burn(old, 0, 0, 1u << 27);
    rig_burn(new, 0, 0, 1u << 27);
    rig_on(old);
    rig_on(new);
    assert_true(chip_in_download_mode(old->chip)); // a later ROM's feature
    assert_false(chip_in_download_mode(new->chip));
    assert_string_equal(
        new->console,
        "Download mode is disabled. Restart with GPIO0 high.\r\n");
    rig_free(old);
    rig_free(new);
}

static void loses_power(void **state)
{
    const uint32_t begin[] = {0x3000, 12, 0x400, 0x10000};
    struct rig *rig = connected(0);

    (void)state;
    memset(rig->flash + 0x10000, 0, 0x3000);
    rig->cut_at = 2;
    rig_command(rig, FB_LOADER_FLASH_BEGIN, begin, 4);
    assert_int_equal(chip_run(rig->chip, 1000), CHIP_POWER_LOST);
    assert_int_equal(rig->flash[0x10000], 0xFF);
    assert_int_equal(rig->flash[0x11000], 0x00);
    assert_int_equal(rig->console_n, 0);
    rig_on(rig);
    assert_true(chip_in_download_mode(rig->chip));
    rig_free(rig);
}

static void waits_for_a_flash_that_does_not_answer(void **state)
{
    static const struct {
        enum fb_loader_op op;
        uint32_t word[4];
        bool waits;
    } rows[] = {
        {FB_LOADER_SPI_ATTACH, {0}, false},
        {FB_LOADER_READ_FLASH_SLOW, {0, 16}, true},
        {FB_LOADER_SPI_FLASH_MD5, {0, 16}, true},
        {FB_LOADER_SPI_FLASH_MD5, {0, 0}, false},
        {FB_LOADER_FLASH_BEGIN, {0x800, 2, 0x400, 0x10000}, true},
        {FB_LOADER_FLASH_BEGIN, {0, 0, 0x400, 0x10000}, true},
        {FB_LOADER_FLASH_BEGIN, {0x800, 2, 0x400, 0x10001}, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rig *rig = rig_new(0, CHIP_STRAP_DOWNLOAD | CHIP_STRAP_MTDI);

        rig_on(rig);
        rig_sync(rig);
        rig_command(rig, rows[i].op, rows[i].word, 4);
        assert_int_equal(rig->console_n == 0, rows[i].waits);
        rig_free(rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_for_download),
        cmocka_unit_test(answers_the_published_bytes),
        cmocka_unit_test(burns_through_registers),
        cmocka_unit_test(writes_flash),
        cmocka_unit_test(refuses_flash_that_is_not_there),
        cmocka_unit_test(inflates),
        cmocka_unit_test(reads_flash),
        cmocka_unit_test(runs_a_downloaded_program),
        cmocka_unit_test(leaves_the_loader),
        cmocka_unit_test(survives_garbage),
        cmocka_unit_test(can_be_forbidden),
        cmocka_unit_test(loses_power),
        cmocka_unit_test(waits_for_a_flash_that_does_not_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
