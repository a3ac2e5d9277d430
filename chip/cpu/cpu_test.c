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

// ---- exceptions

#define AT_PC       (RIG_CODE + 0x100)
#define RAM         (RIG_DATA + 0x200)
#define NOTHING     0x3FF80000u
#define VECTOR(off) (RIG_VECTORS + (off))

static struct rig *at(const char *hex)
{
    struct rig *rig = rig_new();
    rig_code(rig, 0x100, hex);
    cpu_set_pc(&rig->cpu, AT_PC);
    return rig;
}

// Each instruction alone (hex by gas), with a5 as given: what it raises.
static void causes(void **state)
{
    (void)state;
    static const struct {
        const char *name, *hex;
        uint32_t a5;
        unsigned cause;
        bool sets_vaddr;
    } rows[] = {
        {"ill", "000000", 0, EXC_ILLEGAL, false},
        {"ill.n", "6df0", 0, EXC_ILLEGAL, false},
        {"rsr of SR 13", "400d03", 0, EXC_ILLEGAL, false},
        {"rfi 1", "103100", 0, EXC_ILLEGAL, false},
        {"rfdo 0", "00e0f1", 0, EXC_ILLEGAL, false},
        {"rfdd", "10e0f1", 0, EXC_ILLEGAL, false},
        {"lddr32.p a4", "e07400", 0, EXC_ILLEGAL, false},
        {"sddr32.p a4", "f07400", 0, EXC_ILLEGAL, false},
        {"entry a4, 32", "364400", 0, EXC_ILLEGAL, false},
        {"retw to nowhere", "900000", 0, EXC_ILLEGAL, false},
        {"syscall", "005000", 0, EXC_SYSCALL, false},
        {"l8ui from IRAM", "420501", RIG_CODE + 8, EXC_LOAD_STORE_ERROR, true},
        {"s8i to IRAM", "424500", RIG_CODE + 8, EXC_LOAD_STORE_ERROR, true},
        {"l16ui from IRAM", "421500", RIG_CODE, EXC_LOAD_STORE_ERROR, true},
        {"s16i to IRAM", "425500", RIG_CODE + 2, EXC_LOAD_STORE_ERROR, true},
        {"l32i from IRAM + 2", "422500", RIG_CODE + 2, EXC_ALIGNMENT, true},
        {"s32i to IRAM + 1", "426500", RIG_CODE + 1, EXC_ALIGNMENT, true},
        {"l32ai from RAM + 2", "42b500", RAM + 2, EXC_ALIGNMENT, true},
        {"s32ri to RAM + 1", "42f500", RAM + 1, EXC_ALIGNMENT, true},
        {"s32c1i on RAM + 3", "42e500", RAM + 3, EXC_ALIGNMENT, true},
        {"l32i from nothing", "422500", NOTHING, EXC_LOAD_PROHIBITED, true},
        {"l8ui from nothing", "420501", NOTHING, EXC_LOAD_PROHIBITED, true},
        {"l32i beyond it all", "422500", 0, EXC_LOAD_PROHIBITED, true},
        {"s32i to nothing", "426500", NOTHING, EXC_STORE_PROHIBITED, true},
        {"s16i to nothing", "425500", 0x80000000, EXC_STORE_PROHIBITED, true},
        {"s32c1i on nothing", "42e500", NOTHING, EXC_LOAD_PROHIBITED, true},
        {"quou by 0", "6045c2", 1, EXC_DIVIDE_BY_ZERO, false},
        {"quos by 0", "6045d2", 1, EXC_DIVIDE_BY_ZERO, false},
        {"remu by 0", "6045e2", 1, EXC_DIVIDE_BY_ZERO, false},
        {"rems by 0", "6045f2", 1, EXC_DIVIDE_BY_ZERO, false},
        {"movsp, callers spilled", "101100", 0, EXC_ALLOCA, false},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rig *rig = at(rows[i].hex);
        struct rig *before;
        uint64_t ran;
        cpu_set_ar(&rig->cpu, 5, rows[i].a5);
        before = rig_copy(rig);
        assert_int_equal(cpu_run(&rig->cpu, 1, &ran), CPU_RAN);
        assert_int_equal(ran, 1);
        if (cpu_sr(&rig->cpu, SR_EXCCAUSE) != rows[i].cause ||
            cpu_pc(&rig->cpu) != VECTOR(VECTOR_USER)) {
            fail_msg("%s: cause %u at %x", rows[i].name,
                     cpu_sr(&rig->cpu, SR_EXCCAUSE), cpu_pc(&rig->cpu));
        }
        assert_int_equal(cpu_sr(&rig->cpu, SR_EPC1), AT_PC);
        assert_int_equal(cpu_sr(&rig->cpu, SR_PS), 0x40030);
        uint32_t offset = rows[i].hex[4] == '0' && rows[i].hex[5] == '1' &&
                                  rows[i].hex[1] == '2'
                              ? 1
                              : 0; // l8ui a4, a5, 1
        assert_int_equal(cpu_sr(&rig->cpu, SR_EXCVADDR),
                         rows[i].sets_vaddr ? rows[i].a5 + offset : 0);
        // nothing else has changed
        cpu_set_sr(&before->cpu, SR_EXCCAUSE, rows[i].cause);
        cpu_set_sr(&before->cpu, SR_EXCVADDR, cpu_sr(&rig->cpu, SR_EXCVADDR));
        cpu_set_sr(&before->cpu, SR_EPC1, AT_PC);
        cpu_set_sr(&before->cpu, SR_PS, 0x40030);
        cpu_set_pc(&before->cpu, VECTOR(VECTOR_USER));
        cpu_skip(&before->cpu, 1);
        rig_assert_same(before, rig);
        rig_free(before);
        rig_free(rig);
    }
}

