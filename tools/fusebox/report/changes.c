// SPDX-License-Identifier: Apache-2.0
//
// What is burned: by the plan, or already. And what each of it means.

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/fb/bytes.h"
#include "tools/fusebox/report/report.h"

// Fields that decide something; the others are the factory's, or wiring.
static bool counts(const struct fb_efuse_field *f)
{
    static const char *const categories[] = {"security", "flash", "jtag",
                                             "vdd"};
    const size_t id = (size_t)(f - fb_efuse_map);

    for (size_t i = 0; i < sizeof categories / sizeof categories[0]; i++) {
        if (strcmp(f->category, categories[i]) == 0) {
            return true;
        }
    }
    return id == FB_EFUSE_WR_DIS || id == FB_EFUSE_RD_DIS ||
           id == FB_EFUSE_CODING_SCHEME || id == FB_EFUSE_CONSOLE_DEBUG_DISABLE;
}

// Bits of a field that are 1 after and, with a plan, were not before.
static unsigned new_bits(const struct report *r, const struct fb_efuse_field *f)
{
    struct fb_efuse_words mask;
    unsigned n = 0;

    memset(&mask, 0, sizeof mask);
    fb_efuse_field_mask(f, &mask);
    for (unsigned w = 0; w < FB_EFUSE_BLOCK_WORDS; w++) {
        uint32_t bits =
            mask.word[f->block][w] & r->after.fuses.word[f->block][w];

        if (r->plan != NULL) {
            bits &= ~r->before.fuses.word[f->block][w];
        }
        for (; bits != 0; bits &= bits - 1) {
            n++;
        }
    }
    return n;
}

static bool is_key(const struct report *r, const struct fb_efuse_field *f)
{
    return f->width == 256 && report_is_secret(r, f->block);
}

// With coding schemes the fields of block 3 are not where the map says.
static bool is_shown(const struct report *r, const struct fb_efuse_field *f)
{
    const bool whole = f->block != 3 || f->width == 256;

    return whole && (r->plan != NULL || counts(f)) && new_bits(r, f) > 0;
}

// --- what it means ---

static void list_by_bit(struct html *h, const struct report *r, bool write)
{
    const uint32_t bits =
        report_value(r, write ? FB_EFUSE_WR_DIS : FB_EFUSE_RD_DIS);
    bool first = true;

    for (size_t i = 0; i < FB_EFUSE_FIELDS; i++) {
        const struct fb_efuse_field *f = &fb_efuse_map[i];
        const uint8_t bit = write ? f->wr_dis : f->rd_dis;

        if (bit == FB_EFUSE_NO_BIT || (bits >> bit & 1) == 0 ||
            (f->block == 3 && f->width != 256)) {
            continue;
        }
        html_raw(h, first ? "" : ", ");
        html_text(h, f->name);
        first = false;
    }
}

static void meaning(struct html *h, const struct report *r,
                    const struct fb_efuse_field *f)
{
    const unsigned left = fb_efuse_plaintext_flashes_left(&r->after.fuses);

    switch ((enum fb_efuse_id)(f - fb_efuse_map)) {
    case FB_EFUSE_WR_DIS:
        html_raw(h, "Frozen as they are: ");
        list_by_bit(h, r, true);
        break;
    case FB_EFUSE_RD_DIS:
        html_raw(h, "Software can never read again: ");
        list_by_bit(h, r, false);
        break;
    case FB_EFUSE_FLASH_CRYPT_CNT:
        html_print(h,
                   report_encrypts(r) == REPORT_YES
                       ? "Flash encryption is on: the chip decrypts what it "
                         "runs. %u times it can be switched off again."
                       : "Flash encryption is off. %u times left to switch it "
                         "off after it has been on.",
                   left);
        break;
    case FB_EFUSE_FLASH_CRYPT_CONFIG:
        html_raw(h, report_value(r, FB_EFUSE_FLASH_CRYPT_CONFIG) == 15
                        ? "The address changes the whole key: the same bytes "
                          "look different everywhere."
                        : "<strong>The address changes only a part of the "
                          "key.</strong>");
        break;
    case FB_EFUSE_ABS_DONE_0:
        html_raw(h, "Secure Boot V1: the ROM starts only a bootloader with a "
                    "digest by the key in BLOCK2.");
        break;
    case FB_EFUSE_ABS_DONE_1:
        html_raw(h, r->revision >= 3
                        ? "Secure Boot V2: the ROM starts only a bootloader "
                          "signed by the key whose digest is in BLOCK2."
                        : "No effect before chip revision 3.");
        break;
    default:
        html_print(h, "%c%s.",
                   f->description[0] -
                       (f->description[0] >= 'a' && f->description[0] <= 'z'
                            ? 'a' - 'A'
                            : 0),
                   f->description + 1);
    }
}

