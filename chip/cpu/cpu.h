// SPDX-License-Identifier: Apache-2.0
//
// One Xtensa LX6 core as configured in the ESP32 (windowed registers, 64 AR,
// loops, MUL16/32/32_HIGH, DIV32, MAC16, booleans, FPU, THREADPTR, interrupts
// at seven levels). It knows load, store, fetch, exceptions and interrupt
// lines; nothing of the chip around it.
//
// Time is instructions: CCOUNT advances by one with each, also with one that
// raises an exception. The same state and the same inputs give the same run,
// bit for bit, however it is cut into budgets.
//
// Not modelled: caches and pipeline (the synchronising instructions are
// no-ops), access rights of the region protection (kept, not enforced), DBREAK,
// ICOUNT and the on-chip debug unit (registers only), the F64 acceleration
// opcodes (illegal).

#ifndef CHIP_CPU_CPU_H
#define CHIP_CPU_CPU_H

#include "chip/mem/bus.h"

// External registers of RER and WER (the debug and trace units); optional.
struct cpu_ext {
    uint32_t (*load)(void *ctx, uint32_t address);
    void (*store)(void *ctx, uint32_t address, uint32_t value);
    void *ctx;
};

#define CPU_BREAKPOINTS 16

// FCR and FSR of the floating-point coprocessor
struct cpu_fpu {
    uint32_t fcr;
    uint32_t fsr;
};

struct cpu_cache; // block.h: decoded code, not part of the state

struct cpu;
// The instruction at pc is done, or has raised an exception.
typedef void cpu_trace(void *ctx, const struct cpu *cpu, uint32_t pc);

// All of a core. The owner embeds it, sets it up with cpu_attach() and
// cpu_reset(), and may copy it; the copy then needs a cpu_attach() of its own.
// Read and write it through the functions below.
struct cpu {
    uint32_t ar[64 + 16]; // the last 16 continue a window that wraps around
    uint32_t sr[256];     // by SR number; some are computed when read
    uint32_t fr[16];
    uint32_t pc;
    struct cpu_fpu fpu;
    uint32_t threadptr, f64r_lo, f64r_hi, f64s, expstate;
    uint8_t itlb[8], dtlb[8]; // region attributes

    uint64_t cycles;      // instructions since reset, skipped ones included
    uint32_t ccount_base; // CCOUNT is cycles + this
    uint64_t timer_at[3]; // cycles of the next CCOMPARE matches
    uint64_t next_timer;  // the earliest of them
    uint32_t lines;       // level of the external lines
    uint32_t latched;     // pending edges, timers, software interrupts
    uint32_t pend;        // pending and enabled
    bool waiting;         // in WAITI
    bool attention;       // leave the fast path after this instruction
    bool stop;            // cpu_stop() was called

    bool stop_on_break; // BREAK ends cpu_run() instead of raising an exception
    bool skip_break;    // the breakpoint at pc was reported: go on
    unsigned breakpoint_count;
    uint32_t breakpoints[CPU_BREAKPOINTS];

    struct bus *bus;
    struct cpu_cache *cache;
    struct cpu_ext ext;
    cpu_trace *trace; // NULL: nobody looks
    void *trace_ctx;
    uint64_t slice_end; // while running: cycles at which to stop
};

// Why cpu_run() came back.
enum cpu_stop {
    CPU_RAN,     // the budget is used up
    CPU_WAITING, // WAITI executed, no enabled interrupt is pending
    CPU_STOPPED, // cpu_stop() was called (by a device, during a store)
    CPU_BREAK, // BREAK (with stop_on_break) or an armed breakpoint; pc is at it
    CPU_HALTED, // double exception inside a vector that cannot be fetched
};

// Connect the core to its bus and to storage for decoded code, which is emptied
// here. All three must stay where they are until the next cpu_attach().
void cpu_attach(struct cpu *cpu, struct bus *bus, struct cpu_cache *cache);

// External registers; without this RER reads 0 and WER does nothing.
void cpu_set_ext(struct cpu *cpu, struct cpu_ext ext);

// Tell of each instruction; NULL: no more. The run is the same, and some thirty
// times slower.
void cpu_set_trace(struct cpu *cpu, cpu_trace *trace, void *ctx);

// State at hardware reset: pc, PS = 0x1F, VECBASE 0x40000000, CCOUNT 0.
// prid is 0xCDCD for the PRO CPU, 0xABAB for the APP CPU. Attachments, external
// lines and breakpoints stay. Not from within a device's load or store: call
// cpu_stop() there and reset when cpu_run() has returned.
void cpu_reset(struct cpu *cpu, uint32_t pc, uint32_t prid);

// Run at most `budget` instructions (> 0). *ran receives the number executed.
enum cpu_stop cpu_run(struct cpu *cpu, uint64_t budget, uint64_t *ran);

// Make cpu_run() return CPU_STOPPED after the instruction in progress, or at
// once if the core is not running now.
void cpu_stop(struct cpu *cpu);

// Level of the external interrupt lines, one bit an INT number (0..31). The
// timer lines 6, 15, 16 and the software lines 7, 29 are the core's own.
void cpu_set_lines(struct cpu *cpu, uint32_t lines);

// Instructions until the next CCOMPARE match, UINT64_MAX if none is enabled.
uint64_t cpu_next_timer(const struct cpu *cpu);

// Advance CCOUNT by n while waiting (a WAITI core burns time, not
// instructions); a CCOMPARE passed on the way becomes pending.
void cpu_skip(struct cpu *cpu, uint64_t n);

// Instructions since reset. Exact also within a device's load or store, as is
// cpu_pc(): both belong to the instruction in progress.
uint64_t cpu_cycles(const struct cpu *cpu);

// Breakpoints of the host, invisible to the program. Adding returns false when
// all CPU_BREAKPOINTS are in use. Not from within a device's load or store.
bool cpu_add_breakpoint(struct cpu *cpu, uint32_t vaddr);
void cpu_remove_breakpoint(struct cpu *cpu, uint32_t vaddr);

// Whether BREAK stops cpu_run() (true) or raises the debug exception, as a chip
// without a debugger does (false, the default).
void cpu_set_stop_on_break(struct cpu *cpu, bool on);

// Registers by the manual's numbers: a0..a15 of the current window, special
// registers by SR number. For the ROM model, the debugger and tests.
uint32_t cpu_pc(const struct cpu *cpu);
void cpu_set_pc(struct cpu *cpu, uint32_t pc);
uint32_t cpu_ar(const struct cpu *cpu, unsigned n);
void cpu_set_ar(struct cpu *cpu, unsigned n, uint32_t value);
uint32_t cpu_sr(const struct cpu *cpu, unsigned sr);
void cpu_set_sr(struct cpu *cpu, unsigned sr, uint32_t value);
uint32_t cpu_ur(const struct cpu *cpu, unsigned ur);
void cpu_set_ur(struct cpu *cpu, unsigned ur, uint32_t value);
uint32_t cpu_fr(const struct cpu *cpu, unsigned n);
void cpu_set_fr(struct cpu *cpu, unsigned n, uint32_t value);

// The physical registers AR[0..63], whatever the window.
uint32_t cpu_physical_ar(const struct cpu *cpu, unsigned n);
void cpu_set_physical_ar(struct cpu *cpu, unsigned n, uint32_t value);

#endif
