// SPDX-License-Identifier: Apache-2.0
//
// For tests of the chip: a board with a recorded console, register accesses by
// the bus, a program to boot, and the download protocol's two directions.

#ifndef CHIP_TESTING_H
#define CHIP_TESTING_H

#include <stdlib.h>
#include <string.h>

#include "chip/soc.h"
#include "lib/fb/bytes.h"
#include "lib/fb/testing.h"

#define RIG_FLASH   (4u << 20)
#define RIG_CONSOLE 65536u

struct rig {
    struct chip *chip;
    uint8_t *flash;
    char console[RIG_CONSOLE];
    size_t console_n;
    char log[8192];
    size_t log_n;
    unsigned unmodelled;
    uint32_t unmodelled_vaddr, unmodelled_pc;
    uint32_t baud;
    unsigned operations;
    unsigned cut_at; // operation before which the power is cut, 0: never
    uint32_t op_address, op_n;
    unsigned op;
};

static inline void rig_tx(void *ctx, unsigned uart, uint8_t byte)
{
    struct rig *rig = ctx;

    if (uart == 0 && rig->console_n < RIG_CONSOLE - 1) {
        rig->console[rig->console_n++] = (char)byte;
        rig->console[rig->console_n] = '\0';
    }
}

static inline bool rig_operation(void *ctx, unsigned op, uint32_t address,
                                 uint32_t n)
{
    struct rig *rig = ctx;

    rig->op = op;
    rig->op_address = address;
    rig->op_n = n;
    return ++rig->operations != rig->cut_at;
}

static inline void rig_unmodelled(void *ctx, uint32_t vaddr, bool store,
                                  uint32_t pc)
{
    struct rig *rig = ctx;

    (void)store;
    rig->unmodelled++;
    rig->unmodelled_vaddr = vaddr;
    rig->unmodelled_pc = pc;
}

static inline void rig_log(void *ctx, const char *line)
{
    struct rig *rig = ctx;
    size_t n = strlen(line);

    if (n + 2 < sizeof rig->log - rig->log_n) {
        memcpy(rig->log + rig->log_n, line, n);
        rig->log_n += n;
        rig->log[rig->log_n++] = '\n';
        rig->log[rig->log_n] = '\0';
    }
}

static inline void rig_baud(void *ctx, unsigned uart, uint32_t baud)
{
    struct rig *rig = ctx;

    if (uart == 0) {
        rig->baud = baud;
    }
}

static inline struct chip_callbacks rig_callbacks(struct rig *rig)
{
    struct chip_callbacks cb = {.ctx = rig,
                                .uart_tx = rig_tx,
                                .operation = rig_operation,
                                .unmodelled = rig_unmodelled,
                                .log = rig_log,
                                .uart_baud = rig_baud};

    return cb;
}

static inline struct rig *rig_new(uint32_t revision, uint32_t strap)
{
    struct rig *rig = calloc(1, sizeof *rig);
    struct chip_callbacks cb = rig_callbacks(rig);
    struct chip_config config = {.flash_size = RIG_FLASH,
                                 .revision = revision,
                                 .strap = strap,
                                 .seed = 1};

    rig->flash = malloc(RIG_FLASH);
    rig->chip = malloc(chip_sizeof());
    assert_non_null(rig->chip);
    memset(rig->flash, 0xFF, RIG_FLASH);
    config.flash = rig->flash;
    chip_init(rig->chip, &config, &cb);
    return rig;
}

static inline void rig_free(struct rig *rig)
{
    free(rig->chip);
    free(rig->flash);
    free(rig);
}

// Run the ROM until it waits or code is about to start.
static inline void rig_rom(struct rig *rig)
{
    while (chip_run(rig->chip, 1) == CHIP_RAN && rig->chip->rom.active) {
    }
}

static inline void rig_on(struct rig *rig)
{
    rig->console_n = 0;
    rig->console[0] = '\0';
    chip_power_on(rig->chip);
    rig_rom(rig);
}

// Run for that much chip time; waiting that would end later is not waited for.
static inline void rig_run_ms(struct rig *rig, uint64_t ms)
{
    uint64_t end = chip_time_ns(rig->chip) + ms * 1000000u;

    while (chip_time_ns(rig->chip) < end) {
        enum chip_stop stop = chip_run(rig->chip, 40000);
        uint64_t idle = chip_idle_ns(rig->chip);

        if (stop == CHIP_POWER_LOST ||
            (stop == CHIP_IDLE && idle > end - chip_time_ns(rig->chip))) {
            return;
        }
    }
}

// --- registers, as the PRO CPU sees them ---

static inline uint32_t rig_get(struct rig *rig, uint32_t vaddr)
{
    uint32_t value = 0;

    assert_int_equal(bus_load(&rig->chip->bus[0], vaddr, 4, &value), BUS_OK);
    return value;
}

static inline void rig_put(struct rig *rig, uint32_t vaddr, uint32_t value)
{
    assert_int_equal(bus_store(&rig->chip->bus[0], vaddr, 4, value), BUS_OK);
}