static void value(struct html *h, const struct report *r,
                  const struct fb_board_state *s,
                  const struct fb_efuse_field *f)
{
    uint8_t key[32], hash[32];
    char text[20];

    if (!is_key(r, f)) {
        html_print(
            h, f->width > 4 ? "0x%" PRIx32 : "%" PRIu32,
            f->width <= 32
                ? fb_efuse_get(&s->fuses, (enum fb_efuse_id)(f - fb_efuse_map))
                : 0);
        return;
    }
    if (fb_efuse_block_blank(&s->fuses, f->block)) {
        html_raw(h, "blank");
        return;
    }
    size_t n = fb_efuse_key(&s->fuses, f->block, key);
    fb_key_fingerprint(key, n, hash);
    fb_bytes_wipe(key, sizeof key);
    html_raw(h, "key <code>");
    html_text(h, report_print(hash, text));
    html_raw(h, "</code>");
}

static void one_field(struct html *h, const struct report *r,
                      const struct fb_efuse_field *f)
{
    html_row(h, "");
    html_raw(h, "<th role=rowheader scope=row>");
    html_text(h, f->name);
    html_raw(h, "</th>");
    html_cell_begin(h, r->plan != NULL ? "Before → after" : "Value");
    if (r->plan != NULL) {
        value(h, r, &r->before, f);
        html_raw(h, " → ");
    }
    html_raw(h, "<b>");
    value(h, r, &r->after, f);
    html_raw(h, "</b></td>");
    html_cell_begin(h, "What it means");
    meaning(h, r, f);
    html_raw(h, "</td>");
    html_row_end(h);
}

struct burned {
    unsigned fuses; // outside of keys
    unsigned keys;  // how many of their bits are 1 is a secret
};

static struct burned count_burned(const struct report *r)
{
    struct burned n = {0, 0};

    for (size_t i = 0; i < FB_EFUSE_FIELDS; i++) {
        const struct fb_efuse_field *f = &fb_efuse_map[i];

        if (is_shown(r, f) && is_key(r, f)) {
            n.keys++;
        } else if (is_shown(r, f)) {
            n.fuses += new_bits(r, f);
        }
    }
    return n;
}

static void steps(struct html *h, const struct report *r)
{
    static const char *const head[] = {"Step", "Stage", "Does", "For ever",
                                       NULL};
    static const char *const verbs[] = {
        [FB_STEP_BURN] = "burn",          [FB_STEP_WRITE] = "write to flash",
        [FB_STEP_ERASE] = "erase",        [FB_STEP_PROVE_KEY] = "prove the key",
        [FB_STEP_BOOT] = "boot and look",
    };

    html_raw(h, "<h3>The steps, in order</h3>\n");
    html_table(h, "cards steps", "", head);
    for (size_t i = 0; i < r->plan->steps; i++) {
        const struct fb_step *s = &r->plan->step[i];

        html_row(h, i == r->refused ? "bad" : "");
        html_cell(h, "Step", "%zu", i + 1);
        html_cell(h, "Stage", "%s", fb_stage_name(s->stage));
        html_cell_begin(h, "Does");
        html_text(h, verbs[s->kind]);
        if (strcmp(s->label, verbs[s->kind]) != 0) {
            html_print(h, ": %s", s->label);
        }
        if (i == r->refused) {
            html_raw(h, " <span class=no>✗ refused</span>: ");
            html_text(h, fb_status_text(r->refusal));
        }
        html_raw(h, "</td>");
        html_cell_begin(h, "For ever");
        html_raw(h, s->kind == FB_STEP_BURN ? "<b>yes</b>" : "no");
        html_raw(h, "</td>");
        html_row_end(h);
    }
    html_table_end(h);
}

