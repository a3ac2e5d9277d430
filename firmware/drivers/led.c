// SPDX-License-Identifier: Apache-2.0

#include "firmware/drivers/led.h"

#include "firmware/drivers/clock.h"
#include "firmware/drivers/gpio.h"
#include "firmware/drivers/soc.h"

#define BITS     24u
#define SHORT_NS 350u
#define LONG_NS  800u
#define BIT_NS   1250u

static uint32_t ccount(void)
{
    uint32_t n;
    __asm__ volatile("rsr.ccount %0" : "=r"(n));
    return n;
}

static void wait_until(uint32_t cycle)
{
    while ((int32_t)(ccount() - cycle) < 0) {
    }
}

static uint32_t cycles(uint32_t ns)
{
    return clock_cpu_hz() / 1000000 * ns / 1000;
}

void led_show(unsigned gpio, uint32_t rgb)
{
    // Green first.
    uint32_t bits =
        (rgb & 0xFF0000u) >> 8 | (rgb & 0xFF00u) << 8 | (rgb & 0xFFu);
    uint32_t bit = cycles(BIT_NS);
    uint32_t high[] = {cycles(SHORT_NS), cycles(LONG_NS)};
    uint32_t ps;

    gpio_write(gpio, false);
    gpio_output(gpio, false, GPIO_PULL_NONE);
    __asm__ volatile("rsil %0, 15" : "=r"(ps)::"memory");
    for (unsigned i = BITS; i-- > 0;) {
        uint32_t start = ccount();

        REG32(GPIO_OUT_W1TS) = 1u << gpio;
        wait_until(start + high[bits >> i & 1u]);
        REG32(GPIO_OUT_W1TC) = 1u << gpio;
        wait_until(start + bit);
    }
    __asm__ volatile("wsr.ps %0\n\trsync" ::"r"(ps) : "memory");
}
