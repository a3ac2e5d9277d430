// SPDX-License-Identifier: Apache-2.0
//
// One Xtensa LX6 core as configured in the ESP32 (windowed registers, 64 AR,
// loops, MUL16/32/32_HIGH, DIV32, MAC16, booleans, FPU, THREADPTR, interrupts
// at seven levels). It knows load, store, fetch, exceptions and interrupt
// lines; nothing of the chip around it.
//
// Time is instructions: CCOUNT advances by one with each. The same state and
// the same inputs give the same run, bit for bit.

#ifndef CHIP_CPU_CPU_H
#define CHIP_CPU_CPU_H

#include "chip/mem/bus.h"

struct cpu;

// Why cpu_run() came back.
enum cpu_stop {
    CPU_RAN,     // the budget is used up
    CPU_WAITING, // WAITI executed, no enabled interrupt is pending
    CPU_STOPPED, // cpu_stop() was called (by a device, during a store)
    CPU_BREAK,   // BREAK or an armed breakpoint; pc is at it
    CPU_HALTED,  // double exception inside a vector that cannot be fetched
};

// State at hardware reset: pc, PS = 0x1F, VECBASE 0x40000000, CCOUNT 0.
// prid is 0xCDCD for the PRO CPU, 0xABAB for the APP CPU.
void cpu_reset(struct cpu *cpu, uint32_t pc, uint32_t prid);

// Run at most `budget` instructions (> 0). *ran receives the number executed.
enum cpu_stop cpu_run(struct cpu *cpu, uint64_t budget, uint64_t *ran);

// Make cpu_run() return CPU_STOPPED after the instruction in progress.
void cpu_stop(struct cpu *cpu);

// Level of the external interrupt lines, one bit an INT number (0..31). The
// timer lines 6, 15, 16 and the software lines 7, 29 are the core's own.
void cpu_set_lines(struct cpu *cpu, uint32_t lines);

// Instructions until the next CCOMPARE match, UINT64_MAX if none is enabled.
uint64_t cpu_next_timer(const struct cpu *cpu);

// Advance CCOUNT by n while waiting (a WAITI core burns time, not
// instructions); a CCOMPARE passed on the way becomes pending.
void cpu_skip(struct cpu *cpu, uint64_t n);

// Registers by the manual's numbers: a0..a15 of the current window, special
// registers by SR number. For the ROM model, the debugger and tests.
uint32_t cpu_pc(const struct cpu *cpu);
void cpu_set_pc(struct cpu *cpu, uint32_t pc);
uint32_t cpu_ar(const struct cpu *cpu, unsigned n);
void cpu_set_ar(struct cpu *cpu, unsigned n, uint32_t value);
uint32_t cpu_sr(const struct cpu *cpu, unsigned sr);
void cpu_set_sr(struct cpu *cpu, unsigned sr, uint32_t value);

#endif
