// SPDX-License-Identifier: Apache-2.0
//
// Registers and RAM. Addresses are the host's affair; one that nothing answers
// at raises an exception, and the stub starts anew.

#include "firmware/drivers/clock.h"
#include "firmware/drivers/soc.h"
#include "firmware/stub/stub.h"
#include "lib/fb/bytes.h"

#define ROM_VECBASE 0x40000000u
#define WRITE_SIZE  16u // address, value, mask, delay

extern uint8_t _iram_start[], _iram_end[], _dram_start[], _stack_top[];

void stub_read_reg(struct stub *s)
{
    uint32_t addr = stub_word(s, 0);

    if (addr % 4 != 0) {
        stub_done(s, FB_LOADER_E_STUB_DATA_LENGTH);
        return;
    }
    stub_answer(s, 0, REG32(addr), NULL, 0);
}

static void delay_us(uint32_t us)
{
    const uint32_t per_us = clock_cpu_hz() / 1000000;

    for (; us > 0; us--) {
        uint32_t start, now;

        __asm__ volatile("rsr.ccount %0" : "=r"(start));
        do {
            __asm__ volatile("rsr.ccount %0" : "=r"(now));
        } while (now - start < per_us);
    }
}

void stub_write_reg(struct stub *s)
{
    size_t n = s->request.len / WRITE_SIZE;

    if (n == 0 || s->request.len % WRITE_SIZE != 0) {
        stub_done(s, FB_LOADER_E_STUB_DATA_LENGTH);
        return;
    }
    for (unsigned i = 0; i < n; i++) {
        uint32_t addr = stub_word(s, 4 * i), value = stub_word(s, 4 * i + 1);
        uint32_t mask = stub_word(s, 4 * i + 2);

        if (addr % 4 != 0) {
            stub_done(s, FB_LOADER_E_STUB_DATA_LENGTH);
            return;
        }
        if (mask != ~0u) {
            value = (REG32(addr) & ~mask) | (value & mask);
        }
        REG32(addr) = value;
        delay_us(stub_word(s, 4 * i + 3));
    }
    stub_done(s, 0);
}

static bool overlap(uint32_t vaddr, uint32_t n, const uint8_t *from,
                    const uint8_t *to)
{
    return vaddr < (uint32_t)(uintptr_t)to &&
           (uint32_t)(uintptr_t)from < vaddr + n;
}

// IRAM takes whole words only, and nothing may fall onto the stub itself.
void stub_mem_begin(struct stub *s)
{
    struct transfer *t = &s->transfer;
    uint32_t n = stub_word(s, 0), vaddr = stub_word(s, 3);

    stub_close_transfer(s);
    if (vaddr % 4 != 0 || n > UINT32_MAX - vaddr ||
        stub_word(s, 2) > FB_LOADER_STUB_BLOCK ||
        overlap(vaddr, n, _iram_start, _iram_end) ||
        overlap(vaddr, n, _dram_start, _stack_top)) {
        stub_done(s, FB_LOADER_E_STUB_DATA_LENGTH);
        return;
    }
    t->kind = TRANSFER_RAM;
    t->at = vaddr;
    t->left = n;
    stub_done(s, 0);
}

void stub_mem_data(struct stub *s)
{
    struct transfer *t = &s->transfer;
    size_t n;
    const uint8_t *p = stub_payload(s, TRANSFER_RAM, &n);

    if (p == NULL) {
        return;
    }
    if (n > t->left || n % 4 != 0) {
        stub_done(s, n > t->left ? FB_LOADER_E_STUB_TOO_MUCH
                                 : FB_LOADER_E_STUB_DATA_LENGTH);
        return;
    }
    for (; n > 0; n -= 4) {
        REG32(t->at) = load32_le(p);
        p += 4;
        t->at += 4;
        t->left -= 4;
    }
    stub_done(s, 0);
}

void stub_mem_end(struct stub *s)
{
    void (*entry)(void) = (void (*)(void))(uintptr_t)stub_word(s, 1);
    bool stay = stub_word(s, 0) != 0;

    s->transfer.kind = TRANSFER_NONE;
    stub_done(s, 0);
    if (!stay) {
        link_deinit();
        __asm__ volatile("wsr.vecbase %0\n\trsync" ::"r"(ROM_VECBASE));
        entry();
    }
}