static void vectors(void **state)
{
    (void)state;
    struct rig *rig = at("005000"); // syscall
    cpu_set_sr(&rig->cpu, SR_PS, 0x40000);
    cpu_run(&rig->cpu, 1, NULL);
    assert_int_equal(cpu_pc(&rig->cpu), VECTOR(VECTOR_KERNEL));
    // again, in the handler: a double exception
    cpu_set_pc(&rig->cpu, AT_PC);
    cpu_run(&rig->cpu, 1, NULL);
    assert_int_equal(cpu_pc(&rig->cpu), VECTOR(VECTOR_DOUBLE));
    assert_int_equal(cpu_sr(&rig->cpu, SR_DEPC), AT_PC);
    rig_code(rig, RIG_VECTORS - RIG_CODE + VECTOR_DOUBLE, "003200"); // rfde
    cpu_run(&rig->cpu, 1, NULL);
    assert_int_equal(cpu_pc(&rig->cpu), AT_PC);
    rig_code(rig, 0x100, "003000"); // rfe
    cpu_set_sr(&rig->cpu, SR_EPC1, RIG_CODE + 0x300);
    cpu_run(&rig->cpu, 1, NULL);
    assert_int_equal(cpu_pc(&rig->cpu), RIG_CODE + 0x300);
    assert_int_equal(cpu_sr(&rig->cpu, SR_PS), 0x40000);
    rig_free(rig);
}

static void fetch_from_nothing(void **state)
{
    (void)state;
    struct rig *rig = at("a00500"); // jx a5
    uint64_t ran;
    cpu_set_ar(&rig->cpu, 5, NOTHING);
    assert_int_equal(cpu_run(&rig->cpu, 2, &ran), CPU_RAN);
    assert_int_equal(ran, 2);
    assert_int_equal(cpu_sr(&rig->cpu, SR_EXCCAUSE), EXC_FETCH_PROHIBITED);
    assert_int_equal(cpu_sr(&rig->cpu, SR_EXCVADDR), NOTHING);
    assert_int_equal(cpu_sr(&rig->cpu, SR_EPC1), NOTHING);
    // an instruction whose last byte is in a page that is not there
    rig_code(rig, RIG_SIZE - 2, "12c1"); // addi a1, a1, ...
    cpu_set_sr(&rig->cpu, SR_PS, 0x40020);
    cpu_set_pc(&rig->cpu, RIG_CODE + RIG_SIZE - 2);
    cpu_run(&rig->cpu, 1, &ran);
    assert_int_equal(cpu_sr(&rig->cpu, SR_EXCVADDR), RIG_CODE + RIG_SIZE - 2);
    // no vectors either
    cpu_set_sr(&rig->cpu, SR_VECBASE, NOTHING);
    assert_int_equal(cpu_run(&rig->cpu, 1000, &ran), CPU_HALTED);
    assert_int_equal(cpu_pc(&rig->cpu), NOTHING + VECTOR_DOUBLE);
    assert_true(ran < 10);
    rig_free(rig);
}

static void unaligned_data(void **state)
{
    (void)state;
    static const uint8_t bytes[8] = {0x11, 0x82, 0x93, 0xA4,
                                     0x55, 0xE6, 0x77, 0x88};
    for (uint32_t off = 0; off < 5; off++) {
        for (uint32_t base = RAM; base <= RAM + 0xDFC; base += 0xDFC) {
            // l32i, l16ui, l16si, s32i, s16i; RAM + 0xDFC ends a page
            struct rig *rig = at("422500"
                                 "621500"
                                 "729500"
                                 "526504"
                                 "52550a");
            uint8_t *data = rig->data + (base - RIG_DATA);
            memcpy(data, bytes, 8);
            cpu_set_ar(&rig->cpu, 5, base + off);
            assert_int_equal(cpu_run(&rig->cpu, 5, NULL), CPU_RAN);
            assert_int_equal(cpu_pc(&rig->cpu), AT_PC + 15);
            assert_int_equal(cpu_ar(&rig->cpu, 4), bus_get32(bytes + off));
            assert_int_equal(cpu_ar(&rig->cpu, 6), bus_get16(bytes + off));
            assert_int_equal(cpu_ar(&rig->cpu, 7),
                             (uint32_t)(int16_t)bus_get16(bytes + off));
            assert_int_equal(bus_get32(data + off + 16), base + off);
            assert_int_equal(bus_get16(data + off + 20), (base + off) & 0xFFFF);
            rig_free(rig);
        }
    }
}

// ---- interrupts

