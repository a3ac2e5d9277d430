// SPDX-License-Identifier: Apache-2.0
//
// Why it does not boot, and what became of it when it was interrupted.

#include <stdio.h>
#include <stdlib.h>

#include "chip/debug/why.h"
#include "host/key_search.h"
#include "tools/fusebox/report/report.h"

static void keep(void *ctx, const char *line)
{
    struct report_why *why = ctx;

    if (why->lines < REPORT_WHY_LINES) {
        (void)snprintf(why->line[why->lines++], sizeof why->line[0], "%s",
                       line);
    }
}

bool report_explain(struct report *r, const struct fb_efuse_words *fuses,
                    const uint8_t *flash)
{
    char *console = replay_console(r->replay);
    uint8_t *scratch = malloc(r->after.flash_size);
    const struct why why = {.console = console,
                            .fuses = fuses,
                            .revision = r->s.board.ini.revision,
                            .flash = flash,
                            .flash_size = r->after.flash_size,
                            .flash_trouble = r->replay->trouble,
                            .scratch = scratch,
                            .find_keys = host_key_search};
    const bool good = console != NULL && scratch != NULL;

    if (good) {
        why_explain(&why, keep, &r->why);
    }
    free(console);
    free(scratch);
    return good;
}

void report_why(struct html *h, const struct report *r)
{
    if (r->why.lines == 0) {
        return;
    }
    html_raw(h, "<h3>Why it does not boot</h3>\n<ul class=why>\n");
    for (size_t i = 0; i < r->why.lines; i++) {
        const char *line = r->why.line[i];

        html_raw(h, line[0] == ' ' ? "<li class=sub>" : "<li>");
        html_text(h, line);
        html_raw(h, "</li>\n");
    }
    html_raw(h, "</ul>\n");
}

// --- interruptions ---

static void cut_row(struct html *h, const struct report *r, size_t step)
{
    const struct record_cut *cut = &r->record.cut[step];
    const bool good = cut->provisioned == cut->tried;

    html_row(h, good ? "" : "bad");
    html_cell(h, "Step", "%zu, %s", step + 1,
              step < r->plan->steps ? r->plan->step[step].label : "?");
    html_cell(h, "Interrupted", "%u", cut->tried);
    html_cell(h, "Boots as it is", "%u", cut->boots);
    html_cell_begin(h, "Ends well");
    html_raw(h, good ? "<span class=yes>✓ " : "<span class=no>✗ ");
    html_print(h, "%u", cut->provisioned);
    html_raw(h, "</span></td>");
    html_row_end(h);
}

void report_cuts(struct html *h, const struct report *r)
{
    static const char *const head[] = {"Step", "Interrupted", "Boots as it is",
                                       "Ends well", NULL};

    if (r->plan == NULL) {
        return;
    }
    html_raw(h, "<section id=cuts><h2>If it is interrupted</h2>\n");
    if (!r->rehearsed || r->record.cuts[0] == '\0') {
        html_raw(h, "<p>Not tried: <code>fusebox rehearse --power-cuts</code> "
                    "does.</p></section>\n");
        return;
    }
    html_raw(h, "<p>In the rehearsal the host died and the power was cut, "
                "before, during and after flash and eFuse operations. Each "
                "time the same plan was begun again: ");
    html_text(h, r->record.cuts);
    html_raw(h, ".</p>\n");
    html_table(h, "cards", "", head);
    for (size_t i = 0; i < PLAN_STEPS_MAX; i++) {
        if (r->record.cut[i].tried > 0) {
            cut_row(h, r, i);
        }
    }
    html_table_end(h);
    html_raw(h, "</section>\n");
}
