// SPDX-License-Identifier: Apache-2.0
//
// What a CPU core sees of the world: loads, stores and instruction fetches by
// virtual address. Memory is reached through page pointers without a call;
// everything else (registers, unmapped addresses, pages that must be noticed)
// goes to one slow-path pair of functions set by the owner of the memory map.
//
// A bus belongs to one core. It holds pointers into its owner's memory, so a
// copied chip has to rebuild it (chip_copy() does).

#ifndef CHIP_MEM_BUS_H
#define CHIP_MEM_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The window with direct pages: 0x3F400000 (DROM) up to the end of IROM.
// 4 KiB pages: the smallest granule at which memories and registers meet.
#define BUS_PAGE_BITS   12
#define BUS_PAGE_SIZE   (1u << BUS_PAGE_BITS)
#define BUS_WINDOW_BASE 0x3F400000u
#define BUS_WINDOW_END  0x40400000u
#define BUS_PAGES       ((BUS_WINDOW_END - BUS_WINDOW_BASE) >> BUS_PAGE_BITS)

// Why an access failed; the CPU turns it into an exception.
enum bus_status {
    BUS_OK = 0,
    BUS_E_ABSENT,   // nothing answers at this address
    BUS_E_WIDTH,    // 8 or 16 bits wide, on memory that has only 32-bit access
    BUS_E_READONLY, // a store to ROM or to cached flash
    BUS_E_NOT_EXEC, // a fetch from memory without instruction access
};

enum bus_kind { BUS_LOAD, BUS_STORE, BUS_FETCH };

struct bus;

// Slow path. size is 1, 2 or 4 and vaddr is a multiple of it. fetch looks at
// whole pages only: it may install pages and returns whether it did.
struct bus_slow {
    enum bus_status (*load)(void *ctx, uint32_t vaddr, unsigned size,
                            uint32_t *value);
    enum bus_status (*store)(void *ctx, uint32_t vaddr, unsigned size,
                             uint32_t value);
    enum bus_status (*fetch)(void *ctx, uint32_t vaddr);
    void *ctx;
};

// Called when what stands at [vaddr, vaddr + n) may have changed under code
// that was decoded from it: a remap, or a store into a line marked with
// bus_watch_code(). A store through another address of the same memory is
// reported at the address that was watched.
typedef void bus_code_changed(void *ctx, uint32_t vaddr, uint32_t n);

// Stores into decoded code are noticed by lines, so that a variable that shares
// a page with code does not cost the code each time it is written.
#define BUS_LINE_BITS 6
#define BUS_LINE_SIZE (1u << BUS_LINE_BITS)

// One entry a page. NULL means: take the slow path.
struct bus {
    const uint8_t *exec[BUS_PAGES];   // instruction fetch
    const uint8_t *load8[BUS_PAGES];  // any width
    const uint8_t *load32[BUS_PAGES]; // aligned 32 bits
    uint8_t *store8[BUS_PAGES];
    uint8_t *store32[BUS_PAGES];
    // What follows is the bus's own: while a page has lines with decoded code,
    // its store pointers, and those of other pages that reach the same memory,
    // wait in held8 and held32.
    unsigned code_pages;       // with lines in code[]
    uint64_t code[BUS_PAGES];  // one bit a line that holds decoded code
    uint16_t watch[BUS_PAGES]; // 1 + the page whose code[] a store must look at
    uint8_t *held8[BUS_PAGES];
    uint8_t *held32[BUS_PAGES];
    struct bus_slow slow;
    bus_code_changed *code_changed; // the core's, NULL when it caches nothing
    void *code_ctx;
};

static inline bool bus_in_window(uint32_t vaddr)
{
    return vaddr - BUS_WINDOW_BASE < BUS_WINDOW_END - BUS_WINDOW_BASE;
}

static inline uint32_t bus_page(uint32_t vaddr)
{
    return (vaddr - BUS_WINDOW_BASE) >> BUS_PAGE_BITS;
}

// What a mapped range can be used for; or them together.
enum bus_access {
    BUS_R8 = 1,  // loads of any width
    BUS_R32 = 2, // 32-bit loads
    BUS_W8 = 4,  // stores of any width
    BUS_W32 = 8, // 32-bit stores
    BUS_X = 16,  // instruction fetch
    BUS_RAM = BUS_R8 | BUS_R32 | BUS_W8 | BUS_W32,
    BUS_IRAM = BUS_R32 | BUS_W32 | BUS_X,
};

void bus_init(struct bus *bus, struct bus_slow slow);

// Let [vaddr, vaddr + n), whole pages inside the window, be served from mem
// (the owner's, alive as long as it is mapped). mem == NULL unmaps.
void bus_map(struct bus *bus, uint32_t vaddr, uint32_t n, uint8_t *mem,
             unsigned access);

// The core has decoded code from the line of vaddr: from now on a store into it
// calls code_changed() for the touched lines first and lifts their watch.
void bus_watch_code(struct bus *bus, uint32_t vaddr);

// The page for a fetch at vaddr, after asking the slow path to install it.
// NULL with *status set when there is nothing to execute.
const uint8_t *bus_exec_page(struct bus *bus, uint32_t vaddr,
                             enum bus_status *status);

// For an owner that has changed mapped memory behind the bus (DMA, a refilled
// cache page): whatever was decoded from [vaddr, vaddr + n) is forgotten.
void bus_changed(struct bus *bus, uint32_t vaddr, uint32_t n);

// The memories are little-endian, whatever the host is.
static inline uint32_t bus_get16(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static inline uint32_t bus_get32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
           (uint32_t)p[3] << 24;
}

static inline void bus_put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static inline void bus_put32(uint8_t *p, uint32_t v)
{
    bus_put16(p, v);
    bus_put16(p + 2, v >> 16);
}

// Accesses for everybody who is not the core's fast path (ROM model, loader
// commands, debugger). Unaligned addresses are refused with BUS_E_WIDTH.
enum bus_status bus_load(struct bus *bus, uint32_t vaddr, unsigned size,
                         uint32_t *value);
enum bus_status bus_store(struct bus *bus, uint32_t vaddr, unsigned size,
                          uint32_t value);

// Copy bytes, choosing the widest access that each stretch of memory allows.
// Stop at the first failure; *done receives the bytes copied (may be NULL).
enum bus_status bus_read(struct bus *bus, uint32_t vaddr, void *out, size_t n,
                         size_t *done);
enum bus_status bus_write(struct bus *bus, uint32_t vaddr, const void *in,
                          size_t n, size_t *done);

#endif
