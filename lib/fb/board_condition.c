// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/board_condition.h"

#include "lib/fb/bytes.h"
#include "lib/fb/flash_map.h"
#include "lib/fb/signature_v2.h"

static const struct {
    const char *name;
    const char *text;
} conditions[FB_CONDITIONS] = {
    [FB_BOARD_BOOTS] = {"boots", "Nothing speaks against this board booting."},
    [FB_BOARD_UNKNOWN] =
        {"unknown", "Too little is known to tell: fuses, flash or a key."},
    [FB_BOARD_NO_KEY] = {"no-key", "Flash encryption is on, and BLOCK1 holds "
                                   "no key: the chip reads noise."},
    [FB_BOARD_PLAIN_UNDER_ODD] =
        {"plain-under-odd", "Flash encryption is on, and the bootloader is "
                            "plaintext: the chip decrypts it to noise."},
    [FB_BOARD_CIPHER_UNDER_EVEN] =
        {"cipher-under-even", "Flash encryption is off, and the bootloader is "
                              "ciphertext."},
    [FB_BOARD_INTERRUPTED] = {"interrupted",
                              "A first boot was interrupted: the bootloader is "
                              "ciphertext already, the key is in place, and "
                              "FLASH_CRYPT_CNT is still even."},
    [FB_BOARD_WRONG_ADDRESS] =
        {"wrong-address", "The bootloader stands at, or was encrypted for, "
                          "another address."},
    [FB_BOARD_WRONG_KEY] = {"wrong-key",
                            "What stands at 0x1000 is no image: damaged, or "
                            "encrypted with another key."},
    [FB_BOARD_NO_BOOTLOADER] = {"no-bootloader", "There is no bootloader: "
                                                 "0x1000 is erased."},
    [FB_BOARD_BAD_BOOTLOADER] = {"bad-bootloader",
                                 "The bootloader is damaged."},
    [FB_BOARD_NO_DIGEST_KEY] =
        {"no-digest-key", "Secure Boot V1 is on, and BLOCK2 holds no key."},
    [FB_BOARD_BAD_DIGEST] =
        {"bad-digest", "The Secure Boot V1 digest at 0x0 does not fit the "
                       "bootloader."},
    [FB_BOARD_NO_DIGEST] = {"no-digest", "Secure Boot V2 is on, and BLOCK2 "
                                         "holds no key digest yet."},
    [FB_BOARD_DIGEST_HIDDEN] =
        {"digest-hidden",
         "Secure Boot V2 is on, and the ROM will never find a key digest: "
         "BLOCK2 is read-protected, or blank and write-protected."},
    [FB_BOARD_BAD_SIGNATURE] = {"bad-signature",
                                "The bootloader is not signed by the key whose "
                                "digest is in BLOCK2."},
    [FB_BOARD_BAD_TABLE] = {"bad-table", "The bootloader refuses the partition "
                                         "table."},
    [FB_BOARD_BAD_APP] = {"bad-app", "The bootloader refuses every "
                                     "application."},
    [FB_BOARD_FLASH_MOVED] =
        {"flash-moved", "SPI_PAD_CONFIG_* name other pins than the flash is "
                        "on: the ROM does not find it."},
    [FB_BOARD_NO_CACHE] = {"no-cache", "DIS_CACHE is burned: nothing in the "
                                       "flash can be executed."},
    [FB_BOARD_FLASH_SUPPLY] = {"flash-supply",
                               "The flash does not answer: its supply, "
                               "VDD_SDIO, is too low for it."},
    [FB_BOARD_FLASH_DESTROYED] =
        {"flash-destroyed", "The flash is, or was, given 3.3 V and is made for "
                            "1.8 V: take it for destroyed, even if it still "
                            "answers."},
};

const char *fb_condition_name(enum fb_condition condition)
{
    return conditions[condition].name;
}

const char *fb_condition_text(enum fb_condition condition)
{
    return conditions[condition].text;
}

// --- what state it is in ---

bool fb_board_frozen(const struct fb_board_view *v, enum fb_efuse_id id)
{
    return fb_efuse_is_frozen(&v->state->fuses, &fb_efuse_map[id]);
}

bool fb_board_unread_ciphertext(const struct fb_board_view *v)
{
    return !v->encrypted && !v->key_blank && !v->has_flash_key &&
           v->part[1].form == FB_FORM_OTHER &&
           fb_flash_looks_random(v->state->flash + v->part[1].flash_off,
                                 v->part[1].size);
}