// Burn through the controller, one word of one block.
static inline void rig_burn(struct rig *rig, unsigned block, unsigned word,
                            uint32_t bits)
{
    static const uint32_t wdata[4] = {0x01C, 0x098, 0x0B8, 0x0D8};

    rig_put(rig, 0x3FF5A000u + wdata[block] + 4 * word, bits);
    rig_put(rig, 0x3FF5A0FCu, 0x5A5A);
    rig_put(rig, 0x3FF5A104u, 2);
    rig_put(rig, 0x3FF5A0FCu, 0x5AA5);
    rig_put(rig, 0x3FF5A104u, 1);
}

// --- a program ---

// Prints "Hi\n" on UART0 and waits for ever. Made with
//   xtensa-lx106-elf-as: literal 0x60000000 at +0, code from +0x10:
//   l32r a2; movi a3, 72; s32i; movi a3, 105; s32i; movi a3, 10; s32i;
//   waiti 0; j .
#define RIG_PROGRAM                                                            \
    "000000601c00f43f000000000000000021fcff32a04832620032a06932620032a00a"     \
    "32620000700006ffff0000"
#define RIG_PROGRAM_VADDR 0x40080000u
#define RIG_PROGRAM_ENTRY 0x40080010u

// An image with that program and a data segment, hash appended or not. Returns
// its length through the checksum byte.
static inline size_t rig_image(uint8_t *out, bool hash)
{
    uint8_t code[64] = {0};
    size_t n = testing_hex(code, sizeof code, RIG_PROGRAM);
    uint8_t *p = out;
    uint8_t sum = 0xEF;

    memset(out, 0, 256);
    n = (n + 3) & ~(size_t)3;
    out[0] = 0xE9;
    out[1] = 2;
    out[2] = 2;    // DIO
    out[3] = 0x20; // 4 MB, 40 MHz
    store32_le(out + 4, RIG_PROGRAM_ENTRY);
    out[8] = 0xEE;
    out[23] = hash;
    p += 24;
    store32_le(p, 0x3FFF0018u);
    store32_le(p + 4, 4);
    store32_le(p + 8, 0x12345678u);
    p += 12;
    store32_le(p, RIG_PROGRAM_VADDR);
    store32_le(p + 4, (uint32_t)n);
    memcpy(p + 8, code, n);
    p += 8 + n;
    for (size_t i = 0; i < n; i++) {
        sum ^= code[i];
    }
    sum ^= 0x78 ^ 0x56 ^ 0x34 ^ 0x12;
    n = (size_t)(p - out) | 15u;
    out[n] = sum;
    return n + 1;
}

// --- the download protocol ---

static inline void rig_send(struct rig *rig, const uint8_t *packet, size_t n)
{
    static uint8_t frame[2 * FB_LOADER_REQUEST_MAX + 2];
    size_t len = fb_slip_encode(frame, sizeof frame, packet, n);

    rig->console_n = 0;
    rig->console[0] = '\0';
    for (size_t at = 0; at < len;) {
        at += chip_uart_rx(rig->chip, 0, frame + at, len - at);
        while (chip_run(rig->chip, 100000) == CHIP_RAN) {
        }
    }
}

static inline void rig_command(struct rig *rig, enum fb_loader_op op,
                               const uint32_t *words, size_t count)
{
    uint8_t packet[256];
    size_t n = fb_loader_request(packet, sizeof packet, op, words, count);

    rig_send(rig, packet, n);
}

// The ROM listens to nothing else before this.
static inline void rig_sync(struct rig *rig)
{
    uint8_t packet[64];

    rig_send(rig, packet, fb_loader_request_sync(packet, sizeof packet));
    rig->console_n = 0;
    rig->console[0] = '\0';
}

static inline void rig_data(struct rig *rig, enum fb_loader_op op,
                            uint32_t sequence, const uint8_t *p, size_t n)
{
    static uint8_t packet[FB_LOADER_REQUEST_MAX];
    size_t len =
        fb_loader_request_data(packet, sizeof packet, op, sequence, p, n);

    rig_send(rig, packet, len);
}

// The console's bytes against hex.
static inline void rig_answered(struct rig *rig, const char *hex)
{
    static uint8_t want[RIG_CONSOLE];
    size_t n = testing_hex(want, sizeof want, hex);

    assert_int_equal(rig->console_n, n);
    assert_memory_equal(rig->console, want, n);
}

// One answer: status of a command without data, value as it stands.
static inline void rig_status(struct rig *rig, uint8_t op, uint8_t error)
{
    uint8_t packet[16];
    struct fb_slip_rx rx;
    size_t used;
    size_t at = 0;

    fb_slip_rx_init(&rx, packet, sizeof packet);
    while (at < rig->console_n) {
        enum fb_slip_event event =
            fb_slip_rx_push(&rx, (const uint8_t *)rig->console + at,
                            rig->console_n - at, &used);

        at += used;
        if (event == FB_SLIP_FRAME) {
            assert_int_equal(rx.len, 12);
            assert_int_equal(packet[1], op);
            assert_int_equal(packet[8], error != 0);
            assert_true(error == 0 || packet[9] == error);
            return;
        }
    }
    fail_msg("no answer to 0x%02x", op);
}

#endif
