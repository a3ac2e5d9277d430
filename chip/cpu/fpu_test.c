// SPDX-License-Identifier: Apache-2.0

#define _DEFAULT_SOURCE // for lib/fb/testing.h

#include "chip/cpu/fpu.h"

#include "chip/cpu/testing.h"

#include <fenv.h>
#include <math.h>

// The reference is the host's own IEEE arithmetic under each rounding mode;
// tests/isa compares with QEMU's as well.

static const int host_modes[4] = {FE_TONEAREST, FE_TOWARDZERO, FE_UPWARD,
                                  FE_DOWNWARD};

static float to_float(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, 4);
    return f;
}

static uint32_t to_bits(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, 4);
    return bits;
}

static uint32_t host_flags(void)
{
    int e = fetestexcept(FE_ALL_EXCEPT);
    return (uint32_t)((e & FE_INEXACT ? FPU_INEXACT : 0) |
                      (e & FE_UNDERFLOW ? FPU_UNDERFLOW : 0) |
                      (e & FE_OVERFLOW ? FPU_OVERFLOW : 0) |
                      (e & FE_DIVBYZERO ? FPU_DIVIDE : 0) |
                      (e & FE_INVALID ? FPU_INVALID : 0));
}

static uint32_t random_float(uint64_t *seed)
{
    static const uint32_t edges[] = {
        0,          0x80000000, 1,          0x807FFFFF, 0x00800000, 0x7F7FFFFF,
        0x7F800000, 0xFF800000, 0x7FC00000, 0x3F800000, 0x3F7FFFFF, 0xC0000000};
    uint32_t bits = testing_random32(seed);
    switch (bits >> 8 & 3) {
    case 0:
        return edges[bits % (sizeof(edges) / sizeof(edges[0]))];
    case 1:
        return (bits & 0x80FFFFFF) | 0x3F000000;
    case 2:
        return bits & 0x80FFFFFF; // subnormal or about
    default:
        return bits;
    }
}

enum { ADD, SUB, MUL, DIV, SQRT, MADD, MSUB, OPS };

static uint32_t ours(struct cpu_fpu *fpu, int op, const uint32_t v[3])
{
    switch (op) {
    case ADD:
        return fpu_add(fpu, v[0], v[1]);
    case SUB:
        return fpu_sub(fpu, v[0], v[1]);
    case MUL:
        return fpu_mul(fpu, v[0], v[1]);
    case DIV:
        return fpu_div(fpu, v[0], v[1]);
    case SQRT:
        return fpu_sqrt(fpu, v[0]);
    case MADD:
        return fpu_madd(fpu, v[2], v[0], v[1]);
    default:
        return fpu_msub(fpu, v[2], v[0], v[1]);
    }
}

static float hosts(int op, const uint32_t v[3])
{
    volatile float x = to_float(v[0]), y = to_float(v[1]), z = to_float(v[2]);
    switch (op) {
    case ADD:
        return x + y;
    case SUB:
        return x - y;
    case MUL:
        return x * y;
    case DIV:
        return x / y;
    case SQRT:
        return sqrtf(x);
    case MADD:
        return fmaf(x, y, z);
    default:
        return fmaf(-x, y, z);
    }
}

static void arithmetic(void **state)
{
    (void)state;
    uint64_t seed = 42;
    for (unsigned i = 0; i < 200000; i++) {
        uint32_t v[3] = {random_float(&seed), random_float(&seed),
                         random_float(&seed)};
        int op = (int)(i % OPS);
        unsigned rounding = i / OPS % 4;
        struct cpu_fpu fpu = {rounding, 0};
        volatile float want;

        fesetround(host_modes[rounding]);
        feclearexcept(FE_ALL_EXCEPT);
        want = hosts(op, v);
        uint32_t flags = host_flags();
        fesetround(FE_TONEAREST);
        uint32_t got = ours(&fpu, op, v);
        bool same = isnan(want) ? (got & 0x7FFFFFFF) > 0x7F800000
                                : got == to_bits(want);
        // infinity * 0 + NaN is invalid or not, as the implementation likes
        bool free_choice = op >= MADD && (v[2] & 0x7FFFFFFF) > 0x7F800000;
        if (!same || (fpu.fsr != flags && !free_choice)) {
            fail_msg("op %d mode %u %08x %08x %08x: %08x flags %03x, host "
                     "%08x flags %03x",
                     op, rounding, v[0], v[1], v[2], got, fpu.fsr,
                     to_bits(want), flags);
        }
    }
}

static double rounded(double x, unsigned rounding)
{
    return rounding == FPU_TO_ZERO ? trunc(x)
           : rounding == FPU_UP    ? ceil(x)
           : rounding == FPU_DOWN  ? floor(x)
                                   : nearbyint(x);
}

