// SPDX-License-Identifier: Apache-2.0

#include <stdlib.h>

#include "lib/fb/bytes.h"
#include "tools/fusebox/report/report.h"

static bool is_written(const struct report *r, const struct fb_flash_region *g)
{
    for (size_t i = 0; r->plan != NULL && i < r->plan->steps; i++) {
        const struct fb_step *s = &r->plan->step[i];

        if (s->kind != FB_STEP_PROVE_KEY &&
            fb_step_touches(s, g->flash_off, g->size)) {
            return true;
        }
    }
    return false;
}

bool report_map_flash(struct report *r)
{
    struct fb_flash_region region[FB_FLASH_REGIONS];

    r->scratch = malloc(r->after.flash_size);
    r->region = calloc(FB_FLASH_REGIONS, sizeof *r->region);
    if (r->scratch == NULL || r->region == NULL) {
        return false;
    }
    for (unsigned i = 0; i < r->keys; i++) {
        r->flash_key[i] = (struct fb_flash_key){r->key[i].bytes, r->key[i].len};
    }
    r->view = (struct fb_flash_view){
        .flash = r->after.flash,
        .size = r->after.flash_size,
        .unread = r->after.flash_unread,
        .key = r->flash_key,
        .keys = r->keys,
        .config = report_value(r, FB_EFUSE_FLASH_CRYPT_CONFIG),
        .scratch = r->scratch};
    struct fb_flash_view before = r->view;
    before.flash = r->before.flash;
    before.unread = r->before.flash_unread;
    r->regions = fb_flash_map(&r->view, &r->table, region);
    for (size_t i = 0; i < r->regions; i++) {
        r->region[i].now = region[i];
        r->region[i].written = is_written(r, &region[i]);
        if (r->region[i].written) {
            fb_flash_classify(&before, align_up32(region[i].flash_off, 16),
                              region[i].size / 16 * 16, &r->region[i].before);
        }
    }
    return true;
}
