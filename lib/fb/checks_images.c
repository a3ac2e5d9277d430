// SPDX-License-Identifier: Apache-2.0
//
// Checks of what stands in flash: P11 to P18, P25.

#include <string.h>

#include "lib/fb/bytes.h"
#include "lib/fb/checks_facts.h"
#include "lib/fb/content.h"
#include "lib/fb/efuse_coding.h"
#include "lib/fb/secure_boot_v1.h"
#include "lib/fb/signature_v2.h"

#define V2_BOOTLOADER_MAX 0xC000u // the ROM's staging area

static bool concerned(const struct fb_board_view *v, const struct fb_part *p)
{
    return p->kind != FB_PART_DIGEST || v->secure_v1;
}

static bool is_plain(const struct fb_step *s)
{
    return fb_content_of_file(s->data, s->len) != FB_CONTENT_UNKNOWN;
}

// --- P11 ---

// A slot that holds no image is no mistake while another one starts.
static bool spare_slot(const struct fb_board_view *v, const struct fb_part *p)
{
    return p->kind == FB_PART_APP &&
           p != fb_board_view_app(v, fb_board_view_slot(v)) &&
           (p->form == FB_FORM_BLANK || p->form == FB_FORM_OTHER);
}

// 1: as it must be, 0: not, -1: not known.
static int region(const struct fb_board_view *v, const struct fb_part *p)
{
    bool boots = p->kind == FB_PART_BOOTLOADER || p->kind == FB_PART_TABLE ||
                 p->kind == FB_PART_DIGEST;

    if (p->form == FB_FORM_UNKNOWN) {
        return v->encrypted ? -1 : 1;
    }
    if (spare_slot(v, p) ||
        (p->form == FB_FORM_BLANK && !boots && p->kind != FB_PART_APP)) {
        return 1;
    }
    if (p->kind == FB_PART_OTADATA && p->form == FB_FORM_OTHER) {
        return 1; // noise counts as none: the first slot starts
    }
    if (p->kind == FB_PART_DATA || p->kind == FB_PART_NVS_KEYS) {
        // Without encryption its form says nothing.
        return !v->encrypted || p->form == FB_FORM_CIPHER;
    }
    return p->form == (v->encrypted ? FB_FORM_CIPHER : FB_FORM_PLAIN);
}

void fb_check_regions(const struct fb_check_facts *f,
                      struct fb_check_result *out)
{
    const struct fb_board_view *v = &f->after;
    unsigned fine = 0;

    if (!fb_check_counter_known(f, out)) {
        return;
    }
    for (unsigned i = 0; i < v->parts; i++) {
        const struct fb_part *p = &v->part[i];
        int verdict = concerned(v, p) ? region(v, p) : 1;

        if (verdict == 0 && (v->encrypted || p->form == FB_FORM_CIPHER)) {
            fb_check_say(out, FB_CHECK_FAIL, fb_check_none(f),
                         "%s at 0x%x is %s, and flash encryption is %s",
                         p->label, (unsigned)p->flash_off,
                         fb_part_form_name(p->form),
                         v->encrypted ? "on" : "off");
            return;
        }
        if (verdict < 0 && out->verdict != FB_CHECK_UNKNOWN) {
            fb_check_say(out, FB_CHECK_UNKNOWN, fb_check_none(f),
                         "%s at 0x%x is not known, or no key to read it with",
                         p->label, (unsigned)p->flash_off);
        }
        fine += verdict == 1 && p->form == FB_FORM_CIPHER;
    }
    if (v->encrypted && out->verdict != FB_CHECK_UNKNOWN) {
        fb_check_say(out, FB_CHECK_PASS, fb_check_none(f),
                     "%u parts, all ciphertext for this key", fine);
    }
}

// --- P12 ---

// A file that goes elsewhere than it was encrypted for.
static size_t misplaced(const struct fb_check_facts *f, uint32_t *found)
{
    for (size_t i = 0; i < fb_check_none(f); i++) {
        const struct fb_step *s = &f->in->plan->step[i];

        if (s->kind == FB_STEP_WRITE && !s->encrypt && !is_plain(s) &&
            fb_board_encrypted_for(f->in->scratch, &f->keys, s->data, s->len,
                                   s->flash_off, found) &&
            *found != s->flash_off) {
            return i;
        }
    }
    return fb_check_none(f);
}

