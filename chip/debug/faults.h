// SPDX-License-Identifier: Apache-2.0
//
// Things that go wrong with hardware, on purpose: power that goes away around
// a flash or eFuse operation or dips in the middle of one, bits that stick,
// flip, or read differently twice, straps that glitch, a UART that loses,
// repeats or delays bytes. The same seed and the same run give the same faults.
//
//     faults_init(&faults, 1);
//     faults_parse(&faults, "cut=during:burn:3", &why);
//     callbacks = faults_wrap(&faults, &mine);   // then chip_init() with them
//     faults_attach(&faults, chip);
//     faults_rx(&faults, 0, bytes, n);           // for chip_uart_rx()
//     faults_run(&faults, 1000000);              // for chip_run()
//
// In the middle of a page program: a part of its bytes, or of its bits, is
// programmed. Of an erase: a part of the area is erased from its start, or bits
// all over it are. Of a burn: some of its bits are burned; if it has two or
// more, at least one is and at least one is not.
//
// A weak bit reads as 0 or 1 by chance each time: a fuse at each read command
// and reset, a flash bit each time SPI1 reads it or the cache fetches its 4
// KiB. A weak fuse is stored as what it is, burned or not; a weak flash bit as
// what it was read as last. With weak=torn what a torn operation did not finish
// is weak, until it is burned or erased.

#ifndef CHIP_DEBUG_FAULTS_H
#define CHIP_DEBUG_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chip/chip.h"

#define FAULTS_STUCK_MAX  32u
#define FAULTS_FLIPS_MAX  32u
#define FAULTS_WEAK_MAX   64u
#define FAULTS_QUEUE_SIZE 8192u
#define FAULTS_PAGE       256u

enum fault_when { FAULT_BEFORE, FAULT_DURING, FAULT_AFTER };

// Operations to count: 1u << CHIP_OP_*, or all of them.
#define FAULT_OPS_ANY                                                          \
    (1u << CHIP_OP_FLASH_PROGRAM | 1u << CHIP_OP_FLASH_ERASE |                 \
     1u << CHIP_OP_EFUSE_BURN)

enum fault_direction { FAULT_RX, FAULT_TX }; // to the chip, from the chip

// A serial line: one byte in `lose` is lost, ...; 0: none.
struct fault_line {
    uint32_t lose, repeat, delay;
    uint32_t delay_ms; // and those behind it wait with it
    size_t first, count;
    uint64_t release; // ns; earliest time for the next byte
    struct {
        uint64_t due; // ns of chip time
        uint8_t uart, byte;
    } queue[FAULTS_QUEUE_SIZE];
};

struct fault_bit {
    bool efuse;
    uint32_t at; // flash_off, or block * 8 + word
    uint8_t bit;
    bool value; // a stuck one's
    bool torn;  // weak since an operation was torn
};

struct faults {
    struct chip *chip;
    struct chip_callbacks inner;
    uint64_t rng;

    bool cut_armed;
    enum fault_when cut_when;
    unsigned cut_ops;
    unsigned cut_nth; // 1: the next one
    unsigned counted;
    bool in_cut; // the operation going on is the one
    bool dips;   // and the supply only dips

    bool weak_torn; // bits that a torn operation has not finished become weak
    uint32_t strap_flips;
    unsigned strap_nth; // sampling at which they happen, 0: none

    unsigned stuck_count, weak_count, flip_count;
    struct fault_bit stuck[FAULTS_STUCK_MAX];
    struct fault_bit weak[FAULTS_WEAK_MAX];
    struct {
        uint32_t flash_off;
        uint8_t bit;
    } flip[FAULTS_FLIPS_MAX];
    uint32_t random_flips;

    struct fault_line line[2];

    uint8_t page[FAULTS_PAGE]; // as it was before the program
    struct fb_efuse_words fuses;
};

// No faults yet.
void faults_init(struct faults *f, uint64_t seed);

// Cut the power before, in or after the nth (1 ..) operation of these kinds
// from now on. Once: afterwards there is none armed.
void faults_cut(struct faults *f, enum fault_when when, unsigned ops,
                unsigned nth);

// The supply dips in the middle of the nth (1 ..) program or burn (ops) from
// now on: what it was doing is torn, and the chip notices or does not, as its
// brown-out detector is set (chip_brown_out()). Once, and instead of a cut.
void faults_brown_out(struct faults *f, unsigned ops, unsigned nth);

// The nth (1 ..) time from now on that the straps are sampled (power-on, and
// the RTC watchdog's reset), those of `mask`, CHIP_STRAP_*, are seen inverted.
void faults_strap(struct faults *f, uint32_t mask, unsigned nth);

// A bit that reads differently twice. False: too many.
bool faults_weak_flash(struct faults *f, uint32_t flash_off, unsigned bit);
bool faults_weak_efuse(struct faults *f, unsigned block, unsigned bit);

// A bit that never is anything else; an eFuse bit counts from word 0 of its
// block. False: too many.
bool faults_stuck_flash(struct faults *f, uint32_t flash_off, unsigned bit,
                        bool value);
bool faults_stuck_efuse(struct faults *f, unsigned block, unsigned bit,
                        bool value);

// Bits of the flash that flip once, when the chip is attached.
bool faults_flip(struct faults *f, uint32_t flash_off, unsigned bit);

// One fault in words:
//     cut=before|during|after:program|erase|flash|burn|any:N
//     brownout=program|burn:N
//     weak=flash:OFFSET.BIT  weak=efuse:BLOCK.BIT  weak=torn
//     strap=MASK:N
//     stuck=flash:OFFSET.BIT:0|1      stuck=efuse:BLOCK.BIT:0|1
//     flip=OFFSET.BIT                 flips=N (anywhere in the flash)
//     rx=lose:N  rx=repeat:N  rx=delay:N:MS   one byte in N; tx= likewise
//     seed=N
// False with *why, a sentence, when it is none.
bool faults_parse(struct faults *f, const char *spec, const char **why);

// The callbacks for chip_init(): they do the faults and then call `inner`.
// Owner of the flash is chip->config; inner may be changed by nobody.
struct chip_callbacks faults_wrap(struct faults *f,
                                  const struct chip_callbacks *inner);

// After chip_init() and chip_set_efuses(): flips bits and sets stuck ones.
// False: one of them is outside this chip's flash, nothing was done.
bool faults_attach(struct faults *f, struct chip *chip);

// What is on the lines is lost with the power.
void faults_power_on(struct faults *f);

// For chip_uart_rx(): how many bytes the line took.
size_t faults_rx(struct faults *f, unsigned uart, const uint8_t *p, size_t n);

// For chip_run().
enum chip_stop faults_run(struct faults *f, uint64_t cycles);

// Its parts, for an owner who runs the chip otherwise: hand over the bytes that
// are due; idle: the chip waits, so a byte that comes before its next event may
// come now. True: some were handed over.
bool faults_deliver(struct faults *f, bool idle);

#endif
