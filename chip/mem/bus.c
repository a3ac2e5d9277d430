// SPDX-License-Identifier: Apache-2.0

#include "chip/mem/bus.h"

#include <assert.h>
#include <string.h>

#define OFFSET_MASK (BUS_PAGE_SIZE - 1)

void bus_init(struct bus *bus, struct bus_slow slow)
{
    memset(bus, 0, sizeof(*bus));
    bus->slow = slow;
}

static uint32_t page_vaddr(uint32_t page)
{
    return BUS_WINDOW_BASE + (page << BUS_PAGE_BITS);
}

// Bits of the lines that [off, off + n) of a page touches, 0 < n.
static uint64_t line_mask(uint32_t off, uint32_t n)
{
    uint32_t first = off >> BUS_LINE_BITS;
    uint32_t last = (off + n - 1) >> BUS_LINE_BITS;
    uint64_t upto = last == 63 ? UINT64_MAX : ((uint64_t)1 << (last + 1)) - 1;
    return upto & ~(((uint64_t)1 << first) - 1);
}

static void hold_stores(struct bus *bus, uint32_t page, uint32_t code_page)
{
    bus->watch[page] = (uint16_t)(code_page + 1);
    bus->held8[page] = bus->store8[page];
    bus->held32[page] = bus->store32[page];
    bus->store8[page] = NULL;
    bus->store32[page] = NULL;
}

static void give_back_stores(struct bus *bus, uint32_t page)
{
    bus->watch[page] = 0;
    bus->store8[page] = bus->held8[page];
    bus->store32[page] = bus->held32[page];
    bus->held8[page] = NULL;
    bus->held32[page] = NULL;
}

static void release_page(struct bus *bus, uint32_t code_page)
{
    bus->code[code_page] = 0;
    bus->code_pages--;
    for (uint32_t page = 0; page < BUS_PAGES; page++) {
        if (bus->watch[page] == code_page + 1) {
            give_back_stores(bus, page);
        }
    }
}

void bus_watch_code(struct bus *bus, uint32_t vaddr)
{
    uint32_t code_page = bus_page(vaddr);
    const uint8_t *mem = bus->exec[code_page];
    uint64_t bit = line_mask(vaddr & OFFSET_MASK, 1);

    assert(bus_in_window(vaddr));
    if (bus->code[code_page] & bit) {
        return;
    }
    if (bus->code[code_page] == 0) {
        bus->code_pages++;
        for (uint32_t page = 0; page < BUS_PAGES; page++) {
            if (bus->watch[page] == 0 && mem != NULL &&
                (bus->store8[page] == mem || bus->store32[page] == mem)) {
                hold_stores(bus, page, code_page);
            }
        }
    }
    bus->code[code_page] |= bit;
}

// A store is about to touch [off, off + n) of a page whose stores are held.
static void notice(struct bus *bus, uint32_t page, uint32_t off, uint32_t n)
{
    uint32_t code_page = bus->watch[page] - 1u;
    uint64_t touched = bus->code[code_page] & line_mask(off, n);

    if (touched == 0) {
        return;
    }
    bus->code[code_page] &= ~touched;
    if (bus->code[code_page] == 0) {
        release_page(bus, code_page);
    }
    if (bus->code_changed != NULL) {
        uint32_t from = off & ~(BUS_LINE_SIZE - 1);
        uint32_t to = (off + n + BUS_LINE_SIZE - 1) & ~(BUS_LINE_SIZE - 1);
        bus->code_changed(bus->code_ctx, page_vaddr(code_page) + from,
                          to - from);
    }
}

// What was decoded from a page is void, for a remap or a change behind the bus.
static void forget_code(struct bus *bus, uint32_t page)
{
    if (bus->code[page] != 0) {
        release_page(bus, page);
        if (bus->code_changed != NULL) {
            bus->code_changed(bus->code_ctx, page_vaddr(page), BUS_PAGE_SIZE);
        }
    }
}

void bus_changed(struct bus *bus, uint32_t vaddr, uint32_t n)
{
    if (n == 0) {
        return;
    }
    for (uint64_t at = vaddr & ~OFFSET_MASK; at < (uint64_t)vaddr + n;
         at += BUS_PAGE_SIZE) {
        uint32_t page = bus_page((uint32_t)at);
        if (!bus_in_window((uint32_t)at)) {
            continue;
        }
        forget_code(bus, page);
        if (bus->watch[page] != 0) {
            forget_code(bus, bus->watch[page] - 1u);
        }
    }
}

static void map_page(struct bus *bus, uint32_t page, uint8_t *mem,
                     unsigned access)
{
    forget_code(bus, page);
    if (bus->watch[page] != 0) {
        give_back_stores(bus, page);
    }
    bus->exec[page] = access & BUS_X ? mem : NULL;
    bus->load8[page] = access & BUS_R8 ? mem : NULL;
    bus->load32[page] = access & BUS_R32 ? mem : NULL;
    bus->store8[page] = access & BUS_W8 ? mem : NULL;
    bus->store32[page] = access & BUS_W32 ? mem : NULL;
    if (mem == NULL || !(access & (BUS_W8 | BUS_W32)) || bus->code_pages == 0) {
        return;
    }
    for (uint32_t other = 0; other < BUS_PAGES; other++) {
        if (bus->code[other] != 0 && bus->exec[other] == mem) {
            hold_stores(bus, page, other);
            return;
        }
    }
}

void bus_map(struct bus *bus, uint32_t vaddr, uint32_t n, uint8_t *mem,
             unsigned access)
{
    assert(((vaddr | n) & OFFSET_MASK) == 0);
    assert(bus_in_window(vaddr) && n <= BUS_WINDOW_END - vaddr);

    for (uint32_t off = 0; off < n; off += BUS_PAGE_SIZE) {
        map_page(bus, bus_page(vaddr + off), mem == NULL ? NULL : mem + off,
                 access);
    }
}