bool fb_board_digest_hidden(const struct fb_board_view *v)
{
    return v->secure_v2 &&
           (fb_efuse_is_hidden(&v->state->fuses,
                               &fb_efuse_map[FB_EFUSE_BLOCK2]) ||
            (v->digest_key_blank && fb_board_frozen(v, FB_EFUSE_BLOCK2)));
}

static enum fb_condition of_noise(const struct fb_board_view *v)
{
    const struct fb_part *boot = &v->part[1];

    if (fb_part_unjudged(v, boot)) {
        return FB_BOARD_UNKNOWN;
    }
    if (boot->form == FB_FORM_BLANK) {
        return FB_BOARD_NO_BOOTLOADER;
    }
    if (v->shifted || boot->made_for != boot->flash_off) {
        return FB_BOARD_WRONG_ADDRESS;
    }
    return fb_board_unread_ciphertext(v) ? FB_BOARD_CIPHER_UNDER_EVEN
                                         : FB_BOARD_WRONG_KEY;
}

static bool key_in_place(const struct fb_board_view *v)
{
    return !v->key_blank &&
           fb_efuse_get(&v->state->fuses, FB_EFUSE_FLASH_CRYPT_CONFIG) != 0;
}

static enum fb_condition of_bootloader(const struct fb_board_view *v)
{
    const struct fb_part *boot = &v->part[1];

    if (v->encrypted) {
        if (v->key_blank && boot->form != FB_FORM_CIPHER) {
            return boot->form == FB_FORM_OTHER && fb_part_unjudged(v, boot)
                       ? FB_BOARD_UNKNOWN
                       : FB_BOARD_NO_KEY;
        }
        if (boot->form == FB_FORM_PLAIN) {
            return FB_BOARD_PLAIN_UNDER_ODD;
        }
    } else if (boot->form == FB_FORM_CIPHER) {
        return key_in_place(v) ? FB_BOARD_INTERRUPTED
                               : FB_BOARD_CIPHER_UNDER_EVEN;
    }
    if (boot->form != FB_FORM_PLAIN && boot->form != FB_FORM_CIPHER) {
        return of_noise(v);
    }
    return boot->status == FB_OK ? FB_BOARD_BOOTS : FB_BOARD_BAD_BOOTLOADER;
}

static enum fb_condition of_secure_boot(const struct fb_board_view *v)
{
    const struct fb_part *digest = &v->part[0];

    if (v->secure_v1) {
        if (digest->proof == FB_OK) {
            return fb_part_runs(v, digest) ? FB_BOARD_BOOTS
                                           : FB_BOARD_BAD_DIGEST;
        }
        if (v->digest_key_blank) {
            return FB_BOARD_NO_DIGEST_KEY;
        }
        return v->has_boot_key || digest->form == FB_FORM_BLANK
                   ? FB_BOARD_BAD_DIGEST
                   : FB_BOARD_UNKNOWN;
    }
    if (v->secure_v2 && v->digest_key_blank) {
        return FB_BOARD_NO_DIGEST;
    }
    return v->secure_v2 && v->part[1].proof != FB_OK ? FB_BOARD_BAD_SIGNATURE
                                                     : FB_BOARD_BOOTS;
}

static enum fb_condition of_table_and_apps(const struct fb_board_view *v)
{
    const struct fb_part *table = &v->part[2];
    enum fb_start start, strict;
    unsigned slot;

    if (!fb_part_runs(v, table)) {
        return fb_part_unjudged(v, table) ? FB_BOARD_UNKNOWN
                                          : FB_BOARD_BAD_TABLE;
    }
    start = fb_board_view_start(v, false, &slot);
    // Whether the bootloader minds SECURE_VERSION is known to itself only.
    strict = fb_board_view_start(v, true, &slot);
    if (start == FB_START_NOTHING) {
        return FB_BOARD_BAD_APP;
    }
    return start == FB_START_UNKNOWN || strict == FB_START_UNKNOWN ||
                   strict == FB_START_NOTHING
               ? FB_BOARD_UNKNOWN
               : FB_BOARD_BOOTS;
}

