// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/plan.h"

#include <assert.h>
#include <string.h>

#include "lib/fb/bytes.h"
#include "lib/fb/crypto.h"
#include "lib/fb/flash_encryption.h"

#define SECTOR FB_FLASH_SECTOR

void fb_board_state_know_all(struct fb_board_state *s)
{
    memset(&s->known, 0xFF, sizeof s->known);
    memset(s->flash_unread, 0, sizeof s->flash_unread);
}

bool fb_board_state_knows(const struct fb_board_state *s,
                          const struct fb_efuse_field *field)
{
    struct fb_efuse_words mask;

    memset(&mask, 0, sizeof mask);
    fb_efuse_field_mask(field, &mask);
    for (unsigned b = 0; b < FB_EFUSE_BLOCKS; b++) {
        for (unsigned w = 0; w < FB_EFUSE_BLOCK_WORDS; w++) {
            if (mask.word[b][w] & ~s->known.word[b][w]) {
                return false;
            }
        }
    }
    return true;
}

bool fb_board_state_knows_block(const struct fb_board_state *s, unsigned block)
{
    for (unsigned w = 0; w < fb_efuse_block_words(block); w++) {
        if (s->known.word[block][w] != 0xFFFFFFFFu) {
            return false;
        }
    }
    return true;
}

bool fb_board_state_knows_flash(const struct fb_board_state *s,
                                uint32_t flash_off, uint32_t n)
{
    if (s->flash == NULL || flash_off > s->flash_size ||
        n > s->flash_size - flash_off) {
        return false;
    }
    bool known = true;

    for (uint32_t at = flash_off / SECTOR;
         n > 0 && at <= (flash_off + n - 1) / SECTOR; at++) {
        known = known && !s->flash_unread[at];
        if (s->flash_unread[at] && s->flash_wanted != NULL) {
            s->flash_wanted[at] = true;
        }
    }
    return known;
}

const char *fb_stage_name(enum fb_stage stage)
{
    static const char *const name[FB_STAGES] = {
        [FB_STAGE_KEYS] = "keys",     [FB_STAGE_CONFIG] = "config",
        [FB_STAGE_PROVE] = "prove",   [FB_STAGE_PROTECT] = "protect",
        [FB_STAGE_FLASH] = "flash",   [FB_STAGE_BOOT] = "boot",
        [FB_STAGE_ENABLE] = "enable", [FB_STAGE_LOCK] = "lock",
    };

    assert(stage < FB_STAGES);
    return name[stage];
}

uint32_t fb_step_erases(const struct fb_step *step)
{
    switch (step->kind) {
    case FB_STEP_WRITE:
    case FB_STEP_ERASE:
        return align_up32(step->len, SECTOR);
    case FB_STEP_PROVE_KEY: // of block 2 the engine tells without the flash
        return step->block == 1 ? SECTOR : 0;
    case FB_STEP_BURN:
    case FB_STEP_BOOT:
        break;
    }
    return 0;
}

bool fb_step_touches(const struct fb_step *step, uint32_t flash_off, uint32_t n)
{
    return flash_off < step->flash_off
               ? n > step->flash_off - flash_off && fb_step_erases(step) > 0
               : fb_step_erases(step) > flash_off - step->flash_off && n > 0;
}

void fb_key_fingerprint(const uint8_t *key, size_t n, uint8_t out[32])
{
    struct fb_sha256 sha;

    fb_sha256_init(&sha);
    fb_sha256_update(&sha, key, n);
    fb_sha256_final(&sha, out);
}

// A key whose file was not read: nobody knows what the block will hold.
static bool is_unread_key(const struct fb_step *step)
{
    return step->fingerprint != NULL &&
           fb_bytes_all((const uint8_t *)step->word, sizeof step->word, 0);
}

