// SPDX-License-Identifier: Apache-2.0
//
// Checks of the plan as a whole: P19, P23, P24.

#include <string.h>

#include "lib/fb/bytes.h"
#include "lib/fb/checks_facts.h"

#define READS_MIN 3u // equal readings of the fuses, or they are not believed

// --- P19 ---

// There are slots. Does what runs in them keep an update? Where it is the only
// way in that has to be known.
static void say_confirms(const struct fb_check_facts *f,
                         struct fb_check_result *out, uint32_t otadata,
                         bool only)
{
    static const char *const texts[] = {
        [FB_CONFIRMS_UNKNOWN] = "whether the application confirms an update is "
                                "not known: `fusebox rehearse --then confirm` "
                                "shows it",
        [FB_CONFIRMS_YES] = "the application confirms an update (rehearsed)",
        [FB_CONFIRMS_NO] = "the application does not confirm an update "
                           "(rehearsed): it is taken back at the next start",
        [FB_CONFIRMS_NEEDLESS] = "the bootloader keeps an update without being "
                                 "asked (rehearsed)",
    };
    enum fb_confirms confirms = f->in->confirms;
    enum fb_check_verdict verdict = confirms == FB_CONFIRMS_NO ? FB_CHECK_FAIL
                                    : confirms == FB_CONFIRMS_UNKNOWN && only
                                        ? FB_CHECK_UNKNOWN
                                        : FB_CHECK_PASS;

    fb_check_say(out, verdict, fb_check_none(f),
                 "two app slots and otadata at 0x%x%s; %s", (unsigned)otadata,
                 only ? ", the only way in" : "", texts[confirms]);
}

void fb_check_update_path(const struct fb_check_facts *f,
                          struct fb_check_result *out)
{
    const struct fb_board_view *v = &f->after;
    bool only =
        fb_check_after(f, FB_EFUSE_UART_DOWNLOAD_DIS) != 0 && v->revision >= 3;
    const struct fb_partition *otadata;

    if (!only && !f->in->release) {
        return;
    }
    if (v->part[2].form == FB_FORM_UNKNOWN) {
        fb_check_say(out, FB_CHECK_UNKNOWN, fb_check_none(f),
                     "the partition table is not known");
        return;
    }
    otadata = v->table_ok ? fb_partition_find(&v->table, FB_PARTITION_DATA,
                                              FB_PARTITION_OTADATA)
                          : NULL;
    if (!v->table_ok || fb_partition_app_slot(&v->table, 1) == NULL ||
        otadata == NULL) {
        fb_check_say(out, FB_CHECK_FAIL, fb_check_none(f),
                     "%s%s: an update has nowhere to go",
                     !v->table_ok      ? "no partition table"
                     : otadata == NULL ? "no otadata"
                                       : "one app slot",
                     only ? ", and the download mode is closed" : "");
        return;
    }
    say_confirms(f, out, otadata->offset, only);
}

// --- P23 ---

// What the plan wants of a block, all its burns together.
static void target_of(const struct fb_check_facts *f, unsigned block,
                      uint32_t target[FB_EFUSE_BLOCK_WORDS])
{
    memset(target, 0, FB_EFUSE_BLOCK_WORDS * sizeof *target);
    for (size_t i = 0; i < fb_check_none(f); i++) {
        const struct fb_step *s = &f->in->plan->step[i];

        for (unsigned w = 0; w < FB_EFUSE_BLOCK_WORDS; w++) {
            target[w] |=
                s->kind == FB_STEP_BURN && s->block == block ? s->word[w] : 0;
        }
    }
}

// Does a block hold something that the plan does not mean? A part of what it
// means is a burn to be continued.
static bool taken(const struct fb_check_facts *f, struct fb_check_result *out,
                  unsigned block)
{
    const struct fb_efuse_words *fuses = &f->in->before->fuses;
    uint32_t target[FB_EFUSE_BLOCK_WORDS];
    bool hidden = fb_efuse_block_hidden(fuses, block);

    if (!fb_check_burns_block(f, block)) {
        return false;
    }
    target_of(f, block, target);
    if (hidden && !fb_board_state_knows_block(f->in->before, block)) {
        fb_check_say(out, FB_CHECK_FAIL, fb_check_none(f),
                     "BLOCK%u is read-protected: a key was burned before",
                     block);
        return true;
    }
    for (unsigned w = 0; w < FB_EFUSE_BLOCK_WORDS; w++) {
        if ((fuses->word[block][w] & ~target[w]) != 0) {
            fb_check_say(out, FB_CHECK_FAIL, fb_check_none(f),
                         "BLOCK%u holds other bits than the plan burns", block);
            return true;
        }
    }
    return false;
}

void fb_check_identity(const struct fb_check_facts *f,
                       struct fb_check_result *out)
{
    const struct fb_board_state *s = f->in->before;
    size_t none = fb_check_none(f);
    bool burns = fb_check_step(f, FB_STEP_BURN, 0) != none;
    uint8_t mac[6];
    bool crc = fb_efuse_mac(&s->fuses, mac);

