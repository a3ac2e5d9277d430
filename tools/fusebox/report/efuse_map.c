// SPDX-License-Identifier: Apache-2.0
//
// Every fuse as a mark, word by word, and every field as a row. Bits of keys
// are never shown one by one.

#include <stdio.h>
#include <string.h>

#include "lib/fb/bytes.h"
#include "tools/fusebox/report/report.h"

// What a mark stands for. The class names are those of report.css; "?" and
// the rest differ in shape, not in colour alone.
enum mark {
    MARK_OPEN,
    MARK_FROZEN,
    MARK_BURNED,
    MARK_BURNS,
    MARK_SECRET,
    MARK_SECRET_BURNS,
    MARK_UNKNOWN,
    MARKS
};

static const struct {
    const char *class;
    const char *meaning;
} marks[MARKS] = {
    [MARK_OPEN] = {"o", "0, can still be burned"},
    [MARK_FROZEN] = {"z", "0, frozen: can never be burned"},
    [MARK_BURNED] = {"b", "1, burned"},
    [MARK_BURNS] = {"n", "1 after this plan: burned for ever"},
    [MARK_SECRET] = {"s", "bit of a key, not shown"},
    [MARK_SECRET_BURNS] = {"k", "bit of a key that this plan burns"},
    [MARK_UNKNOWN] = {"q", "not known: it cannot be read"},
};

// --- marks ---

static enum mark secret_mark(const struct report *r, unsigned block,
                             unsigned word, unsigned bit)
{
    const bool known = r->after.known.word[block][word] >> bit & 1;

    if (!known) {
        return MARK_UNKNOWN;
    }
    if (!fb_efuse_block_blank(&r->before.fuses, block)) {
        return MARK_SECRET;
    }
    return fb_efuse_block_blank(&r->after.fuses, block) ? MARK_OPEN
                                                        : MARK_SECRET_BURNS;
}

static enum mark mark_of(const struct report *r,
                         const struct fb_efuse_words *writeable, unsigned block,
                         unsigned word, unsigned bit)
{
    enum mark m = MARK_OPEN;

    if (report_is_secret(r, block)) {
        m = secret_mark(r, block, word, bit);
    } else if ((r->after.known.word[block][word] >> bit & 1) == 0) {
        m = MARK_UNKNOWN;
    } else if (r->before.fuses.word[block][word] >> bit & 1) {
        m = MARK_BURNED;
    } else if (r->after.fuses.word[block][word] >> bit & 1) {
        m = MARK_BURNS;
    }
    if (m == MARK_OPEN && (writeable->word[block][word] >> bit & 1) == 0) {
        m = MARK_FROZEN;
    }
    return m;
}

// --- fields of a word ---

// Fields are at their place only while the words are not coded.
static bool shows_fields(const struct report *r, unsigned block)
{
    return block == 0 || (block == 3 && !report_is_secret(r, 3) &&
                          report_value(r, FB_EFUSE_CODING_SCHEME) % 3 == 0);
}

static const struct fb_efuse_field *
field_at(const struct report *r, unsigned block, unsigned word, unsigned bit)
{
    const unsigned at = word * 32 + bit;

    for (size_t i = 0; i < FB_EFUSE_FIELDS && shows_fields(r, block); i++) {
        const struct fb_efuse_field *f = &fb_efuse_map[i];
        const unsigned from = f->word * 32u + f->bit;

        if (f->block == block && i != FB_EFUSE_BLOCK3 && at >= from &&
            at < from + f->width) {
            return f;
        }
    }
    return NULL;
}

// Lowest bit of the stretch that ends with `high` and has one field, or none.
static unsigned stretch(const struct report *r, unsigned block, unsigned word,
                        unsigned high)
{
    const struct fb_efuse_field *f = field_at(r, block, word, high);
    unsigned low = high;

    while (low > 0 && field_at(r, block, word, low - 1) == f) {
        low--;
    }
    return low;
}

// Names that do not fit over a field get a letter, and stand below the word.
#define NAME_FITS 5u

static void field_cell(struct html *h, const struct report *r,
                       const struct fb_efuse_words *writeable, unsigned block,
                       unsigned word, unsigned high, unsigned low,
                       unsigned *letters)
{
    const struct fb_efuse_field *f = field_at(r, block, word, high);
    const unsigned width = high - low + 1;

    html_raw(h, "<span class=\"f");
    html_raw(h, f == NULL && block == 0 ? " u" : "");
    html_raw(h, "\" style=\"");
    html_print(h, "grid-column:span %u", width);
    html_raw(h, "\" title=\"");
    if (f != NULL) {
        html_print(h, "%s: %s", f->name, f->description);
    } else {
        html_print(h, block == 0 ? "reserved" : "bits %u to %u", high, low);
    }
    html_raw(h, "\"><span class=m>");
    for (unsigned bit = high + 1; bit-- > low;) {
        html_raw(h, "<i class=");
        html_raw(h, marks[mark_of(r, writeable, block, word, bit)].class);
        html_raw(h, "></i>");
    }
    html_raw(h, "</span><span class=l>");
    if (f != NULL && width >= NAME_FITS) {
        html_text(h, f->name);
    } else if (f != NULL) {
        html_print(h, "%c", 'a' + (*letters)++);
    }
    html_raw(h, "</span></span>");
}

