// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/advice.h"

#include <string.h>

#include "lib/fb/advice_pen.h"
#include "lib/fb/bytes.h"
#include "lib/fb/flash_encryption.h"

static const char no_download_mode[] =
    "UART_DOWNLOAD_DIS is burned: the chip takes nothing over UART. Only a "
    "programmer on the flash chip's own pins can write it.";
static const char only_jtag[] =
    "UART_DOWNLOAD_DIS is burned: the chip takes nothing over UART. Only JTAG, "
    "which is still open, or a programmer on the flash chip's own pins can "
    "write it.";
static const char no_digest_ever[] =
    "The ROM reads no digest in BLOCK2, and no fuse can be taken back.";
static const char digest_in_part[] =
    "BLOCK2 holds a part of the digest of the bootloader's key, and is "
    "write-protected: no key has that digest.";
static const char digest_reversed[] =
    "BLOCK2 holds the digest of the bootloader's key in reversed byte order: "
    "no key has that digest, and no fuse can be taken back.";
static const char no_supply_ever[] =
    "The eFuses XPD_SDIO_* that would help cannot be burned any more.";
static const char no_flash_left[] = "Nothing but another flash chip helps.";
static const char no_fuse_back[] = "No fuse can be taken back.";

// --- ways ---

static bool download_mode(const struct fb_board_view *v)
{
    return v->revision < 3 ||
           fb_efuse_get(&v->state->fuses, FB_EFUSE_UART_DOWNLOAD_DIS) == 0;
}

// Can the counter change its parity?
static bool can_toggle(const struct fb_board_view *v)
{
    return !fb_board_frozen(v, FB_EFUSE_FLASH_CRYPT_CNT) &&
           fb_efuse_get(&v->state->fuses, FB_EFUSE_FLASH_CRYPT_CNT) != 0x7F;
}

static const char *or_placeholder(const char *name, const char *placeholder)
{
    return name != NULL ? name : placeholder;
}

static struct fb_pen new_way(const struct fb_board_view *v,
                             const struct fb_advice_names *names,
                             struct fb_advice *a, const char *title)
{
    struct fb_pen p = {
        .v = v,
        .port = or_placeholder(names->port, "PORT"),
        .way = &a->way[a->ways],
        .encrypted = v->encrypted,
        .config = fb_pen_config_of(v),
        .flash_key = or_placeholder(names->flash_key, "FLASH_KEY.bin"),
        .boot_key = or_placeholder(names->boot_key, "SECURE_BOOT_KEY.bin"),
        .has_flash_key = v->has_flash_key,
        .has_boot_key = v->has_boot_key,
        .read_flash_key = v->flash_key_sure && !v->flash_key_file,
        .read_boot_key = v->boot_key_sure && !v->boot_key_file,
    };

    memset(p.way, 0, sizeof *p.way);
    p.way->title = title;
    return p;
}

// It is a way, unless it got stuck.
static void end_way(struct fb_advice *a, const struct fb_pen *p)
{
    if (p->stuck != NULL || p->way->lines == 0) {
        a->hopeless = p->stuck;
        memset(p->way, 0, sizeof *p->way);
        return;
    }
    a->ways++;
}

// The parts as the counter stands.
static void way_rewrite(const struct fb_board_view *v,
                        const struct fb_advice_names *names,
                        struct fb_advice *a)
{
    const char *title = a->condition == FB_BOARD_NO_DIGEST
                            ? "burn the key digest"
                        : v->encrypted ? "write ciphertext"
                                       : "write plaintext";
    struct fb_pen p = new_way(v, names, a, title);

    fb_pen_rewrite_all(&p);
    end_way(a, &p);
}

// FLASH_CRYPT_CONFIG, where encryption comes on and nothing is burned there.
static void burn_config(struct fb_pen *p)
{
    const struct fb_board_view *v = p->v;
    const struct fb_efuse_field *field =
        &fb_efuse_map[FB_EFUSE_FLASH_CRYPT_CONFIG];
    unsigned burned =
        fb_efuse_get(&v->state->fuses, FB_EFUSE_FLASH_CRYPT_CONFIG);

    p->config = burned;
    if (!fb_board_state_knows(v->state, field)) {
        p->config = FB_FLASH_CRYPT_CONFIG_DEFAULT;
    } else if (burned == 0 &&
               !fb_board_frozen(v, FB_EFUSE_FLASH_CRYPT_CONFIG)) {
        fb_pen_burn(p, "FLASH_CRYPT_CONFIG 0xf");
        p->config = FB_FLASH_CRYPT_CONFIG_DEFAULT;
    }
}

