// SPDX-License-Identifier: Apache-2.0

#include "chip/debug/access.h"

#include <stddef.h>

#include "chip/cpu/isa.h"

// How the address is made: s + immediate, s, s + t, s - 4, s + 4, immediate.
enum address { S_IMM, S_ONLY, S_T, S_DOWN, S_UP, IMM_ONLY };
enum direction { LOADS = 1, STORES = 2 };

// clang-format off
static const struct {
    uint16_t row;
    uint8_t size, direction, address;
} rows[] = {
    {ISA_L8UI,   1, LOADS,  S_IMM}, {ISA_S8I,    1, STORES, S_IMM},
    {ISA_L16UI,  2, LOADS,  S_IMM}, {ISA_L16SI,  2, LOADS,  S_IMM},
    {ISA_S16I,   2, STORES, S_IMM}, {ISA_L32R,   4, LOADS,  IMM_ONLY},
    {ISA_L32I,   4, LOADS,  S_IMM}, {ISA_L32I_N, 4, LOADS,  S_IMM},
    {ISA_S32I,   4, STORES, S_IMM}, {ISA_S32I_N, 4, STORES, S_IMM},
    {ISA_L32AI,  4, LOADS,  S_IMM}, {ISA_S32RI,  4, STORES, S_IMM},
    {ISA_S32NB,  4, STORES, S_IMM},
    {ISA_S32C1I, 4, LOADS | STORES, S_IMM},
    {ISA_L32E,   4, LOADS,  S_IMM}, {ISA_S32E,   4, STORES, S_IMM},
    {ISA_LSI,    4, LOADS,  S_IMM}, {ISA_SSI,    4, STORES, S_IMM},
    {ISA_LSIP,   4, LOADS,  S_ONLY}, {ISA_SSIP,  4, STORES, S_ONLY},
    {ISA_LSX,    4, LOADS,  S_T},    {ISA_SSX,   4, STORES, S_T},
    {ISA_LSXP,   4, LOADS,  S_ONLY}, {ISA_SSXP,  4, STORES, S_ONLY},
    {ISA_LDINC,  4, LOADS,  S_UP},   {ISA_LDDEC, 4, LOADS,  S_DOWN},
    {ISA_MULA_DA_INC, 4, LOADS, S_UP}, {ISA_MULA_DA_DEC, 4, LOADS, S_DOWN},
    {ISA_MULA_DD_INC, 4, LOADS, S_UP}, {ISA_MULA_DD_DEC, 4, LOADS, S_DOWN},
};
// clang-format on

uint32_t access_word(const struct cpu *cpu, uint32_t pc)
{
    uint32_t word = 0;

    for (unsigned i = 0; i < 3; i++) {
        enum bus_status status;
        const uint8_t *page = bus_exec_page(cpu->bus, pc + i, &status);

        if (page == NULL) {
            return i == 2 ? word : 0;
        }
        word |= (uint32_t)page[(pc + i) % BUS_PAGE_SIZE] << 8 * i;
    }
    return word;
}

static uint32_t address_of(const struct cpu *cpu, const struct isa_insn *insn,
                           enum address how)
{
    uint32_t s = cpu_ar(cpu, insn->s);

    switch (how) {
    case S_IMM:
        return s + (uint32_t)insn->imm;
    case S_ONLY:
        return s;
    case S_T:
        return s + cpu_ar(cpu, insn->t);
    case S_DOWN:
        return s - 4;
    case S_UP:
        return s + 4;
    case IMM_ONLY:
        break;
    }
    return (uint32_t)insn->imm;
}

void access_next(const struct cpu *cpu, struct access *access)
{
    uint32_t pc = cpu_pc(cpu);
    struct isa_insn insn;

    *access = (struct access){0};
    isa_decode(pc, access_word(cpu, pc), &insn);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].row == insn.row) {
            access->load = (rows[i].direction & LOADS) != 0;
            access->store = (rows[i].direction & STORES) != 0;
            access->size = rows[i].size;
            access->vaddr =
                address_of(cpu, &insn, (enum address)rows[i].address);
            return;
        }
    }
}
