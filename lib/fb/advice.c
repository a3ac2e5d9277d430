// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/advice.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/fb/bytes.h"
#include "lib/fb/flash.h"

#define SECTOR FB_FLASH_SECTOR

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
    [FB_BOARD_DIGEST_HIDDEN] =
        {"digest-hidden", "Secure Boot V2 is on, and the ROM cannot read the "
                          "key digest: BLOCK2 is read-protected or blank."},
    [FB_BOARD_BAD_SIGNATURE] = {"bad-signature",
                                "The bootloader is not signed by the key whose "
                                "digest is in BLOCK2."},
    [FB_BOARD_BAD_TABLE] = {"bad-table", "The bootloader refuses the partition "
                                         "table."},
    [FB_BOARD_BAD_APP] = {"bad-app", "The bootloader refuses every "
                                     "application."},
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

static enum fb_condition of_noise(const struct fb_board_view *v)
{
    const struct fb_part *boot = &v->part[1];

    if (boot->form == FB_FORM_UNKNOWN) {
        return FB_BOARD_UNKNOWN;
    }
    if (boot->form == FB_FORM_BLANK) {
        return FB_BOARD_NO_BOOTLOADER;
    }
    if (!fb_board_state_knows(v->state,
                              &fb_efuse_map[FB_EFUSE_FLASH_CRYPT_CONFIG])) {
        return FB_BOARD_UNKNOWN; // it may only look like noise
    }
    return v->shifted || boot->made_for != boot->flash_off
               ? FB_BOARD_WRONG_ADDRESS
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
            return FB_BOARD_NO_KEY;
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
    if (v->secure_v2) {
        if ((fb_efuse_get(&v->state->fuses, FB_EFUSE_RD_DIS) & 2u) != 0 ||
            v->digest_key_blank) {
            return FB_BOARD_DIGEST_HIDDEN;
        }
        return v->part[1].proof == FB_OK ? FB_BOARD_BOOTS
                                         : FB_BOARD_BAD_SIGNATURE;
    }
    return FB_BOARD_BOOTS;
}

// A part that cannot be judged, because a file or a key is missing.
static bool unjudged(const struct fb_part *part)
{
    return part->form == FB_FORM_UNKNOWN ||
           (part->status == FB_OK && part->proof == FB_E_KEY);
}

// Below SECURE_VERSION: whether the bootloader minds is known to itself only.
static bool outdated(const struct fb_board_view *v, const struct fb_part *app)
{
    const struct fb_efuse_words *fuses = &v->state->fuses;
    uint32_t least = fb_efuse_get(fuses, FB_EFUSE_SECURE_VERSION);
    uint32_t coding = fb_efuse_get(fuses, FB_EFUSE_CODING_SCHEME);

    if (coding == 1 || coding == 2 ||
        fb_efuse_get(fuses, FB_EFUSE_MAC_VERSION) != 0 ||
        fb_efuse_get(fuses, FB_EFUSE_KEY_STATUS) != 0) {
        return false; // BLOCK3 holds something else
    }
    return fb_image_secure_version(v->plain + app->flash_off, &app->image) <
           (unsigned)__builtin_popcount(least);
}

static enum fb_condition of_table_and_apps(const struct fb_board_view *v)
{
    const struct fb_part *table = &v->part[2];
    bool unknown = false;

    if (!fb_part_runs(v, table)) {
        return unjudged(table) ? FB_BOARD_UNKNOWN : FB_BOARD_BAD_TABLE;
    }
    for (unsigned slot = 0; slot < v->store.place.slots; slot++) {
        const struct fb_part *app = fb_board_view_app(v, slot);

        if (app != NULL && fb_part_runs(v, app) && !outdated(v, app)) {
            return FB_BOARD_BOOTS;
        }
        unknown |= app != NULL && (unjudged(app) || fb_part_runs(v, app));
    }
    return unknown ? FB_BOARD_UNKNOWN : FB_BOARD_BAD_APP;
}

enum fb_condition fb_board_condition(const struct fb_board_view *v)
{
    enum fb_condition c;

