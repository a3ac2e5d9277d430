// SPDX-License-Identifier: Apache-2.0

#include "chip/cpu/state.h"

#include "chip/cpu/block.h"

#include <string.h>

#define INT_TIMERS 3

static const uint32_t timer_bit[INT_TIMERS] = {1u << 6, 1u << 15, 1u << 16};

// By level; level 6 is the debug exception's
static const uint32_t level_mask[CPU_NMI_LEVEL + 1] = {
    0,          0x000637FF, 0x00380000, 0x28C08800,
    0x53000000, 0x84010000, 0,          0x00004000,
};

static uint32_t interrupts(const struct cpu *cpu)
{
    return (cpu->lines & CPU_INT_LEVEL) | cpu->latched;
}

static void update_pending(struct cpu *cpu)
{
    cpu->pend = interrupts(cpu) & (cpu->sr[SR_INTENABLE] | CPU_INT_NMI);
}

static void update_next_timer(struct cpu *cpu)
{
    cpu->next_timer = cpu->timer_at[0];
    for (unsigned i = 1; i < INT_TIMERS; i++) {
        if (cpu->timer_at[i] < cpu->next_timer) {
            cpu->next_timer = cpu->timer_at[i];
        }
    }
}

static uint32_t ccount(const struct cpu *cpu)
{
    return (uint32_t)cpu->cycles + cpu->ccount_base;
}

// A match is CCOUNT becoming equal: equal already means in 2^32 instructions.
static void schedule_timer(struct cpu *cpu, unsigned i)
{
    uint32_t ahead = cpu->sr[SR_CCOMPARE0 + i] - ccount(cpu) - 1;
    cpu->timer_at[i] = cpu->cycles + ahead + 1;
    update_next_timer(cpu);
    cpu->attention = true;
}

void cpu_fire_timers(struct cpu *cpu)
{
    if (cpu->cycles < cpu->next_timer) {
        return;
    }
    for (unsigned i = 0; i < INT_TIMERS; i++) {
        while (cpu->timer_at[i] <= cpu->cycles) {
            cpu->timer_at[i] += (uint64_t)1 << 32;
            cpu->latched |= timer_bit[i];
        }
    }
    update_next_timer(cpu);
    update_pending(cpu);
}

void cpu_attach(struct cpu *cpu, struct bus *bus, struct cpu_cache *cache)
{
    cpu->bus = bus;
    cpu->cache = cache;
    bus->code_changed = cpu_code_changed;
    bus->code_ctx = cpu;
    cpu_cache_init(cpu);
}

void cpu_set_ext(struct cpu *cpu, struct cpu_ext ext)
{
    cpu->ext = ext;
}

void cpu_set_trace(struct cpu *cpu, cpu_trace *trace, void *ctx)
{
    cpu->trace = trace;
    cpu->trace_ctx = ctx;
}

void cpu_reset(struct cpu *cpu, uint32_t pc, uint32_t prid)
{
    struct bus *bus = cpu->bus;
    struct cpu_cache *cache = cpu->cache;

    memset(cpu->ar, 0, sizeof(cpu->ar));
    memset(cpu->sr, 0, sizeof(cpu->sr));
    memset(cpu->fr, 0, sizeof(cpu->fr));
    memset(cpu->itlb, 2, sizeof(cpu->itlb));
    memset(cpu->dtlb, 2, sizeof(cpu->dtlb));
    cpu->threadptr = cpu->fpu.fcr = cpu->fpu.fsr = 0;
    cpu->f64r_lo = cpu->f64r_hi = cpu->f64s = cpu->expstate = 0;
    cpu->pc = pc;
    cpu->sr[SR_PS] = 0x1F;
    cpu->sr[SR_VECBASE] = 0x40000000;
    cpu->sr[SR_WINDOWSTART] = 1;
    cpu->sr[SR_PRID] = prid;
    cpu->cycles = 0;
    cpu->ccount_base = 0;
    cpu->latched = 0;
    cpu->waiting = cpu->stop = cpu->skip_break = false;
    for (unsigned i = 0; i < INT_TIMERS; i++) {
        schedule_timer(cpu, i);
    }
    update_pending(cpu);
    if (bus != NULL && cache != NULL) {
        cpu_cache_forget(cpu);
    }
}

