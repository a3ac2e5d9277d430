// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE // memmem(), and what testing.h needs

#include "chip/rom/stub_model.h"

#include "chip/testing.h"

// Upload something to where a stub of esptool 4 goes, and start it.
static struct rig *with_stub(uint32_t strap)
{
    const uint32_t begin[] = {16, 1, 0x1800, 0x400BE000};
    const uint32_t end[] = {0, 0x400BE658};
    uint8_t code[16] = {0};
    struct rig *rig = rig_new(1, strap);

    rig_on(rig);
    rig_sync(rig);
    rig_command(rig, FB_LOADER_MEM_BEGIN, begin, 4);
    rig_data(rig, FB_LOADER_MEM_DATA, 0, code, sizeof code);
    rig_command(rig, FB_LOADER_MEM_END, end, 2);
    // The ROM's answer, then the stub's greeting.
    rig_answered(rig, "c0 01 06 04 00 07071220 00000000 c0 c0 4f484149 c0");
    return rig;
}

static void status_is(struct rig *rig, uint8_t op, uint8_t error)
{
    assert_int_equal(rig->console_n, 12);
    assert_int_equal((uint8_t)rig->console[2], op);
    assert_int_equal((uint8_t)rig->console[9], error);
}

static void answers_like_a_stub(void **state)
{
    struct rig *rig = with_stub(CHIP_STRAP_DOWNLOAD);
    const uint32_t magic[] = {0x40001000}, baud[] = {460800, 115200};
    uint8_t sync[64];

    (void)state;
    rig_send(rig, sync, fb_loader_request_sync(sync, sizeof sync));
    assert_int_equal(rig->console_n, 8 * 12);
    assert_memory_equal(rig->console + 1, "\x01\x08\x02\0\0\0\0\0\0\0", 10);
    rig_command(rig, FB_LOADER_READ_REG, magic, 1);
    rig_answered(rig, "c0 01 0a 02 00 83 1d f0 00 00 00 c0");
    rig_command(rig, FB_LOADER_GET_SECURITY_INFO, NULL, 0);
    rig_answered(rig, "c0 01 14 02 00 00000000 c3 00 c0");
    rig_command(rig, FB_LOADER_CHANGE_BAUDRATE, baud, 2);
    status_is(rig, FB_LOADER_CHANGE_BAUDRATE, 0);
    assert_in_range(rig->baud, 460800 * 99 / 100, 460800 * 101 / 100);
    rig_free(rig);
}

static void writes_exactly_what_was_announced(void **state)
{
    static uint8_t block[0x4000];
    const uint32_t begin[] = {0x4100, 2, 0x4000, 0x10000};
    const uint32_t leave[] = {1};
    struct rig *rig = with_stub(CHIP_STRAP_DOWNLOAD);

    (void)state;
    memset(rig->flash + 0x10000, 0, 0x10000);
    memset(block, 0x5A, sizeof block);
    rig_command(rig, FB_LOADER_FLASH_BEGIN, begin, 4);
    status_is(rig, FB_LOADER_FLASH_BEGIN, 0);
    assert_int_equal(rig->operations, 0); // erases as it goes
    rig_data(rig, FB_LOADER_FLASH_DATA, 0, block, sizeof block);
    status_is(rig, FB_LOADER_FLASH_DATA, 0);
    rig_command(rig, FB_LOADER_FLASH_END, leave, 1);
    status_is(rig, FB_LOADER_FLASH_END, 0xC8); // something is missing
    rig_command(rig, FB_LOADER_FLASH_BEGIN, begin, 4);
    rig_data(rig, FB_LOADER_FLASH_DATA, 0, block, sizeof block);
    rig_data(rig, FB_LOADER_FLASH_DATA, 1, block, sizeof block); // padded
    status_is(rig, FB_LOADER_FLASH_DATA, 0);
    assert_true(fb_bytes_all(rig->flash + 0x10000, 0x4100, 0x5A));
    assert_true(fb_bytes_all(rig->flash + 0x14100, 0xF00, 0xFF));
    assert_int_equal(rig->flash[0x15000], 0);
    uint8_t packet[64];
    size_t n = fb_loader_request_data(packet, sizeof packet,
                                      FB_LOADER_FLASH_DATA, 2, block, 16);
    packet[4] ^= 1;
    rig_send(rig, packet, n);
    status_is(rig, FB_LOADER_FLASH_DATA, 0xC1);
    rig_free(rig);
}

