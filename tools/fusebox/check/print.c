// SPDX-License-Identifier: Apache-2.0

#include "tools/fusebox/check/print.h"

#include <stdio.h>
#include <string.h>

unsigned check_count(const struct subject *s, const struct accepted *accepted,
                     enum fb_check_verdict verdict)
{
    unsigned n = 0;

    for (unsigned i = 0; i < FB_CHECKS; i++) {
        n += s->result[i].verdict == verdict && accepted->reason[i] == NULL;
    }
    return n;
}

static void threats_of(const struct subject *s, struct fb_threat_config *c)
{
    const struct fb_board_state *after = &s->scratch;

    fb_threat_config(&after->fuses,
                     fb_efuse_chip_revision(&after->fuses, after->syscon_date),
                     c);
    c->fleet_key = s->fleet_key;
    c->host_keys = s->in.flash_key.bytes != NULL;
}

// --- text ---

#define INDENT 14
#define WIDTH  80

// Words of `text` behind a label, wrapped.
static void print_wrapped(const char *label, const char *text)
{
    int column = printf("     %-*s", INDENT - 5, label);

    while (*text != '\0') {
        size_t word = strcspn(text, " ");

        if (column > INDENT && column + 1 + (int)word > WIDTH) {
            printf("\n%*s", INDENT, "");
            column = INDENT;
        } else if (column > INDENT) {
            column += printf(" ");
        }
        column += printf("%.*s", (int)word, text);
        text += word;
        text += strspn(text, " ");
    }
    printf("\n");
}

static void print_one(const struct subject *s, unsigned i, const char *reason)
{
    const struct fb_check *check = &fb_checks[i];
    const struct fb_check_result *r = &s->result[i];

    if (r->verdict == FB_CHECK_PASS) {
        printf("%-4s PASS     %s\n", check->id, r->saw);
        return;
    }
    printf("%-4s %-8s %s\n", check->id, fb_check_verdict_name(r->verdict),
           check->title);
    print_wrapped("saw", r->saw);
    if (r->step < s->in.plan->steps) {
        printf("     %-*s%zu, %s\n", INDENT - 5, "step", r->step + 1,
               s->in.plan->step[r->step].label);
    }
    print_wrapped("why", check->why);
    print_wrapped("do", check->remedy);
    if (reason != NULL) {
        print_wrapped("accepted", reason);
    }
}

static void print_unconcerned(const struct subject *s)
{
    const char *before = "\nNot concerned: ";

    for (unsigned i = 0; i < FB_CHECKS; i++) {
        if (s->result[i].verdict == FB_CHECK_NONE) {
            printf("%s%s", before, fb_checks[i].id);
            before = ", ";
        }
    }
    if (before[0] == ',') {
        printf("\n");
    }
}

static void print_threats(const struct subject *s)
{
    const struct fb_threat *threat[FB_THREATS_MAX];
    struct fb_threat_config c;
    char title[FB_THREAT_TITLE];

    threats_of(s, &c);
    fb_threat_title(&c, title);
    printf("\n%s:\n", title);
    for (size_t i = 0, n = fb_threats(&c, threat); i < n; i++) {
        print_wrapped(threat[i]->stops ? "stops" : "not", threat[i]->text);
    }
}

static void print_board(const struct subject *s)
{
    uint8_t mac[6];

    (void)fb_efuse_mac(&s->state.fuses, mac);
    printf("%s: %02x:%02x:%02x:%02x:%02x:%02x, chip revision %u, %u KiB flash",
           s->name, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5],
           fb_efuse_chip_revision(&s->state.fuses, s->state.syscon_date),
           (unsigned)(s->state.flash_size / 1024));
    if (!s->open) { // but read over a port
        printf(", %u KiB of it read", (unsigned)(s->snapshot.read / 1024));
    }
    if (s->in.plan->steps != 0) {
        printf("; a plan of %zu steps", s->in.plan->steps);
    }
    printf("\n\n");
}

void print_check_text(const struct subject *s, const struct accepted *accepted,
                      const struct fb_advice *advice)
{
    unsigned fails = check_count(s, accepted, FB_CHECK_FAIL);
    unsigned unknowns = check_count(s, accepted, FB_CHECK_UNKNOWN);

    print_board(s);
    for (unsigned i = 0; i < FB_CHECKS; i++) {
        if (s->result[i].verdict != FB_CHECK_NONE) {
            print_one(s, i, accepted->reason[i]);
        }
    }
    print_unconcerned(s);
    print_threats(s);
    if (advice != NULL && advice->condition != FB_BOARD_BOOTS) {
        printf("\n");
        print_advice_text(s, advice);
    }
    printf("\n%u fail, %u unknown\n", fails, unknowns);
}

