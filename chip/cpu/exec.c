// SPDX-License-Identifier: Apache-2.0
//
// Runs blocks. With GNU C each instruction jumps straight to the next one's
// code; elsewhere a switch does the same.
//
// `left` counts the instructions that may still run. A block is paid for when
// it is entered, and whoever leaves it early gives the rest back; so the exact
// time is always known, but only worked out where somebody can see it (SYNC).

#include "chip/cpu/block.h"
#include "chip/cpu/fpu.h"
#include "chip/cpu/state.h"

#include <assert.h>

#if defined(__GNUC__) && !defined(CPU_NO_COMPUTED_GOTO)
#define THREADED    1
#define LIKELY(x)   __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#else
#define THREADED    0
#define LIKELY(x)   (x)
#define UNLIKELY(x) (x)
#endif

// Merging the many indirect jumps into one would undo what they are for.
#if defined(__GNUC__) && !defined(__clang__)
#define DISPATCHES __attribute__((optimize("no-gcse", "no-crossjumping")))
#else
#define DISPATCHES
#endif

#define OFFSET_MASK (BUS_PAGE_SIZE - 1)
#define REGION      0xE0000000u
#define TLB_HIT     1u // of PITLB and PDTLB

static uint32_t sext(uint32_t value, uint32_t bit)
{
    uint32_t sign = 1u << bit;
    return ((value & (sign * 2 - 1)) ^ sign) - sign;
}

static uint32_t clamps(uint32_t value, uint32_t bit)
{
    int32_t high = (1 << bit) - 1;
    int32_t v = (int32_t)value;
    return (uint32_t)(v > high ? high : v < -high - 1 ? -high - 1 : v);
}

static uint32_t nsau(uint32_t value)
{
    uint32_t n = 0;
#ifdef __GNUC__
    n = value == 0 ? 32 : (uint32_t)__builtin_clz(value);
#else
    for (; n < 32 && !(value >> (31 - n) & 1); n++) {
    }
#endif
    return n;
}

static uint32_t nsa(uint32_t value)
{
    return nsau((int32_t)value < 0 ? ~value : value) - 1;
}

static bool is_fp_ur(uint32_t ur)
{
    return ur == 232 || ur == 233;
}

static uint32_t half(uint32_t value, uint32_t high)
{
    return high ? value >> 16 : value & 0xFFFF;
}

static int64_t product(uint32_t x, uint32_t y, uint32_t halves)
{
    return (int16_t)half(x, halves & 1) * (int16_t)half(y, halves & 2);
}

static int64_t accumulator(const struct cpu *cpu)
{
    return (int64_t)((uint64_t)cpu->sr[SR_ACCHI] << 32 | cpu->sr[SR_ACCLO]);
}

static void set_accumulator(struct cpu *cpu, int64_t value)
{
    cpu->sr[SR_ACCLO] = (uint32_t)value;
    cpu->sr[SR_ACCHI] = (uint32_t)(int8_t)((uint64_t)value >> 32);
}

// The words of isa.def
#define AR_R      a[op->r]
#define AR_S      a[op->s]
#define AR_T      a[op->t]
#define IMM       (op->imm)
#define UIMM      ((uint32_t)op->imm)
#define SIGNED(x) ((int32_t)(x))
#define SR(name)  (cpu->sr[SR_##name])

#define FR_R cpu->fr[op->r]
#define FR_S cpu->fr[op->s]
#define FR_T cpu->fr[op->t]
#define FPU  (&cpu->fpu)

#define BOOL(n)     (SR(BR) >> (n)&1)
#define SET_BOOL(x) cpu_set_bool(cpu, op->r, (x))

#define MR_X cpu->sr[SR_M0 + (op->r >> 2 & 1)]
#define MR_Y cpu->sr[SR_M0 + 2 + (op->t >> 2 & 1)]
#define UMUL(x, y)                                                             \
    set_accumulator(                                                           \
        cpu, (int64_t)((uint64_t)half(x, UIMM & 1) * half(y, UIMM & 2)))
