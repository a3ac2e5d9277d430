// SPDX-License-Identifier: Apache-2.0

#define _DEFAULT_SOURCE // for lib/fb/testing.h

#include "chip/cpu/cpu.h"

#include "chip/cpu/testing.h"

// What xtensa-lx106-elf-gcc -O2 -ffreestanding -fno-inline
// -fno-optimize-sibling-calls -mtext-section-literals makes of
//
//   unsigned fib(unsigned n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
//   unsigned loop(unsigned n) {
//       unsigned a = 1, b = 2, c = 3;
//       while (n--) {
//           a += b; b ^= a << 3; c += a & b;
//           a -= c >> 2; b = b * 5 + n; c ^= b;
//       }
//       return a + b + c;
//   }
//   unsigned mem(unsigned n) {
//       unsigned *p = (unsigned *)0x3ffb0000, s = 0;
//       for (unsigned i = 0; i < n; i++) {
//           p[i & 255] += i; s += p[i * 7 & 255];
//       }
//       return s;
//   }
#define PROGRAMS                                                               \
    "12c1f0c9210931d91120c220b6220e0b22c5feffdd0222ccfe45feff2acd0831"         \
    "2d0cd811c82112c1100df0000b62acb20c350c220c142a44d034112033303024"         \
    "105a523033a06a235032410b663044c02055306606df5a224a224600000c620d"         \
    "f00000000000fb3f8d02ac720c0371fdff3023203050747055a068053043f03a"         \
    "6640407469057044a048041b334a223798e1c6ffff0df000"
#define FIB  0x00u
#define LOOP 0x2Cu
#define MEM  0x68u
#define BACK 0x1000u // a BREAK where the programs return to

static uint32_t host_fib(uint32_t n)
{
    return n < 2 ? n : host_fib(n - 1) + host_fib(n - 2);
}

static uint32_t host_loop(uint32_t n)
{
    uint32_t a = 1, b = 2, c = 3;
    while (n-- != 0) {
        a += b;
        b ^= a << 3;
        c += a & b;
        a -= c >> 2;
        b = b * 5 + n;
        c ^= b;
    }
    return a + b + c;
}

static uint32_t host_mem(uint32_t n)
{
    uint32_t p[256] = {0};
    uint32_t s = 0;
    for (uint32_t i = 0; i < n; i++) {
        p[i & 255] += i;
        s += p[i * 7 & 255];
    }
    return s;
}

static struct rig *with_programs(uint32_t start, uint32_t n)
{
    struct rig *rig = rig_new();
    rig_code(rig, 0, PROGRAMS);
    rig_code(rig, BACK, "f04100");
    cpu_set_pc(&rig->cpu, RIG_CODE + start);
    cpu_set_ar(&rig->cpu, 0, RIG_CODE + BACK);
    cpu_set_ar(&rig->cpu, 2, n);
    return rig;
}

static uint32_t call(uint32_t start, uint32_t n)
{
    struct rig *rig = with_programs(start, n);
    uint32_t result;

    assert_int_equal(cpu_run(&rig->cpu, 100000000, NULL), CPU_BREAK);
    assert_int_equal(cpu_pc(&rig->cpu), RIG_CODE + BACK);
    result = cpu_ar(&rig->cpu, 2);
    rig_free(rig);
    return result;
}

static void compiled_code(void **state)
{
    (void)state;
    assert_int_equal(call(FIB, 20), host_fib(20));
    assert_int_equal(call(LOOP, 1000), host_loop(1000));
    assert_int_equal(call(MEM, 5000), host_mem(5000));
}

// One run, the same run in small pieces, and a copy that goes on by itself.
static void cut_anywhere(void **state)
{
    (void)state;
    for (uint32_t piece = 1; piece < 40; piece += 1 + piece / 7) {
        struct rig *whole = with_programs(FIB, 12);
        struct rig *pieces = with_programs(FIB, 12);
        struct rig *copy = NULL;
        uint64_t ran, total = 0;

        assert_int_equal(cpu_run(&whole->cpu, 1500, &ran), CPU_RAN);
        assert_int_equal(ran, 1500);
        while (total < 1500) {
            uint64_t left = 1500 - total;
            assert_int_equal(
                cpu_run(&pieces->cpu, left < piece ? left : piece, &ran),
                CPU_RAN);
            assert_int_equal(ran, left < piece ? left : piece);
            total += ran;
            if (total > 700 && copy == NULL) {
                copy = rig_copy(pieces);
                cpu_run(&copy->cpu, 1500 - total, &ran);
            }
        }
        rig_assert_same(whole, pieces);
        rig_assert_same(whole, copy);
        rig_free(whole);
        rig_free(pieces);
        rig_free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compiled_code),
        cmocka_unit_test(cut_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
