// SPDX-License-Identifier: Apache-2.0
//
// All drivers but the UART.

#include "firmware/app/sim/sim.h"
#include "firmware/drivers/clock.h"
#include "firmware/drivers/efuse.h"
#include "firmware/drivers/flash.h"
#include "firmware/drivers/mmu.h"
#include "firmware/drivers/reset.h"
#include "firmware/drivers/rng.h"
#include "firmware/drivers/wdt.h"

static uint8_t *flash(uint32_t flash_off)
{
    return (uint8_t *)(uintptr_t)(SIM_FLASH + flash_off);
}

static bool outside(uint32_t flash_off, size_t n)
{
    return flash_off > SIM_FLASH_SIZE || n > SIM_FLASH_SIZE - flash_off;
}

int flash_read(uint32_t flash_off, void *out, size_t n)
{
    if (outside(flash_off, n)) {
        return FLASH_E_RANGE;
    }
    for (size_t i = 0; i < n; i++) {
        ((uint8_t *)out)[i] = flash(flash_off)[i];
    }
    return 0;
}

int flash_erase_sector(uint32_t flash_off)
{
    if (flash_off % FLASH_SECTOR != 0) {
        return FLASH_E_ALIGN;
    }
    if (outside(flash_off, FLASH_SECTOR)) {
        return FLASH_E_RANGE;
    }
    for (size_t i = 0; i < FLASH_SECTOR; i++) {
        flash(flash_off)[i] = 0xFF;
    }
    return 0;
}

int flash_write(uint32_t flash_off, const void *in, size_t n)
{
    if (outside(flash_off, n)) {
        return FLASH_E_RANGE;
    }
    for (size_t i = 0; i < n; i++) {
        flash(flash_off)[i] &= ((const uint8_t *)in)[i];
    }
    return 0;
}

int flash_write_encrypted(uint32_t flash_off, const void *in, size_t n)
{
    if (flash_off % FLASH_ENCRYPTED_ROW != 0 || n % FLASH_ENCRYPTED_ROW != 0) {
        return FLASH_E_ALIGN;
    }
    if (outside(flash_off, n)) {
        return FLASH_E_RANGE;
    }
    for (size_t i = 0; i < n; i++) {
        uint32_t at = flash_off + (uint32_t)i;
        flash(at)[0] &= sim_cipher(at, ((const uint8_t *)in)[i]);
    }
    return 0;
}

uint32_t flash_size(void)
{
    return SIM_FLASH_SIZE;
}

const void *mmu_map(uint32_t flash_off, uint32_t n)
{
    if (n == 0 || outside(flash_off, n)) {
        return NULL;
    }
    if (!efuse_flash_encryption_on()) {
        return flash(flash_off);
    }
    uint8_t *view = (uint8_t *)(uintptr_t)SIM_CACHE;
    for (uint32_t i = 0; i < n; i++) {
        view[i] = sim_cipher(flash_off + i, flash(flash_off)[i]);
    }
    return view;
}

uint32_t mmu_app_flash_off(void)
{
    uint32_t off = *(const uint32_t *)(uintptr_t)SIM_APP;
    return off != 0 ? off : 0x10000;
}

void mmu_unmap(void)
{
}

uint32_t efuse_word(unsigned block, unsigned word)
{
    const uint32_t *fuses = (const uint32_t *)(uintptr_t)SIM_EFUSE;
    return fuses[8 * block + word];
}

bool efuse_flash_encryption_on(void)
{
    bool odd = false;
    for (uint32_t count = efuse_word(0, 0) >> 20 & 0x7F; count != 0;
         count &= count - 1) {
        odd = !odd;
    }
    return odd;
}

bool efuse_secure_boot_on(void)
{
    return (efuse_word(0, 6) >> 4 & 1) != 0;
}

unsigned efuse_secure_version(void)
{
    unsigned n = 0;
    for (uint32_t bits = efuse_word(3, 4); bits != 0; bits &= bits - 1) {
        n++;
    }
    return n;
}

// QEMU's lx106 counts CCOUNT at 40 MHz.
uint32_t clock_cpu_hz(void)
{
    return 40000000;
}

uint32_t clock_apb_hz(void)
{
    return clock_cpu_hz();
}

uint64_t clock_us(void)
{
    static uint32_t last, high;
    uint32_t ccount, ps;
    __asm__ volatile("rsil %0, 15\n\trsr.ccount %1" : "=r"(ps), "=r"(ccount));
    high += ccount < last;
    last = ccount;
    uint64_t now = ((uint64_t)high << 32 | ccount) / 40;
    __asm__ volatile("wsr.ps %0\n\trsync" ::"r"(ps));
    return now;
}

// No alarm: timers are not of the simulator.
void clock_alarm(uint64_t deadline_us)
{
    (void)deadline_us;
}

unsigned reset_cause(void)
{
    return RESET_POWERON;
}

_Noreturn void reset_system(void)
{
    for (;;) {
        sim_call(SIM_EXIT, 3, 0, 0); // told apart from the end of the input
    }
}

// Not random, so that a test can repeat.
uint32_t rng_word(void)
{
    static uint32_t state = 1;
    state = state * 1664525 + 1013904223;
    return state;
}