#define MUL(x, y)  set_accumulator(cpu, product(x, y, UIMM))
#define MULA(x, y) set_accumulator(cpu, accumulator(cpu) + product(x, y, UIMM))
#define MULS(x, y) set_accumulator(cpu, accumulator(cpu) - product(x, y, UIMM))

// Load the next operand while multiplying the present ones
#define MAC_LOAD(step, multiply)                                               \
    uint32_t va = AR_S + (uint32_t)(step);                                     \
    uint32_t word;                                                             \
    SYNC();                                                                    \
    if ((cause = cpu_load_slow(cpu, va, 4, &word)) != 0) {                     \
        goto raise;                                                            \
    }                                                                          \
    multiply;                                                                  \
    AR_S = va;                                                                 \
    cpu->sr[SR_M0 + (op->r & 3)] = word;                                       \
    MEM_DONE()

#define INDEX() ((uint64_t)(op - b->ops))

// Make cycles and pc true for whoever looks at them from outside.
#define SYNC()                                                                 \
    do {                                                                       \
        cpu->cycles = cpu->slice_end - left - (b->n - INDEX());                \
        cpu->pc = b->pc + op->offset;                                          \
    } while (0)

#define MEM_DONE()                                                             \
    do {                                                                       \
        if (UNLIKELY(cpu->attention)) {                                        \
            goto leave_next;                                                   \
        }                                                                      \
    } while (0)

#define RAISE(why)                                                             \
    do {                                                                       \
        cause = (why);                                                         \
        goto raise;                                                            \
    } while (0)

#define NEED_FP()                                                              \
    do {                                                                       \
        if (!(SR(CPENABLE) & 1)) {                                             \
            RAISE(EXC_COPROCESSOR0);                                           \
        }                                                                      \
    } while (0)

#define ALIGNED(address)                                                       \
    do {                                                                       \
        if ((address)&3) {                                                     \
            SR(EXCVADDR) = (address);                                          \
            RAISE(EXC_ALIGNMENT);                                              \
        }                                                                      \
    } while (0)

// An address in units of its size, from the start of the window; the bits that
// make it unaligned go to the top, where they make it too large.
#define TURNED(va, size)                                                       \
    ((size) == 1 ? (va)-BUS_WINDOW_BASE                                        \
                 : ((va)-BUS_WINDOW_BASE) / (size) |                           \
                       ((va)-BUS_WINDOW_BASE) << ((size) == 4 ? 30 : 31))

#define LOAD(address, size, table, get, ...)                                   \
    do {                                                                       \
        uint32_t va = (address);                                               \
        uint32_t at = TURNED(va, size);                                        \
        const uint8_t *mem;                                                    \
        uint32_t v;                                                            \
        if (LIKELY(at < (BUS_WINDOW_END - BUS_WINDOW_BASE) / (size)) &&        \
            LIKELY((mem = bus->table[at / (BUS_PAGE_SIZE / (size))]) !=        \
                   NULL)) {                                                    \
            v = get(mem + (va & OFFSET_MASK));                                 \
            __VA_ARGS__;                                                       \
        } else {                                                               \
            SYNC();                                                            \
            if ((cause = cpu_load_slow(cpu, va, (size), &v)) != 0) {           \
                goto raise;                                                    \
            }                                                                  \
            __VA_ARGS__;                                                       \
            MEM_DONE();                                                        \
        }                                                                      \
    } while (0)

// then: what follows a store that has succeeded
#define STORE(address, size, table, put, value, then)                          \
    do {                                                                       \
        uint32_t va = (address);                                               \
        uint32_t at = TURNED(va, size);                                        \
        uint8_t *mem;                                                          \
        if (LIKELY(at < (BUS_WINDOW_END - BUS_WINDOW_BASE) / (size)) &&        \
            LIKELY((mem = bus->table[at / (BUS_PAGE_SIZE / (size))]) !=        \
                   NULL)) {                                                    \
            put(mem + (va & OFFSET_MASK), (value));                            \
            then;                                                              \
        } else {                                                               \
            SYNC();                                                            \
            if ((cause = cpu_store_slow(cpu, va, (size), (value))) != 0) {     \
                goto raise;                                                    \
            }                                                                  \
            then;                                                              \
            MEM_DONE();                                                        \
        }                                                                      \
    } while (0)

