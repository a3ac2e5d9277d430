// SPDX-License-Identifier: Apache-2.0

#include "tools/fusebox/plan/trial.h"

#include <stdlib.h>
#include <string.h>

#include "host/key_search.h"
#include "lib/fb/bytes.h"
#include "lib/fb/flash.h"
#include "lib/fb/flash_encryption.h"
#include "lib/fb/signature_v2.h"

// An image and what may follow it: a sector of signatures.
#define ROOM(len)                                                              \
    (align_up32(len, FB_SIGNATURE_V2_SECTOR) + FB_SIGNATURE_V2_SECTOR)

struct trial {
    struct rehearsal *r;
    struct fb_board_state state; // flash: the chip's own
    struct fb_board_view view;
    struct fb_flash_encryption_key key;
    uint8_t *plain;
};

// --- the flash, as the chip's CPU sees it ---

static int read_raw(void *user, uint32_t flash_off, void *p, size_t n)
{
    const struct trial *t = user;
    memcpy(p, t->state.flash + flash_off, n);
    return 0;
}

static int read_plain(void *user, uint32_t flash_off, void *p, size_t n)
{
    const struct trial *t = user;
    uint32_t from = flash_off & ~(FB_FLASH_ENCRYPTION_ROW - 1);
    uint8_t rows[4 * FB_FLASH_ENCRYPTION_ROW];
    uint32_t len =
        align_up32(flash_off + (uint32_t)n, FB_FLASH_ENCRYPTION_ROW) - from;

    if (!t->view.encrypted) {
        return read_raw(user, flash_off, p, n);
    }
    if (len > sizeof rows ||
        fb_flash_decrypt(&t->key, from, t->state.flash + from, rows, len) !=
            FB_OK) {
        return -1;
    }
    memcpy(p, rows + (flash_off - from), n);
    return 0;
}

static int erase(void *user, uint32_t flash_off)
{
    struct trial *t = user;
    memset(t->state.flash + flash_off, 0xFF, FB_FLASH_SECTOR);
    return 0;
}

static int write_raw(void *user, uint32_t flash_off, const void *p, size_t n)
{
    struct trial *t = user;
    for (size_t i = 0; i < n; i++) {
        t->state.flash[flash_off + i] &= ((const uint8_t *)p)[i];
    }
    return 0;
}

// Whole rows.
static int write_plain(void *user, uint32_t flash_off, const void *p, size_t n)
{
    struct trial *t = user;
    uint8_t row[FB_FLASH_ENCRYPTION_ROW];

    if (!t->view.encrypted) {
        return write_raw(user, flash_off, p, n);
    }
    for (uint32_t at = 0; at < n; at += sizeof row) {
        if (fb_flash_encrypt(&t->key, flash_off + at, (const uint8_t *)p + at,
                             row, sizeof row) != FB_OK) {
            return -1;
        }
        (void)write_raw(user, flash_off + at, row, sizeof row);
    }
    return 0;
}

// --- what is there ---

static void set_key(struct trial *t)
{
    uint8_t key[32];
    size_t n = fb_efuse_key(&t->state.fuses, 1, key);

    (void)fb_flash_encryption_key_init(
        &t->key, key, n,
        fb_efuse_get(&t->state.fuses, FB_EFUSE_FLASH_CRYPT_CONFIG));
    fb_bytes_wipe(key, sizeof key);
}

// Nothing is unknown of a virtual board, but for the public key, which its
// bootloader carries.
static void look(struct trial *t)
{
    struct rehearsal *r = t->r;
    const struct fb_part *boot = &t->view.part[1];
    struct fb_board_keys keys = {.signing_pub = NULL};
    uint8_t pub[1][64];

    t->state = (struct fb_board_state){
        .fuses = *chip_efuses(r->chip->chip),
        .flash = r->chip->flash,
        .flash_size = r->chip->flash_size,
        .syscon_date = r->plan->ini.revision == 3 ? 1u << 31 : 0,
        .reads = 3};
    fb_board_state_know_all(&t->state);
    fb_board_view(&t->view, &t->state, &keys, t->plain);
    if (t->view.secure_v1 && boot->status == FB_OK &&
        host_key_search(t->plain + boot->flash_off, boot->image.len, pub, 1) >
            0) {
        keys.signing_pub = pub[0];
        fb_board_view(&t->view, &t->state, &keys, t->plain);
    }
    set_key(t);
}

static bool slot_now(struct trial *t, unsigned *slot)
{
    look(t);
    return fb_board_view_start(&t->view, false, slot) == FB_START_SLOT;
}

// --- the update ---

static enum fb_confirms say(char *why, size_t cap, enum fb_confirms answer,
                            const char *text)
{
    (void)snprintf(why, cap, "%s", text);
    return answer;
}