// As made with espsecure encrypt_flash_data: key 00..1f, config F, plaintext
// 40..5f at 0x10000 (tests/vectors/flash_encryption).
static void encrypts_on_request(void **state)
{
    const uint32_t begin[] = {32, 1, 0x4000, 0x10000, 1};
    const uint32_t plain[] = {32, 1, 0x4000, 0x10000, 0};
    struct rig *rig = with_stub(CHIP_STRAP_DOWNLOAD);
    uint8_t row[32], want[32];

    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        rig_burn(rig, 1, i, 0x1C1D1E1Fu - i * 0x04040404u);
    }
    rig_burn(rig, 0, 5, 0xF0000000u);
    for (unsigned i = 0; i < 32; i++) {
        row[i] = (uint8_t)(0x40 + i);
    }
    testing_hex(
        want, sizeof want,
        "32a0276b08b363e5a31fbdde6b794dbea004187055af6ee935f61972fce3ec42");
    rig_command(rig, FB_LOADER_FLASH_BEGIN, begin, 5);
    rig_data(rig, FB_LOADER_FLASH_DATA, 0, row, sizeof row);
    status_is(rig, FB_LOADER_FLASH_DATA, 0);
    assert_memory_equal(rig->flash + 0x10000, want, 32);
    // The older way: a command of its own.
    rig_command(rig, FB_LOADER_FLASH_BEGIN, plain, 5);
    rig_data(rig, FB_LOADER_FLASH_ENCRYPT_DATA, 0, row, sizeof row);
    status_is(rig, FB_LOADER_FLASH_ENCRYPT_DATA, 0);
    assert_memory_equal(rig->flash + 0x10000, want, 32);
    rig_command(rig, FB_LOADER_FLASH_BEGIN, plain, 5);
    rig_data(rig, FB_LOADER_FLASH_DATA, 0, row, sizeof row);
    assert_memory_equal(rig->flash + 0x10000, row, 32);
    // Compressed and encrypted.
    uint8_t packed[64];
    uLongf packed_n = sizeof packed;
    assert_int_equal(compress(packed, &packed_n, row, sizeof row), Z_OK);
    rig_command(rig, FB_LOADER_FLASH_DEFL_BEGIN, begin, 5);
    rig_data(rig, FB_LOADER_FLASH_DEFL_DATA, 0, packed, packed_n);
    status_is(rig, FB_LOADER_FLASH_DEFL_DATA, 0);
    assert_memory_equal(rig->flash + 0x10000, want, 32);
    // Fused off: what arrives is written as it is.
    rig_burn(rig, 0, 6, 1u << 7);
    rig_command(rig, FB_LOADER_FLASH_BEGIN, begin, 5);
    rig_data(rig, FB_LOADER_FLASH_DATA, 0, row, sizeof row);
    assert_memory_equal(rig->flash + 0x10000, row, 32);
    rig_free(rig);
}

static void streams_flash(void **state)
{
    const uint32_t read[] = {0x1000, 40, 16, 2};
    struct rig *rig = with_stub(CHIP_STRAP_DOWNLOAD);
    uint8_t ack[4];

    (void)state;
    for (unsigned i = 0; i < 40; i++) {
        rig->flash[0x1000 + i] = (uint8_t)(i + 0x20);
    }
    rig_command(rig, FB_LOADER_READ_FLASH, read, 4);
    // Two packets may be on the way.
    rig_answered(rig, "c0 01 d2 02 00 00000000 00 00 c0"
                      "c0 202122232425262728292a2b2c2d2e2f c0"
                      "c0 303132333435363738393a3b3c3d3e3f c0");
    store32_le(ack, 16);
    rig_send(rig, ack, 4);
    rig_answered(rig, "c0 4041424344454647 c0");
    store32_le(ack, 32);
    rig_send(rig, ack, 4);
    assert_int_equal(rig->console_n, 0);
    store32_le(ack, 40);
    rig_send(rig, ack, 4);
    // md5sum of the 40 bytes 20..47.
    rig_answered(rig, "c0 a9f34f6a6d54b532eca00807bed75550 c0");
    rig_free(rig);
}

static void erases(void **state)
{
    const uint32_t region[] = {0x2000, 0x1000}, odd[] = {0x2001, 0x1000};
    const uint32_t md5[] = {0, 0, 0, 0};
    struct rig *rig = with_stub(CHIP_STRAP_DOWNLOAD);

    (void)state;
    memset(rig->flash, 0, RIG_FLASH);
    rig_command(rig, FB_LOADER_ERASE_REGION, odd, 2);
    status_is(rig, FB_LOADER_ERASE_REGION, 0xC4);
    rig_command(rig, FB_LOADER_ERASE_REGION, region, 2);
    status_is(rig, FB_LOADER_ERASE_REGION, 0);
    assert_true(fb_bytes_all(rig->flash + 0x2000, 0x1000, 0xFF));
    assert_int_equal(rig->flash[0x1FFF] | rig->flash[0x3000], 0);
    rig_command(rig, FB_LOADER_ERASE_FLASH, NULL, 0);
    status_is(rig, FB_LOADER_ERASE_FLASH, 0);
    assert_true(fb_bytes_all(rig->flash, RIG_FLASH, 0xFF));
    // MD5 of nothing (RFC 1321), raw.
    rig_command(rig, FB_LOADER_SPI_FLASH_MD5, md5, 4);
    rig_answered(rig, "c0 01 13 12 00 00000000"
                      "d41d8cd98f00b204e9800998ecf8427e 00 00 c0");
    rig_free(rig);
}

static void leaves(void **state)
{
    struct rig *rig = with_stub(CHIP_STRAP_DOWNLOAD);

    (void)state;
    rig_command(rig, FB_LOADER_RUN_USER_CODE, NULL, 0);
    assert_non_null(
        memmem(rig->console, rig->console_n, "rst:0x3 (SW_RESET)", 18));
    rig_free(rig);
}

// It answers what is no matter of the flash, and the rest never.
static void waits_for_a_flash_that_does_not_answer(void **state)
{
    struct rig *rig = with_stub(CHIP_STRAP_DOWNLOAD | CHIP_STRAP_MTDI);
    const uint32_t magic[] = {0x40001000}, md5[] = {0, 32, 0, 0};

    (void)state;
    rig_command(rig, FB_LOADER_READ_REG, magic, 1);
    status_is(rig, FB_LOADER_READ_REG, 0);
    rig_command(rig, FB_LOADER_SPI_FLASH_MD5, md5, 4);
    assert_int_equal(rig->console_n, 0);
    rig_command(rig, FB_LOADER_READ_REG, magic, 1);
    assert_int_equal(rig->console_n, 0);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_like_a_stub),
        cmocka_unit_test(writes_exactly_what_was_announced),
        cmocka_unit_test(encrypts_on_request),
        cmocka_unit_test(streams_flash),
        cmocka_unit_test(erases),
        cmocka_unit_test(leaves),
        cmocka_unit_test(waits_for_a_flash_that_does_not_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
