// SPDX-License-Identifier: Apache-2.0

#include "chip/cpu/isa.h"

#include <string.h>

enum { J = ISA_F_JUMP, C = ISA_F_BRANCH, E = ISA_F_END };
enum { W4 = ISA_F_QUAD1, W8 = ISA_F_QUAD2, W12 = ISA_F_QUAD3 };

const struct isa_row isa_rows[ISA_ROWS] = {
#define ISA(id, name, mask, value, operands, flags, ...)                       \
    {name, mask, value, operands, flags},
#include "chip/cpu/isa.def"
#undef ISA
};

static const struct {
    uint8_t number;
    const char *name;
    const char *how;
} sr_rows[] = {
#define SR(number, name, how) {number, name, how},
#include "chip/cpu/sr.def"
#undef SR
};

static const struct {
    uint8_t number;
    const char *name;
} ur_rows[] = {
    {230, "expstate"}, {231, "threadptr"}, {232, "fcr"},  {233, "fsr"},
    {234, "f64r_lo"},  {235, "f64r_hi"},   {236, "f64s"},
};

const char *isa_sr_name(unsigned number, char how)
{
    for (size_t i = 0; i < sizeof(sr_rows) / sizeof(sr_rows[0]); i++) {
        if (sr_rows[i].number == number &&
            strchr(sr_rows[i].how, how) != NULL) {
            return sr_rows[i].name;
        }
    }
    return NULL;
}

const char *isa_ur_name(unsigned number)
{
    for (size_t i = 0; i < sizeof(ur_rows) / sizeof(ur_rows[0]); i++) {
        if (ur_rows[i].number == number) {
            return ur_rows[i].name;
        }
    }
    return NULL;
}

unsigned isa_find(unsigned from, uint32_t word, uint32_t known)
{
    for (unsigned row = from; row < ISA_ROWS; row++) {
        uint32_t mask = isa_rows[row].mask & known;
        if (((word ^ isa_rows[row].value) & mask) == 0) {
            return row;
        }
    }
    return ISA_ROWS;
}

static uint32_t bits(uint32_t word, unsigned low, unsigned n)
{
    return word >> low & ((1u << n) - 1);
}

static int32_t sbits(uint32_t word, unsigned low, unsigned n)
{
    uint32_t sign = 1u << (n - 1);
    return (int32_t)((bits(word, low, n) ^ sign) - sign);
}

// Xtensa ISA reference manual, table 3-17 and 3-18
static const int32_t b4const[16] = {-1, 1,  2,  3,  4,  5,  6,   7,
                                    8,  10, 12, 16, 32, 64, 128, 256};
static const int32_t b4constu[16] = {32768, 65536, 2,  3,  4,  5,  6,   7,
                                     8,     10,    12, 16, 32, 64, 128, 256};

static int32_t narrow_movi(uint32_t word)
{
    int32_t value = (int32_t)(bits(word, 4, 3) << 4 | bits(word, 12, 4));
    return value >= 96 ? value - 128 : value;
}

// Target of a branch with n bits at `low`, counted from pc + 4.
static int32_t relative(uint32_t pc, uint32_t word, unsigned low, unsigned n)
{
    return (int32_t)(pc + 4 + (uint32_t)sbits(word, low, n));
}

static int32_t code_operand(char kind, uint32_t pc, uint32_t word)
{
    switch (kind) {
    case 'j':
        return relative(pc, word, 6, 18);
    case 'c':
        return (int32_t)((pc & ~3u) + 4 + ((uint32_t)sbits(word, 6, 18) << 2));
    case '8':
        return relative(pc, word, 16, 8);
    case '2':
        return relative(pc, word, 12, 12);
    case '6':
        return (int32_t)(pc + 4 + (bits(word, 4, 2) << 4 | bits(word, 12, 4)));
    default: // 'L'
        return (int32_t)(pc + 4 + bits(word, 16, 8));
    }
}

