// SPDX-License-Identifier: Apache-2.0

#include "tools/fusebox/pace.h"

#define BIT_TIMES 10u
#define SECOND    1000000000u

static uint64_t time_of(const struct pace *p, size_t n)
{
    return (uint64_t)n * BIT_TIMES * SECOND / p->baud;
}

size_t pace_take(struct pace *p, uint64_t now_ns, size_t n)
{
    if (p->baud == 0) {
        return n;
    }
    if (n == 0 || now_ns < p->passed_ns) {
        p->passed_ns = now_ns;
        return 0;
    }
    uint64_t passed = (now_ns - p->passed_ns) / BIT_TIMES * p->baud / SECOND;
    size_t taken = passed < n ? (size_t)passed : n;
    p->passed_ns += time_of(p, taken);
    return taken;
}

uint64_t pace_wait(const struct pace *p, uint64_t now_ns, size_t n)
{
    uint64_t at = p->baud == 0 ? 0 : p->passed_ns + time_of(p, n);
    return at > now_ns ? at - now_ns : 0;
}