// From slot to slot: the plaintext, for the new address.
static bool copy_image(struct trial *t, unsigned from, unsigned to)
{
    const struct fb_part *old = fb_board_view_app(&t->view, from);
    const struct fb_partition *new_ = fb_partition_app_slot(&t->view.table, to);
    uint32_t n = ROOM(old->image.len);

    n = n < old->size ? n : old->size;
    if (new_ == NULL || n > new_->size) {
        return false;
    }
    for (uint32_t at = 0; at < new_->size; at += FB_FLASH_SECTOR) {
        (void)erase(t, new_->offset + at);
    }
    return write_plain(t, new_->offset, t->plain + old->flash_off, n) == 0;
}

static bool announce(struct trial *t, unsigned from, unsigned to)
{
    const struct fb_boot_flash flash = {
        t, read_plain, read_raw, erase, write_plain, write_raw,
    };
    struct fb_boot_change change;

    return fb_boot_store_update(&t->view.store, to,
                                fb_board_view_app(&t->view, from)->image.len,
                                true, &change) &&
           fb_boot_store_write(&flash, &t->view.store.place, &change) == 0;
}

static bool boot(struct trial *t)
{
    struct rehearsal *r = t->r;

    chip_flash_changed(r->chip->chip, 0, r->chip->flash_size);
    chip_port_power(r->chip);
    r->target.connected = r->target.flash = false;
    return target_boot(&r->target, &r->run.goal, &r->run.console) == TARGET_OK;
}

// Nobody changed what an updater had written: there are no trials.
static bool still_wanted(const struct fb_boot_store *store)
{
    int active = fb_otadata_active(store->valid[0] ? &store->record[0] : NULL,
                                   store->valid[1] ? &store->record[1] : NULL);

    return store->place.kind == FB_BOOT_KIND_PYCOM
               ? fb_boot_info_trial(&store->info) == FB_TRIAL_WANTED
               : active >= 0 && store->record[active].state == FB_OTADATA_NEW;
}

static enum fb_confirms judge(struct trial *t, unsigned old, unsigned new_,
                              char *why, size_t cap)
{
    unsigned slot = old;

    if (!boot(t)) {
        return say(why, cap, FB_CONFIRMS_UNKNOWN,
                   "the application does not come to the goal from the other "
                   "slot");
    }
    look(t);
    if (fb_boot_store_active(&t->view.store) != new_) {
        return say(why, cap, FB_CONFIRMS_UNKNOWN,
                   "the bootloader did not start the other slot");
    }
    if (still_wanted(&t->view.store)) {
        return say(why, cap, FB_CONFIRMS_NEEDLESS,
                   "the bootloader starts an update for good, without a trial");
    }
    if (!fb_boot_store_on_trial(&t->view.store)) {
        return say(why, cap, FB_CONFIRMS_YES,
                   "the application confirmed itself");
    }
    if (!boot(t) || !slot_now(t, &slot) || slot != old) {
        return say(why, cap, FB_CONFIRMS_UNKNOWN,
                   "an update that was not confirmed is not taken back");
    }
    return say(why, cap, FB_CONFIRMS_NO,
               "the application came to the goal and did not confirm itself: "
               "the next start took the update back");
}

static enum fb_confirms run(struct trial *t, char *why, size_t cap)
{
    unsigned slot;

    if (!slot_now(t, &slot)) {
        return say(why, cap, FB_CONFIRMS_UNKNOWN,
                   "which application runs is not known");
    }
    int next = fb_boot_store_next_slot(&t->view.store, slot);
    if (next < 0) {
        return say(why, cap, FB_CONFIRMS_UNKNOWN,
                   "an update has nowhere to go");
    }
    if (!copy_image(t, slot, (unsigned)next) ||
        !announce(t, slot, (unsigned)next)) {
        return say(why, cap, FB_CONFIRMS_UNKNOWN,
                   "the application does not fit the other slot");
    }
    return judge(t, slot, (unsigned)next, why, cap);
}

enum fb_confirms trial_run(struct rehearsal *r, char *why, size_t cap)
{
    enum fb_confirms answer = FB_CONFIRMS_UNKNOWN;
    struct trial *t = calloc(1, sizeof *t);

    (void)snprintf(why, cap, "out of memory");
    if (t != NULL) {
        t->r = r;
        t->plain = malloc(r->chip->flash_size);
    }
    if (t != NULL && t->plain != NULL) {
        answer = run(t, why, cap);
        fb_bytes_wipe(t->plain, r->chip->flash_size);
    }
    if (t != NULL) {
        free(t->plain);
        fb_bytes_wipe(t, sizeof *t);
    }
    free(t);
    return answer;
}
