// SPDX-License-Identifier: Apache-2.0
//
// What the boot on the virtual chip says about the board.

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/fusebox/report/report.h"

#define MS(ns) ((double)(ns) / 1e6)

static void say(struct report_verdict *v, enum report_answer boots,
                const char *head)
{
    v->boots = boots;
    (void)snprintf(v->head, sizeof v->head, "%s", head);
}

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
    (void)snprintf(v->reason, sizeof v->reason,
                   "On the virtual chip it said “%s” %.0f ms after power-on.",
                   waited_for(r, text), MS(r->replay->ns));
}

// What the application did instead of saying what was waited for.
static void say_it_runs(const struct report *r, struct report_verdict *v)
{
    const double ms = MS(r->replay->ns);
    char text[100];

    if (r->goal.text == NULL) {
        say(v, REPORT_YES, "Boots");
        (void)snprintf(v->reason, sizeof v->reason,
                       "On the virtual chip its application ran for %.0f ms "
                       "without a reset.",
                       ms);
        return;
    }
    say(v, REPORT_UNKNOWN, "Starts, then silent");
    (void)snprintf(v->reason, sizeof v->reason,
                   "On the virtual chip its application ran for %.0f ms "
                   "without a reset, but never said “%s”.",
                   ms, waited_for(r, text));
}

static const char *how_far(enum replay_stage stage)
{
    static const char *const texts[REPLAY_STAGES] = {
        [REPLAY_ROM] = "The ROM starts nothing",
        [REPLAY_BOOTLOADER] = "The bootloader starts no application",
        [REPLAY_APPLICATION] = "The application has started",
    };

    return texts[stage];
}

// It has not said what was waited for: does it run?
static void judge_silence(const struct report *r, struct report_verdict *v)
{
    const struct replay *p = r->replay;

    if (p->stage == REPLAY_APPLICATION && p->resets == 0) {
        say_it_runs(r, v);
        return;
    }
    say(v, REPORT_NO, "Does not boot");
    (void)snprintf(v->reason, sizeof v->reason, "%s%s%s.%s", how_far(p->stage),
                   p->why[0] != '\0' ? ": " : "", p->why,
                   p->end == REPLAY_RESETS ? " It resets again and again."
                                           : "");
}

void report_judge(struct report *r)
{
    struct report_verdict *v = &r->verdict;

    if (r->plan != NULL && r->refused < r->plan->steps) {
        say(v, REPORT_NO, "Cannot be done");
        (void)snprintf(v->reason, sizeof v->reason,
                       "Step %zu (%s) is refused: %s.", r->refused + 1,
                       r->plan->step[r->refused].label,
                       fb_status_text(r->refusal));
        return;
    }
    switch (r->replay->end) {
    case REPLAY_NOT_RUN:
        say(v, REPORT_UNKNOWN, "Not known");
        (void)snprintf(v->reason, sizeof v->reason, "It was not booted: %s.",
                       r->cannot_run);
        break;
    case REPLAY_GOAL:
        judge_goal(r, v);
        break;
    case REPLAY_RESETS:
    case REPLAY_WAITS:
    case REPLAY_TIME:
        judge_silence(r, v);
        break;
    }
}