// The counter, and then what does not fit it.
static void way_toggle(const struct fb_board_view *v,
                       const struct fb_advice_names *names, struct fb_advice *a)
{
    struct fb_pen p;

    if (!can_toggle(v) || (!v->encrypted && v->key_blank)) {
        return;
    }
    p = new_way(v, names, a,
                v->encrypted
                    ? "switch flash encryption off again (one cycle less)"
                : fb_board_unread_ciphertext(v)
                    ? "switch flash encryption on, if what is there was "
                      "encrypted with the chip's key"
                    : "switch flash encryption on");
    if (!v->encrypted) {
        burn_config(&p);
    }
    // The last bit wants to be named.
    fb_pen_burn(&p, __builtin_popcount(fb_efuse_get(
                        &v->state->fuses, FB_EFUSE_FLASH_CRYPT_CNT)) == 6
                        ? "FLASH_CRYPT_CNT 0x7f"
                        : "FLASH_CRYPT_CNT");
    p.encrypted = !v->encrypted;
    if (!fb_board_unread_ciphertext(v)) { // what nobody can read may be right
        fb_pen_rewrite_all(&p);
    }
    end_way(a, &p);
}

static void way_key(const struct fb_board_view *v,
                    const struct fb_advice_names *names, struct fb_advice *a)
{
    struct fb_pen p;

    if (!v->flash_key_given || fb_board_frozen(v, FB_EFUSE_BLOCK1)) {
        return;
    }
    p = new_way(v, names, a, "burn the key");
    fb_pen_burn_key(&p, "flash_encryption", p.flash_key);
    burn_config(&p);
    p.new_flash_key = true;
    p.read_flash_key = false;
    fb_pen_rewrite_all(&p);
    end_way(a, &p);
}

// The chip decrypts with the 32 zero bytes that are there.
static void way_zero_key(const struct fb_board_view *v,
                         const struct fb_advice_names *names,
                         struct fb_advice *a)
{
    struct fb_pen p =
        new_way(v, names, a,
                "encrypt with the key of zeros that BLOCK1 is: it "
                "boots, and hides nothing");

    p.flash_key = "zero.bin";
    p.read_flash_key = false;
    fb_pen_line(&p, "head -c 32 /dev/zero >zero.bin");
    fb_pen_rewrite_all(&p);
    end_way(a, &p);
}

// --- the flash's supply ---

static bool needs_1v8(const struct fb_board_view *v)
{
    return v->state->part.needs == FB_FLASH_SUPPLY_1V8;
}

// What a strap does, a strap can undo.
static void way_strap(const struct fb_board_view *v,
                      const struct fb_advice_names *names, struct fb_advice *a)
{
    const struct fb_board_state *s = v->state;
    struct fb_pen p;

    if (fb_vdd_sdio(&s->fuses, s->part.mtdi, 0).by != FB_VDD_SDIO_STRAP) {
        return;
    }
    p = new_way(v, names, a, "have GPIO12 at the other level at reset");
    fb_pen_line(&p,
                needs_1v8(v)
                    ? "# pull GPIO12 (MTDI) high at reset"
                    : "# let nothing pull GPIO12 (MTDI) high at reset: its own "
                      "pull-down does the rest");
    end_way(a, &p);
}

// Fuses go from off to 1.8 V to 3.3 V, never back.
static void way_supply_fuses(const struct fb_board_view *v,
                             const struct fb_advice_names *names,
                             struct fb_advice *a)
{
    bool tieh = fb_efuse_get(&v->state->fuses, FB_EFUSE_XPD_SDIO_TIEH) != 0;
    struct fb_pen p;

    if (!download_mode(v) || fb_board_frozen(v, FB_EFUSE_XPD_SDIO_FORCE) ||
        (needs_1v8(v) && tieh)) {
        return;
    }
    p = new_way(v, names, a, "fix the flash's supply by eFuses, for ever");
    fb_pen_line(&p, "espefuse --port %s set_flash_voltage %s", p.port,
                needs_1v8(v) ? "1.8V" : "3.3V");
    end_way(a, &p);
}