void fb_check_addresses(const struct fb_check_facts *f,
                        struct fb_check_result *out)
{
    const struct fb_board_view *v = &f->after;
    uint32_t found = 0;
    size_t step = misplaced(f, &found);
    bool cipher = false;
    bool unknown = false;

    if (step != fb_check_none(f)) {
        fb_check_say(out, FB_CHECK_FAIL, step,
                     "%s was encrypted for 0x%x and goes to 0x%x",
                     f->in->plan->step[step].label, (unsigned)found,
                     (unsigned)f->in->plan->step[step].flash_off);
        return;
    }
    for (unsigned i = 0; i < v->parts; i++) {
        const struct fb_part *p = &v->part[i];

        if (p->made_for != p->flash_off) {
            fb_check_say(out, FB_CHECK_FAIL, step,
                         "%s at 0x%x was encrypted for 0x%x", p->label,
                         (unsigned)p->flash_off, (unsigned)p->made_for);
            return;
        }
        if (p->kind == FB_PART_APP && p->status == FB_E_ALIGN) {
            fb_check_say(out, FB_CHECK_FAIL, step,
                         "%s at 0x%x was linked for another place", p->label,
                         (unsigned)p->flash_off);
            return;
        }
        cipher |= p->form == FB_FORM_CIPHER;
        unknown |= v->encrypted && p->form == FB_FORM_UNKNOWN;
    }
    if (unknown) {
        fb_check_say(out, FB_CHECK_UNKNOWN, step,
                     "some of the flash is not known, or no key to read it");
    } else if (cipher) {
        fb_check_say(out, FB_CHECK_PASS, step,
                     "all ciphertext decrypts where it stands");
    }
}

// --- P13 ---

static size_t app_write(const struct fb_check_facts *f, size_t from,
                        const struct fb_part **slot)
{
    const struct fb_board_view *v = &f->before;

    for (size_t i = from; i < fb_check_none(f); i++) {
        const struct fb_step *s = &f->in->plan->step[i];

        for (unsigned k = 3; s->kind == FB_STEP_WRITE && k < v->parts; k++) {
            if (v->part[k].kind == FB_PART_APP &&
                v->part[k].flash_off == s->flash_off) {
                *slot = &v->part[k];
                return i;
            }
        }
    }
    return fb_check_none(f);
}

void fb_check_ota(const struct fb_check_facts *f, struct fb_check_result *out)
{
    const struct fb_part *slot = NULL;
    size_t none = fb_check_none(f);
    size_t step = app_write(f, 0, &slot);
    uint32_t found = 0;

    if (!f->before.encrypted && !f->in->ota) {
        return;
    }
    for (; step != none; step = app_write(f, step + 1, &slot)) {
        const struct fb_step *s = &f->in->plan->step[step];
        bool cipher = !is_plain(s);

        if (s->encrypt && cipher) {
            fb_check_say(out, FB_CHECK_FAIL, step,
                         "%s is ciphertext and would be encrypted again",
                         s->label);
            return;
        }
        if (cipher &&
            fb_board_encrypted_for(f->in->before, &f->keys, s->data, s->len,
                                   s->flash_off, &found) &&
            found != s->flash_off) {
            fb_check_say(out, FB_CHECK_FAIL, step,
                         "%s was encrypted for the slot at 0x%x, not 0x%x",
                         s->label, (unsigned)found, (unsigned)s->flash_off);
            return;
        }
        if (f->in->ota && !f->before.store_known) {
            fb_check_say(out, FB_CHECK_UNKNOWN, step,
                         "otadata at 0x%x is not known: 0x%x may be the slot "
                         "that runs",
                         (unsigned)f->before.store.place.off,
                         (unsigned)s->flash_off);
            return;
        }
        if (f->in->ota &&
            slot == fb_board_view_app(&f->before,
                                      fb_board_view_running(&f->before))) {
            fb_check_say(out, FB_CHECK_FAIL, step, "0x%x is the slot that runs",
                         (unsigned)s->flash_off);
            return;
        }
        fb_check_say(out, FB_CHECK_PASS, step, "slot 0x%x, written %s",
                     (unsigned)s->flash_off,
                     s->encrypt ? "through the encryptor" : "raw");
    }
}

