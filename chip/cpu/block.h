// SPDX-License-Identifier: Apache-2.0
//
// Decoded code: basic blocks of pre-decoded instructions, found by address and
// chained to their successors. What it holds is derived from memory and never
// part of the state: it may be emptied at any time.

#ifndef CHIP_CPU_BLOCK_H
#define CHIP_CPU_BLOCK_H

#include "chip/cpu/cpu.h"
#include "chip/cpu/isa.h"

#define CPU_BLOCK_MAX  48 // instructions in a block
#define CPU_HASH_SIZE  8192
#define CPU_ARENA_SIZE (1792u * 1024)
#define CPU_LOOP_ENDS  2048

// One instruction, ready to run. code is where the executor continues.
struct cpu_op {
    const void *code;
    int32_t imm;
    uint8_t r, s, t;
    uint8_t offset; // from the start of the block, bytes
};

enum cpu_block_flag {
    CPU_BLOCK_DEAD = 1,     // its bytes have changed: look up again
    CPU_BLOCK_BREAK = 2,    // a breakpoint is set on its first instruction
    CPU_BLOCK_LOOP_END = 4, // ends where a loop does: LCOUNT decides
    CPU_BLOCK_PLAIN = 8,    // does not end in a jump or branch
};

// n instructions at pc .. end, then one op that goes on to the next block.
struct cpu_block {
    struct cpu_block *next[2]; // after the end; at target. NULL: not yet known
    uint32_t pc, end, target;
    uint8_t n;
    uint8_t gate; // like quad, or 255 when entering needs a look at flags
    uint8_t quad; // highest quad of the window used
    uint8_t flags;
    uint8_t first[3]; // index of the first instruction above quad 0, 1, 2
    struct cpu_block *hash_next;
    struct cpu_block *page_next;
    struct cpu_op ops[];
};

// Storage of one core's decoded code: about 2 MiB, the owner's.
struct cpu_cache {
    uint32_t generation; // counts the times everything was forgotten
    bool forget;         // do so before the next block
    size_t used;         // bytes of the arena
    unsigned loop_end_count;
    uint16_t row_hint[4096]; // 1 + first table row for some opcode bits
    uint32_t loop_ends[CPU_LOOP_ENDS];
    struct cpu_block *hash[CPU_HASH_SIZE];
    struct cpu_block *page[BUS_PAGES]; // blocks that start in the page
    _Alignas(16) unsigned char arena[CPU_ARENA_SIZE];
    _Alignas(
        16) unsigned char scratch[sizeof(struct cpu_block) +
                                  (CPU_BLOCK_MAX + 1) * sizeof(struct cpu_op)];
};

// Empty the attached cache; cpu_cache_forget() does it before the next block is
// entered, so that it may be called while a block is running.
void cpu_cache_init(struct cpu *cpu);
void cpu_cache_forget(struct cpu *cpu);

// From now on blocks end at this address.
void cpu_cache_loop_end(struct cpu *cpu, uint32_t vaddr);

// bus_code_changed() of the core; ctx is the cpu.
void cpu_code_changed(void *ctx, uint32_t vaddr, uint32_t n);

static inline unsigned cpu_hash(uint32_t pc)
{
    return pc * 0x9E3779B1u >> (32 - 13);
}

// Decode a block at pc. codes[] says where the executor runs each table row,
// and at [ISA_ROWS] what follows a block. NULL when pc cannot be fetched.
struct cpu_block *cpu_block_decode(struct cpu *cpu, uint32_t pc,
                                   const void *const *codes);

static inline struct cpu_block *cpu_block_find(struct cpu *cpu, uint32_t pc,
                                               const void *const *codes)
{
    struct cpu_block *b = cpu->cache->hash[cpu_hash(pc)];
    while (b != NULL && b->pc != pc) {
        b = b->hash_next;
    }
    return b != NULL ? b : cpu_block_decode(cpu, pc, codes);
}

// The first n instructions of a block as a block of its own, which is not found
// again and never chained.
struct cpu_block *cpu_block_cut(struct cpu *cpu, const struct cpu_block *b,
                                unsigned n, const void *const *codes);

#endif