static enum fb_status apply_burn(struct fb_board_state *s,
                                 const struct fb_step *step)
{
    uint32_t *known = s->known.word[step->block];
    bool unread = is_unread_key(step);
    struct fb_efuse_words data, writeable;
    enum fb_status status = FB_OK;

    assert(step->block < FB_EFUSE_BLOCKS);
    memset(&data, 0, sizeof data);
    memcpy(data.word[step->block], step->word, sizeof step->word);
    fb_efuse_writeable(&s->fuses, &writeable);
    for (unsigned w = 0; w < FB_EFUSE_BLOCK_WORDS; w++) {
        uint32_t burns = step->word[w] & writeable.word[step->block][w];

        if (step->word[w] & ~s->fuses.word[step->block][w] & ~burns) {
            status = FB_E_PROTECTED;
        }
        known[w] = unread ? 0 : known[w] | burns;
    }
    fb_efuse_program(&s->fuses, &data);
    return status;
}

// The written bytes; the rest of their sectors is erased.
static enum fb_status fill(struct fb_board_state *s, const struct fb_step *step,
                           const uint8_t *flash_key, size_t key_len)
{
    struct fb_flash_encryption_key key;
    uint8_t *to = s->flash + step->flash_off;
    enum fb_status status;

    if (step->kind == FB_STEP_ERASE) {
        return FB_OK;
    }
    if (!step->encrypt) {
        memcpy(to, step->data, step->len);
        return FB_OK;
    }
    if (flash_key == NULL) {
        return FB_E_KEY;
    }
    status = fb_flash_encryption_key_init(
        &key, flash_key, key_len,
        fb_efuse_get(&s->fuses, FB_EFUSE_FLASH_CRYPT_CONFIG));
    if (status == FB_OK) {
        status =
            fb_flash_encrypt(&key, step->flash_off, step->data, to, step->len);
    }
    fb_bytes_wipe(&key, sizeof key);
    return status;
}

static enum fb_status apply_write(struct fb_board_state *s,
                                  const struct fb_step *step,
                                  const uint8_t *flash_key, size_t key_len)
{
    uint32_t first = step->flash_off / SECTOR;
    uint32_t end = first + fb_step_erases(step) / SECTOR;
    enum fb_status status;

    if (s->flash == NULL || step->flash_off > s->flash_size ||
        step->len > s->flash_size - step->flash_off) {
        return FB_E_RANGE;
    }
    if (step->flash_off % SECTOR != 0 ||
        (step->encrypt && step->len % FB_FLASH_ENCRYPTION_ROW != 0)) {
        return FB_E_ALIGN;
    }
    memset(s->flash + first * SECTOR, 0xFF, (end - first) * SECTOR);
    status = fill(s, step, flash_key, key_len);
    for (uint32_t at = first; at < end; at++) {
        s->flash_unread[at] = status != FB_OK;
    }
    return status;
}

enum fb_status fb_plan_apply(struct fb_board_state *s,
                             const struct fb_step *step,
                             const uint8_t *flash_key, size_t key_len)
{
    switch (step->kind) {
    case FB_STEP_BURN:
        return apply_burn(s, step);
    case FB_STEP_WRITE:
    case FB_STEP_ERASE:
        return apply_write(s, step, flash_key, key_len);
    case FB_STEP_PROVE_KEY:
    case FB_STEP_BOOT:
        break;
    }
    return FB_OK;
}

size_t fb_plan_run(struct fb_board_state *s, const struct fb_plan *plan,
                   size_t from, const uint8_t *flash_key, size_t key_len,
                   enum fb_status *status)
{
    *status = FB_OK;
    while (from < plan->steps) {
        *status = fb_plan_apply(s, &plan->step[from], flash_key, key_len);
        if (*status != FB_OK) {
            break;
        }
        from++;
    }
    return from;
}

void fb_plan_burn(const struct fb_plan *plan, struct fb_efuse_words *fuses)
{
    struct fb_board_state s = {.fuses = *fuses};

    for (size_t i = 0; i < plan->steps; i++) {
        if (plan->step[i].kind == FB_STEP_BURN) {
            (void)fb_plan_apply(&s, &plan->step[i], NULL, 0);
        }
    }
    *fuses = s.fuses;
    fb_bytes_wipe(&s, sizeof s);
}
