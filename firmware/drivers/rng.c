// SPDX-License-Identifier: Apache-2.0

#include "firmware/drivers/rng.h"

#include "firmware/drivers/soc.h"

// esp-idf's esp_random() keeps at least as many CPU cycles between two words.
#define WAIT_CYCLES 400u

static uint32_t ccount(void)
{
    uint32_t n;
    __asm__ volatile("rsr.ccount %0" : "=a"(n));
    return n;
}

uint32_t rng_word(void)
{
    uint32_t start = ccount();

    if ((REG32(DPORT_WIFI_CLK_EN) & DPORT_WIFI_CLK_RNG) == 0) {
        REG32(DPORT_WIFI_CLK_EN) |= DPORT_WIFI_CLK_RNG;
    }
    while (ccount() - start < WAIT_CYCLES) {
    }
    return REG32(WDEV_RND);
}
