// SPDX-License-Identifier: Apache-2.0
//
// The run-time routines against the hardware of the host: integers against the
// compiler's own operators, floating point bit for bit against the SSE unit
// (any IEEE 754 host serves, but only x86-64 pins which NaN comes out).
// RT_TEST_CASES sets the number of random cases, default 1000000.
//
// All routines are compiled into this file under other names.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RT_HOST_TEST
#include "firmware/rt/int.c"
#include "firmware/rt/f64.c"
#include "firmware/rt/f32.c"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#define memcpy  rt_memcpy
#define memmove rt_memmove
#define memset  rt_memset
#define memcmp  rt_memcmp
#define memchr  rt_memchr
#define strlen  rt_strlen
#define strcmp  rt_strcmp
#define strncmp rt_strncmp
#define strcpy  rt_strcpy
#define strncpy rt_strncpy
#define strcat  rt_strcat
#define strchr  rt_strchr
#define strrchr rt_strrchr
#define strstr  rt_strstr
#define strspn  rt_strspn
#define strcspn rt_strcspn
#include "firmware/rt/string.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef strlen
#undef strcmp
#undef strncmp
#undef strcpy
#undef strncpy
#undef strcat
#undef strchr
#undef strrchr
#undef strstr
#undef strspn
#undef strcspn
#pragma GCC diagnostic pop

static unsigned long cases(void)
{
    const char *env = getenv("RT_TEST_CASES");
    return env != NULL ? strtoul(env, NULL, 0) : 1000000;
}

// xorshift64*: the same cases on each run.
static uint64_t rng_state;

static uint64_t rng(void)
{
    rng_state ^= rng_state >> 12;
    rng_state ^= rng_state << 25;
    rng_state ^= rng_state >> 27;
    return rng_state * 0x2545F4914F6CDD1DULL;
}

static int seed(void **state)
{
    (void)state;
    rng_state = 0x9E3779B97F4A7C15ULL;
    return 0;
}

// An integer whose length is random too: short ones meet the special paths.
static uint64_t random_int(void)
{
    uint64_t a = rng() >> (rng() & 63);
    return (rng() & 1) != 0 ? -a : a;
}

// Bits of a number with exp_bits of exponent above frac_bits of fraction.
// Exponents keep near `near` half of the time so that two numbers interact;
// fractions are often short runs of ones or zeros so that ties occur.
static uint64_t random_float(int exp_bits, int frac_bits, uint64_t near)
{
    uint64_t exp_max = (1ULL << exp_bits) - 1,
             frac_max = (1ULL << frac_bits) - 1;
    uint64_t exp = rng(), frac = rng();
    switch (rng() & 7) {
    case 0:
        exp = 0;
        break;
    case 1:
        exp = exp_max;
        break;
    case 2:
        exp = rng() & 3;
        break;
    case 3:
        exp = exp_max - (rng() & 3);
        break;
    case 4:
    case 5:
    case 6:
        exp = near + rng() % 130 - 65;
        break;
    default:
        break;
    }
    uint64_t ones = (rng() & frac_max) >> (rng() % (unsigned)frac_bits);
    switch (rng() & 7) {
    case 0:
        frac = 0;
        break;
    case 1:
        frac = frac_max;
        break;
    case 2:
        frac = ones;
        break;
    case 3:
        frac = ~ones;
        break;
    case 4:
        frac = 1ULL << (rng() % (unsigned)frac_bits);
        break;
    case 5:
        frac = ones << (rng() % (unsigned)frac_bits);
        break;
    default:
        break;
    }
    return (rng() & 1) << (exp_bits + frac_bits) |
           (exp & exp_max) << frac_bits | (frac & frac_max);
}

static uint64_t random_double(uint64_t near)
{
    return random_float(11, 52, near);
}

static uint32_t random_single(uint64_t near)
{
    return (uint32_t)random_float(8, 23, near);
}

static double as_double(uint64_t bits)
{
    double d;
    memcpy(&d, &bits, sizeof d);
    return d;
}

static uint64_t double_bits(double d)
{
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    return bits;
}