void print_advice_text(const struct subject *s, const struct fb_advice *a)
{
    printf("%s: %s\n", s->name, fb_condition_text(a->condition));
    if (a->doubt != NULL) {
        print_wrapped("but:", a->doubt);
    }
    if (a->hopeless != NULL) {
        print_wrapped("no way:", a->hopeless);
    }
    for (unsigned w = 0; w < a->ways; w++) {
        const struct fb_advice_way *way = &a->way[w];

        printf("\n%s: %s%s\n", w == 0 ? "Way back" : "Or", way->title,
               way->own_files ? " (with your own bootloader.bin, "
                                "partitions.bin or app.bin)"
                              : "");
        for (unsigned i = 0; i < way->lines; i++) {
            printf("    %s\n", way->line[i]);
        }
    }
}

// --- JSON ---

static void json_string(const char *text)
{
    putchar('"');
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\') {
            printf("\\%c", c);
        } else if (c < ' ') {
            printf("\\u%04x", c);
        } else {
            putchar(c);
        }
    }
    putchar('"');
}

static void json_field(const char *name, const char *text, const char *after)
{
    json_string(name);
    printf(": ");
    if (text == NULL) {
        printf("null");
    } else {
        json_string(text);
    }
    printf("%s", after);
}

static void json_check(const struct subject *s, unsigned i, const char *reason)
{
    const struct fb_check *check = &fb_checks[i];
    const struct fb_check_result *r = &s->result[i];
    enum fb_check_verdict v = r->verdict;

    printf("    {");
    json_field("id", check->id, ", ");
    json_field("verdict",
               v == FB_CHECK_NONE ? "NONE" : fb_check_verdict_name(v), ", ");
    json_field("title", check->title, ", ");
    json_field("saw", r->saw, ", ");
    json_field("why", check->why, ", ");
    json_field("do", check->remedy, ", ");
    json_field("stories", check->stories, ", ");
    if (r->step < s->in.plan->steps) {
        printf("\"step\": %zu, ", r->step + 1);
    }
    json_field("accepted", reason, i + 1 < FB_CHECKS ? "},\n" : "}\n");
}

static void json_advice(const struct fb_advice *a)
{
    printf("{");
    json_field("condition", fb_condition_name(a->condition), ", ");
    json_field("text", fb_condition_text(a->condition), ", ");
    json_field("doubt", a->doubt, ", ");
    json_field("hopeless", a->hopeless, ", \"ways\": [");
    for (unsigned w = 0; w < a->ways; w++) {
        const struct fb_advice_way *way = &a->way[w];

        printf("%s{", w == 0 ? "" : ", ");
        json_field("title", way->title, ", ");
        printf("\"own_files\": %s, \"commands\": [",
               way->own_files ? "true" : "false");
        for (unsigned i = 0; i < way->lines; i++) {
            printf("%s", i == 0 ? "" : ", ");
            json_string(way->line[i]);
        }
        printf("]}");
    }
    printf("]}");
}

static void json_board(const struct subject *s)
{
    uint8_t mac[6];
    char text[18];

    (void)fb_efuse_mac(&s->state.fuses, mac);
    (void)snprintf(text, sizeof text, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0],
                   mac[1], mac[2], mac[3], mac[4], mac[5]);
    json_field("board", s->name, ",\n  ");
    json_field("mac", text, ",\n");
    printf("  \"revision\": %u,\n",
           fb_efuse_chip_revision(&s->state.fuses, s->state.syscon_date));
    if (!s->open) {
        printf("  \"flash_bytes_read\": %u,\n", (unsigned)s->snapshot.read);
    }
}

void print_advice_json(const struct subject *s, const struct fb_advice *a)
{
    printf("{\n  ");
    json_board(s);
    printf("  \"advice\": ");
    json_advice(a);
    printf("\n}\n");
}

void print_check_json(const struct subject *s, const struct accepted *accepted,
                      const struct fb_advice *advice)
{
    const struct fb_threat *threat[FB_THREATS_MAX];
    struct fb_threat_config c;
    char title[FB_THREAT_TITLE];

    threats_of(s, &c);
    fb_threat_title(&c, title);
    printf("{\n  ");
    json_board(s);
    printf("  \"steps\": %zu,\n  \"checks\": [\n", s->in.plan->steps);
    for (unsigned i = 0; i < FB_CHECKS; i++) {
        json_check(s, i, accepted->reason[i]);
    }
    printf("  ],\n  \"fail\": %u,\n  \"unknown\": %u,\n  ",
           check_count(s, accepted, FB_CHECK_FAIL),
           check_count(s, accepted, FB_CHECK_UNKNOWN));
    json_field("configuration", title, ",\n  \"threats\": [\n");
    for (size_t i = 0, n = fb_threats(&c, threat); i < n; i++) {
        printf("    {\"stops\": %s, ", threat[i]->stops ? "true" : "false");
        json_field("text", threat[i]->text, i + 1 < n ? "},\n" : "}\n");
    }
    printf("  ],\n  \"advice\": ");
    if (advice != NULL) {
        json_advice(advice);
    } else {
        printf("null");
    }
    printf("\n}\n");
}
