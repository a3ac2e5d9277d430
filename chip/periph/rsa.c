// SPDX-License-Identifier: Apache-2.0

#include "chip/periph/rsa.h"

#include <string.h>

#include "chip/soc.h"

#define BASE        0x3FF02000u
#define M           0x000u
#define Z           0x200u // operand RB, then the result
#define Y           0x400u
#define X           0x600u
#define M_DASH      0x800u
#define MODEXP_MODE 0x804u
#define MULT_MODE   0x80Cu
#define INTERRUPT   0x814u
#define BLOCK_WORDS 16u // 512 bits
#define WORDS       128u

static uint32_t *memory(struct chip *chip, uint32_t offset)
{
    return soc_reg(chip, BASE + offset);
}

static int compare(const uint32_t *a, const uint32_t *b, unsigned n)
{
    for (unsigned i = n; i > 0; i--) {
        if (a[i - 1] != b[i - 1]) {
            return a[i - 1] > b[i - 1] ? 1 : -1;
        }
    }
    return 0;
}

static void subtract(uint32_t *a, const uint32_t *b, unsigned n)
{
    uint64_t borrow = 0;

    for (unsigned i = 0; i < n; i++) {
        uint64_t d = (uint64_t)a[i] - b[i] - borrow;

        a[i] = (uint32_t)d;
        borrow = d >> 63;
    }
}

// z = a b / 2^(32 n) mod m, the schoolbook way (Koc, Acar, Kaliski, CIOS).
static void montgomery(uint32_t *z, const uint32_t *a, const uint32_t *b,
                       const uint32_t *m, uint32_t m_dash, unsigned n)
{
    uint32_t t[WORDS + 2] = {0};

    for (unsigned i = 0; i < n; i++) {
        uint64_t carry = 0;
        uint32_t q;

        for (unsigned j = 0; j < n; j++) {
            carry += (uint64_t)a[j] * b[i] + t[j];
            t[j] = (uint32_t)carry;
            carry >>= 32;
        }
        carry += t[n];
        t[n] = (uint32_t)carry;
        t[n + 1] = (uint32_t)(carry >> 32);
        q = t[0] * m_dash;
        carry = ((uint64_t)q * m[0] + t[0]) >> 32;
        for (unsigned j = 1; j < n; j++) {
            carry += (uint64_t)q * m[j] + t[j];
            t[j - 1] = (uint32_t)carry;
            carry >>= 32;
        }
        carry += t[n];
        t[n - 1] = (uint32_t)carry;
        t[n] = t[n + 1] + (uint32_t)(carry >> 32);
    }
    if (t[n] != 0 || compare(t, m, n) >= 0) {
        subtract(t, m, n);
    }
    memcpy(z, t, 4 * (size_t)n);
}

static void done(struct chip *chip)
{
    *memory(chip, INTERRUPT) = 1;
    soc_source_set(chip, SOC_SRC_RSA, true);
}

// Z holds R^2 mod M before and X^Y mod M after.
static void modexp_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    unsigned n = ((*memory(chip, MODEXP_MODE) & 7u) + 1) * BLOCK_WORDS;
    uint32_t m_dash = *memory(chip, M_DASH);
    const uint32_t *m = memory(chip, M);
    const uint32_t *y = memory(chip, Y);
    uint32_t base[WORDS];
    uint32_t result[WORDS];
    uint32_t one[WORDS] = {1};

    (void)vaddr;
    if ((value & 1u) == 0) {
        return;
    }
    montgomery(base, memory(chip, X), memory(chip, Z), m, m_dash, n);
    montgomery(result, one, memory(chip, Z), m, m_dash, n);
    for (unsigned bit = 32 * n; bit > 0; bit--) {
        montgomery(result, result, result, m, m_dash, n);
        if ((y[(bit - 1) / 32] & 1u << (bit - 1) % 32) != 0) {
            montgomery(result, result, base, m, m_dash, n);
        }
    }
    montgomery(memory(chip, Z), result, one, m, m_dash, n);
    done(chip);
}

// Plain product: the second operand stands in the upper half of Z.
static void multiply(struct chip *chip, unsigned result_words)
{
    unsigned n = result_words / 2;
    const uint32_t *a = memory(chip, X);
    uint32_t b[WORDS];
    uint32_t t[WORDS] = {0};

    memcpy(b, memory(chip, Z) + n, 4 * (size_t)n);
    for (unsigned i = 0; i < n; i++) {
        uint64_t carry = 0;

        for (unsigned j = 0; j < n; j++) {
            carry += (uint64_t)a[j] * b[i] + t[i + j];
            t[i + j] = (uint32_t)carry;
            carry >>= 32;
        }
        t[i + n] = (uint32_t)carry;
    }
    memcpy(memory(chip, Z), t, 4 * (size_t)result_words);
}

static void mult_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    uint32_t mode = *memory(chip, MULT_MODE) & 15u;

    (void)vaddr;
    if ((value & 1u) == 0) {
        return;
    }
    if (mode >= 8) {
        multiply(chip, (mode - 7) * BLOCK_WORDS);
    } else {
        unsigned n = (mode + 1) * BLOCK_WORDS;

        montgomery(memory(chip, Z), memory(chip, X), memory(chip, Z),
                   memory(chip, M), *memory(chip, M_DASH), n);
    }
    done(chip);
}

static void interrupt_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    if ((value & 1u) != 0) {
        *soc_reg(chip, vaddr) = 0;
        soc_source_set(chip, SOC_SRC_RSA, false);
    }
}

// clang-format off
static const struct reg_row rows[] = {
    {0x000, WORDS, "M", 0, NULL, NULL},
    {0x200, WORDS, "Z", 0, NULL, NULL},
    {0x400, WORDS, "Y", 0, NULL, NULL},
    {0x600, WORDS, "X", 0, NULL, NULL},
    {0x800, 1, "M_DASH", 0, NULL, NULL},
    {0x804, 1, "MODEXP_MODE", 0, NULL, NULL},
    {0x808, 1, "MODEXP_START", 0, NULL, modexp_write},
    {0x80C, 1, "MULT_MODE", 0, NULL, NULL},
    {0x810, 1, "MULT_START", 0, NULL, mult_write},
    {0x814, 1, "INTERRUPT", 0, NULL, interrupt_write},
    {0x818, 1, "CLEAN", 1, NULL, NULL},
};
// clang-format on

const struct reg_block rsa_block = {"RSA", BASE, 0x1000, REG_ROWS(rows), false};