// --- P14 ---

void fb_check_plaintext(const struct fb_check_facts *f,
                        struct fb_check_result *out)
{
    size_t none = fb_check_none(f);
    size_t locked = fb_check_before(f, FB_EFUSE_DISABLE_DL_ENCRYPT) != 0
                        ? 0
                        : fb_check_burn(f, FB_EFUSE_DISABLE_DL_ENCRYPT, 1, 0);
    bool any = false;

    if (!fb_check_counter_known(f, out)) {
        return;
    }
    if (!f->after.encrypted) {
        return;
    }
    for (size_t i = 0; i < none; i++) {
        const struct fb_step *s = &f->in->plan->step[i];

        if (s->kind != FB_STEP_WRITE) {
            continue;
        }
        any = true;
        if (!s->encrypt && is_plain(s)) {
            fb_check_say(out, FB_CHECK_FAIL, i,
                         "%s is plaintext, goes to 0x%x, and "
                         "FLASH_CRYPT_CNT is 0x%02x",
                         s->label, (unsigned)s->flash_off,
                         (unsigned)fb_check_after(f, FB_EFUSE_FLASH_CRYPT_CNT));
            return;
        }
        if (s->encrypt && i >= locked) {
            fb_check_say(out, FB_CHECK_FAIL, i,
                         "%s relies on the chip's encryptor, and "
                         "DISABLE_DL_ENCRYPT is burned",
                         s->label);
            return;
        }
    }
    if (f->after.part[1].form == FB_FORM_PLAIN) {
        fb_check_say(out, FB_CHECK_FAIL, none,
                     "the bootloader in flash is plaintext, and "
                     "FLASH_CRYPT_CNT is 0x%02x",
                     (unsigned)fb_check_after(f, FB_EFUSE_FLASH_CRYPT_CNT));
    } else if (any) {
        fb_check_say(out, FB_CHECK_PASS, none, "no write of plaintext");
    }
}

// --- P15 ---

static bool holds(const uint8_t *p, size_t n, const uint8_t *what, size_t len)
{
    for (size_t i = 0; i + len <= n; i++) {
        if (p[i] == what[0] && memcmp(p + i, what, len) == 0) {
            return true;
        }
    }
    return false;
}

// The public key that bootloader V1 was built with is the one given.
static bool carries_key(const struct fb_check_facts *f)
{
    const struct fb_part *boot = &f->after.part[1];

    return holds(f->after.plain + boot->flash_off, boot->image.len,
                 f->keys.signing_pub, 64);
}

static bool proven(const struct fb_check_facts *f, struct fb_check_result *out,
                   const struct fb_part *p)
{
    if (p->status == FB_OK && p->proof == FB_OK) {
        return true;
    }
    if (p->form == FB_FORM_UNKNOWN) {
        fb_check_say(out, FB_CHECK_UNKNOWN, fb_check_none(f),
                     "%s at 0x%x is not known, or no key to read it with",
                     p->label, (unsigned)p->flash_off);
    } else if (p->status == FB_OK && p->proof == FB_E_KEY) {
        fb_check_say(out, FB_CHECK_UNKNOWN, fb_check_none(f),
                     "no public key given to verify %s with", p->label);
    } else {
        fb_check_say(out, FB_CHECK_FAIL, fb_check_none(f), "%s at 0x%x: %s",
                     p->label, (unsigned)p->flash_off,
                     fb_status_text(p->status != FB_OK ? p->status : p->proof));
    }
    return false;
}

// Slots that hold an image, and the one that starts.
static bool slots_proven(const struct fb_check_facts *f,
                         struct fb_check_result *out)
{
    const struct fb_board_view *v = &f->after;
    const struct fb_part *first = fb_board_view_app(v, fb_board_view_slot(v));

