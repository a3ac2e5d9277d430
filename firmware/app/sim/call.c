// SPDX-License-Identifier: Apache-2.0

#include "firmware/app/sim/sim.h"

int sim_call(enum sim_call call, int a, int b, int c)
{
    register int a2 __asm__("a2") = (int)call;
    register int a3 __asm__("a3") = a;
    register int a4 __asm__("a4") = b;
    register int a5 __asm__("a5") = c;
    __asm__ volatile("simcall"
                     : "+r"(a2), "+r"(a3)
                     : "r"(a4), "r"(a5)
                     : "memory");
    return a2;
}
