// SPDX-License-Identifier: Apache-2.0
//
// lib/libm_dbl has every function of <math.h> that MicroPython calls but this.

#include <math.h>

#undef log2 // a macro in picolibc

double log2(double x)
{
    int exp;
    double fraction = frexp(x, &exp);
    if (fraction == 0.5) {
        return exp - 1; // a power of two: exact
    }
    return log(x) * (1 / M_LN2);
}