void cpu_stop(struct cpu *cpu)
{
    cpu->stop = true;
    cpu->attention = true;
}

void cpu_set_lines(struct cpu *cpu, uint32_t lines)
{
    uint32_t rising = lines & ~cpu->lines;
    cpu->lines = lines;
    cpu->latched |= rising & (CPU_INT_EDGE | CPU_INT_NMI);
    update_pending(cpu);
    cpu->attention = true;
}

uint64_t cpu_next_timer(const struct cpu *cpu)
{
    uint64_t next = UINT64_MAX;
    for (unsigned i = 0; i < INT_TIMERS; i++) {
        uint64_t ahead = cpu->timer_at[i] - cpu->cycles;
        if ((cpu->sr[SR_INTENABLE] & timer_bit[i]) && ahead < next) {
            next = ahead;
        }
    }
    return next;
}

void cpu_skip(struct cpu *cpu, uint64_t n)
{
    cpu->cycles += n;
    cpu_fire_timers(cpu);
}

uint64_t cpu_cycles(const struct cpu *cpu)
{
    return cpu->cycles;
}

bool cpu_add_breakpoint(struct cpu *cpu, uint32_t vaddr)
{
    if (cpu->breakpoint_count == CPU_BREAKPOINTS) {
        return false;
    }
    cpu->breakpoints[cpu->breakpoint_count++] = vaddr;
    cpu_cache_forget(cpu);
    return true;
}

void cpu_remove_breakpoint(struct cpu *cpu, uint32_t vaddr)
{
    for (unsigned i = 0; i < cpu->breakpoint_count; i++) {
        if (cpu->breakpoints[i] == vaddr) {
            cpu->breakpoints[i] = cpu->breakpoints[--cpu->breakpoint_count];
            // One that is set here again is a new one.
            cpu->skip_break = cpu->skip_break && vaddr != cpu->pc;
            cpu_cache_forget(cpu);
            return;
        }
    }
}

void cpu_set_stop_on_break(struct cpu *cpu, bool on)
{
    cpu->stop_on_break = on;
}

uint32_t cpu_pc(const struct cpu *cpu)
{
    return cpu->pc;
}

void cpu_set_pc(struct cpu *cpu, uint32_t pc)
{
    cpu->pc = pc;
    cpu->skip_break = false;
    cpu->waiting = false;
}

uint32_t cpu_ar(const struct cpu *cpu, unsigned n)
{
    return cpu->ar[4 * cpu->sr[SR_WINDOWBASE] + n % 16];
}

void cpu_set_ar(struct cpu *cpu, unsigned n, uint32_t value)
{
    cpu->ar[4 * cpu->sr[SR_WINDOWBASE] + n % 16] = value;
}

// Where a physical register stands: a window that wraps around has its copy.
static unsigned physical_index(const struct cpu *cpu, unsigned n)
{
    uint32_t base = cpu->sr[SR_WINDOWBASE];
    n %= 64;
    return base > 12 && n < 4 * (base - 12) ? n + 64 : n;
}

uint32_t cpu_physical_ar(const struct cpu *cpu, unsigned n)
{
    return cpu->ar[physical_index(cpu, n)];
}

void cpu_set_physical_ar(struct cpu *cpu, unsigned n, uint32_t value)
{
    cpu->ar[physical_index(cpu, n)] = value;
}

uint32_t cpu_fr(const struct cpu *cpu, unsigned n)
{
    return cpu->fr[n % 16];
}

void cpu_set_fr(struct cpu *cpu, unsigned n, uint32_t value)
{
    cpu->fr[n % 16] = value;
}

uint32_t cpu_sr(const struct cpu *cpu, unsigned sr)
{
    switch (sr) {
    case SR_CCOUNT:
        return ccount(cpu);
    case SR_INTERRUPT:
        return interrupts(cpu);
    default:
        return cpu->sr[sr % 256];
    }
}

static void set_instruction_breaks(struct cpu *cpu, unsigned sr, uint32_t value)
{
    cpu->sr[sr] = value;
    cpu_cache_forget(cpu);
}

