// SPDX-License-Identifier: Apache-2.0
//
// Random instruction sequences, run by our core and by QEMU's (Debian package
// qemu-system-misc), must leave the same registers and memory. QEMU has no
// ESP32, but cores that share its instructions; which of the rows of isa.def a
// core has is found out first, by trying each.
//
// A sequence works on a1..a15 with a0 pointing to its own CASE bytes of data:
// registers in and out, then a few more words, then room for loads and stores.
// Addresses never get into a1..a15, so the two may run at different places.
//
// ISA_DIFF=N runs about N sequences; the default is small.

#define _DEFAULT_SOURCE // for lib/fb/testing.h

#include "chip/cpu/disasm.h"

#include "chip/cpu/testing.h"

#define QEMU "qemu-system-xtensa"

enum {
    CASE = 256,
    AT_SAR = 64,
    AT_CAUSE = 68, // of the last exception, -1 for none
    AT_EXCEPTIONS = 72,
    AT_VADDR = 76,
    AT_EXTRA = 80,   // ACCLO ACCHI M0..M3, BR, FCR, FSR
    AT_FLOATS = 116, // f0..f15
    AT_ROOM = 180,
    CASES = RIG_SIZE / CASE - 1,   // numbered from 1
    CODE_ROOM = RIG_SIZE - 0x1000, // vectors at the end
    VECTORS = RIG_SIZE - 0x1000,
};

struct core {
    const char *name;
    uint32_t reset_vector;
    uint32_t code, data; // where RIG_SIZE bytes of RAM are free
    uint32_t user_vector;
    bool windowed, mac16, booleans, fpu;
    bool regions; // the TLB of region protection, as ours
};

static const struct core cores[] = {
    {"lx106", 0x50000000, 0x40100000, 0x3FFC0000, 0x50, false, false, false,
     false, true},
    {"de212", 0x50000000, 0x60100000, 0x60200000, 0x340, true, true, false,
     false, true},
    {"dc233c", 0xFE000000, 0x00100000, 0x00200000, 0x340, true, true, false,
     false, false},
    {"de233_fpu", 0xFE000000, 0x00100000, 0x00200000, 0x340, true, true, true,
     true, false},
};
#define CORES (sizeof(cores) / sizeof(cores[0]))

static const struct core ours = {"ours", 0,    RIG_CODE, RIG_DATA, 0x340,
                                 true,   true, true,     true,     true};

static uint64_t seed = 1;

static uint32_t rnd(uint32_t n)
{
    return testing_random32(&seed) % n;
}

// ---- the program under construction

struct program {
    const struct core *core;   // whose addresses
    const struct core *limits; // what it may use
    uint8_t code[RIG_SIZE];
    uint8_t data[RIG_SIZE];
    uint32_t at;
};

static void emit(struct program *p, uint32_t word)
{
    for (unsigned i = 0; i < isa_length((uint8_t)word); i++) {
        p->code[p->at++] = (uint8_t)(word >> 8 * i);
    }
}

static uint32_t with_field(uint32_t word, unsigned low, uint32_t value)
{
    return (word & ~(0xFu << low)) | value << low;
}

static uint32_t rst(unsigned row, uint32_t r, uint32_t s, uint32_t t)
{
    return isa_rows[row].value | r << 12 | s << 8 | t << 4;
}

static void l32i(struct program *p, unsigned t, unsigned offset)
{
    emit(p, rst(ISA_L32I, 2, 0, t) | offset / 4 << 16);
}

static void s32i(struct program *p, unsigned t, unsigned offset)
{
    emit(p, rst(ISA_S32I, 6, 0, t) | offset / 4 << 16);
}

static void rsr(struct program *p, unsigned sr, unsigned t)
{
    emit(p, isa_rows[ISA_RSR].value | sr << 8 | t << 4);
}

static void wsr(struct program *p, unsigned sr, unsigned t)
{
    emit(p, isa_rows[ISA_WSR].value | sr << 8 | t << 4);
}

// Any 32-bit constant without a literal: eight bits at a time.
static void constant(struct program *p, unsigned t, uint32_t value)
{
    emit(p, rst(ISA_MOVI, 10, 0, t));
    for (int shift = 24; shift >= 0; shift -= 8) {
        // slli t, t, 8; the immediate of addi is signed: two halves and the
        // rest
        emit(p, 0x010000 | t << 12 | t << 8 | 8u << 4 | 1u << 20);
        uint32_t byte = value >> shift & 0xFF;
        emit(p, rst(ISA_ADDI, 12, t, t) | byte / 2 << 16);
        emit(p, rst(ISA_ADDI, 12, t, t) | byte / 2 << 16);
        emit(p, rst(ISA_ADDI, 12, t, t) | byte % 2 << 16);
    }
}

// A jump to the next instruction, so that QEMU begins another block: within one
// 7.2 does not see that M0..M3 or booleans have been written under another name
// (M0..M3 by WSR or a load, booleans in groups of 4 or 8).
static void new_block(struct program *p)
{
    emit(p, isa_rows[ISA_J].value | 0x3FFFFu << 6);
}

static const uint8_t extras[] = {SR_ACCLO,  SR_ACCHI,  SR_M0,
                                 SR_M0 + 1, SR_M0 + 2, SR_M0 + 3};