    if (s->reads < READS_MIN) {
        fb_check_say(out, FB_CHECK_UNKNOWN, none,
                     "the fuses were read %u times, not 3", s->reads);
        return;
    }
    if (!fb_board_state_knows(s, &fb_efuse_map[FB_EFUSE_MAC])) {
        fb_check_say(out, FB_CHECK_UNKNOWN, none, "the MAC is not known");
        return;
    }
    if (f->in->has_mac && memcmp(mac, f->in->mac, sizeof mac) != 0) {
        fb_check_say(out, FB_CHECK_FAIL, none,
                     "the plan is for %02x:%02x:%02x:%02x:%02x:%02x, this is "
                     "%02x:%02x:%02x:%02x:%02x:%02x",
                     f->in->mac[0], f->in->mac[1], f->in->mac[2], f->in->mac[3],
                     f->in->mac[4], f->in->mac[5], mac[0], mac[1], mac[2],
                     mac[3], mac[4], mac[5]);
        return;
    }
    if (!crc) {
        fb_check_say(out, FB_CHECK_FAIL, none,
                     "MAC_CRC does not fit the MAC: the fuses read wrong");
        return;
    }
    if (burns && (taken(f, out, 1) || taken(f, out, 2) || taken(f, out, 3))) {
        return;
    }
    if (!burns && f->in->release && f->after.encrypted &&
        fb_efuse_plaintext_flashes_left(&f->in->scratch->fuses) != 0) {
        fb_check_say(out, FB_CHECK_FAIL, none,
                     "a release is expected, the fuses are in development "
                     "mode: FLASH_CRYPT_CNT 0x%02x",
                     (unsigned)fb_check_after(f, FB_EFUSE_FLASH_CRYPT_CNT));
        return;
    }
    fb_check_say(out, FB_CHECK_PASS, none,
                 "%02x:%02x:%02x:%02x:%02x:%02x, %u equal readings", mac[0],
                 mac[1], mac[2], mac[3], mac[4], mac[5], s->reads);
}

// --- P24 ---

// The first step that hides or freezes a block that the plan burns.
static size_t protects(const struct fb_check_facts *f, unsigned block)
{
    size_t hide = fb_check_burn(f, FB_EFUSE_RD_DIS, 1u << (block - 1), 0);
    size_t freeze = fb_check_burn(f, FB_EFUSE_WR_DIS, 1u << (block + 6), 0);

    return hide < freeze ? hide : freeze;
}

static size_t last_burn_of(const struct fb_check_facts *f, unsigned block)
{
    size_t last = fb_check_none(f);

    for (size_t i = 0; i < fb_check_none(f); i++) {
        if (f->in->plan->step[i].kind == FB_STEP_BURN &&
            f->in->plan->step[i].block == block) {
            last = i;
        }
    }
    return last;
}

// False: said why not.
static bool proven_first(const struct fb_check_facts *f,
                         struct fb_check_result *out, unsigned block)
{
    size_t none = fb_check_none(f);
    size_t burn = last_burn_of(f, block);
    size_t protect = protects(f, block);
    size_t proof = fb_check_proof(f, block, 0);
    // A readable digest is proven by reading it.
    bool readable = block == 2 && f->keys.v2;

    if (burn == none || protect == none) {
        return true;
    }
    if (protect < burn) {
        fb_check_say(out, FB_CHECK_FAIL, protect,
                     "BLOCK%u is protected before it is burned", block);
        return false;
    }
    if (!readable && (proof == none || proof < burn || proof > protect)) {
        fb_check_say(out, FB_CHECK_FAIL, protect,
                     "BLOCK%u is protected before the chip proved its key",
                     block);
        return false;
    }
    return true;
}

// The window of a first boot that was interrupted: ciphertext already, the
// counter still even, the key in place.
static bool interrupted(const struct fb_board_view *v)
{
    return !v->encrypted && v->part[1].form == FB_FORM_CIPHER &&
           fb_efuse_get(&v->state->fuses, FB_EFUSE_FLASH_CRYPT_CONFIG) != 0;
}

void fb_check_quality(const struct fb_check_facts *f,
                      struct fb_check_result *out)
{
    size_t none = fb_check_none(f);
    bool v1 = fb_check_after(f, FB_EFUSE_ABS_DONE_0) != 0;
    bool v2 = fb_check_after(f, FB_EFUSE_ABS_DONE_1) != 0;
    bool burns = fb_check_burns_block(f, 1) || fb_check_burns_block(f, 2) ||
                 fb_check_burns_block(f, 3);
    size_t step = fb_check_burn(f, FB_EFUSE_ABS_DONE_0, 3, 0);

    if ((v1 || v2) && f->after.digest_key_blank) {
        fb_check_say(out, FB_CHECK_FAIL, step,
                     "BLOCK2 is blank, and ABS_DONE_%u is 1", v2 ? 1u : 0u);
        return;
    }
    if (interrupted(&f->after)) {
        fb_check_say(out, FB_CHECK_FAIL, none,
                     "an interrupted first boot: ciphertext at 0x1000, "
                     "FLASH_CRYPT_CNT 0x%02x is even, FLASH_CRYPT_CONFIG 0x%x",
                     (unsigned)fb_check_after(f, FB_EFUSE_FLASH_CRYPT_CNT),
                     (unsigned)fb_check_after(f, FB_EFUSE_FLASH_CRYPT_CONFIG));
        return;
    }
    if (!proven_first(f, out, 1) || !proven_first(f, out, 2)) {
        return;
    }
    if ((v1 || v2) && !f->after.has_boot_key) {
        fb_check_say(out, FB_CHECK_UNKNOWN, none,
                     "BLOCK2 cannot be read, and no file of it is given");
        return;
    }
    if (burns || v1 || v2) {
        fb_check_say(out, FB_CHECK_PASS, none,
                     burns ? "keys are proven before they are protected"
                           : "BLOCK2 is not blank");
    }
}
