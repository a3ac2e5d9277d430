// SPDX-License-Identifier: Apache-2.0
//
// Random plans for a random board: the way to lock it by the book, and then
// what people get wrong about it. A plan is worth a look only when all that it
// says is known; so its owner has every key.

#ifndef TESTS_FORESIGHT_PLANS_H
#define TESTS_FORESIGHT_PLANS_H

#include "tests/foresight/world.h"

// --- the board before ---

// As it came, with plaintext or nothing in flash; or locked by the book.
static inline void plans_board(struct world *w)
{
    struct fixture *f = w->f;

    w->key_len = 32;
    f->boot_key_n = 32;
    fx_make(f);
    if (world_chance(w, 20)) {
        fx_revision_3(f);
        world_tell(w, " revision 3");
    }
    if (world_chance(w, 25)) {
        fx_lock(f, world_chance(w, 40));
        world_tell(w, " locked");
        if (world_chance(w, 30)) {
            fx_put_info(f, world_roll(w, 2), world_roll(w, 3), true);
            fx_put(f, FX_SLOT_1, f->other_app.p, f->other_app.n, true);
            world_tell(w, " two apps");
        }
        return;
    }
    if (world_chance(w, 50)) {
        fx_put_all(f, false);
        world_tell(w, " plain");
    }
    if (world_chance(w, 20)) {
        world_fuse(w, FB_EFUSE_FLASH_CRYPT_CNT, world_chance(w, 50) ? 3 : 15);
    }
    if (world_chance(w, 15)) {
        world_put_key(w, 1, f->flash_key, true);
        world_tell(w, " key there");
    }
    world_maybe(w, FB_EFUSE_SECURE_VERSION, 1, 5);
    world_maybe(w, FB_EFUSE_WR_DIS, 1u << world_roll(w, 16), 10);
}

// --- the plan ---

// What is written, in the form that it has then.
static inline void plans_write(struct world *w, uint32_t flash_off,
                               const uint8_t *p, size_t n, const char *label,
                               bool encrypt)
{
    uint32_t luck = world_roll(w, 100);

    if (luck < 2) {
        encrypt = !encrypt;
        world_tell(w, " %s:%s", label, encrypt ? "cipher" : "plain");
    } else if (luck < 4) {
        world_tell(w, " %s:not written", label);
        return;
    } else if (luck < 6) {
        flash_off += 0x1000;
        world_tell(w, " %s:to 0x%x", label, (unsigned)flash_off);
    }
    if (luck >= 6 && luck < 8 && encrypt) {
        world_tell(w, " %s:made for elsewhere", label);
        fx_write_encrypted(w->f, flash_off, flash_off + 0x10000, p, n, label);
    } else if (luck >= 8 && luck < 12 && encrypt) {
        size_t rows = (n + 31) & ~(size_t)31;
        struct fb_step *s = fx_write(w->f, flash_off, p, rows, label);

        s->encrypt = true; // by the chip; the blobs have room for whole rows
        world_tell(w, " %s:by the chip", label);
    } else if (encrypt) {
        fx_write_encrypted(w->f, flash_off, flash_off, p, n, label);
    } else {
        fx_write(w->f, flash_off, p, n, label);
    }
}

static inline void plans_images(struct world *w, bool encrypt)
{
    struct fixture *f = w->f;

    fx_make_table(f, world_scalar(w, "table"), world_chance(w, 80));
    fx_make_app(&f->app, 'H', world_scalar(w, "app"));
    fx_make_app(&f->other_app, 'J', world_scalar(w, "other app"));
    if (world_chance(w, 4)) {
        fx_make_digest_file(f, (uint8_t)world_roll(w, 256));
        f->digest_file[world_roll(w, 192)] ^= 0x10;
        world_tell(w, " bad digest");
    }
    plans_write(w, 0, f->digest_file, f->digest_file_n, "digest file", encrypt);
    plans_write(w, 0x8000, f->table.p, f->table.n, "table", encrypt);
    plans_write(w, FX_SLOT_0, f->app.p, f->app.n, "app", encrypt);
    if (world_chance(w, 30)) {
        plans_write(w, FX_SLOT_1, f->other_app.p, f->other_app.n, "other app",
                    encrypt);
    }
}

static inline void plans_burn(struct world *w, enum fb_efuse_id id,
                              uint32_t value)
{
    if (world_chance(w, 3)) {
        world_tell(w, " no %s", fb_efuse_map[id].name);
        return;
    }
    fx_burn(w->f, id, value);
}

