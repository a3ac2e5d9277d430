// SPDX-License-Identifier: Apache-2.0
//
// The flasher stub itself, as esptool carries it, on the virtual chip: uploaded
// through the ROM's loader, then spoken to byte by byte. Skipped where the
// build has no cross compiler and so no stub.

#define _DEFAULT_SOURCE // for testing.h

#include <zlib.h>

#include "chip/testing.h"
#include "host/stub.h"
#include "lib/fb/crypto.h"
#include "lib/fb/flash_encryption.h"

#define SECTOR 0x1000u
#define BLOCK  FB_LOADER_STUB_BLOCK
#define DATA   200000u

enum {
    OK = 0,
    LENGTH = FB_LOADER_E_STUB_DATA_LENGTH,
    CHECKSUM = FB_LOADER_E_STUB_CHECKSUM,
    BLOCK_SIZE = FB_LOADER_E_STUB_BLOCK_SIZE,
    COMMAND = FB_LOADER_E_STUB_COMMAND,
    SPI = FB_LOADER_E_STUB_SPI,
    UNLOCK = FB_LOADER_E_STUB_UNLOCK,
    NOT_FLASHING = FB_LOADER_E_STUB_NOT_FLASHING,
    INFLATE = FB_LOADER_E_STUB_INFLATE,
    TOO_LITTLE = FB_LOADER_E_STUB_TOO_LITTLE,
    TOO_MUCH = FB_LOADER_E_STUB_TOO_MUCH,
};

static uint8_t data[DATA];
static const uint8_t flash_key[32] = {1, 2, 3, 0xC0, 0xDB};

// --- the host's end ---

// Frames of the console; *at moves on.
static size_t next_frame(struct rig *rig, size_t *at, uint8_t *out, size_t cap)
{
    struct fb_slip_rx rx;

    fb_slip_rx_init(&rx, out, cap);
    while (*at < rig->console_n) {
        size_t used;
        enum fb_slip_event event =
            fb_slip_rx_push(&rx, (const uint8_t *)rig->console + *at,
                            rig->console_n - *at, &used);

        *at += used;
        if (event == FB_SLIP_FRAME) {
            return rx.len;
        }
    }
    return 0;
}

// The one answer to op: its status, value and n bytes of data.
static uint8_t answer(struct rig *rig, uint8_t op, uint32_t *value,
                      uint8_t *result, size_t n)
{
    uint8_t frame[256];
    size_t at = 0;
    size_t len = next_frame(rig, &at, frame, sizeof(frame));
    struct fb_loader_response r;

    if (fb_loader_response_parse(frame, len, &r) != FB_OK || r.op != op) {
        fail_msg("no answer to 0x%02x", op);
    }
    assert_int_equal(at, rig->console_n);
    assert_int_equal(r.data[r.len - 1], 0);
    if (value != NULL) {
        *value = r.value;
    }
    if (r.data[r.len - 2] == OK) {
        assert_int_equal(r.len, n + FB_LOADER_STATUS_STUB);
        if (n > 0) {
            memcpy(result, r.data, n);
        }
    }
    return r.data[r.len - 2];
}

static uint8_t command(struct rig *rig, enum fb_loader_op op, size_t count,
                       const uint32_t *words)
{
    rig_command(rig, op, words, count);
    return answer(rig, (uint8_t)op, NULL, NULL, 0);
}

#define ASK(rig, op, ...)                                                      \
    command(rig, FB_LOADER_##op,                                               \
            sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t),              \
            (uint32_t[]){__VA_ARGS__})

static uint8_t block(struct rig *rig, enum fb_loader_op op, uint32_t sequence,
                     const uint8_t *p, size_t n)
{
    rig_data(rig, op, sequence, p, n);
    return answer(rig, (uint8_t)op, NULL, NULL, 0);
}

static void upload(struct rig *rig, uint32_t vaddr, const uint8_t *p, size_t n)
{
    const uint32_t begin[] = {(uint32_t)n, 0, FB_LOADER_MEM_BLOCK, vaddr};

    rig_command(rig, FB_LOADER_MEM_BEGIN, begin, 4);
    rig_status(rig, FB_LOADER_MEM_BEGIN, 0);
    for (uint32_t i = 0; n > 0; i++) {
        size_t part = n < FB_LOADER_MEM_BLOCK ? n : FB_LOADER_MEM_BLOCK;

        rig_data(rig, FB_LOADER_MEM_DATA, i, p, part);
        rig_status(rig, FB_LOADER_MEM_DATA, 0);
        p += part;
        n -= part;
    }
}