static void load_state(struct program *p)
{
    const struct core *has = p->limits;

    emit(p, rst(ISA_ADDMI, 13, 0, 0) | 1u << 16);
    l32i(p, 1, AT_SAR);
    wsr(p, SR_SAR, 1);
    for (unsigned i = 0; has->mac16 && i < sizeof(extras); i++) {
        l32i(p, 1, AT_EXTRA + 4 * i);
        wsr(p, extras[i], 1);
    }
    if (has->booleans) {
        l32i(p, 1, AT_EXTRA + 24);
        wsr(p, SR_BR, 1);
    }
    if (has->fpu) {
        l32i(p, 1, AT_EXTRA + 28);
        emit(p, isa_rows[ISA_WUR].value | 232 << 8 | 1 << 4);
        l32i(p, 1, AT_EXTRA + 32);
        emit(p, isa_rows[ISA_WUR].value | 233 << 8 | 1 << 4);
        for (unsigned i = 0; i < 16; i++) {
            emit(p,
                 isa_rows[ISA_LSI].value | i << 4 | (AT_FLOATS / 4 + i) << 16);
        }
    }
    for (unsigned i = 1; i < 16; i++) {
        l32i(p, i, 4 * i);
    }
    new_block(p);
}

static void save_state(struct program *p)
{
    const struct core *has = p->limits;

    new_block(p);
    for (unsigned i = 1; i < 16; i++) {
        s32i(p, i, 4 * i);
    }
    rsr(p, SR_SAR, 1);
    s32i(p, 1, AT_SAR);
    for (unsigned i = 0; has->mac16 && i < sizeof(extras); i++) {
        rsr(p, extras[i], 1);
        s32i(p, 1, AT_EXTRA + 4 * i);
    }
    if (has->booleans) {
        rsr(p, SR_BR, 1);
        s32i(p, 1, AT_EXTRA + 24);
    }
    if (has->fpu) {
        emit(p, isa_rows[ISA_RUR].value | 1 << 12 | 14 << 8 | 9 << 4); // FSR
        s32i(p, 1, AT_EXTRA + 32);
        for (unsigned i = 0; i < 16; i++) {
            emit(p,
                 isa_rows[ISA_SSI].value | i << 4 | (AT_FLOATS / 4 + i) << 16);
        }
    }
}

// Of BREAK: notes its cause, and goes on after three bytes.
static void emit_debug_vector(struct program *p)
{
    p->at = VECTORS + 0x280;
    wsr(p, SR_EPC1 + 37, 1); // EXCSAVE6: EXCSAVE1 + 5
    rsr(p, SR_DEBUGCAUSE, 1);
    s32i(p, 1, AT_CAUSE);
    l32i(p, 1, AT_EXCEPTIONS);
    emit(p, rst(ISA_ADDI, 12, 1, 1) | 1u << 16);
    s32i(p, 1, AT_EXCEPTIONS);
    rsr(p, SR_EPC1 + 5, 1);
    emit(p, rst(ISA_ADDI, 12, 1, 1) | 3u << 16);
    wsr(p, SR_EPC1 + 5, 1);
    rsr(p, SR_EPC1 + 37, 1);
    emit(p, isa_rows[ISA_RFI].value | 6u << 8);
}

// Notes cause and address, and goes on after the (three-byte) instruction.
static void emit_vectors(struct program *p)
{
    uint32_t back = p->at;

    p->at = VECTORS + p->core->user_vector;
    emit(p, isa_rows[ISA_J].value | 0x17Cu << 6); // to VECTORS + user + 0x180
    p->at += 0x180 - 3;
    wsr(p, SR_EPC1 + 33, 1); // EXCSAVE2: EXCSAVE1 + 1
    rsr(p, SR_EXCCAUSE, 1);
    s32i(p, 1, AT_CAUSE);
    rsr(p, SR_EXCVADDR, 1);
    emit(p, rst(ISA_SUB, 1, 1, 0));
    s32i(p, 1, AT_VADDR);
    l32i(p, 1, AT_EXCEPTIONS);
    emit(p, rst(ISA_ADDI, 12, 1, 1) | 1u << 16);
    s32i(p, 1, AT_EXCEPTIONS);
    rsr(p, SR_EPC1, 1);
    emit(p, rst(ISA_ADDI, 12, 1, 1) | 3u << 16);
    wsr(p, SR_EPC1, 1);
    rsr(p, SR_EPC1 + 33, 1);
    emit(p, isa_rows[ISA_RFE].value);
    if (p->limits->windowed) {
        emit_debug_vector(p);
    }
    p->at = back;
}

static void emit_start(struct program *p)
{
    p->at = 0;
    emit_vectors(p);
    constant(p, 2, p->core->code + VECTORS);
    wsr(p, SR_VECBASE, 2);
    if (p->limits->windowed) {
        constant(p, 2, 1);
        wsr(p, SR_WINDOWSTART, 2);
        constant(p, 2, 0);
        wsr(p, SR_WINDOWBASE, 2);
        wsr(p, SR_LCOUNT, 2);
        constant(p, 2, 0x2A); // S32C1I inside the core for all memory
        wsr(p, 99, 2);
    }
    constant(p, 2, p->limits->windowed ? 0x40020 : 0x20);
    wsr(p, SR_PS, 2);
    emit(p, isa_rows[ISA_RSYNC].value);
    if (p->limits->fpu) {
        constant(p, 2, 1);
        wsr(p, SR_CPENABLE, 2);
        emit(p, isa_rows[ISA_RSYNC].value);
    }
    constant(p, 0, p->core->data); // case 0 would start here
    wsr(p, SR_EXCVADDR, 0);
}

