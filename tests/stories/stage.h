// SPDX-License-Identifier: Apache-2.0
//
// Where a story happens: the fixture's board put onto the virtual chip, and its
// plan carried out there by nobody who thinks: fuses through the chip's own
// controller, flash as any programmer writes it.

#ifndef TESTS_STORIES_STAGE_H
#define TESTS_STORIES_STAGE_H

#include "chip/harness.h"
#include "chip/mem/cache.h"
#include "tests/stories/fixture.h"

struct stage {
    struct fixture *f;
    struct harness h;
    uint32_t strap; // as the board boots
};

static inline void stage_init(struct stage *s, struct fixture *f)
{
    struct chip_config config = {.flash_size = FX_FLASH, .seed = 1};

    s->f = f;
    harness_init(&s->h, FX_FLASH);
    config.flash = s->h.flash;
    config.revision = f->before.syscon_date != 0 ? 3 : 0;
    config.flash_supply = f->before.part.needs;
    config.flash_destroyed = f->before.part.destroyed;
    config.strap = s->strap =
        CHIP_STRAP_FLASH_BOOT | (f->before.part.mtdi ? CHIP_STRAP_MTDI : 0);
    chip_init(s->h.chip, &config, &s->h.callbacks);
    chip_set_efuses(s->h.chip, &f->before.fuses);
    harness_load(&s->h, 0, f->flash, FX_FLASH);
}

static inline void stage_free(struct stage *s)
{
    harness_free(&s->h);
}

static inline uint32_t stage_get(struct stage *s, uint32_t vaddr)
{
    uint32_t value = 0;

    assert_int_equal(bus_load(&s->h.chip->bus[0], vaddr, 4, &value), BUS_OK);
    return value;
}

static inline void stage_put(struct stage *s, uint32_t vaddr, uint32_t value)
{
    assert_int_equal(bus_store(&s->h.chip->bus[0], vaddr, 4, value), BUS_OK);
}

#define STAGE_EFUSE 0x3FF5A000u

// Word `word` of a block as software reads it (TRM "eFuse Controller").
static inline uint32_t stage_fuse(struct stage *s, unsigned block,
                                  unsigned word)
{
    static const uint32_t rdata[4] = {0x000, 0x038, 0x058, 0x078};

    stage_put(s, STAGE_EFUSE + 0xFC, 0x5AA5);
    stage_put(s, STAGE_EFUSE + 0x104, 1);
    return stage_get(s, STAGE_EFUSE + rdata[block] + 4 * word);
}

static inline void stage_burn(struct stage *s, unsigned block,
                              const uint32_t word[FB_EFUSE_BLOCK_WORDS])
{
    static const uint32_t wdata[4] = {0x01C, 0x098, 0x0B8, 0x0D8};

    for (unsigned w = 0; w < fb_efuse_block_words(block); w++) {
        stage_put(s, STAGE_EFUSE + wdata[block] + 4 * w, word[w]);
    }
    stage_put(s, STAGE_EFUSE + 0xFC, 0x5A5A);
    stage_put(s, STAGE_EFUSE + 0x104, 2);
    for (unsigned w = 0; w < fb_efuse_block_words(block); w++) {
        stage_put(s, STAGE_EFUSE + wdata[block] + 4 * w, 0);
    }
    (void)stage_fuse(s, 0, 0);
}

// As the chip does with the fuses that it has by then.
static inline void stage_encrypt(struct stage *s, uint32_t flash_off,
                                 uint8_t *p, size_t n)
{
    const struct fb_efuse_words *fuses = chip_efuses(s->h.chip);
    struct fb_flash_encryption_key crypt;
    uint8_t key[32];
    size_t key_n = fb_efuse_key(fuses, 1, key);

    assert_int_equal(fb_flash_encryption_key_init(
                         &crypt, key, key_n,
                         fb_efuse_get(fuses, FB_EFUSE_FLASH_CRYPT_CONFIG)),
                     FB_OK);
    assert_int_equal(fb_flash_encrypt(&crypt, flash_off, p, p, n), FB_OK);
}

static inline void stage_write(struct stage *s, const struct fb_step *step)
{
    uint32_t sectors = (step->len + 4095u) & ~4095u;
    uint8_t *bytes = malloc(sectors);

    assert_non_null(bytes);
    memset(bytes, 0xFF, sectors);
    memcpy(bytes, step->data, step->len);
    if (step->encrypt) {
        stage_encrypt(s, step->flash_off, bytes, step->len & ~31u);
    }
    harness_load(&s->h, step->flash_off, bytes, sectors);
    free(bytes);
}

// All steps, with GPIO0 low: the chip waits in its download mode meanwhile.
static inline void stage_carry_out(struct stage *s)
{
    chip_set_strap(s->h.chip, s->strap & ~CHIP_STRAP_GPIO0);
    harness_restart(&s->h);
    (void)harness_run(&s->h, 20);
    for (size_t i = 0; i < s->f->plan.steps; i++) {
        const struct fb_step *step = &s->f->step[i];

        if (step->kind == FB_STEP_BURN) {
            stage_burn(s, step->block, step->word);
        } else if (step->kind == FB_STEP_WRITE) {
            stage_write(s, step);
        }
    }
    chip_set_strap(s->h.chip, s->strap);
}

// Cold boot until it says `text`. False: it does not, in three seconds.
static inline bool stage_boot(struct stage *s, const char *text)
{
    harness_restart(&s->h);
    return harness_run_until(&s->h, text, 3000);
}

static inline bool stage_said(const struct stage *s, const char *text)
{
    return strstr(s->h.console, text) != NULL;
}

#endif
