// SPDX-License-Identifier: Apache-2.0
//
// The instruction table (isa.def) and its decoder, which the core and the
// disassembler share.

#ifndef CHIP_CPU_ISA_H
#define CHIP_CPU_ISA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Row numbers: ISA_ADD, ISA_ADDI, ...
enum isa_id {
#define ISA(id, name, mask, value, operands, flags, ...) ISA_##id,
#include "chip/cpu/isa.def"
#undef ISA
    ISA_ROWS
};

enum isa_flag {
    ISA_F_JUMP = 1,   // ends a block, goes to a known target
    ISA_F_BRANCH = 2, // ends a block, may go to a known target
    ISA_F_END = 4,    // ends a block otherwise
    ISA_F_QUAD1 = 8,  // uses a4, a8, a12 beside its operands
    ISA_F_QUAD2 = 16,
    ISA_F_QUAD3 = 32,
};

struct isa_row {
    const char *name;
    uint32_t mask;
    uint32_t value;
    const char *operands;
    unsigned flags;
};

extern const struct isa_row isa_rows[ISA_ROWS];

struct isa_insn {
    uint16_t row;    // enum isa_id; ISA_ILL for what does not exist
    uint8_t len;     // bytes: 2 or 3
    uint8_t r, s, t; // fields; for EXTUI s is the shift
    uint8_t quad;    // highest quad of the window touched, 0..3
    uint8_t flags;
    int32_t imm;     // the operand that is not a register or a code address
    uint32_t target; // of a jump or branch
};

// Bytes of the instruction that starts with this byte.
static inline unsigned isa_length(uint8_t first)
{
    return (first & 15) >= 8 && (first & 15) < 14 ? 2 : 3;
}

// The first row from `from` on that can match a word which agrees with `word`
// in the bits of `known`; ISA_ROWS if there is none.
unsigned isa_find(unsigned from, uint32_t word, uint32_t known);

// Decode the bytes at pc (little-endian in word) as the given row.
void isa_decode_row(unsigned row, uint32_t pc, uint32_t word,
                    struct isa_insn *insn);

// Find and decode.
void isa_decode(uint32_t pc, uint32_t word, struct isa_insn *insn);

// Value of one operand of an instruction word, by its letter in isa.def.
int32_t isa_operand(char kind, uint32_t pc, uint32_t word);

// Name of a special or user register, NULL if it does not exist. For special
// registers `how` is 'r', 'w' or 'x'.
const char *isa_sr_name(unsigned number, char how);
const char *isa_ur_name(unsigned number);

#endif
