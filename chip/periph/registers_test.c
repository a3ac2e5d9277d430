// SPDX-License-Identifier: Apache-2.0

#define _DEFAULT_SOURCE // for testing.h

#include "chip/periph/registers.h"

#include "chip/testing.h"

// The tables by themselves: blocks and rows rise, fit and do not overlap.
static void tables_are_sound(void **state)
{
    unsigned count;
    const struct reg_block *const *blocks = registers_blocks(&count);
    uint32_t end = REG_BASE;

    (void)state;
    for (unsigned i = 0; i < count; i++) {
        const struct reg_block *b = blocks[i];
        uint32_t row_end = 0;

        assert_true(b->base >= end);
        assert_true(b->base + b->size <= REG_END);
        end = b->base + b->size;
        for (unsigned r = 0; r < b->count; r++) {
            const struct reg_row *row = &b->rows[r];

            assert_int_equal(row->offset % 4, 0);
            assert_true(row->offset >= row_end);
            assert_true(row->words > 0);
            row_end = row->offset + 4u * row->words;
            assert_true(row_end <= b->size);
            assert_non_null(row->name);
            // Each is found again by its address.
            assert_ptr_equal(registers_block(b->base + row->offset), b);
            assert_ptr_equal(
                registers_row(b, b->base + row->offset + 4 * (row->words - 1u)),
                row);
        }
    }
    assert_null(registers_block(0x3FF0F000));
}

// Values at reset that software relies on (the *_reg.h headers of ESP-IDF).
static void resets(void **state)
{
    static const struct {
        uint32_t vaddr, value;
    } values[] = {
        {0x3FF0002C, 1},          {0x3FF000C0, 0xF9C1E06F},
        {0x3FF000CC, 0xFFFCE030}, {0x3FF00104, 16},
        {0x3FF42020, 0x5C000007}, {0x3FF42024, 0x70000000},
        {0x3FF40078, 0x15122500}, {0x3FF5A0F8, 0x4052},
        {0x3FF5A0FC, 0x10000},    {0x3FF5A118, 40},
        {0x3FF5A1FC, 0x16042600}, {0x3FF48090, 128000},
        {0x3FF480A4, 0x50D83AA1}, {0x3FF5F050, 26000000},
        {0x3FF60048, 0x48000},    {0x3FF5B028, 0},
    };
    struct rig *rig = rig_new(1, CHIP_STRAP_FLASH_BOOT);

    (void)state;
    chip_power_on(rig->chip);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        assert_int_equal(rig_get(rig, values[i].vaddr), values[i].value);
    }
    assert_int_equal(rig_get(rig, 0x3FF4201C) >> 31, 1);
    assert_int_equal(rig_get(rig, 0x3FF6607C) >> 31, 0);
    assert_int_equal(rig->unmodelled, 0);
    rig_free(rig);
    rig = rig_new(3, CHIP_STRAP_FLASH_BOOT);
    chip_power_on(rig->chip);
    assert_int_equal(rig_get(rig, 0x3FF6607C) >> 31, 1);
    rig_free(rig);
}

static void remembers_and_reports(void **state)
{
    struct rig *rig = rig_new(0, CHIP_STRAP_FLASH_BOOT);
    uint32_t v;

    (void)state;
    chip_power_on(rig->chip);
    rig_put(rig, 0x3FF59010, 0x1234); // LEDC: remembers
    assert_int_equal(rig_get(rig, 0x3FF59010), 0x1234);
    assert_int_equal(rig_get(rig, 0x60019010), 0x1234); // AHB
    assert_int_equal(rig->unmodelled, 0);
    rig_put(rig, 0x3FF56000, 7); // RMT: nobody
    assert_int_equal(rig_get(rig, 0x3FF56000), 7);
    assert_int_equal(rig->unmodelled, 1);
    assert_int_equal(rig->unmodelled_vaddr, 0x3FF56000);
    // Narrow accesses.
    assert_int_equal(bus_store(&rig->chip->bus[0], 0x3FF59012, 1, 0xAB),
                     BUS_OK);
    assert_int_equal(rig_get(rig, 0x3FF59010), 0xAB1234);
    assert_int_equal(bus_load(&rig->chip->bus[0], 0x3FF59012, 2, &v), BUS_OK);
    assert_int_equal(v, 0xAB);
    // Random numbers follow from the seed.
    uint32_t first = rig_get(rig, 0x3FF75144);
    assert_int_not_equal(first, rig_get(rig, 0x60035144));
    rig_free(rig);
}