static void conversions(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (unsigned i = 0; i < 100000; i++) {
        uint32_t bits = random_float(&seed), value = testing_random32(&seed);
        unsigned scale = value % 16, rounding = i % 4;
        struct cpu_fpu fpu = {rounding, 0};
        double exact = ldexp((double)to_float(bits), (int)scale);
        double want = rounded(exact, rounding);

        if (!isnan(exact)) {
            bool fits = want >= -2147483648.0 && want <= 2147483647.0;
            assert_int_equal(
                fpu_to_int(&fpu, bits, (enum fpu_rounding)rounding, scale),
                fits         ? (uint32_t)(int32_t)want
                : want < 0.0 ? 0x80000000u
                             : 0x7FFFFFFFu);
            assert_int_equal(fpu.fsr, !fits           ? FPU_INVALID
                                      : want != exact ? FPU_INEXACT
                                                      : 0);
            want = trunc(exact);
            if (want >= 0.0) {
                assert_int_equal(fpu_to_unsigned(&fpu, bits, scale),
                                 want <= 4294967295.0 ? (uint32_t)want
                                                      : UINT32_MAX);
            }
        }
        fesetround(host_modes[rounding]);
        volatile float f = (float)(int32_t)value, u = (float)value;
        fesetround(FE_TONEAREST);
        assert_int_equal(fpu_from_int(&fpu, value, scale),
                         to_bits(ldexpf(f, -(int)scale)));
        assert_int_equal(fpu_from_unsigned(&fpu, value, scale),
                         to_bits(ldexpf(u, -(int)scale)));
    }
    struct cpu_fpu fpu = {0, 0};
    assert_int_equal(fpu_to_int(&fpu, 0x7FC00000, FPU_NEAREST, 0), 0x7FFFFFFF);
    assert_int_equal(fpu_to_unsigned(&fpu, 0x7FC00000, 0), UINT32_MAX);
    assert_int_equal(fpu.fsr, FPU_INVALID);
}

static void comparisons(void **state)
{
    (void)state;
    uint64_t seed = 9;
    for (unsigned i = 0; i < 20000; i++) {
        uint32_t x = random_float(&seed), y = random_float(&seed);
        float fx = to_float(x), fy = to_float(y);
        struct cpu_fpu fpu = {0, 0};
        int want = fx < fy    ? FPU_LESS
                   : fx == fy ? FPU_EQUAL
                   : fx > fy  ? FPU_GREATER
                              : FPU_UNORDERED;
        assert_int_equal(fpu_compare(&fpu, x, y, false), want);
    }
}

// The division of the compiler's run-time library:
//
//   wfr f1, a2; wfr f2, a3; div0.s f3, f2; nexp01.s f4, f2; const.s f5, 1
//   maddn.s f5, f4, f3; mov.s f6, f3; mov.s f7, f2; nexp01.s f2, f1
//   maddn.s f6, f5, f6; const.s f5, 1; const.s f0, 0; neg.s f8, f2
//   maddn.s f5, f4, f6; maddn.s f0, f8, f3; mkdadj.s f7, f1
//   maddn.s f6, f5, f6; maddn.s f8, f4, f0; const.s f3, 1; maddn.s f3, f4, f6
//   maddn.s f0, f8, f6; neg.s f2, f2; maddn.s f6, f3, f6; maddn.s f2, f4, f0
//   addexpm.s f0, f7; addexp.s f6, f7; divn.s f0, f2, f6; rfr a2, f0
#define DIVIDE                                                                 \
    "5012fa5023fa7032fab042fa3051fa30546a0063fa0072fab021fa60656a3051fa"       \
    "3000fa6082fa60546a30086ad071fa60656a00846a3031fa60346a60086a6022fa"       \
    "60636a00246af007fae067fa60027a4020fa"                                     \
    "104100" // break

static void division_in_steps(void **state)
{
    (void)state;
    uint64_t seed = 5;
    struct rig *rig = rig_new();
    rig_code(rig, 0, DIVIDE);
    cpu_set_sr(&rig->cpu, SR_CPENABLE, 1);
    for (unsigned i = 0; i < 5000; i++) {
        uint32_t x = random_float(&seed), y = random_float(&seed);
        volatile float want = to_float(x) / to_float(y);
        cpu_set_pc(&rig->cpu, RIG_CODE);
        cpu_set_ar(&rig->cpu, 2, x);
        cpu_set_ar(&rig->cpu, 3, y);
        assert_int_equal(cpu_run(&rig->cpu, 100, NULL), CPU_BREAK);
        if (!isnan(want)) {
            assert_int_equal(cpu_ar(&rig->cpu, 2), to_bits(want));
        }
    }
    rig_free(rig);
}

