// SPDX-License-Identifier: Apache-2.0

#include "tools/fusebox/plan/progress.h"

#include <stdio.h>
#include <unistd.h>

#define WORTH_IT 0x10000u // bytes: 0.7 s at 921600 baud

void progress_init(struct progress *p)
{
    *p = (struct progress){.on = isatty(STDERR_FILENO) == 1};
}

void progress_show(void *ctx, uint32_t flash_off, size_t done, size_t n)
{
    struct progress *p = ctx;
    unsigned per_cent = n == 0 ? 0 : (unsigned)(100u * (uint64_t)done / n);
    if (p->on && n >= WORTH_IT && p->shown != per_cent + 1) {
        p->shown = per_cent + 1;
        (void)fprintf(stderr, "\r%s 0x%x to 0x%x: %3u %%", p->verb,
                      (unsigned)flash_off, (unsigned)(flash_off + n), per_cent);
    }
}

void progress_end(struct progress *p)
{
    if (p->shown != 0) {
        (void)fputs("\r\033[K", stderr);
        p->shown = 0;
    }
}