static struct rig *new_rig(void)
{
    struct rig *rig = rig_new(3, CHIP_STRAP_DOWNLOAD);
    struct fb_efuse_words fuses = *chip_efuses(rig->chip);
    uint32_t x = 1;

    for (unsigned i = 0; i < 32; i++) {
        fuses.word[1][i / 4] |= (uint32_t)flash_key[31 - i] << i % 4 * 8;
    }
    fuses.word[0][5] |= 0xFu << 28; // FLASH_CRYPT_CONFIG
    chip_set_efuses(rig->chip, &fuses);
    for (size_t i = 0; i < DATA; i++) {
        x = x * 1664525 + 1013904223;
        data[i] = i / 5000 % 2 ? (uint8_t)(x >> 24) : (uint8_t)(x >> 30);
    }
    return rig;
}

static void start_stub(struct rig *rig)
{
    const uint32_t end[] = {0, host_stub->entry};
    uint8_t frame[64];
    size_t at = 0;

    rig_on(rig);
    rig_sync(rig);
    upload(rig, host_stub->text_vaddr, host_stub->text, host_stub->text_len);
    upload(rig, host_stub->data_vaddr, host_stub->data, host_stub->data_len);
    rig_command(rig, FB_LOADER_MEM_END, end, 2);
    assert_int_equal(next_frame(rig, &at, frame, 64), 12);
    assert_int_equal(next_frame(rig, &at, frame, 64), 4);
    assert_memory_equal(frame, "OHAI", 4);
    assert_int_equal(at, rig->console_n);
}

static struct rig *begin_test(void)
{
    struct rig *rig;

    if (host_stub == NULL) {
        print_message("skipped: no stub in this build\n");
        skip();
    }
    rig = new_rig();
    start_stub(rig);
    return rig;
}

static void end_test(struct rig *rig)
{
    if (rig->unmodelled != 0) {
        fail_msg("not modelled: 0x%08x at 0x%08x", rig->unmodelled_vaddr,
                 rig->unmodelled_pc);
    }
    assert_false(rig->chip->rom.active); // still the stub
    rig_free(rig);
}

static size_t deflated(uint8_t *out, size_t cap, const uint8_t *p, size_t n)
{
    uLongf len = cap;

    assert_int_equal(compress2(out, &len, p, n, 9), Z_OK);
    return len;
}

static void holds(struct rig *rig, uint32_t flash_off, const uint8_t *p,
                  size_t n)
{
    assert_memory_equal(rig->flash + flash_off, p, n);
}

static void blank(struct rig *rig, uint32_t flash_off, size_t n)
{
    assert_true(fb_bytes_all(rig->flash + flash_off, n, 0xFF));
}

// --- tests ---

static void test_sync(void **state)
{
    struct rig *rig;
    uint8_t packet[64], frame[64];
    size_t n = fb_loader_request_sync(packet, sizeof(packet));
    size_t at = 0;
    unsigned answers = 0;

    (void)state;
    rig = begin_test();
    rig_send(rig, packet, n);
    while (next_frame(rig, &at, frame, sizeof(frame)) == 10) {
        static const uint8_t want[] = {1, 8, 2, 0, 0, 0, 0, 0, 0, 0};

        assert_memory_equal(frame, want, 10);
        answers++;
    }
    assert_int_equal(answers, 8);
    end_test(rig);
}

static void test_registers(void **state)
{
    struct rig *rig = begin_test();
    uint32_t value = 0;

    (void)state;
    rig_command(rig, FB_LOADER_READ_REG, (uint32_t[]){0x40001000}, 1);
    assert_int_equal(answer(rig, 0x0A, &value, NULL, 0), OK);
    assert_int_equal(value, FB_LOADER_CHIP_MAGIC);
    // two groups; the second one changes some bits only
    assert_int_equal(ASK(rig, WRITE_REG, 0x3FFB0000, 0x11223344, ~0u, 0,
                         0x3FFB0000, 0xFFFFFFFF, 0x00F0000F, 20),
                     OK);
    assert_int_equal(rig_get(rig, 0x3FFB0000), 0x11F2334F);
    assert_int_equal(ASK(rig, READ_REG, 0x3FFB0001), LENGTH);
    assert_int_equal(ASK(rig, READ_REG, 0x3FFB0000, 1), LENGTH);
    assert_int_equal(ASK(rig, WRITE_REG, 0x3FFB0000, 1, 2), LENGTH);
    assert_int_equal(ASK(rig, WRITE_REG, 0x3FFB0002, 1, ~0u, 0), LENGTH);
    assert_int_equal(rig_get(rig, 0x3FFB0000), 0x11F2334F);
    end_test(rig);
}