static void software_and_levels(void **state)
{
    (void)state;
    struct rig *rig = at("40e213"
                         "06ffff"); // wsr.intset a4; x: j x
    cpu_set_ar(&rig->cpu, 4, UINT32_MAX);
    cpu_run(&rig->cpu, 3, NULL);
    // only 7 and 29 are software's; nothing is enabled
    assert_int_equal(cpu_sr(&rig->cpu, SR_INTERRUPT), 0x20000080);
    assert_int_equal(cpu_pc(&rig->cpu), AT_PC + 3);
    // level 3 goes first, in spite of 7 having the lower number
    cpu_set_sr(&rig->cpu, SR_INTENABLE, UINT32_MAX);
    rig_code(rig, RIG_VECTORS - RIG_CODE + 0x1C0, "06ffff");
    cpu_run(&rig->cpu, 1, NULL);
    assert_int_equal(cpu_pc(&rig->cpu), VECTOR(0x1C0));
    assert_int_equal(cpu_sr(&rig->cpu, 179), AT_PC + 3); // EPC3
    assert_int_equal(cpu_sr(&rig->cpu, 195), 0x40020);   // EPS3
    assert_int_equal(cpu_sr(&rig->cpu, SR_PS), 0x40033);
    // its return: wsr.intclear a4; rfi 3, then level 1 by the user vector
    rig_code(rig, RIG_VECTORS - RIG_CODE + 0x1C0,
             "40e313"
             "103300");
    rig_code(rig, RIG_VECTORS - RIG_CODE + VECTOR_USER, "06ffff");
    cpu_set_ar(&rig->cpu, 4, 0x20000000);
    cpu_run(&rig->cpu, 3, NULL);
    assert_int_equal(cpu_pc(&rig->cpu), VECTOR(VECTOR_USER));
    assert_int_equal(cpu_sr(&rig->cpu, SR_EXCCAUSE), EXC_LEVEL1_INTERRUPT);
    assert_int_equal(cpu_sr(&rig->cpu, SR_EPC1), AT_PC + 3);
    rig_free(rig);
}