void cpu_set_sr(struct cpu *cpu, unsigned sr, uint32_t value)
{
    switch (sr) {
    case SR_LEND:
        cpu->sr[SR_LEND] = value;
        cpu_cache_loop_end(cpu, value);
        break;
    case SR_SAR:
        cpu->sr[SR_SAR] = value & 0x3F;
        break;
    case SR_BR:
        cpu->sr[SR_BR] = value & 0xFFFF;
        break;
    case SR_ACCHI: // 8 bits, read with their sign
        cpu->sr[SR_ACCHI] = (uint32_t)(int8_t)value;
        break;
    case SR_WINDOWBASE:
        cpu_set_window(cpu, value);
        break;
    case SR_WINDOWSTART:
        cpu->sr[SR_WINDOWSTART] = value & 0xFFFF;
        break;
    case SR_IBREAKENABLE:
        set_instruction_breaks(cpu, sr, value & 3);
        break;
    case SR_IBREAKA0:
    case SR_IBREAKA1:
        set_instruction_breaks(cpu, sr, value);
        break;
    case SR_CONFIGID0:
    case SR_CONFIGID1:
    case SR_MMID:
    case SR_PRID:
        break; // nothing that could be read back changes
    case SR_CPENABLE:
        cpu->sr[SR_CPENABLE] = value & 0xFF;
        break;
    case SR_INTERRUPT:
        cpu->latched |= value & CPU_INT_SOFTWARE;
        update_pending(cpu);
        break;
    case SR_INTCLEAR:
        cpu->latched &=
            ~(value & (CPU_INT_EDGE | CPU_INT_NMI | CPU_INT_SOFTWARE));
        update_pending(cpu);
        break;
    case SR_INTENABLE:
        cpu->sr[SR_INTENABLE] = value;
        update_pending(cpu);
        break;
    case SR_PS:
        cpu->sr[SR_PS] = value & PS_MASK;
        break;
    case SR_VECBASE:
        cpu->sr[SR_VECBASE] = value & ~0x3FFu;
        break;
    case SR_EXCCAUSE:
        cpu->sr[SR_EXCCAUSE] = value & 0x3F;
        break;
    case SR_CCOUNT:
        cpu->ccount_base = value - (uint32_t)cpu->cycles;
        for (unsigned i = 0; i < INT_TIMERS; i++) {
            schedule_timer(cpu, i);
        }
        break;
    case SR_CCOMPARE0:
    case SR_CCOMPARE0 + 1:
    case SR_CCOMPARE0 + 2:
        cpu->sr[sr] = value;
        cpu->latched &= ~timer_bit[sr - SR_CCOMPARE0];
        schedule_timer(cpu, sr - SR_CCOMPARE0);
        update_pending(cpu);
        break;
    default:
        cpu->sr[sr % 256] = value;
    }
}

uint32_t cpu_ur(const struct cpu *cpu, unsigned ur)
{
    switch (ur) {
    case 230:
        return cpu->expstate;
    case 231:
        return cpu->threadptr;
    case 232:
        return cpu->fpu.fcr;
    case 233:
        return cpu->fpu.fsr;
    case 234:
        return cpu->f64r_lo;
    case 235:
        return cpu->f64r_hi;
    case 236:
        return cpu->f64s;
    default:
        return 0;
    }
}

void cpu_set_ur(struct cpu *cpu, unsigned ur, uint32_t value)
{
    switch (ur) {
    case 230:
        cpu->expstate = value;
        break;
    case 231:
        cpu->threadptr = value;
        break;
    case 232:
        cpu->fpu.fcr = value & 0x7F; // rounding mode and enables
        break;
    case 233:
        cpu->fpu.fsr = value & 0xF80; // sticky flags
        break;
    case 234:
        cpu->f64r_lo = value;
        break;
    case 235:
        cpu->f64r_hi = value;
        break;
    case 236:
        cpu->f64s = value;
        break;
    }
}

void cpu_set_bool(struct cpu *cpu, unsigned n, bool value)
{
    uint32_t bit = 1u << n;
    cpu->sr[SR_BR] = value ? cpu->sr[SR_BR] | bit : cpu->sr[SR_BR] & ~bit;
}

uint32_t cpu_ext_load(struct cpu *cpu, uint32_t address)
{
    return cpu->ext.load == NULL ? 0 : cpu->ext.load(cpu->ext.ctx, address);
}