// Nobody answers there: an exception, and the stub is there again.
static void test_survives_exceptions(void **state)
{
    struct rig *rig = begin_test();

    (void)state;
    rig_command(rig, FB_LOADER_READ_REG, (uint32_t[]){0x20000000}, 1);
    rig_answered(rig, "c0 4f484149 c0");
    assert_int_equal(ASK(rig, SPI_ATTACH, 0), OK);
    rig->unmodelled = 0;
    end_test(rig);
}

static void test_memory(void **state)
{
    struct rig *rig = begin_test();
    uint8_t code[64] = {0};

    (void)state;
    testing_hex(code, sizeof(code), RIG_PROGRAM);
    // not onto itself
    assert_int_equal(ASK(rig, MEM_BEGIN, 8, 1, 0x1800, host_stub->entry & ~3u),
                     LENGTH);
    assert_int_equal(ASK(rig, MEM_BEGIN, 0x100000, 1, 0x1800, 0x3FFA0000),
                     LENGTH);
    assert_int_equal(block(rig, FB_LOADER_MEM_DATA, 0, code, 32), NOT_FLASHING);
    assert_int_equal(ASK(rig, MEM_BEGIN, 64, 2, 32, RIG_PROGRAM_VADDR), OK);
    assert_int_equal(block(rig, FB_LOADER_MEM_DATA, 0, code, 32), OK);
    assert_int_equal(block(rig, FB_LOADER_MEM_DATA, 1, code + 32, 30), LENGTH);
    assert_int_equal(ASK(rig, MEM_BEGIN, 64, 2, 32, RIG_PROGRAM_VADDR), OK);
    assert_int_equal(block(rig, FB_LOADER_MEM_DATA, 0, code, 32), OK);
    assert_int_equal(block(rig, FB_LOADER_MEM_DATA, 1, code + 32, 32), OK);
    assert_int_equal(ASK(rig, MEM_END, 1, 0), OK); // stay
    rig_command(rig, FB_LOADER_MEM_END, (uint32_t[]){0, RIG_PROGRAM_ENTRY}, 2);
    rig_answered(rig, "c0 01 06 0200 00000000 0000 c0 48 69 0a");
    rig_free(rig);
}

static void test_flash_write(void **state)
{
    struct rig *rig = begin_test();
    const uint32_t at = 0x1F000;
    uint8_t last[BLOCK];
    uint32_t i;

    (void)state;
    memset(rig->flash, 0, RIG_FLASH);
    // what would not fit, or cannot be
    assert_int_equal(ASK(rig, FLASH_BEGIN, 1, 1, BLOCK, RIG_FLASH), SPI);
    assert_int_equal(
        ASK(rig, FLASH_BEGIN, SECTOR + 1, 1, BLOCK, RIG_FLASH - SECTOR), SPI);
    assert_int_equal(ASK(rig, FLASH_BEGIN, ~0u, 1, BLOCK, SECTOR), SPI);
    assert_int_equal(ASK(rig, FLASH_BEGIN, 1, 1, BLOCK + 1, 0), BLOCK_SIZE);
    assert_int_equal(ASK(rig, FLASH_BEGIN, 1, 1, BLOCK), LENGTH);
    assert_int_equal(block(rig, FB_LOADER_FLASH_DATA, 0, data, BLOCK),
                     NOT_FLASHING);
    assert_int_equal(ASK(rig, FLASH_END, 1), NOT_FLASHING);
    assert_true(fb_bytes_all(rig->flash, RIG_FLASH, 0));

    assert_int_equal(ASK(rig, FLASH_BEGIN, DATA, 13, BLOCK, at), OK);
    for (i = 0; i < DATA / BLOCK; i++) {
        assert_int_equal(
            block(rig, FB_LOADER_FLASH_DATA, i, data + i * BLOCK, BLOCK), OK);
    }
    assert_int_equal(ASK(rig, FLASH_END, 1), TOO_LITTLE);

    assert_int_equal(ASK(rig, FLASH_BEGIN, DATA, 13, BLOCK, at), OK);
    for (i = 0; i < DATA / BLOCK; i++) {
        assert_int_equal(
            block(rig, FB_LOADER_FLASH_DATA, i, data + i * BLOCK, BLOCK), OK);
    }
    memset(last, 0, sizeof(last)); // padding is not written
    memcpy(last, data + i * BLOCK, DATA % BLOCK);
    assert_int_equal(block(rig, FB_LOADER_FLASH_DATA, i, last, BLOCK), OK);
    assert_int_equal(ASK(rig, FLASH_END, 1), OK);
    holds(rig, at, data, DATA);
    blank(rig, at + DATA, SECTOR - (at + DATA) % SECTOR);
    // and not a sector more
    assert_true(fb_bytes_all(rig->flash, at, 0));
    assert_true(fb_bytes_all(rig->flash + align_up32(at + DATA, SECTOR),
                             RIG_FLASH - align_up32(at + DATA, SECTOR), 0));
    end_test(rig);
}

