// SPDX-License-Identifier: Apache-2.0

#include "chip/periph/sha.h"

#include <stddef.h>

#include <bearssl.h>

#include "chip/soc.h"
#include "lib/fb/bytes.h"

#define BASE 0x3FF03000u

enum algorithm { SHA_1, SHA_256, SHA_384, SHA_512 };

static enum algorithm algorithm_of(uint32_t vaddr)
{
    return (enum algorithm)((vaddr - (BASE + 0x80u)) / 16);
}

static size_t block_size(enum algorithm a)
{
    return a <= SHA_256 ? 64 : 128;
}

// The words of TEXT hold the message's bytes most significant first.
static void text_block(const struct chip *chip, uint8_t *block, size_t n)
{
    for (size_t i = 0; i < n; i += 4) {
        store32_be(block + i, soc_reg_get(chip, BASE + (uint32_t)i));
    }
}

static void absorb_block(struct chip *chip, enum algorithm a, bool first)
{
    struct soc_sha *sha = &chip->sha;
    uint8_t block[128];
    size_t n = block_size(a);
    br_hash_compat_context c;
    const br_hash_class *const classes[] = {&br_sha1_vtable, &br_sha256_vtable,
                                            &br_sha384_vtable,
                                            &br_sha512_vtable};
    const br_hash_class *hash = classes[a];

    text_block(chip, block, n);
    hash->init(&c.vtable);
    if (!first) {
        hash->set_state(&c.vtable, sha->state, sha->count);
    }
    hash->update(&c.vtable, block, n);
    sha->count = hash->state(&c.vtable, sha->state);
}

static void start_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    if ((value & 1u) != 0) {
        absorb_block(chip, algorithm_of(vaddr), true);
    }
}

static void continue_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    if ((value & 1u) != 0) {
        absorb_block(chip, algorithm_of(vaddr), false);
    }
}

static void load_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    static const uint8_t words[] = {5, 8, 16, 16};

    if ((value & 1u) == 0) {
        return;
    }
    for (uint32_t i = 0; i < words[algorithm_of(vaddr)]; i++) {
        *soc_reg(chip, BASE + 4 * i) = load32_be(chip->sha.state + 4 * i);
    }
}

static uint32_t busy_read(struct chip *chip, uint32_t vaddr)
{
    (void)chip;
    (void)vaddr;
    return 0;
}

// clang-format off
#define SHA_ROWS(at, name)                                                     \
    {(at) + 0x0, 1, name "_START",    0, NULL, start_write},                   \
    {(at) + 0x4, 1, name "_CONTINUE", 0, NULL, continue_write},                \
    {(at) + 0x8, 1, name "_LOAD",     0, NULL, load_write},                    \
    {(at) + 0xC, 1, name "_BUSY",     0, busy_read, NULL}

static const struct reg_row rows[] = {
    {0x00, 32, "TEXT", 0, NULL, NULL},
    SHA_ROWS(0x80, "SHA1"),
    SHA_ROWS(0x90, "SHA256"),
    SHA_ROWS(0xA0, "SHA384"),
    SHA_ROWS(0xB0, "SHA512"),
};
// clang-format on

const struct reg_block sha_block = {"SHA", BASE, 0x1000, REG_ROWS(rows), false};
