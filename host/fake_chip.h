// SPDX-License-Identifier: Apache-2.0
//
// For tests: a port with a boot loader behind it that can be told to fail. Time
// is the fake's own: nothing sleeps. It follows esptool's docs, "Serial
// Protocol", and shares no code with the session that it tests but SLIP.

#ifndef HOST_FAKE_CHIP_H
#define HOST_FAKE_CHIP_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <zlib.h>

#include "host/port_kinds.h"
#include "lib/fb/bytes.h"
#include "lib/fb/slip.h"

#define FAKE_FLASH 0x40000u
#define FAKE_REGS  64

struct fake_event {
    uint64_t at_ms; // when its byte arrives
    uint8_t byte;
};

struct fake_chip {
    uint64_t now_ms;
    uint64_t slept_ms;
    bool stub;
    uint8_t flash[FAKE_FLASH];
    struct {
        uint32_t addr, value;
    } reg[FAKE_REGS];
    unsigned regs;

    // What the host sends
    struct fb_slip_rx rx;
    uint8_t frame[0x5000];
    unsigned requests; // seen so far, lost ones included
    unsigned count[256];
    size_t len[256];         // of the last one, by operation
    uint32_t acked;          // total that the host acknowledged to a stub
    uint32_t flash_begin[4]; // words of the last (DEFL_)BEGIN
    uint32_t next_seq;
    bool leaving;

    // Being written
    uint32_t at, end;
    z_stream z;
    bool inflating;

    // What the host has to read
    struct fake_event out[0x60000];
    unsigned head, tail;

    // Faults. Requests count from 1; 0: never.
    unsigned lose_request, lose_answer, late_answer, corrupt_request,
        corrupt_answer, garbage_before, vanish_at, refuse, short_answer;
    unsigned lose_from; // this one and all later ones
    uint8_t refuse_with;
    unsigned late_ms;
    unsigned syncs_ignored;
    const char *boot_log; // printed on reset
    bool unknown_md5;     // does not know SPI_FLASH_MD5
    uint32_t magic;
    bool flip_flash;       // one bit in flash does not hold
    unsigned latency_ms;   // of every answer
    unsigned stale_before; // an answer to SYNC comes before this one's
    bool first_sync_zero;  // the first answer to SYNC has value 0
    bool damage_stream;    // a stub's flash data get damaged
    bool upper_case;       // MD5 in capitals
    bool greets;           // what MEM_END starts is a stub

    // Lines
    bool has_lines, no_download;
    char lines[512]; // "D1R0 W100 ..."
    bool dtr, rts, in_download;
    uint32_t baud;
    bool refuse_baud;
    uint32_t rate_word; // of CHANGE_BAUDRATE
};

static inline void fake_put(struct fake_chip *f, uint64_t at, uint8_t byte)
{
    assert(f->tail < sizeof f->out / sizeof f->out[0]);
    f->out[f->tail++] = (struct fake_event){at, byte};
}

static inline void fake_text(struct fake_chip *f, const char *text)
{
    while (*text) {
        fake_put(f, f->now_ms, (uint8_t)*text++);
    }
}

static inline void fake_frame(struct fake_chip *f, const uint8_t *p, size_t n,
                              uint64_t at)
{
    static uint8_t encoded[0x10000];
    size_t len = fb_slip_encode(encoded, sizeof encoded, p, n);
    for (size_t i = 0; i < len; i++) {
        fake_put(f, at, encoded[i]);
    }
}

static inline bool fake_hits(const struct fake_chip *f, unsigned which)
{
    return which != 0 && f->requests == which;
}

static inline uint32_t *fake_reg(struct fake_chip *f, uint32_t addr)
{
    for (unsigned i = 0; i < f->regs; i++) {
        if (f->reg[i].addr == addr) {
            return &f->reg[i].value;
        }
    }
    assert(f->regs < FAKE_REGS);
    f->reg[f->regs].addr = addr;
    f->reg[f->regs].value = 0;
    return &f->reg[f->regs++].value;
}

