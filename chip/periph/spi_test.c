// SPDX-License-Identifier: Apache-2.0

#define _DEFAULT_SOURCE // for testing.h

#include "chip/periph/spi.h"

#include "chip/testing.h"

#define SPI1    0x3FF42000u
#define CMD     (SPI1 + 0x00)
#define ADDR    (SPI1 + 0x04)
#define CTRL    (SPI1 + 0x08)
#define STATUS  (SPI1 + 0x10)
#define USER    (SPI1 + 0x1C)
#define USER1   (SPI1 + 0x20)
#define USER2   (SPI1 + 0x24)
#define MOSI    (SPI1 + 0x28)
#define MISO    (SPI1 + 0x2C)
#define W0      (SPI1 + 0x80)
#define WREN    (1u << 30)
#define RDSR    (1u << 27)
#define WRSR    (1u << 26)
#define PP      (1u << 25)
#define SE      (1u << 24)
#define BE      (1u << 23)
#define CE      (1u << 22)
#define USR     (1u << 18)
#define ENCRYPT 0x3FF5B000u

static struct rig *powered(void)
{
    struct rig *rig = rig_new(0, CHIP_STRAP_FLASH_BOOT);

    chip_power_on(rig->chip);
    return rig;
}

// A transaction as software programs it: address and read lengths in bits.
static void transact(struct rig *rig, uint8_t command, unsigned address_bits,
                     uint32_t address, unsigned mosi_bits, unsigned miso_bits)
{
    rig_put(rig, USER,
            1u << 31 | (address_bits > 0 ? 1u << 30 : 0) |
                (miso_bits > 0 ? 1u << 28 : 0) |
                (mosi_bits > 0 ? 1u << 27 : 0));
    rig_put(rig, USER2, 7u << 28 | command);
    rig_put(rig, USER1, (address_bits > 0 ? address_bits - 1 : 0) << 26);
    rig_put(rig, ADDR, address_bits > 0 ? address << (32 - address_bits) : 0);
    rig_put(rig, MOSI, mosi_bits > 0 ? mosi_bits - 1 : 0);
    rig_put(rig, MISO, miso_bits > 0 ? miso_bits - 1 : 0);
    rig_put(rig, CMD, USR);
    assert_int_equal(rig_get(rig, CMD), 0);
}

static void program(struct rig *rig, uint32_t at, uint32_t n)
{
    rig_put(rig, CMD, WREN);
    rig_put(rig, ADDR, n << 24 | at);
    rig_put(rig, CMD, PP);
}

static void identifies(void **state)
{
    struct rig *rig = powered();

    (void)state;
    transact(rig, 0x9F, 0, 0, 0, 24);
    assert_int_equal(rig_get(rig, W0), 0x1640EF); // 4 MiB
    rig_put(rig, CMD, 1u << 28);                  // RDID
    assert_int_equal(rig_get(rig, W0) & 0xFFFFFF, 0x1640EF);
    // JESD216: signature, and the density in the table that is pointed to.
    transact(rig, 0x5A, 24, 0, 0, 128);
    assert_int_equal(rig_get(rig, W0), 0x50444653);
    uint32_t table = rig_get(rig, W0 + 12) & 0xFFFFFF;
    transact(rig, 0x5A, 24, table + 4, 0, 32);
    assert_int_equal(rig_get(rig, W0), RIG_FLASH * 8 - 1);
    rig_free(rig);
}

static void programs_like_nor(void **state)
{
    struct rig *rig = powered();

    (void)state;
    rig_put(rig, W0, 0x0000F00F);
    rig_put(rig, ADDR, 4u << 24 | 0x1000);
    rig_put(rig, CMD, PP); // without WREN
    assert_int_equal(load32_le(rig->flash + 0x1000), 0xFFFFFFFF);
    program(rig, 0x1000, 4);
    assert_int_equal(load32_le(rig->flash + 0x1000), 0x0000F00F);
    assert_int_equal(rig->op_address, 0x1000);
    assert_int_equal(rig->op_n, 4);
    rig_put(rig, W0, 0x1234FFFF);
    program(rig, 0x1000, 4); // zeros stay
    assert_int_equal(load32_le(rig->flash + 0x1000), 0x0000F00F);
    rig_put(rig, CMD, RDSR);
    assert_int_equal(rig_get(rig, STATUS) & 3, 0); // not busy, WEL gone
    rig_put(rig, CMD, WREN);
    rig_put(rig, CMD, RDSR);
    assert_int_equal(rig_get(rig, STATUS) & 3, 2);
    // The end of a page is followed by its start.
    for (unsigned i = 0; i < 8; i++) {
        rig_put(rig, W0 + 4 * i, 0x11111111u * i);
    }
    program(rig, 0x20F0, 32);
    assert_int_equal(load32_le(rig->flash + 0x20F0), 0x00000000);
    assert_int_equal(load32_le(rig->flash + 0x20FC), 0x33333333);
    assert_int_equal(load32_le(rig->flash + 0x2000), 0x44444444);
    assert_int_equal(load32_le(rig->flash + 0x2100), 0xFFFFFFFF);
    // By a USR transaction, and read back by all read commands.
    rig_put(rig, CMD, WREN);
    rig_put(rig, W0, 0xA5A55A5A);
    transact(rig, 0x02, 24, 0x3000, 32, 0);
    assert_int_equal(load32_le(rig->flash + 0x3000), 0xA5A55A5A);
    static const uint8_t reads[] = {0x03, 0x0B, 0x3B, 0x6B};
    for (size_t i = 0; i < sizeof reads; i++) {
        rig_put(rig, W0, 0);
        transact(rig, reads[i], 24, 0x3000, 0, 32);
        assert_int_equal(rig_get(rig, W0), 0xA5A55A5A);
    }
    rig_put(rig, W0, 0);
    transact(rig, 0xBB, 32, 0x300000, 0, 32); // eight mode bits follow
    assert_int_equal(rig_get(rig, W0), 0xA5A55A5A);
    rig_free(rig);
}

