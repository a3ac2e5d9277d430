// SPDX-License-Identifier: Apache-2.0

#include "lib/fb/advice_pen.h"

#include <stdarg.h>
#include <stdio.h>

#include "lib/fb/bytes.h"
#include "lib/fb/efuse_coding.h"
#include "lib/fb/flash.h"
#include "lib/fb/flash_encryption.h"
#include "lib/fb/secure_boot_v1.h"
#include "lib/fb/signature.h"
#include "lib/fb/signature_v2.h"

#define SECTOR FB_FLASH_SECTOR

const char fb_pen_no_encryptor[] =
    "The flash key is in the chip only, the chip's encryptor is locked "
    "(DISABLE_DL_ENCRYPT), and FLASH_CRYPT_CNT cannot be changed.";
static const char no_digest_maker[] =
    "The secure boot key is in the chip only: nobody can make the digest that "
    "the ROM asks for. Only a file that was made for this board before, "
    "bootloader-reflash-digest.bin, would do.";
static const char long_names[] =
    "The names of port and key files make a command too long: take shorter "
    "ones.";

void fb_pen_line(struct fb_pen *p, const char *format, ...)
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
static void read_key(struct fb_pen *p, unsigned block, const char *file)
{
    const struct fb_efuse_words *fuses = &p->v->state->fuses;
    unsigned n =
        fb_efuse_get(fuses, FB_EFUSE_CODING_SCHEME) == FB_CODING_3_4 ? 24 : 32;

    if (block == 1 ? p->v->key_blank : p->v->digest_key_blank) {
        fb_pen_line(p, "head -c %u /dev/zero >%s", n, file);
        return;
    }
    fb_pen_line(p, "espefuse --port %s dump --format split --file_name block",
                p->port);
    fb_pen_line(p, "perl -0777 -pe '$_ = reverse substr $_, 0, %u' block%u >%s",
                n, block, file);
}

static const char *flash_key(struct fb_pen *p)
{
    if (p->read_flash_key) {
        p->read_flash_key = false;
        p->flash_key = "flash_key.bin";
        read_key(p, 1, p->flash_key);
    }
    return p->flash_key;
}

static const char *boot_key(struct fb_pen *p)
{
    if (p->read_boot_key) {
        p->read_boot_key = false;
        p->boot_key = "boot_key.bin";
        read_key(p, 2, p->boot_key);
    }
    return p->boot_key;
}

void fb_pen_burn(struct fb_pen *p, const char *what)
{
    fb_pen_line(p, "espefuse --port %s burn_efuse %s", p->port, what);
}

// A key that cannot be hidden any more is burned all the same.
void fb_pen_burn_key(struct fb_pen *p, const char *what, const char *file)
{
    fb_pen_line(p, "espefuse --port %s burn_key %s%s %s", p->port,
                fb_board_frozen(p->v, FB_EFUSE_RD_DIS) ? "--no-protect-key "
                                                       : "",
                what, file);
}