    if (v->table_ok && first == NULL) {
        fb_check_say(out, FB_CHECK_FAIL, fb_check_none(f),
                     "the table has no slot to start");
        return false;
    }
    if (v->table_ok && !v->store_known) {
        fb_check_say(out, FB_CHECK_UNKNOWN, fb_check_none(f),
                     "otadata at 0x%x is not known: any slot may start",
                     (unsigned)v->store.place.off);
        return false;
    }
    for (unsigned i = 3; i < v->parts; i++) {
        const struct fb_part *p = &v->part[i];

        if (p->kind == FB_PART_APP &&
            (p == first || p->status == FB_OK || p->form == FB_FORM_UNKNOWN) &&
            !proven(f, out, p)) {
            return false;
        }
    }
    return true;
}

void fb_check_signatures(const struct fb_check_facts *f,
                         struct fb_check_result *out)
{
    const struct fb_board_view *v = &f->after;
    bool v1 = fb_check_after(f, FB_EFUSE_ABS_DONE_0) != 0;

    if (!fb_check_knows(f, FB_EFUSE_ABS_DONE_0)) {
        fb_check_say(out, FB_CHECK_UNKNOWN, fb_check_none(f),
                     "ABS_DONE_0 is not known");
        return;
    }
    if (!v1 && !f->keys.v2 && f->keys.signing_pub == NULL) {
        return;
    }
    if (!f->keys.v2 && f->keys.signing_pub == NULL) {
        fb_check_say(out, FB_CHECK_UNKNOWN, fb_check_none(f),
                     "no public key given (--public-key)");
        return;
    }
    if (f->keys.v2 ? !proven(f, out, &v->part[1])
                   : !proven(f, out, &v->part[2])) {
        return;
    }
    if (!slots_proven(f, out)) {
        return;
    }
    if (!f->keys.v2 && v->part[1].status == FB_OK && !carries_key(f)) {
        fb_check_say(out, FB_CHECK_FAIL, fb_check_none(f),
                     "the bootloader was not built with this public key");
        return;
    }
    fb_check_say(out, FB_CHECK_PASS, fb_check_none(f),
                 f->keys.v2 ? "bootloader and apps carry the key of the digest"
                            : "table and apps verify with the key in the "
                              "bootloader");
}

// --- P16 ---

static bool writes_below_table(const struct fb_check_facts *f, size_t *step)
{
    for (*step = 0; *step < fb_check_none(f); (*step)++) {
        const struct fb_step *s = &f->in->plan->step[*step];

        if ((s->kind == FB_STEP_WRITE || s->kind == FB_STEP_ERASE) &&
            s->flash_off < FB_PARTITION_TABLE_OFF) {
            return true;
        }
    }
    return false;
}

void fb_check_digest(const struct fb_check_facts *f,
                     struct fb_check_result *out)
{
    const struct fb_board_view *v = &f->after;
    const struct fb_part *digest = &v->part[0];
    size_t step;
    bool writes = writes_below_table(f, &step);

    if (v->shifted) {
        fb_check_say(out, FB_CHECK_FAIL, step,
                     "the bootloader stands at 0x2000: the digest file belongs "
                     "to 0x0, not to 0x1000");
        return;
    }
    if (!v->secure_v1 && (f->in->secure_boot_key.bytes == NULL || f->keys.v2)) {
        return;
    }
    if (!v->has_boot_key && f->before.secure_v1 && writes) {
        fb_check_say(out, FB_CHECK_FAIL, step,
                     "one-time flash: BLOCK2's key is in the chip only, and "
                     "the plan replaces what its digest covers");
    } else if (digest->form == FB_FORM_BLANK) {
        fb_check_say(out, FB_CHECK_FAIL, step, "no digest at 0x0");
    } else if (digest->proof == FB_OK) {
        fb_check_say(out, FB_CHECK_PASS, step,
                     "the digest at 0x0 fits %u bytes at 0x1000",
                     (unsigned)v->part[1].image.len);
    } else if (digest->form == FB_FORM_UNKNOWN || digest->proof == FB_E_KEY ||
               v->part[1].form == FB_FORM_UNKNOWN) {
        fb_check_say(out, FB_CHECK_UNKNOWN, step,
                     "0x0 is not known, or no secure boot key to compute with");
    } else {
        fb_check_say(out, FB_CHECK_FAIL, step,
                     "the digest at 0x0 is of another key or bootloader");
    }
}