static void erases(void **state)
{
    struct rig *rig = powered();

    (void)state;
    memset(rig->flash, 0, RIG_FLASH);
    rig_put(rig, ADDR, 0x5678);
    rig_put(rig, CMD, SE);
    assert_int_equal(rig->flash[0x5678], 0); // without WREN
    rig_put(rig, CMD, WREN);
    rig_put(rig, CMD, SE);
    assert_true(fb_bytes_all(rig->flash + 0x5000, 0x1000, 0xFF));
    assert_int_equal(rig->flash[0x4FFF] | rig->flash[0x6000], 0);
    rig_put(rig, ADDR, 0x2FFFF);
    rig_put(rig, CMD, WREN);
    rig_put(rig, CMD, BE);
    assert_true(fb_bytes_all(rig->flash + 0x20000, 0x10000, 0xFF));
    assert_int_equal(rig->flash[0x1FFFF] | rig->flash[0x30000], 0);
    rig_put(rig, CMD, WREN);
    transact(rig, 0x52, 24, 0x48000, 0, 0);
    assert_true(fb_bytes_all(rig->flash + 0x48000, 0x8000, 0xFF));
    assert_int_equal(rig->flash[0x47FFF] | rig->flash[0x50000], 0);
    rig_put(rig, CMD, WREN);
    rig_put(rig, CMD, CE);
    assert_true(fb_bytes_all(rig->flash, RIG_FLASH, 0xFF));
    rig_free(rig);
}

// W25Q32 data sheet, status registers.
static void keeps_status(void **state)
{
    struct rig *rig = powered();

    (void)state;
    memset(rig->flash, 0, RIG_FLASH);
    transact(rig, 0x35, 0, 0, 0, 8);
    assert_int_equal(rig_get(rig, W0) & 2, 2); // QE
    rig_put(rig, CMD, WREN);
    rig_put(rig, STATUS, 1u << 2); // BP 1: the last 1/64
    rig_put(rig, CMD, WRSR);
    rig_put(rig, CMD, RDSR);
    assert_int_equal(rig_get(rig, STATUS), 4);
    rig_put(rig, ADDR, RIG_FLASH - 0x10000);
    rig_put(rig, CMD, WREN);
    rig_put(rig, CMD, SE);
    assert_int_equal(rig->flash[RIG_FLASH - 0x10000], 0);
    rig_put(rig, ADDR, RIG_FLASH - 0x11000);
    rig_put(rig, CMD, WREN);
    rig_put(rig, CMD, SE);
    assert_int_equal(rig->flash[RIG_FLASH - 0x11000], 0xFF);
    // Both registers in one write.
    rig_put(rig, CMD, WREN);
    rig_put(rig, CTRL, 1u << 22);
    rig_put(rig, STATUS, 0x0200);
    rig_put(rig, CMD, WRSR);
    rig_put(rig, CMD, RDSR);
    assert_int_equal(rig_get(rig, STATUS), 0);
    transact(rig, 0x35, 0, 0, 0, 8);
    assert_int_equal(rig_get(rig, W0) & 0xFF, 2);
    // Powered down it is deaf.
    transact(rig, 0xB9, 0, 0, 0, 0);
    transact(rig, 0x9F, 0, 0, 0, 24);
    assert_int_equal(rig_get(rig, W0) & 0xFFFFFF, 0xFFFFFF);
    transact(rig, 0xAB, 0, 0, 0, 0);
    transact(rig, 0x9F, 0, 0, 0, 24);
    assert_int_equal(rig_get(rig, W0) & 0xFFFFFF, 0x1640EF);
    // Reset needs its enabling right before.
    rig_put(rig, CMD, WREN);
    transact(rig, 0x66, 0, 0, 0, 0);
    transact(rig, 0x05, 0, 0, 0, 8);
    transact(rig, 0x99, 0, 0, 0, 0);
    rig_put(rig, CMD, RDSR);
    assert_int_equal(rig_get(rig, STATUS) & 2, 2);
    transact(rig, 0x66, 0, 0, 0, 0);
    transact(rig, 0x99, 0, 0, 0, 0);
    rig_put(rig, CMD, RDSR);
    assert_int_equal(rig_get(rig, STATUS) & 2, 0);
    rig_free(rig);
}

