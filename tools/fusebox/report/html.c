// SPDX-License-Identifier: Apache-2.0

#include "tools/fusebox/report/html.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PRINT_MAX 2000

void html_init(struct html *h)
{
    memset(h, 0, sizeof *h);
}

void html_free(struct html *h)
{
    free(h->text);
    html_init(h);
}

static void append(struct html *h, const void *p, size_t n)
{
    if (h->failed || n == 0) {
        return;
    }
    if (n > h->cap - h->n) {
        size_t cap = 2 * (h->n + n) + 65536;
        char *text = realloc(h->text, cap);
        if (text == NULL) {
            h->failed = true;
            return;
        }
        h->text = text;
        h->cap = cap;
    }
    memcpy(h->text + h->n, p, n);
    h->n += n;
}

void html_raw(struct html *h, const char *markup)
{
    append(h, markup, strlen(markup));
}

static const char *entity(uint8_t byte)
{
    switch (byte) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '&':
        return "&amp;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

// Length of the UTF-8 sequence at p that stands for a visible character beyond
// ASCII; 0: there is none. Refused are overlong forms, surrogates, the C1
// controls, and what orders text from right to left or is not a character.
static size_t utf8_length(const uint8_t *p, size_t n)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : p[0] >= 0xC0 ? 2 : 0;
    uint32_t code = len == 0 ? 0 : p[0] & (0xFFu >> (len + 1));

    if (len == 0 || len > n) {
        return 0;
    }
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xC0) != 0x80) {
            return 0;
        }
        code = code << 6 | (p[i] & 0x3F);
    }
    if (code < least[len] || code > 0x10FFFF || code < 0xA0 ||
        (code >= 0xD800 && code < 0xE000) ||
        (code >= 0x200B && code < 0x2010) ||
        (code >= 0x2028 && code < 0x2030) ||
        (code >= 0x2060 && code < 0x2070) || code == 0xFEFF ||
        (code & 0xFFFE) == 0xFFFE || (code >= 0xFDD0 && code < 0xFDF0)) {
        return 0;
    }
    return len;
}

// U+2400 .. U+241F are pictures of the control characters.
static void append_control(struct html *h, uint8_t byte)
{
    const uint8_t picture[3] = {0xE2, 0x90, (uint8_t)(0x80 + byte)};

    append(h, picture, sizeof picture);
}

void html_bytes(struct html *h, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;

    for (size_t i = 0; i < n;) {
        const char *name = entity(p[i]);
        size_t len = 1;

        if (name != NULL) {
            html_raw(h, name);
        } else if (p[i] == '\n' || (p[i] >= ' ' && p[i] < 0x7F)) {
            append(h, p + i, 1);
        } else if (p[i] < ' ') {
            append_control(h, p[i]);
        } else if ((len = utf8_length(p + i, n - i)) != 0) {
            append(h, p + i, len);
        } else {
            char hex[8];
            append(h, hex, (size_t)snprintf(hex, sizeof hex, "\\x%02x", p[i]));
            len = 1;
        }
        i += len;
    }
}

void html_text(struct html *h, const char *text)
{
    html_bytes(h, text, strlen(text));
}

static void print_list(struct html *h, const char *format, va_list args)
{
    char text[PRINT_MAX + 1];

    (void)vsnprintf(text, sizeof text, format, args);
    html_text(h, text);
}

void html_print(struct html *h, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print_list(h, format, args);
    va_end(args);
}

void html_element(struct html *h, const char *tag, const char *format, ...)
{
    va_list args;

    html_raw(h, "<");
    html_raw(h, tag);
    html_raw(h, ">");
    va_start(args, format);
    print_list(h, format, args);
    va_end(args);
    html_raw(h, "</");
    append(h, tag, strcspn(tag, " "));
    html_raw(h, ">");
}

void html_table(struct html *h, const char *class, const char *caption,
                const char *const *head)
{
    html_raw(h, "<table role=table class=\"");
    html_text(h, class);
    html_raw(h, "\">");
    if (caption[0] != '\0') {
        html_element(h, "caption", "%s", caption);
    }
    html_raw(h, "<thead role=rowgroup><tr role=row>");
    for (; *head != NULL; head++) {
        html_element(h, "th role=columnheader scope=col", "%s", *head);
    }
    html_raw(h, "</tr></thead><tbody role=rowgroup>\n");
}

void html_table_end(struct html *h)
{
    html_raw(h, "</tbody></table>\n");
}

void html_row(struct html *h, const char *class)
{
    html_raw(h, "<tr role=row class=\"");
    html_text(h, class);
    html_raw(h, "\">");
}

void html_row_end(struct html *h)
{
    html_raw(h, "</tr>\n");
}

void html_cell_begin(struct html *h, const char *column)
{
    html_raw(h, "<td role=cell data-l=\"");
    html_text(h, column);
    html_raw(h, "\">");
}

void html_cell(struct html *h, const char *column, const char *format, ...)
{
    va_list args;

    html_cell_begin(h, column);
    va_start(args, format);
    print_list(h, format, args);
    va_end(args);
    html_raw(h, "</td>");
}