#define GET8(p)            (*(p))
#define PUT8(p, x)         (*(p) = (uint8_t)(x))
#define LOAD8(at, ...)     LOAD(at, 1u, load8, GET8, __VA_ARGS__)
#define LOAD16(at, ...)    LOAD(at, 2u, load8, bus_get16, __VA_ARGS__)
#define LOAD32(at, ...)    LOAD(at, 4u, load32, bus_get32, __VA_ARGS__)
#define STORE8(at, value)  STORE(at, 1u, store8, PUT8, value, )
#define STORE16(at, value) STORE(at, 2u, store8, bus_put16, value, )
#define STORE32(at, value) STORE(at, 4u, store32, bus_put32, value, )
#define STORE32_THEN(at, value, then)                                          \
    STORE(at, 4u, store32, bus_put32, value, then)

// After the window or PS has changed
#define RELOAD()                                                               \
    do {                                                                       \
        a = cpu_window(cpu);                                                   \
        wlim = cpu_window_limit(cpu);                                          \
    } while (0)

#if THREADED
#define GO() goto * op->code
#else
#define GO() goto dispatch
#endif

#define NEXT()                                                                 \
    do {                                                                       \
        op++;                                                                  \
        GO();                                                                  \
    } while (0)

#define ENTER()                                                                \
    do {                                                                       \
        if (UNLIKELY(left < b->n || wlim < b->gate)) {                         \
            goto gate;                                                         \
        }                                                                      \
        left -= b->n;                                                          \
        op = b->ops;                                                           \
        GO();                                                                  \
    } while (0)

// On to the block after this one (0) or at its target (1)
#define CHAIN(way)                                                             \
    do {                                                                       \
        struct cpu_block *next = b->next[way];                                 \
        if (UNLIKELY(next == NULL)) {                                          \
            goto unchained##way;                                               \
        }                                                                      \
        b = next;                                                              \
        ENTER();                                                               \
    } while (0)

#define BRANCH(condition)                                                      \
    do {                                                                       \
        if (condition) {                                                       \
            CHAIN(1);                                                          \
        }                                                                      \
        CHAIN(0);                                                              \
    } while (0)

#define SET_LOOP()                                                             \
    do {                                                                       \
        SR(LBEG) = b->end;                                                     \
        SR(LEND) = b->target;                                                  \
        SR(LCOUNT) = AR_S - 1;                                                 \
    } while (0)

#define WINDOW_CALL(quads)                                                     \
    do {                                                                       \
        a[4 * (quads)] = (uint32_t)(quads) << 30 | (b->end & 0x3FFFFFFF);      \
        SR(PS) = (SR(PS) & ~PS_CALLINC_MASK) | (quads) << PS_CALLINC_SHIFT;    \
    } while (0)

// The address that follows [.., end), which is LBEG at the end of a loop.
static uint32_t after(struct cpu *cpu, uint32_t end)
{
    if (end == SR(LEND) && SR(LCOUNT) != 0 && !(SR(PS) & PS_EXCM)) {
        SR(LCOUNT)--;
        return SR(LBEG);
    }
    return end;
}

static bool host_breakpoint(struct cpu *cpu, uint32_t pc)
{
    if (cpu->skip_break) {
        cpu->skip_break = false;
        return false;
    }
    for (unsigned i = 0; i < cpu->breakpoint_count; i++) {
        if (cpu->breakpoints[i] == pc) {
            cpu->skip_break = true;
            return true;
        }
    }
    return false;
}

static bool own_breakpoint(const struct cpu *cpu, uint32_t pc)
{
    for (unsigned i = 0; i < 2; i++) {
        if ((SR(IBREAKENABLE) >> i & 1) && cpu->sr[SR_IBREAKA0 + i] == pc) {
            return cpu_int_level(cpu) < CPU_DEBUG_LEVEL;
        }
    }
    return false;
}

