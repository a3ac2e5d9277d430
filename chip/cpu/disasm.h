// SPDX-License-Identifier: Apache-2.0
//
// One instruction as text, in the words of GNU objdump: "addi\ta2, a1, -4".

#ifndef CHIP_CPU_DISASM_H
#define CHIP_CPU_DISASM_H

#include <stddef.h>
#include <stdint.h>

// Disassemble the instruction at pc. bytes holds at least 3 bytes, or 2 when
// the first one starts a narrow instruction. out receives at most cap bytes
// with the final NUL (cap > 0; 64 always suffice). What is no instruction
// becomes ".byte". Returns the length, 2 or 3.
int cpu_disasm(uint32_t pc, const uint8_t *bytes, char *out, size_t cap);

#endif
