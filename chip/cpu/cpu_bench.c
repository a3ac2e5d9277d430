// SPDX-License-Identifier: Apache-2.0
//
// Prints how many million instructions the core runs in a second of CPU time:
// an integer loop, a loop over memory, and the call-heavy Fibonacci. The
// programs are those of cpu_test.c.

#define _DEFAULT_SOURCE // for lib/fb/testing.h

#include "chip/cpu/cpu.h"

#include "chip/cpu/testing.h"

#include <time.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void measure(const char *name, uint32_t start, uint32_t n)
{
    struct rig *rig = rig_new();
    uint64_t ran;

    rig_code(rig, 0,
             "12c1f0c9210931d91120c220b6220e0b22c5feffdd0222ccfe45feff2acd0831"
             "2d0cd811c82112c1100df0000b62acb20c350c220c142a44d034112033303024"
             "105a523033a06a235032410b663044c02055306606df5a224a224600000c620d"
             "f00000000000fb3f8d02ac720c0371fdff3023203050747055a068053043f03a"
             "6640407469057044a048041b334a223798e1c6ffff0df000");
    rig_code(rig, 0x1000, "f04100");
    cpu_set_pc(&rig->cpu, RIG_CODE + start);
    cpu_set_ar(&rig->cpu, 0, RIG_CODE + 0x1000);
    cpu_set_ar(&rig->cpu, 2, n);

    double from = now();
    cpu_run(&rig->cpu, UINT64_MAX / 2, &ran);
    double s = now() - from;
    printf("%-8s %11llu instructions %6.3f s %6.0f MIPS\n", name,
           (unsigned long long)ran, s, (double)ran / s / 1e6);
    rig_free(rig);
}

int main(void)
{
    measure("loop", 0x2C, 50000000);
    measure("memory", 0x68, 50000000);
    measure("fib", 0x00, 34);
    return 0;
}