void report_changes(struct html *h, const struct report *r)
{
    static const char *const one[] = {"Fuse", "Value", "What it means", NULL};
    static const char *const two[] = {"Fuse", "Before → after", "What it means",
                                      NULL};

    html_raw(h, r->plan != NULL
                    ? "<section id=changes><h2>What changes for ever</h2>\n"
                    : "<section id=changes><h2>What is burned already</h2>\n");
    const struct burned n = count_burned(r);

    if (n.fuses + n.keys == 0) {
        html_raw(h, "<p>Nothing that decides anything.</p>\n");
    } else {
        html_table(h, "cards", "", r->plan != NULL ? two : one);
        for (size_t i = 0; i < FB_EFUSE_FIELDS; i++) {
            if (is_shown(r, &fb_efuse_map[i])) {
                one_field(h, r, &fb_efuse_map[i]);
            }
        }
        html_table_end(h);
    }
    if (r->plan != NULL) {
        steps(h, r);
    }
    html_raw(h, "</section>\n");
}

// What the protection bits do is said with the keys; FLASH_CRYPT_CONFIG is
// worth a line only if it is not what it always is.
static bool in_brief(const struct report *r, enum fb_efuse_id id)
{
    return id != FB_EFUSE_WR_DIS && id != FB_EFUSE_RD_DIS &&
           (id != FB_EFUSE_FLASH_CRYPT_CONFIG || report_value(r, id) != 15);
}

static const char *short_name(const struct report *r,
                              const struct fb_efuse_field *f)
{
    switch ((enum fb_efuse_id)(f - fb_efuse_map)) {
    case FB_EFUSE_FLASH_CRYPT_CNT:
        return report_encrypts(r) == REPORT_YES ? "Flash encryption is on"
                                                : "Flash encryption is off";
    case FB_EFUSE_ABS_DONE_0:
        return "Secure Boot V1 is on";
    case FB_EFUSE_ABS_DONE_1:
        return r->revision >= 3 ? "Secure Boot V2 is on" : NULL;
    case FB_EFUSE_BLOCK1:
        return "Flash encryption key";
    case FB_EFUSE_BLOCK2:
        return "Secure boot key";
    case FB_EFUSE_JTAG_DISABLE:
        return "JTAG is off";
    default:
        return NULL;
    }
}

static void brief(struct html *h, const struct report *r,
                  const struct fb_efuse_field *f)
{
    const char *name = short_name(r, f);

    html_raw(h, "<li>");
    html_text(h, name != NULL ? name : f->name);
    if (is_key(r, f)) {
        html_raw(h, " ");
        html_raw(h, fb_efuse_is_hidden(&r->after.fuses, f)
                        ? "(hidden)"
                        : "<span class=open>(readable)</span>");
    } else if (name == NULL) {
        html_raw(h, " = ");
        value(h, r, &r->after, f);
    }
    html_raw(h, "</li>");
}

void report_changes_brief(struct html *h, const struct report *r)
{
    const struct burned n = count_burned(r);

    if (r->plan == NULL) {
        html_raw(h, "<p class=big>Nothing</p><p>This page only looked, at a "
                    "copy.</p>");
    } else {
        html_raw(h, "<p class=big>");
        if (n.keys > 0) {
            html_print(h, n.keys == 1 ? "%u key, " : "%u keys, ", n.keys);
        }
        html_print(h, n.fuses == 1 ? "%u fuse" : "%u fuses", n.fuses);
        html_raw(h, "</p>");
    }
    if (n.fuses + n.keys == 0) {
        return;
    }
    html_raw(h, r->plan != NULL ? "<p>They cannot be cleared again:</p><ul>"
                                : "<p>Burned before:</p><ul>");
    for (size_t i = 0; i < FB_EFUSE_FIELDS; i++) {
        const struct fb_efuse_field *f = &fb_efuse_map[i];

        if (is_shown(r, f) && in_brief(r, (enum fb_efuse_id)i)) {
            brief(h, r, f);
        }
    }
    html_raw(h, "</ul>");
}
