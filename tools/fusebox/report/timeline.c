// SPDX-License-Identifier: Apache-2.0
//
// The boot, by the chip's own clock: the stages to scale, then every line.

#include <inttypes.h>
#include <string.h>

#include "tools/fusebox/report/report.h"

#define MS(ns) ((double)(ns) / 1e6)

static const struct {
    const char *name;
    const char *class;
} stages[REPLAY_STAGES] = {
    [REPLAY_ROM] = {"ROM", "rom"},
    [REPLAY_BOOTLOADER] = {"bootloader", "boot"},
    [REPLAY_APPLICATION] = {"application", "app"},
};

static void scale(struct html *h, const struct replay *p)
{
    const double total = p->ns > 0 ? (double)p->ns : 1;

    html_raw(h, "<ol class=spans aria-label=\"Stages of the boot\">");
    for (size_t i = 0; i < p->spans; i++) {
        const struct replay_span *s = &p->span[i];
        const double ms = MS(s->to_ns - s->from_ns);

        html_raw(h, "<li class=\"");
        html_raw(h, stages[s->stage].class);
        html_raw(h, "\" style=\"");
        html_print(h, "flex-grow:%.4f",
                   (double)(s->to_ns - s->from_ns) / total);
        html_raw(h, "\">");
        html_element(h, "b", "%s", stages[s->stage].name);
        html_raw(h, " ");
        html_element(h, "span", ms < 10 ? "%.1f ms" : "%.0f ms", ms);
        html_raw(h, "</li>");
    }
    html_raw(h, "</ol>\n");
}

static void one_line(struct html *h, const struct replay *p,
                     const struct replay_line *line, bool first)
{
    html_raw(h, "<tr class=\"");
    html_raw(h, stages[line->stage].class);
    html_raw(h, line->note ? " note" : "");
    html_raw(h, first ? " first" : "");
    html_raw(h, "\">");
    html_element(h, "td class=t", "%.1f", MS(line->ns));
    html_element(h, "td class=who", "%s",
                 line->note ? "chip" : stages[line->stage].name);
    html_raw(h, "<td><code>");
    html_bytes(h, p->text + line->start, line->len);
    html_raw(h, "</code></td></tr>\n");
}

static void lines(struct html *h, const struct replay *p)
{
    html_raw(h, "<table class=console><caption>What it said</caption><thead>"
                "<tr><th scope=col>ms</th><th scope=col>who</th>"
                "<th scope=col>line</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < p->lines; i++) {
        one_line(h, p, &p->line[i],
                 i > 0 && p->line[i].stage != p->line[i - 1].stage);
    }
    html_raw(h, "</tbody></table>\n");
}

static void remarks(struct html *h, const struct report *r)
{
    const struct replay *p = r->replay;

    if (p->burned_bits > 0) {
        html_element(h, "p class=warn",
                     "The boot itself burned %u fuse bits: that happens on the "
                     "real board too, and for ever.",
                     p->burned_bits);
    }
    if (p->erases + p->programs > 0) {
        html_element(h, "p",
                     "The boot wrote to the flash (erased: %u, programmed: "
                     "%u). What this page shows of the flash is from before.",
                     p->erases, p->programs);
    }
    if (p->unmodelled > 0) {
        html_element(h, "p class=warn",
                     "%u places of the chip that were touched are not "
                     "modelled: a real board may go on differently from "
                     "there.",
                     p->unmodelled);
    }
    if (p->cut) {
        html_element(h, "p", "There was more than is shown here.");
    }
}

void report_timeline(struct html *h, const struct report *r)
{
    const struct replay *p = r->replay;

    html_raw(h, "<section id=boot class=page><h2>The boot</h2>\n");
    if (p->end == REPLAY_NOT_RUN) {
        html_element(h, "p", "The board was not booted: %s.", r->cannot_run);
        html_raw(h, "</section>\n");
        return;
    }
    html_raw(h, "<p>");
    html_print(h,
               "A cold boot of a copy on the virtual chip, %s. Times are the "
               "chip’s own: %.0f ms from power-on to the end of the record",
               r->rom != NULL ? "with the mask ROM"
                              : "with the built-in model of the ROM",
               MS(p->ns));
    html_print(h, p->resets > 0 ? ", %u resets on the way." : ".", p->resets);
    html_raw(h, "</p>\n");
    scale(h, p);
    report_why(h, r);
    remarks(h, r);
    lines(h, p);
    html_raw(h, "</section>\n");
}