// Damaged, lost, repeated: the host says it again, and all is as it should be.
static void test_bad_line(void **state)
{
    struct rig *rig = begin_test();
    static uint8_t packet[FB_LOADER_REQUEST_MAX],
        frame[2 * FB_LOADER_REQUEST_MAX + 2];
    size_t n, len;

    (void)state;
    assert_int_equal(ASK(rig, FLASH_BEGIN, 3 * SECTOR, 3, SECTOR, 0), OK);
    assert_int_equal(block(rig, FB_LOADER_FLASH_DATA, 0, data, SECTOR), OK);
    // a bit flips
    n = fb_loader_request_data(packet, sizeof(packet), FB_LOADER_FLASH_DATA, 1,
                               data + SECTOR, SECTOR);
    packet[1000] ^= 4;
    rig_send(rig, packet, n);
    assert_int_equal(answer(rig, 3, NULL, NULL, 0), CHECKSUM);
    packet[1000] ^= 4;
    // bytes are lost: any one of them
    len = fb_slip_encode(frame, sizeof(frame), packet, n);
    for (size_t lost = 0; lost < len; lost += lost < 40 ? 1 : 997) {
        rig->console_n = 0;
        for (size_t i = 0; i < len; i++) {
            if (i != lost) {
                chip_uart_rx(rig->chip, 0, frame + i, 1);
            }
            if (i % 64 == 0 || i + 1 == len) {
                while (chip_run(rig->chip, 100000) == CHIP_RAN) {
                }
            }
        }
    }
    // noise between frames, empty frames, half a frame, a bad escape
    rig->console_n = 0;
    chip_uart_rx(rig->chip, 0, (const uint8_t *)"\xC0\xC0zzz\xDBz\xC0\xC0\x00",
                 10);
    assert_int_equal(block(rig, FB_LOADER_FLASH_DATA, 1, data + SECTOR, SECTOR),
                     OK);
    assert_int_equal(block(rig, FB_LOADER_FLASH_DATA, 1, data + SECTOR, SECTOR),
                     OK); // once more
    assert_int_equal(block(rig, FB_LOADER_FLASH_DATA, 3, data + SECTOR, SECTOR),
                     LENGTH);
    assert_int_equal(
        block(rig, FB_LOADER_FLASH_DATA, 2, data + 2 * SECTOR, SECTOR), OK);
    assert_int_equal(ASK(rig, FLASH_END, 1), OK);
    holds(rig, 0, data, 3 * SECTOR);
    // no such command; much too long a frame
    assert_int_equal(ASK(rig, GET_SECURITY_INFO, 0), COMMAND);
    assert_int_equal(ASK(rig, READ_FLASH_SLOW, 0, 64), COMMAND);
    memset(frame, 'x', sizeof(frame));
    frame[0] = 0xC0;
    for (size_t i = 0; i < sizeof(frame); i += 64) {
        size_t some = sizeof(frame) - i < 64 ? sizeof(frame) - i : 64;
        chip_uart_rx(rig->chip, 0, frame + i, some);
        while (chip_run(rig->chip, 100000) == CHIP_RAN) {
        }
    }
    chip_uart_rx(rig->chip, 0, frame, 1);
    assert_int_equal(
        ASK(rig, SPI_SET_PARAMS, 0, RIG_FLASH, 0x10000, 0x1000, 0x100, 0xFFFF),
        OK);
    end_test(rig);
}

static void send_deflated(struct rig *rig, const uint8_t *z, size_t n,
                          size_t part)
{
    for (uint32_t i = 0; i * part < n; i++) {
        size_t len = n - i * part < part ? n - i * part : part;

        assert_int_equal(
            block(rig, FB_LOADER_FLASH_DEFL_DATA, i, z + i * part, len), OK);
    }
}

