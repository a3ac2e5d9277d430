// SPDX-License-Identifier: Apache-2.0

#include "tools/fusebox/plan/goal.h"

#include <stdbool.h>
#include <string.h>

// More resets than that are a loop.
#define RESETS_MAX 4u

void goal_hear(struct target_console *c, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n && c->n < sizeof c->text - 1; i++) {
        if (p[i] == '\n' || p[i] == '\t' || (p[i] >= 0x20 && p[i] < 0x7F)) {
            c->text[c->n++] = (char)p[i];
        }
    }
    c->text[c->n] = '\0';
}

static unsigned count(const char *text, const char *what)
{
    unsigned n = 0;
    for (; (text = strstr(text, what)) != NULL; text++) {
        n++;
    }
    return n;
}

// What ESP-IDF's panic handler says (components/esp_system/panic.c). Built to
// halt, it resets nothing.
static bool panicked(const char *text)
{
    return strstr(text, "Guru Meditation Error") != NULL ||
           strstr(text, "abort() was called") != NULL;
}

static enum goal_state missed(const char **why, const char *text)
{
    *why = text;
    return GOAL_MISSED;
}

enum goal_state goal_judge(const struct target_goal *goal,
                           struct target_console *c, uint64_t ms,
                           const char **why)
{
    unsigned banners = count(c->text, "\nrst:0x");
    c->resets = banners > 0 ? banners - 1 : 0;
    c->ms = (unsigned)ms;
    if (goal->text != NULL && strstr(c->text, goal->text) != NULL) {
        return GOAL_REACHED;
    }
    if (c->resets > (goal->text != NULL ? RESETS_MAX : 0)) {
        return missed(why, "the board resets again and again");
    }
    if (goal->text != NULL) {
        return ms < goal->timeout_ms
                   ? GOAL_PENDING
                   : missed(why, "the board does not get there in time");
    }
    if (panicked(c->text)) {
        return missed(why, "the firmware panicked");
    }
    if (ms < goal->seconds * 1000u) {
        return GOAL_PENDING;
    }
    // The ROM names the entry when it hands over.
    return strstr(c->text, "entry 0x") != NULL
               ? GOAL_REACHED
               : missed(why, "the ROM started nothing");
}
