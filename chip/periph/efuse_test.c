// SPDX-License-Identifier: Apache-2.0

#define _DEFAULT_SOURCE // for testing.h

#include "chip/periph/efuse.h"

#include "chip/testing.h"

#define CONF 0x3FF5A0FCu
#define CMD  0x3FF5A104u

static struct rig *powered(void)
{
    struct rig *rig = rig_new(0, CHIP_STRAP_DOWNLOAD);

    chip_power_on(rig->chip);
    return rig;
}

static uint32_t rdata(struct rig *rig, unsigned block, unsigned word)
{
    static const uint32_t at[4] = {0x000, 0x038, 0x058, 0x078};

    return rig_get(rig, 0x3FF5A000u + at[block] + 4 * word);
}

// TRM "eFuse Controller": what to write, in which order.
static void burns(void **state)
{
    struct rig *rig = powered();

    (void)state;
    rig_put(rig, 0x3FF5A0D8, 0x00000081); // BLK3_WDATA0
    rig_put(rig, CONF, 0x5A5A);
    rig_put(rig, CMD, 2);
    assert_int_equal(rig_get(rig, CMD), 2); // at work
    assert_int_equal(rig_get(rig, CMD), 0);
    assert_int_equal(chip_efuses(rig->chip)->word[3][0], 0x81);
    assert_int_equal(rdata(rig, 3, 0), 0);         // not read yet
    assert_int_equal(rig_get(rig, 0x3FF5A0D8), 0); // taken
    assert_int_equal(rig_get(rig, 0x3FF5A108), 2); // program done
    rig_put(rig, CONF, 0x5AA5);
    rig_put(rig, CMD, 1);
    assert_int_equal(rdata(rig, 3, 0), 0x81);
    assert_int_equal(rig_get(rig, 0x3FF5A108), 3);
    rig_put(rig, 0x3FF5A114, 1);
    assert_int_equal(rig_get(rig, 0x3FF5A108), 2);
    // Burning only adds; registers that show fuses cannot be written.
    rig_burn(rig, 3, 0, 0x0F);
    assert_int_equal(rdata(rig, 3, 0), 0x8F);
    rig_put(rig, 0x3FF5A078, 0);
    assert_int_equal(rdata(rig, 3, 0), 0x8F);
    assert_int_equal(rig->operations, 2);
    assert_int_equal(rig->op_n, 3);
    rig_free(rig);
}

static void needs_the_op_code(void **state)
{
    struct rig *rig = powered();

    (void)state;
    rig_put(rig, 0x3FF5A0D8, 1);
    rig_put(rig, CMD, 2); // CONF as reset leaves it
    rig_put(rig, CONF, 0x5AA5);
    rig_put(rig, CMD, 2);
    assert_int_equal(chip_efuses(rig->chip)->word[3][0], 0);
    rig_put(rig, CONF, 0x5A5A);
    rig_put(rig, CMD, 1); // a read, with the code of a program
    assert_int_equal(chip_efuses(rig->chip)->word[3][0], 0);
    rig_put(rig, CMD, 2);
    assert_int_equal(chip_efuses(rig->chip)->word[3][0], 1);
    rig_free(rig);
}

static void protects(void **state)
{
    struct rig *rig = powered();

    (void)state;
    rig_burn(rig, 1, 0, 0xFF);
    // A freeze burned together with data does not hold for that burn.
    rig_put(rig, 0x3FF5A09C, 0x77); // BLK1_WDATA1
    rig_burn(rig, 0, 0, 1u << 7);   // WR_DIS BLK1
    assert_int_equal(rdata(rig, 1, 1), 0x77);
    rig_burn(rig, 1, 2, 0x55);
    assert_int_equal(rdata(rig, 1, 2), 0);
    rig_burn(rig, 0, 0, 1u << 16); // RD_DIS BLK1
    assert_int_equal(rdata(rig, 1, 0), 0);
    assert_int_equal(chip_efuses(rig->chip)->word[1][0], 0xFF);
    assert_int_equal(rdata(rig, 0, 0), 0x00010080);
    // It is there after a reset too.
    chip_power_on(rig->chip);
    assert_int_equal(rdata(rig, 1, 0), 0);
    assert_int_equal(rdata(rig, 0, 0), 0x00010080);
    rig_free(rig);
}

// The power goes before the burn: nothing is burned.
static void can_lose_power(void **state)
{
    struct rig *rig = powered();

    (void)state;
    rig->cut_at = 1;
    rig_put(rig, 0x3FF5A0D8, 1);
    rig_put(rig, CONF, 0x5A5A);
    rig_put(rig, CMD, 2);
    assert_int_equal(chip_run(rig->chip, 1), CHIP_POWER_LOST);
    assert_int_equal(chip_efuses(rig->chip)->word[3][0], 0);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(burns),
        cmocka_unit_test(needs_the_op_code),
        cmocka_unit_test(protects),
        cmocka_unit_test(can_lose_power),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
