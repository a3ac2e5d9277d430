// SPDX-License-Identifier: Apache-2.0

#include "chip/debug/why.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "chip/debug/why_report.h"
#include "lib/fb/bytes.h"
#include "lib/fb/image.h"
#include "lib/fb/secure_boot_v1.h"

#define COMPLAINTS 8u

void why_line(struct why_report *r, const char *format, ...)
{
    char text[300];
    va_list args;

    if (r->muted) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    r->say(r->ctx, text);
}

const char *why_hex(char out[96], const uint8_t *p, size_t n)
{
    assert(n <= 32);
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(out + 3 * i, 3, "%02x", p[i]);
        out[3 * i + 2] = ' ';
    }
    out[n > 0 ? 3 * n - 1 : 0] = '\0';
    return out;
}

// --- the flash as the chip reads it when it boots ---

void why_read(const struct why_report *r, uint32_t flash_off, uint8_t *out,
              size_t n)
{
    uint32_t first = flash_off & ~31u;
    uint8_t row[32];

    for (uint32_t at = first; at < flash_off + n; at += sizeof row) {
        const uint8_t *p = r->why->flash + (at & (r->why->flash_size - 1));

        memcpy(row, p, sizeof row);
        if (r->decrypts) {
            fb_flash_decrypt(&r->decryptor, at, row, row, sizeof row);
        }
        for (uint32_t i = 0; i < sizeof row; i++) {
            if (at + i >= flash_off && at + i < flash_off + n) {
                out[at + i - flash_off] = row[i];
            }
        }
    }
}

// --- what is there instead ---

void why_say_encryption(struct why_report *r)
{
    why_line(r, "  flash encryption is %s: FLASH_CRYPT_CNT is 0x%02" PRIx32,
             r->decrypts ? "on" : "off",
             fb_efuse_get(r->why->fuses, FB_EFUSE_FLASH_CRYPT_CNT));
    if (r->decrypts && fb_efuse_block_blank(r->why->fuses, 1)) {
        why_line(r,
                 "  BLOCK1 is empty: no flash encryption key was burned, and "
                 "the chip decrypts with zeros");
    }
    if (r->decrypts && r->config != FB_FLASH_CRYPT_CONFIG_DEFAULT) {
        why_line(r, "  FLASH_CRYPT_CONFIG is 0x%x, and tools encrypt for 0x%x",
                 r->config, FB_FLASH_CRYPT_CONFIG_DEFAULT);
    }
}

static void say_encrypted(struct why_report *r,
                          const struct fb_flash_content *c)
{
    const char *kind = fb_content_name(c->kind);

    if (!r->decrypts) {
        why_line(
            r,
            "  it looks like ciphertext: %s under BLOCK1's key for 0x%" PRIx32
            ", but the chip does not decrypt",
            kind, c->made_for);
    } else if (c->twice) {
        why_line(r, "  it looks like %s encrypted twice", kind);
    } else if (c->made_for != c->at) {
        why_line(r,
                 "  it looks like %s encrypted for 0x%" PRIx32
                 ", but it lies at 0x%" PRIx32,
                 kind, c->made_for, c->at);
    } else if (c->config != r->config) {
        why_line(
            r,
            "  it looks like %s encrypted with FLASH_CRYPT_CONFIG 0x%x, but "
            "the fuses say 0x%x",
            kind, c->config, r->config);
    } else {
        why_line(r, "  it is %s, encrypted as the chip expects", kind);
    }
}

void why_say_content(struct why_report *r, uint32_t flash_off, uint32_t size)
{
    struct fb_flash_content c;

    fb_flash_classify(&r->view, flash_off, size, &c);
    switch (c.state) {
    case FB_FLASH_UNREAD:
        break;
    case FB_FLASH_ERASED:
        why_line(r, "  the flash is erased there");
        break;
    case FB_FLASH_PLAIN:
        why_line(r,
                 r->decrypts ? "  it looks like plaintext under encryption: %s"
                             : "  it is %s, readable",
                 fb_content_name(c.kind));
        break;
    case FB_FLASH_ENCRYPTED:
        say_encrypted(r, &c);
        break;
    case FB_FLASH_DATA:
        why_line(r, "  it is data of no known format, and not ciphertext");
        break;
    case FB_FLASH_OPAQUE:
        why_line(r, r->decrypts
                        ? "  it looks like ciphertext of another key than "
                          "BLOCK1's"
                        : "  it looks like ciphertext, of a key that is not in "
                          "BLOCK1");
        break;
    }
}