static void test_deflate(void **state)
{
    static uint8_t z[2 * DATA];
    struct rig *rig = begin_test();
    size_t n = deflated(z, sizeof(z), data, DATA);
    const uint32_t at = 0x10000;

    (void)state;
    memset(rig->flash, 0, RIG_FLASH);
    for (size_t part = BLOCK; part > 0; part = part == BLOCK ? 777 : 0) {
        memset(rig->flash, 0, RIG_FLASH);
        assert_int_equal(ASK(rig, FLASH_DEFL_BEGIN, DATA, 1, BLOCK, at), OK);
        send_deflated(rig, z, n, part);
        assert_int_equal(ASK(rig, FLASH_DEFL_END, 1), OK);
        holds(rig, at, data, DATA);
        blank(rig, at + DATA, SECTOR - (at + DATA) % SECTOR);
    }
    // more than was announced: said at the end, nothing written behind
    assert_int_equal(ASK(rig, FLASH_DEFL_BEGIN, SECTOR, 1, BLOCK, 0), OK);
    assert_int_equal(block(rig, FB_LOADER_FLASH_DEFL_DATA, 0, z, BLOCK), OK);
    assert_int_equal(ASK(rig, FLASH_DEFL_END, 1), TOO_MUCH);
    assert_true(fb_bytes_all(rig->flash + SECTOR, at - SECTOR, 0));
    // less; and cut short
    n = deflated(z, sizeof(z), data, 5000);
    assert_int_equal(ASK(rig, FLASH_DEFL_BEGIN, 5001, 1, BLOCK, 0), OK);
    assert_int_equal(block(rig, FB_LOADER_FLASH_DEFL_DATA, 0, z, n), OK);
    assert_int_equal(ASK(rig, FLASH_DEFL_END, 1), TOO_LITTLE);
    assert_int_equal(ASK(rig, FLASH_DEFL_BEGIN, 5000, 1, BLOCK, 0), OK);
    assert_int_equal(block(rig, FB_LOADER_FLASH_DEFL_DATA, 0, z, n - 1), OK);
    assert_int_equal(ASK(rig, FLASH_DEFL_END, 1), TOO_LITTLE);
    // behind the end
    assert_int_equal(ASK(rig, FLASH_DEFL_BEGIN, 5000, 1, BLOCK, 0), OK);
    assert_int_equal(block(rig, FB_LOADER_FLASH_DEFL_DATA, 0, z, n), OK);
    assert_int_equal(block(rig, FB_LOADER_FLASH_DEFL_DATA, 1, z, 4), TOO_MUCH);
    // damaged: the next answer says so, and all that follow
    z[n / 2] ^= 0x10;
    assert_int_equal(ASK(rig, FLASH_DEFL_BEGIN, 5000, 1, BLOCK, 0), OK);
    assert_int_equal(block(rig, FB_LOADER_FLASH_DEFL_DATA, 0, z, n), OK);
    assert_int_equal(block(rig, FB_LOADER_FLASH_DEFL_DATA, 1, z, n), INFLATE);
    assert_int_equal(ASK(rig, FLASH_DEFL_END, 1), INFLATE);
    // no stream at all; data of the other kind
    assert_int_equal(ASK(rig, FLASH_DEFL_BEGIN, 5000, 1, BLOCK, 0), OK);
    assert_int_equal(block(rig, FB_LOADER_FLASH_DEFL_DATA, 0, data, 99), OK);
    assert_int_equal(ASK(rig, FLASH_DEFL_END, 1), INFLATE);
    assert_int_equal(ASK(rig, FLASH_DEFL_BEGIN, 5000, 1, BLOCK, 0), OK);
    assert_int_equal(block(rig, FB_LOADER_FLASH_DATA, 0, data, 32),
                     NOT_FLASHING);
    end_test(rig);
}

// The line is dropped in the middle and somebody starts over.
static void test_starts_over(void **state)
{
    static uint8_t z[2 * DATA];
    struct rig *rig = begin_test();
    size_t n = deflated(z, sizeof(z), data, DATA);
    uint8_t packet[64];

    (void)state;
    for (unsigned cut = 0; cut < 3; cut++) {
        assert_int_equal(ASK(rig, FLASH_DEFL_BEGIN, DATA, 1, BLOCK, 0), OK);
        for (uint32_t i = 0; i < cut; i++) {
            assert_int_equal(
                block(rig, FB_LOADER_FLASH_DEFL_DATA, i, z + i * BLOCK, BLOCK),
                OK);
        }
        // half of a block, then SYNC
        chip_uart_rx(rig->chip, 0, (const uint8_t *)"\xC0\0\x11\x10\x40", 5);
        while (chip_run(rig->chip, 100000) == CHIP_RAN) {
        }
        rig_send(rig, packet, fb_loader_request_sync(packet, sizeof(packet)));
        assert_int_equal(rig->console_n, 8 * 12);
    }
    assert_int_equal(ASK(rig, FLASH_DEFL_BEGIN, DATA, 1, BLOCK, 0), OK);
    send_deflated(rig, z, n, BLOCK);
    assert_int_equal(ASK(rig, FLASH_DEFL_END, 1), OK);
    holds(rig, 0, data, DATA);
    // the same with a READ_FLASH that nobody acknowledges
    rig_command(rig, FB_LOADER_READ_FLASH, (uint32_t[]){0, DATA, SECTOR, 1}, 4);
    rig_send(rig, packet, fb_loader_request_sync(packet, sizeof(packet)));
    assert_int_equal(rig->console_n, 8 * 12);
    end_test(rig);
}