void cpu_ext_store(struct cpu *cpu, uint32_t address, uint32_t value)
{
    if (cpu->ext.store != NULL) {
        cpu->ext.store(cpu->ext.ctx, address, value);
    }
}

void cpu_set_window(struct cpu *cpu, uint32_t base)
{
    uint32_t old = cpu->sr[SR_WINDOWBASE];

    base &= 15;
    if (old > 12) {
        memcpy(cpu->ar, cpu->ar + 64, (old - 12) * 16);
    }
    if (base > 12) {
        memcpy(cpu->ar + 64, cpu->ar, (base - 12) * 16);
    }
    cpu->sr[SR_WINDOWBASE] = base;
}

// WINDOWSTART seen from the current window: bit n is window base + n.
static uint32_t windows_ahead(const struct cpu *cpu)
{
    uint32_t start = cpu->sr[SR_WINDOWSTART];
    return (start | start << 16) >> cpu->sr[SR_WINDOWBASE] & 0xFFFF;
}

bool cpu_callers_live(const struct cpu *cpu)
{
    return (windows_ahead(cpu) & 0xE000) != 0;
}

static void enter_window_vector(struct cpu *cpu, uint32_t offset)
{
    cpu->sr[SR_EPC1] = cpu->pc;
    cpu->sr[SR_PS] |= PS_EXCM;
    cpu->pc = cpu->sr[SR_VECBASE] + offset;
}

static void remember_window(struct cpu *cpu, uint32_t base)
{
    cpu->sr[SR_PS] = (cpu->sr[SR_PS] & ~PS_OWB_MASK) | base << PS_OWB_SHIFT;
}

void cpu_window_overflow(struct cpu *cpu)
{
    uint32_t ahead = windows_ahead(cpu);
    unsigned n = ahead & 2 ? 1 : ahead & 4 ? 2 : 3;
    unsigned frame = ahead >> n & 2 ? 0 : ahead >> n & 4 ? 1 : 2;

    remember_window(cpu, cpu->sr[SR_WINDOWBASE]);
    cpu_rotate(cpu, n);
    enter_window_vector(cpu, VECTOR_OVERFLOW4 + frame * 0x80);
}

enum cpu_retw cpu_retw(struct cpu *cpu, uint32_t a0)
{
    uint32_t old = cpu->sr[SR_WINDOWBASE];
    uint32_t n = a0 >> 30;
    uint32_t ahead = windows_ahead(cpu);
    uint32_t live = ahead & 0x8000   ? 1
                    : ahead & 0x4000 ? 2
                    : ahead & 0x2000 ? 3
                                     : 0;

    if (n == 0 || (live != 0 && live != n) ||
        (cpu->sr[SR_PS] & (PS_WOE | PS_EXCM)) != PS_WOE) {
        return CPU_RETW_ILLEGAL;
    }
    cpu_rotate(cpu, 0u - n);
    if (live == 0) {
        remember_window(cpu, old);
        enter_window_vector(cpu, VECTOR_UNDERFLOW4 + (n - 1) * 0x80);
        return CPU_RETW_UNDERFLOW;
    }
    cpu->sr[SR_WINDOWSTART] &= ~(1u << old);
    cpu->pc = (cpu->pc & 0xC0000000) | (a0 & 0x3FFFFFFF);
    return CPU_RETW_DONE;
}

void cpu_raise(struct cpu *cpu, unsigned cause)
{
    uint32_t ps = cpu->sr[SR_PS];
    uint32_t vector = ps & PS_UM ? VECTOR_USER : VECTOR_KERNEL;

    cpu->sr[SR_EXCCAUSE] = cause;
    if (ps & PS_EXCM) {
        cpu->sr[SR_DEPC] = cpu->pc;
        vector = VECTOR_DOUBLE;
    } else {
        cpu->sr[SR_EPC1] = cpu->pc;
        cpu->sr[SR_PS] = ps | PS_EXCM;
    }
    cpu->pc = cpu->sr[SR_VECBASE] + vector;
}