// What the chip finds at flash_off, where it wants `want` first.
void why_say_bytes(struct why_report *r, uint32_t flash_off, uint8_t want)
{
    uint8_t seen[8];
    char raw[96], read[96];

    why_read(r, flash_off, seen, sizeof seen);
    (void)why_hex(raw, r->why->flash + flash_off, sizeof seen);
    (void)why_hex(read, seen, sizeof seen);
    if (r->decrypts) {
        why_line(r,
                 "  at 0x%" PRIx32
                 " the flash holds %s, which the chip reads as %s",
                 flash_off, raw, read);
    } else {
        why_line(r, "  at 0x%" PRIx32 " the flash holds %s", flash_off, raw);
    }
    why_line(r, "  expected %02x first, got %02x", want, seen[0]);
}

// --- the ROM's checks ---

static void why_header(struct why_report *r)
{
    uint8_t head[FB_IMAGE_HEADER_SIZE];

    why_line(r, "the ROM found no bootloader at 0x%x", WHY_BOOTLOADER);
    why_say_bytes(r, WHY_BOOTLOADER, FB_IMAGE_MAGIC);
    why_read(r, WHY_BOOTLOADER, head, sizeof head);
    if (head[0] == FB_IMAGE_MAGIC) {
        why_line(
            r,
            "  %u segments (at most 32), flash mode %u (at most 5), chip id "
            "0x%04x (0 for an ESP32)",
            head[1], head[2], load16_le(head + 12));
    }
    why_say_encryption(r);
    why_say_content(r, WHY_BOOTLOADER, WHY_TABLE - WHY_BOOTLOADER);
}

static void why_checksum(struct why_report *r)
{
    uint8_t image[WHY_TABLE - WHY_BOOTLOADER];
    struct fb_image parsed;
    struct fb_fault fault;

    why_line(r, "the ROM read the bootloader, but its checksum is wrong");
    why_read(r, WHY_BOOTLOADER, image, sizeof image);
    if (fb_image_parse(image, sizeof image, &parsed, &fault) != FB_OK) {
        why_line(r, "  the image is damaged at 0x%" PRIx32,
                 WHY_BOOTLOADER + fault.offset);
    } else {
        why_line(r,
                 "  the byte at 0x%" PRIx32 " is %02x; the segments give %02x",
                 WHY_BOOTLOADER + parsed.checksum_off, parsed.checksum,
                 fb_image_checksum(image, &parsed));
    }
    why_say_encryption(r);
}

static void v1_digest(struct why_report *r, const struct fb_image *parsed,
                      const uint8_t *image, uint8_t digest[64],
                      uint32_t *covered)
{
    bool hash = parsed->header.hash_appended;
    uint8_t key[32], iv[FB_SECURE_BOOT_V1_BLOCK];
    size_t n = fb_efuse_key(r->why->fuses, 2, key);

    *covered = fb_secure_boot_v1_covered(parsed->len, hash);
    why_read(r, FB_SECURE_BOOT_V1_IV_OFF, iv, sizeof iv);
    (void)fb_secure_boot_v1_digest(key, n, iv, image, *covered, digest);
    fb_bytes_wipe(key, sizeof key);
}

static void why_digest(struct why_report *r)
{
    uint8_t image[WHY_TABLE - WHY_BOOTLOADER];
    uint8_t stored[64], computed[64];
    struct fb_image parsed;
    char text[96];
    uint32_t covered;

    why_line(r,
             "Secure Boot V1: the bootloader's digest is not the one stored");
    why_read(r, WHY_BOOTLOADER, image, sizeof image);
    why_read(r, FB_SECURE_BOOT_V1_DIGEST_OFF, stored, sizeof stored);
    why_line(r, "  stored at 0x%x:     %s ...", FB_SECURE_BOOT_V1_DIGEST_OFF,
             why_hex(text, stored, 16));
    if (fb_image_parse(image, sizeof image, &parsed, NULL) == FB_OK) {
        v1_digest(r, &parsed, image, computed, &covered);
        why_line(r, "  computed with BLOCK2: %s ...",
                 why_hex(text, computed, 16));
        why_line(r,
                 "  over the IV at 0x0 and %" PRIu32 " bytes from 0x%x, as the "
                 "chip reads them",
                 covered, WHY_BOOTLOADER);
    }
    if (fb_bytes_all(r->why->flash + FB_SECURE_BOOT_V1_DIGEST_OFF, 64, 0xFF)) {
        why_line(r, "  no digest was ever written: the flash is erased there");
    } else {
        why_say_content(r, 0, WHY_BOOTLOADER);
    }
    if (fb_efuse_block_blank(r->why->fuses, 2)) {
        why_line(r, "  BLOCK2 is empty: no secure boot key was burned");
    }
    why_say_encryption(r);
}

