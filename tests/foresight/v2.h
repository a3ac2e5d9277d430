// SPDX-License-Identifier: Apache-2.0
//
// Random boards of revision 3 with Secure Boot V2. A small signed program
// stands in the bootloader's place: it says "Hi" and asks for no table.

#ifndef TESTS_FORESIGHT_V2_H
#define TESTS_FORESIGHT_V2_H

#include "tests/foresight/world.h"

static inline void v2_digest(struct world *w)
{
    uint32_t luck = world_roll(w, 100);

    if (luck < 70) {
        testing_key_words(w->f->boot_key, false, w->f->before.fuses.word[2]);
    } else if (luck < 80) {
        testing_key_words(w->f->boot_key, true, w->f->before.fuses.word[2]);
        world_tell(w, " BLOCK2:order");
    } else if (luck < 90) {
        testing_key_words(w->stray_key, false, w->f->before.fuses.word[2]);
        world_tell(w, " BLOCK2:stray");
    } else {
        world_tell(w, " BLOCK2:blank");
    }
}

static inline void v2_make(struct world *w, struct fixture *f,
                           const struct host_key *key, uint64_t seed)
{
    world_blank(w, f, seed);
    w->key_len = 32;
    fx_v2_image(f, key);
    world_fuse(w, FB_EFUSE_FLASH_CRYPT_CNT, world_counter(w));
    world_fuse(w, FB_EFUSE_FLASH_CRYPT_CONFIG, 0xF);
    world_key_block(w, 1, f->flash_key);
    world_maybe(w, FB_EFUSE_ABS_DONE_1, 1, 90);
    v2_digest(w);
    world_maybe(w, FB_EFUSE_RD_DIS, 1, 50);
    world_maybe(w, FB_EFUSE_RD_DIS, 2, 10);
    world_maybe(w, FB_EFUSE_WR_DIS, 1u << 8, 60);
    world_maybe(w, FB_EFUSE_UART_DOWNLOAD_DIS, 1, 10);
    world_part(w, "bootloader", 0x1000, f->digest_file, f->digest_file_n,
               WORLD_RIGHT);
    world_look(w);
    w->keys.v2 = true;
    w->keys.signing_pub = NULL;
    w->keys.boot_key = world_chance(w, 50) ? f->boot_key : NULL;
    w->keys.boot_key_len = 32;
}

#endif