static void advise_on_supply(const struct fb_board_view *v,
                             const struct fb_advice_names *names,
                             struct fb_advice *a)
{
    if (a->condition == FB_BOARD_FLASH_DESTROYED) {
        a->hopeless = no_flash_left;
        return;
    }
    way_strap(v, names, a);
    way_supply_fuses(v, names, a);
    a->hopeless = a->ways > 0 ? NULL : no_supply_ever;
}

static void find_ways(const struct fb_board_view *v,
                      const struct fb_advice_names *names, struct fb_advice *a)
{
    switch (a->condition) {
    case FB_BOARD_NO_KEY:
        way_toggle(v, names, a);
        way_key(v, names, a);
        if (a->ways == 0) {
            way_zero_key(v, names, a);
        }
        break;
    case FB_BOARD_INTERRUPTED:
    case FB_BOARD_CIPHER_UNDER_EVEN:
        if (fb_board_unread_ciphertext(v)) { // what surely helps comes first
            way_rewrite(v, names, a);
            way_toggle(v, names, a);
            break;
        }
        way_toggle(v, names, a);
        way_rewrite(v, names, a);
        break;
    default:
        way_rewrite(v, names, a);
        if (a->ways == 0 || a->condition == FB_BOARD_PLAIN_UNDER_ODD ||
            a->condition == FB_BOARD_WRONG_KEY) {
            way_toggle(v, names, a);
        }
        break;
    }
}

// What no command can change; NULL: nothing of that kind.
static const char *beyond_help(const struct fb_board_view *v)
{
    uint8_t digest[32], reversed[32];

    if (fb_board_digest_hidden(v)) {
        return no_digest_ever;
    }
    if (!download_mode(v)) {
        return fb_efuse_get(&v->state->fuses, FB_EFUSE_JTAG_DISABLE) != 0
                   ? no_download_mode
                   : only_jtag;
    }
    if (v->secure_v2 && fb_board_v2_signer(v, digest)) {
        fb_bytes_reverse(reversed, digest, sizeof digest);
        if (fb_board_block2_holds(v, reversed)) {
            return digest_reversed;
        }
        if (fb_board_block2_may_become(v, digest) &&
            !fb_board_block2_holds(v, digest) &&
            fb_board_frozen(v, FB_EFUSE_BLOCK2)) {
            return digest_in_part;
        }
    }
    return NULL;
}

// A name as one word of a shell's command line.
struct word {
    char text[600];
};

static const char *word_of(const char *name, struct word *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "%+,-./:=@_";
    size_t n = 0;

    if (name == NULL || name[strspn(name, plain)] == '\0') {
        return name;
    }
    word->text[n++] = '\'';
    for (; *name != '\0' && n + 6 < sizeof word->text; name++) {
        if (*name == '\'') {
            memcpy(word->text + n, "'\\'", 3);
            n += 3;
        }
        word->text[n++] = *name;
    }
    memcpy(word->text + n, "'", 2);
    return *name == '\0' ? word->text : "NAME_TOO_LONG";
}

void fb_advise(const struct fb_board_view *v,
               const struct fb_advice_names *names, struct fb_advice *a)
{
    struct word port, flash, boot;
    const struct fb_advice_names words = {word_of(names->port, &port),
                                          word_of(names->flash_key, &flash),
                                          word_of(names->boot_key, &boot)};

    memset(a, 0, sizeof *a);
    a->condition = fb_board_condition(v);
    a->doubt = fb_board_doubt(v, a->condition);
    if (a->condition == FB_BOARD_BOOTS || a->condition == FB_BOARD_UNKNOWN) {
        return;
    }
    if (a->condition == FB_BOARD_NO_CACHE ||
        a->condition == FB_BOARD_FLASH_MOVED) {
        a->hopeless = no_fuse_back;
        return;
    }
    if (a->condition == FB_BOARD_FLASH_SUPPLY ||
        a->condition == FB_BOARD_FLASH_DESTROYED) {
        advise_on_supply(v, &words, a);
        return;
    }
    a->hopeless = beyond_help(v);
    if (a->hopeless == NULL) {
        find_ways(v, &words, a);
    }
    if (a->ways > 0) {
        a->hopeless = NULL;
    } else if (a->hopeless == NULL) {
        a->hopeless = fb_pen_no_encryptor;
    }
}
