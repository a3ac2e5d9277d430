// SPDX-License-Identifier: Apache-2.0

#include "chip/periph/aes.h"

#include <stddef.h>

#include <bearssl.h>

#include "chip/soc.h"
#include "lib/fb/bytes.h"

#define BASE 0x3FF01000u
#define MODE 0x08u
#define KEY  0x10u
#define TEXT 0x30u

#define MODE_DECRYPT 4u

static void start_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    uint32_t mode = soc_reg_get(chip, BASE + MODE);
    size_t key_len = 16 + 8 * (size_t)(mode & 3u);
    uint8_t key[32];
    uint8_t text[16];
    uint8_t iv[16] = {0}; // one block of CBC with IV 0 is ECB

    (void)vaddr;
    if ((value & 1u) == 0 || key_len > sizeof key) {
        return;
    }
    for (uint32_t i = 0; i < 8; i++) {
        store32_le(key + 4 * i, soc_reg_get(chip, BASE + KEY + 4 * i));
    }
    for (uint32_t i = 0; i < 4; i++) {
        store32_le(text + 4 * i, soc_reg_get(chip, BASE + TEXT + 4 * i));
    }
    if ((mode & MODE_DECRYPT) != 0) {
        br_aes_big_cbcdec_keys c;

        br_aes_big_cbcdec_init(&c, key, key_len);
        br_aes_big_cbcdec_run(&c, iv, text, sizeof text);
    } else {
        br_aes_big_cbcenc_keys c;

        br_aes_big_cbcenc_init(&c, key, key_len);
        br_aes_big_cbcenc_run(&c, iv, text, sizeof text);
    }
    for (uint32_t i = 0; i < 4; i++) {
        *soc_reg(chip, BASE + TEXT + 4 * i) = load32_le(text + 4 * i);
    }
}

// clang-format off
static const struct reg_row rows[] = {
    {0x00, 1, "START", 0, NULL, start_write},
    {0x04, 1, "IDLE",  1, NULL, NULL},
    {0x08, 1, "MODE",  0, NULL, NULL},
    {0x10, 8, "KEY",   0, NULL, NULL},
    {0x30, 4, "TEXT",  0, NULL, NULL},
    {0x40, 1, "ENDIAN", 0, NULL, NULL},
};
// clang-format on

const struct reg_block aes_block = {"AES", BASE, 0x1000, REG_ROWS(rows), false};
