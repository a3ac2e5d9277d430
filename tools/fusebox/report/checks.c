// SPDX-License-Identifier: Apache-2.0
//
// What the checks say, what the configuration stops, and what to do with a
// board that does not start.

#include "tools/fusebox/report/report.h"

static const struct {
    const char *class;
    const char *text;
} verdicts[] = {
    [FB_CHECK_PASS] = {"yes", "✓ PASS"},
    [FB_CHECK_FAIL] = {"no", "✗ FAIL"},
    [FB_CHECK_UNKNOWN] = {"unknown", "? UNKNOWN"},
    [FB_CHECK_NONE] = {"none", "–"},
};

static void line(struct html *h, const char *label, const char *text)
{
    if (text == NULL || text[0] == '\0') {
        return;
    }
    html_raw(h, "<p><b>");
    html_raw(h, label);
    html_raw(h, "</b> ");
    html_text(h, text);
    html_raw(h, "</p>");
}

static void one_check(struct html *h, const struct report *r, unsigned i)
{
    const struct fb_check *check = &fb_checks[i];
    const struct fb_check_result *result = &r->s.result[i];
    const bool good = result->verdict == FB_CHECK_PASS;

    html_row(h, result->verdict == FB_CHECK_FAIL ? "bad" : "");
    html_raw(h, "<th role=rowheader scope=row>");
    html_text(h, check->id);
    html_raw(h, "</th>");
    html_cell_begin(h, "Verdict");
    html_raw(h, "<span class=");
    html_raw(h, verdicts[result->verdict].class);
    html_raw(h, ">");
    html_raw(h, verdicts[result->verdict].text);
    html_raw(h, "</span></td>");
    html_cell_begin(h, "Check");
    html_text(h, check->title);
    line(h, "Saw", result->saw);
    if (!good && r->plan != NULL && result->step < r->plan->steps) {
        html_raw(h, "<p><b>Step</b> ");
        html_print(h, "%zu, %s", result->step + 1,
                   r->plan->step[result->step].label);
        html_raw(h, "</p>");
    }
    if (!good) {
        line(h, "Why", check->why);
        line(h, "Do", check->remedy);
    }
    html_raw(h, "</td>");
    html_row_end(h);
}

static void with_verdict(struct html *h, const struct report *r,
                         enum fb_check_verdict verdict)
{
    for (unsigned i = 0; i < FB_CHECKS; i++) {
        if (r->s.result[i].verdict == verdict) {
            one_check(h, r, i);
        }
    }
}

static void unconcerned(struct html *h, const struct report *r)
{
    bool first = true;

    if (report_count(r, FB_CHECK_NONE) == 0) {
        return;
    }
    html_raw(h, "<p>Not concerned: ");
    for (unsigned i = 0; i < FB_CHECKS; i++) {
        if (r->s.result[i].verdict == FB_CHECK_NONE) {
            html_print(h, "%s%s", first ? "" : ", ", fb_checks[i].id);
            first = false;
        }
    }
    html_raw(h, "</p>\n");
}

void report_checks(struct html *h, const struct report *r)
{
    static const char *const head[] = {"Id", "Verdict", "Check", NULL};

    html_raw(h, "<section id=checks><h2>The checks</h2>\n<p>");
    html_print(
        h, "%u fail, %u unknown, %u pass.", report_count(r, FB_CHECK_FAIL),
        report_count(r, FB_CHECK_UNKNOWN), report_count(r, FB_CHECK_PASS));
    html_raw(h, " What could not be looked at is unknown, and no better than "
                "a fail.</p>\n");
    html_table(h, "cards checks", "", head);
    with_verdict(h, r, FB_CHECK_FAIL);
    with_verdict(h, r, FB_CHECK_UNKNOWN);
    with_verdict(h, r, FB_CHECK_PASS);
    html_table_end(h);
    unconcerned(h, r);
    html_raw(h, "</section>\n");
}

// --- threats ---

static void threats(struct html *h, const struct fb_threat *const *threat,
                    size_t n, bool stops)
{
    bool any = false;

    for (size_t i = 0; i < n; i++) {
        if (threat[i]->stops != stops) {
            continue;
        }
        html_raw(h, any     ? ""
                    : stops ? "<h3>It stops</h3>\n<ul class=threats>"
                            : "<h3>It does not stop</h3>\n<ul class=threats>");
        html_raw(h, stops ? "<li><span class=yes aria-hidden=true>✓</span> "
                          : "<li><span class=no aria-hidden=true>✗</span> ");
        html_text(h, threat[i]->text);
        html_raw(h, "</li>\n");
        any = true;
    }
    html_raw(h, any ? "</ul>\n" : "");
}

void report_threats(struct html *h, const struct report *r)
{
    const struct fb_threat *threat[FB_THREATS_MAX];
    struct fb_threat_config c;
    char title[FB_THREAT_TITLE];

    fb_threat_config(&r->after.fuses, r->revision, &c);
    c.fleet_key = r->s.fleet_key;
    c.host_keys = r->s.in.flash_key.bytes != NULL;
    fb_threat_title(&c, title);
    const size_t n = fb_threats(&c, threat);
    html_raw(h, "<section id=threats><h2>What this stops, and what it does "
                "not</h2>\n");
    html_element(h, "p", "%c%s.",
                 title[0] >= 'a' && title[0] <= 'z' ? title[0] - 'a' + 'A'
                                                    : title[0],
                 title + 1);
    threats(h, threat, n, true);
    threats(h, threat, n, false);
    html_raw(h, "</section>\n");
}

// --- advice ---

void report_advice(struct html *h, const struct report *r)
{
    const struct fb_advice *a = &r->advice;

    if (a->condition == FB_BOARD_BOOTS || r->verdict.boots == REPORT_YES) {
        return;
    }
    html_raw(h, "<section id=advice><h2>How to bring it back</h2>\n");
    html_element(h, "p", "%s", fb_condition_text(a->condition));
    if (a->doubt != NULL) {
        html_element(h, "p", "%s", a->doubt);
    }
    if (a->hopeless != NULL) {
        html_raw(h, "<p class=warn>");
        html_text(h, a->hopeless);
        html_raw(h, "</p>\n");
    }
    for (unsigned i = 0; i < a->ways; i++) {
        const struct fb_advice_way *way = &a->way[i];

        html_element(h, "h3", "%s", way->title);
        if (way->own_files) {
            html_raw(h, "<p>With your own bootloader.bin, digest.bin, "
                        "partitions.bin, app.bin:</p>\n");
        }
        html_raw(h, "<pre>");
        for (unsigned n = 0; n < way->lines; n++) {
            html_text(h, way->line[n]);
            html_raw(h, "\n");
        }
        html_raw(h, "</pre>\n");
    }
    html_raw(h, "</section>\n");
}
