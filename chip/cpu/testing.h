// SPDX-License-Identifier: Apache-2.0
//
// For tests of the core only: a core with some memory and nothing else.
// Addresses as in the ESP32: code at RIG_CODE (32-bit access only, as IRAM),
// data at RIG_DATA; a store to RIG_STOP ends the run, a device register there
// counts its loads.

#ifndef CHIP_CPU_TESTING_H
#define CHIP_CPU_TESTING_H

#include "chip/cpu/block.h"
#include "chip/cpu/state.h"
#include "lib/fb/testing.h"

#define RIG_CODE    0x40080000u
#define RIG_DATA    0x3FFB0000u
#define RIG_STOP    0x3FF40000u
#define RIG_LINES   0x3FF40004u // a store here sets the interrupt lines
#define RIG_SIZE    0x20000u
#define RIG_VECTORS (RIG_CODE + RIG_SIZE - 0x800)

// The window vectors that every system with the call0-less ABI has, made by gas
//
//   0x000  s32e a0..a3, a5, -16..-4; rfwo
//   0x040  l32e a0..a3, a5, -16..-4; rfwu
//   0x080  s32e a0, a9, -16; l32e a0, a1, -12; s32e a1..a3, a9, -12..-4;
//          s32e a4..a7, a0, -32..-20; rfwo
//   0x0C0  l32e a0..a2, a9, -16..-8; l32e a7, a1, -12; l32e a3, a9, -4;
//          l32e a4..a7, a7, -32..-20; rfwu
//   0x100, 0x140  likewise with a13, a0 / a11, -48..-20 for a4..a11
#define RIG_WINDOW_VECTORS                                                     \
    {                                                                          \
        "00c54910d54920e54930f549003400", "00c50910d50920e50930f509003500",    \
            "00c94900d10910d94920e94930f94940804950904960a04970b049003400",    \
            "00c90910d90920e90970d10930f90940870950970960a70970b709003500",    \
            "00cd4900d10910dd4920ed4930fd494040495050496060497070498080499090" \
            "49a0a049b0b049003400",                                            \
            "00cd0910dd0920ed09b0d10930fd09404b09505b09606b09707b09808b09909b" \
            "09a0ab09b0bb09003500",                                            \
    }

struct rig {
    struct cpu cpu;
    struct bus bus;
    struct cpu_cache cache;
    uint32_t device_loads;
    uint8_t code[RIG_SIZE];
    uint8_t data[RIG_SIZE];
};

static inline enum bus_status rig_load(void *ctx, uint32_t vaddr, unsigned size,
                                       uint32_t *value)
{
    struct rig *rig = ctx;
    if (vaddr - RIG_CODE < RIG_SIZE) {
        return BUS_E_WIDTH;
    }
    if (vaddr == RIG_STOP && size == 4) {
        *value = ++rig->device_loads;
        return BUS_OK;
    }
    return BUS_E_ABSENT;
}

static inline enum bus_status rig_store(void *ctx, uint32_t vaddr,
                                        unsigned size, uint32_t value)
{
    struct rig *rig = ctx;
    if (vaddr - RIG_CODE < RIG_SIZE) {
        return BUS_E_WIDTH;
    }
    if (vaddr == RIG_STOP && size == 4) {
        cpu_stop(&rig->cpu);
        return BUS_OK;
    }
    if (vaddr == RIG_LINES && size == 4) {
        cpu_set_lines(&rig->cpu, value);
        return BUS_OK;
    }
    return BUS_E_ABSENT;
}

static inline enum bus_status rig_fetch(void *ctx, uint32_t vaddr)
{
    (void)ctx;
    (void)vaddr;
    return BUS_E_ABSENT;
}

static inline void rig_connect(struct rig *rig)
{
    struct bus_slow slow = {rig_load, rig_store, rig_fetch, rig};
    bus_init(&rig->bus, slow);
    bus_map(&rig->bus, RIG_CODE, RIG_SIZE, rig->code, BUS_IRAM);
    bus_map(&rig->bus, RIG_DATA, RIG_SIZE, rig->data, BUS_RAM);
    cpu_attach(&rig->cpu, &rig->bus, &rig->cache);
}

static inline void rig_free(struct rig *rig)
{
    free(rig);
}

// A core out of reset with its vectors in RIG_VECTORS, interrupt level 0, EXCM
// clear, windows on, the stack at the end of the data, and BREAK to stop it.
static inline struct rig *rig_new(void)
{
    struct rig *rig = calloc(1, sizeof(*rig));
    if (rig == NULL) {
        testing_die("no memory", "rig_new");
    }
    rig_connect(rig);
    cpu_reset(&rig->cpu, RIG_CODE, 0xCDCD);
    cpu_set_sr(&rig->cpu, SR_PS, 0x40020);
    cpu_set_sr(&rig->cpu, SR_VECBASE, RIG_VECTORS);
    cpu_set_ar(&rig->cpu, 1, RIG_DATA + RIG_SIZE - 64);
    cpu_set_stop_on_break(&rig->cpu, true);
    return rig;
}

// Put code (hex) at an offset of the code memory.
static inline size_t rig_code(struct rig *rig, uint32_t offset, const char *hex)
{
    size_t n = testing_hex(rig->code + offset, RIG_SIZE - offset, hex);
    bus_changed(&rig->bus, RIG_CODE + offset, (uint32_t)n);
    return n;
}

// The window vectors at an offset of the code memory.
static inline void rig_window_vectors(struct rig *rig, uint32_t offset)
{
    static const char *const vectors[6] = RIG_WINDOW_VECTORS;
    for (uint32_t i = 0; i < 6; i++) {
        rig_code(rig, offset + 0x40 * i, vectors[i]);
    }
}

// A copy that runs on by itself.
static inline struct rig *rig_copy(const struct rig *from)
{
    struct rig *rig = malloc(sizeof(*rig));
    if (rig == NULL) {
        testing_die("no memory", "rig_copy");
    }
    memcpy(rig, from, sizeof(*rig));
    memset(&rig->cache, 0xA5, sizeof(rig->cache));
    rig->cache.generation = 7;
    rig_connect(rig);
    return rig;
}

// Everything that a program could see is the same.
static inline void rig_assert_same(const struct rig *x, const struct rig *y)
{
    for (unsigned i = 0; i < 64; i++) {
        assert_int_equal(cpu_physical_ar(&x->cpu, i),
                         cpu_physical_ar(&y->cpu, i));
    }
    for (unsigned i = 0; i < 256; i++) {
        assert_int_equal(cpu_sr(&x->cpu, i), cpu_sr(&y->cpu, i));
    }
    assert_memory_equal(x->cpu.fr, y->cpu.fr, sizeof(x->cpu.fr));
    for (unsigned i = 230; i < 237; i++) {
        assert_int_equal(cpu_ur(&x->cpu, i), cpu_ur(&y->cpu, i));
    }
    assert_int_equal(cpu_pc(&x->cpu), cpu_pc(&y->cpu));
    assert_int_equal(cpu_cycles(&x->cpu), cpu_cycles(&y->cpu));
    assert_memory_equal(x->data, y->data, RIG_SIZE);
    assert_memory_equal(x->code, y->code, RIG_SIZE);
}

#endif
