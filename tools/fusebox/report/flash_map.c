// SPDX-License-Identifier: Apache-2.0
//
// The flash, to scale as far as that can be seen, and each place as a row.

#include <inttypes.h>
#include <stdio.h>

#include "tools/fusebox/report/report.h"

// What a stretch of the bar looks like; the classes are those of report.css.
static const struct {
    const char *class;
    const char *meaning;
} looks[] = {
    [FB_FLASH_UNREAD] = {"unread", "not known"},
    [FB_FLASH_ERASED] = {"erased", "erased"},
    [FB_FLASH_PLAIN] = {"plain", "readable as it is"},
    [FB_FLASH_ENCRYPTED] = {"cipher", "encrypted, and recognised"},
    [FB_FLASH_DATA] = {"data", "data of no known format"},
    [FB_FLASH_OPAQUE] = {"opaque", "looks random, not recognised"},
};
#define LOOKS (sizeof looks / sizeof looks[0])

static const char *name_of(const struct report *r,
                           const struct fb_flash_region *g)
{
    static const char *const roles[] = {
        [FB_FLASH_ROLE_DIGEST] = "Secure Boot V1 digest",
        [FB_FLASH_ROLE_BOOTLOADER] = "bootloader",
        [FB_FLASH_ROLE_TABLE] = "partition table",
        [FB_FLASH_ROLE_PARTITION] = "partition",
        [FB_FLASH_ROLE_GAP] = "in no partition",
    };

    return g->part >= 0 ? r->table.part[g->part].label : roles[g->role];
}

static const char *type_of(const struct fb_partition *p, char text[32])
{
    if (p->type == FB_PARTITION_APP && p->subtype == FB_PARTITION_FACTORY) {
        return "app, factory";
    }
    if (p->type == FB_PARTITION_APP && p->subtype >= FB_PARTITION_OTA_0 &&
        p->subtype <= FB_PARTITION_OTA_15) {
        (void)snprintf(text, 32, "app, ota_%u",
                       p->subtype - FB_PARTITION_OTA_0);
        return text;
    }
    (void)snprintf(text, 32, "%s, 0x%02x",
                   p->type == FB_PARTITION_APP    ? "app"
                   : p->type == FB_PARTITION_DATA ? "data"
                                                  : "custom",
                   p->subtype);
    return text;
}

// Does a place wait for the chip to read it through the decryptor, or does
// nothing depend on it?
static bool is_read(const struct report *r, const struct fb_flash_region *g)
{
    switch (g->role) {
    case FB_FLASH_ROLE_DIGEST:
        return report_flag(r, FB_EFUSE_ABS_DONE_0) == REPORT_YES;
    case FB_FLASH_ROLE_GAP:
        return false;
    default:
        return g->content.state != FB_FLASH_ERASED &&
               (g->encrypted || g->content.kind != FB_CONTENT_UNKNOWN);
    }
}

enum fit { FIT_NONE, FIT_YES, FIT_NO, FIT_UNKNOWN };

static enum fit fit_of(const struct report *r, const struct fb_flash_region *g)
{
    const enum report_answer on = report_encrypts(r);

    if (!is_read(r, g)) {
        return FIT_NONE;
    }
    if (on == REPORT_UNKNOWN || g->content.state == FB_FLASH_UNREAD ||
        (on == REPORT_YES && g->encrypted && r->block1 < 0 &&
         g->content.state == FB_FLASH_OPAQUE)) {
        return FIT_UNKNOWN;
    }
    return fb_flash_readable(g, on == REPORT_YES, r->block1,
                             report_value(r, FB_EFUSE_FLASH_CRYPT_CONFIG)) &&
                   g->content.sums == FB_OK
               ? FIT_YES
               : FIT_NO;
}

// --- the bar ---