// write(1, data, RIG_SIZE), exit(0) for QEMU; BREAK for ours
static void emit_finish(struct program *p)
{
    constant(p, 2, 4);
    constant(p, 3, 1);
    constant(p, 4, p->core->data);
    constant(p, 5, RIG_SIZE);
    emit(p, isa_rows[ISA_SIMCALL].value);
    constant(p, 2, 1);
    constant(p, 3, 0);
    emit(p, isa_rows[ISA_SIMCALL].value);
    emit(p, rst(ISA_BREAK, 4, 1, 1));
}

// ---- random instructions

static const uint8_t free_srs[] = {SR_SAR, SR_EPC1 + 33};

static bool comparable(unsigned row)
{
    switch (row) {
    case ISA_RSR:
    case ISA_WSR:
    case ISA_XSR:
    case ISA_SYSCALL:
    case ISA_ILL:
    case ISA_ILL_N:
    case ISA_RET:
    case ISA_RFI:
    case ISA_RFDE:
    case ISA_BREAK:
    case ISA_BREAK_N:
        return true;
    case ISA_CALL0:
    case ISA_CALL4:
    case ISA_CALL8:
    case ISA_CALL12:
    case ISA_SIMCALL:
    case ISA_RER: // outside the core
    case ISA_WER:
    case ISA_RUR:
    case ISA_WUR:
    case ISA_WITLB: // would change QEMU's memory map
    case ISA_WDTLB:
    case ISA_MADDN_S: // steps of a division, which QEMU does otherwise
    case ISA_DIVN_S:
    case ISA_DIV0_S:
    case ISA_RECIP0_S:
    case ISA_SQRT0_S:
    case ISA_RSQRT0_S:
    case ISA_NEXP01_S:
    case ISA_MKSADJ_S:
    case ISA_MKDADJ_S:
    case ISA_ADDEXP_S:
    case ISA_ADDEXPM_S:
    case ISA_L32R: // its literal would be code
        return false;
    default:
        return !(isa_rows[row].flags & ISA_F_END);
    }
}

static bool is_memory(unsigned row)
{
    return (row >= ISA_L32I && row <= ISA_S32E && row != ISA_L32R) ||
           row == ISA_LSI || row == ISA_SSI;
}

static bool is_loop(unsigned row)
{
    return row == ISA_LOOP || row == ISA_LOOPNEZ || row == ISA_LOOPGTZ;
}

static uint32_t offset_field(char kind)
{
    switch (kind) {
    case 'b':
        return (AT_ROOM + rnd(64)) << 16;
    case 'h':
        return (AT_ROOM / 2 + rnd(32)) << 16;
    case 'i':
        return (AT_ROOM / 4 + rnd(16)) << 16;
    default: // narrow, L32E: near the registers
        return rnd(16) << 12;
    }
}

// A random word of this row, over three bytes further if it jumps.
static uint32_t random_word(unsigned row)
{
    const struct isa_row *info = &isa_rows[row];
    uint32_t all = isa_length((uint8_t)info->value) == 2 ? 0xFFFF : 0xFFFFFF;
    uint32_t word = info->value | (testing_random32(&seed) & ~info->mask & all);

    for (const char *k = info->operands; *k != '\0'; k++) {
        switch (*k) {
        case 'r':
            word = with_field(word, 12, 1 + rnd(15));
            break;
        case 's':
            word = with_field(word, 8, is_memory(row) ? 0 : 1 + rnd(15));
            break;
        case 't':
            word = with_field(word, 4, 1 + rnd(15));
            break;
        case 'b':
        case 'h':
        case 'i':
            word = (word & 0xFFFF) | offset_field(*k);
            break;
        case '8':
        case 'L':
            word = (word & 0xFFFF) | 2u << 16;
            break;
        case '2':
            word = (word & 0xFFF) | 2u << 12;
            break;
        case '6':
            word = (word & 0xFCF) | 1u << 12;
            break;
        case 'j':
            word = (word & 0x3F) | 2u << 6;
            break;
        case 'G':
            word = (word & 0xFF00FF) | (uint32_t)free_srs[rnd(sizeof(free_srs))]
                                           << 8;
            break;
        case 'C': // QEMU reports the overflow of its own way of scaling
            if (row >= ISA_ROUND_S && row <= ISA_UTRUNC_S) {
                word = with_field(word, 4, 0);
            }
            break;
        case 'p': // shifting by 32 is undefined
            if ((word & 0x1000F0) == 0) {
                word |= 1u << 4;
            }
            break;
        }
    }
    return word;
}

// The random bits have not made it another row.
static bool is_row(unsigned row, uint32_t word)
{
    struct isa_insn insn;
    isa_decode(0, word, &insn);
    return insn.row == row;
}

static bool steps_pointer(unsigned row)
{
    return (row >= ISA_MULA_DA_INC && row <= ISA_LDDEC) ||
           (row >= ISA_LSIP && row <= ISA_SSXP);
}

