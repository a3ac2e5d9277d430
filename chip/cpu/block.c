// SPDX-License-Identifier: Apache-2.0

#include "chip/cpu/block.h"

#include "chip/cpu/state.h"

#include <string.h>

#define LOOP_ENDS_FULL (CPU_LOOP_ENDS / 4 * 3)

static struct cpu_block *arena_block(struct cpu_cache *cache, size_t at)
{
    return (struct cpu_block *)(void *)(cache->arena + at);
}

static unsigned loop_end_slot(const struct cpu_cache *cache, uint32_t vaddr)
{
    unsigned i = vaddr * 0x9E3779B1u >> (32 - 11);
    while (cache->loop_ends[i] != 0 && cache->loop_ends[i] != vaddr) {
        i = (i + 1) % CPU_LOOP_ENDS;
    }
    return i;
}

static bool is_loop_end(const struct cpu_cache *cache, uint32_t vaddr)
{
    return vaddr != 0 && cache->loop_ends[loop_end_slot(cache, vaddr)] != 0;
}

void cpu_cache_init(struct cpu *cpu)
{
    struct cpu_cache *cache = cpu->cache;

    for (uint32_t page = 0; page < BUS_PAGES; page++) {
        cache->page[page] = NULL;
    }
    memset(cache->hash, 0, sizeof(cache->hash));
    memset(cache->loop_ends, 0, sizeof(cache->loop_ends));
    memset(cache->row_hint, 0, sizeof(cache->row_hint));
    cache->loop_end_count = 0;
    cache->used = 0;
    cache->forget = false;
    cache->generation++;
    cpu_cache_loop_end(cpu, cpu->sr[SR_LEND]);
}

void cpu_cache_forget(struct cpu *cpu)
{
    cpu->cache->forget = true;
    cpu->attention = true;
}

static void kill(struct cpu_cache *cache, struct cpu_block *b)
{
    struct cpu_block **link = &cache->hash[cpu_hash(b->pc)];

    while (*link != b) {
        link = &(*link)->hash_next;
    }
    *link = b->hash_next;
    b->flags |= CPU_BLOCK_DEAD;
    b->gate = 255;
}

// Kill the blocks that start in the page and overlap [from, to), 64-bit so that
// the range may end at 2^32.
static void kill_in_page(struct cpu_cache *cache, uint32_t page, uint64_t from,
                         uint64_t to)
{
    struct cpu_block **link = &cache->page[page];

    while (*link != NULL) {
        struct cpu_block *b = *link;
        if (b->pc < to && from < b->end) {
            kill(cache, b);
            *link = b->page_next;
        } else {
            link = &b->page_next;
        }
    }
}

static void kill_range(struct cpu_cache *cache, uint32_t from, uint64_t to)
{
    // the last instruction of a page may reach into the next one
    uint64_t at = (from & ~(BUS_PAGE_SIZE - 1)) - (uint64_t)BUS_PAGE_SIZE;
    for (; at < to; at += BUS_PAGE_SIZE) {
        if (bus_in_window((uint32_t)at)) {
            kill_in_page(cache, bus_page((uint32_t)at), from, to);
        }
    }
}

void cpu_code_changed(void *ctx, uint32_t vaddr, uint32_t n)
{
    struct cpu *cpu = ctx;
    kill_range(cpu->cache, vaddr, (uint64_t)vaddr + n);
    cpu->attention = true;
}

// A block that already ends there must ask LCOUNT from now on; one that runs
// across it has to be cut.
static void mark_loop_end(struct cpu_cache *cache, uint32_t vaddr,
                          uint32_t page)
{
    struct cpu_block *b;

    kill_in_page(cache, page, (uint64_t)vaddr - 1, (uint64_t)vaddr + 1);
    for (b = cache->page[page]; b != NULL; b = b->page_next) {
        if (b->end == vaddr) {
            b->flags |= CPU_BLOCK_LOOP_END;
            b->next[0] = NULL;
        }
    }
}

void cpu_cache_loop_end(struct cpu *cpu, uint32_t vaddr)
{
    struct cpu_cache *cache = cpu->cache;

    if (cache == NULL || vaddr == 0 || is_loop_end(cache, vaddr)) {
        return;
    }
    if (cache->loop_end_count >= LOOP_ENDS_FULL) {
        cpu_cache_forget(cpu); // which keeps the end in LEND
        return;
    }
    cache->loop_ends[loop_end_slot(cache, vaddr)] = vaddr;
    cache->loop_end_count++;
    for (uint32_t back = 0; back <= BUS_PAGE_SIZE; back += BUS_PAGE_SIZE) {
        if (bus_in_window(vaddr - 1 - back)) {
            mark_loop_end(cache, vaddr, bus_page(vaddr - 1 - back));
        }
    }
}

// The bits of a word that the first look into the table goes by.
static uint32_t hint_bits(uint32_t word)
{
    uint32_t op0 = word & 15;
    return op0 == 0 || op0 == 4 ? 0xFF000F : 0x00F0FF;
}

static void decode(struct cpu_cache *cache, uint32_t pc, uint32_t word,
                   struct isa_insn *insn)
{
    uint32_t known = hint_bits(word);
    uint32_t key = known == 0xFF000F ? (word & 15) | (word >> 12 & 0xFF0)
                                     : (word & 0xFF) | (word >> 4 & 0xF00);

    if (cache->row_hint[key] == 0) {
        cache->row_hint[key] = (uint16_t)(isa_find(0, word, known) + 1);
    }
    isa_decode_row(isa_find(cache->row_hint[key] - 1u, word, UINT32_MAX), pc,
                   word, insn);
}

