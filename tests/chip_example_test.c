// SPDX-License-Identifier: Apache-2.0
//
// How a test of firmware looks: make a board, load, run until it says
// something, look. Start from here for your own.

#define _DEFAULT_SOURCE // for testing.h

#include "chip/harness.h"

#include "chip/debug/faults.h"
#include "chip/testing.h"

static void a_program_says_hi(void **state)
{
    struct harness h;
    uint8_t image[256];

    (void)state;
    harness_init(&h, 4u << 20);
    harness_load(&h, 0x1000, image, rig_image(image, false));
    assert_true(harness_run_until(&h, "entry 0x40080010\r\n", 100));
    assert_true(harness_run_until(&h, "Hi\n", 10));
    assert_int_equal(chip_pc(h.chip), 0x40080028); // behind WAITI
    harness_free(&h);
}

static void a_blank_board_says_why(void **state)
{
    struct harness h;

    (void)state;
    harness_init(&h, 1u << 20);
    assert_true(harness_run_until(&h, "flash read err, 1000", 1000));
    assert_string_equal(chip_why(h.chip), "no image at 0x1000");
    harness_free(&h);
}

static void secure_boot_refuses_it(void **state)
{
    struct harness h;
    uint8_t image[256];

    (void)state;
    harness_init(&h, 4u << 20);
    harness_load(&h, 0x1000, image, rig_image(image, false));
    harness_burn(&h, FB_EFUSE_ABS_DONE_0, 1);
    assert_true(harness_run_until(&h, "secure boot check fail", 100));
    assert_false(harness_run_until(&h, "Hi\n", 100));
    harness_free(&h);
}

// A copy goes its own way from where it was made.
static void a_copy_goes_its_own_way(void **state)
{
    struct harness h, other;
    uint8_t image[256];

    (void)state;
    harness_init(&h, 4u << 20);
    harness_init(&other, 4u << 20);
    harness_load(&h, 0x1000, image, rig_image(image, false));
    assert_true(harness_run_until(&h, "rst:0x1", 100));
    chip_copy(other.chip, h.chip, other.flash, &other.callbacks);
    other.on = true; // its flash is blank
    assert_true(harness_run_until(&h, "Hi\n", 100));
    assert_true(harness_run_until(&other, "flash read err", 100));
    harness_free(&other);
    harness_free(&h);
}

static void typing_reaches_the_rom(void **state)
{
    static const char sync[] = "\xC0";
    struct harness h;

    (void)state;
    harness_init(&h, 4u << 20);
    chip_set_strap(h.chip, CHIP_STRAP_DOWNLOAD);
    assert_true(harness_run_until(&h, "waiting for download\r\n", 100));
    for (int i = 0; i < 300; i++) { // more than the FIFO holds
        harness_type(&h, sync);
    }
    assert_int_equal(harness_run(&h, 10), CHIP_IDLE);
    assert_true(chip_in_download_mode(h.chip));
    harness_free(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_says_hi),
        cmocka_unit_test(a_blank_board_says_why),
        cmocka_unit_test(secure_boot_refuses_it),
        cmocka_unit_test(a_copy_goes_its_own_way),
        cmocka_unit_test(typing_reaches_the_rom),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