static enum fb_condition of_access(const struct fb_board_state *s)
{
    static const enum fb_condition conditions_of[] = {
        [FB_SUPPLY_GOOD] = FB_BOARD_BOOTS,
        [FB_SUPPLY_LOW] = FB_BOARD_FLASH_SUPPLY,
        [FB_SUPPLY_HIGH] = FB_BOARD_FLASH_DESTROYED,
    };

    if (fb_efuse_get(&s->fuses, FB_EFUSE_DIS_CACHE) != 0) {
        return FB_BOARD_NO_CACHE;
    }
    return s->part.pads != fb_efuse_flash_pads(&s->fuses)
               ? FB_BOARD_FLASH_MOVED
               : conditions_of[fb_flash_part_judge(&s->part, &s->fuses)];
}

enum fb_condition fb_board_condition(const struct fb_board_view *v)
{
    enum fb_condition c = of_access(v->state);

    if (c != FB_BOARD_BOOTS) {
        return c;
    }
    if (!fb_board_state_knows(v->state,
                              &fb_efuse_map[FB_EFUSE_FLASH_CRYPT_CNT])) {
        return FB_BOARD_UNKNOWN;
    }
    if (fb_board_digest_hidden(v)) {
        return FB_BOARD_DIGEST_HIDDEN;
    }
    c = of_bootloader(v);
    if (c != FB_BOARD_BOOTS) {
        return c;
    }
    c = of_secure_boot(v);
    if (c != FB_BOARD_BOOTS && c != FB_BOARD_UNKNOWN) {
        return c;
    }
    // What is refused behind an unknown digest is refused for certain.
    enum fb_condition behind = of_table_and_apps(v);
    return behind == FB_BOARD_BOOTS ? c : behind;
}

// --- how sure that is ---

// Do the table, or the bootloader for another place, decrypt with the key?
static bool key_fits(const struct fb_board_view *v)
{
    return v->part[2].form == FB_FORM_CIPHER ||
           v->part[1].made_for != v->part[1].flash_off;
}

const char *fb_board_doubt(const struct fb_board_view *v,
                           enum fb_condition condition)
{
    bool boots = condition == FB_BOARD_BOOTS;
    bool flash = v->encrypted && !v->flash_key_sure;
    bool boot = v->secure_v1 && !v->boot_key_sure;

    if (flash && (boots || (condition == FB_BOARD_WRONG_KEY && !key_fits(v)))) {
        return boots ? "That is so if the flash key given is the one in "
                       "BLOCK1, which cannot be read."
                     : "That is so if the flash key given is the one in "
                       "BLOCK1, which cannot be read; nothing in the flash "
                       "fits it. A board that boots has another key: leave it "
                       "alone.";
    }
    if (boot && boots) {
        return "That is so if the secure boot key given is the one in BLOCK2, "
               "which cannot be read.";
    }
    if (boot && condition == FB_BOARD_BAD_DIGEST &&
        v->part[0].form != FB_FORM_BLANK) {
        return "That is so if the secure boot key given is the one in BLOCK2, "
               "which cannot be read. A board that boots has another key: "
               "leave it alone.";
    }
    return NULL;
}

// --- the V2 digest ---

bool fb_board_v2_signer(const struct fb_board_view *v, uint8_t digest[32])
{
    const struct fb_part *boot = &v->part[1];
    const uint8_t *image = v->plain + boot->flash_off;
    uint32_t n = align_up32(boot->image.len, FB_SIGNATURE_V2_SECTOR);
    unsigned block;

    if (!fb_part_recognised(boot) || boot->proof == FB_E_BLANK ||
        fb_signature_v2_verify_sector(image, n, image + n, NULL, &block,
                                      NULL) != FB_OK) {
        return false;
    }
    fb_signature_v2_key_digest(image + n + block * FB_SIGNATURE_V2_BLOCK,
                               digest);
    return true;
}

bool fb_board_block2_may_become(const struct fb_board_view *v,
                                const uint8_t digest[32])
{
    for (unsigned i = 0; i < 8; i++) {
        if ((v->state->fuses.word[2][i] & ~load32_le(digest + 4 * i)) != 0) {
            return false;
        }
    }
    return fb_board_state_knows_block(v->state, 2);
}

bool fb_board_block2_holds(const struct fb_board_view *v,
                           const uint8_t digest[32])
{
    for (unsigned i = 0; i < 8; i++) {
        if (v->state->fuses.word[2][i] != load32_le(digest + 4 * i)) {
            return false;
        }
    }
    return true;
}