// Run from cpu->pc until slice_end, or until something needs attention.
DISPATCHES static enum cpu_stop execute(struct cpu *cpu)
{
#if THREADED
#define ISA(id, name, mask, value, operands, flags, ...) &&L_##id,
    static const void *const codes[ISA_ROWS + 1] = {
#include "chip/cpu/isa.def"
        &&L_END};
#undef ISA
#else
#define ISA(id, name, mask, value, operands, flags, ...)                       \
    (const void *)(uintptr_t)ISA_##id,
    static const void *const codes[ISA_ROWS + 1] = {
#include "chip/cpu/isa.def"
        (const void *)(uintptr_t)ISA_ROWS};
#undef ISA
#endif
    struct bus *const bus = cpu->bus;
    struct cpu_cache *const cache = cpu->cache;
    uint64_t left = cpu->slice_end - cpu->cycles;
    uint32_t pc = cpu->pc;
    uint32_t *a;
    unsigned wlim;
    unsigned cause;
    enum cpu_stop stop = CPU_RAN;
    struct cpu_block **link = NULL;
    struct cpu_block *b = NULL;
    const struct cpu_op *op = NULL;

    RELOAD();
    if (cache->forget) {
        cpu_cache_init(cpu);
    }

find:
    link = NULL;
find_link: // go on at pc; *link remembers the block for the next time
    if (left == 0) {
        goto out;
    }
    {
        uint32_t generation = cache->generation;
        b = cpu_block_find(cpu, pc, codes);
        if (b == NULL) {
            goto no_fetch;
        }
        if (link != NULL && generation == cache->generation) {
            *link = b;
        }
    }
    ENTER();

unchained0:
    pc = after(cpu, b->end);
    if (pc == b->end) {
        link = b->flags & CPU_BLOCK_LOOP_END ? NULL : &b->next[0];
        goto find_link;
    }
    if (!(b->flags & CPU_BLOCK_PLAIN)) {
        goto find;
    }
    // plain blocks have no target: that place remembers the start of the loop
indirect : // to pc, most likely where it went the last time
{
    struct cpu_block *last = b->next[1];
    if (LIKELY(last != NULL && last->pc == pc)) {
        b = last;
        ENTER();
    }
    link = &b->next[1];
    goto find_link;
}

unchained1:
    pc = b->target;
    link = &b->next[1];
    goto find_link;

gate: // a block that cannot simply be run to its end
    pc = b->pc;
    if (left == 0) {
        goto out;
    }
    if (b->flags & CPU_BLOCK_DEAD) {
        goto find;
    }
    if (b->flags & CPU_BLOCK_BREAK) {
        if (host_breakpoint(cpu, pc)) {
            stop = CPU_BREAK;
            goto out;
        }
        if (own_breakpoint(cpu, pc)) {
            left--;
            cpu->pc = pc;
            cpu_debug_exception(cpu, DEBUG_IBREAK);
            goto vector;
        }
    }
    {
        uint64_t n = b->quad > wlim ? b->first[wlim] : b->n;
        if (n == 0) {
            left--;
            goto overflow_at_pc;
        }
        if (n > left) {
            n = left;
        }
        if (n < b->n) {
            b = cpu_block_cut(cpu, b, (unsigned)n, codes);
        }
        left -= n;
        op = b->ops;
        GO();
    }

#if !THREADED
dispatch:
    switch ((uintptr_t)op->code) {
#define ISA(id, name, mask, value, operands, flags, ...)                       \
    case ISA_##id:                                                             \
        goto L_##id;
#include "chip/cpu/isa.def"
#undef ISA
    default:
        goto L_END;
    }
#endif

#define ISA(id, name, mask, value, operands, flags, ...)                       \
    L_##id:                                                                    \
    {                                                                          \
        __VA_ARGS__;                                                           \
    }                                                                          \
    NEXT();
#include "chip/cpu/isa.def"
#undef ISA

L_END:
    CHAIN(0);

retw:
    cpu->pc = b->pc + op->offset;
    switch (cpu_retw(cpu, a[0])) {
    case CPU_RETW_ILLEGAL:
        RAISE(EXC_ILLEGAL);
    case CPU_RETW_UNDERFLOW:
        goto vector;
    case CPU_RETW_DONE:
        break;
    }
    RELOAD();
    pc = cpu->pc;
    goto indirect;

rfw:
    SR(PS) &= ~PS_EXCM;
    cpu_set_window(cpu, (SR(PS) & PS_OWB_MASK) >> PS_OWB_SHIFT);
    pc = SR(EPC1);
state_jump: // to pc, after a change that interrupts may have waited for
    RELOAD();
    if (UNLIKELY(cpu->attention || cpu_interrupt_ready(cpu))) {
        goto out;
    }
    goto indirect;

state_next: // the same, going on after the instruction
    RELOAD();
    if (UNLIKELY(cpu->attention || cpu_interrupt_ready(cpu))) {
        goto leave_next;
    }
    CHAIN(0);

brk:
    if (cpu->stop_on_break) {
        left += b->n - INDEX();
        pc = b->pc + op->offset;
        stop = CPU_BREAK;
        goto out;
    }
    if (cpu_int_level(cpu) >= CPU_DEBUG_LEVEL) {
        CHAIN(0);
    }
    cpu->pc = b->pc + op->offset;
    cpu_debug_exception(cpu,
                        b->end - cpu->pc == 2 ? DEBUG_BREAK_N : DEBUG_BREAK);
    goto vector;

no_fetch:
    if ((SR(PS) & PS_EXCM) && pc == SR(VECBASE) + VECTOR_DOUBLE) {
        stop = CPU_HALTED;
        goto out;
    }
    left--;
    SR(EXCVADDR) = pc;
    cpu->pc = pc;
    cpu_raise(cpu, EXC_FETCH_PROHIBITED);
    goto vector;

overflow:
    left += b->n - INDEX() - 1;
    pc = b->pc + op->offset;
overflow_at_pc:
    cpu->pc = pc;
    cpu_window_overflow(cpu);
    goto vector;

raise: // the instruction does not complete, but has taken its time
    left += b->n - INDEX() - 1;
    cpu->pc = b->pc + op->offset;
    cpu_raise(cpu, cause);
vector:
    RELOAD();
    pc = cpu->pc;
    if (UNLIKELY(cpu->attention)) {
        goto out;
    }
    goto find;

leave_next: // the instruction is complete and the next one has to wait
    left += b->n - INDEX() - 1;
    pc = after(cpu, b->pc + op[1].offset);
out:
    cpu->pc = pc;
    cpu->cycles = cpu->slice_end - left;
    return stop;
}

