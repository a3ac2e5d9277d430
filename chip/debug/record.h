// SPDX-License-Identifier: Apache-2.0
//
// A run as text: what came from outside, in order and with the time at which it
// came; and the way back, which does the same again, bit for bit, and notices
// when it does not. No I/O: lines leave through a callback and are pushed.
//
//     record_init(&r, chip, NULL, CHIP_STRAP_FLASH_BOOT, emit, ctx);
//     record_power_on(&r, CHIP_STRAP_DOWNLOAD);   // for chip_power_on()
//     record_rx(&r, 0, bytes, n);                 // for chip_uart_rx()
//     record_run(&r, 1000000);                    // for chip_run()
//     record_end(&r);
//
// Flash, fuses, revision, seed, straps and faults at the beginning are the
// owner's to keep: the replay starts with the same.
//
// A line: the chip's time in ns, a word, and what belongs to it.
//     power STRAP | rx UART HEX | deliver IDLE | run CYCLES TIMES
//     end INSTRUCTIONS CRC          of all that UART0 has said

#ifndef CHIP_DEBUG_RECORD_H
#define CHIP_DEBUG_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chip/chip.h"
#include "chip/debug/faults.h"

#define RECORD_LINE 512u // bytes of a line, with its NUL

struct record {
    struct chip *chip;
    struct faults *faults; // or NULL
    uint32_t strap;        // between power-ons
    void (*emit)(void *ctx, const char *line);
    void *ctx;
    uint64_t cycles, times; // runs not yet told
    uint64_t since;         // their first's time, ns
    uint32_t crc;           // of UART0's output
};

// emit gets one line without its newline; NULL: nothing is recorded, and all
// the calls only do what they are for.
void record_init(struct record *r, struct chip *chip, struct faults *faults,
                 uint32_t strap, void (*emit)(void *ctx, const char *line),
                 void *ctx);

// Power on with these straps, which then are again what record_init() said.
void record_power_on(struct record *r, uint32_t strap);
// As chip_uart_rx() or faults_rx(): bytes taken.
size_t record_rx(struct record *r, unsigned uart, const uint8_t *p, size_t n);
// As faults_deliver(); false without faults.
bool record_deliver(struct record *r, bool idle);
enum chip_stop record_run(struct record *r, uint64_t cycles);
// To be called with each byte that leaves UART0.
void record_said(struct record *r, uint8_t byte);
void record_end(struct record *r);

// Do what a line says, on a chip in the state in which the recording began;
// r was made with emit NULL. False with *why, a sentence: the line cannot be
// understood, or the run is not the one recorded.
bool record_replay(struct record *r, const char *line, const char **why);

#endif