static void word_legend(struct html *h, const struct report *r, unsigned block,
                        unsigned word)
{
    unsigned letter = 0;

    html_raw(h, "<p class=wl>");
    for (int high = 31; high >= 0;) {
        unsigned low = stretch(r, block, word, (unsigned)high);
        const struct fb_efuse_field *f =
            field_at(r, block, word, (unsigned)high);

        if (f != NULL && (unsigned)high - low + 1 < NAME_FITS) {
            html_print(h, "%s", letter > 0 ? "  " : "");
            html_raw(h, "<span><b>");
            html_print(h, "%c", 'a' + letter++);
            html_raw(h, "</b> ");
            html_text(h, f->name);
            html_raw(h, "</span>");
        }
        high = (int)low - 1;
    }
    html_raw(h, "</p>\n");
}

static void one_word(struct html *h, const struct report *r,
                     const struct fb_efuse_words *writeable, unsigned block,
                     unsigned word)
{
    unsigned letters = 0;

    html_raw(h, "<div class=w><span class=n>");
    html_print(h, "%u", word);
    html_raw(h, "</span><div class=g>");
    for (int high = 31; high >= 0;) {
        unsigned low = stretch(r, block, word, (unsigned)high);

        field_cell(h, r, writeable, block, word, (unsigned)high, low, &letters);
        high = (int)low - 1;
    }
    html_raw(h, "</div>");
    if (letters > 0) {
        word_legend(h, r, block, word);
    }
    html_raw(h, "</div>\n");
}

// --- blocks ---

// The index of the key that a state has in a block, by its bytes.
static void describe_key(struct html *h, const struct report *r, unsigned block)
{
    const struct fb_board_state *s = &r->after;
    const struct fb_efuse_field *f =
        &fb_efuse_map[block == 1   ? FB_EFUSE_BLOCK1
                      : block == 2 ? FB_EFUSE_BLOCK2
                                   : FB_EFUSE_BLOCK3];
    uint8_t key[32], hash[32];
    char text[20];

    if (!fb_board_state_knows_block(s, block)) {
        html_raw(h, "<strong>? not known</strong>: it cannot be read");
    } else if (fb_efuse_block_blank(&s->fuses, block)) {
        html_raw(h, "blank");
    } else {
        size_t n = fb_efuse_key(&s->fuses, block, key);
        fb_key_fingerprint(key, n, hash);
        fb_bytes_wipe(key, sizeof key);
        html_raw(h, "key <code>");
        html_text(h, report_print(hash, text));
        html_raw(h, "</code>");
        if (fb_efuse_block_blank(&r->before.fuses, block)) {
            html_raw(h, ", burned by this plan");
        }
    }
    html_raw(h, fb_efuse_is_hidden(&s->fuses, f)
                    ? "; hidden from software"
                    : "; <strong>software can read it</strong>");
    html_raw(h, fb_efuse_is_frozen(&s->fuses, f) ? ", frozen" : ", not frozen");
}

static void one_block(struct html *h, const struct report *r,
                      const struct fb_efuse_words *writeable, unsigned block)
{
    static const char *const names[FB_EFUSE_BLOCKS] = {
        "Block 0: system", "Block 1: flash encryption key",
        "Block 2: secure boot key", "Block 3: user data"};

    html_raw(h, block == 0 ? "<div class=\"block b0\">" : "<div class=block>");
    html_element(h, "h3", "%s", names[block]);
    html_raw(h, "<p class=bs>");
    if (report_is_secret(r, block)) {
        describe_key(h, r, block);
    } else if (block == 3) {
        html_raw(h, fb_efuse_block_blank(&r->after.fuses, 3) ? "blank" : "");
    } else {
        html_raw(h, "bit 31 on the left, bit 0 on the right");
    }
    html_raw(h, "</p>\n<div class=words aria-hidden=true>");
    for (unsigned w = 0; w < fb_efuse_block_words(block); w++) {
        one_word(h, r, writeable, block, w);
    }
    html_raw(h, "</div></div>\n");
}

static void legend(struct html *h, const struct report *r)
{
    html_raw(h, "<ul class=legend aria-label=\"What the marks mean\">");
    for (unsigned m = 0; m < MARKS; m++) {
        if (r->plan == NULL && (m == MARK_BURNS || m == MARK_SECRET_BURNS)) {
            continue;
        }
        html_raw(h, "<li><i class=");
        html_raw(h, marks[m].class);
        html_raw(h, "></i> ");
        html_text(h, marks[m].meaning);
        html_raw(h, "</li>");
    }
    html_raw(h, "</ul>\n");
}

// --- every field as a row ---