static inline void fake_answer(struct fake_chip *f, uint8_t op, uint32_t value,
                               const uint8_t *data, size_t n, uint8_t error)
{
    uint8_t packet[256] = {1, op};
    size_t status = f->stub ? 2 : 4;
    if (error) {
        n = 0; // an error comes without a result
    }
    store16_le(packet + 2, (uint16_t)(n + status));
    store32_le(packet + 4, value);
    if (n) {
        memcpy(packet + 8, data, n);
    }
    packet[8 + n] = f->stub ? error : error != 0;
    packet[9 + n] = f->stub ? 0 : error;
    size_t len = 8 + n + status;
    uint64_t at = f->now_ms + 1 + f->latency_ms;
    if (fake_hits(f, f->lose_answer)) {
        return;
    }
    if (fake_hits(f, f->late_answer)) {
        at += f->late_ms;
    }
    if (fake_hits(f, f->corrupt_answer)) {
        packet[0] ^= 0x40;
    }
    if (fake_hits(f, f->short_answer)) {
        len = 9; // status cut off
        store16_le(packet + 2, 1);
    }
    if (fake_hits(f, f->garbage_before)) {
        static const char garbage[] = "\x1b[31mI (12) boot\xc0\xdb\x01\xc0";
        for (size_t i = 0; i < sizeof garbage - 1; i++) {
            fake_put(f, at, (uint8_t)garbage[i]);
        }
    }
    if (fake_hits(f, f->stale_before)) {
        static const uint8_t sync[] = {1,    8,    4, 0, 7, 7,
                                       0x12, 0x20, 0, 0, 0, 0};
        fake_frame(f, sync, sizeof sync, at);
    }
    fake_frame(f, packet, len, at);
}

static inline void fake_store(struct fake_chip *f, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n && f->at < f->end && f->at < FAKE_FLASH; i++) {
        f->flash[f->at++] &= p[i];
    }
    if (f->flip_flash && f->at > 0) {
        f->flash[f->at - 1] ^= 1;
    }
}

static inline uint8_t fake_begin(struct fake_chip *f, const uint8_t *p,
                                 bool deflate)
{
    for (int i = 0; i < 4; i++) {
        f->flash_begin[i] = load32_le(p + 4 * i);
    }
    uint32_t size = f->flash_begin[0];
    uint32_t off = f->flash_begin[3];
    if (off > FAKE_FLASH || size > FAKE_FLASH - off) {
        return 6;
    }
    memset(f->flash + (off & ~0xFFFu), 0xFF,
           ((off + size + 0xFFF) & ~0xFFFu) - (off & ~0xFFFu));
    f->next_seq = 0;
    f->at = off;
    f->end = deflate ? off + size : (off + size + 0x3FF) & ~0x3FFu;
    if (f->inflating) {
        inflateEnd(&f->z);
    }
    f->inflating = deflate;
    if (deflate) {
        memset(&f->z, 0, sizeof f->z);
        inflateInit(&f->z);
    }
    return 0;
}

static inline uint8_t fake_data(struct fake_chip *f, const uint8_t *p, size_t n,
                                uint32_t checksum, bool deflate)
{
    uint8_t sum = 0xEF;
    for (size_t i = 16; i < n; i++) {
        sum ^= p[i];
    }
    if (sum != checksum) {
        return f->stub ? 0xC1 : 7;
    }
    if (load32_le(p + 4) != f->next_seq || load32_le(p) != n - 16) {
        return 5;
    }
    f->next_seq++;
    if (!deflate) {
        fake_store(f, p + 16, n - 16);
        return 0;
    }
    static uint8_t plain[0x40000];
    f->z.next_in = (Bytef *)(uintptr_t)(p + 16);
    f->z.avail_in = (uInt)(n - 16);
    f->z.next_out = plain;
    f->z.avail_out = sizeof plain;
    int z = inflate(&f->z, Z_SYNC_FLUSH);
    if (z != Z_OK && z != Z_STREAM_END && z != Z_BUF_ERROR) {
        return 0x0B;
    }
    fake_store(f, plain, sizeof plain - f->z.avail_out);
    return 0;
}

static inline void fake_md5(struct fake_chip *f, uint32_t off, uint32_t n)
{
    uint8_t md5[16];
    char hex[33];
    EVP_Q_digest(NULL, "MD5", NULL, f->flash + off, n, md5, NULL);
    for (int i = 0; i < 16; i++) {
        snprintf(hex + 2 * i, 3, f->upper_case ? "%02X" : "%02x", md5[i]);
    }
    fake_answer(f, 0x13, 0, f->stub ? md5 : (uint8_t *)hex, f->stub ? 16 : 32,
                0);
}

static inline void fake_blank_sectors(struct fake_chip *f, uint32_t off,
                                      uint32_t n)
{
    uint8_t map[128] = {0};
    for (uint32_t i = 0; i < n && n <= 1024; i++) {
        uint32_t at = off + 0x1000 * i; // behind FAKE_FLASH all is erased
        if (at >= FAKE_FLASH || fb_bytes_all(f->flash + at, 0x1000, 0xFF)) {
            map[i / 8] |= (uint8_t)(1 << i % 8);
        }
    }
    fake_answer(f, 0xE0, 0, map, (n + 7) / 8, n <= 1024 ? 0 : 0xC4);
}

