// SPDX-License-Identifier: Apache-2.0
//
// Can anything be done? What the owner of a dead board could try, with the
// files at hand and a UART: the counter's next bit, keys into blank blocks,
// everything written anew. Written without a look at lib/fb/advice.c; what it
// finds is proven by a boot.

#ifndef TESTS_FORESIGHT_RESCUE_H
#define TESTS_FORESIGHT_RESCUE_H

#include "tests/foresight/world.h"

// The owner's files and what can be read give the chip's key of a block.
static inline bool rescue_knows(const struct world *w, unsigned block)
{
    const uint8_t *given = block == 1 ? w->keys.flash_key : w->keys.boot_key;
    uint8_t key[32];
    size_t n = fb_efuse_key(&w->f->before.fuses, block, key);

    return fb_board_state_knows_block(&w->seen, block) ||
           (given != NULL && n == w->key_len && memcmp(given, key, n) == 0);
}

static inline bool rescue_frozen(const struct world *w, enum fb_efuse_id id)
{
    return fb_efuse_is_frozen(&w->f->before.fuses, &fb_efuse_map[id]);
}

static inline bool rescue_digest_fits(const struct world *w,
                                      const uint8_t *sector,
                                      const uint8_t *image)
{
    struct fb_secure_boot_v1 c;
    uint8_t key[32], digest[FB_SECURE_BOOT_V1_DIGEST_SIZE];
    size_t n = fb_efuse_key(&w->f->before.fuses, 2, key);

    fb_secure_boot_v1_init(&c, key, n);
    fb_secure_boot_v1_update(&c, sector, FB_SECURE_BOOT_V1_IV_SIZE);
    fb_secure_boot_v1_update(
        &c, image,
        fb_secure_boot_v1_covered((uint32_t)w->f->bootloader_n, true));
    fb_secure_boot_v1_final(&c, digest);
    return memcmp(digest, sector + FB_SECURE_BOOT_V1_DIGEST_OFF,
                  sizeof digest) == 0;
}

// A digest that is in flash already, as it is or decrypted, fits the owner's
// own bootloader.
static inline bool rescue_old_digest(struct world *w, uint8_t sector[256])
{
    struct fb_flash_encryption_key crypt;
    uint8_t key[32];
    size_t n = world_chip_key(w, key);
    uint32_t config =
        fb_efuse_get(&w->f->before.fuses, FB_EFUSE_FLASH_CRYPT_CONFIG);

    memcpy(sector, w->f->flash, 256);
    if (rescue_digest_fits(w, sector, w->f->bootloader)) {
        return true;
    }
    if (!rescue_knows(w, 1) ||
        fb_flash_encryption_key_init(&crypt, key, n, config) != FB_OK) {
        return false;
    }
    fb_flash_decrypt(&crypt, 0, sector, sector, 256);
    return rescue_digest_fits(w, sector, w->f->bootloader);
}

// Everything anew under fuses as they are now. False: it cannot be made.
static inline bool rescue_write(struct world *w, const uint8_t *old_digest,
                                bool knows_flash, bool knows_boot)
{
    struct fixture *f = w->f;
    struct fb_efuse_words *fuses = &f->before.fuses;
    bool on = fb_efuse_flash_encryption_on(fuses);
    uint8_t kept[32];

    if (on && !knows_flash &&
        fb_efuse_get(fuses, FB_EFUSE_DISABLE_DL_ENCRYPT) != 0) {
        return false;
    }
    memset(f->flash, 0xFF, FX_FLASH);
    if (fb_efuse_get(fuses, FB_EFUSE_ABS_DONE_0) != 0) {
        if (knows_boot) {
            memcpy(kept, f->boot_key, 32);
            f->boot_key_n = fb_efuse_key(fuses, 2, f->boot_key);
            fx_make_digest_file(f, 1);
            memcpy(f->boot_key, kept, 32);
            old_digest = f->digest_file;
        }
        if (old_digest == NULL) {
            return false;
        }
        world_put(w, 0, old_digest, 256, WORLD_RIGHT);
    }
    fx_make_table(f, testing_key, true);
    fx_make_app(&f->app, 'H', testing_key);
    world_put(w, 0x1000, f->bootloader, f->bootloader_n, WORLD_RIGHT);
    world_put(w, 0x8000, f->table.p, f->table.n, WORLD_RIGHT);
    world_put(w, FX_SLOT_0, f->app.p, f->app.n, WORLD_RIGHT);
    return true;
}

// One attempt: bits of `how` say what is burned first.
enum { RESCUE_COUNTER = 1, RESCUE_FLASH_KEY = 2, RESCUE_BOOT_KEY = 4 };

static inline bool rescue_burn(struct world *w, unsigned how)
{
    struct fb_efuse_words *fuses = &w->f->before.fuses;
    uint32_t counter = fb_efuse_get(fuses, FB_EFUSE_FLASH_CRYPT_CNT);

    if ((how & RESCUE_COUNTER) != 0) {
        if (counter == 0x7F || rescue_frozen(w, FB_EFUSE_FLASH_CRYPT_CNT)) {
            return false;
        }
        fb_efuse_or(fuses, FB_EFUSE_FLASH_CRYPT_CNT, counter + 1);
    }
    for (unsigned block = 1; block < 3; block++) {
        const uint8_t *key = block == 1 ? w->keys.flash_key : w->keys.boot_key;

        if ((how & (block == 1 ? RESCUE_FLASH_KEY : RESCUE_BOOT_KEY)) == 0) {
            continue;
        }
        if (key == NULL ||
            rescue_frozen(w, block == 1 ? FB_EFUSE_BLOCK1 : FB_EFUSE_BLOCK2) ||
            !fb_board_state_knows_block(&w->seen, block) ||
            !fb_bytes_all((const uint8_t *)fuses->word[block], 32, 0)) {
            return false;
        }
        world_put_key(w, block, key, true);
    }
    return true;
}

// True: an attempt for which `boots` says yes; the board is left in it.
static inline bool rescue_any(struct world *w, bool (*lives)(struct fixture *))
{
    struct fixture *f = w->f;
    const struct fb_efuse_words dead = f->before.fuses;
    bool knows_flash = rescue_knows(w, 1);
    bool knows_boot = rescue_knows(w, 2);
    uint8_t sector[256];
    bool old = rescue_old_digest(w, sector);

    if (fb_efuse_chip_revision(&dead, f->before.syscon_date) >= 3 &&
        fb_efuse_get(&dead, FB_EFUSE_UART_DOWNLOAD_DIS) != 0) {
        return false;
    }
    for (unsigned how = 0; how < 8; how++) {
        f->before.fuses = dead;
        if (rescue_burn(w, how) &&
            rescue_write(w, old ? sector : NULL,
                         knows_flash || (how & RESCUE_FLASH_KEY) != 0,
                         knows_boot || (how & RESCUE_BOOT_KEY) != 0) &&
            lives(f)) {
            world_tell(w, " -> saved by%s%s%s",
                       (how & RESCUE_COUNTER) != 0 ? " counter" : "",
                       (how & RESCUE_FLASH_KEY) != 0 ? " flash key" : "",
                       (how & RESCUE_BOOT_KEY) != 0 ? " boot key" : "");
            return true;
        }
    }
    return false;
}

#endif