// GPIO_IN of a pin follows who drives it: outside, the chip, the pull.
static void reads_pins(void **state)
{
    struct rig *rig = rig_new(0, CHIP_STRAP_FLASH_BOOT);

    (void)state;
    chip_power_on(rig->chip);
    assert_int_equal(rig_get(rig, 0x3FF44038), CHIP_STRAP_FLASH_BOOT);
    assert_int_equal(rig_get(rig, 0x3FF4403C) & 1, 1); // GPIO0 rests high
    assert_int_equal(rig_get(rig, 0x3FF4403C) >> 21 & 1, 0);
    rig_put(rig, 0x3FF4907C, 1u << 8); // pull-up of GPIO21
    assert_int_equal(rig_get(rig, 0x3FF4403C) >> 21 & 1, 1);
    rig_put(rig, 0x3FF44024, 1u << 21); // output, low
    assert_int_equal(rig_get(rig, 0x3FF4403C) >> 21 & 1, 0);
    rig_put(rig, 0x3FF44008, 1u << 21);
    assert_int_equal(rig_get(rig, 0x3FF4403C) >> 21 & 1, 1);
    chip_set_gpio(rig->chip, 21, false);
    assert_int_equal(rig_get(rig, 0x3FF4403C) >> 21 & 1, 0);
    chip_set_gpio(rig->chip, 34, true);
    assert_int_equal(rig_get(rig, 0x3FF44040), 4);
    // A falling edge raises the source, on INT 2 of the PRO CPU.
    rig_put(rig, 0x3FF00104 + 4 * 22, 2);
    rig_put(rig, 0x3FF44088 + 4 * 34, 2u << 7 | 1u << 15);
    assert_int_equal(rig->chip->cpu[0].lines, 0);
    chip_set_gpio(rig->chip, 34, false);
    assert_int_equal(rig->chip->cpu[0].lines, 1u << 2);
    assert_int_equal(rig_get(rig, 0x3FF44050), 4);
    rig_put(rig, 0x3FF44058, 4);
    assert_int_equal(rig->chip->cpu[0].lines, 0);
    rig_free(rig);
}

static void routes_interrupts(void **state)
{
    struct rig *rig = rig_new(0, CHIP_STRAP_FLASH_BOOT);

    (void)state;
    chip_power_on(rig->chip);
    rig_put(rig, 0x3FF000DC + 4, 1); // FROM_CPU_1, mapped nowhere
    assert_int_equal(rig->chip->cpu[0].lines, 0);
    rig_put(rig, 0x3FF00104 + 4 * 25, 22);
    rig_put(rig, 0x3FF00218 + 4 * 25, 3);
    assert_int_equal(rig->chip->cpu[0].lines, 1u << 22);
    assert_int_equal(rig->chip->cpu[1].lines, 1u << 3);
    assert_int_equal(rig_get(rig, 0x3FF000EC), 1u << 25);
    rig_put(rig, 0x3FF00104 + 4 * 25, 16); // internal: off
    assert_int_equal(rig->chip->cpu[0].lines, 0);
    rig_put(rig, 0x3FF000DC + 4, 0);
    assert_int_equal(rig->chip->cpu[1].lines, 0);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_are_sound),      cmocka_unit_test(resets),
        cmocka_unit_test(remembers_and_reports), cmocka_unit_test(reads_pins),
        cmocka_unit_test(routes_interrupts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
