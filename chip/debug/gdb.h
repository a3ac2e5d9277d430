// SPDX-License-Identifier: Apache-2.0
//
// The chip as a target of GDB's remote serial protocol (GDB manual, appendix
// "Remote Protocol"). No I/O: bytes from the debugger are pushed, answers leave
// through a callback, and the owner calls gdb_run() where it would have called
// chip_run().
//
//     gdb_init(&gdb, chip, send, ctx);     // the chip stands still now
//     gdb_push(&gdb, bytes, n);            // whenever some have come
//     if (gdb_running(&gdb)) gdb_run(&gdb, 1000000);
//
// Registers are numbered as in GDB's configuration for the ESP32
// (reg-xtensa.dat: 105 in a `g` packet; the privileged ones after them by `p`).
// The PRO CPU is thread 1, the APP CPU, once it runs, thread 2.
//
// Breakpoints, software or hardware, are the core's own: up to
// CPU_BREAKPOINTS, invisible to the program. BREAK instructions stop, too.
// While there are watchpoints each instruction is looked at, some hundred times
// slower: the PRO CPU stops after the instruction that did it; a change made by
// the APP CPU or by a peripheral is noticed up to 64 instructions later, and
// what the APP CPU only reads is not noticed. The run is the same with and
// without a debugger.
//
// Monitor commands: reset, why.

#ifndef CHIP_DEBUG_GDB_H
#define CHIP_DEBUG_GDB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chip/chip.h"

#define GDB_PACKET      4096u // bytes between $ and #, in either direction
#define GDB_BREAKPOINTS 16u
#define GDB_WATCHPOINTS 8u
#define GDB_WATCH_MAX   64u // bytes one of them may cover

struct gdb_watch {
    uint32_t vaddr, n;
    unsigned kinds; // 1 stores, 2 loads
    uint8_t seen[GDB_WATCH_MAX];
};

struct gdb {
    struct chip *chip;
    void (*send)(void *ctx, const void *p, size_t n);
    void *ctx;

    bool attached; // false after detach, kill and gdb_close()
    bool running;
    bool interrupt; // Ctrl-C has come
    bool stepping;
    bool no_ack;
    unsigned core;      // that g, p, m speak of
    unsigned step_core; // that a step is for

    unsigned breakpoint_count;
    uint32_t breakpoints[GDB_BREAKPOINTS];
    unsigned watch_count;
    struct gdb_watch watch[GDB_WATCHPOINTS];

    int state; // of the receiver
    uint8_t sum, sum_got;
    size_t in_n;
    char in[GDB_PACKET + 1];
    size_t out_n;
    char out[GDB_PACKET + 5]; // with $, #, sum
};

// Stop the chip and wait for the debugger.
void gdb_init(struct gdb *gdb, struct chip *chip,
              void (*send)(void *ctx, const void *p, size_t n), void *ctx);

// Take breakpoints away and let the chip go on, as when the debugger vanishes.
void gdb_close(struct gdb *gdb);

void gdb_push(struct gdb *gdb, const uint8_t *p, size_t n);

// The debugger has let the chip run: call gdb_run().
bool gdb_running(const struct gdb *gdb);
// It is still there (no detach, no kill).
bool gdb_attached(const struct gdb *gdb);

// As chip_run(); CHIP_BREAK when the chip stands still now, and the debugger
// has been told why.
enum chip_stop gdb_run(struct gdb *gdb, uint64_t cycles);

#endif
