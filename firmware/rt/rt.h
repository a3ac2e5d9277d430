// SPDX-License-Identifier: Apache-2.0
//
// The compiler's run-time routines: what gcc calls when the core has no
// instruction for an operation. Debian's libgcc.a for the lx106 lacks those
// that the ESP8266 keeps in its ROM, and the libgcc of xtensa-esp32-elf-gcc is
// compiled for the windowed ABI, so the firmware links none of them and
// brings its own complete set (GCC internals manual, "The GCC low-level
// runtime library").
//
// Nothing here is called by name; the prototypes stand here so that the test
// can reach them, under the prefix rt_ (compile with -DRT_HOST_TEST).
//
// Numbers of type double and float are passed as their IEEE 754 bits: the
// soft-float ABI puts both in the same registers.
//
// NaN: a NaN operand is answered quieted, the first one if there are two; an
// invalid operation answers the positive quiet NaN. Rounding is to nearest,
// ties to even. Conversions to integers truncate, saturate, and answer 0 for
// a NaN (C leaves those cases undefined).

#ifndef FIRMWARE_RT_RT_H
#define FIRMWARE_RT_RT_H

#include <stdint.h>

#ifdef RT_HOST_TEST
#define RT(name) rt_##name
#else
#define RT(name) __##name
#endif

// Integers. Division by zero answers all ones and the dividend as remainder
// where software divides, and traps (EXCCAUSE 6) where the core does.
uint32_t RT(udivsi3)(uint32_t a, uint32_t b);
uint32_t RT(umodsi3)(uint32_t a, uint32_t b);
int32_t RT(divsi3)(int32_t a, int32_t b);
int32_t RT(modsi3)(int32_t a, int32_t b);
uint64_t RT(umulsidi3)(uint32_t a, uint32_t b);
uint64_t RT(muldi3)(uint64_t a, uint64_t b);
uint64_t RT(udivdi3)(uint64_t a, uint64_t b);
uint64_t RT(umoddi3)(uint64_t a, uint64_t b);
int64_t RT(divdi3)(int64_t a, int64_t b);
int64_t RT(moddi3)(int64_t a, int64_t b);
uint64_t RT(ashldi3)(uint64_t a, int n);
uint64_t RT(lshrdi3)(uint64_t a, int n);
int64_t RT(ashrdi3)(int64_t a, int n);
int RT(cmpdi2)(int64_t a, int64_t b);
int RT(ucmpdi2)(uint64_t a, uint64_t b);
int RT(clzsi2)(uint32_t a);
int RT(clzdi2)(uint64_t a);
int RT(ctzsi2)(uint32_t a);
int RT(ctzdi2)(uint64_t a);
int RT(ffssi2)(uint32_t a);
int RT(ffsdi2)(uint64_t a);
int RT(popcountsi2)(uint32_t a);
int RT(popcountdi2)(uint64_t a);
int RT(paritysi2)(uint32_t a);
uint32_t RT(bswapsi2)(uint32_t a);
uint64_t RT(bswapdi2)(uint64_t a);

// double
uint64_t RT(adddf3)(uint64_t a, uint64_t b);
uint64_t RT(subdf3)(uint64_t a, uint64_t b);
uint64_t RT(muldf3)(uint64_t a, uint64_t b);
uint64_t RT(divdf3)(uint64_t a, uint64_t b);
uint64_t RT(negdf2)(uint64_t a);
int RT(eqdf2)(uint64_t a, uint64_t b);
int RT(nedf2)(uint64_t a, uint64_t b);
int RT(ltdf2)(uint64_t a, uint64_t b);
int RT(ledf2)(uint64_t a, uint64_t b);
int RT(gtdf2)(uint64_t a, uint64_t b);
int RT(gedf2)(uint64_t a, uint64_t b);
int RT(unorddf2)(uint64_t a, uint64_t b);
int32_t RT(fixdfsi)(uint64_t a);
uint32_t RT(fixunsdfsi)(uint64_t a);
int64_t RT(fixdfdi)(uint64_t a);
uint64_t RT(fixunsdfdi)(uint64_t a);
uint64_t RT(floatsidf)(int32_t a);
uint64_t RT(floatunsidf)(uint32_t a);
uint64_t RT(floatdidf)(int64_t a);
uint64_t RT(floatundidf)(uint64_t a);

// float
uint32_t RT(truncdfsf2)(uint64_t a);
uint64_t RT(extendsfdf2)(uint32_t a);
uint32_t RT(addsf3)(uint32_t a, uint32_t b);
uint32_t RT(subsf3)(uint32_t a, uint32_t b);
uint32_t RT(mulsf3)(uint32_t a, uint32_t b);
uint32_t RT(divsf3)(uint32_t a, uint32_t b);
uint32_t RT(negsf2)(uint32_t a);
int RT(eqsf2)(uint32_t a, uint32_t b);
int RT(nesf2)(uint32_t a, uint32_t b);
int RT(ltsf2)(uint32_t a, uint32_t b);
int RT(lesf2)(uint32_t a, uint32_t b);
int RT(gtsf2)(uint32_t a, uint32_t b);
int RT(gesf2)(uint32_t a, uint32_t b);
int RT(unordsf2)(uint32_t a, uint32_t b);
int32_t RT(fixsfsi)(uint32_t a);
uint32_t RT(fixunssfsi)(uint32_t a);
int64_t RT(fixsfdi)(uint32_t a);
uint64_t RT(fixunssfdi)(uint32_t a);
uint32_t RT(floatsisf)(int32_t a);
uint32_t RT(floatunsisf)(uint32_t a);
uint32_t RT(floatdisf)(int64_t a);
uint32_t RT(floatundisf)(uint64_t a);

#endif
