// SPDX-License-Identifier: Apache-2.0

#include "host/random.h"

#include <errno.h>
#include <stdint.h>
#include <sys/random.h>

int host_random(void *p, size_t n)
{
    uint8_t *out = p;

    while (n > 0) {
        ssize_t got = getrandom(out, n, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return errno;
        }
        out += got;
        n -= (size_t)got;
    }
    return 0;
}