// --- P17 ---

// Would the digest fit with another mode, frequency or size in the header?
static bool fits_with_other_header(const struct fb_check_facts *f,
                                   uint8_t *mode, uint8_t *size)
{
    const struct fb_part *boot = &f->after.part[1];
    uint32_t covered = fb_secure_boot_v1_covered(
        boot->image.len, boot->image.header.hash_appended);
    const uint8_t *image = f->after.plain + boot->flash_off;
    const struct fb_board_state *s = f->in->scratch;
    uint8_t key[32], row[16], digest[64];
    size_t n = f->in->secure_boot_key.len;

    if (boot->status != FB_OK || f->after.part[0].proof != FB_E_BAD_DIGEST) {
        return false;
    }
    if (f->in->secure_boot_key.bytes != NULL) {
        memcpy(key, f->in->secure_boot_key.bytes, n <= 32 ? n : 0);
    } else {
        n = fb_efuse_key(&s->fuses, 2, key);
    }
    memcpy(row, image, sizeof row);
    for (unsigned i = 0; i < 6u * 256; i++) {
        struct fb_secure_boot_v1 c;

        row[2] = (uint8_t)(i / 256);
        row[3] = (uint8_t)i;
        if (((row[3] & 15) > 2 && (row[3] & 15) != 15) || row[3] >> 4 > 7 ||
            fb_secure_boot_v1_init(&c, key, n) != FB_OK) {
            continue;
        }
        fb_secure_boot_v1_update(&c, f->after.plain, FB_SECURE_BOOT_V1_IV_SIZE);
        fb_secure_boot_v1_update(&c, row, sizeof row);
        fb_secure_boot_v1_update(&c, image + sizeof row, covered - sizeof row);
        fb_secure_boot_v1_final(&c, digest);
        if (memcmp(row, image, sizeof row) != 0 && // that would be another key
            memcmp(digest, f->after.plain + FB_SECURE_BOOT_V1_DIGEST_OFF, 64) ==
                0) {
            *mode = row[2];
            *size = row[3];
            fb_bytes_wipe(key, sizeof key);
            return true;
        }
    }
    fb_bytes_wipe(key, sizeof key);
    return false;
}

static const char *mode_name(unsigned mode)
{
    static const char *const names[] = {"QIO",  "QOUT",      "DIO",
                                        "DOUT", "FAST_READ", "SLOW_READ"};

    return mode < sizeof names / sizeof names[0] ? names[mode]
                                                 : "of no meaning";
}

// What it asks of a board and of other bootloaders, which nobody sees here.
static void add_demands(const struct fb_check_facts *f,
                        const struct fb_image_header *h, uint32_t bytes,
                        struct fb_check_result *out)
{
    const struct fb_board_view *v = &f->after;
    uint32_t end = 0;

    if (h->flash_mode <= FB_FLASH_QOUT) {
        fb_check_add(out,
                     "; the ROM reads on four lines: the flash has to know "
                     "that and have them all");
    }
    for (unsigned i = 0; v->table_ok && i < v->table.count; i++) {
        const struct fb_partition *part = &v->table.part[i];

        end = part->offset + part->size > end ? part->offset + part->size : end;
    }
    if (end > bytes) {
        fb_check_add(out,
                     "; the partitions end at %u KiB: ESP-IDF's bootloader "
                     "refuses that",
                     (unsigned)(end / 1024));
    }
}

void fb_check_header(const struct fb_check_facts *f,
                     struct fb_check_result *out)
{
    const struct fb_part *boot = &f->after.part[1];
    const struct fb_image_header *h = &boot->image.header;
    uint32_t bytes = fb_image_flash_bytes(h->flash_size);
    uint8_t mode = 0, size = 0;