static void write_flash(struct fb_pen *p, const char *option,
                        uint32_t flash_off, const char *file)
{
    fb_pen_line(p, "esptool --port %s write_flash %s%s0x%x %s.bin", p->port,
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
static void write_file(struct fb_pen *p, const char *file, uint32_t flash_off)
{
    char encrypted[40], conf[32];

    if (!p->encrypted) {
        write_flash(p, "", flash_off, file);
    } else if (p->has_flash_key) {
        const char *key = flash_key(p);

        fb_pen_line(
            p,
            "espsecure encrypt_flash_data --keyfile %s --address 0x%x --pad "
            "ff%s --output %s_enc.bin %s.bin",
            key, (unsigned)flash_off, conf_option(p->config, conf), file, file);
        (void)snprintf(encrypted, sizeof encrypted, "%s_enc", file);
        write_flash(p, "", flash_off, encrypted);
    } else if (!p->v->key_blank &&
               fb_efuse_get(&p->v->state->fuses, FB_EFUSE_DISABLE_DL_ENCRYPT) ==
                   0) {
        write_flash(p, "--encrypt ", flash_off, file);
    } else {
        p->stuck = fb_pen_no_encryptor;
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

unsigned fb_pen_config_of(const struct fb_board_view *v)
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
static void get_file(struct fb_pen *p, const struct fb_part *part, uint32_t n)
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
    fb_pen_line(p, "esptool --port %s read_flash 0x%x 0x%x %s%s.bin", p->port,
                (unsigned)part->flash_off, (unsigned)n, file,
                cipher ? "_raw" : "");
    if (cipher) {
        const char *key = flash_key(p);

        fb_pen_line(
            p,
            "espsecure decrypt_flash_data --keyfile %s --address 0x%x%s "
            "--output %s.bin %s_raw.bin",
            key, (unsigned)part->made_for,
            conf_option(fb_pen_config_of(p->v), conf), file, file);
    }
}

static void rewrite(struct fb_pen *p, const struct fb_part *part)
{
    get_file(p, part, extent(p->v, part));
    write_file(p, file_of(part), part->flash_off);
}

// Does it stand there as the chip will want it?
static bool in_form(const struct fb_pen *p, const struct fb_part *part)
{
    return part->form == (p->encrypted ? FB_FORM_CIPHER : FB_FORM_PLAIN) &&
           part->status == FB_OK &&
           !(p->encrypted &&
             (p->new_flash_key || p->config != fb_pen_config_of(p->v)));
}

static void sign_and_write(struct fb_pen *p, const struct fb_part *part)
{
    p->way->own_files = true;
    fb_pen_line(
        p, "espsecure sign_data --version %u --keyfile SIGNING_KEY.pem %s.bin",
        p->v->secure_v2 ? 2u : 1u, file_of(part));
    write_file(p, file_of(part), part->flash_off);
}

// --- the bootloader, and what proves it ---

// The bytes are right for where they belong.
static void move_back(struct fb_pen *p)
{
    fb_pen_line(p, "esptool --port %s read_flash 0x1000 0x7000 digest.bin",
                p->port);
    write_flash(p, "", 0, "digest");
}

// V1: with a key for it the digest is made anew. Without one it is moved along
// with its bootloader: one that fitted fits again.
static void rewrite_digested(struct fb_pen *p)
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
        fb_pen_line(p,
                    "espsecure digest_secure_bootloader --keyfile %s --output "
                    "digest.bin bootloader.bin",
                    key);
        write_file(p, "digest", 0);
    } else if (fb_part_recognised(boot) && fb_part_recognised(digest) &&
               digest->proof == FB_E_KEY) {
        rewrite(p, digest);
        rewrite(p, boot);
    } else {
        p->stuck = no_digest_maker;
    }
}

static void rewrite_boot(struct fb_pen *p)
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

static void rewrite_part(struct fb_pen *p, const struct fb_part *part)
{
    if (part == NULL) {
        fb_pen_line(p, "# write a partition table that has an application: "
                       "partitions.bin");
    } else if (proof_wanted(p->v, part) && part->status == FB_OK &&
               part->proof != FB_OK && part->proof != FB_E_KEY &&
               !(p->new_boot_key && part->proof == FB_E_BAD_DIGEST)) {
        sign_and_write(p, part);
    } else if (!in_form(p, part)) {
        rewrite(p, part);
    }
}

static void burn_v2_digest(struct fb_pen *p, const uint8_t digest[32])
{
    char octal[4 * 32 + 1];

    for (unsigned i = 0; i < 32; i++) {
        (void)snprintf(octal + 4 * i, 5, "\\%03o", digest[i]);
    }
    fb_pen_line(p, "printf '%s' >signer.bin", octal);
    fb_pen_line(p, "espefuse --port %s burn_key%s secure_boot_v2 signer.bin",
                p->port, p->v->digest_key_blank ? "" : " --force-write-always");
}

// V2. A given key is the one to be trusted; else the bootloader's signer; else
// whatever the user signs with.
static void burn_digest(struct fb_pen *p)
{
    uint8_t digest[32];

    if (p->v->boot_key_given) {
        if (p->v->digest_key_blank) {
            burn_v2_digest(p, p->v->v2_digest);
        }
    } else if (fb_board_v2_signer(p->v, digest) &&
               fb_board_block2_may_become(p->v, digest) &&
               !fb_board_frozen(p->v, FB_EFUSE_BLOCK2)) {
        if (!fb_board_block2_holds(p->v, digest)) {
            burn_v2_digest(p, digest);
            p->new_boot_key = true;
        }
    } else if (p->v->digest_key_blank) {
        p->way->own_files = true;
        fb_pen_line(p, "espefuse --port %s burn_key_digest SIGNING_KEY.pem",
                    p->port);
    }
}

// V1: the key, or the 32 zero bytes that the ROM computes with.
static void burn_boot_key(struct fb_pen *p)
{
    p->has_boot_key = true;
    p->read_boot_key = false;
    if (p->v->boot_key_given && !fb_board_frozen(p->v, FB_EFUSE_BLOCK2)) {
        fb_pen_burn_key(p, "secure_boot_v1", p->boot_key);
        p->new_boot_key = true;
        return;
    }
    fb_pen_line(p, "head -c 32 /dev/zero >zero.bin");
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

void fb_pen_rewrite_all(struct fb_pen *p)
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