// The decoded values of a state, nothing hidden.
static void decode(const struct fb_board_state *s, struct fb_efuse_words *out)
{
    uint32_t warnings;
    uint32_t rd_dis = fb_efuse_get(&s->fuses, FB_EFUSE_RD_DIS);

    *out = s->fuses;
    out->word[0][0] &= ~(0xFu << 16);
    fb_efuse_read(out, out, &warnings);
    fb_efuse_or(out, FB_EFUSE_RD_DIS, rd_dis);
}

static void mac_text(const struct fb_efuse_field *f, const uint8_t *p,
                     char text[80])
{
    const bool custom = f == &fb_efuse_map[FB_EFUSE_CUSTOM_MAC];

    for (unsigned i = 0; i < 6; i++) {
        (void)snprintf(text + 3 * i, 80 - 3 * i, "%02x%s",
                       p[custom ? i : 5 - i], i < 5 ? ":" : "");
    }
}

static void value_text(const struct report *r, const struct fb_board_state *s,
                       const struct fb_efuse_field *f, char text[80])
{
    struct fb_efuse_words words;
    uint8_t bytes[32];
    const uint32_t value =
        f->width <= 32
            ? fb_efuse_get(&s->fuses, (enum fb_efuse_id)(f - fb_efuse_map))
            : 0;

    decode(s, &words);
    if (!fb_board_state_knows(s, f)) {
        (void)snprintf(text, 80, "? not known");
    } else if (f->type == FB_EFUSE_BITCOUNT) {
        unsigned n = 0;
        for (uint32_t v = value; v != 0; v &= v - 1) {
            n++;
        }
        (void)snprintf(text, 80, "%u of %u", n, f->width);
    } else if (f->width <= 32) {
        (void)snprintf(
            text, 80, f->width <= 4 ? "%u" : "0x%x",
            fb_efuse_get(&words, (enum fb_efuse_id)(f - fb_efuse_map)));
    } else if (f->width == 48) {
        (void)fb_efuse_get_bytes(&words, f, bytes);
        mac_text(f, bytes, text);
    } else {
        const bool blank = fb_efuse_block_blank(&s->fuses, f->block);
        (void)snprintf(text, 80, "%s",
                       blank                           ? "blank"
                       : report_is_secret(r, f->block) ? "a key"
                                                       : "data");
    }
    fb_bytes_wipe(&words, sizeof words);
}

static void field_row(struct html *h, const struct report *r,
                      const struct fb_efuse_field *f)
{
    char before[80], after[80];

    value_text(r, &r->before, f, before);
    value_text(r, &r->after, f, after);
    html_row(h, strcmp(before, after) != 0 ? "changes" : "");
    html_raw(h, "<th role=rowheader scope=row>");
    html_text(h, f->name);
    html_raw(h, "</th>");
    if (r->plan != NULL) {
        html_cell(h, "Before", "%s", before);
        html_cell(h, "After", "%s", after);
    } else {
        html_cell(h, "Value", "%s", after);
    }
    html_cell(h, "From now on", "%s%s",
              fb_efuse_is_frozen(&r->after.fuses, f) ? "frozen"
              : f->wr_dis == FB_EFUSE_NO_BIT         ? "cannot be frozen"
                                                     : "can be burned",
              fb_efuse_is_hidden(&r->after.fuses, f) ? ", hidden" : "");
    html_cell(h, "Meaning", "%s", f->description);
    html_row_end(h);
}

static void fields(struct html *h, const struct report *r)
{
    static const char *const one[] = {"Field", "Value", "From now on",
                                      "Meaning", NULL};
    static const char *const two[] = {"Field",       "Before",  "After",
                                      "From now on", "Meaning", NULL};

    html_raw(h, "<h3>Every field</h3>\n");
    html_table(h, "cards fields", "", r->plan != NULL ? two : one);
    for (size_t i = 0; i < FB_EFUSE_FIELDS; i++) {
        const struct fb_efuse_field *f = &fb_efuse_map[i];

        if (f->block != 3 || i == FB_EFUSE_BLOCK3 || shows_fields(r, 3)) {
            field_row(h, r, f);
        }
    }
    html_table_end(h);
}

void report_efuse_map(struct html *h, const struct report *r)
{
    struct fb_efuse_words writeable;

    fb_efuse_writeable(&r->after.fuses, &writeable);
    html_raw(h, "<section id=efuses class=page><h2>The eFuses</h2>\n"
                "<p>A fuse goes from 0 to 1 and never back. ");
    html_raw(h, r->plan != NULL ? "The marks show the board after the plan."
                                : "The marks show the board as it is.");
    html_raw(h, " The same in words is in the table below.</p>\n");
    legend(h, r);
    html_raw(h, "<div class=blocks>");
    for (unsigned block = 0; block < FB_EFUSE_BLOCKS; block++) {
        one_block(h, r, &writeable, block);
    }
    html_raw(h, "</div>\n");
    fields(h, r);
    html_raw(h, "</section>\n");
}