const uint8_t *bus_exec_page(struct bus *bus, uint32_t vaddr,
                             enum bus_status *status)
{
    uint32_t page = bus_page(vaddr);

    *status = BUS_OK;
    if (bus_in_window(vaddr) && bus->exec[page] != NULL) {
        return bus->exec[page];
    }
    *status = BUS_E_ABSENT;
    if (bus->slow.fetch != NULL) {
        *status = bus->slow.fetch(bus->slow.ctx, vaddr);
    }
    if (*status != BUS_OK || !bus_in_window(vaddr) || bus->exec[page] == NULL) {
        *status = *status == BUS_OK ? BUS_E_NOT_EXEC : *status;
        return NULL;
    }
    return bus->exec[page];
}

static uint32_t get_sized(const uint8_t *p, unsigned size)
{
    return size == 4 ? bus_get32(p) : size == 2 ? bus_get16(p) : *p;
}

static void put_sized(uint8_t *p, unsigned size, uint32_t value)
{
    if (size == 4) {
        bus_put32(p, value);
    } else if (size == 2) {
        bus_put16(p, value);
    } else {
        *p = (uint8_t)value;
    }
}

enum bus_status bus_load(struct bus *bus, uint32_t vaddr, unsigned size,
                         uint32_t *value)
{
    assert(size == 1 || size == 2 || size == 4);
    if ((vaddr & (size - 1)) != 0) {
        return BUS_E_WIDTH;
    }
    if (bus_in_window(vaddr)) {
        uint32_t page = bus_page(vaddr);
        const uint8_t *mem = size == 4 ? bus->load32[page] : bus->load8[page];
        if (mem != NULL) {
            *value = get_sized(mem + (vaddr & OFFSET_MASK), size);
            return BUS_OK;
        }
    }
    if (bus->slow.load == NULL) {
        return BUS_E_ABSENT;
    }
    return bus->slow.load(bus->slow.ctx, vaddr, size, value);
}

enum bus_status bus_store(struct bus *bus, uint32_t vaddr, unsigned size,
                          uint32_t value)
{
    assert(size == 1 || size == 2 || size == 4);
    if ((vaddr & (size - 1)) != 0) {
        return BUS_E_WIDTH;
    }
    if (bus_in_window(vaddr)) {
        uint32_t page = bus_page(vaddr);
        uint32_t off = vaddr & OFFSET_MASK;
        uint8_t *mem = size == 4 ? bus->store32[page] : bus->store8[page];
        if (mem == NULL && bus->watch[page] != 0) {
            mem = size == 4 ? bus->held32[page] : bus->held8[page];
            if (mem != NULL) {
                notice(bus, page, off, size);
            }
        }
        if (mem != NULL) {
            put_sized(mem + off, size, value);
            return BUS_OK;
        }
    }
    if (bus->slow.store == NULL) {
        return BUS_E_ABSENT;
    }
    return bus->slow.store(bus->slow.ctx, vaddr, size, value);
}

// The largest access that [vaddr, vaddr + n) can start with.
static unsigned first_size(uint32_t vaddr, size_t n)
{
    return (vaddr & 3) == 0 && n >= 4 ? 4 : 1;
}

// One byte out of memory that has only 32-bit access.
static enum bus_status load_byte_wide(struct bus *bus, uint32_t vaddr,
                                      uint32_t *value)
{
    uint32_t word;
    enum bus_status st = bus_load(bus, vaddr & ~3u, 4, &word);
    if (st == BUS_OK) {
        *value = word >> (vaddr & 3) * 8 & 0xFF;
    }
    return st;
}

static enum bus_status store_byte_wide(struct bus *bus, uint32_t vaddr,
                                       uint32_t value)
{
    unsigned shift = (vaddr & 3) * 8;
    uint32_t word;
    enum bus_status st = bus_load(bus, vaddr & ~3u, 4, &word);
    if (st != BUS_OK) {
        return st;
    }
    word = (word & ~(0xFFu << shift)) | (value & 0xFF) << shift;
    return bus_store(bus, vaddr & ~3u, 4, word);
}

enum bus_status bus_read(struct bus *bus, uint32_t vaddr, void *out, size_t n,
                         size_t *done)
{
    uint8_t *to = out;
    size_t at = 0;
    enum bus_status st = BUS_OK;

    while (at < n) {
        uint32_t from = vaddr + (uint32_t)at;
        unsigned size = first_size(from, n - at);
        uint32_t value = 0;
        st = bus_load(bus, from, size, &value);
        if (st == BUS_E_WIDTH && size == 1) {
            st = load_byte_wide(bus, from, &value);
        }
        if (st != BUS_OK) {
            break;
        }
        put_sized(to + at, size, value);
        at += size;
    }
    if (done != NULL) {
        *done = at;
    }
    return st;
}

enum bus_status bus_write(struct bus *bus, uint32_t vaddr, const void *in,
                          size_t n, size_t *done)
{
    const uint8_t *from = in;
    size_t at = 0;
    enum bus_status st = BUS_OK;

    while (at < n) {
        uint32_t to = vaddr + (uint32_t)at;
        unsigned size = first_size(to, n - at);
        uint32_t value = get_sized(from + at, size);
        st = bus_store(bus, to, size, value);
        if (st == BUS_E_WIDTH && size == 1) {
            st = store_byte_wide(bus, to, value);
        }
        if (st != BUS_OK) {
            break;
        }
        at += size;
    }
    if (done != NULL) {
        *done = at;
    }
    return st;
}