int32_t isa_operand(char kind, uint32_t pc, uint32_t word)
{
    switch (kind) {
    case 'r':
    case 'R':
    case 'x':
        return (int32_t)bits(word, 12, 4);
    case 's':
    case 'S':
    case 'y':
    case 'B':
    case 'o':
        return (int32_t)bits(word, 8, 4);
    case 'Y':
        return (int32_t)(bits(word, 8, 4) & 12);
    case 'W':
        return (int32_t)(bits(word, 8, 4) & 8);
    case 't':
    case 'T':
    case 'z':
    case 'C':
        return (int32_t)bits(word, 4, 4);
    case 'w':
        return (int32_t)bits(word, 12, 2);
    case 'm':
        return (int32_t)bits(word, 14, 1);
    case 'n':
        return (int32_t)bits(word, 6, 1) + 2;
    case 'b':
        return (int32_t)bits(word, 16, 8);
    case 'h':
        return (int32_t)bits(word, 16, 8) * 2;
    case 'i':
        return (int32_t)bits(word, 16, 8) * 4;
    case 'N':
        return (int32_t)bits(word, 12, 4) * 4;
    case 'a':
        return sbits(word, 16, 8);
    case 'd':
        return sbits(word, 16, 8) * 256;
    case 'v':
        return sbits(bits(word, 8, 4) << 8 | bits(word, 16, 8), 0, 12);
    case 'A':
        return bits(word, 4, 4) == 0 ? -1 : (int32_t)bits(word, 4, 4);
    case 'V':
        return narrow_movi(word);
    case 'l':
        return (int32_t)(((pc + 3) & ~3u) +
                         (0xFFFC0000u | bits(word, 8, 16) << 2));
    case 'O':
        return (int32_t)bits(word, 12, 12) * 8;
    case '3':
        return (int32_t)bits(word, 12, 4) * 4 - 64;
    case 'k':
        return b4const[bits(word, 12, 4)];
    case 'u':
        return b4constu[bits(word, 12, 4)];
    case 'f':
        return (int32_t)(bits(word, 12, 1) << 4 | bits(word, 4, 4));
    case 'e':
        return (int32_t)(bits(word, 16, 1) << 4 | bits(word, 8, 4));
    case 'E':
        return (int32_t)bits(word, 20, 4) + 1;
    case 'p':
        return 32 - (int32_t)(bits(word, 20, 1) << 4 | bits(word, 4, 4));
    case 'q':
        return (int32_t)(bits(word, 20, 1) << 4 | bits(word, 8, 4));
    case 'g':
        return (int32_t)(bits(word, 4, 1) << 4 | bits(word, 8, 4));
    case 'P':
        return (int32_t)bits(word, 4, 4) + 7;
    case 'D':
        return sbits(word, 4, 4);
    case 'X':
        return (int32_t)(bits(word, 8, 1) << 4 | bits(word, 4, 4));
    case 'G':
        return (int32_t)bits(word, 8, 8);
    case 'H':
        return (int32_t)(bits(word, 8, 4) << 4 | bits(word, 4, 4));
    case 'I':
        return (int32_t)bits(word, 8, 8);
    case 'U':
        return (int32_t)bits(word, 16, 2);
    default:
        return code_operand(kind, pc, word);
    }
}

static void touch(struct isa_insn *insn, int32_t reg)
{
    if (reg >> 2 > insn->quad) {
        insn->quad = (uint8_t)(reg >> 2);
    }
}

static void take_operand(struct isa_insn *insn, char kind, int32_t value)
{
    switch (kind) {
    case 'r':
    case 's':
    case 't':
        touch(insn, value);
        break;
    case 'j':
    case 'c':
    case '8':
    case '2':
    case '6':
    case 'L':
        insn->target = (uint32_t)value;
        break;
    case 'e':
    case 'Y':
    case 'W':
        insn->s = (uint8_t)value;
        break;
    case 'E':
        insn->imm = (int32_t)((1u << value) - 1);
        break;
    case 'R':
    case 'S':
    case 'T':
    case 'x':
    case 'y':
    case 'z':
    case 'w':
    case 'm':
    case 'n':
    case 'B':
    case 'C':
        break; // executed from the fields
    default:
        insn->imm = value;
    }
}

static bool register_exists(unsigned row, int32_t number)
{
    switch (row) {
    case ISA_RSR:
        return isa_sr_name((unsigned)number, 'r') != NULL;
    case ISA_WSR:
        return isa_sr_name((unsigned)number, 'w') != NULL;
    case ISA_XSR:
        return isa_sr_name((unsigned)number, 'x') != NULL;
    case ISA_RUR:
    case ISA_WUR:
        return isa_ur_name((unsigned)number) != NULL;
    default:
        return true;
    }
}

void isa_decode_row(unsigned row, uint32_t pc, uint32_t word,
                    struct isa_insn *insn)
{
    memset(insn, 0, sizeof(*insn));
    insn->len = (uint8_t)isa_length((uint8_t)word);
    insn->row = (uint16_t)row;
    insn->r = (uint8_t)bits(word, 12, 4);
    insn->s = (uint8_t)bits(word, 8, 4);
    insn->t = (uint8_t)bits(word, 4, 4);
    if (row == ISA_ROWS) {
        insn->row = ISA_ILL;
    }
    for (const char *k = isa_rows[insn->row].operands; *k != '\0'; k++) {
        take_operand(insn, *k, isa_operand(*k, pc, word));
    }
    if (!register_exists(insn->row, insn->imm)) {
        insn->row = ISA_ILL;
        insn->quad = 0;
    }
    insn->flags = (uint8_t)isa_rows[insn->row].flags;
    if (insn->flags & ISA_F_QUAD1) {
        touch(insn, 4);
    }
    if (insn->flags & ISA_F_QUAD2) {
        touch(insn, 8);
    }
    if (insn->flags & ISA_F_QUAD3) {
        touch(insn, 12);
    }
}

void isa_decode(uint32_t pc, uint32_t word, struct isa_insn *insn)
{
    uint32_t known = isa_length((uint8_t)word) == 2 ? 0xFFFF : 0xFFFFFF;
    isa_decode_row(isa_find(0, word & known, UINT32_MAX), pc, word & known,
                   insn);
}
