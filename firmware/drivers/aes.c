// SPDX-License-Identifier: Apache-2.0
//
// Registers from esp-idf soc/hwcrypto_reg.h. Bytes go in as they lie in memory.

#include "firmware/drivers/aes.h"

#include "firmware/drivers/soc.h"
#include "lib/fb/bytes.h"

#define MODE_DECRYPT 4u
#define KEY_WORDS    8u

void aes_set_key(const uint8_t *key, size_t key_len, bool decrypt)
{
    REG32(DPORT_PERI_CLK_EN) |= DPORT_PERI_AES;
    REG32(DPORT_PERI_RST_EN) &=
        ~(DPORT_PERI_AES | DPORT_PERI_SECUREBOOT | DPORT_PERI_SIGNATURE);
    // 0, 1, 2: 128, 192, 256 bits
    REG32(AES_MODE) =
        (uint32_t)(key_len / 8 - 2) | (decrypt ? MODE_DECRYPT : 0);
    for (uint32_t i = 0; i < key_len; i += 4) {
        REG32(AES_KEY + i) = load32_le(key + i);
    }
}

void aes_block(const uint8_t in[AES_BLOCK], uint8_t out[AES_BLOCK])
{
    for (uint32_t i = 0; i < AES_BLOCK; i += 4) {
        REG32(AES_TEXT + i) = load32_le(in + i);
    }
    REG32(AES_START) = 1;
    while (REG32(AES_IDLE) == 0) {
    }
    for (uint32_t i = 0; i < AES_BLOCK; i += 4) {
        store32_le(out + i, REG32(AES_TEXT + i));
    }
}

void aes_forget_key(void)
{
    for (uint32_t i = 0; i < KEY_WORDS; i++) {
        REG32(AES_KEY + 4 * i) = 0;
    }
}