static float as_single(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static uint32_t single_bits(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

static bool single_is_nan(uint32_t a)
{
    return (a & 0x7FFFFFFF) > 0x7F800000;
}

// gcc may swap the operands of + and *, which shows in the NaN: keep them.
#ifdef __x86_64__
#define EXACT_NAN true
#define HW(type, insn)                                                         \
    static type hw_##insn(type a, type b)                                      \
    {                                                                          \
        __asm__(#insn " %1, %0" : "+x"(a) : "x"(b));                           \
        return a;                                                              \
    }
HW(double, addsd)
HW(double, subsd)
HW(double, mulsd)
HW(double, divsd)
HW(float, addss)
HW(float, subss)
HW(float, mulss)
HW(float, divss)
#else
#define EXACT_NAN false
#define HW(type, insn, op)                                                     \
    static type hw_##insn(type a, type b)                                      \
    {                                                                          \
        return a op b;                                                         \
    }
HW(double, addsd, +)
HW(double, subsd, -)
HW(double, mulsd, *)
HW(double, divsd, /)
HW(float, addss, +)
HW(float, subss, -)
HW(float, mulss, *)
HW(float, divss, /)
#endif

// x86 answers an invalid operation with the negative NaN, we with the
// positive one; a NaN that came in must come out as x86 does it.
static void check_double(const char *op, uint64_t a, uint64_t b, uint64_t got,
                         uint64_t want)
{
    if (is_nan(want)) {
        bool came_in = is_nan(a) || is_nan(b);
        if (!came_in) {
            want = QNAN;
        } else if (!EXACT_NAN) {
            want = is_nan(got) ? got : want;
        }
    }
    if (got != want) {
        fail_msg("%s %016llx %016llx: got %016llx, want %016llx", op,
                 (unsigned long long)a, (unsigned long long)b,
                 (unsigned long long)got, (unsigned long long)want);
    }
}

static void check_single(const char *op, uint32_t a, uint32_t b, uint32_t got,
                         uint32_t want)
{
    if (single_is_nan(want)) {
        bool came_in = single_is_nan(a) || single_is_nan(b);
        if (!came_in) {
            want = 0x7FC00000;
        } else if (!EXACT_NAN) {
            want = single_is_nan(got) ? got : want;
        }
    }
    if (got != want) {
        fail_msg("%s %08x %08x: got %08x, want %08x", op, a, b, got, want);
    }
}

// What gcc makes of the three-way answers.
static void check_compare(uint64_t a, uint64_t b)
{
    double x = as_double(a), y = as_double(b);
    assert_int_equal(rt_eqdf2(a, b) == 0, x == y);
    assert_int_equal(rt_nedf2(a, b) != 0, x != y);
    assert_int_equal(rt_ltdf2(a, b) < 0, x < y);
    assert_int_equal(rt_ledf2(a, b) <= 0, x <= y);
    assert_int_equal(rt_gtdf2(a, b) > 0, x > y);
    assert_int_equal(rt_gedf2(a, b) >= 0, x >= y);
    assert_int_equal(rt_unorddf2(a, b) != 0, x != x || y != y);
}

static void check_compare_single(uint32_t a, uint32_t b)
{
    float x = as_single(a), y = as_single(b);
    assert_int_equal(rt_eqsf2(a, b) == 0, x == y);
    assert_int_equal(rt_nesf2(a, b) != 0, x != y);
    assert_int_equal(rt_ltsf2(a, b) < 0, x < y);
    assert_int_equal(rt_lesf2(a, b) <= 0, x <= y);
    assert_int_equal(rt_gtsf2(a, b) > 0, x > y);
    assert_int_equal(rt_gesf2(a, b) >= 0, x >= y);
    assert_int_equal(rt_unordsf2(a, b) != 0, x != x || y != y);
}

static void double_arithmetic(void **state)
{
    (void)state;
    for (unsigned long i = 0; i < cases(); i++) {
        uint64_t a = random_double(1023);
        uint64_t b = random_double(a >> 52 & 0x7FF);
        double x = as_double(a), y = as_double(b);
        check_double("add", a, b, rt_adddf3(a, b), double_bits(hw_addsd(x, y)));
        check_double("sub", a, b, rt_subdf3(a, b), double_bits(hw_subsd(x, y)));
        check_double("mul", a, b, rt_muldf3(a, b), double_bits(hw_mulsd(x, y)));
        check_double("div", a, b, rt_divdf3(a, b), double_bits(hw_divsd(x, y)));
        check_compare(a, b);
        check_compare(a, a);
        assert_int_equal(rt_negdf2(a), a ^ 1ULL << 63);
    }
}

// Products and quotients near the subnormal range and near the overflow.
static void double_edges(void **state)
{
    (void)state;
    for (unsigned long i = 0; i < cases(); i++) {
        uint64_t a = random_double(1023);
        uint64_t ea = a >> 52 & 0x7FF;
        uint64_t low = random_double(1023 - ea),
                 high = random_double(3069 - ea);
        double x = as_double(a);
        check_double("mul", a, low, rt_muldf3(a, low),
                     double_bits(hw_mulsd(x, as_double(low))));
        check_double("mul", a, high, rt_muldf3(a, high),
                     double_bits(hw_mulsd(x, as_double(high))));
        low = random_double(ea + 1023);
        high = random_double(ea - 1023);
        check_double("div", a, low, rt_divdf3(a, low),
                     double_bits(hw_divsd(x, as_double(low))));
        check_double("div", a, high, rt_divdf3(a, high),
                     double_bits(hw_divsd(x, as_double(high))));
    }
}

static void single_arithmetic(void **state)
{
    (void)state;
    for (unsigned long i = 0; i < cases(); i++) {
        uint32_t a = random_single(127);
        uint32_t b = random_single(a >> 23 & 0xFF);
        float x = as_single(a), y = as_single(b);
        check_single("add", a, b, rt_addsf3(a, b), single_bits(hw_addss(x, y)));
        check_single("sub", a, b, rt_subsf3(a, b), single_bits(hw_subss(x, y)));
        check_single("mul", a, b, rt_mulsf3(a, b), single_bits(hw_mulss(x, y)));
        check_single("div", a, b, rt_divsf3(a, b), single_bits(hw_divss(x, y)));
        check_compare_single(a, b);
        check_compare_single(a, a);
        assert_int_equal(rt_negsf2(a), a ^ 1U << 31);
    }
}

static void float_conversions(void **state)
{
    (void)state;
    for (unsigned long i = 0; i < cases(); i++) {
        // Singles as doubles, and doubles half way between two singles.
        uint64_t a = random_double(1023 - 127 + (rng() & 0xFF));
        if ((rng() & 1) != 0) {
            a = (a & ~0x3FFFFFFFULL) | 0x10000000 | (rng() & 1);
        }
        uint32_t s = random_single(127);
        check_single("truncdfsf", 0, is_nan(a) ? 0x7FC00000 : 0,
                     rt_truncdfsf2(a), single_bits((float)as_double(a)));
        uint64_t wide = double_bits((double)as_single(s));
        check_double("extendsfdf", s, is_nan(wide) ? QNAN : 0,
                     rt_extendsfdf2(s), wide);
    }
}

static void int_conversions(void **state)
{
    (void)state;
    for (unsigned long i = 0; i < cases(); i++) {
        uint64_t n = random_int();
        if ((rng() & 3) == 0) { // a tie of the rounding to double or float
            int top = rt_clzdi2(n);
            n |= top < 10 ? 1ULL << (10 - top) : 0;
            n &= top < 10 ? ~0ULL << (10 - top) : ~0ULL;
        }
        int64_t s = (int64_t)n;
        assert_int_equal(rt_floatundidf(n), double_bits((double)n));
        assert_int_equal(rt_floatdidf(s), double_bits((double)s));
        assert_int_equal(rt_floatunsidf((uint32_t)n),
                         double_bits((double)(uint32_t)n));
        assert_int_equal(rt_floatsidf((int32_t)s),
                         double_bits((double)(int32_t)s));
        assert_int_equal(rt_floatundisf(n), single_bits((float)n));
        assert_int_equal(rt_floatdisf(s), single_bits((float)s));
        assert_int_equal(rt_floatunsisf((uint32_t)n),
                         single_bits((float)(uint32_t)n));
        assert_int_equal(rt_floatsisf((int32_t)s),
                         single_bits((float)(int32_t)s));

        uint64_t a = random_double(1023 + 32);
        double d = as_double(a);
        if (d > -2147483649.0 && d < 2147483648.0) {
            assert_int_equal(rt_fixdfsi(a), (int32_t)d);
        }
        if (d > -1.0 && d < 4294967296.0) {
            assert_int_equal(rt_fixunsdfsi(a), (uint32_t)d);
        }
        if (d >= -0x1p63 && d < 0x1p63) {
            assert_int_equal(rt_fixdfdi(a), (int64_t)d);
        }
        if (d > -1.0 && d < 0x1p64) {
            assert_int_equal(rt_fixunsdfdi(a), (uint64_t)d);
        }
        uint32_t b = random_single(127 + 32);
        float f = as_single(b);
        if (f >= -0x1p31f && f < 0x1p31f) {
            assert_int_equal(rt_fixsfsi(b), (int32_t)f);
        }
        if (f > -1.0f && f < 0x1p32f) {
            assert_int_equal(rt_fixunssfsi(b), (uint32_t)f);
        }
        if (f >= -0x1p63f && f < 0x1p63f) {
            assert_int_equal(rt_fixsfdi(b), (int64_t)f);
        }
        if (f > -1.0f && f < 0x1p64f) {
            assert_int_equal(rt_fixunssfdi(b), (uint64_t)f);
        }
    }
}

// What C leaves open and rt.h promises.
static void conversions_saturate(void **state)
{
    (void)state;
    uint64_t nan = QNAN, big = double_bits(1e30), inf = INF;
    uint64_t minus = double_bits(-1e30), minus_one = double_bits(-1.0);
    assert_int_equal(rt_fixdfsi(nan), 0);
    assert_int_equal(rt_fixunsdfdi(nan | 1ULL << 63), 0);
    assert_int_equal(rt_fixdfsi(big), INT32_MAX);
    assert_int_equal(rt_fixdfsi(minus), INT32_MIN);
    assert_int_equal(rt_fixdfsi(inf), INT32_MAX);
    assert_int_equal(rt_fixunsdfsi(big), UINT32_MAX);
    assert_int_equal(rt_fixunsdfsi(minus_one), 0);
    assert_true(rt_fixdfdi(big) == INT64_MAX);
    assert_true(rt_fixdfdi(minus) == INT64_MIN);
    assert_true(rt_fixunsdfdi(big) == UINT64_MAX);
    assert_true(rt_fixunsdfdi(minus) == 0);
}

static void integers(void **state)
{
    (void)state;
    for (unsigned long i = 0; i < cases(); i++) {
        uint64_t a = random_int(), b = random_int();
        uint32_t c = (uint32_t)a, d = (uint32_t)b;
        int64_t sa = (int64_t)a, sb = (int64_t)b;
        int32_t sc = (int32_t)c, sd = (int32_t)d;
        int n = (int)(rng() & 63);
        assert_int_equal(rt_umulsidi3(c, d), (uint64_t)c * d);
        assert_int_equal(rt_muldi3(a, b), a * b);
        if (b != 0) {
            assert_int_equal(rt_udivdi3(a, b), a / b);
            assert_int_equal(rt_umoddi3(a, b), a % b);
            if (sa != INT64_MIN || sb != -1) {
                assert_int_equal(rt_divdi3(sa, sb), sa / sb);
                assert_int_equal(rt_moddi3(sa, sb), sa % sb);
            }
        }
        if (d != 0) {
            assert_int_equal(rt_udivsi3(c, d), c / d);
            assert_int_equal(rt_umodsi3(c, d), c % d);
            if (sc != INT32_MIN || sd != -1) {
                assert_int_equal(rt_divsi3(sc, sd), sc / sd);
                assert_int_equal(rt_modsi3(sc, sd), sc % sd);
            }
        }
        assert_int_equal(rt_ashldi3(a, n), a << n);
        assert_int_equal(rt_lshrdi3(a, n), a >> n);
        assert_int_equal(rt_ashrdi3(sa, n), sa >> n);
        assert_int_equal(rt_cmpdi2(sa, sb), sa < sb ? 0 : sa == sb ? 1 : 2);
        assert_int_equal(rt_ucmpdi2(a, b), a < b ? 0 : a == b ? 1 : 2);
        assert_int_equal(rt_cmpdi2(sa, sa), 1);
        if (c != 0) {
            assert_int_equal(rt_clzsi2(c), __builtin_clz(c));
            assert_int_equal(rt_ctzsi2(c), __builtin_ctz(c));
        }
        if (a != 0) {
            assert_int_equal(rt_clzdi2(a), __builtin_clzll(a));
            assert_int_equal(rt_ctzdi2(a), __builtin_ctzll(a));
        }
        assert_int_equal(rt_ffssi2(c), __builtin_ffs(sc));
        assert_int_equal(rt_ffsdi2(a), __builtin_ffsll(sa));
        assert_int_equal(rt_popcountsi2(c), __builtin_popcount(c));
        assert_int_equal(rt_popcountdi2(a), __builtin_popcountll(a));
        assert_int_equal(rt_paritysi2(c), __builtin_parity(c));
        assert_int_equal(rt_bswapsi2(c), __builtin_bswap32(c));
        assert_int_equal(rt_bswapdi2(a), __builtin_bswap64(a));
    }
    assert_int_equal(rt_udivsi3(7, 0), UINT32_MAX);
    assert_int_equal(rt_umoddi3(7, 0), 7);
    assert_int_equal(rt_ffssi2(0), 0);
    assert_int_equal(rt_clzsi2(0), 32);
    assert_int_equal(rt_ctzdi2(0), 64);
}

static void memory_functions(void **state)
{
    (void)state;
    for (unsigned long i = 0; i < cases() / 100; i++) {
        uint8_t ours[64], theirs[64];
        for (size_t j = 0; j < sizeof ours; j++) {
            ours[j] = theirs[j] = (uint8_t)(rng() & 3);
        }
        size_t to = rng() % 32, from = rng() % 32, n = rng() % 33;
        assert_int_equal(rt_memcmp(ours + to, ours + from, n) < 0,
                         memcmp(theirs + to, theirs + from, n) < 0);
        assert_int_equal(rt_memcmp(ours + to, ours + from, n) == 0,
                         memcmp(theirs + to, theirs + from, n) == 0);
        uint8_t *hit = rt_memchr(ours + from, 3, n);
        uint8_t *want = memchr(theirs + from, 3, n);
        assert_int_equal(hit != NULL ? hit - ours : -1,
                         want != NULL ? want - theirs : -1);
        assert_ptr_equal(rt_memmove(ours + to, ours + from, n), ours + to);
        memmove(theirs + to, theirs + from, n);
        assert_memory_equal(ours, theirs, sizeof ours);
        rt_memset(ours + from, (int)i, n);
        memset(theirs + from, (int)i, n);
        assert_memory_equal(ours, theirs, sizeof ours);
        uint8_t copy[64] = {0};
        assert_ptr_equal(rt_memcpy(copy + to, ours + from, n), copy + to);
        assert_memory_equal(copy + to, ours + from, n);
        assert_true(n == 64 || copy[to + n] == 0);
    }
}

static int sign_of(int n)
{
    return (n > 0) - (n < 0);
}

static void string_functions(void **state)
{
    (void)state;
    static const char *const text[] = {"",      "a",     "ab",  "abc", "aab",
                                       "aabab", "\x80z", "bab", "b",   "abab"};
    for (size_t i = 0; i < sizeof text / sizeof text[0]; i++) {
        const char *a = text[i];
        assert_int_equal(rt_strlen(a), strlen(a));
        assert_ptr_equal(rt_strchr(a, 'b'), strchr(a, 'b'));
        assert_ptr_equal(rt_strchr(a, '\0'), strchr(a, '\0'));
        assert_ptr_equal(rt_strrchr(a, 'b'), strrchr(a, 'b'));
        assert_ptr_equal(rt_strrchr(a, '\0'), strrchr(a, '\0'));
        for (size_t j = 0; j < sizeof text / sizeof text[0]; j++) {
            const char *b = text[j];
            assert_int_equal(rt_strspn(a, b), strspn(a, b));
            assert_int_equal(rt_strcspn(a, b), strcspn(a, b));
            assert_int_equal(sign_of(rt_strcmp(a, b)), sign_of(strcmp(a, b)));
            assert_int_equal(sign_of(rt_strncmp(a, b, 2)),
                             sign_of(strncmp(a, b, 2)));
            assert_ptr_equal(rt_strstr(a, b), strstr(a, b));
            char ours[16], theirs[16];
            assert_ptr_equal(rt_strcpy(ours, a), ours);
            assert_ptr_equal(rt_strcat(ours, b), ours);
            strcpy(theirs, a);
            strcat(theirs, b);
            assert_string_equal(ours, theirs);
        }
        char ours[4] = "xxx", theirs[4] = "xxx";
        rt_strncpy(ours, a, 3);
        for (size_t j = 0, end = 0; j < 3; j++) {
            theirs[j] = end ? '\0' : a[j];
            end |= theirs[j] == '\0';
        }
        assert_memory_equal(ours, theirs, 4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(integers, seed),
        cmocka_unit_test_setup(double_arithmetic, seed),
        cmocka_unit_test_setup(double_edges, seed),
        cmocka_unit_test_setup(single_arithmetic, seed),
        cmocka_unit_test_setup(float_conversions, seed),
        cmocka_unit_test_setup(int_conversions, seed),
        cmocka_unit_test(conversions_saturate),
        cmocka_unit_test_setup(memory_functions, seed),
        cmocka_unit_test(string_functions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
