// SPDX-License-Identifier: Apache-2.0
//
// Entropy of the operating system, fit for keys.

#ifndef HOST_RANDOM_H
#define HOST_RANDOM_H

#include <stddef.h>

// Fill n bytes. Returns 0 or an errno value; p is then not to be used.
int host_random(void *p, size_t n);

#endif