static inline void plans_key(struct world *w, unsigned block,
                             const uint8_t *key)
{
    uint32_t luck = world_roll(w, 100);

    if (luck < 3) {
        world_tell(w, " no key %u", block);
    } else if (luck < 5) {
        world_tell(w, " key %u in wrong order", block);
        fx_burn_key(w->f, block, key, false);
    } else if (luck < 7) {
        world_tell(w, " key %u of another", block);
        fx_burn_key(w->f, block, w->stray_key, true);
    } else {
        fx_burn_key(w->f, block, key, true);
    }
}

static inline uint32_t plans_next_count(const struct world *w)
{
    uint32_t count =
        fb_efuse_get(&w->f->before.fuses, FB_EFUSE_FLASH_CRYPT_CNT);

    return fb_efuse_flash_encryption_on(&w->f->before.fuses)
               ? 0
               : (count + 1) & ~count;
}

static inline void plans_lock(struct world *w, bool crypt, bool secure)
{
    struct fixture *f = w->f;
    bool final = world_chance(w, 40);

    if (crypt) {
        plans_key(w, 1, f->flash_key);
        plans_burn(w, FB_EFUSE_FLASH_CRYPT_CONFIG, 0xF);
        fx_prove(f, 1);
        plans_burn(w, FB_EFUSE_RD_DIS, 1);
        plans_burn(w, FB_EFUSE_WR_DIS, 0x80);
    }
    if (secure) {
        plans_key(w, 2, f->boot_key);
        fx_prove(f, 2);
        plans_burn(w, FB_EFUSE_RD_DIS, 2);
        plans_burn(w, FB_EFUSE_WR_DIS, 0x100);
    }
    plans_images(w, crypt);
    if (crypt) {
        plans_burn(w, FB_EFUSE_FLASH_CRYPT_CNT, plans_next_count(w));
    }
    if (secure) {
        plans_burn(w, FB_EFUSE_ABS_DONE_0, 1);
    }
    fx_step(f, FB_STEP_BOOT, FB_STAGE_BOOT, "boot");
    if (final) {
        plans_burn(w, FB_EFUSE_FLASH_CRYPT_CNT, crypt ? 0x7F : 0);
        for (unsigned i = 0; i < FX_LOCKS; i++) {
            plans_burn(w, fx_locks[i], 1);
        }
    }
    f->in.release = final;
}

// An update or a new write of a board as it is.
static inline void plans_update(struct world *w)
{
    struct fixture *f = w->f;
    bool on = fb_efuse_flash_encryption_on(&f->before.fuses);

    if (world_chance(w, 40)) {
        fx_make_app(&f->other_app, 'J', world_scalar(w, "other app"));
        plans_write(w, FX_SLOT_1, f->other_app.p, f->other_app.n, "update", on);
        f->in.ota = world_chance(w, 50);
        return;
    }
    plans_images(w, on);
}

// Two steps change places; one comes twice; one is missing.
static inline void plans_disorder(struct world *w)
{
    struct fixture *f = w->f;
    size_t n = f->plan.steps;
    size_t a = n > 0 ? world_roll(w, (uint32_t)n) : 0;
    size_t b = n > 0 ? world_roll(w, (uint32_t)n) : 0;
    struct fb_step step = f->step[a];

    if (n < 2 || !world_chance(w, 15)) {
        return;
    }
    if (world_chance(w, 60)) {
        f->step[a] = f->step[b];
        f->step[b] = step;
        world_tell(w, " steps %zu and %zu exchanged", a + 1, b + 1);
    } else {
        memmove(&f->step[a], &f->step[a + 1], (n - a - 1) * sizeof step);
        f->plan.steps--;
        world_tell(w, " no step %zu", a + 1);
    }
}

// f->before and f->plan, and all of it known.
static inline void plans_make(struct world *w, struct fixture *f, uint64_t seed)
{
    uint32_t luck;

    world_blank(w, f, seed);
    f->plan.steps = 0;
    f->in.release = f->in.ota = false;
    plans_board(w);
    luck = world_roll(w, 100);
    if (luck < 20) {
        plans_update(w);
    } else {
        plans_lock(w, luck < 75, luck < 45 || luck >= 75);
    }
    plans_disorder(w);
    world_look(w);
    w->keys.flash_key = f->flash_key;
    w->keys.boot_key = f->boot_key;
    w->keys.flash_key_len = w->keys.boot_key_len = 32;
}

#endif