// These want a pointer: give them one, and take it back.
static void emit_step(struct program *p, unsigned row, uint32_t word)
{
    unsigned s = 1 + rnd(15), t = word >> 4 & 15;

    if (s == t) { // the other operand is not the pointer
        s = s % 15 + 1;
    }
    if (row >= ISA_LSX && row <= ISA_SSXP) {
        emit(p, rst(ISA_MOVI, 10, 0, t) | rnd(8) * 4 << 16);
    }
    emit(p, rst(ISA_OR, s, 0, 0));
    emit(p, rst(ISA_ADDI, 12, s, s) | 0x60u << 16);
    emit(p, rst(ISA_ADDI, 12, s, s) | 0x60u << 16);
    emit(p, with_field(word, 8, s));
    emit(p, rst(ISA_SUB, s, s, 0));
    new_block(p);
}

static bool returns(unsigned row)
{
    return row == ISA_RET || row == ISA_RFI || row == ISA_RFDE;
}

static void emit_call(struct program *p, unsigned quads, uint32_t target)
{
    uint32_t offset = (target - (p->at & ~3u) - 4) >> 2;
    emit(p, 5 | quads << 4 | (offset & 0x3FFFF) << 6);
}

// A function that only returns, and a call; a0 is kept.
static void emit_ret(struct program *p, unsigned s)
{
    uint32_t jump = p->at, target, after;

    p->at = target = (jump + 3 + 3) & ~3u;
    emit(p, isa_rows[ISA_RET].value);
    after = p->at;
    p->at = jump;
    emit(p, isa_rows[ISA_J].value | ((after - jump - 4) & 0x3FFFF) << 6);
    p->at = after;
    emit(p, rst(ISA_OR, s, 0, 0));
    emit_call(p, 0, target);
    emit(p, rst(ISA_OR, 0, s, s));
}

// These go where a register says, which is to be the next instruction: that
// address, the core's own, is not left in s.
static void emit_return(struct program *p, unsigned row)
{
    unsigned s = 1 + rnd(15);
    uint32_t start = p->at, end = start;

    if (row == ISA_RET) {
        emit_ret(p, s);
    } else {
        for (unsigned pass = 0; pass < 2; pass++) {
            p->at = start;
            rsr(p, SR_PS, s);
            wsr(p, SR_EPS2, s);
            constant(p, s, p->core->code + end);
            wsr(p, row == ISA_RFI ? SR_EPC1 + 1 : SR_DEPC, s);
            emit(p, isa_rows[ISA_RSYNC].value);
            emit(p, isa_rows[row].value | (row == ISA_RFI ? 2u << 8 : 0));
            end = p->at;
        }
    }
    emit(p, rst(ISA_MOVI, 10, 0, s));
}

static bool is_expstate(unsigned row)
{
    return row >= ISA_SETB_EXPSTATE && row <= ISA_WRMSK_EXPSTATE;
}

// Sequences of their own.
static bool is_composed(unsigned row)
{
    return steps_pointer(row) || returns(row) || is_expstate(row) ||
           row == ISA_ILL_N || row == ISA_BREAK_N;
}

static void emit_composed(struct program *p, unsigned row, uint32_t word)
{
    if (steps_pointer(row)) {
        emit_step(p, row, word);
    } else if (returns(row)) {
        emit_return(p, row);
    } else if (is_expstate(row)) {
        if (row == ISA_WRMSK_EXPSTATE) { // QEMU 7.2 clears what is not masked
            unsigned t = 1 + rnd(15);
            emit(p, rst(ISA_MOVI, 10, 0, t));
            emit(p, isa_rows[ISA_WUR].value | 230 << 8 | t << 4);
        }
        emit(p, word);
        // rur 230, the ports' state
        emit(p,
             isa_rows[ISA_RUR].value | (1 + rnd(15)) << 12 | 14 << 8 | 6 << 4);
    } else { // the handler goes on three bytes further
        emit(p, word);
        p->at++;
    }
}

static void emit_one(struct program *p, unsigned row)
{
    uint32_t word;

    do {
        word = random_word(row);
    } while (!is_row(row, word));
    if (is_composed(row)) {
        emit_composed(p, row, word);
        return;
    }
    if (is_loop(row)) {
        unsigned s = word >> 8 & 15;
        int32_t times = row == ISA_LOOP      ? 1 + (int32_t)rnd(5)
                        : row == ISA_LOOPNEZ ? (int32_t)rnd(5)
                                             : (int32_t)rnd(8) - 3;
        emit(p, rst(ISA_MOVI, 10, (uint32_t)times >> 8 & 15, s) |
                    ((uint32_t)times & 0xFF) << 16);
    }
    if (row == ISA_WSR || row == ISA_XSR) {
        // no shift amount above 32: extui t, t, 0, 5
        unsigned t = word >> 4 & 15;
        emit(p, rst(ISA_EXTUI, t, 0, t) | 4u << 20);
    }
    emit(p, word);
    if (row == ISA_SSL || row == ISA_SSA8B) {
        // within a translated block QEMU 7.2 shifts by 32 as if by 0
        new_block(p);
    }
    if (strpbrk(isa_rows[row].operands, "xyz") != NULL) {
        new_block(p);
    }
}

