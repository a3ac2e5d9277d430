// SPDX-License-Identifier: Apache-2.0
//
// What the next instruction of a core will load or store, found by looking at
// it: for watchpoints and traces, at no cost when nobody looks.

#ifndef CHIP_DEBUG_ACCESS_H
#define CHIP_DEBUG_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "chip/cpu/cpu.h"

struct access {
    bool load, store; // both: S32C1I; neither: no access of memory
    uint8_t size;     // bytes
    uint32_t vaddr;
};

// The bytes of the next instruction; 0 when they cannot be fetched now.
uint32_t access_word(const struct cpu *cpu, uint32_t pc);

// A pending interrupt that comes first is not foreseen.
void access_next(const struct cpu *cpu, struct access *access);

#endif