// --- behind the ROM ---

// The end of that boot: the ROM's next banner.
static const char *boot_end(const struct why_report *r)
{
    // Also behind a prompt.
    const char *next =
        r->boot[0] == '\0' ? NULL : strstr(r->boot + 1, "ets Ju");

    return next != NULL ? next : r->boot + strlen(r->boot);
}

// Where the last line before `end` that says anything begins; *end is moved to
// its end.
static const char *line_before(const struct why_report *r, const char **end)
{
    const char *from;

    while (*end > r->boot && (unsigned char)(*end)[-1] <= ' ') {
        (*end)--;
    }
    for (from = *end; from > r->boot && from[-1] != '\n'; from--) {
    }
    return from;
}

static void say_last_line(struct why_report *r)
{
    const char *end = boot_end(r);
    const char *from = line_before(r, &end);

    if (end > from) {
        why_line(r, "  it said last: %.*s", (int)(end - from), from);
    }
}

static bool line_holds(const char *from, const char *end, const char *word)
{
    const char *at = strstr(from, word);

    return at != NULL && at + strlen(word) <= end;
}

// Words that bootloaders and applications complain with.
static bool complains(const char *from, const char *end)
{
    static const char *const words[] = {
        "refused",  "ailed",     "orrupt",        "rror",    "nvalid",
        "Guru Med", "abort() w", "assert failed", "xception"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (line_holds(from, end, words[i])) {
            return true;
        }
    }
    return end - from > 3 && strncmp(from, "E (", 3) == 0; // ESP-IDF's errors
}

// What it complained about itself, besides its last line.
static void say_complaints(struct why_report *r)
{
    const char *from = strstr(r->boot, "entry 0x");
    const char *end = boot_end(r);
    const char *last = line_before(r, &end);
    unsigned said = 0;

    for (; from != NULL && from < last && said < COMPLAINTS;
         from += strcspn(from, "\n") + 1) {
        const char *to = from + strcspn(from, "\r\n");

        if (complains(from, to)) {
            why_line(r, "  it said: %.*s", (int)(to - from), from);
            said++;
        }
    }
}

static void say_resets(struct why_report *r)
{
    const char *at = strstr(r->why->console, "rst:0x"), *last = at;
    unsigned n = 0;

    for (; at != NULL; at = strstr(at + 1, "rst:0x")) {
        last = at;
        n++;
    }
    if (n > 1) {
        why_line(r, "  it was reset %u times, the last time by %.*s", n - 1,
                 (int)strcspn(last, ",\r\n"), last);
    }
}

// The ROM says nothing of a segment that goes nowhere.
static void say_segments(struct why_report *r)
{
    uint8_t image[WHY_TABLE - WHY_BOOTLOADER];
    struct fb_image parsed;

    why_read(r, WHY_BOOTLOADER, image, sizeof image);
    if (fb_image_parse(image, sizeof image, &parsed, NULL) != FB_OK) {
        return;
    }
    for (unsigned i = 0; i < parsed.header.segments; i++) {
        const struct fb_image_segment *s = &parsed.segment[i];

        if (fb_image_segment_kind(s->vaddr, s->len) == FB_SEGMENT_BAD) {
            why_line(r,
                     "  segment %u of the bootloader goes to 0x%08" PRIx32
                     ", %" PRIu32 " bytes: there is no memory",
                     i, s->vaddr, s->len);
        }
    }
}

// What is written but not as the chip can read it, or damaged.
static void say_unreadable(struct why_report *r)
{
    static struct fb_flash_region region[FB_FLASH_REGIONS];
    struct fb_partition_table table;
    size_t n = fb_flash_map(&r->view, &table, region);

    for (size_t i = 0; i < n; i++) {
        const struct fb_flash_region *g = &region[i];
        bool on = r->decrypts && g->encrypted;

        // The ROM and why_boot() have looked at the rest.
        if (g->part < 0 || table.part[g->part].type == FB_PARTITION_APP ||
            g->content.state == FB_FLASH_ERASED ||
            g->content.state == FB_FLASH_DATA ||
            fb_flash_readable(g, on, 0, r->config)) {
            continue;
        }
        why_line(r, "partition %s at 0x%" PRIx32 " cannot be read",
                 table.part[g->part].label, g->flash_off);
        why_say_content(r, g->flash_off, g->size);
    }
}

