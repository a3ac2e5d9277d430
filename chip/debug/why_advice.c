// SPDX-License-Identifier: Apache-2.0
//
// What to do about it, as lib/fb/advice has it.

#include <ctype.h>
#include <string.h>

#include "chip/debug/why_report.h"
#include "lib/fb/advice.h"
#include "lib/fb/bytes.h"

// The board as nobody has it on a table: every fuse is known.
static void whole_board(const struct why *w, struct fb_board_state *s)
{
    *s = (struct fb_board_state){
        .fuses = *w->fuses,
        .flash = (uint8_t *)w->flash, // a view only looks at it
        .flash_size = w->flash_size,
        .syscon_date = w->revision >= 3 ? 1u << 31 : 0,
        .reads = 3};
    fb_board_state_know_all(s);
}

void why_condition(struct why_report *r, enum fb_condition condition)
{
    const char *text = fb_condition_text(condition);

    why_line(r, "%c%.*s", tolower((unsigned char)text[0]),
             (int)strcspn(text + 1, "."), text + 1);
    r->told = condition;
}

static void say_ways(struct why_report *r, const struct fb_advice *a)
{
    for (unsigned i = 0; i < a->ways; i++) {
        const struct fb_advice_way *way = &a->way[i];

        why_line(r, "%s: %s%s", i == 0 ? "what to do" : "or", way->title,
                 way->own_files ? ", with your own files" : "");
        for (unsigned k = 0; k < way->lines; k++) {
            why_line(r, "    %s", way->line[k]);
        }
    }
    if (a->hopeless != NULL) {
        why_line(r, "nothing brings it back: %s", a->hopeless);
    }
}

void why_advise(struct why_report *r)
{
    const struct fb_advice_names names = {.port = r->why->port};
    struct fb_board_state state;
    struct fb_board_view view;
    struct fb_advice advice;
    uint8_t pub[1][64];
    struct fb_board_keys keys = {0};

    if (why_find_keys(r, pub, 1) > 0) {
        keys.signing_pub = pub[0];
    }
    whole_board(r->why, &state);
    fb_board_view(&view, &state, &keys, r->why->scratch);
    fb_advise(&view, &names, &advice);
    fb_bytes_wipe(&state, sizeof state);
    if (advice.condition != FB_BOARD_BOOTS &&
        advice.condition != FB_BOARD_UNKNOWN && advice.condition != r->told) {
        why_condition(r, advice.condition);
    }
    say_ways(r, &advice);
}
