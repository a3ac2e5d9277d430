// SPDX-License-Identifier: Apache-2.0

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tools/esptool/esptool.h"

#define BAR_WIDTH 30

uint64_t esptool_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void esptool_wait(unsigned ms)
{
    const struct timespec pause = {.tv_sec = ms / 1000,
                                   .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&pause, NULL);
}

void esptool_progress_start(struct esptool_progress *p, const char *verb,
                            const struct cli *cli)
{
    *p = (struct esptool_progress){
        .verb = verb,
        .off = !isatty(STDOUT_FILENO) || cli_flag(cli, "silent") ||
               cli_flag(cli, "trace"),
    };
    fflush(stdout); // what was said so far, also into a pipe
}

void esptool_progress_show(void *ctx, uint32_t flash_off, size_t done, size_t n)
{
    struct esptool_progress *p = ctx;
    // a terminal need not see more than 200 steps
    if (p->off || n == 0 || (done != n && done - p->shown < n / 200)) {
        return;
    }
    p->shown = done;
    char bar[BAR_WIDTH + 1];
    size_t filled = (size_t)((uint64_t)BAR_WIDTH * done / n);
    memset(bar, ' ', BAR_WIDTH);
    memset(bar, '=', filled);
    if (filled < BAR_WIDTH) {
        bar[filled] = '>';
    }
    bar[BAR_WIDTH] = 0;
    printf("\r%s 0x%08x [%s] %5.1f%% %zu/%zu bytes... ", p->verb,
           (unsigned)(flash_off + p->base), bar,
           100.0 * (double)done / (double)n, done, n);
    fflush(stdout);
}

void esptool_progress_end(struct esptool_progress *p)
{
    if (!p->off && p->shown) {
        printf("\n");
    }
}
