// SPDX-License-Identifier: Apache-2.0
//
// The page around the parts: first what somebody who fears for a board asks.

#include <inttypes.h>
#include <stdio.h>

#include "tools/cli/cli.h"
#include "tools/fusebox/report/report.h"

static const struct {
    const char *class;
    const char *sign;
} answers[] = {
    [REPORT_NO] = {"no", "✗"},
    [REPORT_YES] = {"yes", "✓"},
    [REPORT_UNKNOWN] = {"unknown", "?"},
};

static void head(struct html *h, const struct report *r)
{
    html_raw(h, "<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8>\n"
                "<meta name=viewport "
                "content=\"width=device-width, initial-scale=1\">\n"
                // Nothing is loaded and nothing runs, whatever got in here.
                "<meta http-equiv=Content-Security-Policy content=\""
                "default-src 'none'; style-src 'unsafe-inline'\">\n"
                "<meta name=color-scheme content=\"light dark\">\n<title>");
    html_print(h, "%s: %s", r->s.board.ini.name, r->verdict.head);
    html_raw(h, "</title>\n<style>\n");
    html_raw(h, report_css);
    html_raw(h, "</style></head><body>\n");
}

static void identity(struct html *h, const struct report *r)
{
    uint8_t mac[6];
    const bool mac_ok = fb_efuse_mac(&r->before.fuses, mac);

    html_raw(h, "<header><p class=kicker>");
    html_raw(h, r->plan != NULL ? "Fusebox report on a plan: "
                                : "Fusebox report on a board: ");
    html_text(h, r->source);
    html_raw(h, "</p>\n<h1>");
    html_text(h, r->s.board.ini.name);
    html_raw(h, "</h1>\n<dl class=id><div><dt>MAC</dt><dd>");
    html_print(h, "%02x:%02x:%02x:%02x:%02x:%02x%s", mac[0], mac[1], mac[2],
               mac[3], mac[4], mac[5], mac_ok ? "" : " (its CRC is wrong)");
    html_raw(h, "</dd></div><div><dt>Chip</dt><dd>");
    html_print(h, "ESP32 revision %u", r->revision);
    html_raw(h, "</dd></div><div><dt>Flash</dt><dd>");
    html_print(h, "%" PRIu32 " MiB", r->s.state.flash_size >> 20);
    html_raw(h, "</dd></div>");
    if (r->plan != NULL) {
        char hex[65];
        plan_hex(r->s.plan->hash, 32, hex);
        html_raw(h, "<div><dt>Plan</dt><dd>");
        html_print(h, "%s, %zu steps, hash %.16s", r->s.plan->recipe,
                   r->plan->steps, hex);
        html_raw(h, "</dd></div>");
    }
    html_raw(h, "</dl></header>\n");
}

static void in_short(struct html *h, const struct report *r)
{
    const struct report_verdict *v = &r->verdict;

    html_raw(h, "<section class=short aria-label=\"In short\">\n"
                "<div class=\"card live ");
    html_raw(h, answers[v->boots].class);
    html_raw(h, "\"><h2>Will it live?</h2><p class=big><span class=sign "
                "aria-hidden=true>");
    html_raw(h, answers[v->boots].sign);
    html_raw(h, "</span> ");
    html_text(h, v->head);
    html_raw(h, "</p><p>");
    html_text(h, v->reason);
    html_raw(h, "</p><p>Checks: <a href=#checks>");
    html_print(
        h, "%u fail, %u unknown, %u pass", report_count(r, FB_CHECK_FAIL),
        report_count(r, FB_CHECK_UNKNOWN), report_count(r, FB_CHECK_PASS));
    html_raw(h, "</a></p></div>\n"
                "<div class=card><h2>What changes for ever?</h2>");
    report_changes_brief(h, r);
    html_raw(h, "</div>\n"
                "<div class=card><h2>What remains possible?</h2>");
    report_afterwards_brief(h, r);
    html_raw(h, "</div></section>\n");
}

static void contents(struct html *h, const struct report *r)
{
    html_raw(h, "<nav aria-label=Contents><a href=#changes>");
    html_raw(h, r->plan != NULL ? "What changes" : "What is burned");
    html_raw(h, "</a> <a href=#after>What is possible</a> "
                "<a href=#checks>The checks</a> <a href=#threats>What this "
                "stops</a> <a href=#boot>The boot</a> ");
    html_raw(h, r->plan != NULL ? "<a href=#cuts>Interruptions</a> " : "");
    html_raw(h, "<a href=#flash>The flash</a> "
                "<a href=#efuses>The eFuses</a></nav>\n");
}

static void made_how(struct html *h, const struct report *r)
{
    html_raw(h, "<footer><p>");
    html_print(h,
               "Made by fusebox " CLI_TOOLS_VERSION
               " from %s. No line of it came from the network, no key is in "
               "it: keys are named by the first 8 bytes of the SHA-256 of "
               "their file. The boot ran on a copy, on a model of the chip; "
               "docs/FIDELITY.md says what that does not model.",
               r->source);
    html_raw(h, "</p></footer>\n");
}

void report_page(struct html *h, const struct report *r)
{
    head(h, r);
    identity(h, r);
    html_raw(h, "<main>\n");
    in_short(h, r);
    contents(h, r);
    report_advice(h, r);
    report_changes(h, r);
    report_afterwards(h, r);
    report_checks(h, r);
    report_threats(h, r);
    report_timeline(h, r);
    report_cuts(h, r);
    report_flash_map(h, r);
    report_efuse_map(h, r);
    html_raw(h, "</main>\n");
    made_how(h, r);
    html_raw(h, "</body></html>\n");
}