static void bar(struct html *h, const struct report *r)
{
    html_raw(h, "<ol class=flash aria-hidden=true>");
    for (size_t i = 0; i < r->regions; i++) {
        const struct fb_flash_region *g = &r->region[i].now;
        const enum fit fit = fit_of(r, g);

        html_raw(h, "<li class=\"");
        html_raw(h, looks[g->content.state].class);
        html_raw(h, fit == FIT_NO ? " bad" : "");
        html_raw(h, r->region[i].written ? " written" : "");
        // To scale, but for a small piece that each has to be seen.
        html_raw(h, "\" style=\"");
        html_print(h, "flex-grow:%.2f", 1 + g->size / 65536.0);
        html_raw(h, "\" title=\"");
        html_print(h, "0x%06" PRIx32 " %s: %s", g->flash_off, name_of(r, g),
                   looks[g->content.state].meaning);
        html_raw(h, "\"><span>");
        html_text(h, name_of(r, g));
        html_raw(h, "</span></li>");
    }
    html_raw(h, "</ol>\n<ul class=legend aria-label=\"What the patterns "
                "mean\">");
    for (size_t i = 0; i < LOOKS; i++) {
        html_raw(h, "<li><i class=\"sw ");
        html_raw(h, looks[i].class);
        html_raw(h, "\"></i> ");
        html_text(h, looks[i].meaning);
        html_raw(h, "</li>");
    }
    html_raw(h, r->plan != NULL ? "<li><i class=\"sw written\"></i> written "
                                  "by the plan</li>"
                                : "");
    html_raw(h, "</ul>\n");
}

// --- a place in words ---

static void key_text(struct html *h, const struct report *r, unsigned key)
{
    char text[20];

    html_raw(h, " with key <code>");
    html_text(h, report_print(r->key[key].fingerprint, text));
    html_raw(h, "</code>");
    if ((int)key == r->block1) {
        html_raw(h, " (BLOCK1)");
    } else {
        html_print(h, " (%s, not what BLOCK1 holds)", r->key[key].name);
    }
}

static void encryption_text(struct html *h, const struct report *r,
                            const struct fb_flash_content *c)
{
    const unsigned config = report_value(r, FB_EFUSE_FLASH_CRYPT_CONFIG);

    html_raw(h, c->made_for == c->at ? ", encrypted for its address "
                                     : ", <strong>encrypted for ");
    html_print(h, "0x%" PRIx32, c->made_for);
    if (c->made_for != c->at) {
        html_print(h, ", but it lies at 0x%" PRIx32, c->at);
        html_raw(h, "</strong>");
    }
    key_text(h, r, c->key);
    if (c->config != config) {
        html_print(h, ", made for FLASH_CRYPT_CONFIG %u, not %u", c->config,
                   config);
    }
    html_raw(h, c->twice ? ", <strong>encrypted twice</strong>" : "");
}

static void content_text(struct html *h, const struct report *r,
                         const struct fb_flash_region *g,
                         const struct fb_flash_content *c)
{
    switch (c->state) {
    case FB_FLASH_PLAIN:
    case FB_FLASH_ENCRYPTED:
        html_text(h, fb_content_name(c->kind));
        if (c->kind == FB_CONTENT_IMAGE && c->used != 0) {
            html_print(h, " of %" PRIu32 " bytes", c->used);
        }
        if (c->at != g->flash_off && c->made_for == c->at) {
            html_print(h, " at 0x%" PRIx32, c->at);
        }
        if (c->state == FB_FLASH_ENCRYPTED) {
            encryption_text(h, r, c);
        } else {
            html_raw(h, ", plaintext");
        }
        if (c->sums != FB_OK) {
            html_raw(h, ". <strong>Damaged</strong>: ");
            html_text(h, fb_status_text(c->sums));
        }
        break;
    default:
        html_text(h, looks[c->state].meaning);
    }
}

// Why the chip makes nothing of it, in a few words.
static const char *misfit(const struct report *r,
                          const struct fb_flash_region *g)
{
    const struct fb_flash_content *c = &g->content;
    const bool on = report_encrypts(r) == REPORT_YES;

    if (c->state == FB_FLASH_ERASED) {
        return "nothing is there";
    }
    if (c->state == FB_FLASH_PLAIN && on && g->encrypted) {
        return "the chip decrypts here, and this is plaintext";
    }
    if (c->state == FB_FLASH_ENCRYPTED && !on) {
        return "flash encryption is off";
    }
    if (c->state == FB_FLASH_ENCRYPTED && !g->encrypted) {
        return "the chip does not decrypt here";
    }
    if (c->state == FB_FLASH_ENCRYPTED) {
        return c->made_for != c->at       ? "it is made for another address"
               : (int)c->key != r->block1 ? "another key is in BLOCK1"
               : c->sums != FB_OK         ? "it is damaged"
                                          : "it is encrypted in another way";
    }
    return c->sums != FB_OK ? "it is damaged" : "no format that it knows";
}