static void masked_by_level(void **state)
{
    (void)state;
    // INT 19 level 2, 23 level 3, 24 level 4, 26 level 5; 5 level 1
    static const struct {
        uint32_t line;
        uint32_t level;
        uint32_t vector;
    } rows[] = {
        {1u << 5, 1, VECTOR_USER}, {1u << 19, 2, 0x180}, {1u << 23, 3, 0x1C0},
        {1u << 24, 4, 0x200},      {1u << 26, 5, 0x240}, {1u << 14, 7, 0x2C0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (uint32_t ps = 0; ps < 32; ps++) {
            struct rig *rig = at("06ffff");
            uint32_t level = ps & 15;
            bool taken;
            if (ps & 16 && level < 3) {
                level = 3; // EXCM masks up to level 3
            }
            taken = rows[i].level > level;
            rig_code(rig, RIG_VECTORS - RIG_CODE + rows[i].vector, "06ffff");
            cpu_set_sr(&rig->cpu, SR_PS, 0x40020 | ps);
            cpu_set_sr(&rig->cpu, SR_INTENABLE, ~(1u << 14));
            cpu_set_lines(&rig->cpu, rows[i].line);
            cpu_run(&rig->cpu, 3, NULL);
            assert_int_equal(cpu_pc(&rig->cpu),
                             taken ? VECTOR(rows[i].vector) : AT_PC);
            rig_free(rig);
        }
    }
}

static void edges_and_levels(void **state)
{
    (void)state;
    struct rig *rig = at("06ffff");
    cpu_set_lines(&rig->cpu, 1u << 10 | 1u << 5);
    cpu_set_lines(&rig->cpu, 0);
    assert_int_equal(cpu_sr(&rig->cpu, SR_INTERRUPT), 1u << 10);
    cpu_set_sr(&rig->cpu, SR_INTCLEAR, UINT32_MAX);
    assert_int_equal(cpu_sr(&rig->cpu, SR_INTERRUPT), 0);
    cpu_set_lines(&rig->cpu, 1u << 6 | 1u << 7 | 1u << 15 | 1u << 29);
    assert_int_equal(cpu_sr(&rig->cpu, SR_INTERRUPT), 0); // not lines
    rig_free(rig);
}

// A device raises a line during a store: taken before the next instruction.
static void line_from_a_store(void **state)
{
    (void)state;
    struct rig *rig = at("426500"
                         "62c601"
                         "62c601"); // s32i; addi a6, a6, 1
    rig_code(rig, RIG_VECTORS - RIG_CODE + VECTOR_USER, "06ffff");
    cpu_set_ar(&rig->cpu, 4, 1u << 5);
    cpu_set_ar(&rig->cpu, 5, RIG_LINES);
    cpu_set_sr(&rig->cpu, SR_INTENABLE, 1u << 5);
    cpu_run(&rig->cpu, 10, NULL);
    assert_int_equal(cpu_sr(&rig->cpu, SR_EPC1), AT_PC + 3);
    assert_int_equal(cpu_ar(&rig->cpu, 6), 0);
    // and cpu_stop() by a store leaves right after it
    cpu_set_sr(&rig->cpu, SR_INTENABLE, 0);
    cpu_set_sr(&rig->cpu, SR_PS, 0x40020);
    cpu_set_ar(&rig->cpu, 5, RIG_STOP);
    cpu_set_pc(&rig->cpu, AT_PC);
    uint64_t ran;
    assert_int_equal(cpu_run(&rig->cpu, 10, &ran), CPU_STOPPED);
    assert_int_equal(ran, 1);
    assert_int_equal(cpu_pc(&rig->cpu), AT_PC + 3);
    rig_free(rig);
}

static void timers(void **state)
{
    (void)state;
    // rsr.ccount a4; addi a4, a4, 20; wsr.ccompare0 a4; movi a5, 64;
    // wsr.intenable a5; x: addi a6, a6, 1; j x
    struct rig *rig = at("40ea03"
                         "42c414"
                         "40f013"
                         "52a040"
                         "50e413"
                         "62c601"
                         "46feff");
    rig_code(rig, RIG_VECTORS - RIG_CODE + VECTOR_USER, "06ffff");
    cpu_skip(&rig->cpu, 1000);
    cpu_run(&rig->cpu, 100, NULL);
    // CCOUNT was 1000 at the RSR; 1020 is after 20 instructions: 5 and 7.5
    // turns
    assert_int_equal(cpu_ar(&rig->cpu, 4), 1020);
    assert_int_equal(cpu_ar(&rig->cpu, 6), 8);
    assert_int_equal(cpu_sr(&rig->cpu, SR_EPC1), AT_PC + 18);
    assert_int_equal(cpu_sr(&rig->cpu, SR_INTERRUPT), 1u << 6);
    cpu_set_sr(&rig->cpu, SR_CCOMPARE0, 0);
    assert_int_equal(cpu_sr(&rig->cpu, SR_INTERRUPT), 0);
    // the others, by level 3 and level 5
    cpu_set_sr(&rig->cpu, SR_INTENABLE, 1u << 15 | 1u << 16);
    cpu_set_sr(&rig->cpu, 241, cpu_sr(&rig->cpu, SR_CCOUNT) + 50);
    cpu_set_sr(&rig->cpu, 242, cpu_sr(&rig->cpu, SR_CCOUNT) + 40);
    assert_int_equal(cpu_next_timer(&rig->cpu), 40);
    cpu_skip(&rig->cpu, 45);
    assert_int_equal(cpu_sr(&rig->cpu, SR_INTERRUPT), 1u << 16);
    cpu_skip(&rig->cpu, 5);
    assert_int_equal(cpu_sr(&rig->cpu, SR_INTERRUPT), 1u << 15 | 1u << 16);
    // setting CCOUNT moves the matches along
    cpu_set_sr(&rig->cpu, SR_CCOUNT, cpu_sr(&rig->cpu, 242) - 7);
    assert_int_equal(cpu_next_timer(&rig->cpu), 7);
    rig_free(rig);
}

static void wait_for_interrupt(void **state)
{
    (void)state;
    struct rig *rig = at("007000"
                         "06ffff"); // waiti 0
    uint64_t ran;
    rig_code(rig, RIG_VECTORS - RIG_CODE + 0x180, "003200");
    rig_code(rig, RIG_VECTORS - RIG_CODE + VECTOR_USER, "06ffff");
    assert_int_equal(cpu_next_timer(&rig->cpu), UINT64_MAX);
    cpu_set_sr(&rig->cpu, SR_INTENABLE, 1u << 6);
    cpu_set_sr(&rig->cpu, SR_CCOMPARE0, 500);
    cpu_set_sr(&rig->cpu, SR_PS, 0x4002F);
    assert_int_equal(cpu_run(&rig->cpu, 100, &ran), CPU_WAITING);
    assert_int_equal(ran, 1);
    assert_int_equal(cpu_sr(&rig->cpu, SR_PS), 0x40020);
    assert_int_equal(cpu_run(&rig->cpu, 100, &ran), CPU_WAITING);
    assert_int_equal(ran, 0);
    cpu_skip(&rig->cpu, cpu_next_timer(&rig->cpu) - 1);
    assert_int_equal(cpu_run(&rig->cpu, 100, &ran), CPU_WAITING);
    cpu_skip(&rig->cpu, 1);
    assert_int_equal(cpu_sr(&rig->cpu, SR_CCOUNT), 500);
    assert_int_equal(cpu_run(&rig->cpu, 100, &ran), CPU_RAN);
    assert_int_equal(cpu_sr(&rig->cpu, SR_EPC1), AT_PC + 3);
    rig_free(rig);
}

// ---- loops, code that changes, breakpoints

// Code decoded as one block is cut when LEND is put into the middle of it, and
// put together again is not asked for.
static void loop_end_moves(void **state)
{
    (void)state;
    // addi a7, a7, 1; addi a8, a8, 1; addi a9, a9, 1; break 1, 1
    struct rig *rig = at("72c701"
                         "82c801"
                         "92c901"
                         "104100");
    assert_int_equal(cpu_run(&rig->cpu, 100, NULL), CPU_BREAK);
    for (uint32_t end = 3; end <= 9; end += 3) {
        cpu_set_pc(&rig->cpu, AT_PC);
        for (unsigned r = 7; r < 10; r++) {
            cpu_set_ar(&rig->cpu, r, 0);
        }
        cpu_set_sr(&rig->cpu, SR_LBEG, AT_PC);
        cpu_set_sr(&rig->cpu, SR_LEND, AT_PC + end);
        cpu_set_sr(&rig->cpu, SR_LCOUNT, 4);
        assert_int_equal(cpu_run(&rig->cpu, 100, NULL), CPU_BREAK);
        assert_int_equal(cpu_ar(&rig->cpu, 7), 5);
        assert_int_equal(cpu_ar(&rig->cpu, 8), end >= 6 ? 5 : 1);
        assert_int_equal(cpu_ar(&rig->cpu, 9), end >= 9 ? 5 : 1);
        assert_int_equal(cpu_sr(&rig->cpu, SR_LCOUNT), 0);
    }
    // EXCM turns loops off
    cpu_set_pc(&rig->cpu, AT_PC);
    cpu_set_sr(&rig->cpu, SR_LCOUNT, 4);
    cpu_set_sr(&rig->cpu, SR_PS, 0x40030);
    assert_int_equal(cpu_run(&rig->cpu, 100, NULL), CPU_BREAK);
    assert_int_equal(cpu_ar(&rig->cpu, 9), 6);
    assert_int_equal(cpu_sr(&rig->cpu, SR_LCOUNT), 4);
    rig_free(rig);
}

// More loop ends than the cache remembers, all over the code.
static void many_loops(void **state)
{
    (void)state;
    struct rig *rig = rig_new();
    uint32_t at_off = 0;
    for (unsigned i = 0; i < 4000; i++) {
        // movi a4, 3; loop a4, +3; addi a6, a6, 1; (end) addi a7, a7, 1
        at_off += (uint32_t)rig_code(rig, at_off,
                                     "42a003"
                                     "768402"
                                     "62c601"
                                     "72c701");
    }
    rig_code(rig, at_off, "104100");
    for (unsigned turn = 1; turn <= 2; turn++) {
        cpu_set_pc(&rig->cpu, RIG_CODE);
        assert_int_equal(cpu_run(&rig->cpu, 100000, NULL), CPU_BREAK);
        assert_int_equal(cpu_ar(&rig->cpu, 6), 12000 * turn);
        assert_int_equal(cpu_ar(&rig->cpu, 7), 4000 * turn);
    }
    rig_free(rig);
}

// s32i a4, a5, 0; addi a6, a6, 1; addi a6, a6, 1; break: the store changes the
// instruction after it, in the block that is running.
static void code_changes_itself(void **state)
{
    (void)state;
    for (uint64_t piece = 1; piece <= 8; piece += 7) {
        struct rig *rig = at("426500"
                             "62c601"
                             "62c601"
                             "104100");
        // at 4: the last two bytes of addi, then two of the next
        cpu_set_ar(&rig->cpu, 4, 0xC6620AC6);
        cpu_set_ar(&rig->cpu, 5, AT_PC + 4);
        while (cpu_run(&rig->cpu, piece, NULL) == CPU_RAN) {
        }
        assert_int_equal(cpu_ar(&rig->cpu, 6), 11);
        rig_free(rig);
    }
}

static void code_changes_elsewhere(void **state)
{
    (void)state;
    struct rig *rig = at("62c601"
                         "104100");
    enum { PAGE = 0x1000 };
    uint32_t alias = RIG_DATA + 0x40000; // the code, as data RAM
    bus_map(&rig->bus, alias, RIG_SIZE, rig->code, BUS_RAM);
    for (unsigned way = 0; way < 5; way++) {
        uint32_t before = cpu_ar(&rig->cpu, 6);
        uint8_t step = rig->code[0x102];
        cpu_set_pc(&rig->cpu, AT_PC);
        assert_int_equal(cpu_run(&rig->cpu, 10, NULL), CPU_BREAK);
        assert_int_equal(cpu_ar(&rig->cpu, 6), before + step);
        switch (way) {
        case 0: // a store by whoever
            assert_int_equal(bus_store(&rig->bus, AT_PC, 4, 0x1005C662),
                             BUS_OK);
            break;
        case 1: // by another address
            assert_int_equal(bus_store(&rig->bus, alias + 0x102, 1, 9), BUS_OK);
            break;
        case 2: // behind the bus
            rig->code[0x102] = 17;
            bus_changed(&rig->bus, AT_PC, 4);
            break;
        case 3: // a remap
            memmove(rig->code + PAGE, rig->code, 512);
            rig->code[PAGE + 0x102] = 33;
            rig->code[0x102] = 33;
            bus_map(&rig->bus, RIG_CODE, PAGE, rig->code + PAGE, BUS_IRAM);
            break;
        }
    }
    // stores elsewhere in the page leave the code alone
    uint32_t generation = rig->cache.generation;
    struct cpu_block *block = rig->cache.hash[cpu_hash(AT_PC)];
    assert_non_null(block);
    assert_int_equal(bus_store(&rig->bus, RIG_CODE + 0x180, 4, 1), BUS_OK);
    assert_ptr_equal(rig->cache.hash[cpu_hash(AT_PC)], block);
    assert_int_equal(rig->cache.generation, generation);
    rig_free(rig);
}

// More code than the cache holds is run, twice.
static void cache_fills(void **state)
{
    (void)state;
    struct rig *rig = rig_new();
    uint32_t at_off = 0;
    while (at_off < RIG_SIZE - 0x1000) {
        at_off += (uint32_t)rig_code(rig, at_off,
                                     "060000"
                                     "00"); // j over it
    }
    rig_code(rig, at_off, "104100");
    for (unsigned turn = 0; turn < 2; turn++) {
        uint64_t ran;
        cpu_set_pc(&rig->cpu, RIG_CODE);
        assert_int_equal(cpu_run(&rig->cpu, 100000, &ran), CPU_BREAK);
        assert_int_equal(ran, at_off / 4);
    }
    assert_true(rig->cache.generation > 1);
    rig_free(rig);
}

static void breakpoints(void **state)
{
    (void)state;
    struct rig *rig = at("72c701"
                         "82c801"
                         "92c901"
                         "104100");
    uint64_t ran;
    assert_true(cpu_add_breakpoint(&rig->cpu, AT_PC + 3));
    assert_true(cpu_add_breakpoint(&rig->cpu, AT_PC + 6));
    assert_int_equal(cpu_run(&rig->cpu, 10, &ran), CPU_BREAK);
    assert_int_equal(ran, 1);
    assert_int_equal(cpu_pc(&rig->cpu), AT_PC + 3);
    assert_int_equal(cpu_run(&rig->cpu, 10, &ran), CPU_BREAK);
    assert_int_equal(cpu_pc(&rig->cpu), AT_PC + 6);
    cpu_remove_breakpoint(&rig->cpu, AT_PC + 3);
    cpu_set_pc(&rig->cpu, AT_PC);
    assert_int_equal(cpu_run(&rig->cpu, 10, &ran), CPU_BREAK);
    assert_int_equal(cpu_pc(&rig->cpu), AT_PC + 6);
    assert_int_equal(cpu_run(&rig->cpu, 10, &ran), CPU_BREAK);
    assert_int_equal(cpu_pc(&rig->cpu), AT_PC + 9); // BREAK itself
    assert_int_equal(cpu_ar(&rig->cpu, 9), 1);
    // a chip without a debugger: the debug exception, cause BREAK
    cpu_set_stop_on_break(&rig->cpu, false);
    cpu_run(&rig->cpu, 1, NULL);
    assert_int_equal(cpu_pc(&rig->cpu), VECTOR(0x280));
    assert_int_equal(cpu_sr(&rig->cpu, 182), AT_PC + 9); // EPC6
    assert_int_equal(cpu_sr(&rig->cpu, SR_DEBUGCAUSE), DEBUG_BREAK);
    assert_int_equal(cpu_sr(&rig->cpu, SR_PS), 0x40036);
    // at level 6 it does nothing
    cpu_set_pc(&rig->cpu, AT_PC + 9);
    cpu_run(&rig->cpu, 1, NULL);
    assert_int_equal(cpu_pc(&rig->cpu), AT_PC + 12);
    for (unsigned i = 1; i < CPU_BREAKPOINTS; i++) {
        assert_true(cpu_add_breakpoint(&rig->cpu, i));
    }
    assert_false(cpu_add_breakpoint(&rig->cpu, 99));
    rig_free(rig);
}

static void instruction_breaks(void **state)
{
    (void)state;
    struct rig *rig = at("72c701"
                         "82c801"
                         "2df3"); // break.n 3
    cpu_set_stop_on_break(&rig->cpu, false);
    cpu_set_sr(&rig->cpu, SR_IBREAKA1, AT_PC + 3);
    cpu_set_sr(&rig->cpu, SR_IBREAKENABLE, 2);
    cpu_run(&rig->cpu, 2, NULL);
    assert_int_equal(cpu_pc(&rig->cpu), VECTOR(0x280));
    assert_int_equal(cpu_sr(&rig->cpu, 182), AT_PC + 3);
    assert_int_equal(cpu_sr(&rig->cpu, SR_DEBUGCAUSE), DEBUG_IBREAK);
    assert_int_equal(cpu_ar(&rig->cpu, 8), 0);
    cpu_set_sr(&rig->cpu, SR_IBREAKENABLE, 0);
    cpu_set_sr(&rig->cpu, SR_PS, 0x40020);
    cpu_set_pc(&rig->cpu, AT_PC);
    cpu_run(&rig->cpu, 3, NULL);
    assert_int_equal(cpu_sr(&rig->cpu, SR_DEBUGCAUSE), DEBUG_BREAK_N);
    assert_int_equal(cpu_sr(&rig->cpu, 182), AT_PC + 6);
    rig_free(rig);
}

// ---- what QEMU's cores lack or the comparison leaves out

static void multiply_high(void **state)
{
    (void)state;
    uint64_t seed = 3;
    struct rig *rig = at("4023a2"
                         "4053b2"); // muluh a2, a3, a4; mulsh a5, ..
    for (unsigned i = 0; i < 200; i++) {
        uint32_t x = testing_random32(&seed), y = testing_random32(&seed);
        cpu_set_pc(&rig->cpu, AT_PC);
        cpu_set_ar(&rig->cpu, 3, x);
        cpu_set_ar(&rig->cpu, 4, y);
        cpu_run(&rig->cpu, 2, NULL);
        assert_int_equal(cpu_ar(&rig->cpu, 2), (uint64_t)x * y >> 32);
        assert_int_equal(
            cpu_ar(&rig->cpu, 5),
            (uint32_t)((uint64_t)((int64_t)(int32_t)x * (int32_t)y) >> 32));
    }
    rig_free(rig);
}

static uint32_t ext_load(void *ctx, uint32_t address)
{
    return address == 0x102008 ? *(uint32_t *)ctx : 0xBAD;
}

static void ext_store(void *ctx, uint32_t address, uint32_t value)
{
    if (address == 0x102008) {
        *(uint32_t *)ctx = value + 1;
    }
}

static void other_registers(void **state)
{
    (void)state;
    uint32_t unit = 0;
    struct rig *rig = at("406540"
                         "407540"); // rer a4, a5; wer a4, a5
    cpu_set_ar(&rig->cpu, 5, 0x102008);
    cpu_set_ar(&rig->cpu, 4, 7);
    cpu_run(&rig->cpu, 1, NULL);
    assert_int_equal(cpu_ar(&rig->cpu, 4), 0);
    cpu_set_ext(&rig->cpu, (struct cpu_ext){ext_load, ext_store, &unit});
    cpu_set_ar(&rig->cpu, 4, 7);
    cpu_run(&rig->cpu, 1, NULL);
    assert_int_equal(unit, 8);
    cpu_set_pc(&rig->cpu, AT_PC);
    cpu_run(&rig->cpu, 1, NULL);
    assert_int_equal(cpu_ar(&rig->cpu, 4), 8);

    // wur.threadptr a4; rur.threadptr a5; wur.expstate a4; rur.expstate a6;
    // setb_expstate 3; rur a7; clrb_expstate 3; rur a8; wrmsk_expstate a4, a6;
    // read_impwire a9; rur.expstate a10
    rig_code(rig, 0x100,
             "40e7f3"
             "705ee3"
             "40e6f3"
             "606ee3"
             "30100e"
             "607ee3"
             "30120e"
             "608ee3"
             "40260e"
             "90000e"
             "60aee3");
    cpu_set_pc(&rig->cpu, AT_PC);
    cpu_set_ar(&rig->cpu, 4, 0x12340F00);
    cpu_set_ar(&rig->cpu, 9, 1);
    cpu_run(&rig->cpu, 11, NULL);
    assert_int_equal(cpu_ar(&rig->cpu, 5), 0x12340F00);
    assert_int_equal(cpu_ar(&rig->cpu, 6), 0x12340F00);
    assert_int_equal(cpu_ar(&rig->cpu, 7), 0x12340F08);
    assert_int_equal(cpu_ar(&rig->cpu, 8), 0x12340F00);
    assert_int_equal(cpu_ar(&rig->cpu, 9), 0);
    assert_int_equal(cpu_ar(&rig->cpu, 10), 0x12340F00);

    // wdtlb a4, a5; rdtlb1 a6; rdtlb0 a7; pdtlb a8; witlb a4; ritlb1 a9;
    // ritlb0 a10; pitlb a11; idtlb; iitlb; simcall; excw
    rig_code(rig, 0x100,
             "40e550"
             "60f550"
             "70b550"
             "80d550"
             "406550"
             "907550"
             "a03550"
             "b05550"
             "00c550"
             "004550"
             "005100"
             "802000");
    cpu_set_pc(&rig->cpu, AT_PC);
    cpu_set_ar(&rig->cpu, 4, 15);
    cpu_set_ar(&rig->cpu, 5, 0xA0000000);
    cpu_run(&rig->cpu, 12, NULL);
    assert_int_equal(cpu_pc(&rig->cpu), AT_PC + 36);
    assert_int_equal(cpu_ar(&rig->cpu, 6), 0xA000000F);
    assert_int_equal(cpu_ar(&rig->cpu, 7), 0xA0000000);
    assert_int_equal(cpu_ar(&rig->cpu, 8), 0xA0000001);
    assert_int_equal(cpu_ar(&rig->cpu, 9), 0xA000000F);
    assert_int_equal(cpu_ar(&rig->cpu, 10), 0xA0000000);
    assert_int_equal(cpu_ar(&rig->cpu, 11), 0xA0000001);
    rig_free(rig);
}

// call0, callx0, callx4 .. callx12, rotw: where they go and what they leave
static void calls(void **state)
{
    (void)state;
    struct rig *rig = at("c00500"); // callx0 a5
    cpu_set_ar(&rig->cpu, 5, AT_PC + 0x40);
    cpu_run(&rig->cpu, 1, NULL);
    assert_int_equal(cpu_pc(&rig->cpu), AT_PC + 0x40);
    assert_int_equal(cpu_ar(&rig->cpu, 0), AT_PC + 3);
    for (unsigned n = 1; n < 4; n++) {
        static const char *const hex[4] = {"", "d00500", "e00500", "f00500"};
        rig_code(rig, 0x100, hex[n]);
        cpu_set_pc(&rig->cpu, AT_PC);
        cpu_run(&rig->cpu, 1, NULL);
        assert_int_equal(cpu_pc(&rig->cpu), AT_PC + 0x40);
        assert_int_equal(cpu_ar(&rig->cpu, 4 * n),
                         n << 30 | ((AT_PC + 3) & 0x3FFFFFFF));
        assert_int_equal(PS_CALLINC(cpu_sr(&rig->cpu, SR_PS)), n);
    }
    // rotw 1 thirteen times wraps around: a4..a15 are AR[56..63], AR[0..3]
    rig_code(rig, 0x100, "108040"); // rotw 1
    cpu_set_sr(&rig->cpu, SR_PS, 0x20);
    for (unsigned i = 0; i < 64; i++) {
        cpu_set_physical_ar(&rig->cpu, i, 100 + i);
    }
    for (unsigned i = 1; i <= 16; i++) {
        cpu_set_pc(&rig->cpu, AT_PC);
        cpu_run(&rig->cpu, 1, NULL);
        assert_int_equal(cpu_sr(&rig->cpu, SR_WINDOWBASE), i % 16);
        for (unsigned r = 0; r < 16; r++) {
            assert_int_equal(cpu_ar(&rig->cpu, r), 100 + (4 * i + r) % 64);
        }
    }
    rig_free(rig);
}

static void levels_and_stack(void **state)
{
    (void)state;
    struct rig *rig = at("406300"); // rsil a4, 3
    cpu_run(&rig->cpu, 1, NULL);
    assert_int_equal(cpu_ar(&rig->cpu, 4), 0x40020);
    assert_int_equal(cpu_sr(&rig->cpu, SR_PS), 0x40023);
    // movsp a1, a2 with the caller's registers still there
    rig_code(rig, 0x100, "101200");
    cpu_set_sr(&rig->cpu, SR_WINDOWSTART, 1 | 1u << 14);
    cpu_set_ar(&rig->cpu, 2, 0x1234);
    cpu_set_pc(&rig->cpu, AT_PC);
    cpu_run(&rig->cpu, 1, NULL);
    assert_int_equal(cpu_ar(&rig->cpu, 1), 0x1234);
    assert_int_equal(cpu_pc(&rig->cpu), AT_PC + 3);
    rig_free(rig);
}

// Fibonacci by call4, call8 and call12, 12 deep in 64 registers.
//
//   start: mov a6, a2; call4 fib; mov a2, a6; break 1, 1
//   fib:   entry a1, 32; bltui a2, 2, 1f; addi a10, a2, -1; call8 fib12
//          mov a3, a10; addi a6, a2, -2; call4 fib; add a2, a3, a6; 1: retw
//   fib12: entry a1, 48; bltui a2, 2, 2f; addi a14, a2, -1; call12 fib
//          mov a3, a14; addi a10, a2, -2; call8 fib12; add a2, a3, a10
//          2: retw.n
#define WINDOWED                                                               \
    "206220950000602620104100364100b62211a2c2ff250100a03a2062c2fed5fe"         \
    "ff60238090000000366100b62211e2c2ffb5fdffe03e20a2c2fee5feffa02380"         \
    "1df0"

static struct rig *windowed_fib(uint32_t n)
{
    struct rig *rig = rig_new();
    rig_code(rig, 0, WINDOWED);
    rig_window_vectors(rig, RIG_VECTORS - RIG_CODE);
    cpu_set_ar(&rig->cpu, 2, n);
    cpu_set_pc(&rig->cpu, RIG_CODE);
    return rig;
}

static void windows(void **state)
{
    (void)state;
    struct rig *whole = windowed_fib(14);
    uint64_t ran, total = 0;
    assert_int_equal(cpu_run(&whole->cpu, 1000000, &ran), CPU_BREAK);
    assert_int_equal(cpu_ar(&whole->cpu, 2), host_fib(14));
    assert_int_equal(cpu_sr(&whole->cpu, SR_WINDOWBASE), 0);
    assert_int_equal(cpu_sr(&whole->cpu, SR_WINDOWSTART), 1);

    struct rig *steps = windowed_fib(14);
    uint64_t ran1;
    while (cpu_run(&steps->cpu, 1, &ran1) == CPU_RAN) {
        total += ran1;
    }
    assert_int_equal(total, ran);
    rig_assert_same(whole, steps);
    rig_free(whole);
    rig_free(steps);
}

// Windowed code under a timer interrupt of every 37 instructions, whole and in
// pieces: interrupts come at the same places.
static struct rig *ticking(void)
{
    struct rig *rig = windowed_fib(15);
    // level 3 (INT 15): wsr.excsave3 a4; rsr.ccount a4; addi a4, a4, 37;
    // wsr.ccompare1 a4; rsr.excsave3 a4; rfi 3
    rig_code(rig, RIG_VECTORS - RIG_CODE + 0x1C0,
             "40d313"
             "40ea03"
             "42c425"
             "40f113"
             "40d303"
             "103300");
    cpu_set_sr(&rig->cpu, SR_INTENABLE, 1u << 15);
    cpu_set_sr(&rig->cpu, 241, 20);
    return rig;
}

static void interrupts_at_any_cut(void **state)
{
    (void)state;
    struct rig *whole = ticking();
    uint64_t ran, n;
    assert_int_equal(cpu_run(&whole->cpu, 10000000, &ran), CPU_BREAK);
    assert_int_equal(cpu_ar(&whole->cpu, 2), host_fib(15));
    for (uint64_t piece = 1; piece < 60; piece = piece * 2 + 1) {
        struct rig *pieces = ticking();
        uint64_t total = 0;
        while (cpu_run(&pieces->cpu, piece, &n) == CPU_RAN) {
            total += n;
        }
        assert_int_equal(total + n, ran);
        rig_assert_same(whole, pieces);
        rig_free(pieces);
    }
    rig_free(whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compiled_code),
        cmocka_unit_test(cut_anywhere),
        cmocka_unit_test(causes),
        cmocka_unit_test(vectors),
        cmocka_unit_test(fetch_from_nothing),
        cmocka_unit_test(unaligned_data),
        cmocka_unit_test(software_and_levels),
        cmocka_unit_test(masked_by_level),
        cmocka_unit_test(edges_and_levels),
        cmocka_unit_test(line_from_a_store),
        cmocka_unit_test(timers),
        cmocka_unit_test(wait_for_interrupt),
        cmocka_unit_test(loop_end_moves),
        cmocka_unit_test(many_loops),
        cmocka_unit_test(code_changes_itself),
        cmocka_unit_test(code_changes_elsewhere),
        cmocka_unit_test(cache_fills),
        cmocka_unit_test(breakpoints),
        cmocka_unit_test(instruction_breaks),
        cmocka_unit_test(multiply_high),
        cmocka_unit_test(other_registers),
        cmocka_unit_test(calls),
        cmocka_unit_test(levels_and_stack),
        cmocka_unit_test(windows),
        cmocka_unit_test(interrupts_at_any_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