    if (!fb_board_state_knows(v->state,
                              &fb_efuse_map[FB_EFUSE_FLASH_CRYPT_CNT])) {
        return FB_BOARD_UNKNOWN;
    }
    c = of_bootloader(v);
    c = c == FB_BOARD_BOOTS ? of_secure_boot(v) : c;
    return c == FB_BOARD_BOOTS ? of_table_and_apps(v) : c;
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

// --- commands ---

struct pen {
    const struct fb_board_view *v;
    const struct fb_advice_names *names;
    struct fb_advice_way *way;
    bool encrypted; // as it will be when the parts are written
};

static void line(struct pen *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void line(struct pen *p, const char *format, ...)
{
    va_list args;

    if (p->way->lines == FB_ADVICE_LINES) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(p->way->line[p->way->lines++], FB_ADVICE_LINE, format,
                    args);
    va_end(args);
}

static const char *or_placeholder(const char *name, const char *placeholder)
{
    return name != NULL ? name : placeholder;
}

static const char *port(const struct pen *p)
{
    return or_placeholder(p->names->port, "PORT");
}

static const char *flash_key(const struct pen *p)
{
    return or_placeholder(p->names->flash_key, "FLASH_KEY.bin");
}

static const char *boot_key(const struct pen *p)
{
    return or_placeholder(p->names->boot_key, "SECURE_BOOT_KEY.bin");
}

static void burn(struct pen *p, const char *what)
{
    line(p, "espefuse --port %s burn_efuse %s", port(p), what);
}

// The file that a part is made of.
static const char *file_of(const struct fb_part *part)
{
    switch (part->kind) {
    case FB_PART_DIGEST:
        return "digest";
    case FB_PART_BOOTLOADER:
        return "bootloader";
    case FB_PART_TABLE:
        return "partitions";
    case FB_PART_APP:
        return "app";
    case FB_PART_OTADATA:
    case FB_PART_NVS_KEYS:
    case FB_PART_DATA:
        break;
    }
    return "data";
}

// FILE.bin, encrypted for where it goes when it has to be.
static void write_file(struct pen *p, const char *file, uint32_t flash_off)
{
    if (p->encrypted && p->v->has_flash_key) {
        line(p,
             "espsecure encrypt_flash_data --keyfile %s --address 0x%x --pad "
             "ff --output %s_enc.bin %s.bin",
             flash_key(p), (unsigned)flash_off, file, file);
        line(p, "esptool --port %s write_flash %s0x%x %s_enc.bin", port(p),
             p->v->secure_v1 || p->v->secure_v2 ? "--force " : "",
             (unsigned)flash_off, file);
        return;
    }
    line(p, "esptool --port %s write_flash %s%s0x%x %s.bin", port(p),
         p->v->secure_v1 || p->v->secure_v2 ? "--force " : "",
         p->encrypted ? "--encrypt " : "", (unsigned)flash_off, file);
}

// Bytes of a part that count.
static uint32_t extent(const struct fb_part *part)
{
    bool image = part->kind == FB_PART_APP || part->kind == FB_PART_BOOTLOADER;
    uint32_t n = image && part->image.len != 0 ? part->image.len : SECTOR;

    // A signature follows an app.
    return part->kind == FB_PART_APP ? align_up32(n + 1, SECTOR) : n;
}

// Plaintext of a part into FILE.bin: out of the flash when it can be had there.
static void get_file(struct pen *p, const struct fb_part *part)
{
    const char *file = file_of(part);
    bool cipher =
        part->form == FB_FORM_CIPHER ||
        (part->form == FB_FORM_OTHER && part->made_for != part->flash_off);

    if ((!cipher && part->form != FB_FORM_PLAIN) ||
        (part->status != FB_OK && part->form != FB_FORM_OTHER)) {
        p->way->own_files = true;
        return;
    }
    line(p, "esptool --port %s read_flash 0x%x 0x%x %s%s.bin", port(p),
         (unsigned)part->flash_off, (unsigned)extent(part), file,
         cipher ? "_raw" : "");
    if (cipher) {
        line(p,
             "espsecure decrypt_flash_data --keyfile %s --address 0x%x "
             "--output %s.bin %s_raw.bin",
             flash_key(p), (unsigned)part->made_for, file, file);
    }
}

static void rewrite(struct pen *p, const struct fb_part *part)
{
    get_file(p, part);
    write_file(p, file_of(part), part->flash_off);
}

static bool in_form(const struct pen *p, const struct fb_part *part)
{
    return part->form == (p->encrypted ? FB_FORM_CIPHER : FB_FORM_PLAIN) &&
           part->status == FB_OK;
}

// Digest and bootloader: with a key for it they are made anew together.
static void rewrite_boot(struct pen *p)
{
    const struct fb_part *digest = &p->v->part[0];
    const struct fb_part *boot = &p->v->part[1];
    bool fine = in_form(p, boot);

    if (p->v->shifted) {
        // The bytes are right for where they belong.
        line(p, "esptool --port %s read_flash 0x1000 0x7000 digest.bin",
             port(p));
        line(p, "esptool --port %s write_flash %s0x0 digest.bin", port(p),
             p->v->secure_v1 || p->v->secure_v2 ? "--force " : "");
        return;
    }
    if (!p->v->secure_v1) {
        if (!fine) {
            rewrite(p, boot);
        }
        return;
    }
    if (fine && in_form(p, digest) && digest->proof == FB_OK) {
        return;
    }
    get_file(p, boot);
    line(p,
         "espsecure digest_secure_bootloader --keyfile %s --output digest.bin "
         "bootloader.bin",
         boot_key(p));
    write_file(p, "digest", 0);
}

static bool proof_wanted(const struct fb_board_view *v,
                         const struct fb_part *part)
{
    return part->kind == FB_PART_TABLE ? v->secure_v1
                                       : v->secure_v1 || v->secure_v2;
}

static void rewrite_part(struct pen *p, const struct fb_part *part)
{
    if (part == NULL) {
        line(p, "# write a partition table that has an application: "
                "partitions.bin");
        return;
    }
    if (proof_wanted(p->v, part) && part->status == FB_OK &&
        part->proof != FB_OK && part->proof != FB_E_KEY) {
        p->way->own_files = true;
        line(p,
             "espsecure sign_data --version %u --keyfile SIGNING_KEY.pem %s"
             ".bin",
             p->v->secure_v2 ? 2u : 1u, file_of(part));
        write_file(p, file_of(part), part->flash_off);
        return;
    }
    if (!in_form(p, part)) {
        rewrite(p, part);
    }
}

// Everything that a boot needs, as the counter will stand.
static void rewrite_all(struct pen *p)
{
    const struct fb_board_view *v = p->v;
    const struct fb_part *app = fb_board_view_app(v, fb_board_view_slot(v));

    rewrite_boot(p);
    rewrite_part(p, &v->part[2]);
    if (v->table_ok) {
        rewrite_part(p, app);
    } else {
        p->way->own_files = true;
        write_file(p, "app", 0x10000);
    }
}

// --- ways ---

static bool frozen(const struct fb_board_view *v, enum fb_efuse_id id)
{
    return fb_efuse_is_frozen(&v->state->fuses, &fb_efuse_map[id]);
}

static bool download_mode(const struct fb_board_view *v)
{
    return v->revision < 3 ||
           fb_efuse_get(&v->state->fuses, FB_EFUSE_UART_DOWNLOAD_DIS) == 0;
}

// Can the counter change its parity?
static bool can_toggle(const struct fb_board_view *v)
{
    return !frozen(v, FB_EFUSE_FLASH_CRYPT_CNT) &&
           fb_efuse_get(&v->state->fuses, FB_EFUSE_FLASH_CRYPT_CNT) != 0x7F;
}

// Can ciphertext be made, here or by the chip?
static bool can_encrypt(const struct fb_board_view *v)
{
    return v->has_flash_key ||
           (!v->key_blank &&
            fb_efuse_get(&v->state->fuses, FB_EFUSE_DISABLE_DL_ENCRYPT) == 0);
}

// Can the digest be made, where one is needed?
static bool can_digest(const struct fb_board_view *v)
{
    return !v->secure_v1 || v->has_boot_key || v->part[0].proof == FB_OK ||
           v->digest_key_blank || v->shifted;
}

static struct pen new_way(const struct fb_board_view *v,
                          const struct fb_advice_names *names,
                          struct fb_advice *a, const char *title)
{
    struct pen p = {.v = v, .names = names, .way = &a->way[a->ways++]};

    p.encrypted = v->encrypted;
    p.way->title = title;
    return p;
}

// The parts as the counter stands.
static void way_rewrite(const struct fb_board_view *v,
                        const struct fb_advice_names *names,
                        struct fb_advice *a)
{
    struct pen p;

    if (v->encrypted && (!can_encrypt(v) || v->key_blank)) {
        return;
    }
    p = new_way(v, names, a,
                v->encrypted ? "write ciphertext" : "write plaintext");
    rewrite_all(&p);
}

// The counter, and then what does not fit it.
static void way_toggle(const struct fb_board_view *v,
                       const struct fb_advice_names *names, struct fb_advice *a)
{
    struct pen p;

    if (!can_toggle(v) ||
        (!v->encrypted && (v->key_blank || !can_encrypt(v)))) {
        return;
    }
    p = new_way(v, names, a,
                v->encrypted
                    ? "switch flash encryption off again (one cycle less)"
                    : "switch flash encryption on");
    burn(&p, "FLASH_CRYPT_CNT");
    p.encrypted = !v->encrypted;
    rewrite_all(&p);
}

static void way_key(const struct fb_board_view *v,
                    const struct fb_advice_names *names, struct fb_advice *a)
{
    struct pen p;

    if (!v->flash_key_given || frozen(v, FB_EFUSE_BLOCK1)) {
        return;
    }
    p = new_way(v, names, a, "burn the key");
    line(&p, "espefuse --port %s burn_key flash_encryption %s", port(&p),
         flash_key(&p));
    if (fb_efuse_get(&v->state->fuses, FB_EFUSE_FLASH_CRYPT_CONFIG) != 0xF) {
        burn(&p, "FLASH_CRYPT_CONFIG 0xf");
    }
    rewrite_all(&p);
}

// The chip decrypts with the 32 zero bytes that are there.
static void way_zero_key(const struct fb_board_view *v,
                         const struct fb_advice_names *names,
                         struct fb_advice *a)
{
    struct fb_advice_names zero = *names;
    struct pen p;

    zero.flash_key = "zero.bin";
    p = new_way(v, &zero, a,
                "encrypt with the key of zeros that BLOCK1 is: it boots, and "
                "hides nothing");
    line(&p, "head -c 32 /dev/zero >zero.bin");
    rewrite_all(&p);
}

static void way_digest_key(const struct fb_board_view *v,
                           const struct fb_advice_names *names,
                           struct fb_advice *a)
{
    struct fb_advice_names zero = *names;
    struct pen p;

    if (v->boot_key_given && !frozen(v, FB_EFUSE_BLOCK2)) {
        p = new_way(v, names, a, "burn the secure boot key");
        line(&p, "espefuse --port %s burn_key secure_boot_v1 %s", port(&p),
             boot_key(&p));
        rewrite_all(&p);
        return;
    }
    // The ROM computes with the 32 zero bytes that are there.
    zero.boot_key = "zero.bin";
    p = new_way(v, &zero, a,
                "make the digest with the key of zeros that BLOCK2 is: it "
                "boots, and protects nothing");
    line(&p, "head -c 32 /dev/zero >zero.bin");
    rewrite_all(&p);
}

static const char *why_hopeless(const struct fb_board_view *v)
{
    if (!download_mode(v)) {
        return "UART_DOWNLOAD_DIS is burned: the chip takes nothing over UART. "
               "Only a programmer on the flash chip's own pins can write it.";
    }
    if (v->secure_v1 && !can_digest(v)) {
        return "The secure boot key is in the chip only: nobody can make the "
               "digest that the ROM asks for.";
    }
    return "The flash key is in the chip only, the chip's encryptor is locked "
           "(DISABLE_DL_ENCRYPT), and FLASH_CRYPT_CNT cannot be changed.";
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
        way_toggle(v, names, a);
        way_rewrite(v, names, a);
        break;
    case FB_BOARD_NO_DIGEST_KEY:
        way_digest_key(v, names, a);
        break;
    case FB_BOARD_DIGEST_HIDDEN:
        break;
    default:
        way_rewrite(v, names, a);
        if (a->condition == FB_BOARD_PLAIN_UNDER_ODD ||
            a->condition == FB_BOARD_WRONG_KEY) {
            way_toggle(v, names, a);
        }
        break;
    }
}

void fb_advise(const struct fb_board_view *v,
               const struct fb_advice_names *names, struct fb_advice *a)
{
    memset(a, 0, sizeof *a);
    a->condition = fb_board_condition(v);
    a->doubt = fb_board_doubt(v, a->condition);
    if (a->condition == FB_BOARD_BOOTS || a->condition == FB_BOARD_UNKNOWN) {
        return;
    }
    if (a->condition == FB_BOARD_DIGEST_HIDDEN) {
        a->hopeless = "The ROM reads zeros in place of the digest, and no fuse "
                      "can be taken back.";
        return;
    }
    if (download_mode(v) && can_digest(v)) {
        find_ways(v, names, a);
    }
    if (a->ways == 0) {
        a->hopeless = why_hopeless(v);
    }
}