    if (boot->patched) {
        fb_check_say(out, FB_CHECK_FAIL, fb_check_none(f),
                     "the ciphertext at 0x1000 begins with 0xe9 and its header "
                     "was rewritten as if it were an image");
    } else if (boot->form == FB_FORM_UNKNOWN) {
        fb_check_say(out, FB_CHECK_UNKNOWN, fb_check_none(f),
                     "0x1000 is not known, or no key to read it with");
    } else if (boot->status != FB_OK) {
        return; // others say so
    } else if (fits_with_other_header(f, &mode, &size)) {
        fb_check_say(out, FB_CHECK_FAIL, fb_check_none(f),
                     "the digest was made for header bytes %02x %02x, in flash "
                     "are %02x %02x",
                     mode, size, h->flash_mode,
                     (unsigned)(h->flash_size << 4 | h->flash_freq));
    } else if (bytes > f->in->before->flash_size) {
        fb_check_say(out, FB_CHECK_FAIL, fb_check_none(f),
                     "the header says %u KiB of flash, the chip has %u",
                     (unsigned)(bytes / 1024),
                     (unsigned)(f->in->before->flash_size / 1024));
    } else {
        fb_check_say(out, FB_CHECK_PASS, fb_check_none(f),
                     "flash mode %s, frequency %u, %u KiB",
                     mode_name(h->flash_mode), h->flash_freq,
                     (unsigned)(bytes / 1024));
        add_demands(f, h, bytes, out);
    }
}

// --- P18 ---

// A write that damages an earlier one of the same plan.
static size_t overwrites(const struct fb_check_facts *f, size_t *other)
{
    const struct fb_plan *plan = f->in->plan;

    for (size_t i = 1; i < plan->steps; i++) {
        for (size_t k = 0; k < i; k++) {
            if (plan->step[i].kind == FB_STEP_WRITE &&
                plan->step[k].kind == FB_STEP_WRITE &&
                plan->step[i].flash_off != plan->step[k].flash_off &&
                fb_step_touches(&plan->step[i], plan->step[k].flash_off,
                                fb_step_erases(&plan->step[k]))) {
                *other = k;
                return i;
            }
        }
    }
    return plan->steps;
}

static bool table_layout(const struct fb_check_facts *f,
                         struct fb_check_result *out)
{
    const struct fb_board_view *v = &f->after;
    struct fb_fault fault = {FB_OK, 0, 0, 0};
    enum fb_status status = fb_partition_table_verify(&v->table, &fault);

    if (status != FB_OK) {
        fb_check_say(out, FB_CHECK_FAIL, fb_check_none(f),
                     "partition %u (%s): %s", (unsigned)fault.offset,
                     v->table.part[fault.offset].label, fb_status_text(status));
        return false;
    }
    for (unsigned i = 0; i < v->table.count; i++) {
        const struct fb_partition *p = &v->table.part[i];

        if (p->offset < FB_PARTITION_TABLE_OFF + 0x1000) {
            fb_check_say(out, FB_CHECK_FAIL, fb_check_none(f),
                         "partition %u (%s) lies over bootloader or table", i,
                         p->label);
            return false;
        }
    }
    return true;
}

// Where the bootloader ends; with V2 a sector of signatures follows it.
static uint32_t bootloader_end(const struct fb_check_facts *f)
{
    const struct fb_part *boot = &f->after.part[1];
    uint32_t end = boot->flash_off + boot->image.len;

    return f->keys.v2 ? align_up32(end, FB_SIGNATURE_V2_SECTOR) +
                            FB_SIGNATURE_V2_SECTOR
                      : end;
}

void fb_check_layout(const struct fb_check_facts *f,
                     struct fb_check_result *out)
{
    const struct fb_board_view *v = &f->after;
    const struct fb_part *boot = &v->part[1];
    uint32_t end = bootloader_end(f);
    size_t other = 0;
    size_t step = overwrites(f, &other);