// SPI1: RDID answers 20 40 16, everything else 0.
static inline void fake_spi(struct fake_chip *f)
{
    uint8_t opcode = (uint8_t)*fake_reg(f, 0x3FF42024);
    *fake_reg(f, 0x3FF42080) = opcode == 0x9F ? 0x164020 : 0;
    *fake_reg(f, 0x3FF42000) = 0;
}

static inline void fake_stream(struct fake_chip *f, uint32_t off, uint32_t n)
{
    uint8_t md5[16];
    EVP_Q_digest(NULL, "MD5", NULL, f->flash + off, n, md5, NULL);
    if (f->damage_stream) {
        f->flash[off] ^= 1;
    }
    for (uint32_t done = 0; done < n; done += 0x1000) {
        uint32_t part = n - done < 0x1000 ? n - done : 0x1000;
        fake_frame(f, f->flash + off + done, part, f->now_ms + 1);
    }
    fake_frame(f, md5, sizeof md5, f->now_ms + 1);
}

static inline void fake_known(struct fake_chip *f, const uint8_t *p, size_t n)
{
    const uint8_t *d = p + 8;
    uint32_t w0 = n >= 12 ? load32_le(d) : 0;
    uint32_t w1 = n >= 16 ? load32_le(d + 4) : 0;
    switch (p[1]) {
    case 0x02:
        fake_answer(f, p[1], 0, NULL, 0, fake_begin(f, d, false));
        break;
    case 0x10:
        fake_answer(f, p[1], 0, NULL, 0, fake_begin(f, d, true));
        break;
    case 0x03:
    case 0x11:
        fake_answer(f, p[1], 0, NULL, 0,
                    fake_data(f, d, n - 8, load32_le(p + 4), p[1] == 0x11));
        break;
    case 0x04:
    case 0x12:
        f->leaving = !f->stub || w0 != 1;
        if (!f->leaving) {
            fake_answer(f, p[1], 0, NULL, 0, 0);
        }
        break;
    case 0x09:
        *fake_reg(f, w0) = w1;
        if (w0 == 0x3FF42000) {
            fake_spi(f);
        }
        fake_answer(f, p[1], 0, NULL, 0, 0);
        break;
    case 0x0A:
        fake_answer(f, p[1], w0 == 0x40001000 ? f->magic : *fake_reg(f, w0),
                    NULL, 0, 0);
        break;
    case 0x0E:
        fake_answer(f, p[1], 0, f->flash + w0, 64, w1 > 64 ? 0x0A : 0);
        break;
    case 0x0F:
        f->rate_word = w0;
        fake_answer(f, p[1], 0, NULL, 0, 0);
        break;
    case 0x13:
        fake_md5(f, w0, w1);
        break;
    case 0xE0:
        fake_blank_sectors(f, w0, w1);
        break;
    case 0xD1:
        memset(f->flash + w0, 0xFF, w1);
        fake_answer(f, p[1], 0, NULL, 0, 0);
        break;
    case 0xD2:
        fake_answer(f, p[1], 0, NULL, 0, 0);
        fake_stream(f, w0, w1);
        break;
    default:
        fake_answer(f, p[1], 0, NULL, 0, 0);
    }
}

static inline void fake_request(struct fake_chip *f, const uint8_t *p, size_t n)
{
    static uint8_t previous;
    f->requests++;
    if (f->lose_from && f->requests >= f->lose_from) {
        return;
    }
    if (n == 4) { // of flash data that a stub sent
        f->requests--;
        f->acked = load32_le(p);
        return;
    }
    if (n < 8 || p[0] != 0) {
        return; // damaged
    }
    f->count[p[1]]++;
    f->len[p[1]] = n - 8;
    if (fake_hits(f, f->lose_request)) {
        return;
    }
    if (fake_hits(f, f->refuse)) {
        fake_answer(f, p[1], 0, NULL, 0, f->refuse_with);
        return;
    }
    if (p[1] == 0x08) {
        bool ignored = f->count[8] <= f->syncs_ignored ||
                       (f->has_lines && !f->in_download);
        for (int i = 0; i < 8 && !ignored; i++) {
            bool zero = f->stub || (i == 0 && f->first_sync_zero);
            fake_answer(f, 0x08, zero ? 0 : 0x20120707, NULL, 0, 0);
        }
    } else if ((p[1] >= 0xD0 && !f->stub) || p[1] == 0x14 ||
               (p[1] == 0x13 && f->unknown_md5)) {
        for (int i = 0; i < (previous == 0x08 ? 8 : 1); i++) {
            fake_answer(f, previous, 0, NULL, 0, 5);
        }
        return;
    } else {
        fake_known(f, p, n);
    }
    if (p[1] == 0x06 && f->greets) {
        f->stub = true;
        fake_frame(f, (const uint8_t *)"OHAI", 4, f->now_ms + 2);
    }
    previous = p[1];
}