// How far it came, in a sentence.
static void say_outcome(struct why_report *r)
{
    enum fb_condition condition;

    if (strstr(r->boot, "entry 0x") == NULL) {
        why_line(r, "the ROM has not come to an end");
        say_segments(r);
        return;
    }
    r->muted = true;
    condition = why_boot(r);
    r->muted = false;
    if (condition == FB_BOARD_BOOTS) {
        why_line(r, "the bootloader finds an application that it can start");
    } else {
        why_condition(r, condition);
    }
}

static void why_later(struct why_report *r)
{
    say_outcome(r);
    say_complaints(r);
    say_last_line(r);
    say_resets(r);
    why_say_encryption(r);
    (void)why_boot(r);
    say_unreadable(r);
}

static void why_download(struct why_report *r)
{
    why_line(r,
             "the straps chose the download mode: GPIO0 was low at the reset");
    say_last_line(r);
    why_line(r, "  release GPIO0 and reset the board");
    r->advised = true;
}

static void why_no_download(struct why_report *r)
{
    why_line(r, "the straps chose the download mode, which UART_DOWNLOAD_DIS "
                "forbids");
    why_line(r, "  release GPIO0 and reset the board");
    r->advised = true;
}

static void why_sdio(struct why_report *r)
{
    why_line(r,
             "the straps chose a boot over SDIO: GPIO0 and GPIO5 were low at "
             "the reset");
    r->advised = true;
}

static void why_supply(struct why_report *r)
{
    why_line(r, "the flash does not answer: every byte of it reads as ff");
    why_line(r, "  %s", r->why->flash_trouble);
    say_last_line(r);
    r->advised = true;
}

// What the ROMs say, in the order of their checks.
static const struct {
    const char *text;
    void (*explain)(struct why_report *r);
} verdicts[] = {
    {"Download mode is disabled", why_no_download},
    {"waiting for download", why_download},
    {"flash read err", why_header},
    {"invalid header", why_header},
    {"wrong chip id", why_header},
    {"csum err", why_checksum},
    {"ecure boot check fail", why_digest},
    {"secure boot verification failed", why_v2_signature},
    {"Bootloader is too large", why_v2_size},
    {"Invalid image block", why_v2_segment},
    {"ets_secure_boot_v2.c", why_v2_size},
    {"waiting for sdio", why_sdio},
};

typedef void explain_fn(struct why_report *r);

// NULL: none of the ROM's refusals.
static explain_fn *verdict_of(const char *boot)
{
    for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++) {
        if (strstr(boot, verdicts[i].text) != NULL) {
            return verdicts[i].explain;
        }
    }
    return NULL;
}

// Where the last boot begins that came to anything: a line "rst:0x...", or the
// text itself.
static const char *last_boot(const char *console)
{
    const char *at = console, *told = console;

    for (;;) {
        if (verdict_of(at) != NULL || strstr(at, "entry 0x") != NULL) {
            told = at;
        }
        at = *at == '\0' ? NULL : strstr(at + 1, "rst:0x");
        if (at == NULL) {
            return told;
        }
    }
}

static void set_up(struct why_report *r)
{
    const struct why *w = r->why;

    r->decrypts = fb_efuse_flash_encryption_on(w->fuses);
    r->key_len = fb_efuse_key(w->fuses, 1, r->key);
    r->config = fb_efuse_get(w->fuses, FB_EFUSE_FLASH_CRYPT_CONFIG);
    fb_flash_encryption_key_init(&r->decryptor, r->key, r->key_len, r->config);
    r->key_file = (struct fb_flash_key){r->key, r->key_len};
    r->view = (struct fb_flash_view){.flash = w->flash,
                                     .size = w->flash_size,
                                     .key = &r->key_file,
                                     .keys = 1,
                                     .config = r->config,
                                     .scratch = w->scratch};
}

void why_explain(const struct why *why,
                 void (*say)(void *ctx, const char *line), void *ctx)
{
    struct why_report r = {.why = why, .say = say, .ctx = ctx};
    explain_fn *explain;

    assert(why->flash_size >= 0x10000);
    set_up(&r);
    r.boot = last_boot(why->console);
    explain = verdict_of(r.boot);
    if (explain == NULL) {
        explain = why_later;
    }
    if (why->flash_trouble != NULL && why->flash_trouble[0] != '\0') {
        explain = why_supply;
    }
    explain(&r);
    if (why->advise && !r.advised) {
        why_advise(&r);
    }
    fb_bytes_wipe(&r.key, sizeof r.key);
    fb_bytes_wipe(&r.decryptor, sizeof r.decryptor);
    fb_bytes_wipe(why->scratch, why->flash_size);
}
