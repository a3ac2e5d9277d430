// SPDX-License-Identifier: Apache-2.0
//
// Single-precision arithmetic of the core's coprocessor, in integers, so that
// every host computes the same bits. The rounding mode is FCR's, the flags go
// to FSR. A NaN result is the last operand that is a NaN (of a fused operation
// the sum before the factors), made quiet, or 0x7FC00000.
//
// Division and square root take a sequence of some twenty instructions on this
// machine. Their seeds and adjustments are not published in full; here MKDADJ.S
// and MKSADJ.S compute the correctly rounded result at once and the steps after
// them hand it on, so that the documented sequences end with the right value,
// but what passes through the registers on the way is not what silicon has.

#ifndef CHIP_CPU_FPU_H
#define CHIP_CPU_FPU_H

#include "chip/cpu/cpu.h"

enum fpu_rounding { FPU_NEAREST, FPU_TO_ZERO, FPU_UP, FPU_DOWN }; // as in FCR

enum fpu_flag { // as in FSR
    FPU_INEXACT = 0x080,
    FPU_UNDERFLOW = 0x100,
    FPU_OVERFLOW = 0x200,
    FPU_DIVIDE = 0x400,
    FPU_INVALID = 0x800,
};

enum fpu_relation {
    FPU_LESS = 1,
    FPU_EQUAL = 2,
    FPU_GREATER = 4,
    FPU_UNORDERED = 8,
};

uint32_t fpu_add(struct cpu_fpu *fpu, uint32_t x, uint32_t y);
uint32_t fpu_sub(struct cpu_fpu *fpu, uint32_t x, uint32_t y);
uint32_t fpu_mul(struct cpu_fpu *fpu, uint32_t x, uint32_t y);
uint32_t fpu_div(struct cpu_fpu *fpu, uint32_t x, uint32_t y);
uint32_t fpu_sqrt(struct cpu_fpu *fpu, uint32_t x);

// sum + x * y and sum - x * y, rounded once; maddn rounds to nearest and leaves
// the flags alone.
uint32_t fpu_madd(struct cpu_fpu *fpu, uint32_t sum, uint32_t x, uint32_t y);
uint32_t fpu_msub(struct cpu_fpu *fpu, uint32_t sum, uint32_t x, uint32_t y);
uint32_t fpu_maddn(struct cpu_fpu *fpu, uint32_t sum, uint32_t x, uint32_t y);

// x * 2^scale as an integer, and the integer / 2^scale.
uint32_t fpu_to_int(struct cpu_fpu *fpu, uint32_t x, enum fpu_rounding rounding,
                    unsigned scale);
uint32_t fpu_to_unsigned(struct cpu_fpu *fpu, uint32_t x, unsigned scale);
uint32_t fpu_from_int(struct cpu_fpu *fpu, uint32_t value, unsigned scale);
uint32_t fpu_from_unsigned(struct cpu_fpu *fpu, uint32_t value, unsigned scale);

// signalling: any NaN is invalid, not only a signalling one.
enum fpu_relation fpu_compare(struct cpu_fpu *fpu, uint32_t x, uint32_t y,
                              bool signalling);

uint32_t fpu_const(unsigned n);
uint32_t fpu_nexp01(uint32_t x);
// Seeds, good to eight bits or so.
uint32_t fpu_div0(uint32_t x);
uint32_t fpu_sqrt0(uint32_t x);
uint32_t fpu_recip0(struct cpu_fpu *fpu, uint32_t x);
uint32_t fpu_rsqrt0(struct cpu_fpu *fpu, uint32_t x);

#endif