static bool may_be_skipped(unsigned row)
{
    return isa_length((uint8_t)isa_rows[row].value) == 3 &&
           !(isa_rows[row].flags & (ISA_F_JUMP | ISA_F_BRANCH)) &&
           strpbrk(isa_rows[row].operands, "xyz") == NULL && row != ISA_SSL &&
           row != ISA_SSA8B && row != ISA_WSR && row != ISA_XSR &&
           !is_composed(row);
}

static bool is_break(unsigned row)
{
    return row == ISA_BREAK || row == ISA_BREAK_N;
}

static bool is_region(unsigned row)
{
    return row >= ISA_RITLB0 && row <= ISA_RDTLB1;
}

static void emit_random(struct program *p, const uint8_t *can, unsigned row)
{
    emit_one(p, row);
    while (isa_rows[row].flags & (ISA_F_JUMP | ISA_F_BRANCH)) {
        unsigned next = rnd(ISA_ROWS);
        if (can[next] && may_be_skipped(next)) {
            emit_one(p, next);
            break;
        }
    }
}

static uint32_t random_value(void)
{
    static const uint32_t edges[] = {0,          1,      0xFFFFFFFF, 0x80000000,
                                     0x7FFFFFFF, 0x8000, 0x7FFF,     0xFFFF8000,
                                     31,         32,     33};
    switch (rnd(4)) {
    case 0:
        return edges[rnd(sizeof(edges) / sizeof(edges[0]))];
    case 1:
        return testing_random32(&seed) >> rnd(32);
    default:
        return testing_random32(&seed);
    }
}

static uint32_t random_float(void)
{
    static const uint32_t edges[] = {
        0,          0x80000000, 1,          0x807FFFFF, 0x00800000, 0x7F7FFFFF,
        0x7F800000, 0xFF800000, 0x7FC00000, 0x7F800001, 0xFFC12345, 0x3F800000,
        0xBF800000, 0x4F000000, 0xCF000000, 0x4F800000, 0x3F000000, 0x33800000};
    switch (rnd(4)) {
    case 0:
        return edges[rnd(sizeof(edges) / sizeof(edges[0]))];
    case 1: // near one another
        return (0x3E + rnd(4)) << 24 | (testing_random32(&seed) & 0x80FFFFFF);
    case 2: // few bits
        return testing_random32(&seed) & 0xFFF80000;
    default:
        return testing_random32(&seed);
    }
}

static void random_case(struct program *p, unsigned n)
{
    uint8_t *d = p->data + n * CASE;
    for (unsigned i = 0; i < CASE; i += 4) {
        bus_put32(d + i, random_value());
    }
    for (unsigned i = 0; i < 16; i++) {
        bus_put32(d + AT_FLOATS + 4 * i, random_float());
    }
    bus_put32(d + AT_EXTRA + 28, rnd(4)); // FCR: the rounding mode
    bus_put32(d + AT_EXTRA + 32, 0);      // FSR
    bus_put32(d + AT_SAR, rnd(33));
    bus_put32(d + AT_CAUSE, UINT32_MAX);
    bus_put32(d + AT_EXCEPTIONS, 0);
    bus_put32(d + AT_VADDR, 0);
}

// ---- running them

// Rows of which QEMU has executed the same instruction with the same outcome,
// if the comparison succeeds.
static uint8_t executed[ISA_ROWS];
static bool probing; // some of it QEMU cannot do

static void on_executed(void *ctx, const struct cpu *cpu, uint32_t pc)
{
    const struct rig *rig = ctx;
    uint32_t at = pc - RIG_CODE;

    (void)cpu;
    if (!probing && at < RIG_SIZE - 3) {
        uint32_t word = bus_get16(rig->code + at);
        if (isa_length(rig->code[at]) == 3) {
            word |= (uint32_t)rig->code[at + 2] << 16;
        }
        executed[isa_find(0, word, UINT32_MAX)] = 1;
    }
}

static void run_ours(const struct program *p, uint8_t *data)
{
    struct rig *rig = rig_new();
    cpu_set_trace(&rig->cpu, on_executed, rig);
    memcpy(rig->code, p->code, RIG_SIZE);
    memcpy(rig->data, p->data, RIG_SIZE);
    cpu_set_stop_on_break(&rig->cpu, false);
    assert_true(cpu_add_breakpoint(&rig->cpu, RIG_CODE + p->at - 3));
    enum cpu_stop stop = cpu_run(&rig->cpu, 100000000, NULL);
    assert_int_equal(stop, CPU_BREAK);
    assert_int_equal(cpu_pc(&rig->cpu), RIG_CODE + p->at - 3);
    memcpy(data, rig->data, RIG_SIZE);
    rig_free(rig);
}

