// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/advice.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/fb/bytes.h"
#include "lib/fb/efuse_coding.h"
#include "lib/fb/flash.h"
#include "lib/fb/flash_encryption.h"
#include "lib/fb/flash_map.h"
#include "lib/fb/secure_boot_v1.h"
#include "lib/fb/signature.h"
#include "lib/fb/signature_v2.h"

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

static bool frozen(const struct fb_board_view *v, enum fb_efuse_id id)
{
    return fb_efuse_is_frozen(&v->state->fuses, &fb_efuse_map[id]);
}

// The chip has a key, nobody here does, and noise stands where the bootloader
// belongs, while nothing is decrypted.
static bool unread_ciphertext(const struct fb_board_view *v)
{
    return !v->encrypted && !v->key_blank && !v->has_flash_key &&
           v->part[1].form == FB_FORM_OTHER &&
           fb_flash_looks_random(v->state->flash + v->part[1].flash_off,
                                 v->part[1].size);
}

// V2: can a digest still come into BLOCK2 and be read there?
static bool digest_hidden(const struct fb_board_view *v)
{
    return v->secure_v2 &&
           (fb_efuse_is_hidden(&v->state->fuses,
                               &fb_efuse_map[FB_EFUSE_BLOCK2]) ||
            (v->digest_key_blank && frozen(v, FB_EFUSE_BLOCK2)));
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
    return unread_ciphertext(v) ? FB_BOARD_CIPHER_UNDER_EVEN
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
    if (digest_hidden(v)) {
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

// --- commands ---

struct pen {
    const struct fb_board_view *v;
    const char *port;
    struct fb_advice_way *way;
    // The board as it will be when the parts are written.
    bool encrypted;
    unsigned config;       // FLASH_CRYPT_CONFIG
    const char *flash_key; // file of BLOCK1's key
    const char *boot_key;  // file of BLOCK2's
    bool has_flash_key;    // somebody has the former
    bool has_boot_key;
    bool read_flash_key; // it is in no file yet: read it out, or zeros
    bool read_boot_key;
    bool new_flash_key; // BLOCK1 changes: no ciphertext fits any more
    bool new_boot_key;  // BLOCK2 changes: no digest does
    const char *stuck;  // why it cannot be done; NULL: so far it can
};

static const char no_encryptor[] =
    "The flash key is in the chip only, the chip's encryptor is locked "
    "(DISABLE_DL_ENCRYPT), and FLASH_CRYPT_CNT cannot be changed.";
static const char no_digest_maker[] =
    "The secure boot key is in the chip only: nobody can make the digest that "
    "the ROM asks for. Only a file that was made for this board before, "
    "bootloader-reflash-digest.bin, would do.";
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

static const char long_names[] =
    "The names of port and key files make a command too long: take shorter "
    "ones.";

static void line(struct pen *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void line(struct pen *p, const char *format, ...)
{
    va_list args;

    if (p->way->lines == FB_ADVICE_LINES) {
        return;
    }
    va_start(args, format);
    if (vsnprintf(p->way->line[p->way->lines++], FB_ADVICE_LINE, format,
                  args) >= (int)FB_ADVICE_LINE) {
        p->stuck = long_names;
    }
    va_end(args);
}

// A key that stands in the fuses for everybody to read, into a file; a blank
// block is a key of zeros.
static void read_key(struct pen *p, unsigned block, const char *file)
{
    const struct fb_efuse_words *fuses = &p->v->state->fuses;
    unsigned n =
        fb_efuse_get(fuses, FB_EFUSE_CODING_SCHEME) == FB_CODING_3_4 ? 24 : 32;

    if (block == 1 ? p->v->key_blank : p->v->digest_key_blank) {
        line(p, "head -c %u /dev/zero >%s", n, file);
        return;
    }
    line(p, "espefuse --port %s dump --format split --file_name block",
         p->port);
    line(p, "perl -0777 -pe '$_ = reverse substr $_, 0, %u' block%u >%s", n,
         block, file);
}

static const char *flash_key(struct pen *p)
{
    if (p->read_flash_key) {
        p->read_flash_key = false;
        p->flash_key = "flash_key.bin";
        read_key(p, 1, p->flash_key);
    }
    return p->flash_key;
}

static const char *boot_key(struct pen *p)
{
    if (p->read_boot_key) {
        p->read_boot_key = false;
        p->boot_key = "boot_key.bin";
        read_key(p, 2, p->boot_key);
    }
    return p->boot_key;
}

static void burn(struct pen *p, const char *what)
{
    line(p, "espefuse --port %s burn_efuse %s", p->port, what);
}

// A key that cannot be hidden any more is burned all the same.
static void burn_key(struct pen *p, const char *what, const char *file)
{
    line(p, "espefuse --port %s burn_key %s%s %s", p->port,
         frozen(p->v, FB_EFUSE_RD_DIS) ? "--no-protect-key " : "", what, file);
}

static void write_flash(struct pen *p, const char *option, uint32_t flash_off,
                        const char *file)
{
    line(p, "esptool --port %s write_flash %s%s0x%x %s.bin", p->port,
         p->v->secure_v1 || p->v->secure_v2 ? "--force " : "", option,
         (unsigned)flash_off, file);
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

// " --flash_crypt_conf 0x3", where it is not what tools take it for.
static const char *conf_option(unsigned config, char text[32])
{
    text[0] = '\0';
    if (config != FB_FLASH_CRYPT_CONFIG_DEFAULT) {
        (void)snprintf(text, 32, " --flash_crypt_conf 0x%x", config);
    }
    return text;
}

// FILE.bin, encrypted for where it goes when it has to be.
static void write_file(struct pen *p, const char *file, uint32_t flash_off)
{
    char encrypted[40], conf[32];

    if (!p->encrypted) {
        write_flash(p, "", flash_off, file);
    } else if (p->has_flash_key) {
        const char *key = flash_key(p);

        line(p,
             "espsecure encrypt_flash_data --keyfile %s --address 0x%x --pad "
             "ff%s --output %s_enc.bin %s.bin",
             key, (unsigned)flash_off, conf_option(p->config, conf), file,
             file);
        (void)snprintf(encrypted, sizeof encrypted, "%s_enc", file);
        write_flash(p, "", flash_off, encrypted);
    } else if (!p->v->key_blank &&
               fb_efuse_get(&p->v->state->fuses, FB_EFUSE_DISABLE_DL_ENCRYPT) ==
                   0) {
        write_flash(p, "--encrypt ", flash_off, file);
    } else {
        p->stuck = no_encryptor;
    }
}

// Bytes of a part that count: an image with all that belongs to it.
static uint32_t extent(const struct fb_board_view *v,
                       const struct fb_part *part)
{
    uint32_t n = part->image.len;

    if ((part->kind != FB_PART_APP && part->kind != FB_PART_BOOTLOADER) ||
        n == 0) {
        return SECTOR;
    }
    if (v->secure_v2) {
        return align_up32(n, FB_SIGNATURE_V2_SECTOR) + FB_SIGNATURE_V2_SECTOR;
    }
    return part->kind == FB_PART_APP
               ? align_up32(n + FB_SIGNATURE_V1_SIZE, SECTOR)
               : align_up32(n, FB_SECURE_BOOT_V1_BLOCK);
}

// The FLASH_CRYPT_CONFIG that what is there was made with.
static unsigned config_of(const struct fb_board_view *v)
{
    const struct fb_efuse_field *field =
        &fb_efuse_map[FB_EFUSE_FLASH_CRYPT_CONFIG];
    unsigned config =
        fb_efuse_get(&v->state->fuses, FB_EFUSE_FLASH_CRYPT_CONFIG);

    return (config == 0 && !v->encrypted) ||
                   !fb_board_state_knows(v->state, field)
               ? FB_FLASH_CRYPT_CONFIG_DEFAULT
               : config;
}

// Plaintext of a part into FILE.bin, n bytes: out of the flash when it can be
// had there.
static void get_file(struct pen *p, const struct fb_part *part, uint32_t n)
{
    const char *file = file_of(part);
    bool cipher =
        part->form == FB_FORM_CIPHER ||
        (part->form == FB_FORM_OTHER && part->made_for != part->flash_off);
    // A header, by chance, and nothing behind it.
    bool no_image =
        (part->kind == FB_PART_APP || part->kind == FB_PART_BOOTLOADER) &&
        part->image.len == 0;
    char conf[32];

    if ((!cipher && part->form != FB_FORM_PLAIN) ||
        (part->status != FB_OK && part->form != FB_FORM_OTHER) || no_image) {
        p->way->own_files = true;
        return;
    }
    line(p, "esptool --port %s read_flash 0x%x 0x%x %s%s.bin", p->port,
         (unsigned)part->flash_off, (unsigned)n, file, cipher ? "_raw" : "");
    if (cipher) {
        const char *key = flash_key(p);

        line(p,
             "espsecure decrypt_flash_data --keyfile %s --address 0x%x%s "
             "--output %s.bin %s_raw.bin",
             key, (unsigned)part->made_for, conf_option(config_of(p->v), conf),
             file, file);
    }
}

static void rewrite(struct pen *p, const struct fb_part *part)
{
    get_file(p, part, extent(p->v, part));
    write_file(p, file_of(part), part->flash_off);
}

// Does it stand there as the chip will want it?
static bool in_form(const struct pen *p, const struct fb_part *part)
{
    return part->form == (p->encrypted ? FB_FORM_CIPHER : FB_FORM_PLAIN) &&
           part->status == FB_OK &&
           !(p->encrypted &&
             (p->new_flash_key || p->config != config_of(p->v)));
}

static bool recognised(const struct fb_part *part)
{
    return (part->form == FB_FORM_CIPHER || part->form == FB_FORM_PLAIN) &&
           part->status == FB_OK;
}

static void sign_and_write(struct pen *p, const struct fb_part *part)
{
    p->way->own_files = true;
    line(p, "espsecure sign_data --version %u --keyfile SIGNING_KEY.pem %s.bin",
         p->v->secure_v2 ? 2u : 1u, file_of(part));
    write_file(p, file_of(part), part->flash_off);
}

// --- the bootloader, and what proves it ---

// The bytes are right for where they belong.
static void move_back(struct pen *p)
{
    line(p, "esptool --port %s read_flash 0x1000 0x7000 digest.bin", p->port);
    write_flash(p, "", 0, "digest");
}

// V1: with a key for it the digest is made anew. Without one it is moved along
// with its bootloader: one that fitted fits again.
static void rewrite_digested(struct pen *p)
{
    const struct fb_part *digest = &p->v->part[0];
    const struct fb_part *boot = &p->v->part[1];

    if (in_form(p, boot) && in_form(p, digest) && !p->new_boot_key &&
        (digest->proof == FB_OK || digest->proof == FB_E_KEY)) {
        return;
    }
    if (p->has_boot_key) {
        const char *key = boot_key(p);

        get_file(p, boot, boot->image.len); // what follows it is not covered
        line(p,
             "espsecure digest_secure_bootloader --keyfile %s --output "
             "digest.bin bootloader.bin",
             key);
        write_file(p, "digest", 0);
    } else if (recognised(boot) && recognised(digest) &&
               digest->proof == FB_E_KEY) {
        rewrite(p, digest);
        rewrite(p, boot);
    } else {
        p->stuck = no_digest_maker;
    }
}

static void rewrite_boot(struct pen *p)
{
    const struct fb_part *boot = &p->v->part[1];
    bool refused = p->v->secure_v2 && boot->status == FB_OK &&
                   boot->proof != FB_OK && boot->proof != FB_E_KEY;

    if (p->v->shifted && !p->new_boot_key) {
        move_back(p);
    } else if (p->v->secure_v1) {
        rewrite_digested(p);
    } else if (refused && !p->new_boot_key) {
        sign_and_write(p, boot);
    } else if (!in_form(p, boot)) {
        rewrite(p, boot);
    }
}

// --- the rest of what a boot needs ---

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
    } else if (proof_wanted(p->v, part) && part->status == FB_OK &&
               part->proof != FB_OK && part->proof != FB_E_KEY &&
               !(p->new_boot_key && part->proof == FB_E_BAD_DIGEST)) {
        sign_and_write(p, part);
    } else if (!in_form(p, part)) {
        rewrite(p, part);
    }
}

// V2: the digest of the key that signed the bootloader.
static bool signer(const struct fb_board_view *v, uint8_t digest[32])
{
    const struct fb_part *boot = &v->part[1];
    const uint8_t *image = v->plain + boot->flash_off;
    uint32_t n = align_up32(boot->image.len, FB_SIGNATURE_V2_SECTOR);
    unsigned block;

    if (!recognised(boot) || boot->proof == FB_E_BLANK ||
        fb_signature_v2_verify_sector(image, n, image + n, NULL, &block,
                                      NULL) != FB_OK) {
        return false;
    }
    fb_signature_v2_key_digest(image + n + block * FB_SIGNATURE_V2_BLOCK,
                               digest);
    return true;
}

// Is BLOCK2 a part of that digest: nothing, or what a burn left that was cut?
static bool part_of(const struct fb_board_view *v, const uint8_t digest[32])
{
    for (unsigned i = 0; i < 8; i++) {
        if ((v->state->fuses.word[2][i] & ~load32_le(digest + 4 * i)) != 0) {
            return false;
        }
    }
    return fb_board_state_knows_block(v->state, 2);
}

static bool block2_holds(const struct fb_board_view *v,
                         const uint8_t digest[32])
{
    for (unsigned i = 0; i < 8; i++) {
        if (v->state->fuses.word[2][i] != load32_le(digest + 4 * i)) {
            return false;
        }
    }
    return true;
}

static void burn_v2_digest(struct pen *p, const uint8_t digest[32])
{
    char octal[4 * 32 + 1];

    for (unsigned i = 0; i < 32; i++) {
        (void)snprintf(octal + 4 * i, 5, "\\%03o", digest[i]);
    }
    line(p, "printf '%s' >signer.bin", octal);
    line(p, "espefuse --port %s burn_key%s secure_boot_v2 signer.bin", p->port,
         p->v->digest_key_blank ? "" : " --force-write-always");
}

// V2. A given key is the one to be trusted; else the bootloader's signer; else
// whatever the user signs with.
static void burn_digest(struct pen *p)
{
    uint8_t digest[32];

    if (p->v->boot_key_given) {
        if (p->v->digest_key_blank) {
            burn_v2_digest(p, p->v->v2_digest);
        }
    } else if (signer(p->v, digest) && part_of(p->v, digest) &&
               !frozen(p->v, FB_EFUSE_BLOCK2)) {
        if (!block2_holds(p->v, digest)) {
            burn_v2_digest(p, digest);
            p->new_boot_key = true;
        }
    } else if (p->v->digest_key_blank) {
        p->way->own_files = true;
        line(p, "espefuse --port %s burn_key_digest SIGNING_KEY.pem", p->port);
    }
}

// V1: the key, or the 32 zero bytes that the ROM computes with.
static void burn_boot_key(struct pen *p)
{
    p->has_boot_key = true;
    p->read_boot_key = false;
    if (p->v->boot_key_given && !frozen(p->v, FB_EFUSE_BLOCK2)) {
        burn_key(p, "secure_boot_v1", p->boot_key);
        p->new_boot_key = true;
        return;
    }
    line(p, "head -c 32 /dev/zero >zero.bin");
    p->boot_key = "zero.bin";
}

// In the slot that is asked for, or in the first that there is.
static const struct fb_part *app_to_start(const struct fb_board_view *v)
{
    const struct fb_part *app = fb_board_view_app(v, fb_board_view_slot(v));

    for (unsigned slot = 0; app == NULL && slot < v->store.place.slots;
         slot++) {
        app = fb_board_view_app(v, slot);
    }
    return app;
}

// Everything that a boot needs, as the fuses will stand.
static void rewrite_all(struct pen *p)
{
    const struct fb_board_view *v = p->v;

    if (v->secure_v1 && v->digest_key_blank) {
        burn_boot_key(p);
    } else if (v->secure_v2) {
        burn_digest(p);
    }
    rewrite_boot(p);
    rewrite_part(p, &v->part[2]);
    if (v->table_ok) {
        rewrite_part(p, app_to_start(v));
    } else {
        p->way->own_files = true;
        write_file(p, "app", 0x10000);
    }
}

// --- ways ---

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

static const char *or_placeholder(const char *name, const char *placeholder)
{
    return name != NULL ? name : placeholder;
}

static struct pen new_way(const struct fb_board_view *v,
                          const struct fb_advice_names *names,
                          struct fb_advice *a, const char *title)
{
    struct pen p = {
        .v = v,
        .port = or_placeholder(names->port, "PORT"),
        .way = &a->way[a->ways],
        .encrypted = v->encrypted,
        .config = config_of(v),
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
static void end_way(struct fb_advice *a, const struct pen *p)
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
    struct pen p = new_way(v, names, a, title);

    rewrite_all(&p);
    end_way(a, &p);
}

// FLASH_CRYPT_CONFIG, where encryption comes on and nothing is burned there.
static void burn_config(struct pen *p)
{
    const struct fb_board_view *v = p->v;
    const struct fb_efuse_field *field =
        &fb_efuse_map[FB_EFUSE_FLASH_CRYPT_CONFIG];
    unsigned burned =
        fb_efuse_get(&v->state->fuses, FB_EFUSE_FLASH_CRYPT_CONFIG);

    p->config = burned;
    if (!fb_board_state_knows(v->state, field)) {
        p->config = FB_FLASH_CRYPT_CONFIG_DEFAULT;
    } else if (burned == 0 && !frozen(v, FB_EFUSE_FLASH_CRYPT_CONFIG)) {
        burn(p, "FLASH_CRYPT_CONFIG 0xf");
        p->config = FB_FLASH_CRYPT_CONFIG_DEFAULT;
    }
}

// The counter, and then what does not fit it.
static void way_toggle(const struct fb_board_view *v,
                       const struct fb_advice_names *names, struct fb_advice *a)
{
    struct pen p;

    if (!can_toggle(v) || (!v->encrypted && v->key_blank)) {
        return;
    }
    p = new_way(v, names, a,
                v->encrypted
                    ? "switch flash encryption off again (one cycle less)"
                : unread_ciphertext(v)
                    ? "switch flash encryption on, if what is there was "
                      "encrypted with the chip's key"
                    : "switch flash encryption on");
    if (!v->encrypted) {
        burn_config(&p);
    }
    // The last bit wants to be named.
    burn(&p, __builtin_popcount(
                 fb_efuse_get(&v->state->fuses, FB_EFUSE_FLASH_CRYPT_CNT)) == 6
                 ? "FLASH_CRYPT_CNT 0x7f"
                 : "FLASH_CRYPT_CNT");
    p.encrypted = !v->encrypted;
    if (!unread_ciphertext(v)) { // what nobody can read may be right
        rewrite_all(&p);
    }
    end_way(a, &p);
}

static void way_key(const struct fb_board_view *v,
                    const struct fb_advice_names *names, struct fb_advice *a)
{
    struct pen p;

    if (!v->flash_key_given || frozen(v, FB_EFUSE_BLOCK1)) {
        return;
    }
    p = new_way(v, names, a, "burn the key");
    burn_key(&p, "flash_encryption", p.flash_key);
    burn_config(&p);
    p.new_flash_key = true;
    p.read_flash_key = false;
    rewrite_all(&p);
    end_way(a, &p);
}

// The chip decrypts with the 32 zero bytes that are there.
static void way_zero_key(const struct fb_board_view *v,
                         const struct fb_advice_names *names,
                         struct fb_advice *a)
{
    struct pen p = new_way(v, names, a,
                           "encrypt with the key of zeros that BLOCK1 is: it "
                           "boots, and hides nothing");

    p.flash_key = "zero.bin";
    p.read_flash_key = false;
    line(&p, "head -c 32 /dev/zero >zero.bin");
    rewrite_all(&p);
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
    struct pen p;

    if (fb_vdd_sdio(&s->fuses, s->part.mtdi, 0).by != FB_VDD_SDIO_STRAP) {
        return;
    }
    p = new_way(v, names, a, "have GPIO12 at the other level at reset");
    line(&p, needs_1v8(v)
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
    struct pen p;

    if (!download_mode(v) || frozen(v, FB_EFUSE_XPD_SDIO_FORCE) ||
        (needs_1v8(v) && tieh)) {
        return;
    }
    p = new_way(v, names, a, "fix the flash's supply by eFuses, for ever");
    line(&p, "espefuse --port %s set_flash_voltage %s", p.port,
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
        if (unread_ciphertext(v)) { // what surely helps comes first
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

    if (digest_hidden(v)) {
        return no_digest_ever;
    }
    if (!download_mode(v)) {
        return fb_efuse_get(&v->state->fuses, FB_EFUSE_JTAG_DISABLE) != 0
                   ? no_download_mode
                   : only_jtag;
    }
    if (v->secure_v2 && signer(v, digest)) {
        fb_bytes_reverse(reversed, digest, sizeof digest);
        if (block2_holds(v, reversed)) {
            return digest_reversed;
        }
        if (part_of(v, digest) && !block2_holds(v, digest) &&
            frozen(v, FB_EFUSE_BLOCK2)) {
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
        advise_on_supply(v, names, a);
        return;
    }
    a->hopeless = beyond_help(v);
    if (a->hopeless == NULL) {
        find_ways(v, &words, a);
    }
    if (a->ways > 0) {
        a->hopeless = NULL;
    } else if (a->hopeless == NULL) {
        a->hopeless = no_encryptor;
    }
}
