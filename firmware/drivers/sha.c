// SPDX-License-Identifier: Apache-2.0
//
// TRM "SHA Accelerator".

#include "firmware/drivers/sha.h"

#include "firmware/drivers/soc.h"
#include "lib/fb/bytes.h"

void sha_init(void)
{
    REG32(DPORT_PERI_CLK_EN) |= DPORT_PERI_SHA;
    REG32(DPORT_PERI_RST_EN) &=
        ~(DPORT_PERI_SHA | DPORT_PERI_SECUREBOOT | DPORT_PERI_SIGNATURE);
}

static void wait(void)
{
    while (REG32(SHA_256_BUSY) != 0) {
    }
}

void sha256_block(const uint8_t p[SHA256_BLOCK], bool first)
{
    for (uint32_t i = 0; i < SHA256_BLOCK; i += 4) {
        REG32(SHA_TEXT + i) = load32_be(p + i);
    }
    REG32(first ? SHA_256_START : SHA_256_CONTINUE) = 1;
    wait();
}

void sha256_state(uint8_t out[32])
{
    REG32(SHA_256_LOAD) = 1;
    wait();
    for (uint32_t i = 0; i < 32; i += 4) {
        store32_be(out + i, REG32(SHA_TEXT + i));
    }
}