// What goes through the chip's encryptor is what lib computes.
static void test_encrypted(void **state)
{
    static uint8_t z[2 * DATA], want[DATA];
    struct rig *rig = begin_test();
    struct fb_flash_encryption_key key;
    const uint32_t size = 3 * BLOCK + 64, at = 0x12000;
    size_t n;

    (void)state;
    fb_flash_encryption_key_init(&key, flash_key, sizeof(flash_key), 0xF);
    assert_int_equal(fb_flash_encrypt(&key, at, data, want, size), FB_OK);
    for (unsigned how = 0; how < 3; how++) {
        enum fb_loader_op op =
            how == 0 ? FB_LOADER_FLASH_ENCRYPT_DATA : FB_LOADER_FLASH_DATA;

        memset(rig->flash, 0, RIG_FLASH);
        if (how < 2) { // 0xD4, or the fifth word
            assert_int_equal(ASK(rig, FLASH_BEGIN, size, 4, BLOCK, at, how),
                             OK);
            for (uint32_t i = 0; i * BLOCK < size; i++) {
                assert_int_equal(block(rig, op, i, data + i * BLOCK, BLOCK),
                                 OK);
            }
            assert_int_equal(ASK(rig, FLASH_END, 1), OK);
        } else {
            n = deflated(z, sizeof(z), data, size);
            assert_int_equal(ASK(rig, FLASH_DEFL_BEGIN, size, 1, BLOCK, at, 1),
                             OK);
            send_deflated(rig, z, n, BLOCK);
            assert_int_equal(ASK(rig, FLASH_DEFL_END, 1), OK);
        }
        holds(rig, at, want, size);
    }
    // not in rows
    assert_int_equal(ASK(rig, FLASH_BEGIN, 40, 1, BLOCK, 0, 1), OK);
    assert_int_equal(block(rig, FB_LOADER_FLASH_DATA, 0, data, BLOCK), OK);
    assert_int_equal(ASK(rig, FLASH_END, 1), SPI);
    end_test(rig);
}

static void test_erase(void **state)
{
    struct rig *rig = begin_test();
    unsigned before;

    (void)state;
    memset(rig->flash, 0, RIG_FLASH);
    assert_int_equal(ASK(rig, ERASE_REGION, 0x800, SECTOR), SPI);
    assert_int_equal(ASK(rig, ERASE_REGION, SECTOR, 100), SPI);
    assert_int_equal(ASK(rig, ERASE_REGION, 0, RIG_FLASH + SECTOR), SPI);
    assert_true(fb_bytes_all(rig->flash, RIG_FLASH, 0));
    before = rig->operations;
    assert_int_equal(ASK(rig, ERASE_REGION, 0xF000, 0x22000), OK);
    blank(rig, 0xF000, 0x22000);
    assert_int_equal(rig->flash[0xEFFF] | rig->flash[0x31000], 0);
    assert_int_equal(rig->operations - before, 4); // two blocks, two sectors
    assert_int_equal(ASK(rig, ERASE_REGION, 0, 0), OK);
    rig_command(rig, FB_LOADER_ERASE_FLASH, NULL, 0);
    assert_int_equal(answer(rig, 0xD0, NULL, NULL, 0), OK);
    blank(rig, 0, RIG_FLASH);
    end_test(rig);
}

static void test_md5(void **state)
{
    struct rig *rig = begin_test();
    static const uint32_t ranges[][2] = {
        {0, 0}, {5, 1}, {4095, 2}, {100, 70000}, {RIG_FLASH - 3, 3}};
    uint8_t got[16], want[16];

    (void)state;
    memcpy(rig->flash + 10, data, DATA);
    for (unsigned i = 0; i < 5; i++) {
        rig_command(rig, FB_LOADER_SPI_FLASH_MD5,
                    (const uint32_t[]){ranges[i][0], ranges[i][1], 0, 0}, 4);
        assert_int_equal(answer(rig, 0x13, NULL, got, 16), OK);
        fb_md5(rig->flash + ranges[i][0], ranges[i][1], want);
        assert_memory_equal(got, want, 16);
    }
    assert_int_equal(ASK(rig, SPI_FLASH_MD5, RIG_FLASH - 3, 4, 0, 0), SPI);
    end_test(rig);
}