static void fit_cell(struct html *h, const struct report *r,
                     const struct fb_flash_region *g)
{
    html_cell_begin(h, "Chip reads it");
    switch (fit_of(r, g)) {
    case FIT_NONE:
        html_raw(h, "<span class=none>–</span>");
        break;
    case FIT_YES:
        html_raw(h, "<span class=yes>✓ yes</span>");
        break;
    case FIT_NO:
        html_raw(h, "<span class=no>✗ no</span>: ");
        html_text(h, misfit(r, g));
        break;
    case FIT_UNKNOWN:
        html_raw(h, "<span class=unknown>? not known</span>");
        break;
    }
    html_raw(h, "</td>");
}

static void proof_cell(struct html *h, const struct report_region *region)
{
    html_cell_begin(h, "Proof");
    if (!region->has_proof) {
        html_raw(h, "<span class=none>–</span>");
    } else if (region->proof == FB_OK) {
        html_raw(h, "<span class=yes>✓ verifies</span>: ");
    } else if (region->proof == FB_E_KEY) {
        html_raw(h, "<span class=unknown>? not checked</span>: ");
    } else {
        html_raw(h, "<span class=no>✗ does not verify</span>: ");
    }
    html_text(h, region->has_proof ? region->proof_text : "");
    html_raw(h, "</td>");
}

static void size_text(struct html *h, uint32_t n)
{
    if (n >= 0x100000 && n % 0x100000 == 0) {
        html_print(h, "%" PRIu32 " MiB", n >> 20);
    } else {
        html_print(h, "%" PRIu32 " KiB", n >> 10);
    }
}

static void one_region(struct html *h, const struct report *r,
                       const struct report_region *region)
{
    const struct fb_flash_region *g = &region->now;
    char type[32];

    html_row(h, fit_of(r, g) == FIT_NO ? "bad" : "");
    html_cell_begin(h, "Address");
    html_raw(h, "<code>");
    html_print(h, "0x%06" PRIx32, g->flash_off);
    html_raw(h, "</code> <small>");
    size_text(h, g->size);
    html_raw(h, "</small></td>");
    html_cell_begin(h, "Place");
    html_raw(h, "<b>");
    html_text(h, name_of(r, g));
    html_raw(h, "</b>");
    if (g->part >= 0) {
        html_raw(h, " <small>");
        html_text(h, type_of(&r->table.part[g->part], type));
        html_raw(h, "</small>");
    }
    html_raw(h, "</td>");
    html_cell_begin(h, "Holds");
    if (region->written) {
        html_raw(h, "<span class=was>");
        content_text(h, r, g, &region->before);
        html_raw(h, "</span> → ");
    }
    content_text(h, r, g, &g->content);
    html_raw(h, "</td>");
    fit_cell(h, r, g);
    proof_cell(h, region);
    html_row_end(h);
}

void report_flash_map(struct html *h, const struct report *r)
{
    static const char *const head[] = {"Address",       "Place", "Holds",
                                       "Chip reads it", "Proof", NULL};

    html_raw(h, "<section id=flash class=page><h2>The flash</h2>\n");
    if (r->regions == 0) {
        html_raw(h, "<p>What the flash holds is not known.</p></section>\n");
        return;
    }
    bar(h, r);
    if (r->table.count == 0 && report_knows_table(r)) {
        html_raw(h, "<p class=warn>There is no partition table at 0x8000 that "
                    "can be read.</p>\n");
    }
    html_table(h, "cards", "", head);
    for (size_t i = 0; i < r->regions; i++) {
        one_region(h, r, &r->region[i]);
    }
    html_table_end(h);
    html_raw(h, "</section>\n");
}
