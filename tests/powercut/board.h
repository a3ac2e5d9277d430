// SPDX-License-Identifier: Apache-2.0
//
// A board whose power is cut: what is in flash and fuses survives, nothing
// else. Each sector has a fingerprint, and so has the whole, so that thousands
// of states can be tried one after the other.

#ifndef TESTS_POWERCUT_BOARD_H
#define TESTS_POWERCUT_BOARD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "chip/debug/faults.h"
#include "chip/harness.h"

#define FLASH_BYTES (2u << 20)
#define SECTOR      4096u
#define SECTORS     (FLASH_BYTES / SECTOR)

struct board {
    struct harness h;
    const void *rom; // a mask ROM, or NULL
    unsigned revision;
    struct faults *faults; // the owner's, or NULL; not for board_same()
    uint64_t mark[SECTORS];
    unsigned operations; // since power came
    unsigned unmodelled;
    unsigned resets;
    // Called before and after each operation; ctx is the owner's.
    void (*before)(struct board *b, unsigned op, uint32_t at, uint32_t n);
    void (*after)(struct board *b, unsigned op, uint32_t at, uint32_t n);
    void *ctx;
};

static inline uint64_t board_mix(uint64_t x)
{
    x ^= x >> 30;
    x *= 0xBF58476D1CE4E5B9u;
    x ^= x >> 27;
    x *= 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

static inline uint64_t board_mark(const uint8_t *p, size_t n, uint64_t seed)
{
    uint64_t a = seed, b = ~seed;

    for (size_t i = 0; i + 16 <= n; i += 16) {
        uint64_t w[2];

        memcpy(w, p + i, 16);
        a = (a ^ w[0]) * 0x9E3779B97F4A7C15u;
        b = (b ^ w[1]) * 0xC2B2AE3D27D4EB4Fu;
        a ^= a >> 29;
        b ^= b >> 31;
    }
    return board_mix(a ^ (b << 1 | b >> 63));
}

// Sectors [at, at + n) have changed.
static inline void board_touch(struct board *b, uint32_t at, uint32_t n)
{
    for (uint32_t s = at / SECTOR; s <= (at + n - 1) / SECTOR; s++) {
        b->mark[s] = board_mark(b->h.flash + s * SECTOR, SECTOR, s + 1);
    }
}

// What flash and fuses hold, in one number.
static inline uint64_t board_state(const struct board *b)
{
    const struct fb_efuse_words *fuses = chip_efuses(b->h.chip);
    uint64_t sum = 0;

    for (unsigned s = 0; s < SECTORS; s++) {
        sum += board_mix(b->mark[s]);
    }
    return board_mark((const uint8_t *)fuses, sizeof *fuses, sum);
}

static inline bool board_operation(void *ctx, unsigned op, uint32_t at,
                                   uint32_t n)
{
    struct board *b = (struct board *)ctx;

    b->operations++;
    if (b->before != NULL) {
        b->before(b, op, at, n);
    }
    return true;
}

static inline void board_operated(void *ctx, unsigned op, uint32_t at,
                                  uint32_t n)
{
    struct board *b = (struct board *)ctx;

    if (op != CHIP_OP_EFUSE_BURN) {
        board_touch(b, at, n);
    }
    if (b->after != NULL) {
        b->after(b, op, at, n);
    }
}

static inline void board_tx(void *ctx, unsigned uart, uint8_t byte)
{
    harness_tx(&((struct board *)ctx)->h, uart, byte);
}

static inline void board_unmodelled(void *ctx, uint32_t vaddr, bool store,
                                    uint32_t pc)
{
    (void)vaddr;
    (void)store;
    (void)pc;
    ((struct board *)ctx)->unmodelled++;
}

static inline void board_log(void *ctx, const char *line)
{
    struct board *b = (struct board *)ctx;

    b->resets += strncmp(line, "reset 0x3 ", 10) == 0;
}

static inline void board_chip(struct board *b)
{
    struct chip_config config = {.flash = b->h.flash,
                                 .flash_size = FLASH_BYTES,
                                 .strap = CHIP_STRAP_FLASH_BOOT,
                                 .seed = 1,
                                 .revision = b->revision,
                                 .rom = b->rom};
    struct chip_callbacks cb = {.ctx = b,
                                .uart_tx = board_tx,
                                .operation = board_operation,
                                .operated = board_operated,
                                .unmodelled = board_unmodelled,
                                .log = board_log};

    if (b->faults != NULL) {
        cb = faults_wrap(b->faults, &cb);
    }
    chip_init(b->h.chip, &config, &cb);
}

static inline struct board *board_new(const void *rom, unsigned revision)
{
    struct board *b = (struct board *)calloc(1, sizeof *b);

    harness_init(&b->h, FLASH_BYTES);
    b->rom = rom;
    b->revision = revision;
    board_chip(b);
    board_touch(b, 0, FLASH_BYTES);
    return b;
}

static inline void board_free(struct board *b)
{
    harness_free(&b->h);
    free(b);
}

static inline void board_load(struct board *b, uint32_t at, const void *p,
                              size_t n)
{
    harness_load(&b->h, at, p, n);
    board_touch(b, at, (uint32_t)n);
}

// `to` gets the flash and fuses of `from`, and is switched off. Only sectors
// that differ are copied.
static inline void board_same(struct board *to, const struct board *from)
{
    struct fb_efuse_words fuses = *chip_efuses(from->h.chip);

    for (unsigned s = 0; s < SECTORS; s++) {
        if (to->mark[s] != from->mark[s]) {
            memcpy(to->h.flash + s * SECTOR, from->h.flash + s * SECTOR,
                   SECTOR);
            to->mark[s] = from->mark[s];
        }
    }
    board_chip(to);
    chip_set_efuses(to->h.chip, &fuses);
}

static inline void board_on(struct board *b)
{
    b->operations = 0;
    b->resets = 0;
    harness_restart(&b->h);
}

#endif
