// SPDX-License-Identifier: Apache-2.0
//
// A page in memory. Whatever comes from a board, a file or a person goes
// through html_text() or html_print(), which escape; html_raw() is for markup
// written in the sources.

#ifndef TOOLS_FUSEBOX_REPORT_HTML_H
#define TOOLS_FUSEBOX_REPORT_HTML_H

#include <stdbool.h>
#include <stddef.h>

struct html {
    char *text; // n bytes, not terminated
    size_t n, cap;
    bool failed; // out of memory: the page is not whole
};

void html_init(struct html *h);
void html_free(struct html *h);

// Markup as it stands.
void html_raw(struct html *h, const char *markup);
// n bytes from anywhere, fit for an element's content and for an attribute in
// quotes: < > & " ' as entities, what is no UTF-8 and what a control character
// is as the picture of a control character or \xNN. Newlines stay.
void html_bytes(struct html *h, const void *p, size_t n);
void html_text(struct html *h, const char *text);
// As printf(), the result escaped; longer than 2000 bytes it is cut.
void html_print(struct html *h, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
// <tag>escaped</tag>; tag may have attributes: "td class=x".
void html_element(struct html *h, const char *tag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// A table that a narrow screen shows as cards: each cell carries its column's
// name. The roles keep it a table for screen readers there too. head: NULL at
// the end; caption: what the table is, may be "".
void html_table(struct html *h, const char *class, const char *caption,
                const char *const *head);
void html_table_end(struct html *h);
void html_row(struct html *h, const char *class); // may be ""
void html_row_end(struct html *h);
// A cell with text, or opened for more: close it with html_raw(h, "</td>").
void html_cell(struct html *h, const char *column, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void html_cell_begin(struct html *h, const char *column);

#endif