// Frames that have arrived, acknowledged as `ack` says; returns bytes of data.
static void read_back(struct rig *rig, uint32_t from, uint32_t size,
                      uint32_t frame_size, uint32_t in_flight)
{
    uint8_t frame[SECTOR], ack[4], want[16];
    size_t at = 0, n;
    uint32_t done = 0;

    rig_command(rig, FB_LOADER_READ_FLASH,
                (const uint32_t[]){from, size, frame_size, in_flight}, 4);
    assert_int_equal(next_frame(rig, &at, frame, sizeof(frame)), 10);
    assert_int_equal(frame[8], OK);
    while (done < size) {
        uint32_t ahead = 0;

        while ((n = next_frame(rig, &at, frame, sizeof(frame))) > 0) {
            uint32_t left = size - done;

            assert_int_equal(n, left < frame_size ? left : frame_size);
            assert_memory_equal(frame, rig->flash + from + done, n);
            done += (uint32_t)n;
            ahead++;
            if (done == size) {
                break;
            }
        }
        assert_true(ahead > 0 && ahead <= (in_flight ? in_flight : 1));
        store32_le(ack, done);
        rig_send(rig, ack, sizeof(ack));
        at = 0;
    }
    assert_int_equal(next_frame(rig, &at, frame, sizeof(frame)), 16);
    fb_md5(rig->flash + from, size, want);
    assert_memory_equal(frame, want, 16);
    assert_int_equal(at, rig->console_n);
}

static void test_read(void **state)
{
    struct rig *rig = begin_test();
    uint8_t ack[4];

    (void)state;
    memcpy(rig->flash + 77, data, DATA);
    read_back(rig, 77, 40000, SECTOR, 4);
    read_back(rig, 1, 1000, 64, 1);
    read_back(rig, 300, 5000, 999, 0);
    read_back(rig, RIG_FLASH - 1, 1, SECTOR, 64);
    assert_int_equal(ASK(rig, READ_FLASH, 0, SECTOR, 0, 1), SPI);
    assert_int_equal(ASK(rig, READ_FLASH, 0, SECTOR, SECTOR + 1, 1), SPI);
    assert_int_equal(ASK(rig, READ_FLASH, 1, RIG_FLASH, SECTOR, 1), SPI);
    assert_int_equal(ASK(rig, READ_FLASH, 0, 1, 1), LENGTH);
    // more acknowledged than sent: it stops
    rig_command(rig, FB_LOADER_READ_FLASH, (uint32_t[]){0, 4096, 64, 2}, 4);
    store32_le(ack, 4096);
    rig_send(rig, ack, sizeof(ack));
    assert_int_equal(rig->console_n, 0);
    assert_int_equal(ASK(rig, SPI_ATTACH, 0, 0), OK);
    end_test(rig);
}

static void test_blank_sectors(void **state)
{
    const uint32_t sectors = RIG_FLASH / SECTOR;
    struct rig *rig = begin_test();
    uint8_t map[RIG_FLASH / SECTOR / 8];

    (void)state;
    memset(rig->flash, 0xFF, RIG_FLASH);
    // a bit in the first byte, in the middle, in the last byte
    rig->flash[0] = 0x7F;
    rig->flash[3 * SECTOR + 2049] = 0xFE;
    rig->flash[RIG_FLASH - 1] = 0;
    rig_command(rig, FB_LOADER_BLANK_SECTORS, (uint32_t[]){0, sectors}, 2);
    assert_int_equal(answer(rig, 0xE0, NULL, map, sizeof(map)), OK);
    for (uint32_t i = 0; i < sectors; i++) {
        bool used = i == 0 || i == 3 || i == sectors - 1;

        assert_int_equal(map[i / 8] >> i % 8 & 1, !used);
    }
    rig_command(rig, FB_LOADER_BLANK_SECTORS, (uint32_t[]){2 * SECTOR, 3}, 2);
    assert_int_equal(answer(rig, 0xE0, NULL, map, 1), OK);
    assert_int_equal(map[0], 5);
    assert_int_equal(ASK(rig, BLANK_SECTORS, 0, 0), OK);
    assert_int_equal(ASK(rig, BLANK_SECTORS, 1, 1), SPI);
    assert_int_equal(ASK(rig, BLANK_SECTORS, 0, 1025), SPI);
    assert_int_equal(ASK(rig, BLANK_SECTORS, SECTOR, sectors), SPI);
    assert_int_equal(ASK(rig, BLANK_SECTORS, 0), LENGTH);
    end_test(rig);
}