static void write_file(const char *path, const uint8_t *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static void run_qemu(const struct program *p, uint8_t *data)
{
    const struct core *core = p->core;
    char folder[] = "/tmp/isa_diff.XXXXXX";
    char command[1024], path[3][64];
    struct program reset = {.core = core};

    assert_non_null(mkdtemp(folder));
    constant(&reset, 2, core->code);
    emit(&reset, isa_rows[ISA_JX].value | 2u << 8);
    snprintf(path[0], 64, "%s/reset", folder);
    snprintf(path[1], 64, "%s/code", folder);
    snprintf(path[2], 64, "%s/data", folder);
    write_file(path[0], reset.code, 64);
    write_file(path[1], p->code, RIG_SIZE);
    write_file(path[2], p->data, RIG_SIZE);
    snprintf(command, sizeof(command),
             "exec timeout 60 " QEMU
             " -M sim -cpu %s -semihosting -display none"
             " -monitor none -serial none"
             " -device loader,file=%s,addr=0x%x,force-raw=on"
             " -device loader,file=%s,addr=0x%x,force-raw=on"
             " -device loader,file=%s,addr=0x%x,force-raw=on",
             core->name, path[0], core->reset_vector, path[1], core->code,
             path[2], core->data);
    FILE *f = popen(command, "r");
    assert_non_null(f);
    assert_int_equal(fread(data, 1, RIG_SIZE, f), RIG_SIZE);
    assert_int_equal(pclose(f), 0);
    for (unsigned i = 0; i < 3; i++) {
        unlink(path[i]);
    }
    rmdir(folder);
}

static bool have_qemu(void)
{
    return system(QEMU " --version > /dev/null 2>&1") == 0;
}

// The same program twice, at our addresses and at QEMU's; the results.
struct pair {
    struct program qemu, us;
    uint8_t qemu_data[RIG_SIZE], our_data[RIG_SIZE];
    uint32_t starts[CASES + 1];
};

static void start_pair(struct pair *pair, const struct core *core)
{
    memset(pair, 0, sizeof(*pair));
    pair->qemu.core = pair->qemu.limits = pair->us.limits = core;
    pair->us.core = &ours;
    emit_start(&pair->qemu);
    emit_start(&pair->us);
    assert_int_equal(pair->qemu.at, pair->us.at);
    pair->starts[0] = pair->us.at;
}

static void run_pair(struct pair *pair)
{
    emit_finish(&pair->qemu);
    emit_finish(&pair->us);
    assert_true(pair->us.at < CODE_ROOM);
    run_ours(&pair->us, pair->our_data);
    run_qemu(&pair->qemu, pair->qemu_data);
}

// `length` instructions of the rows that the core can, the first of them given.
static void add_case(struct pair *pair, unsigned n, const uint8_t *can,
                     unsigned first, unsigned length)
{
    uint64_t from = seed;
    struct program *programs[2] = {&pair->qemu, &pair->us};

    for (unsigned i = 0; i < 2; i++) {
        struct program *p = programs[i];
        seed = from;
        random_case(p, n);
        load_state(p);
        for (unsigned k = 0; k < length; k++) {
            unsigned row = first;
            while (k > 0 && !can[row = rnd(ISA_ROWS)]) {
            }
            emit_random(p, can, row);
        }
        save_state(p);
    }
    pair->starts[n] = pair->us.at;
}

static uint32_t word_of(const uint8_t *data, unsigned n, unsigned at)
{
    return bus_get32(data + n * CASE + at);
}

static void explain(const struct pair *pair, unsigned n)
{
    char text[64];

    for (uint32_t at = pair->starts[n - 1]; at < pair->starts[n];) {
        int len = cpu_disasm(at, pair->us.code + at, text, sizeof(text));
        printf("# %05x %s\n", at, text);
        at += (uint32_t)len;
    }
    for (unsigned at = 0; at < CASE; at += 4) {
        uint32_t theirs = word_of(pair->qemu_data, n, at);
        uint32_t mine = word_of(pair->our_data, n, at);
        if (theirs != mine) {
            printf("# at %u: qemu %08x ours %08x, before %08x\n", at, theirs,
                   mine, word_of(pair->us.data, n, at));
        }
    }
}

// How many of the cases from .. to - 1 differ.
static unsigned compare(const struct pair *pair, unsigned from, unsigned to)
{
    unsigned bad = 0;
    for (unsigned i = from; i < to; i++) {
        if (memcmp(pair->qemu_data + i * CASE, pair->our_data + i * CASE,
                   CASE) != 0 &&
            bad++ < 3) {
            explain(pair, i);
        }
    }
    return bad;
}

// Which rows raise no illegal-instruction exception on this core.
static unsigned probe(struct pair *pair, const struct core *core, uint8_t *can,
                      unsigned *differ)
{
    unsigned bad = 0;
    uint8_t nop[ISA_ROWS] = {0};
    unsigned rows[ISA_ROWS + 1], n = 1, count = 0;

    memset(can, 0, ISA_ROWS);
    nop[ISA_NOP] = 1;
    start_pair(pair, core);
    for (unsigned row = 0; row < ISA_ROWS; row++) {
        if (comparable(row) && row != ISA_ILL && row != ISA_ILL_N &&
            (core->regions || !is_region(row)) &&
            (core->windowed || !is_break(row))) {
            rows[n] = row;
            add_case(pair, n++, nop, row, 1);
        }
    }
    probing = true;
    run_pair(pair);
    probing = false;
    for (unsigned i = 1; i < n; i++) {
        if (word_of(pair->qemu_data, i, AT_CAUSE) != EXC_ILLEGAL &&
            word_of(pair->qemu_data, i, AT_CAUSE) != EXC_COPROCESSOR0) {
            can[rows[i]] = 1;
            count++;
            bad += compare(pair, i, i + 1);
        }
    }
    can[ISA_ILL] = can[ISA_ILL_N] = 1;
    can[ISA_UTRUNC_S] = 0; // of a negative number QEMU 7.2 forgets other flags
    *differ = bad;
    return count;
}

static struct pair pair_storage;

static unsigned diff_core(const struct core *core, unsigned sequences)
{
    struct pair *pair = &pair_storage;
    uint8_t can[ISA_ROWS];
    unsigned bad, first = 0; // each row has its turn to be the first
    unsigned rows = probe(pair, core, can, &bad);

    printf("# %s: %u of %u rows, %u sequences\n", core->name, rows, ISA_ROWS,
           sequences);
    for (unsigned done = 0; done < sequences && bad == 0;) {
        unsigned n = 1;
        start_pair(pair, core);
        while (n <= CASES && done < sequences &&
               pair->us.at < CODE_ROOM - 0x800) {
            while (!can[first = (first + 1) % ISA_ROWS]) {
            }
            add_case(pair, n++, can, first, 1 + rnd(12));
            done++;
        }
        run_pair(pair);
        bad = compare(pair, 1, n);
    }
    return bad;
}

static void same_as_qemu(void **state)
{
    (void)state;
    const char *wanted = getenv("ISA_DIFF");
    unsigned n = wanted == NULL ? 800 : (unsigned)strtoul(wanted, NULL, 0);

    if (!have_qemu()) {
        printf("# skipped: " QEMU " is not installed\n");
        skip();
    }
    if (getenv("ISA_SEED") != NULL) {
        seed = strtoull(getenv("ISA_SEED"), NULL, 0);
    }
    for (unsigned i = 0; i < CORES; i++) {
        assert_int_equal(diff_core(&cores[i], n / CORES + 1), 0);
    }
}

// ---- register windows: a random tree of calls, deep enough to spill

enum { FUNCTIONS = 12, STACK = VECTORS - 64 };

static void emit_vectors_of_windows(struct program *p)
{
    static const char *const vectors[6] = RIG_WINDOW_VECTORS;
    for (unsigned i = 0; i < 6; i++) {
        testing_hex(p->code + VECTORS + 0x40 * i, 0x40, vectors[i]);
    }
}

// Change a2 and a3, by way of a4..a7.
static void emit_mixing(struct program *p)
{
    static const uint16_t rows[] = {ISA_ADD,   ISA_SUB, ISA_XOR, ISA_ADDX4,
                                    ISA_SUBX2, ISA_OR,  ISA_AND};
    for (unsigned i = 0; i < 6; i++) {
        unsigned row = rows[rnd(sizeof(rows) / sizeof(rows[0]))];
        emit(p, isa_rows[row].value | (2 + (i + 2) % 6) << 12 | 0x200 |
                    rnd(2) << 8 | (2 + rnd(2)) << 4);
        emit(p, rst(ISA_ADD, 2 + i % 2, 2 + i % 2, 4 + i % 4));
    }
}

// One in four by its address, in the register of the return address.
static void emit_any_call(struct program *p, unsigned quads, uint32_t target)
{
    static const uint16_t callx[] = {ISA_CALLX4, ISA_CALLX8, ISA_CALLX12};

    if (rnd(4) != 0) {
        emit_call(p, quads, target);
        return;
    }
    constant(p, 4 * quads, p->core->code + target);
    emit(p, rst(callx[quads - 1], 0, 4 * quads,
                isa_rows[callx[quads - 1]].value >> 4 & 15));
}

static void emit_function(struct program *p, uint32_t *starts, unsigned k)
{
    while (p->at % 4 != 0) {
        p->at++;
    }
    starts[k] = p->at;
    emit(p, isa_rows[ISA_ENTRY].value | 1u << 8 | 80 / 8 << 12);
    for (unsigned i = 0; i < 2; i++) {
        // a4..a7 may be left over from a callee, addresses among them
        emit(p, rst(ISA_ADD, 4, 2, 3));
        emit(p, rst(ISA_XOR, 5, 2, 3));
        emit(p, rst(ISA_SUB, 6, 2, 3));
        emit(p, rst(ISA_ADDX2, 7, 2, 3));
        emit_mixing(p);
        if (k > 0) {
            unsigned quads = 1 + rnd(3), n = 4 * quads;
            emit(p, rst(ISA_OR, n + 2, 2, 2));
            emit(p, rst(ISA_OR, n + 3, 3, 3));
            emit_any_call(p, quads, starts[k - 1 - (k > 1 && rnd(3) == 0)]);
            emit(p, rst(ISA_XOR, 2, 2, n + 2));
            emit(p, rst(ISA_ADD, 3, 3, n + 3));
        }
    }
    emit(p,
         rnd(2) == 0 ? isa_rows[ISA_RETW].value : isa_rows[ISA_RETW_N].value);
}

// Jump over the functions, then call the last of them.
static void add_tree(struct program *p, unsigned n)
{
    uint32_t starts[FUNCTIONS], jump, back;

    new_block(p);
    emit(p, rst(ISA_ADDMI, 13, 0, 0) | 1u << 16);
    jump = p->at;
    p->at += 3;
    for (unsigned k = 0; k < FUNCTIONS; k++) {
        emit_function(p, starts, k);
    }
    back = p->at;
    p->at = jump;
    emit(p, isa_rows[ISA_J].value | ((back - jump - 4) & 0x3FFFF) << 6);
    p->at = back;
    random_case(p, n);
    constant(p, 1, p->core->code + STACK);
    l32i(p, 6, 8);
    l32i(p, 7, 12);
    emit_call(p, 1, starts[FUNCTIONS - 1]);
    s32i(p, 6, 8);
    s32i(p, 7, 12);
    rsr(p, SR_WINDOWBASE, 2);
    s32i(p, 2, 16);
    rsr(p, SR_WINDOWSTART, 2);
    s32i(p, 2, 20);
}

static unsigned diff_windows(const struct core *core, unsigned trees)
{
    struct pair *pair = &pair_storage;
    struct program *programs[2] = {&pair->qemu, &pair->us};
    unsigned n;

    start_pair(pair, core);
    for (n = 1; n <= trees && pair->us.at < CODE_ROOM - 0x2800; n++) {
        uint64_t from = seed;
        for (unsigned i = 0; i < 2; i++) {
            seed = from;
            emit_vectors_of_windows(programs[i]);
            add_tree(programs[i], n);
        }
        pair->starts[n] = pair->us.at;
    }
    run_pair(pair);
    return compare(pair, 1, n);
}

static void windows_same_as_qemu(void **state)
{
    (void)state;
    const char *wanted = getenv("ISA_DIFF");
    unsigned n = wanted == NULL ? 1 : (unsigned)strtoul(wanted, NULL, 0) / 2000;

    if (!have_qemu()) {
        printf("# skipped: " QEMU " is not installed\n");
        skip();
    }
    for (unsigned i = 0; i < CORES; i++) {
        for (unsigned k = 0; cores[i].windowed && k <= n; k++) {
            assert_int_equal(diff_windows(&cores[i], 12), 0);
        }
    }
}

// ---- every row

// Rows that QEMU's cores lack or do otherwise, or that end a comparison, and
// what from outside has been held against them instead.
enum outside {
    WITH_QEMU,
    PROGRAMS, // the mask ROM and programs built with ESP-IDF run on it
    GCC,      // MicroPython, built by GCC, runs on it
    IEEE,     // fpu_test: whole divisions, roots, conversions on the host
    ENCODING, // GNU objdump's text only; what it does is the manual's word
};

static const char *const outside_name[] = {
    "executed with QEMU",
    "by the mask ROM and ESP-IDF's programs (tests/peers/idf_images.sh)",
    "by GCC's code (make bench-chip)",
    "against the host's IEEE 754 arithmetic (fpu_test)",
    "only their encoding (disasm_test)",
};

#define OUTSIDES (sizeof outside_name / sizeof outside_name[0])

static const uint8_t outside_of[ISA_ROWS] = {
    [ISA_L32R] = PROGRAMS,  [ISA_JX] = PROGRAMS,     [ISA_RET_N] = PROGRAMS,
    [ISA_MOVSP] = PROGRAMS, [ISA_ROTW] = PROGRAMS,   [ISA_RSIL] = PROGRAMS,
    [ISA_WAITI] = PROGRAMS, [ISA_WDTLB] = PROGRAMS,  [ISA_WITLB] = PROGRAMS,
    [ISA_RER] = PROGRAMS,   [ISA_WER] = PROGRAMS,    [ISA_MULUH] = PROGRAMS,
    [ISA_MULSH] = PROGRAMS, [ISA_CALLX0] = GCC,      [ISA_UTRUNC_S] = IEEE,
    [ISA_MADDN_S] = IEEE,   [ISA_DIVN_S] = IEEE,     [ISA_DIV0_S] = IEEE,
    [ISA_RECIP0_S] = IEEE,  [ISA_SQRT0_S] = IEEE,    [ISA_RSQRT0_S] = IEEE,
    [ISA_NEXP01_S] = IEEE,  [ISA_MKSADJ_S] = IEEE,   [ISA_MKDADJ_S] = IEEE,
    [ISA_ADDEXP_S] = IEEE,  [ISA_ADDEXPM_S] = IEEE,  [ISA_RFDO] = ENCODING,
    [ISA_RFDD] = ENCODING,  [ISA_LDDR32] = ENCODING, [ISA_SDDR32] = ENCODING,
};

// After the others. Fails for a row that nothing from outside speaks of, and
// for one that the list above has but QEMU has executed.
static void each_row_has_an_expectation(void **state)
{
    unsigned bad = 0;

    (void)state;
    if (!have_qemu()) {
        skip();
    }
    for (unsigned outside = 0; outside < OUTSIDES; outside++) {
        unsigned n = 0;
        char names[1000] = "";

        for (unsigned row = 0; row < ISA_ROWS; row++) {
            if (outside_of[row] != outside) {
                continue;
            }
            n++;
            if (outside != WITH_QEMU) {
                strcat(strcat(names, " "), isa_rows[row].name);
            }
            if (executed[row] != (outside == WITH_QEMU)) {
                printf("# %s: %s\n", isa_rows[row].name,
                       executed[row] ? "QEMU has it after all"
                                     : "nothing from outside speaks of it");
                bad++;
            }
        }
        printf("# %3u rows %s%s%s\n", n, outside_name[outside],
               names[0] != '\0' ? ":" : "", names);
    }
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_same_as_qemu),
        cmocka_unit_test(same_as_qemu),
        cmocka_unit_test(each_row_has_an_expectation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