static void enter_level(struct cpu *cpu, unsigned level)
{
    uint32_t ps = cpu->sr[SR_PS];
    cpu->sr[SR_EPC1 - 1 + level] = cpu->pc;
    cpu->sr[SR_EPS2 - 2 + level] = ps;
    cpu->sr[SR_PS] = (ps & ~PS_INTLEVEL_MASK) | level | PS_EXCM;
    cpu->pc = cpu->sr[SR_VECBASE] + VECTOR_LEVEL2 + (level - 2) * 0x40;
}

void cpu_debug_exception(struct cpu *cpu, uint32_t cause)
{
    cpu->sr[SR_DEBUGCAUSE] = cause;
    enter_level(cpu, CPU_DEBUG_LEVEL);
}

static unsigned pending_level(const struct cpu *cpu)
{
    unsigned level = CPU_NMI_LEVEL;
    while (level > 0 && (cpu->pend & level_mask[level]) == 0) {
        level--;
    }
    return level;
}

bool cpu_interrupt_ready(const struct cpu *cpu)
{
    return cpu->pend != 0 && pending_level(cpu) > cpu_int_level(cpu);
}

void cpu_take_interrupt(struct cpu *cpu)
{
    unsigned level = pending_level(cpu);

    cpu->waiting = false;
    if (level == 1) {
        cpu_raise(cpu, EXC_LEVEL1_INTERRUPT);
        return;
    }
    if (level == CPU_NMI_LEVEL) {
        cpu->latched &= ~CPU_INT_NMI;
        update_pending(cpu);
    }
    enter_level(cpu, level);
}

static unsigned memory_fault(struct cpu *cpu, uint32_t vaddr, unsigned cause)
{
    cpu->sr[SR_EXCVADDR] = vaddr;
    return cause;
}

static unsigned failed(struct cpu *cpu, uint32_t vaddr, enum bus_status status,
                       unsigned prohibited)
{
    return memory_fault(
        cpu, vaddr, status == BUS_E_WIDTH ? EXC_LOAD_STORE_ERROR : prohibited);
}

// Memory that takes any width also takes any address; what only has 32-bit
// access raises the alignment exception.
unsigned cpu_load_slow(struct cpu *cpu, uint32_t vaddr, unsigned size,
                       uint32_t *value)
{
    enum bus_status st;
    uint32_t all = 0;

    if ((vaddr & (size - 1)) == 0) {
        st = bus_load(cpu->bus, vaddr, size, value);
        return st == BUS_OK ? 0 : failed(cpu, vaddr, st, EXC_LOAD_PROHIBITED);
    }
    for (unsigned i = 0; i < size; i++) {
        uint32_t byte;
        st = bus_load(cpu->bus, vaddr + i, 1, &byte);
        if (st == BUS_E_WIDTH) {
            return memory_fault(cpu, vaddr, EXC_ALIGNMENT);
        }
        if (st != BUS_OK) {
            return failed(cpu, vaddr, st, EXC_LOAD_PROHIBITED);
        }
        all |= byte << 8 * i;
    }
    *value = all;
    return 0;
}

unsigned cpu_store_slow(struct cpu *cpu, uint32_t vaddr, unsigned size,
                        uint32_t value)
{
    enum bus_status st;

    if ((vaddr & (size - 1)) == 0) {
        st = bus_store(cpu->bus, vaddr, size, value);
        return st == BUS_OK ? 0 : failed(cpu, vaddr, st, EXC_STORE_PROHIBITED);
    }
    for (unsigned i = 0; i < size; i++) {
        st = bus_store(cpu->bus, vaddr + i, 1, value >> 8 * i & 0xFF);
        if (st == BUS_E_WIDTH) {
            return memory_fault(cpu, vaddr, EXC_ALIGNMENT);
        }
        if (st != BUS_OK) {
            return failed(cpu, vaddr, st, EXC_STORE_PROHIBITED);
        }
    }
    return 0;
}

unsigned cpu_compare_store(struct cpu *cpu, uint32_t vaddr, uint32_t value,
                           uint32_t *old)
{
    unsigned cause = cpu_load_slow(cpu, vaddr, 4, old);
    if (cause != 0 || *old != cpu->sr[SR_SCOMPARE1]) {
        return cause;
    }
    return cpu_store_slow(cpu, vaddr, 4, value);
}