static enum cpu_stop execute_traced(struct cpu *cpu)
{
    uint64_t before = cpu->cycles;
    uint32_t pc = cpu->pc;
    enum cpu_stop stop;

    cpu->slice_end = before + 1;
    stop = execute(cpu);
    if (cpu->cycles != before) {
        cpu->trace(cpu->trace_ctx, cpu, pc);
    }
    return stop;
}

enum cpu_stop cpu_run(struct cpu *cpu, uint64_t budget, uint64_t *ran)
{
    uint64_t start = cpu->cycles;
    enum cpu_stop stop = CPU_RAN;

    assert(budget > 0);
    while (stop == CPU_RAN) {
        uint64_t used = cpu->cycles - start;
        cpu_fire_timers(cpu);
        if (cpu->stop) {
            cpu->stop = false;
            stop = CPU_STOPPED;
            break;
        }
        if (cpu->waiting && !cpu_interrupt_ready(cpu)) {
            stop = CPU_WAITING;
            break;
        }
        if (used == budget) {
            break;
        }
        if (cpu_interrupt_ready(cpu)) {
            cpu_take_interrupt(cpu);
        }
        cpu->attention = false;
        cpu->slice_end = cpu->cycles + (budget - used);
        if (cpu->next_timer < cpu->slice_end) {
            cpu->slice_end = cpu->next_timer;
        }
        stop = cpu->trace == NULL ? execute(cpu) : execute_traced(cpu);
    }
    if (ran != NULL) {
        *ran = cpu->cycles - start;
    }
    return stop;
}
