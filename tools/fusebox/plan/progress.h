// SPDX-License-Identifier: Apache-2.0
//
// One line on a terminal while much flash goes over a slow line; it is gone
// when that ends, however it ends.

#ifndef TOOLS_FUSEBOX_PLAN_PROGRESS_H
#define TOOLS_FUSEBOX_PLAN_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
    bool on;
    unsigned shown;   // per cent and 1; 0: nothing
    const char *verb; // "reading"
};

// On if stderr is a terminal.
void progress_init(struct progress *p);
// A host_loader_progress of a struct progress.
void progress_show(void *p, uint32_t flash_off, size_t done, size_t n);
void progress_end(struct progress *p);

#endif
