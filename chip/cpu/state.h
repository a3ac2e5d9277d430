// SPDX-License-Identifier: Apache-2.0
//
// Inside the core: register numbers, exception causes and the operations on the
// architectural state that the executor and the register interface share.
// Numbers as in the Xtensa ISA reference manual and the ESP32's core-isa.h.

#ifndef CHIP_CPU_STATE_H
#define CHIP_CPU_STATE_H

#include "chip/cpu/cpu.h"

enum cpu_sr_number {
    SR_LBEG = 0,
    SR_LEND = 1,
    SR_LCOUNT = 2,
    SR_SAR = 3,
    SR_BR = 4,
    SR_SCOMPARE1 = 12,
    SR_ACCLO = 16,
    SR_ACCHI = 17,
    SR_M0 = 32,
    SR_WINDOWBASE = 72,
    SR_WINDOWSTART = 73,
    SR_MMID = 89,
    SR_IBREAKENABLE = 96,
    SR_IBREAKA0 = 128,
    SR_IBREAKA1 = 129,
    SR_CONFIGID0 = 176,
    SR_EPC1 = 177,
    SR_DEPC = 192,
    SR_EPS2 = 194,
    SR_CONFIGID1 = 208,
    SR_CPENABLE = 224,
    SR_INTERRUPT = 226, // INTSET when written
    SR_INTCLEAR = 227,
    SR_INTENABLE = 228,
    SR_PS = 230,
    SR_VECBASE = 231,
    SR_EXCCAUSE = 232,
    SR_DEBUGCAUSE = 233,
    SR_CCOUNT = 234,
    SR_PRID = 235,
    SR_EXCVADDR = 238,
    SR_CCOMPARE0 = 240,
};

#define PS_INTLEVEL_MASK 0xFu
#define PS_EXCM          0x10u
#define PS_UM            0x20u
#define PS_OWB_SHIFT     8
#define PS_OWB_MASK      0xF00u
#define PS_CALLINC_SHIFT 16
#define PS_CALLINC_MASK  0x30000u
#define PS_WOE           0x40000u
#define PS_MASK          0x70FFFu
#define PS_CALLINC(ps)   ((ps) >> PS_CALLINC_SHIFT & 3)

enum {
    CPU_EXCM_LEVEL = 3,
    CPU_DEBUG_LEVEL = 6,
    CPU_NMI_LEVEL = 7,
};

// EXCCAUSE
enum cpu_exception {
    EXC_ILLEGAL = 0,
    EXC_SYSCALL = 1,
    EXC_LOAD_STORE_ERROR = 3,
    EXC_LEVEL1_INTERRUPT = 4,
    EXC_ALLOCA = 5,
    EXC_DIVIDE_BY_ZERO = 6,
    EXC_ALIGNMENT = 9,
    EXC_FETCH_PROHIBITED = 20,
    EXC_LOAD_PROHIBITED = 28,
    EXC_STORE_PROHIBITED = 29,
    EXC_COPROCESSOR0 = 32,
};

// DEBUGCAUSE
enum { DEBUG_IBREAK = 2, DEBUG_BREAK = 8, DEBUG_BREAK_N = 16 };

// Offsets from VECBASE
enum {
    VECTOR_OVERFLOW4 = 0x000,
    VECTOR_UNDERFLOW4 = 0x040,
    VECTOR_LEVEL2 = 0x180, // 0x40 a level from here on
    VECTOR_KERNEL = 0x300,
    VECTOR_USER = 0x340,
    VECTOR_DOUBLE = 0x3C0,
};

// Interrupt numbers by what drives them
#define CPU_INT_LEVEL    0x8FBE333Fu
#define CPU_INT_EDGE     0x50400400u
#define CPU_INT_NMI      0x00004000u
#define CPU_INT_SOFTWARE 0x20000080u

static inline unsigned cpu_int_level(const struct cpu *cpu)
{
    unsigned level = cpu->sr[SR_PS] & PS_INTLEVEL_MASK;
    if ((cpu->sr[SR_PS] & PS_EXCM) && level < CPU_EXCM_LEVEL) {
        return CPU_EXCM_LEVEL;
    }
    return level;
}

static inline uint32_t *cpu_window(struct cpu *cpu)
{
    return cpu->ar + 4 * cpu->sr[SR_WINDOWBASE];
}

// Highest quad of the window that may be touched without an overflow, 0..3.
static inline unsigned cpu_window_limit(const struct cpu *cpu)
{
    uint32_t start = cpu->sr[SR_WINDOWSTART];
    if ((cpu->sr[SR_PS] & (PS_WOE | PS_EXCM)) != PS_WOE) {
        return 3;
    }
    start = (start | start << 16) >> (cpu->sr[SR_WINDOWBASE] + 1);
    return start & 1 ? 0 : start & 2 ? 1 : start & 4 ? 2 : 3;
}

// WINDOWBASE = base & 15, moving the registers that a wrapping window shows.
void cpu_set_window(struct cpu *cpu, uint32_t base);

static inline void cpu_rotate(struct cpu *cpu, uint32_t quads)
{
    cpu_set_window(cpu, cpu->sr[SR_WINDOWBASE] + quads);
}

// Whether one of the three preceding windows is in registers (MOVSP).
bool cpu_callers_live(const struct cpu *cpu);

// The rules of RETW at cpu->pc with this a0.
enum cpu_retw { CPU_RETW_DONE, CPU_RETW_UNDERFLOW, CPU_RETW_ILLEGAL };
enum cpu_retw cpu_retw(struct cpu *cpu, uint32_t a0);

// Each of these leaves cpu->pc at the vector; the cause happened at cpu->pc.
void cpu_raise(struct cpu *cpu, unsigned cause);
void cpu_window_overflow(struct cpu *cpu);
void cpu_debug_exception(struct cpu *cpu, uint32_t cause);

// Whether a pending interrupt would be taken now; take it.
bool cpu_interrupt_ready(const struct cpu *cpu);
void cpu_take_interrupt(struct cpu *cpu);

// Latch the CCOMPARE matches up to cpu->cycles.
void cpu_fire_timers(struct cpu *cpu);

void cpu_set_bool(struct cpu *cpu, unsigned n, bool value);
uint32_t cpu_ext_load(struct cpu *cpu, uint32_t address);
void cpu_ext_store(struct cpu *cpu, uint32_t address, uint32_t value);

// Accesses that the page pointers do not serve, unaligned ones included. They
// return 0 or the exception cause, EXCVADDR set.
unsigned cpu_load_slow(struct cpu *cpu, uint32_t vaddr, unsigned size,
                       uint32_t *value);
unsigned cpu_store_slow(struct cpu *cpu, uint32_t vaddr, unsigned size,
                        uint32_t value);
// S32C1I
unsigned cpu_compare_store(struct cpu *cpu, uint32_t vaddr, uint32_t value,
                           uint32_t *old);

#endif
