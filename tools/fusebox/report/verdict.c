// SPDX-License-Identifier: Apache-2.0
//
// Will it live? What the boot, the checks, the rehearsal and, for a board that
// does not start, the ways back say together.

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "tools/fusebox/plan/verdict.h"
#include "tools/fusebox/report/report.h"

#define MS(ns) ((double)(ns) / 1e6)

static void say(struct report_verdict *v, enum report_answer boots,
                const char *head)
{
    v->boots = boots;
    (void)snprintf(v->head, sizeof v->head, "%s", head);
}

static void add(struct report_verdict *v, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// A sentence more.
static void add(struct report_verdict *v, const char *format, ...)
{
    size_t n = strlen(v->reason);
    va_list args;

    if (n > 0 && n < sizeof v->reason - 1) {
        v->reason[n++] = ' ';
    }
    va_start(args, format);
    (void)vsnprintf(v->reason + n, sizeof v->reason - n, format, args);
    va_end(args);
}

// --- the boot ---

// What was waited for, without the white space around it.
static const char *waited_for(const struct report *r, char text[100])
{
    const char *p = r->goal.text + strspn(r->goal.text, "\r\n ");
    size_t n = strlen(p);

    while (n > 0 && (p[n - 1] == ' ' || p[n - 1] == '\n')) {
        n--;
    }
    (void)snprintf(text, 100, "%.*s", (int)n, p);
    return text;
}

static void judge_goal(const struct report *r, struct report_verdict *v)
{
    char text[100];

    say(v, REPORT_YES, "Boots");
    add(v, "On the virtual chip it said “%s” %.0f ms after power-on.",
        waited_for(r, text), MS(r->replay->ns));
}

// What the application did instead of saying what was waited for.
static void judge_running(const struct report *r, struct report_verdict *v)
{
    const double ms = MS(r->replay->ns);
    char text[100];

    if (r->goal.text == NULL) {
        say(v, REPORT_YES, "Boots");
        add(v,
            "On the virtual chip its application ran for %.0f ms without a "
            "reset.",
            ms);
        return;
    }
    say(v, REPORT_UNKNOWN, "Starts, then silent");
    add(v,
        "On the virtual chip its application ran for %.0f ms without a reset, "
        "but never said “%s”.",
        ms, waited_for(r, text));
}

static void judge_dead(const struct report *r, struct report_verdict *v)
{
    const char *why = r->why.line[0];

    say(v, REPORT_NO, "Does not boot");
    if (r->why.lines > 0) {
        add(v, "%c%s.", toupper((unsigned char)why[0]), why + 1);
    }
    if (r->replay->end == REPLAY_RESETS) {
        add(v, "It resets again and again.");
    }
}

static void judge_boot(const struct report *r, struct report_verdict *v)
{
    const struct replay *p = r->replay;

    if (p->end == REPLAY_NOT_RUN) {
        say(v, REPORT_UNKNOWN, "Not known");
        add(v, "It was not booted: %s.", r->cannot_run);
    } else if (p->end == REPLAY_GOAL) {
        judge_goal(r, v);
    } else if (report_is_dead(r)) {
        judge_dead(r, v);
    } else {
        judge_running(r, v);
    }
}

// --- the ways back ---

static void judge_plan_dead(struct report *r, struct report_verdict *v)
{
    struct fb_flash_part part = r->after.part;
    char text[600];

    part.destroyed |= r->replay->flash_destroyed;
    if (verdict_of_dead(r->s.plan, &part, &r->after.fuses, r->after.flash,
                        &r->advice, text, sizeof text) == VERDICT_BRICKS) {
        say(v, REPORT_NO, "Bricks");
    }
    add(v, "%c%s.", toupper((unsigned char)text[0]), text + 1);
}

// Did the boot say so in the same words?
static bool is_said(const struct report *r, const char *sentence)
{
    const char *why = r->why.line[0];

    return strncasecmp(why, sentence, strlen(why)) == 0;
}

static void judge_board_dead(const struct report *r, struct report_verdict *v)
{
    const enum fb_condition c = r->advice.condition;

    if (c != FB_BOARD_BOOTS && c != FB_BOARD_UNKNOWN &&
        !is_said(r, fb_condition_text(c))) {
        add(v, "%s", fb_condition_text(c));
    }
    if (r->advice.ways > 0) {
        add(v, "It can be brought back: see below.");
    } else if (r->advice.hopeless != NULL) {
        add(v, "Nothing brings it back: %s", r->advice.hopeless);
    }
}

// --- the rest ---

static void add_record(const struct report *r, struct report_verdict *v)
{
    if (!r->rehearsed) {
        add(v, "The plan was not rehearsed yet.");
        return;
    }
    add(v, "Rehearsed: %s%s%s%s%s.", verdict_name(r->record.verdict),
        r->record.why[0] != '\0' ? ", " : "", r->record.why,
        r->record.then[0] != '\0' ? "; then " : "", r->record.then);
    if (r->record.verdict != VERDICT_BOOTS && v->boots == REPORT_YES) {
        say(v, REPORT_NO,
            r->record.verdict == VERDICT_BRICKS ? "Bricks" : "Fails");
    }
}

// A check that fails says that the plan must not be done, boot or no boot.
static void add_checks(const struct report *r, struct report_verdict *v)
{
    const unsigned fails = report_count(r, FB_CHECK_FAIL);

    if (r->plan != NULL && fails > 0 && v->boots == REPORT_YES) {
        v->boots = REPORT_UNKNOWN;
        (void)snprintf(v->head, sizeof v->head,
                       fails == 1 ? "Boots, but %u check fails"
                                  : "Boots, but %u checks fail",
                       fails);
    }
}

void report_judge(struct report *r)
{
    struct report_verdict *v = &r->verdict;

    if (r->refused < r->s.in.plan->steps) {
        say(v, REPORT_NO, "Cannot be done");
        add(v, "Step %zu (%s) is refused: %s.", r->refused + 1,
            r->plan->step[r->refused].label, fb_status_text(r->refusal));
        return;
    }
    judge_boot(r, v);
    if (v->boots == REPORT_NO && r->plan != NULL) {
        judge_plan_dead(r, v);
    } else if (v->boots == REPORT_NO) {
        judge_board_dead(r, v);
    }
    if (r->plan != NULL) {
        add_record(r, v);
    }
    add_checks(r, v);
}