static void seeds(void **state)
{
    (void)state;
    uint64_t seed = 6;
    for (unsigned i = 0; i < 5000; i++) {
        uint32_t x = (testing_random32(&seed) & 0x3FFFFFFF) | 0x20000000;
        struct cpu_fpu fpu = {0, 0};
        double v = (double)to_float(x);
        double n = -(double)to_float(fpu_nexp01(x));
        assert_true(n >= 1.0 && n < 4.0);
        assert_true(fmod(log2(v / n), 2.0) == 0.0);
        assert_true(fabs((double)to_float(fpu_recip0(&fpu, x)) * v - 1.0) <
                    0.008);
        assert_true(fabs((double)to_float(fpu_rsqrt0(&fpu, x)) * sqrt(v) -
                         1.0) < 0.008);
        assert_true(fabs((double)to_float(fpu_div0(x)) * n - 1.0) < 0.008);
        assert_true(fabs((double)to_float(fpu_sqrt0(x)) * sqrt(n) - 1.0) <
                    0.008);
    }
}

// Each seed and step that the division does not use, through its instruction:
// sqrt0.s f2, f1; rsqrt0.s f3, f1; recip0.s f4, f1; mksadj.s f5, f1
static void steps_by_instruction(void **state)
{
    (void)state;
    struct rig *rig = rig_new();
    struct cpu_fpu fpu = {0, 0};
    rig_code(rig, 0,
             "9021faa031fa8041fac051fa"
             "104100");
    cpu_set_sr(&rig->cpu, SR_CPENABLE, 1);
    cpu_set_fr(&rig->cpu, 1, 0x41100000); // 9
    assert_int_equal(cpu_run(&rig->cpu, 100, NULL), CPU_BREAK);
    assert_int_equal(cpu_fr(&rig->cpu, 2), fpu_sqrt0(0x41100000));
    assert_int_equal(cpu_fr(&rig->cpu, 3), fpu_rsqrt0(&fpu, 0x41100000));
    assert_int_equal(cpu_fr(&rig->cpu, 4), fpu_recip0(&fpu, 0x41100000));
    assert_int_equal(cpu_fr(&rig->cpu, 5), 0x40400000); // 3
    rig_free(rig);
}

// lsip f1, a5, 8; ssip f1, a6, 4; lsx f2, a5, a4; ssx f2, a6, a4;
// lsxp f3, a5, a4; ssxp f3, a6, a4; and each without its coprocessor
static void stepping_loads(void **state)
{
    (void)state;
    struct rig *rig = rig_new();
    uint8_t *from = rig->data + 0x100, *to = rig->data + 0x200;
    rig_code(rig, 0,
             "13850213c601402508402648403518403658"
             "104100");
    for (uint32_t i = 0; i < 8; i++) {
        bus_put32(from + 4 * i, 0x1000 + i);
    }
    for (unsigned i = 0; i < 6; i++) {
        cpu_set_sr(&rig->cpu, SR_PS, 0x40020);
        cpu_set_pc(&rig->cpu, RIG_CODE + 3 * i);
        cpu_run(&rig->cpu, 1, NULL);
        assert_int_equal(cpu_sr(&rig->cpu, SR_EXCCAUSE), EXC_COPROCESSOR0);
        assert_int_equal(cpu_sr(&rig->cpu, SR_EPC1), RIG_CODE + 3 * i);
    }
    cpu_set_sr(&rig->cpu, SR_CPENABLE, 1);
    cpu_set_sr(&rig->cpu, SR_PS, 0x40020);
    cpu_set_pc(&rig->cpu, RIG_CODE);
    cpu_set_ar(&rig->cpu, 4, 12);
    cpu_set_ar(&rig->cpu, 5, RIG_DATA + 0x100);
    cpu_set_ar(&rig->cpu, 6, RIG_DATA + 0x200);
    assert_int_equal(cpu_run(&rig->cpu, 100, NULL), CPU_BREAK);
    assert_int_equal(cpu_fr(&rig->cpu, 1), 0x1000); // at 0, then a5 += 8
    assert_int_equal(bus_get32(to), 0x1000);        // at 0, then a6 += 4
    assert_int_equal(cpu_fr(&rig->cpu, 2), 0x1005); // at 8 + 12
    assert_int_equal(bus_get32(to + 16), 0x1005);   // at 4 + 12
    assert_int_equal(cpu_fr(&rig->cpu, 3), 0x1002); // at 8, then a5 += 12
    assert_int_equal(bus_get32(to + 4), 0x1002);    // at 4, then a6 += 12
    assert_int_equal(cpu_ar(&rig->cpu, 5), RIG_DATA + 0x100 + 20);
    assert_int_equal(cpu_ar(&rig->cpu, 6), RIG_DATA + 0x200 + 16);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arithmetic),
        cmocka_unit_test(conversions),
        cmocka_unit_test(comparisons),
        cmocka_unit_test(division_in_steps),
        cmocka_unit_test(seeds),
        cmocka_unit_test(stepping_loads),
        cmocka_unit_test(steps_by_instruction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