// The two or three bytes at pc; false when they cannot be fetched.
static bool fetch(struct bus *bus, uint32_t pc, uint32_t *word)
{
    enum bus_status st;
    const uint8_t *mem = bus_exec_page(bus, pc, &st);
    uint32_t off = pc & (BUS_PAGE_SIZE - 1);

    if (mem == NULL) {
        return false;
    }
    *word = mem[off];
    for (unsigned i = 1; i < isa_length((uint8_t)*word); i++) {
        if (off + i == BUS_PAGE_SIZE) {
            mem = bus_exec_page(bus, pc + i, &st);
            if (mem == NULL) {
                return false;
            }
            off -= BUS_PAGE_SIZE;
        }
        *word |= (uint32_t)mem[off + i] << 8 * i;
    }
    return true;
}

static bool breakpoint_at(const struct cpu *cpu, uint32_t pc)
{
    for (unsigned i = 0; i < 2; i++) {
        if ((cpu->sr[SR_IBREAKENABLE] >> i & 1) &&
            cpu->sr[SR_IBREAKA0 + i] == pc) {
            return true;
        }
    }
    for (unsigned i = 0; i < cpu->breakpoint_count; i++) {
        if (cpu->breakpoints[i] == pc) {
            return true;
        }
    }
    return false;
}

static void append(struct cpu_block *b, const struct isa_insn *insn,
                   const void *const *codes)
{
    struct cpu_op *op = &b->ops[b->n];

    op->code = codes[insn->row];
    op->imm = insn->imm;
    op->r = insn->r;
    op->s = insn->s;
    op->t = insn->t;
    op->offset = (uint8_t)(b->end - b->pc);
    for (unsigned q = b->quad; q < insn->quad; q++) {
        b->first[q] = b->n;
    }
    if (insn->quad > b->quad) {
        b->quad = insn->quad;
    }
    b->n++;
    b->end += insn->len;
}

static void append_end(struct cpu_block *b, const void *const *codes)
{
    struct cpu_op *op = &b->ops[b->n];
    memset(op, 0, sizeof(*op));
    op->code = codes[ISA_ROWS];
    op->offset = (uint8_t)(b->end - b->pc);
}

static void file(struct cpu *cpu, struct cpu_block *b)
{
    struct cpu_cache *cache = cpu->cache;
    struct cpu_block **bucket = &cache->hash[cpu_hash(b->pc)];
    uint32_t page = bus_page(b->pc);

    b->hash_next = *bucket;
    *bucket = b;
    b->page_next = cache->page[page];
    cache->page[page] = b;
    cache->used += sizeof(*b) + (b->n + 1u) * sizeof(struct cpu_op);
    cache->used = (cache->used + 15) & ~(size_t)15;
    for (uint32_t at = b->pc & ~(BUS_LINE_SIZE - 1); at < b->end;
         at += BUS_LINE_SIZE) {
        bus_watch_code(cpu->bus, at);
    }
}

static bool ends_here(const struct cpu *cpu, const struct cpu_block *b)
{
    return b->n == CPU_BLOCK_MAX || bus_page(b->end) != bus_page(b->pc) ||
           (b->flags & CPU_BLOCK_LOOP_END) || breakpoint_at(cpu, b->end);
}

struct cpu_block *cpu_block_decode(struct cpu *cpu, uint32_t pc,
                                   const void *const *codes)
{
    struct cpu_cache *cache = cpu->cache;
    size_t most =
        sizeof(struct cpu_block) + (CPU_BLOCK_MAX + 1) * sizeof(struct cpu_op);
    struct isa_insn insn = {0};
    uint32_t word;

    // The fetch may change the map, so it comes before anything is kept.
    if (!fetch(cpu->bus, pc, &word)) {
        return NULL;
    }
    if (cache->used + most > CPU_ARENA_SIZE || cache->forget ||
        cache->loop_end_count >= LOOP_ENDS_FULL) {
        cpu_cache_init(cpu);
    }
    struct cpu_block *b = arena_block(cache, cache->used);
    memset(b, 0, sizeof(*b));
    b->pc = b->end = pc;
    b->flags = CPU_BLOCK_PLAIN;
    if (breakpoint_at(cpu, pc)) {
        b->flags |= CPU_BLOCK_BREAK;
    }
    do {
        decode(cache, b->end, word, &insn);
        append(b, &insn, codes);
        if (is_loop_end(cache, b->end)) {
            b->flags |= CPU_BLOCK_LOOP_END;
        }
    } while (insn.flags == 0 && !ends_here(cpu, b) &&
             fetch(cpu->bus, b->end, &word));

    if (insn.flags & (ISA_F_JUMP | ISA_F_BRANCH)) {
        b->target = insn.target;
        b->flags &= (uint8_t)~CPU_BLOCK_PLAIN;
    }
    if (insn.row == ISA_LOOP || insn.row == ISA_LOOPNEZ ||
        insn.row == ISA_LOOPGTZ) {
        cpu_cache_loop_end(cpu, insn.target);
    }
    append_end(b, codes);
    b->gate = b->flags & CPU_BLOCK_BREAK ? 255 : b->quad;
    file(cpu, b);
    return b;
}

struct cpu_block *cpu_block_cut(struct cpu *cpu, const struct cpu_block *b,
                                unsigned n, const void *const *codes)
{
    struct cpu_block *cut = (struct cpu_block *)(void *)cpu->cache->scratch;

    memset(cut, 0, sizeof(*cut));
    memcpy(cut->ops, b->ops, (n + 1) * sizeof(struct cpu_op));
    cut->pc = b->pc;
    cut->end = b->pc + b->ops[n].offset;
    cut->n = (uint8_t)n;
    cut->flags = CPU_BLOCK_LOOP_END;
    append_end(cut, codes);
    return cut;
}