// One row as the ROM's encrypted write does it.
static void write_row(struct rig *rig, uint32_t at)
{
    rig_put(rig, 0x3FF000C8, 0x101);
    rig_put(rig, ENCRYPT + 0x24, at);
    for (unsigned i = 0; i < 8; i++) {
        rig_put(rig, ENCRYPT + 4 * i, 0x43424140u + i * 0x04040404u);
        rig_put(rig, W0 + 4 * i, 0xDEADBEEF);
    }
    assert_int_equal(rig_get(rig, ENCRYPT + 0x28), 0);
    rig_put(rig, ENCRYPT + 0x20, 1);
    assert_int_equal(rig_get(rig, ENCRYPT + 0x28), 1);
    program(rig, at, 32);
    rig_put(rig, 0x3FF000C8, 0);
}

// Made with espsecure encrypt_flash_data: key 00..1f, config F, plaintext
// 40..5f, addresses 0x1000 and 0x10000 (tests/vectors/flash_encryption).
static void encrypts(void **state)
{
    struct rig *rig = powered();
    uint8_t want[32];

    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        rig_burn(rig, 1, i, 0x1C1D1E1Fu - i * 0x04040404u);
    }
    rig_burn(rig, 0, 5, 0xF0000000u);
    rig_burn(rig, 0, 0, 1u << 16 | 1u << 7); // hidden and frozen
    // FLASH_CRYPT_CNT is 0: the write path does not ask for it.
    write_row(rig, 0x1000);
    testing_hex(
        want, sizeof want,
        "364e441b4b1be16122dde3c6fbf339fde9c7e07f9c8cecfe53df38b7f4325c2a");
    assert_memory_equal(rig->flash + 0x1000, want, 32);
    write_row(rig, 0x10000);
    testing_hex(
        want, sizeof want,
        "32a0276b08b363e5a31fbdde6b794dbea004187055af6ee935f61972fce3ec42");
    assert_memory_equal(rig->flash + 0x10000, want, 32);
    // Switched off, W0.. is written.
    rig_put(rig, W0, 0x01020304);
    program(rig, 0x2000, 4);
    assert_int_equal(load32_le(rig->flash + 0x2000), 0x01020304);
    rig_free(rig);
}

static void download_mode_can_forbid_encryption(void **state)
{
    struct rig *rig = rig_new(0, CHIP_STRAP_DOWNLOAD);

    (void)state;
    rig_burn(rig, 0, 5, 0xF0000000u);
    rig_on(rig);
    write_row(rig, 0x1000);
    assert_int_not_equal(load32_le(rig->flash + 0x1000), 0xDEADBEEF);
    rig_burn(rig, 0, 6, 1u << 7); // DISABLE_DL_ENCRYPT
    write_row(rig, 0x2000);
    assert_int_equal(load32_le(rig->flash + 0x2000), 0xDEADBEEF);
    assert_non_null(strstr(rig->log, "DISABLE_DL_ENCRYPT"));
    // In a flash boot the fuse means nothing.
    chip_set_strap(rig->chip, CHIP_STRAP_FLASH_BOOT);
    rig_on(rig);
    write_row(rig, 0x3000);
    assert_int_not_equal(load32_le(rig->flash + 0x3000), 0xDEADBEEF);
    rig_free(rig);
}

static void other_controllers_are_alone(void **state)
{
    struct rig *rig = powered();

    (void)state;
    rig_put(rig, 0x3FF64080, 0);
    rig_put(rig, 0x3FF6401C, 1u << 28 | 1u << 31);
    rig_put(rig, 0x3FF6402C, 31);
    rig_put(rig, 0x3FF64000, USR);
    assert_int_equal(rig_get(rig, 0x3FF64080), 0xFFFFFFFF);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identifies),
        cmocka_unit_test(programs_like_nor),
        cmocka_unit_test(erases),
        cmocka_unit_test(keeps_status),
        cmocka_unit_test(encrypts),
        cmocka_unit_test(download_mode_can_forbid_encryption),
        cmocka_unit_test(other_controllers_are_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