static inline int fake_write(void *ctx, const uint8_t *p, size_t n)
{
    struct fake_chip *f = ctx;
    if (f->vanish_at && f->requests + 1 >= f->vanish_at) {
        return HOST_PORT_E_LOST;
    }
    bool damage = f->corrupt_request && f->requests + 1 == f->corrupt_request;
    for (size_t i = 0; i < n;) {
        size_t used;
        uint8_t copy = p[i];
        if (damage && i == n - 3) {
            copy ^= 0x01;
        }
        if (fb_slip_rx_push(&f->rx, &copy, 1, &used) == FB_SLIP_FRAME) {
            fake_request(f, f->frame, f->rx.len);
        }
        i++;
    }
    return HOST_PORT_OK;
}

static inline int fake_read(void *ctx, uint8_t *p, size_t n,
                            unsigned timeout_ms)
{
    struct fake_chip *f = ctx;
    if (f->vanish_at && f->requests + 1 >= f->vanish_at) {
        return HOST_PORT_E_LOST;
    }
    if (f->head == f->tail) {
        f->head = f->tail = 0;
        f->now_ms += timeout_ms;
        return 0;
    }
    if (f->out[f->head].at_ms > f->now_ms + timeout_ms) {
        f->now_ms += timeout_ms;
        return 0;
    }
    if (f->out[f->head].at_ms > f->now_ms) {
        f->now_ms = f->out[f->head].at_ms;
    }
    size_t got = 0;
    // in odd pieces, as a serial line gives them
    while (got < n && got < 61 && f->head < f->tail &&
           f->out[f->head].at_ms <= f->now_ms) {
        p[got++] = f->out[f->head++].byte;
    }
    return (int)got;
}

static inline void fake_flush(void *ctx)
{
    struct fake_chip *f = ctx;
    while (f->head < f->tail && f->out[f->head].at_ms <= f->now_ms) {
        f->head++;
    }
}

static inline int fake_set_baud(void *ctx, uint32_t baud)
{
    struct fake_chip *f = ctx;
    f->baud = baud;
    return f->refuse_baud ? HOST_PORT_E_BAUD : HOST_PORT_OK;
}

static inline void fake_note(struct fake_chip *f, const char *text)
{
    size_t len = strlen(f->lines);
    snprintf(f->lines + len, sizeof f->lines - len, "%s", text);
}

static inline int fake_set_lines(void *ctx, bool dtr, bool rts)
{
    struct fake_chip *f = ctx;
    bool was_in_reset = f->rts && !f->dtr;
    bool in_reset = rts && !dtr;
    char text[16];
    snprintf(text, sizeof text, "D%dR%d ", dtr, rts);
    fake_note(f, text);
    f->dtr = dtr;
    f->rts = rts;
    if (was_in_reset && !in_reset) {
        f->in_download = dtr && !f->no_download;
        if (f->boot_log) {
            fake_text(f, f->boot_log);
        }
    }
    return HOST_PORT_OK;
}

static inline uint64_t fake_now(void *ctx)
{
    struct fake_chip *f = ctx;
    return f->now_ms;
}

static inline void fake_sleep(void *ctx, unsigned ms)
{
    struct fake_chip *f = ctx;
    char text[16];
    snprintf(text, sizeof text, "W%u ", ms);
    fake_note(f, text);
    f->now_ms += ms;
    f->slept_ms += ms;
}

static inline void fake_close(void *ctx)
{
    struct fake_chip *f = ctx;
    if (f->inflating) {
        inflateEnd(&f->z);
    }
}

static const struct host_port_kind fake_without_lines = {
    .read = fake_read,
    .write = fake_write,
    .flush_input = fake_flush,
    .set_baud = fake_set_baud,
    .close = fake_close,
    .now_ms = fake_now,
    .sleep = fake_sleep,
};

static const struct host_port_kind fake_with_lines = {
    .read = fake_read,
    .write = fake_write,
    .flush_input = fake_flush,
    .set_baud = fake_set_baud,
    .set_lines = fake_set_lines,
    .close = fake_close,
    .now_ms = fake_now,
    .sleep = fake_sleep,
};

static inline struct fake_chip *fake_new(void)
{
    struct fake_chip *f = calloc(1, sizeof *f);
    assert(f);
    memset(f->flash, 0xFF, sizeof f->flash);
    f->magic = 0x00F01D83;
    fb_slip_rx_init(&f->rx, f->frame, sizeof f->frame);
    return f;
}

static inline struct host_port *fake_port(struct fake_chip *f, bool lines)
{
    f->has_lines = lines;
    struct host_port *port = host_port_new(
        "fake", lines ? &fake_with_lines : &fake_without_lines, f);
    assert(port);
    return port;
}

#endif