    if (f->refused != fb_check_none(f)) {
        fb_check_say(out, FB_CHECK_FAIL, f->refused, "%s at 0x%x: %s",
                     f->in->plan->step[f->refused].label,
                     (unsigned)f->in->plan->step[f->refused].flash_off,
                     fb_status_text(f->refusal));
        return;
    }
    if (step != fb_check_none(f)) {
        fb_check_say(out, FB_CHECK_FAIL, step, "%s at 0x%x overwrites %s",
                     f->in->plan->step[step].label,
                     (unsigned)f->in->plan->step[step].flash_off,
                     f->in->plan->step[other].label);
        return;
    }
    if (boot->form == FB_FORM_UNKNOWN || v->part[2].form == FB_FORM_UNKNOWN) {
        fb_check_say(out, FB_CHECK_UNKNOWN, step,
                     "bootloader or table are not known");
        return;
    }
    if (boot->image.len != 0 && end > FB_PARTITION_TABLE_OFF) {
        fb_check_say(out, FB_CHECK_FAIL, step,
                     "the bootloader ends at 0x%x, over the table at 0x8000",
                     (unsigned)end);
        return;
    }
    if (f->keys.v2 && boot->image.len > V2_BOOTLOADER_MAX) {
        fb_check_say(out, FB_CHECK_FAIL, step,
                     "the bootloader has %u bytes, the V2 ROM takes %u",
                     (unsigned)boot->image.len, V2_BOOTLOADER_MAX);
        return;
    }
    if (v->table_ok && !table_layout(f, out)) {
        return;
    }
    for (unsigned i = 3; i < v->parts; i++) {
        if (v->part[i].kind == FB_PART_APP &&
            v->part[i].status == FB_E_TRUNCATED) {
            fb_check_say(out, FB_CHECK_FAIL, step,
                         "the image in %s is larger than its slot of 0x%x "
                         "bytes",
                         v->part[i].label, (unsigned)v->part[i].size);
            return;
        }
    }
    if (v->part[2].status == FB_E_RANGE) {
        fb_check_say(out, FB_CHECK_FAIL, step,
                     "the table names flash that the chip does not have");
        return;
    }
    if (boot->status == FB_OK && v->table_ok) {
        fb_check_say(out, FB_CHECK_PASS, step,
                     "the bootloader ends at 0x%x, %u partitions in %u KiB",
                     (unsigned)end, (unsigned)v->table.count,
                     (unsigned)(v->state->flash_size / 1024));
    }
}

// --- P25 ---

static uint32_t version_of(const struct fb_board_view *v,
                           const struct fb_part *p)
{
    return fb_image_secure_version(v->plain + p->flash_off, &p->image);
}

void fb_check_rollback(const struct fb_check_facts *f,
                       struct fb_check_result *out)
{
    const struct fb_board_view *v = &f->after;
    uint32_t bits = fb_check_after(f, FB_EFUSE_SECURE_VERSION);
    uint32_t coding = fb_check_after(f, FB_EFUSE_CODING_SCHEME);
    // A custom MAC or a key in BLOCK3 is no version.
    bool foreign = fb_check_after(f, FB_EFUSE_MAC_VERSION) != 0;
    bool burns = fb_check_burn(f, FB_EFUSE_SECURE_VERSION, UINT32_MAX, 0) !=
                 fb_check_none(f);

    if ((bits == 0 || foreign) && !burns) {
        return;
    }
    if (!fb_check_knows(f, FB_EFUSE_SECURE_VERSION)) {
        fb_check_say(out, FB_CHECK_UNKNOWN, fb_check_none(f),
                     "SECURE_VERSION is not known");
        return;
    }
    if (coding == FB_CODING_3_4 || coding == FB_CODING_REPEAT) {
        fb_check_say(out, FB_CHECK_FAIL, fb_check_none(f),
                     "SECURE_VERSION under CODING_SCHEME %u", (unsigned)coding);
        return;
    }
    for (unsigned i = 3; i < v->parts; i++) {
        const struct fb_part *p = &v->part[i];

        if (p->kind == FB_PART_APP && p->status == FB_OK &&
            version_of(v, p) < ones32(bits)) {
            fb_check_say(out, FB_CHECK_FAIL, fb_check_none(f),
                         "%s has secure_version %u, the fuses ask for %u",
                         p->label, (unsigned)version_of(v, p), ones32(bits));
            return;
        }
    }
    fb_check_say(out, FB_CHECK_PASS, fb_check_none(f),
                 "SECURE_VERSION %u, %u steps left", ones32(bits),
                 32 - ones32(bits));
}