static void test_baud(void **state)
{
    struct rig *rig = begin_test();

    (void)state;
    assert_int_equal(ASK(rig, CHANGE_BAUDRATE, 921600, 115200), OK);
    assert_in_range(rig->baud, 921600 * 99 / 100, 921600 * 101 / 100);
    assert_int_equal(ASK(rig, CHANGE_BAUDRATE, 230400, 921600), OK);
    assert_in_range(rig->baud, 230400 * 99 / 100, 230400 * 101 / 100);
    assert_int_equal(ASK(rig, CHANGE_BAUDRATE, 0, 230400), LENGTH);
    assert_int_equal(ASK(rig, CHANGE_BAUDRATE, 115200, 0), LENGTH);
    assert_int_equal(ASK(rig, SPI_ATTACH, 0), OK); // interrupts live
    end_test(rig);
}

// Back to the ROM's loader, or into the application.
static void test_leaves(void **state)
{
    struct rig *rig = begin_test();
    uint8_t image[256];

    (void)state;
    memcpy(rig->flash + 0x1000, image, rig_image(image, false));
    assert_int_equal(ASK(rig, FLASH_BEGIN, 0, 0, BLOCK, 0), OK);
    rig_command(rig, FB_LOADER_FLASH_END, (uint32_t[]){0}, 1);
    rig_run_ms(rig, 100);
    assert_true(chip_in_download_mode(rig->chip));
    start_stub(rig);
    chip_set_strap(rig->chip, CHIP_STRAP_FLASH_BOOT);
    rig_command(rig, FB_LOADER_RUN_USER_CODE, NULL, 0);
    rig_run_ms(rig, 300);
    assert_non_null(strstr(rig->console, "Hi\n"));
    rig_free(rig);
}

// Bytes that come while the flash is busy are not lost: two blocks at once.
static void test_overlap(void **state)
{
    struct rig *rig = begin_test();
    static uint8_t packet[FB_LOADER_REQUEST_MAX],
        line[4 * FB_LOADER_REQUEST_MAX + 4];
    uint8_t frame[64];
    size_t n = 0, at = 0;

    (void)state;
    memset(rig->flash, 0, RIG_FLASH);
    assert_int_equal(ASK(rig, FLASH_BEGIN, 2 * BLOCK, 2, BLOCK, 0), OK);
    for (uint32_t i = 0; i < 2; i++) {
        size_t len =
            fb_loader_request_data(packet, sizeof(packet), FB_LOADER_FLASH_DATA,
                                   i, data + i * BLOCK, BLOCK);

        n += fb_slip_encode(line + n, sizeof(line) - n, packet, len);
    }
    rig->console_n = 0;
    while (at < n) { // as fast as the FIFO takes it, a line of 30 Mbaud
        at += chip_uart_rx(rig->chip, 0, line + at, n - at < 8 ? n - at : 8);
        (void)chip_run(rig->chip, 100);
    }
    while (chip_run(rig->chip, 100000) == CHIP_RAN) {
    }
    at = 0;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(next_frame(rig, &at, frame, sizeof(frame)), 10);
        assert_int_equal(frame[8], OK);
    }
    assert_int_equal(ASK(rig, FLASH_END, 1), OK);
    holds(rig, 0, data, 2 * BLOCK);
    end_test(rig);
}

// Write-protected flash is unlocked; a chip that refuses is told.
static void test_protected(void **state)
{
    struct rig *rig = begin_test();

    (void)state;
    rig->chip->flash.status[0] = 0x1C;
    memset(rig->flash, 0, SECTOR);
    assert_int_equal(ASK(rig, ERASE_REGION, 0, SECTOR), OK);
    blank(rig, 0, SECTOR);
    rig->chip->flash.powered_down = true;
    assert_int_equal(ASK(rig, FLASH_BEGIN, 64, 1, BLOCK, 0), UNLOCK);
    end_test(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sync),
        cmocka_unit_test(test_registers),
        cmocka_unit_test(test_survives_exceptions),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_flash_write),
        cmocka_unit_test(test_bad_line),
        cmocka_unit_test(test_deflate),
        cmocka_unit_test(test_starts_over),
        cmocka_unit_test(test_encrypted),
        cmocka_unit_test(test_erase),
        cmocka_unit_test(test_md5),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_blank_sectors),
        cmocka_unit_test(test_baud),
        cmocka_unit_test(test_leaves),
        cmocka_unit_test(test_overlap),
        cmocka_unit_test(test_protected),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
